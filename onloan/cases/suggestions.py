"""Sentences that an answer can be put together from, in each language. Whoever answers picks one and changes it.

A suggestion never claims what the program cannot know: blanks in brackets are for the member of the team.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.conf import settings
from django.utils import translation
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from onloan.cases.answers import write_day
from onloan.cases.clocks import RIGHTS
from onloan.cases.late_payment_queries import LatePaymentView
from onloan.cases.rules import (
    OBJECTS_TO_CHECKS,
    OBJECTS_TO_MARKETING,
    TAKEN_FOR_DAYS,
    About,
    Kind,
    LateEnd,
    Outcome,
    Reach,
)
from onloan.money import Money

_KNOWN = frozenset({Reach.PAGE, Reach.NUMBER, Reach.LETTER})


@dataclass(frozen=True, slots=True)
class Suggestion:
    """``field`` is where it goes: what was done, or the reasons. ``abouts``: what the request must be about for
    it; None where that does not matter."""

    name: str
    outcome: Outcome
    words: Promise
    field: str = "done"
    reaches: frozenset[Reach] = _KNOWN
    abouts: frozenset[About] | None = None


@dataclass(frozen=True, slots=True)
class SuggestedText:
    """A suggestion in the person's language, and what it means in the reader's; empty where it is the same."""

    name: str
    outcome: Outcome
    field: str
    text: str
    meaning: str


_NOTHING_HELD = Suggestion(
    "nothing-held",
    Outcome.NOTHING_HELD,
    _("We looked for you under the address that you wrote from, and hold nothing about you but this message."),
    reaches=frozenset(Reach),
)
_SOMEBODY_ELSE = Suggestion(
    "somebody-else",
    Outcome.PARTLY_DONE,
    _("The rest is about somebody else as well, and showing it would harm them."),
    "reasons",
)

_BY_NUMBER = Suggestion(
    "by-number",
    Outcome.DONE,
    _(
        "You find your copy with the number of your request, for %(days)s days from today, at %(follow_page)s. It "
        "is made at the moment you take it."
    ),
    reaches=frozenset({Reach.NUMBER}),
)
_WITH_GAP = (
    Suggestion("with-gap", Outcome.PARTLY_DONE, _("You get a copy of what we keep about you, but for one part.")),
    Suggestion(
        "why-gap",
        Outcome.PARTLY_DONE,
        _("That part could not be read when the copy was made. We try again each hour."),
        "reasons",
    ),
)

_SUGGESTIONS: Mapping[Kind, tuple[Suggestion, ...]] = {
    Kind.ACCESS: (
        Suggestion(
            "on-page",
            Outcome.DONE,
            _(
                "A copy of everything that we keep about you is on your page. You can take it there: a page that "
                "you can read and print, and the same as files."
            ),
            reaches=frozenset({Reach.PAGE}),
        ),
        _BY_NUMBER,
        Suggestion(
            "by-letter",
            Outcome.DONE,
            _("A copy of everything that we keep about you comes with this letter."),
            reaches=frozenset({Reach.LETTER}),
        ),
        *_WITH_GAP,
        _SOMEBODY_ELSE,
        _NOTHING_HELD,
    ),
    Kind.PORTABILITY: (
        Suggestion(
            "on-page",
            Outcome.DONE,
            _(
                "A file with what you gave us is on your page. You can take it there, and other programs can read "
                "it."
            ),
            reaches=frozenset({Reach.PAGE}),
        ),
        _BY_NUMBER,
        Suggestion(
            "by-letter",
            Outcome.DONE,
            _("A file with what you gave us comes with this letter. Other programs can read it."),
            reaches=frozenset({Reach.LETTER}),
        ),
        *_WITH_GAP,
        _NOTHING_HELD,
    ),
    Kind.RECTIFICATION: (
        Suggestion(
            "corrected",
            Outcome.DONE,
            _(
                "We corrected it. It is shown as you wrote it from now on, and whoever had received the old one "
                "was told."
            ),
        ),
        Suggestion(
            "entry-added",
            Outcome.DONE,
            _(
                "We added an entry that corrects the amount. The earlier one stays, so that the books can be "
                "checked."
            ),
        ),
        Suggestion(
            "is-right",
            Outcome.REFUSED,
            _("We compared what we keep with what you wrote, and left it as it is."),
        ),
        Suggestion(
            "why-right",
            Outcome.REFUSED,
            _(
                "It is what you gave us on [day], and nothing that you sent us shows that it is wrong. You can "
                "send more."
            ),
            "reasons",
        ),
        _NOTHING_HELD,
    ),
    Kind.ERASURE: (
        Suggestion(
            "erased",
            Outcome.DONE,
            _(
                "What we kept about you is erased, and whoever had received it was told. Your vouchers and slips "
                "stay good."
            ),
        ),
        Suggestion(
            "erased-in-part",
            Outcome.PARTLY_DONE,
            _("What we kept about you is erased, but for what the law asks us to keep."),
        ),
        Suggestion(
            "accounts",
            Outcome.PARTLY_DONE,
            _("The law on accounts asks us to keep what was paid to you, and on which day."),
            "reasons",
        ),
        Suggestion(
            "not-identifiable",
            Outcome.REFUSED,
            _("We could erase nothing, as we do not know which of our participants you are."),
            reaches=frozenset({Reach.NOBODY}),
        ),
        Suggestion(
            "why-not-identifiable",
            Outcome.REFUSED,
            _(
                "On [day] we asked you for something that only you and the shop know. We had no answer from which "
                "we could tell who you are."
            ),
            "reasons",
            reaches=frozenset({Reach.NOBODY}),
        ),
        _NOTHING_HELD,
    ),
    Kind.RESTRICTION: (
        Suggestion(
            "restricted",
            Outcome.DONE,
            _(
                "Your data are kept and not used. What you earned is still paid. Before this ends we write to "
                "you; you can end it yourself on your page."
            ),
            reaches=frozenset({Reach.PAGE}),
        ),
        Suggestion(
            "restricted-by-letter",
            Outcome.DONE,
            _("Your data are kept and not used. What you earned is still paid. Before this ends we write to you."),
            reaches=frozenset({Reach.NUMBER, Reach.LETTER}),
        ),
        _NOTHING_HELD,
    ),
    Kind.OBJECTION: (
        Suggestion(
            "stays",
            Outcome.DONE,
            _("We stopped that use, and it stays so. What you earned is yours, and is paid on the same days."),
            abouts=OBJECTS_TO_MARKETING,
        ),
        Suggestion(
            "by-a-person",
            Outcome.DONE,
            _("From now on a person of our team looks at your rewards, and no program alone."),
            abouts=OBJECTS_TO_CHECKS,
        ),
        Suggestion(
            "address-noted",
            Outcome.DONE,
            _("We noted your address: no advertising goes to it."),
            reaches=frozenset({Reach.NOBODY}),
            abouts=frozenset({About.MARKETING}),
        ),
        Suggestion(
            "address-noted-in-part",
            Outcome.PARTLY_DONE,
            _("We noted your address: no advertising goes to it."),
            reaches=frozenset({Reach.NOBODY}),
            abouts=frozenset({About.NOTHING}),
        ),
        Suggestion(
            "nobody-checked",
            Outcome.PARTLY_DONE,
            _("We found nobody who joined with your address, so there are no rewards that a program looks at."),
            "reasons",
            frozenset({Reach.NOBODY}),
            frozenset({About.NOTHING}),
        ),
        _NOTHING_HELD,
    ),
    Kind.WITHDRAWAL: (
        Suggestion(
            "taken-back",
            Outcome.DONE,
            _(
                "We stopped showing it, and whoever had received it was told. Copies that other people made we "
                "cannot call back. You keep everything that you earned."
            ),
        ),
        _NOTHING_HELD,
    ),
    Kind.COMPLAINT: (
        Suggestion(
            "upheld",
            Outcome.DONE,
            _("You are right, and we are sorry. We found that [what happened]. From now on [what changes]."),
        ),
        Suggestion(
            "upheld-in-part",
            Outcome.PARTLY_DONE,
            _("You are right about [what], and we are sorry. From now on [what changes]."),
        ),
        Suggestion(
            "not-upheld",
            Outcome.REFUSED,
            _(
                "We looked into what you wrote: [what was looked at]. We found that it was done as it had been "
                "promised."
            ),
        ),
        Suggestion(
            "why-not-upheld",
            Outcome.REFUSED,
            _("Our records show [what], on [day]. You can ask us for a copy of them."),
            "reasons",
        ),
    ),
    Kind.SIGHTING: (
        Suggestion(
            "taken-down",
            Outcome.DONE,
            _("You are right: it was shown after its end. It is taken down, and we found out why: [why]."),
        ),
        Suggestion(
            "not-ours",
            Outcome.REFUSED,
            _(
                "We looked at the page that you named. Neither we nor anybody who received something from us "
                "shows it."
            ),
        ),
        Suggestion(
            "why-not-ours",
            Outcome.REFUSED,
            _(
                "Our records hold no use of yours in that place. Whoever runs that page can take it down; ask "
                "them."
            ),
            "reasons",
        ),
        Suggestion(
            "nothing-recorded",
            Outcome.NOTHING_HELD,
            _("We looked at the page that you named, and at our records: we hold nothing about you."),
        ),
    ),
}  # fmt: skip


def list_suggestions(
    kind: Kind, language: str, *, reach: Reach, about: About = About.NOTHING, has_gap: bool = False
) -> list[SuggestedText]:
    """What fits a case of this kind, in the person's ``language``, beside its meaning in the active one.
    ``has_gap``: a part of their copy could not be read."""
    found = []
    for each in _SUGGESTIONS[kind]:
        if each in _WITH_GAP and not has_gap:
            continue
        if not _is_for(each, kind, reach) or (each.abouts is not None and about not in each.abouts):
            continue
        meaning = _fill(each.words)
        with translation.override(language):
            text = _fill(each.words)
        found.append(SuggestedText(each.name, each.outcome, each.field, text, "" if meaning == text else meaning))
    return found


def _is_for(suggestion: Suggestion, kind: Kind, reach: Reach) -> bool:
    """A complaint, or a sighting, is answered without knowing who it is."""
    return kind not in RIGHTS or reach in suggestion.reaches


def _fill(words: Promise) -> str:
    follow_page = f"{settings.PUBLIC_URL}/{translation.get_language() or 'en'}/requests/follow/"
    return str(words).replace("%(follow_page)s", follow_page).replace("%(days)s", str(TAKEN_FOR_DAYS))


_LATE_UNPAID = Suggestion(
    "late-unpaid",
    Outcome.DONE,
    _(
        "You should have had %(amount)s by %(due)s. It is late by our fault, and we are sorry: [why]. We pay it "
        "by [day]. You need not do anything."
    ),
)
_LATE_PAID = Suggestion(
    "late-paid",
    Outcome.DONE,
    _(
        "We paid you %(amount)s on %(paid)s. You should have had it by %(due)s. It was late by our fault, and we "
        "are sorry: [why]. From now on [what changes]."
    ),
)
_LATE_MOVED = Suggestion(
    "late-moved",
    Outcome.DONE,
    _(
        "You should have had %(amount)s by %(due)s. It was late by our fault, and we are sorry: [why]. It is "
        "still yours: [how it reaches them now]."
    ),
)


def list_late_suggestions(payments: Sequence[LatePaymentView], language: str) -> list[SuggestedText]:
    """What fits the case of a late payment, with its amounts and days: for what was paid, for what was moved, and
    for what is still late."""
    found = []
    for each, is_meant in (
        (_LATE_PAID, [line for line in payments if line.end is LateEnd.PAID]),
        (_LATE_UNPAID, [line for line in payments if line.end is None]),
        (_LATE_MOVED, [line for line in payments if line.end not in {None, LateEnd.PAID}]),
    ):
        if not is_meant:
            continue
        meaning = _say_late(each, is_meant, translation.get_language() or "en")
        text = _say_late(each, is_meant, language)
        found.append(SuggestedText(each.name, each.outcome, each.field, text, "" if meaning == text else meaning))
    return found


def _say_late(suggestion: Suggestion, lines: Sequence[LatePaymentView], language: str) -> str:
    total = Money(sum(line.amount.amount_minor for line in lines), lines[0].amount.currency)
    paid = [line.ended_on for line in lines if line.ended_on is not None]
    with translation.override(language):
        return str(suggestion.words) % {
            "amount": total.format(language),
            "due": write_day(lines[0].due_on),
            "paid": write_day(max(paid)) if paid else "",
        }
