"""The edge: what traffic multiplies is answered here, before Django's middleware."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

WsgiApplication = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class Edge:
    """A WSGI application in front of Django's."""

    def __init__(self, django_application: WsgiApplication) -> None:
        self.django_application = django_application

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        return self.django_application(environ, start_response)
