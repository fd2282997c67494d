"""What the outbox refuses."""

from __future__ import annotations

from django.utils.translation import gettext_lazy

from onloan.errors import OnloanError


class EndpointRefused(OnloanError):
    code = "E-ENDPOINT"
    status = 422
    sentence = gettext_lazy("This address cannot receive events: {problem}.")


class ResendRefused(OnloanError):
    code = "E-RESEND"
    status = 409
    sentence = gettext_lazy(
        "Only a failed message that holds its recipient can be sent again; this one was sent, still waits, "
        "or its address was wiped."
    )
