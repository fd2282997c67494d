"""What each page carries and what it refuses: headers, bodies that are too large, and errors in plain words."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy

from onloan.errors import BODY_REFUSED, RETRY_SECONDS, Busy, OnloanError
from onloan.portal.pages import render_failure

# No page loads anything from elsewhere; a photo that the gate allowed stands in the page itself.
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; style-src 'self'{style_hash}; script-src 'self'; img-src 'self' data:; font-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'; connect-src 'self'"
)

BODY_BYTES_MAX: int = settings.FORM_BYTES_MAX


class BodyTooLarge(OnloanError):
    code = "E-BODY-LARGE"
    status = 413
    sentence = gettext_lazy("This is too large to be read here. Send at most 10 MB at once.")


class PageHeaders:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        refused: OnloanError | None = request.META.get(BODY_REFUSED)
        if refused is not None:
            response = render_failure(request, refused)
        elif body_bytes(request) > BODY_BYTES_MAX:
            response = render_failure(request, BodyTooLarge())
        else:
            response = self.get_response(request)
        if isinstance(refused, Busy):
            response.headers["Retry-After"] = str(RETRY_SECONDS)
        allowed_style = getattr(response, "style_hash", "")
        policy = CONTENT_SECURITY_POLICY.format(style_hash=f" '{allowed_style}'" if allowed_style else "")
        response.headers.setdefault("Content-Security-Policy", policy)
        response.headers.setdefault("Permissions-Policy", "interest-cohort=(), browsing-topics=()")
        return response

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """An error that a view did not turn into a marked field becomes a page of its own."""
        return render_failure(request, error) if isinstance(error, OnloanError) else None


def body_bytes(request: HttpRequest) -> int:
    """How long the body says it is, in bytes; 0 when it does not say."""
    try:
        return int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError:
        return 0
