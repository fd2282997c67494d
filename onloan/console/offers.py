"""Offers: files handed in, what the rules say of them, who stands behind them, and what people will read."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import get_language, override
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from onloan import clock
from onloan.access.rules import Capability
from onloan.console.pages import TeamRequest, act, read_text, render_page, team_page
from onloan.errors import NotFound, OnloanError
from onloan.ledger.publishing import pledge_pool, publish_and_fund
from onloan.ledger.queries import find_pledge
from onloan.markets.rules import country_name
from onloan.offers.actions import approve_draft, sign_off, submit_draft
from onloan.offers.lint import check_text
from onloan.offers.queries import (
    DraftView,
    find_draft,
    find_file_text,
    find_version,
    list_drafts,
    list_markets,
    list_versions,
)
from onloan.offers.texts import TEXT_LANGUAGES, render_pages

FILE_BYTES_MAX = 256 * 1024
NOTE_LENGTH_MAX = 500


@dataclass(frozen=True, slots=True)
class SourceLine:
    """One line of a file with what the rules say of it."""

    number: int
    text: str
    findings: tuple[object, ...]


@require_GET
@team_page()
def list_offers(request: TeamRequest) -> HttpResponse:
    slugs = sorted({market.offer_slug for market in list_markets()})
    offers = [(slug, list_versions(slug)) for slug in slugs]
    drafts = [draft for draft in list_drafts() if draft.version_number is None]
    return render_page(request, "offers.html", {"here": "offers", "offers": offers, "drafts": drafts})


@require_http_methods(["GET", "POST"])
@team_page(Capability.DRAFT_OFFER)
def hand_in(request: TeamRequest) -> HttpResponse:
    """Paste or choose a file; what the rules say stands beside the line it is about, and the text is kept."""
    if request.method == "GET":
        return render_page(request, "hand_in.html", {"here": "offers", "text": ""})
    text, problem = _read_file(request)
    report = check_text(text, "offer.yaml") if not problem else None
    if report is not None and request.POST.get("act") == "hand_in":
        try:
            draft_id = submit_draft(text=text, author_id=request.member.id, now=clock.now())
        except OnloanError as error:
            problem = f"{error} ({error.code})"
        else:
            messages.success(
                request, _("Handed in. A colleague of the legal or data-protection role approves it next.")
            )
            return HttpResponseRedirect(reverse("console-draft", args=[draft_id]))
    context = {"here": "offers", "text": text, "problem": problem, "report": report}
    return render_page(request, "hand_in.html", context, status=422 if problem else 200)


def _read_file(request: TeamRequest) -> tuple[str, str]:
    """The text and what is wrong with it as a file, empty when it can be read."""
    chosen = request.FILES.get("file")
    if chosen is None:
        text = request.POST.get("text", "").replace("\r\n", "\n")
        too_long = len(text.encode()) > FILE_BYTES_MAX
        return ("", _("This file is too long: 256 kB at most.")) if too_long else (text, "")
    if (chosen.size or 0) > FILE_BYTES_MAX:
        return "", _("This file is too long: 256 kB at most.")
    try:
        return chosen.read().decode("utf-8").replace("\r\n", "\n"), ""
    except UnicodeDecodeError:
        return "", _("This file is not text in UTF-8. Save it as UTF-8 and choose it again.")


@require_GET
@team_page()
def show_draft(request: TeamRequest, draft_id: UUID) -> HttpResponse:
    draft = find_draft(draft_id)
    report = check_text(draft.file_text, "offer.yaml")
    context = {
        "here": "offers",
        "draft": draft,
        "report": report,
        "lines": source_lines(draft),
        "unsigned": draft.unsigned_codes(),
        "is_author": draft.author_id == request.member.id,
        "pledge": find_pledge(draft_id),
        "pools": [
            (country_name(country, get_language() or "en"), terms.pool)
            for country, terms in (report.offer.markets.items() if report.offer else ())
        ],
        "has_approved": request.member.id in {line.user_id for line in draft.approvals},
        "places": [
            (country, country_name(country, get_language() or "en"), TEXT_LANGUAGES)
            for country in (report.offer.markets if report.offer else ())
        ],
        "difference": find_difference(draft),
    }
    return render_page(request, "draft.html", context)


def source_lines(draft: DraftView) -> list[SourceLine]:
    return [
        SourceLine(number, text, tuple(finding for finding in draft.findings if finding["line"] == number))
        for number, text in enumerate(draft.file_text.splitlines(), start=1)
    ]


def find_difference(draft: DraftView) -> list[str]:
    """What changes against the version that runs, as a unified difference; empty for a first version."""
    versions = list_versions(draft.slug)
    if not versions or draft.version_number is not None:
        return []
    before = find_file_text(versions[0].id).splitlines()
    names = (f"v{versions[0].number}", _("this draft"))
    return list(difflib.unified_diff(before, draft.file_text.splitlines(), *names, lineterm="", n=2))


@require_POST
@team_page()
def act_on_draft(request: TeamRequest, draft_id: UUID) -> HttpResponse:
    """Sign off one point, approve, set the money aside, or publish."""
    to = reverse("console-draft", args=[draft_id])
    note = read_text(request, "note", NOTE_LENGTH_MAX)
    user_id, now = request.member.id, clock.now()
    match request.POST.get("act"):
        case "sign_off":
            code = read_text(request, "code", 64)
            return act(
                request,
                Capability.APPROVE_OFFER,
                lambda: sign_off(draft_id=draft_id, user_id=user_id, code=code, note=note, now=now),
                _("Signed off in your name."),
                to,
            )
        case "approve":
            return act(
                request,
                Capability.APPROVE_OFFER,
                lambda: approve_draft(draft_id=draft_id, user_id=user_id, note=note, door="console", now=now),
                _("Approved in your name. It can be published now."),
                to,
            )
        case "pledge":
            return act(
                request,
                Capability.FUND_POOL,
                lambda: pledge_pool(draft_id=draft_id, user_id=user_id, now=now),
                _("Set aside in your name. It is booked when the offer is published."),
                to,
            )
        case "publish":
            return act(
                request,
                Capability.PUBLISH_OFFER,
                lambda: publish_and_fund(draft_id=draft_id, user_id=user_id, now=now),
                _("Published. Open its markets when you are ready."),
                reverse("console-markets"),
            )
    raise NotFound


@require_GET
@team_page()
def preview(request: TeamRequest, draft_id: UUID, country: str, language: str) -> HttpResponse:
    """What people of one country will read, before anything is published."""
    offer = check_text(find_draft(draft_id).file_text, "offer.yaml").offer
    if offer is None or country not in offer.markets or language not in TEXT_LANGUAGES:
        raise NotFound
    pages = render_pages(offer, country, language)
    with override(language):
        texts = render_to_string("cli/preview_texts.html", {"pages": pages})
    context = {
        "here": "offers",
        "draft_id": draft_id,
        "pages": pages,
        "texts": texts,
        "language": language,
        "place": country_name(country, "en"),
    }
    return render_page(request, "preview.html", context)


@require_GET
@team_page()
def show_offer(request: TeamRequest, slug: str) -> HttpResponse:
    versions = list_versions(slug)
    if not versions:
        raise NotFound
    latest = find_version(versions[0].id)
    markets = [market for market in list_markets() if market.offer_slug == slug]
    context = {
        "here": "offers",
        "latest": latest,
        "versions": versions,
        "markets": markets,
        "file_text": find_file_text(latest.id),
        "places": [(country, terms.languages) for country, terms in latest.offer.markets.items()],
    }
    return render_page(request, "offer.html", context)
