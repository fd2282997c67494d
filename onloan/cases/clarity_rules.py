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


def pick_channel(offer: Offer) -> str | None:
    """The place the questions are about: the one that most people can see, then the longest term, then the
    first, as misunderstanding that one costs most. None where an offer asks for nothing."""
    places = [(channel, permission) for permission in offer.permissions for channel in permission.channels]
    if not places:
        return None
    return max(places, key=lambda place: (CHANNELS[place[0]].is_public, place[1].term_days))[0]


def make_questions(offer: Offer, language: str) -> tuple[Question, ...]:
    """The three questions in ``language``; none where the offer asks for nothing to be shown.

    All three name the place alone, so that no question gives another one's answer away.
    """
    channel = pick_channel(offer)
    if channel is None:
        return ()
    asked = [permission for permission in offer.permissions if channel in permission.channels]
    names = [name for name in ITEMS if any(name in permission.items for permission in asked)]
    items = wording.listed((said(ITEMS[name].mine, language) for name in names), language)
    place = {"place": said(CHANNELS[channel].place, language)}
    with override(language):
        term = {"term": wording.days(max(permission.term_days for permission in asked))}
        right, *wrong = _say_who(channel, asked, language)
        return (
            _question(
                offer, "who", gettext("Who can see what I allow to be shown %(place)s?") % place, right, wrong
            ),
            _question(
                offer,
                "what",
                gettext("What of mine may be shown %(place)s, if I allow it?") % place,
                wording.sentence_case(gettext("only %(items)s") % {"items": items}),
                [
                    wording.sentence_case(gettext("%(items)s, and my e-mail") % {"items": items}),
                    gettext("Everything that I gave when I joined"),
                ],
            ),
            _question(
                offer,
                "until",
                gettext("Until when may it be shown %(place)s, if I allow it?") % place,
                gettext("For %(term)s at most, or until I take it back") % term,
                [
                    gettext("For %(term)s, and I cannot take it back before") % term,
                    gettext("For as long as the shop likes"),
                ],
            ),
        )


def _say_who(channel: str, asked: list[Permission], language: str) -> tuple[str, str, str]:
    """The right answer first. A public place can be read by anybody, for whomever it is meant."""
    everybody, nobody = gettext("Anybody who opens that page"), gettext("Nobody but the shop")
    if CHANNELS[channel].is_public:
        return everybody, gettext("Only people who joined"), nobody
    meant = dict.fromkeys(said(PURPOSES[permission.purpose].audience, language) for permission in asked)
    audience = gettext("It is shown %(audience)s only") % {"audience": wording.listed(meant, language)}
    return audience, everybody, nobody


def check_answers(questions: tuple[Question, ...], chosen: Mapping[str, str]) -> Answers:
    """Raises ValueError with the question that was not answered."""
    right = {}
    for question in questions:
        key = chosen.get(question.asked, "")
        if key not in {option.key for option in question.options}:
            raise ValueError(question.asked)
        right[question.asked] = key == RIGHT
    return Answers(right["who"], right["what"], right["until"])


def _question(offer: Offer, asked: Asked, text: str, right: str, wrong: list[str]) -> Question:
    options = [
        Option(RIGHT, right),
        *(Option(f"other-{place}", each) for place, each in enumerate(wrong, start=1)),
    ]
    # The same for everybody who reads this offer, and another one for each question.
    first = hashlib.sha256(f"{offer.slug}|{asked}".encode()).digest()[0] % len(options)
    return Question(asked, text, tuple(options[first:] + options[:first]))
