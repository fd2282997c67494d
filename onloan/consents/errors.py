"""What can be wrong with an answer."""

from __future__ import annotations

from django.utils.translation import gettext_lazy

from onloan.errors import OnloanError


class NoAct(OnloanError):
    code = "E-NO-ACT"
    status = 422
    sentence = gettext_lazy(
        "Please choose “Allow” or “Don't allow” yourself, then send the form. Nothing was saved."
    )


class AnswersIncomplete(OnloanError):
    code = "E-ANSWERS-INCOMPLETE"
    status = 422
    sentence = gettext_lazy(
        "Please answer each question with “Allow” or “Don't allow”. Your pot is the same either way."
    )


class PermissionUnknown(OnloanError):
    code = "E-PERMISSION-UNKNOWN"
    status = 422
    sentence = gettext_lazy("This campaign does not ask for this permission. Please reload the page.")


class VersionNotShown(OnloanError):
    code = "E-CONSENT-VERSION"
    status = 409
    sentence = gettext_lazy("The text has changed since you opened this page. Please reload it and answer again.")


class AllowingStopped(OnloanError):
    code = "E-ALLOW-STOPPED"
    status = 409
    sentence = gettext_lazy(
        "You asked us to stop using your data, so there is nothing to allow now."
        " Under “My rights” on your page you can end that first."
    )


class ItemDisputed(OnloanError):
    """GDPR art. 18(1)(a): while it is being looked at whether something is right, it is not used."""

    code = "E-ALLOW-DISPUTED"
    status = 409
    sentence = gettext_lazy(
        "You told us that this is wrong, so it is not shown until that is settled. Change it yourself on your"
        " page, or wait for our answer; then you can allow it."
    )


class AllowingClosed(OnloanError):
    code = "E-ALLOW-CLOSED"
    status = 409
    sentence = gettext_lazy(
        "This campaign does not run in your country at the moment, so there is nothing to allow."
        " You keep everything you earned."
    )
