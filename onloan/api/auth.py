"""Who calls: the bearer key of one of the merchant's systems, and what it may do."""

from __future__ import annotations

from typing import cast

from django.http import HttpRequest
from ninja.security import HttpBearer

from onloan.access.errors import KeyMissing, ScopeMissing
from onloan.access.queries import KeyView, find_key
from onloan.access.rules import Scope
from onloan.api.errors import TooManyCalls
from onloan.api.limits import CallLimit

limit = CallLimit()


class KeyBearer(HttpBearer):
    """``Authorization: Bearer <key>``."""

    def authenticate(self, request: HttpRequest, token: str) -> KeyView:
        """Raises KeyMissing for an unknown or revoked key, TooManyCalls."""
        key = find_key(token.strip())
        if key is None:
            raise KeyMissing
        if not limit.take(key.id):
            raise TooManyCalls
        return key


def require_scope(request: HttpRequest, scope: Scope) -> KeyView:
    """The caller's key. Raises ScopeMissing when it may not do this."""
    key = cast("KeyView", request.auth)  # type: ignore[attr-defined]
    if scope.value not in key.scopes:
        raise ScopeMissing(scope=scope.value)
    return key
