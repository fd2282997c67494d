"""From stopping a market to opening it again: what people said, what changes, and how far the team is."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpResponse
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import get_language, gettext, ngettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET

from onloan.access.rules import Capability
from onloan.cases.clarity import NOBODY_ASKED, count_clarity
from onloan.cases.feedback_queries import count_feedback, list_remarks
from onloan.cases.feedback_rules import FeedbackDoor, Journey, Step, Topic, find_journey
from onloan.cases.feedback_words import TOPIC_WORDS
from onloan.console.pages import TeamRequest, render_page, team_page
from onloan.offers.comparing import compare_versions, split_rows
from onloan.offers.document import Offer
from onloan.offers.lint import check_text
from onloan.offers.queries import (
    DraftView,
    MarketView,
    find_market,
    find_version_number,
    list_changes,
    list_drafts,
    list_versions,
)

REMARKS_A_PAGE = 50
DOOR_WORDS: dict[FeedbackDoor, Promise] = {
    FeedbackDoor.OFFER_PAGE: _("from the campaign's page"),
    FeedbackDoor.STOPPED_PAGE: _("from the campaign's page while it was stopped"),
    FeedbackDoor.MY_PAGE: _("from somebody who joined"),
}
STEP_WORDS: dict[Step, Promise] = {
    Step.SUSPEND: _("Suspend"),
    Step.LISTEN: _("What people say"),
    Step.CHANGE: _("What changes"),
    Step.PUBLISH: _("Publish"),
    Step.REOPEN: _("Reopen, and say what changed"),
}


@dataclass(frozen=True, slots=True)
class StepLine:
    """``where`` is the page on which this step is made."""

    title: Promise
    text: str
    is_done: bool
    is_now: bool
    where: str


@dataclass(frozen=True, slots=True)
class Steps:
    journey: Journey
    lines: tuple[StepLine, ...]


def find_steps(market: MarketView) -> Steps | None:
    """The latest journey of a market, computed from its history; None where it never was suspended."""
    draft = _find_draft(market)
    said = count_feedback(market.id)
    changes = list_changes(market.id)
    first = find_journey(changes, feedback_count=0, has_draft=False)
    if first is None:
        return None
    count = sum(said.get(first.old_number, {}).values())
    journey = find_journey(changes, feedback_count=count, has_draft=draft is not None)
    assert journey is not None, "the same history has the same journey"
    texts = {
        Step.SUSPEND: journey.reason,
        Step.LISTEN: ngettext(
            "%(count)s remark about version %(number)s", "%(count)s remarks about version %(number)s", count
        )
        % {"count": count, "number": journey.old_number},
        Step.CHANGE: _say_change(journey, draft),
        Step.PUBLISH: _say_published(journey),
        Step.REOPEN: gettext("In the words of the team, on the pages of the campaign."),
    }
    place = [market.offer_slug, market.country]
    where = {
        Step.LISTEN: reverse("console-feedback", args=place),
        Step.CHANGE: reverse("console-changes", args=place),
        Step.PUBLISH: reverse("console-hand-in") if draft is None else reverse("console-draft", args=[draft.id]),
    }
    lines = [
        StepLine(
            title=STEP_WORDS[step],
            text=texts[step],
            is_done=step in journey.done,
            is_now=journey.reopened_at is None and step is journey.now_at,
            where=where.get(step, ""),
        )
        for step in Step
    ]
    return Steps(journey, tuple(lines))


def _say_change(journey: Journey, draft: DraftView | None) -> str:
    if journey.new_number > journey.old_number:
        return gettext("Version %(old)s and version %(new)s side by side") % {
            "old": journey.old_number, "new": journey.new_number,
        }  # fmt: skip
    if draft is not None:
        return gettext("A draft of %(author)s, beside version %(old)s") % {
            "author": draft.author, "old": journey.old_number,
        }  # fmt: skip
    return gettext("Hand in a file of the next version, or go on with the same one.")


def _say_published(journey: Journey) -> str:
    if journey.new_number > journey.old_number:
        return gettext("Version %(new)s is published.") % {"new": journey.new_number}
    return gettext("Two people stand behind the file.")


def _find_draft(market: MarketView) -> DraftView | None:
    """The latest unpublished draft that is younger than the version that the market is at."""
    published_at = find_version_number(market.offer_slug, market.version_number).published_at
    drafts = (draft for draft in list_drafts() if draft.slug == market.offer_slug)
    return next(
        (draft for draft in drafts if draft.version_number is None and draft.created_at > published_at), None
    )


@require_GET
@team_page()
def show_feedback(request: TeamRequest, slug: str, country: str) -> HttpResponse:
    """Counts by topic and version for everybody; the words for those who can do something about them."""
    market = find_market(slug, country)
    counts = count_feedback(market.id)
    versions = {line.number: line.id for line in list_versions(slug)}
    clarity = count_clarity(versions.values())
    may_read = request.member.can(Capability.HANDLE_CASES) or request.member.can(Capability.SUSPEND_MARKET)
    number, topic, page = _read_filter(request, counts)
    remarks = (
        list_remarks(
            market.id, version_number=number, topic=topic, first=page * REMARKS_A_PAGE, limit=REMARKS_A_PAGE + 1
        )
        if may_read
        else ()
    )
    context = {
        "here": "markets",
        "market": market,
        "numbers": list(counts),
        "rows": [
            (topic, TOPIC_WORDS[topic], [counts[each].get(topic, 0) for each in counts])
            for topic in Topic
            if any(topic in each for each in counts.values())
        ],
        "totals": [sum(topics.values()) for topics in counts.values()],
        "clarity": [(each, clarity.get(versions[each], NOBODY_ASKED)) for each in versions],
        "may_read": may_read,
        "remarks": [
            (remark, TOPIC_WORDS[remark.topic], DOOR_WORDS[remark.door]) for remark in remarks[:REMARKS_A_PAGE]
        ],
        "topics": [(each.value, TOPIC_WORDS[each]) for each in Topic],
        "number": number,
        "topic": topic.value if topic else "",
        "page": page,
        "next_page": page + 1 if len(remarks) > REMARKS_A_PAGE else None,
    }
    return render_page(request, "feedback.html", context)


def _read_filter(
    request: TeamRequest, counts: dict[int, dict[Topic, int]]
) -> tuple[int | None, Topic | None, int]:
    """Version, topic and page (from 0) that the address asks for; what is not known is left out."""
    asked = {name: request.GET.get(name, "") for name in ("version", "topic", "page")}
    number = next((each for each in counts if str(each) == asked["version"]), None)
    topic = next((each for each in Topic if each.value == asked["topic"]), None)
    page = asked["page"]
    return number, topic, int(page) if page.isascii() and page.isdigit() and len(page) <= 4 else 0


@require_GET
@team_page()
def show_changes(request: TeamRequest, slug: str, country: str) -> HttpResponse:
    """The version that was stopped beside the one that comes next, in the words that people read."""
    market = find_market(slug, country)
    journey = find_journey(list_changes(market.id), feedback_count=0, has_draft=False)
    draft = _find_draft(market)
    old_number = market.version_number if journey is None else journey.old_number
    new, new_name, new_number = _find_new(market, old_number, draft)
    language = get_language() or "en"
    rows = (
        ()
        if new is None or country not in new.markets
        else compare_versions(find_version_number(slug, old_number).offer, new, country, language)
    )
    context = {
        "here": "markets",
        "market": market,
        "old_number": old_number,
        "new_name": new_name,
        **split_rows(rows),
        "draft": draft if new_number is None else None,
        "changed_count": sum(row.is_changed for row in rows),
        "has_next": bool(rows),
    }
    return render_page(request, "changes.html", context)


def _find_new(
    market: MarketView, old_number: int, draft: DraftView | None
) -> tuple[Offer | None, str, int | None]:
    """The next version, its name, and its number once it is published: a draft comes after what is published."""
    if draft is not None:
        offer = check_text(draft.file_text, "offer.yaml").offer
        return offer, gettext("Draft of %(author)s") % {"author": draft.author}, None
    if market.version_number > old_number:
        version = find_version_number(market.offer_slug, market.version_number)
        return version.offer, gettext("Now (version %(number)s)") % {"number": version.number}, version.number
    return None, "", None
