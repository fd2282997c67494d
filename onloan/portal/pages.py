"""How every page of the portal is answered: the merchant's colour, the caching, and refusals in plain words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from onloan import ids
from onloan.errors import OnloanError
from onloan.portal.colour import brand_of
from onloan.portal.session import DONE_COOKIE, forget_form


def render_page(
    request: HttpRequest,
    template: str,
    context: Mapping[str, Any] | None = None,
    *,
    status: int = 200,
    colour: str = "",
    is_private: bool = False,
) -> HttpResponse:
    """A page in the reader's language. ``is_private``: about one person, so kept by no cache or search engine.
    ``form_id`` is the key of what its form will make (``parts/form_id.html``)."""
    brand = brand_of(colour) if colour else None
    values = {"brand": brand, "is_private": is_private, "form_id": ids.new_id(), **(context or {})}
    response = render(request, f"portal/{template}", values, status=status)
    if brand is not None:
        response.style_hash = brand.style_hash  # type: ignore[attr-defined]
    if is_private and DONE_COOKIE in request.COOKIES:
        forget_form(response, DONE_COOKIE)
    if is_private:
        response.headers["Cache-Control"] = "private, no-store"
    return response


def render_failure(request: HttpRequest, error: OnloanError) -> HttpResponse:
    """What could not be done, in one sentence that says what to do, with its code."""
    context = {"sentence": str(error), "code": error.code}
    return render_page(request, "failure.html", context, status=error.status, is_private=True)
