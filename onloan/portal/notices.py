"""The page that a mail leads a recipient to: what to remove or mend, and a button that says it is done."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.functional import Promise
from django.utils.translation import get_language, gettext_lazy
from django.views.decorators.http import require_http_methods

from onloan import clock
from onloan.errors import NotFound
from onloan.offers.vocabulary import ITEMS, said
from onloan.portal.pages import render_page
from onloan.uses.duty_queries import find_notice
from onloan.uses.duty_rules import Cause
from onloan.uses.notices import acknowledge_pressed, read_token

ASKED: dict[str, Promise] = {
    Cause.WITHDRAWN: gettext_lazy("The person took their permission back. Remove these everywhere you have them."),
    Cause.EXPIRED: gettext_lazy("The permission has ended. Remove these everywhere you have them."),
    Cause.OBJECTED: gettext_lazy("The person objected. Remove these everywhere you have them."),
    Cause.ERASED: gettext_lazy("The person had their data erased. Remove everything you have of them."),
    Cause.RESTRICTED: gettext_lazy("The person had the use of their data stopped. Show and pass on nothing."),
    Cause.RECTIFIED: gettext_lazy("The person corrected these. Ask us for what is right, and use nothing older."),
    Cause.SEEN: gettext_lazy("These were seen after their end. Remove them everywhere you have them."),
}


@require_http_methods(["GET", "HEAD", "POST"])
def notice_page(request: HttpRequest, token: str) -> HttpResponse:
    """Nothing is done by opening it: programs that look into mails open addresses too."""
    try:
        notice_id = read_token(token)
        if request.method == "POST":
            acknowledge_pressed(token=token, now=clock.now())
            return redirect("notice", token=token)
        notice = find_notice(notice_id)
    except NotFound:
        raise Http404 from None
    language = get_language() or "en"
    context = {
        "notice": notice,
        "asked": ASKED[notice.cause],
        "items": [said(ITEMS[item].named, language) if item in ITEMS else item for item in notice.items],
        "is_late": notice.is_open and notice.due_at < clock.now(),
    }
    return render_page(request, "notices/notice.html", context, is_private=True)
