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


class ReviewClosed(OnloanError):
    code = "E-REVIEW-CLOSED"
    status = 409
    sentence = gettext_lazy("This review is decided, or its days are over. Nothing more can be added to it.")


class SecondMemberNeeded(OnloanError):
    code = "E-REVIEW-SECOND"
    status = 403
    sentence = gettext_lazy(
        "This person asked for somebody else to look. A member who did not decide the first time does it."
    )


class ReviewReasonNeeded(OnloanError):
    code = "E-REVIEW-REASON"
    status = 422
    sentence = gettext_lazy(
        "Write the reason for the person, in plain words: 1 to {maximum} characters. They read it as it stands."
    )


class ReviewTextNotValid(OnloanError):
    code = "E-REVIEW-TEXT"
    status = 422
    sentence = gettext_lazy("Please write what you would like us to know, in at most {maximum} characters.")


class NoReview(OnloanError):
    code = "E-REVIEW-NONE"
    status = 404
    sentence = gettext_lazy("None of your rewards is being looked at, or the days to ask again are over.")
