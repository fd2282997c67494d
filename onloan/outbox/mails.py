"""The words of a mail: a translated template, filled with values that say nothing about who reads it."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from babel.dates import format_date
from django.conf import settings
from django.template.loader import get_template
from django.utils import translation

from onloan import ids, keys
from onloan.money import parse_money

RECEIPT_TOKEN_CHARACTERS = 26


@dataclass(frozen=True, slots=True)
class RenderedMail:
    """A mail as it leaves: one line of subject, plain text below. ``reference`` is its Message-ID's left part,
    ``sender`` the merchant for whom it goes, where one is known."""

    address: str
    subject: str
    body: str
    reference: str
    sender: str = ""


def receipt_token(receipt_id: UUID) -> str:
    """The word that opens a receipt without signing in. Derived when it is needed, so that no table holds it."""
    digest = hmac.digest(keys.derive_key("receipt-link"), receipt_id.bytes, "sha256")
    return ids.code_from_bytes(digest, RECEIPT_TOKEN_CHARACTERS)


def render_mail(
    *, template: str, language: str, context: Mapping[str, Any], secrets: Mapping[str, str]
) -> tuple[str, str]:
    """Subject and body. Days (``…_on``), times of day (``…_time``) and amounts are written as a reader of
    ``language`` writes them."""
    values = {name: _readable(name, value, language) for name, value in context.items()}
    values |= secrets
    values["my_page"] = f"{settings.PUBLIC_URL}/{language}/me/"
    values["erasure_page"] = f"{settings.PUBLIC_URL}/{language}/me/request/erasure/"
    values["pack_page"] = f"{settings.PUBLIC_URL}/{language}/me/pack/"
    values["payment_page"] = f"{settings.PUBLIC_URL}/{language}/me/payment/"
    values["sign_in_page"] = f"{settings.PUBLIC_URL}/{language}/signin/"
    values["slip_page"] = f"{settings.PUBLIC_URL}/{language}/slip/"
    values["follow_page"] = f"{settings.PUBLIC_URL}/{language}/requests/follow/"
    values["queue_page"] = f"{settings.PUBLIC_URL}/console/requests/"
    values["requests_page"] = f"{settings.PUBLIC_URL}/{language}/requests/"
    if "case_id" in context:
        values["case_page"] = f"{settings.PUBLIC_URL}/{language}/me/requests/{context['case_id']}/"
    if "link" in secrets:
        values["receipt_page"] = secrets["link"]
    elif "receipt_id" in context:
        token = receipt_token(UUID(context["receipt_id"]))
        values["receipt_page"] = f"{settings.PUBLIC_URL}/{language}/r/{token}/"
    with translation.override(language):
        text = get_template(f"mail/{template}.txt").render(values)
    subject, _, body = text.strip().partition("\n")
    return subject.strip(), _squeeze(body)


def _readable(name: str, value: Any, language: str) -> Any:
    if name.endswith("_on"):
        locale = "en_GB" if language == "en" else language
        day = date.fromisoformat(value)
        written = format_date(day, format="long", locale=locale)
        return "1er" + written[1:] if language == "fr" and day.day == 1 else written
    if name.endswith("_time") and language == "fr":
        return value.replace(":", "\u00a0h\u00a0")
    if name == "amount":
        return parse_money(value).format(language)
    if name == "rewards":
        return [_reward_line(line, language) for line in value]
    if name == "cases":
        return [_case_line(line) for line in value]
    return value


def _reward_line(line: str, language: str) -> dict[str, str]:
    """A line ``cash 4.00 EUR`` as the template needs it."""
    kind, _, amount = line.partition(" ")
    return {"kind": kind, "amount": parse_money(amount).format(language)}


def _case_line(line: str) -> dict[str, str | int]:
    """A line ``4K7M-2Q9X access -3`` (its number, its kind, the days that are left or were waited) as the template
    needs it; ``late`` are the days since it was due."""
    reference, kind, days = line.split(" ")
    return {"reference": reference, "kind": kind, "days": int(days), "late": -int(days)}


def _squeeze(body: str) -> str:
    """Conditions in a template leave empty lines behind; a letter has at most one between paragraphs."""
    lines: list[str] = []
    for line in (line.rstrip() for line in body.strip().splitlines()):
        if line or (lines and lines[-1]):
            lines.append(line)
    return "\n".join(lines) + "\n"
