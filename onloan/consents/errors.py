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
        " If you want this changed, please write to us from your page."
    )


class AllowingClosed(OnloanError):
    code = "E-ALLOW-CLOSED"
    status = 409
    sentence = gettext_lazy(
        "This campaign does not run in your country at the moment, so there is nothing to allow."
        " You keep everything you earned."
    )
