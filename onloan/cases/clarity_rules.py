"""Three questions about what a version asks people to allow, with the right answers computed from it. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from django.utils.translation import gettext, override

from onloan.offers import wording
from onloan.offers.document import Offer, Permission
from onloan.offers.vocabulary import CHANNELS, ITEMS, PURPOSES, said

Asked = Literal["who", "what", "until"]
ASKED: tuple[Asked, ...] = ("who", "what", "until")
RIGHT = "right"


@dataclass(frozen=True, slots=True)
class Option:
    key: str
    text: str


@dataclass(frozen=True, slots=True)
class Question:
    """``options`` stand in an order that says nothing; exactly one of them has the key ``right``."""

    asked: Asked
    text: str
    options: tuple[Option, ...]

    @property
    def right(self) -> Option:
        return next(option for option in self.options if option.key == RIGHT)


@dataclass(frozen=True, slots=True)
class Answers:
    """Which of the three somebody got right."""

    who: bool
    what: bool
    until: bool


def pick_purpose(offer: Offer) -> str | None:
    """What the questions are about: the purpose that reaches most people, then lasts longest, then comes first, as
    misunderstanding that one costs most. None where an offer asks for nothing."""

    def cost(permission: Permission) -> tuple[bool, int]:
        return any(CHANNELS[channel].is_public for channel in permission.channels), permission.term_days

    if not offer.permissions:
        return None
    return max(offer.permissions, key=cost).purpose


def make_questions(offer: Offer, language: str) -> tuple[Question, ...]:
    """The three questions in ``language``; none where the offer asks for nothing to be shown."""
    purpose = pick_purpose(offer)
    if purpose is None:
        return ()
    asked = [permission for permission in offer.permissions if permission.purpose == purpose]
    items = [name for name in ITEMS if any(name in permission.items for permission in asked)]
    channels = [name for name in CHANNELS if any(name in permission.channels for permission in asked)]
    term_days = max(permission.term_days for permission in asked)
    listed = wording.listed((said(ITEMS[item].mine, language) for item in items), language)
    places = wording.listed((said(CHANNELS[channel].place, language) for channel in channels), language)
    audience = said(PURPOSES[purpose].audience, language)
    with override(language):
        term = wording.days(term_days)
        who = gettext("If I allow %(merchant)s to show %(items)s %(places)s: for whom is that meant?") % {
            "merchant": offer.controller.name, "items": listed, "places": places,
        }  # fmt: skip
        what = gettext("What may be shown %(audience)s, if I allow it?") % {"audience": audience}
        until = gettext("Until when may it be shown %(audience)s, if I allow it?") % {"audience": audience}
        return (
            _question(offer, "who", who, _sentence(audience), _other_audiences(offer, language)),
            _question(
                offer, "what", what, _sentence(gettext("only %(items)s") % {"items": listed}),
                (
                    _sentence(gettext("%(items)s, and my e-mail") % {"items": listed}),
                    gettext("Everything that I gave when I joined"),
                ),
            ),
            _question(
                offer, "until", until,
                gettext("For %(term)s at most, or until I take it back") % {"term": term},
                (
                    gettext("For %(term)s, and I cannot take it back before") % {"term": term},
                    gettext("For as long as the shop likes"),
                ),
            ),
        )  # fmt: skip


def check_answers(questions: tuple[Question, ...], chosen: Mapping[str, str]) -> Answers:
    """Raises ValueError with the question that was not answered."""
    right = {}
    for question in questions:
        key = chosen.get(question.asked, "")
        if key not in {option.key for option in question.options}:
            raise ValueError(question.asked)
        right[question.asked] = key == RIGHT
    return Answers(right["who"], right["what"], right["until"])


def _other_audiences(offer: Offer, language: str) -> tuple[str, str]:
    """Two groups for whom this version shows nothing at all."""
    used = {permission.purpose for permission in offer.permissions}
    others = [
        _sentence(said(purpose.audience, language))
        for purpose in PURPOSES.values()
        if purpose.is_asked and purpose.name not in used
    ]
    others += [gettext("For nobody: it is only kept"), gettext("For everybody in my phone's address book")]
    return others[0], others[1]


def _question(offer: Offer, asked: Asked, text: str, right: str, wrong: tuple[str, str]) -> Question:
    options = [Option(RIGHT, right), Option("other-1", wrong[0]), Option("other-2", wrong[1])]
    # The same for everybody who reads this version, and another one for each question.
    place = hashlib.sha256(f"{offer.slug}|{asked}".encode()).digest()[0] % len(options)
    return Question(asked, text, tuple(options[place:] + options[:place]))


def _sentence(text: str) -> str:
    return wording.sentence_case(text)
