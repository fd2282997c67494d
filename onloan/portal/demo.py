"""Pages of the demo, served in test mode only: a shop that reports a sign-up, and the mails that were written."""

from __future__ import annotations

import email
import email.policy
import uuid
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods, require_safe

from onloan import clock, ids
from onloan.errors import OnloanError
from onloan.offers.queries import find_version
from onloan.people.queries import ParticipantView, find_by_public_id, find_participant
from onloan.portal import session
from onloan.portal.pages import render_page
from onloan.referrals.actions import record_event
from onloan.referrals.queries import find_link

MAILS_SHOWN_MAX = 40
CODE_LENGTH_MAX = 24


@dataclass(frozen=True, slots=True)
class DemoMail:
    to: str
    subject: str
    sent_at: str
    body: str


def _only_in_test_mode() -> None:
    if not settings.TEST_MODE:
        raise Http404


@require_http_methods(["GET", "HEAD", "POST"])
def shop(request: HttpRequest) -> HttpResponse:
    """The merchant's shop, in one page: somebody signs up there, and the shop tells Onloan."""
    _only_in_test_mode()
    typed = request.POST.get("person", "")[:CODE_LENGTH_MAX] if request.method == "POST" else ""
    problem = ""
    if request.method == "POST":
        participant = find_person(typed)
        if participant is None:
            problem = "unknown"
        else:
            problem = _report(participant)
            if not problem:
                return redirect("/demo/shop/?told=yes")
    context = {
        "typed": typed,
        "problem": problem,
        "told": request.GET.get("told") == "yes",
        "me": session.read_participant(request),
    }
    return render_page(request, "demo/shop.html", context, status=422 if problem else 200, is_private=True)


def find_person(typed: str) -> ParticipantView | None:
    """By public id, or by the code of the person's own link, which they can read on their page."""
    participant = find_by_public_id(typed.strip())
    if participant is not None:
        return participant
    link = find_link(typed) if ids.normalize_code(typed) else None
    return find_participant(link.participant_id) if link else None


def _report(participant: ParticipantView) -> str:
    """What the shop's system would send to ``/api/v1/events``; the sentence of what was refused, or nothing."""
    now = clock.now()
    try:
        record_event(
            participant_id=participant.id,
            event=find_version(participant.version_id).offer.referral.event,
            occurred_at=now,
            external_ref=f"demo-shop-{uuid.uuid4().hex[:12]}",
            now=now,
        )
    except OnloanError as error:
        return str(error)
    return ""


@require_safe
def mail(request: HttpRequest) -> HttpResponse:
    """What would have been sent: without a mail server, mails are files under the demo's home."""
    _only_in_test_mode()
    return render_page(request, "demo/mail.html", {"mails": list_mails()}, is_private=True)


def list_mails() -> list[DemoMail]:
    """The latest mails first. Each file holds the mails of one connection."""
    folder = Path(settings.HOME) / "mail"
    files = sorted(folder.glob("*.log"), key=lambda path: path.stat().st_mtime_ns, reverse=True)
    mails: list[DemoMail] = []
    for path in files[:MAILS_SHOWN_MAX]:
        mails.extend(reversed(_read_mails(path)))
    return mails[:MAILS_SHOWN_MAX]


def _read_mails(path: Path) -> list[DemoMail]:
    """Django's file backend ends each mail with a line of 79 dashes."""
    written = path.read_bytes().split(b"\n" + b"-" * 79 + b"\n")
    parsed = [
        email.message_from_bytes(part.lstrip(), policy=email.policy.default) for part in written if part.strip()
    ]
    return [
        DemoMail(
            to=str(each["To"] or ""),
            subject=str(each["Subject"] or ""),
            sent_at=str(each["Date"] or ""),
            body=str(each.get_content()) if not each.is_multipart() else "",
        )
        for each in parsed
    ]
