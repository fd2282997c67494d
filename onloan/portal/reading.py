"""What anybody asks on the public page, read without a form."""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass
from uuid import UUID

from onloan import ids
from onloan.cases.rules import NEEDS_TEXT, About, Kind
from onloan.lines import plain_lines
from onloan.markets.rules import known_countries
from onloan.people.actions import normalize_email
from onloan.people.errors import EmailNotValid
from onloan.portal.forms import EMAIL_LENGTH_MAX, REPRESENTATIVE_LENGTH_MAX, REQUEST_LENGTH_MAX


@dataclass(frozen=True, slots=True)
class AskedByAnybody:
    """What a rightly filled ``RequestForm`` of the public page says."""

    kind: Kind
    about: About
    country: str
    email: str
    text: str
    representative: str
    form_id: UUID | None


def read_request(
    data: Mapping[str, str], *, kinds: Container[str], abouts: Container[str]
) -> AskedByAnybody | None:
    """What was asked on the public page, or None when something has to be mended: then ``RequestForm`` says what.

    Read without a form, because a bad day's news multiplies it. In the list of ``kinds`` everybody sees,
    ``objection:marketing`` is a kind and what it is about in one.
    """
    chosen, about, country = data.get("kind", ""), data.get("about", ""), data.get("country", "")
    email, text = data.get("email", "").strip(), plain_lines(data.get("text", "").strip())
    representative = data.get("representative", "").strip()
    is_listed = chosen in kinds and country in known_countries() and (about == "" or about in abouts)
    is_bounded = (
        0 < len(email) <= EMAIL_LENGTH_MAX
        and len(text) <= REQUEST_LENGTH_MAX
        and len(representative) <= REPRESENTATIVE_LENGTH_MAX
        and "\x00" not in email + text + representative
    )
    kind, _, about_kind = chosen.partition(":")
    is_told = (kind != Kind.RECTIFICATION or about != "") and (kind not in NEEDS_TEXT or text != "")
    if not (is_listed and is_bounded and is_told and _is_address(email)):
        return None
    form_id = ids.read_id(data.get("form_id", ""))
    wanted = about if kind == Kind.RECTIFICATION else about_kind
    return AskedByAnybody(Kind(kind), About(wanted), country, email, text, representative, form_id)


def _is_address(email: str) -> bool:
    try:
        normalize_email(email)
    except EmailNotValid:
        return False
    return True
