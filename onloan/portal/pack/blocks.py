"""What a section of the page is made of, and what every section needs to write days, amounts and names."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

from babel import Locale
from babel.numbers import get_currency_precision
from django.conf import settings
from django.utils.functional import Promise
from django.utils.text import capfirst
from django.utils.translation import gettext, gettext_lazy, ngettext

from onloan.cases.pack.building import Pack
from onloan.cases.pack.forms import Row
from onloan.money import Money
from onloan.offers.blocks import Section as Text
from onloan.portal import words
from onloan.portal.campaign import Campaign
from onloan.portal.used import name_items

ROWS_SHOWN_MAX = 50
"""Of a table on the page, the newest first; its file has them all."""

SECTION_TITLES: dict[str, Promise] = {
    "who": gettext_lazy("Who we are"),
    "you": gettext_lazy("Who you are here"),
    "allowed": gettext_lazy("What you allowed, refused and took back"),
    "used": gettext_lazy("What was used"),
    "received": gettext_lazy("Who received it, by name"),
    "money": gettext_lazy("Your pot, your rewards, your payments"),
    "vouchers": gettext_lazy("Your vouchers and slips"),
    "link": gettext_lazy("Your link, and where we know of you from"),
    "checks": gettext_lazy("Checks against cheating, and who decides"),
    "asked": gettext_lazy("What you asked, and our answers"),
    "changes": gettext_lazy("What you changed, and who of the team looked"),
    "mails": gettext_lazy("Mails to you"),
    "log": gettext_lazy("Entries of the record that are about you"),
    "why": gettext_lazy("Why we keep it, for how long, and your rights"),
    "files": gettext_lazy("What is left out, and the other files"),
}

Fact = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Grid:
    """A table with a caption. ``more`` says where the rest of its rows is, if they are not all shown."""

    caption: str
    head: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]
    more: str = ""


@dataclass(frozen=True, slots=True)
class Card:
    """One thing with its facts. ``text`` is what we answered, in its own language; ``steps`` are lines in their
    order, ``picture`` is a file of the zip and ``picture_words`` what it shows. ``is_allowed``: whether ``state``
    is a yes that stands; None for what is no permission."""

    title: str
    state: str = ""
    facts: Sequence[Fact] = ()
    text: str = ""
    text_language: str = ""
    steps: Sequence[str] = ()
    picture: str = ""
    picture_words: str = ""
    is_allowed: bool | None = None


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the page. ``sources`` are those that it tells of; ``lines`` are sentences with what stands behind
    each; ``missing`` names what could not be read."""

    key: str
    title: str
    sources: tuple[str, ...] = ()
    lead: Sequence[str] = ()
    facts: Sequence[Fact] = ()
    cards: Sequence[Card] = ()
    points: Sequence[str] = ()
    lines: Sequence[tuple[str, str]] = ()
    grids: Sequence[Grid] = ()
    notes: Sequence[str] = ()
    texts: Sequence[Text] = ()
    missing: Sequence[str] = field(default=())


@dataclass(frozen=True, slots=True)
class Teller:
    """The pack and the campaign in whose words it is told."""

    pack: Pack
    campaign: Campaign

    @property
    def language(self) -> str:
        return self.campaign.language

    @property
    def merchant(self) -> str:
        return self.campaign.merchant

    def rows(self, source: str) -> list[Row]:
        """The rows of a source; none where it did not answer, or is not in this part."""
        return self.pack.content.get(source, [])

    def day(self, value: date | datetime | None) -> str:
        return "" if value is None else words.day(value, self.language, self.campaign.time_zone)

    def moment(self, value: datetime | None) -> str:
        return "" if value is None else words.moment(value, self.language, self.campaign.time_zone)

    def money(self, row: Row, name: str = "amount") -> str:
        """An amount of a row as a reader writes it."""
        currency: str = row["currency"]
        minor = Decimal(row[name]).scaleb(get_currency_precision(currency))
        return Money(int(minor), currency).format(self.language)

    def times(self, count: int) -> str:
        if count == 0:
            return gettext("never")
        number = {"number": words.number(count, self.language)}
        return ngettext("%(number)s time", "%(number)s times", count) % number

    def items(self, names: Iterable[str]) -> str:
        """``Your username and your profile photo``."""
        found = list(names)
        return capfirst(name_items(found, self.language)) if found else ""

    def country(self, code: str) -> str:
        return str(Locale(self.language).territories.get(code, code)) if code else ""

    def name_language(self, code: str) -> str:
        return capfirst(str(Locale(self.language).languages.get(code, code)))

    def name_recipient(self, recipient: str) -> str:
        """The legal name, as the version says it under which something was used."""
        named = [row for source in ("uses", "mass_uses", "notices", "takedowns") for row in self.rows(source)]
        names = {row["recipient"]: row["recipient_name"] for row in named}
        return str(names.get(recipient, recipient))

    def address(self, path: str) -> str:
        """A page of this installation, to be opened from a file."""
        return f"{settings.PUBLIC_URL}{path}"

    def grid(
        self, caption: str, head: tuple[str, ...], rows: Sequence[tuple[str, ...]], source: str
    ) -> list[Grid]:
        """A table of the newest rows, none where there are no rows. ``rows`` come the newest first."""
        if not rows:
            return []
        more = ""
        if len(rows) > ROWS_SHOWN_MAX:
            more = gettext("The newest %(shown)s of %(all)s; all of them are in the file %(file)s.") % {
                "shown": words.number(ROWS_SHOWN_MAX, self.language),
                "all": words.number(len(rows), self.language),
                "file": f"csv/{source}.csv",
            }
        return [Grid(caption, head, rows[:ROWS_SHOWN_MAX], more)]


def label(name: str, value: str) -> str:
    """``30 May 2027: paid``, as the language puts its colon."""
    return gettext("%(name)s: %(value)s") % {"name": name, "value": value}


def filled(facts: Iterable[Fact]) -> list[Fact]:
    """Facts about which there is something to say."""
    return [(label, value) for label, value in facts if value]
