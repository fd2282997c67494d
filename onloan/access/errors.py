"""What is refused to the merchant's systems before anything is done."""

from __future__ import annotations

from django.utils.translation import gettext_lazy

from onloan.errors import OnloanError


class KeyMissing(OnloanError):
    code = "E-API-KEY"
    status = 401
    sentence = gettext_lazy(
        "Send a key of this installation in the header Authorization: Bearer. "
        "It may be missing, mistyped or revoked."
    )


class ScopeMissing(OnloanError):
    code = "E-SCOPE"
    status = 403
    sentence = gettext_lazy("This key may not do this. Make one with the scope {scope}.")


class KeyRefused(OnloanError):
    code = "E-API-KEY-NEW"
    status = 422
    sentence = gettext_lazy("This key cannot be made: {problem}.")


class IdempotencyKeyMissing(OnloanError):
    code = "E-IDEMPOTENCY-KEY"
    status = 400
    sentence = gettext_lazy(
        "Send a header Idempotency-Key of 1 to 128 visible characters: "
        "new for each call, the same when you repeat it."
    )


class IdempotencyConflict(OnloanError):
    code = "E-IDEMPOTENCY-CONFLICT"
    status = 409
    sentence = gettext_lazy(
        "This Idempotency-Key came before with another request. Use a new one for a new request."
    )
