"""Secrets of endpoints, and who else signs with them. Standard Webhooks 1.0.0, both ways."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Mapping
from uuid import UUID

from standardwebhooks import Webhook, WebhookVerificationError

from onloan import keys
from onloan.outbox.models import Endpoint


def new_secret() -> str:
    return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()


def seal_secret(endpoint_id: UUID, secret: str) -> bytes:
    return keys.seal(keys.derive_key("outbox"), secret.encode(), _about(endpoint_id))


def read_secret(endpoint: Endpoint) -> str:
    """Raises InvalidTag for a row that was exchanged."""
    sealed = bytes(endpoint.sealed_secret)
    return keys.unseal(keys.derive_key("outbox"), sealed, _about(endpoint.id)).decode()


def is_signed_by(endpoint_id: UUID, *, body: bytes, headers: Mapping[str, str]) -> bool:
    """Whether the holder of an endpoint's secret signed ``body``, at most five minutes ago."""
    endpoint = Endpoint.objects.filter(id=endpoint_id).first()
    if endpoint is None:
        return False
    signed = {name.lower(): value for name, value in headers.items() if name.lower().startswith("webhook-")}
    try:
        Webhook(read_secret(endpoint)).verify(body, signed)
    except (WebhookVerificationError, ValueError):
        return False
    return True


def _about(endpoint_id: UUID) -> bytes:
    return b"outbox_endpoint/" + endpoint_id.bytes
