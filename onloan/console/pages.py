"""How every page of the console is answered: who asks, what they may do, and what could not be done."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any, cast

from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse

from onloan import clock, ids
from onloan.access.rules import Capability
from onloan.access.team import Member, find_member_by_id
from onloan.breaches.queries import count_late_breaches
from onloan.cases.queue_queries import count_late
from onloan.errors import NotAllowed, OnloanError
from onloan.lines import plain_lines


class TeamRequest(HttpRequest):
    """A request of a signed-in member of the team."""

    member: Member


def team_page(
    capability: Capability = Capability.VIEW,
) -> Callable[[Callable[..., HttpResponseBase]], Callable[..., HttpResponseBase]]:
    """A page for members whose role has ``capability``; others get a plain refusal, strangers the sign-in."""

    def decorate(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
        @functools.wraps(view)
        def run(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
            if not request.user.is_authenticated:
                return redirect_to_login(request.get_full_path())
            team_request = cast(TeamRequest, request)
            team_request.member = find_member_by_id(request.user.id)
            try:
                if not team_request.member.can(capability):
                    if request.path == reverse("console") and team_request.member.can(Capability.REDEEM_VOUCHERS):
                        return HttpResponseRedirect(reverse("console-till"))
                    raise NotAllowed
                return view(team_request, *args, **kwargs)
            except OnloanError as error:
                return render_page(
                    team_request,
                    "failure.html",
                    {"sentence": str(error), "code": error.code},
                    status=error.status,
                )

        return run

    return decorate


def render_page(
    request: TeamRequest, template: str, context: Mapping[str, Any] | None = None, *, status: int = 200
) -> HttpResponse:
    """A page with the member's menu, kept by no cache. ``form_id`` is the key of what its form will make."""
    member = request.member
    values = {
        "member": member,
        "is_wide": True,
        "form_id": ids.new_id(),
        "may": {capability.value: member.can(capability) for capability in Capability},
        "late_everywhere": count_late(clock.now()) if member.can(Capability.HANDLE_CASES) else 0,
        "late_breaches": count_late_breaches(clock.now()) if member.can(Capability.VIEW_BREACHES) else 0,
        **(context or {}),
    }
    response = render(request, f"console/{template}", values, status=status)
    response.headers["Cache-Control"] = "private, no-store"
    return response


def act(
    request: TeamRequest, capability: Capability, perform: Callable[[], object], done: str, to: str
) -> HttpResponse:
    """Perform one action and go to ``to`` with ``done``, or with what could not be done and why."""
    if not request.member.can(capability):
        messages.error(request, f"{NotAllowed()} ({NotAllowed.code})")
        return HttpResponseRedirect(to)
    try:
        perform()
    except OnloanError as error:
        messages.error(request, f"{error} ({error.code})")
    else:
        messages.success(request, done)
    return HttpResponseRedirect(to)


def read_text(request: HttpRequest, name: str, length_max: int) -> str:
    """A field of the form, trimmed and bounded; the action that gets it says what is wrong with it."""
    return plain_lines(request.POST.get(name, "")).strip()[: length_max + 1]
