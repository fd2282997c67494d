"""A sign-in that ended while somebody wrote: they are told that nothing was sent, and come back to their form."""

from __future__ import annotations

import json

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from onloan.cases.rules import Kind
from onloan.portal import session

BACK_COOKIE = "onloan_back"
KEPT_BYTES_MAX = 1_000
"""Longer words do not fit in a cookie. They are not cut: half a text would be sent as the whole."""


def ask_to_sign_in(request: HttpRequest, kind: Kind) -> HttpResponse:
    """To the page for signing in, with a note of what was being sent, if anything was."""
    response = redirect("sign-in")
    if request.method == "POST":
        text = request.POST.get("text", "")
        kept = text if len(json.dumps(text)) <= KEPT_BYTES_MAX else ""
        session.save_sealed(response, BACK_COOKIE, {"kind": kind.value, "text": kept})
    return response


def was_sending(request: HttpRequest) -> bool:
    return session.read_sealed(request, BACK_COOKIE) is not None


def open_own_page(request: HttpRequest) -> HttpResponse:
    """Where somebody goes who has just signed in: to the form that they were sending, else to their page."""
    noted = session.read_sealed(request, BACK_COOKIE)
    return redirect("my-request", noted["kind"]) if noted is not None else redirect("me")


def kept_text(request: HttpRequest, kind: Kind) -> str:
    """What they had written in the form of this ``kind``."""
    noted = session.read_sealed(request, BACK_COOKIE)
    return noted["text"] if noted is not None and noted["kind"] == kind else ""
