"""Two versions side by side in a person's words: what one gets, what is asked, for how long, who sees it. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext, override

from onloan.offers import wording
from onloan.offers.conditions import limits_sentence, reward_lines
from onloan.offers.consent import consent_text
from onloan.offers.document import Offer
from onloan.offers.vocabulary import said
from onloan.offers.wording import written_day


@dataclass(frozen=True, slots=True)
class Compared:
    """One thing in both versions. A side without any line does not have it."""

    name: str
    old: tuple[str, ...]
    new: tuple[str, ...]

    @property
    def is_changed(self) -> bool:
        return self.old != self.new


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
