"""What an answer to a case must say, put together from its parts. Pure.

A refusal, whole or in part, says why, who can be complained to, and that a court can be asked (GDPR art. 12(4));
of an erasure something stays only on two of the grounds of art. 17(3), each with its end, and one is refused as a
whole only where nobody can find out who asks (art. 12(2)), or with the proof that it is unfounded (art. 12(5)).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

from django.utils.functional import Promise
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from onloan.cases.clocks import RIGHTS
from onloan.cases.rules import About, Kind, Outcome
from onloan.cases.wording import find_bar, find_buy_off
from onloan.offers.wording import written_day

DONE_CHARACTERS_MIN = 20
PROOF_CHARACTERS_MIN = 50
TEXT_CHARACTERS_MAX = 4_000
LAW_CHARACTERS_MAX = 200
NOT_ALL = frozenset({Outcome.REFUSED, Outcome.PARTLY_DONE})
_BLANK = re.compile(r"\[[^\[\]]{1,40}\]")
"""What a suggested sentence leaves to whoever answers: ``[what changes]``."""
_CAN_HOLD_NOTHING = frozenset({Kind.ACCESS, Kind.PORTABILITY, Kind.ERASURE, Kind.RECTIFICATION, Kind.SIGHTING})
_NEEDS_SOMEBODY = frozenset(RIGHTS) - {Kind.OBJECTION}
"""What can only be done for somebody who is known; an address gets no advertising whosever it is."""
_HELD_OF_EVERYBODY = frozenset({Kind.ACCESS, Kind.PORTABILITY})
"""What is never answered with nothing while there is somebody about whom something is held."""


class Ground(StrEnum):
    """Why something of a person stays although they asked for erasure, or why nothing is done: the whole list."""

    LEGAL_OBLIGATION = "legal_obligation"
    LEGAL_CLAIMS = "legal_claims"
    NOT_IDENTIFIABLE = "not_identifiable"
    UNFOUNDED = "unfounded"


OF_THE_WHOLE = frozenset({Ground.NOT_IDENTIFIABLE, Ground.UNFOUNDED})
"""These refuse a request, and keep nothing: so no law and no day belongs to them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What the member of the team writes. The last four belong to erasure that is refused or partly done;
    ``proof``, kept and not sent, to one that is unfounded."""

    done: str
    reasons: str = ""
    ground: Ground | None = None
    law: str = ""
    kept_until: date | None = None
    proof: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """What every answer says beside it. ``authority`` is the one of the person's country. ``is_shown_again``: what
    they had said is wrong can be allowed again; ``is_checked_again``: a program looks at their rewards again.
    ``is_unasked``: nobody wrote to us, it is about a payment that was late. ``gap`` names what of their copy could
    not be read."""

    kind: Kind
    reference: str
    authority: str
    authority_url: str
    gap: str = ""
    is_shown_again: bool = False
    is_checked_again: bool = False
    is_unasked: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What was asked, of whom. ``is_known``: a participant is tied to it; ``is_erased``: nothing of them is left.
    ``is_noted``: nobody is, and the address is kept as one that gets no advertising. ``gap``: what of their copy
    could not be read."""

    kind: Kind
    about: About = About.NOTHING
    is_known: bool
    is_erased: bool = False
    is_noted: bool = False
    gap: str = ""


def list_outcomes(asked: Asked) -> list[Outcome]:
    """How it can end. Nothing is held about whoever is no participant, unless their address is noted; about a
    participant it answers only a question about what is held, and only where nothing is."""
    left_out = {each for each in Outcome if needs_somebody(asked, each)}
    if not _can_hold_nothing(asked):
        left_out.add(Outcome.NOTHING_HELD)
    if asked.gap:
        left_out.add(Outcome.DONE)
    return [outcome for outcome in Outcome if outcome not in left_out]


def list_grounds(*, is_known: bool) -> list[Ground]:
    """Of what an answer to a request for erasure can rest on; whoever is known needs not be found out."""
    return [ground for ground in Ground if ground is not Ground.NOT_IDENTIFIABLE or not is_known]


def _can_hold_nothing(asked: Asked) -> bool:
    if not asked.is_known:
        return not asked.is_noted and (asked.kind in RIGHTS or asked.kind is Kind.SIGHTING)
    if asked.kind in _HELD_OF_EVERYBODY:
        return asked.is_erased
    return asked.kind in _CAN_HOLD_NOTHING


def needs_somebody(asked: Asked, outcome: Outcome) -> bool:
    """Whether the answer says that something was done, and nobody is known for whom it could have been. An address
    that is noted gets no advertising; of an objection to both that is a part."""
    if asked.is_known or outcome not in {Outcome.DONE, Outcome.PARTLY_DONE}:
        return False
    if asked.kind is not Kind.OBJECTION:
        return asked.kind in _NEEDS_SOMEBODY
    noted = {About.MARKETING: Outcome.DONE, About.NOTHING: Outcome.PARTLY_DONE}
    return not asked.is_noted or outcome is not noted.get(asked.about)


def keep_fitting(kind: Kind, outcome: Outcome, parts: Parts) -> Parts:
    """The parts without what stays, where nothing stays: an erasure that is refused or partly done says it."""
    if kind is Kind.ERASURE and outcome in NOT_ALL:
        proof = parts.proof.strip() if parts.ground is Ground.UNFOUNDED else ""
        if parts.ground in OF_THE_WHOLE:
            return replace(parts, proof=proof, law="", kept_until=None)
        return replace(parts, proof=proof)
    return Parts(done=parts.done, reasons=parts.reasons)


def has_unfit_reasons(outcome: Outcome, parts: Parts) -> bool:
    """Whether the answer says why not more although nothing was refused."""
    return outcome not in NOT_ALL and bool(parts.reasons.strip())


def find_missing(kind: Kind, outcome: Outcome, parts: Parts, today: date) -> list[tuple[str, str]]:
    """What the answer lacks: the field and what it is, in words; empty when it can go out. The ground of a refused
    erasure is looked at by ``needs_ground``. ``today`` is a day where the person lives."""
    missing: list[tuple[str, str]] = []
    if len(parts.done.strip()) < DONE_CHARACTERS_MIN:
        missing.append(("done", _("what was done, in a sentence")))
    for name, text in (("done", parts.done), ("reasons", parts.reasons)):
        if len(text) > TEXT_CHARACTERS_MAX:
            missing.append((name, _("a shorter text")))
        if (blank := _BLANK.search(text)) is not None:
            missing.append((name, _("your own words in place of %(blank)s") % {"blank": blank.group()}))
    if outcome in NOT_ALL:
        if len(parts.reasons.strip()) < DONE_CHARACTERS_MIN:
            missing.append(("reasons", _("the reasons")))
        if parts.ground is Ground.UNFOUNDED and len(parts.proof) < PROOF_CHARACTERS_MIN:
            missing.append(("proof", _("the proof, in at least %(minimum)d characters") % _PROOF))
        if kind is Kind.ERASURE and parts.ground is not None and parts.ground not in OF_THE_WHOLE:
            if not parts.law.strip():
                missing.append(("law", _("the law that asks for it")))
            if parts.kept_until is None:
                missing.append(("kept_until", _("the day on which it goes")))
            elif parts.kept_until <= today:
                missing.append(("kept_until", _("a day to come on which it goes")))
    return missing


def needs_ground(kind: Kind, outcome: Outcome, parts: Parts) -> bool:
    """Whether something stays of a person who asked for erasure, and no ground of the list is given, or one that
    is of no use for a part."""
    if kind is not Kind.ERASURE or outcome not in NOT_ALL:
        return False
    return parts.ground is None or (outcome is Outcome.PARTLY_DONE and parts.ground in OF_THE_WHOLE)


def find_forbidden(parts: Parts, *, is_eu: bool) -> tuple[str, str, str] | None:
    """The field, the words that no answer may hold, and why; None when there are none."""
    for name, text in (("done", parts.done), ("reasons", parts.reasons)):
        if (words := find_buy_off(text)) is not None:
            return name, words, _("no right or complaint is bought off")
        if is_eu and (words := find_bar(text)) is not None:
            return name, words, _("nobody has to ask us before they complain to the authority")
    return None


_PROOF = {"minimum": PROOF_CHARACTERS_MIN}
_WHY_NOT: dict[Ground | None, Promise] = {
    Ground.NOT_IDENTIFIABLE: gettext_lazy(
        "We asked you for something that would tell us who you are, and could not find it out (GDPR, article "
        "12(2)). Nothing was done in anybody's name. You can ask again at any time."
    ),
    Ground.UNFOUNDED: gettext_lazy(
        "We hold that this request is manifestly unfounded or excessive (GDPR, article 12(5)). You can ask again "
        "at any time."
    ),
}


def says_what_stays(kind: Kind, outcome: Outcome) -> bool:
    """Whether the answer lists what is kept and until when: where something was erased."""
    return kind is Kind.ERASURE and outcome in {Outcome.DONE, Outcome.PARTLY_DONE}


def compose(parts: Parts, frame: Frame, stays: str = "") -> str:
    """The whole answer in the active language, as it is previewed, mailed and kept. ``stays``: what is kept."""
    of_what = _("Our answer to your request %(reference)s.")
    if frame.is_unasked:
        of_what = _("About our late payment, number %(reference)s.")
    elif frame.kind is Kind.COMPLAINT:
        of_what = _("Our answer to your complaint %(reference)s.")
    paragraphs = [of_what % {"reference": frame.reference}, parts.done.strip()]
    if parts.reasons.strip():
        why = _("Why:") if frame.kind is Kind.COMPLAINT else _("Why not more:")
        paragraphs.append(why + "\n" + parts.reasons.strip())
    if parts.ground is not None and parts.kept_until is not None:
        paragraphs.append(
            _("What stays, stays because of %(law)s, until %(day)s, and is used for nothing else.")
            % {"law": parts.law.strip(), "day": write_day(parts.kept_until)}
        )
    if parts.ground in OF_THE_WHOLE:
        paragraphs.append(str(_WHY_NOT[parts.ground]))
    if stays:
        paragraphs.append(stays)
    if frame.gap:
        paragraphs.append(
            _(
                "This part of your copy could not be read yet: %(gap)s. It follows, and you do not have to ask "
                "again."
            )
            % {"gap": frame.gap}
        )
    if frame.is_shown_again:
        paragraphs.append(_("From now on it can be shown again, if you allow it anew on your page."))
    if frame.is_checked_again:
        paragraphs.append(_("From now on a program looks at your rewards again. You can object at any time."))
    paragraphs.append(
        _(
            "If you are not content with this answer, you can complain to %(authority)s (%(url)s), without asking "
            "us before, and you can go to court. It costs you nothing that you earned."
        )
        % {"authority": frame.authority, "url": frame.authority_url}
    )
    return "\n\n".join(paragraphs)


def write_day(day: date) -> str:
    """As a letter in the active language writes it."""
    language = get_language() or "en"
    return written_day(day, language)
