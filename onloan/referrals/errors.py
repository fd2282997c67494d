"""What is refused about events."""

from __future__ import annotations

from django.utils.translation import gettext_lazy

from onloan.errors import OnloanError


class ParticipantUnknown(OnloanError):
    code = "E-PARTICIPANT"
    status = 404
    sentence = gettext_lazy(
        "No participant has this public id. Send the id that Onloan gave you, starting with p; never an e-mail."
    )


class EventUnknown(OnloanError):
    code = "E-EVENT-NAME"
    status = 422
    sentence = gettext_lazy("This offer does not know this event. The one that counts is called {event}.")


class EventTimeWrong(OnloanError):
    code = "E-EVENT-TIME"
    status = 422
    sentence = gettext_lazy(
        "This event lies in the future, or before the person joined. Send when it happened, with its time zone."
    )


class EventTooLate(OnloanError):
    code = "E-EVENT-LATE"
    status = 422
    sentence = gettext_lazy(
        "This event came too late: it counts until {days} days after joining, and can be reported for "
        "{grace_days} days more."
    )
