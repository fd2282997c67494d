"""Two versions side by side in a person's words: what one gets, what is asked, for how long, who sees it. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import zip_longest

from django.utils.translation import gettext, override

from onloan.offers import wording
from onloan.offers.conditions import limits_sentence, reward_lines
from onloan.offers.consent import consent_text
from onloan.offers.document import Offer
from onloan.offers.vocabulary import said
from onloan.offers.wording import written_day

SIMILAR_MIN = 0.5
"""Two sentences that have less in common (of 1) are shown as two, not as one with words marked all over."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Some words of a sentence, and whether the other version does not have them."""

    text: str
    is_changed: bool


@dataclass(frozen=True, slots=True)
class Pair:
    """A sentence before and now; a side without pieces does not have it."""

    old: tuple[Piece, ...]
    new: tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class Compared:
    """One thing in both versions. A side without any line does not have it."""

    name: str
    old: tuple[str, ...]
    new: tuple[str, ...]

    @property
    def is_changed(self) -> bool:
        return self.old != self.new

    @property
    def pairs(self) -> tuple[Pair, ...]:
        """What changed, sentence by sentence, in the order of the page."""
        return tuple(
            _pair(before or "", after or "")
            for kind, i, j, k, m in SequenceMatcher(None, self.old, self.new, autojunk=False).get_opcodes()
            if kind != "equal"
            for before, after in zip_longest(self.old[i:j], self.new[k:m])
        )

    @property
    def kept(self) -> tuple[str, ...]:
        """The sentences that stay word for word."""
        blocks = SequenceMatcher(None, self.old, self.new, autojunk=False).get_matching_blocks()
        return tuple(line for block in blocks for line in self.old[block.a : block.a + block.size])


def _pair(before: str, after: str) -> Pair:
    # Words, what stands between them, and each sign apart, so that nothing is marked but what differs.
    old, new = (re.findall(r"\w+|\s+|[^\w\s]", text) for text in (before, after))
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    if matcher.ratio() < SIMILAR_MIN:
        return Pair(_pieces(old, [(0, len(old), True)]), _pieces(new, [(0, len(new), True)]))
    steps = matcher.get_opcodes()
    return Pair(
        _pieces(old, [(i, j, kind != "equal") for kind, i, j, _, _ in steps]),
        _pieces(new, [(k, m, kind != "equal") for kind, _, _, k, m in steps]),
    )


def _pieces(words: Sequence[str], spans: Sequence[tuple[int, int, bool]]) -> tuple[Piece, ...]:
    return tuple(Piece("".join(words[i:j]), is_changed) for i, j, is_changed in spans if i < j)


def compare_versions(old: Offer, new: Offer, country: str, language: str) -> tuple[Compared, ...]:
    """Every thing that either version says to people of ``country``, in the order in which the offer page says it.

    A market that the old version leaves out has nothing on its side. Raises KeyError when the new one does.
    """
    assert country in new.markets
    before, after = _say(old, country, language), _say(new, country, language)
    names = [*after, *(name for name in before if name not in after)]
    return tuple(
        Compared(label, before.get((key, label), ()), after.get((key, label), ())) for key, label in names
    )


def split_rows(rows: Sequence[Compared]) -> dict[str, list[Compared]]:
    """What a page shows of them: what changed, and folded what stays word for word."""
    return {
        "changed_rows": [row for row in rows if row.is_changed],
        "kept_rows": [row for row in rows if row.kept],
    }


def _say(offer: Offer, country: str, language: str) -> dict[tuple[str, str], tuple[str, ...]]:
    """By a key that is the same in both versions, with its name: the lines that people read."""
    if country not in offer.markets:
        return {}
    terms = offer.markets[country]
    with override(language):
        found: dict[tuple[str, str], tuple[str, ...]] = {
            ("title", gettext("Name of the campaign")): (said(offer.title, language),),
            ("rewards", gettext("What you get, and for what")): tuple(
                f"{line.amount} {line.nature}, {line.condition} ({line.limit}). {line.when}"
                for line in reward_lines(offer, country, language)
            ),
        }
        asked: list[str] = []
        for permission in offer.permissions:
            text = consent_text(offer, permission, country, language, None)
            parts = (text.sentence, text.who, text.excluded, text.reach, text.why)
            asked.append(" ".join(part for part in parts if part))
        found["asked", gettext("What you may allow, apart from the pot")] = tuple(asked) or (
            gettext("Nothing is asked."),
        )
        found["limits", gettext("Who counts, and until when")] = (limits_sentence(offer, country, language),)
        found["dates", gettext("When it runs")] = (
            f"{written_day(terms.opens_on, language)} – {written_day(terms.closes_on, language)}",
        )
        found["age", gettext("Age")] = (gettext("%(age)d or over") % {"age": terms.age_min},)
        found["payment", gettext("Cash is paid")] = (
            gettext("at most %(days)s after it counts") % {"days": wording.days(terms.payout_days)},
        )
    return found
