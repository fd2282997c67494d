"""What the API refuses by itself, whatever is asked."""

from __future__ import annotations

from django.utils.translation import gettext_lazy

from onloan.errors import OnloanError


class FriendDataRefused(OnloanError):
    """Legal rule LR-039: nothing is stored about somebody who has not joined."""

    code = "E-FRIEND-DATA"
    status = 422
    sentence = gettext_lazy(
        "Onloan takes no contact details, neither of friends nor of participants. "
        "Send the participant's public id alone; people share their link themselves."
    )


class BodyTooLarge(OnloanError):
    code = "E-BODY-LARGE"
    status = 413
    sentence = gettext_lazy("This request is too large. At most {bytes} bytes are read.")


class BodyNotJson(OnloanError):
    code = "E-BODY-TYPE"
    status = 415
    sentence = gettext_lazy("Send JSON, with the header Content-Type: application/json.")


class BodyUnreadable(OnloanError):
    code = "E-BODY-JSON"
    status = 400
    sentence = gettext_lazy("This is not a JSON object that can be read: {problem}.")


class FieldsWrong(OnloanError):
    code = "E-FIELDS"
    status = 422
    sentence = gettext_lazy("Some fields are missing, unknown or not of the right form. Each is listed in errors.")


class MethodWrong(OnloanError):
    code = "E-METHOD"
    status = 405
    sentence = gettext_lazy("This address does not answer to this method. The header Allow says which it knows.")


class TooManyCalls(OnloanError):
    code = "E-RATE"
    status = 429
    sentence = gettext_lazy("This key calls too often. Wait as long as the header Retry-After says.")


class Unavailable(OnloanError):
    code = "E-UNAVAILABLE"
    status = 503
    sentence = gettext_lazy("The database does not answer. Nothing was done; send the same call again in a while.")


class OwnFault(OnloanError):
    code = "E-INTERNAL"
    status = 500
    sentence = gettext_lazy("Something failed here. Nothing was done; send the same call again, or ask us.")
