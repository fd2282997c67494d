"""What goes wrong with uses, beside a no of the gate."""

from __future__ import annotations

from django.utils.translation import gettext_lazy

from onloan.errors import OnloanError


class AudienceNotReady(OnloanError):
    """The log was exchanged or grew by millions of entries between preparing and deciding."""

    code = "E-AUDIENCE-NOT-READY"
    status = 503
    sentence = gettext_lazy("The record changed too much while this was prepared. Please try again.")


class AudienceStopped(OnloanError):
    """The campaign was suspended or ended after the audience was decided: nothing more is handed out."""

    code = "E-AUDIENCE-STOPPED"
    status = 409
    sentence = gettext_lazy(
        "The campaign does not run in {country} now, so nobody of this audience may be touched. "
        "Take down what you have."
    )


class RecordBehind(OnloanError):
    """What cannot be recorded is not used, also where no consent is needed."""

    code = "E-RECORD-BEHIND"
    status = 503
    sentence = gettext_lazy(
        "What is used cannot be recorded just now, so nothing of anybody is used. Please try again in a minute."
    )


class AnswerNotSigned(OnloanError):
    """Whoever answers for a recipient signs with the secret that the recipient was given (Standard Webhooks)."""

    code = "E-NOTICE-SIGNATURE"
    status = 401
    sentence = gettext_lazy(
        "This answer is not signed by the recipient. Sign the body with the secret of your webhook, "
        "as Standard Webhooks says, with the time of now."
    )


class DutyEnded(OnloanError):
    code = "E-DUTY-ENDED"
    status = 409
    sentence = gettext_lazy("This was done already. Look at the list for what is still open.")
