"""Writes of feedback: what somebody would like changed, and "what changed and why" when a market opens again."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID

from onloan import ids
from onloan.cases.errors import (
    ExplanationNeeded,
    ExplanationWords,
    RemarkNotValid,
    TooMuchFeedback,
    TopicNeeded,
)
from onloan.cases.feedback_models import Explanation, Feedback
from onloan.cases.feedback_rules import (
    EXPLANATION_LENGTH_MAX,
    EXPLANATION_LENGTH_MIN,
    TEXT_CHARACTERS_MAX,
    FeedbackDoor,
    Topic,
    find_journey,
)
from onloan.cases.once import lock_key
from onloan.cases.sealing import seal_text, unseal_text
from onloan.db import action
from onloan.errors import NotFound
from onloan.evidence.actions import append_entry
from onloan.lines import check_plain
from onloan.offers.lint_texts import find_refused_words
from onloan.offers.queries import find_market, find_version, find_version_number, list_changes
from onloan.offers.rules import Overdue, is_sentence, names_somebody
from onloan.offers.switch import open_market
from onloan.offers.vocabulary import PAGE_LANGUAGES

FEEDBACK_PER_HOUR_MAX = 1_000
"""About one market. Nobody is known here, so a flood is bounded where it arrives."""


@action
def send_feedback(
    *,
    offer_slug: str,
    country: str,
    version_number: int,
    topic: str,
    text: str,
    door: FeedbackDoor,
    language: str,
    feedback_id: UUID | None = None,
    now: datetime,
) -> UUID:
    """Keep one remark about one version, without who made it. It has no clock, and nothing depends on it.
    ``feedback_id``, a UUIDv7, is the key that the form carries: sent twice, it is one remark.

    Raises NotFound, TopicNeeded, RemarkNotValid, TooMuchFeedback; nothing is kept then.
    """
    if topic not in {each.value for each in Topic}:
        raise TopicNeeded(field="topic")
    try:
        written = check_plain(text, TEXT_CHARACTERS_MAX)
    except ValueError:
        raise RemarkNotValid(field="text", maximum=TEXT_CHARACTERS_MAX) from None
    market, version = find_market(offer_slug, country), find_version_number(offer_slug, version_number)
    if country not in version.offer.markets or version.number > market.version_number:
        raise NotFound
    lately = Feedback.objects.filter(market_id=market.id, sent_at__gt=now - timedelta(hours=1))
    if lately.count() >= FEEDBACK_PER_HOUR_MAX:
        raise TooMuchFeedback
    feedback_id = feedback_id or ids.new_id()
    lock_key(feedback_id)
    present = Feedback.objects.filter(id=feedback_id).first()
    if present is not None and _says_the_same(present, market.id, version.number, topic, written):
        return feedback_id
    feedback_id = feedback_id if present is None else ids.new_id()
    Feedback.objects.create(
        id=feedback_id,
        market_id=market.id,
        version_number=version.number,
        topic=topic,
        door=door,
        language=language,
        sealed_text=seal_text(feedback_id, written) if written else None,
        sent_at=now,
    )
    append_entry(
        kind="case_opened",
        fields={"case": "feedback", "offer": offer_slug, "market": country, "version": version.file_hash},
        occurred_at=now,
    )
    return feedback_id


def _says_the_same(row: Feedback, market_id: UUID, version_number: int, topic: str, written: str) -> bool:
    if (row.market_id, row.version_number, row.topic) != (market_id, version_number, topic):
        return False
    return written == (unseal_text(row.id, bytes(row.sealed_text)) if row.sealed_text is not None else "")


@action
def reopen_market(
    *,
    offer_slug: str,
    country: str,
    reason: str,
    explanations: Mapping[str, str],
    user_id: UUID,
    overdue: Overdue,
    now: datetime,
) -> None:
    """Open a suspended market again, and tell its participants what changed and why, in each of its languages.

    Raises ExplanationNeeded, ExplanationWords, and whatever ``open_market`` raises; nothing is kept then.
    """
    market = find_market(offer_slug, country)
    journey = find_journey(list_changes(market.id), feedback_count=0, has_draft=False)
    open_market(offer_slug=offer_slug, country=country, reason=reason, user_id=user_id, overdue=overdue, now=now)
    if journey is None or market.state != "suspended":
        raise NotFound
    for language in explanation_languages(offer_slug, country):
        text = explanations.get(language, "").strip()
        _check_explanation(language, text)
        Explanation.objects.create(
            id=ids.new_id(),
            market_id=market.id,
            old_version_number=journey.old_number,
            new_version_number=market.version_number,
            language=language,
            text=text,
            reopened_at=now,
            user_id=user_id,
        )


def explanation_languages(offer_slug: str, country: str) -> tuple[str, ...]:
    """In which languages a market's participants read "what changed and why". Raises NotFound."""
    languages = find_version(find_market(offer_slug, country).version_id).offer.markets[country].languages
    return tuple(code for code in languages if code in PAGE_LANGUAGES) or PAGE_LANGUAGES


def _check_explanation(language: str, text: str) -> None:
    field = f"explanation-{language}"
    if not is_sentence(text, length_min=EXPLANATION_LENGTH_MIN, length_max=EXPLANATION_LENGTH_MAX) or (
        names_somebody(text)
    ):
        raise ExplanationNeeded(
            field=field, language=language, minimum=EXPLANATION_LENGTH_MIN, maximum=EXPLANATION_LENGTH_MAX
        )
    refused = find_refused_words(text)
    if refused is not None:
        raise ExplanationWords(field=field, words=refused.words, says=refused.says)
