"""A sign-in that ended while somebody wrote: they are told that nothing was sent, and come back to their form.

Their words are not kept: whoever signs in next on a shared phone may be somebody else.
"""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from onloan.cases.rules import Kind
from onloan.portal import session
from onloan.portal.session import BACK_COOKIE


def ask_to_sign_in(request: HttpRequest, kind: Kind) -> HttpResponse:
    """To the page for signing in, with a note of which form was being sent, if one was."""
    response = redirect("sign-in")
    if request.method == "POST":
        session.save_sealed(response, BACK_COOKIE, {"kind": kind.value})
    return response


def was_sending(request: HttpRequest) -> bool:
    return session.read_sealed(request, BACK_COOKIE) is not None


def open_own_page(request: HttpRequest) -> HttpResponse:
    """Where somebody goes who has just signed in: to the form that was being sent, else to their page."""
    noted = session.read_sealed(request, BACK_COOKIE)
    return redirect("my-request", noted["kind"]) if noted is not None else redirect("me")
