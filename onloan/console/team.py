"""The team and the keys of the merchant's systems."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from onloan import clock
from onloan.access.actions import create_key, revoke_key
from onloan.access.queries import list_keys
from onloan.access.rules import Capability, Scope
from onloan.access.team import list_members, require
from onloan.console.pages import TeamRequest, act, read_text, render_page, team_page
from onloan.errors import BadInput, NotFound, OnloanError


@require_http_methods(["GET", "POST"])
@team_page()
def show_team(request: TeamRequest) -> HttpResponse:
    """Members, and keys with what they may do. A new key is shown once, on the answer to the form."""
    if request.method == "GET":
        return _render(request)
    match request.POST.get("act"):
        case "create":
            return _create(request)
        case "revoke":
            return act(
                request,
                Capability.MANAGE_KEYS,
                lambda: revoke_key(key_id=_read_id(request), now=clock.now()),
                _("Revoked. Calls with it are refused from now on."),
                reverse("console-team"),
            )
    raise NotFound


def _read_id(request: TeamRequest) -> UUID:
    try:
        return UUID(request.POST.get("key_id", ""))
    except ValueError as error:
        raise BadInput(field="key_id", problem=_("choose a key from the list")) from error


def _create(request: TeamRequest) -> HttpResponse:
    require(request.member, Capability.MANAGE_KEYS)
    name = read_text(request, "name", 80)
    try:
        made = create_key(name=name, scopes=request.POST.getlist("scopes"), now=clock.now())
    except OnloanError as error:
        return _render(request, name=name, problem=f"{error} ({error.code})", status=error.status)
    return _render(request, made=made.key)


def _render(
    request: TeamRequest, *, name: str = "", problem: str = "", made: str = "", status: int = 200
) -> HttpResponse:
    context = {
        "here": "team",
        "members": list_members(),
        "keys": list_keys(),
        "scopes": [scope.value for scope in Scope],
        "name": name,
        "problem": problem,
        "made": made,
    }
    return render_page(request, "team.html", context, status=status)
