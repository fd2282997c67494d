"""Every text that people read about an offer, and the way back to it from a published version.

``render_all`` runs once, at publishing; from then on pages show what was kept (``published_terms`` and its
sisters), so that a later release cannot change what somebody joined under.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import Any

from django.utils.translation import override

from onloan.errors import NotFound
from onloan.offers.blocks import (
    ConsentText,
    Notice,
    RewardLine,
    Section,
    Table,
    Terms,
    notice_from_json,
    terms_from_json,
)
from onloan.offers.conditions import Conditions, reward_lines, significant_conditions
from onloan.offers.consent import consent_text, permission_sentence, share_text
from onloan.offers.document import Offer
from onloan.offers.errors import NoticeIncomplete
from onloan.offers.headline import headline
from onloan.offers.notice import render_notice
from onloan.offers.notice_fields import Edition, missing_fields
from onloan.offers.queries import PublishedVersion
from onloan.offers.terms import render_terms
from onloan.offers.vocabulary import said
from onloan.offers.wording import TEXT_LANGUAGES

__all__ = [
    "TEXT_LANGUAGES",
    "Conditions",
    "ConsentText",
    "Edition",
    "Notice",
    "Pages",
    "RewardLine",
    "Section",
    "Table",
    "Terms",
    "consent_text",
    "notice_hash",
    "permission_sentence",
    "published_notice",
    "published_terms",
    "render_all",
    "render_notice",
    "render_pages",
    "render_terms",
    "reward_lines",
    "share_text",
    "significant_conditions",
]


@dataclass(frozen=True, slots=True)
class Pages:
    """All that people of one market read in one language. ``share`` has ``{link}`` where the link goes."""

    title: str
    headline: str
    rewards: tuple[RewardLine, ...]
    conditions: tuple[tuple[str, str], ...]
    consents: tuple[ConsentText, ...]
    terms: Terms
    notice: Notice
    share: str


def render_pages(offer: Offer, country: str, language: str, edition: Edition | None = None) -> Pages:
    """Raises NoticeIncomplete naming the fields that are empty where the law asks for them (LR-028)."""
    notice = render_notice(offer, country, language, edition)
    missing = missing_fields(offer, country, notice.fields)
    if missing:
        raise NoticeIncomplete(country=country, missing=", ".join(missing))
    with override(language):
        conditions = significant_conditions(offer, country, language).as_pairs()
    return Pages(
        title=said(offer.title, language),
        headline=headline(offer, country, language),
        rewards=reward_lines(offer, country, language),
        conditions=conditions,
        consents=tuple(
            consent_text(offer, permission, country, language, None) for permission in offer.permissions
        ),
        terms=render_terms(offer, country, language),
        notice=notice,
        share=share_text(offer, country, language, "{link}"),
    )


def render_all(offer: Offer, edition: Edition | None = None) -> dict[str, dict[str, Any]]:
    """Country, language, then each text as plain JSON. Raises NoticeIncomplete."""
    return {
        country: {language: _written(offer, country, language, edition) for language in TEXT_LANGUAGES}
        for country in offer.markets
    }


def _written(offer: Offer, country: str, language: str, edition: Edition | None) -> dict[str, Any]:
    # Through JSON and back, so that what is kept is what was hashed: lists, never tuples.
    written: dict[str, Any] = json.loads(json.dumps(asdict(render_pages(offer, country, language, edition))))
    written["notice_hash"] = _hash(written["notice"])
    return written


def published_terms(version: PublishedVersion, country: str, language: str) -> Terms:
    """The terms as they were published. Raises NotFound."""
    return terms_from_json(_kept(version, country, language)["terms"])


def published_notice(version: PublishedVersion, country: str, language: str) -> Notice:
    """The notice as it was published. Raises NotFound."""
    return notice_from_json(_kept(version, country, language)["notice"])


def notice_hash(version: PublishedVersion, country: str, language: str) -> str:
    """SHA-256 of the notice as it was published, for the receipt. Raises NotFound."""
    kept: str = _kept(version, country, language)["notice_hash"]
    return kept


def _kept(version: PublishedVersion, country: str, language: str) -> dict[str, Any]:
    try:
        kept: dict[str, Any] = version.texts[country][language]
    except KeyError as error:
        raise NotFound() from error
    return kept


def _hash(written: dict[str, Any]) -> str:
    text = json.dumps(written, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()
