"""What can be wrong with an answer."""

from __future__ import annotations

from django.utils.translation import gettext_lazy

from onloan.errors import OnloanError


class NoAct(OnloanError):
    code = "E-NO-ACT"
    status = 422
    sentence = gettext_lazy("Please choose “Allow” or “Don't allow” yourself and send the form. Nothing was saved.")


class AnswersIncomplete(OnloanError):
    code = "E-ANSWERS-INCOMPLETE"
    status = 422
    sentence = gettext_lazy("Please answer each question with “Allow” or “Don't allow”. Both are fine for your pot.")


class PermissionUnknown(OnloanError):
    code = "E-PERMISSION-UNKNOWN"
    status = 422
    sentence = gettext_lazy("This campaign does not ask for this permission. Please reload the page.")


class VersionNotShown(OnloanError):
    code = "E-CONSENT-VERSION"
    status = 409
    sentence = gettext_lazy("The text has changed since this page was made. Please reload it and answer again.")


class AllowingStopped(OnloanError):
    code = "E-ALLOW-STOPPED"
    status = 409
    sentence = gettext_lazy(
        "You asked us to stop using your data, so there is nothing to allow now. Write to us if you want this changed."
    )


class AllowingClosed(OnloanError):
    code = "E-ALLOW-CLOSED"
    status = 409
    sentence = gettext_lazy(
        "This campaign does not run in your country at the moment, so there is nothing to allow. You keep what you earned."
    )
