"""Every text that people read about an offer, and the way back to it from a published version.

``render_all`` runs once, at publishing; from then on pages show what was kept (``published_terms`` and its
sisters), so that a later release cannot change what somebody joined under.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

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
    to_json,
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
from onloan.offers.wording import TEXT_LANGUAGES

__all__ = [
    "TEXT_LANGUAGES",
    "Conditions",
    "ConsentText",
    "Edition",
    "Notice",
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
    "render_terms",
    "reward_lines",
    "share_text",
    "significant_conditions",
]


def render_all(offer: Offer, edition: Edition | None = None) -> dict[str, dict[str, Any]]:
    """Country, language, then each text as plain JSON. Raises NoticeIncomplete naming the empty fields."""
    return {
        country: {language: _render(offer, country, language, edition) for language in TEXT_LANGUAGES}
        for country in offer.markets
    }


def _render(offer: Offer, country: str, language: str, edition: Edition | None) -> dict[str, Any]:
    notice = render_notice(offer, country, language, edition)
    missing = missing_fields(offer, country, notice.fields)
    if missing:
        raise NoticeIncomplete(country=country, missing=", ".join(missing))
    written = to_json(notice)
    return {
        "headline": headline(offer, country, language),
        "rewards": [to_json(line) for line in reward_lines(offer, country, language)],
        "terms": to_json(render_terms(offer, country, language)),
        "notice": written,
        "notice_hash": _hash(written),
        "consents": [
            to_json(consent_text(offer, permission, country, language, None)) for permission in offer.permissions
        ],
        "share": share_text(offer, country, language, "{link}"),
    }


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
