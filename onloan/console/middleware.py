"""Sessions, sign-in and messages, for the team's pages alone: participants' pages have no use for them."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.messages.middleware import MessageMiddleware
from django.contrib.sessions.middleware import SessionMiddleware
from django.http import HttpRequest
from django.http.response import HttpResponseBase

TEAM_PATHS = ("/console/", "/accounts/")

Answer = Callable[[HttpRequest], HttpResponseBase]


class TeamSessions:
    """Runs Django's middleware for them around the team's pages, and nothing around the others."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response
        self.team = SessionMiddleware(AuthenticationMiddleware(MessageMiddleware(get_response)))

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.path_info.startswith(TEAM_PATHS):
            return cast(HttpResponseBase, self.team(request))
        return self.get_response(request)
