"""What an answer to a case must say, put together from its parts. Pure.

A refusal, whole or in part, says why, who can be complained to, and that a court can be asked (GDPR art. 12(4));
erasure is refused only on two of the grounds of art. 17(3), each with its end.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from django.utils.translation import gettext as _

from onloan.cases.rules import Kind, Outcome

DONE_CHARACTERS_MIN = 20
TEXT_CHARACTERS_MAX = 4_000


class Ground(StrEnum):
    """Why something of a person stays although they asked for erasure: the whole list."""

    LEGAL_OBLIGATION = "legal_obligation"
    LEGAL_CLAIMS = "legal_claims"


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What the member of the team writes. The last three belong to erasure that is refused or partly done."""

    done: str
    reasons: str = ""
    ground: Ground | None = None
    law: str = ""
    kept_until: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """What every answer says beside it. ``authority`` is the one of the person's country."""

    reference: str
    authority: str
    authority_url: str
    is_eu: bool


def find_missing(kind: Kind, outcome: Outcome, parts: Parts) -> list[str]:
    """What the answer lacks, in words; empty when it can go out."""
    missing: list[str] = []
    if len(parts.done.strip()) < DONE_CHARACTERS_MIN:
        missing.append(_("what was done, in a sentence"))
    if max(len(parts.done), len(parts.reasons)) > TEXT_CHARACTERS_MAX:
        missing.append(_("a shorter text"))
    if outcome in {Outcome.REFUSED, Outcome.PARTLY_DONE}:
        if len(parts.reasons.strip()) < DONE_CHARACTERS_MIN:
            missing.append(_("the reasons"))
        if kind is Kind.ERASURE:
            if parts.ground is None:
                missing.append(_("one of the grounds on which something may stay"))
            if not parts.law.strip():
                missing.append(_("the law that asks for it"))
            if parts.kept_until is None:
                missing.append(_("the day on which it goes"))
    return missing


_BUY_OFF = re.compile(
    r"(if|provided|in return|once) you (withdraw|drop|close|retract)|settle\w* (of )?all|non-?disclosure"
    r"|si vous (retirez|abandonnez|renoncez)|en \w*change (du|de votre) (retrait|silence)"
    r"|pour solde de tout compte",
    re.IGNORECASE,
)
_BAR = re.compile(
    r"(must|have to|need to) (first )?(contact|ask|write to) us( first)?|contact us first"
    r"|before (you )?(contact|complain)"
    r"|(devez|il faut) (d['’]abord )?nous (contacter|crire|demander)|d['’]abord nous|avant de saisir",
    re.IGNORECASE,
)


def find_forbidden(parts: Parts, *, is_eu: bool) -> tuple[str, str] | None:
    """Words that no answer may hold, and why; None when there are none."""
    for text in (parts.done, parts.reasons):
        if (found := _BUY_OFF.search(text)) is not None:
            return found.group(), _("no right or complaint is bought off")
        if is_eu and (found := _BAR.search(text)) is not None:
            return found.group(), _("nobody has to ask us before they complain to the authority")
    return None


def compose(outcome: Outcome, parts: Parts, frame: Frame) -> str:
    """The whole answer in the active language, as it is previewed, mailed and kept."""
    opening = _("Our answer to your request %(reference)s.") % {"reference": frame.reference}
    paragraphs = [opening, parts.done.strip()]
    if parts.reasons.strip():
        paragraphs.append(_("Why not more:") + "\n" + parts.reasons.strip())
    if parts.ground is not None and parts.kept_until is not None:
        paragraphs.append(
            _("What stays, stays because of %(law)s, until %(day)s, and is used for nothing else.")
            % {"law": parts.law.strip(), "day": parts.kept_until.isoformat()}
        )
    paragraphs.append(
        _(
            "If you are not content with this answer, you can complain to %(authority)s (%(url)s), without asking "
            "us before, and you can go to court. It costs you nothing that you earned."
        )
        % {"authority": frame.authority, "url": frame.authority_url}
    )
    return "\n\n".join(paragraphs)
