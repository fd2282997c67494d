"""What can be wrong with a breach record, and how to put it right."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from onloan.errors import OnloanError


class BreachTextNeeded(OnloanError):
    code = "E-BREACH-TEXT"
    status = 422
    sentence = _("Say here in words what you know, as plain text of at most {maximum} characters.")


class BreachNamesSomebody(OnloanError):
    """The record holds nothing about anybody; what it says goes to authorities and stays for years."""

    code = "E-BREACH-NAMES"
    status = 422
    sentence = _(
        "Take the e-mail address out. The record says what happened and to how many people, never to whom."
    )


class AwarenessNotValid(OnloanError):
    code = "E-BREACH-AWARE"
    status = 422
    sentence = _("Give the moment at which the team became aware: not in the future, and at most two years ago.")


class BreachTimesNotValid(OnloanError):
    code = "E-BREACH-WHEN"
    status = 422
    sentence = _("Check when it happened: it begins before you became aware of it, and ends after it began.")


class BreachCountNotValid(OnloanError):
    code = "E-BREACH-COUNT"
    status = 422
    sentence = _("Give about how many as a whole number, or leave it empty until you know.")


class BreachCountryNotValid(OnloanError):
    code = "E-BREACH-COUNTRY"
    status = 422
    sentence = _("Choose from the countries in which you have or had a market.")


class BreachReasonNeeded(OnloanError):
    code = "E-BREACH-REASON"
    status = 422
    sentence = _("Say why, in {minimum} to {maximum} characters. It is kept with the record.")


class BreachChangedMeanwhile(OnloanError):
    code = "E-BREACH-CHANGED"
    status = 409
    sentence = _("A colleague changed this record after you opened it. Nothing was saved: look at it anew.")


class BreachUnchanged(OnloanError):
    code = "E-BREACH-SAME"
    status = 422
    sentence = _("Nothing is different from what stands there. Change something, or leave the form.")


class AuthorityToldLate(OnloanError):
    code = "E-BREACH-LATE"
    status = 422
    sentence = _("This is later than {hours} hours after you became aware. Say why, as the authority reads it.")


class ToldAtNotValid(OnloanError):
    code = "E-BREACH-TOLD"
    status = 422
    sentence = _("Give the moment at which it was told: not in the future, and not before you became aware.")


class BreachClosed(OnloanError):
    code = "E-BREACH-CLOSED"
    status = 409
    sentence = _("This record is closed. Reopen it first.")


class BreachNotClosed(OnloanError):
    code = "E-BREACH-OPEN"
    status = 409
    sentence = _("This record is open already.")


class BreachDutiesOpen(OnloanError):
    code = "E-BREACH-DUTIES"
    status = 409
    sentence = _("It cannot be closed yet: something is still to be done. The page says what.")


class RiskNeeded(OnloanError):
    code = "E-BREACH-RISK"
    status = 409
    sentence = _("Say first how great the risk is. People are told, or it is said why not, when it is high.")


class PeopleTextsNeeded(OnloanError):
    code = "E-BREACH-TEXTS"
    status = 422
    sentence = _("A part is missing in: {languages}. People read it in their own language.")


class PeopleTextsUnseen(OnloanError):
    code = "E-BREACH-UNSEEN"
    status = 409
    sentence = _("What you send is not what the preview showed. Nothing was sent: read it, and send it then.")


class PeopleToldAlready(OnloanError):
    code = "E-BREACH-AGAIN"
    status = 409
    sentence = _("People are being told, or were told already. To write to them once more, say so at the form.")
