"""Every read of the breach register."""

from __future__ import annotations

from collections.abc import Iterable, Set
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from onloan.access.models import User
from onloan.breaches.entries import read_account
from onloan.breaches.models import Breach, Entry, Telling
from onloan.breaches.rules import (
    Account,
    Duty,
    EntryKind,
    Line,
    Risk,
    State,
    find_told,
    list_duties,
    list_missing,
    notification_due,
)
from onloan.breaches.telling import list_mails
from onloan.errors import NotFound
from onloan.markets.rules import known_countries, market_facts
from onloan.offers.document import Controller
from onloan.offers.queries import find_version, list_markets
from onloan.outbox.rules import STATE_FAILED, STATE_WAITING

LISTED_MAX = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryView:
    """One line of the record. ``by`` is a colleague's name, empty where the program did it."""

    kind: EntryKind
    at: datetime
    by: str
    values: dict[str, Any]
    note: str
    country: str
    told_at: datetime | None
    due_at: datetime | None
    authority_reference: str
    is_correction: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorityLine:
    """The authority of one touched country. ``due_at`` is None where its law names no hours, ``told_at`` until it
    was told."""

    country: str
    due_at: datetime | None
    told_at: datetime | None
    authority_reference: str

    @property
    def is_told_late(self) -> bool:
        return self.told_at is not None and self.due_at is not None and self.told_at > self.due_at


@dataclass(frozen=True, slots=True, kw_only=True)
class TellingView:
    """Telling people: of ``people_count`` at its beginning ``told_count`` were written to, ``waiting_count`` not
    yet; of their mails ``under_way_count`` are still tried, and ``failed_count`` did not arrive."""

    id: UUID
    countries: tuple[str, ...]
    offer_slug: str
    texts: dict[str, dict[str, str]]
    started_at: datetime
    started_by: str
    people_count: int
    told_count: int
    waiting_count: int
    under_way_count: int
    failed_count: int
    finished_at: datetime | None
    settled_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BreachLine:
    """A breach in the list. ``untold``: the touched countries whose authority is still to be told."""

    id: UUID
    reference: str
    facts: str
    aware_at: datetime
    countries: tuple[str, ...]
    risk: Risk
    state: State
    due_at: datetime | None
    closed_at: datetime | None
    untold: tuple[str, ...]

    def is_late(self, now: datetime) -> bool:
        return self.due_at is not None and self.due_at < now


@dataclass(frozen=True, slots=True, kw_only=True)
class BreachView:
    """A breach with all that was said of it. ``missing``: what art. 33(3) asks for and nobody wrote yet;
    ``duties``: what is to be done before it can be closed."""

    line: BreachLine
    account: Account
    risk_reason: str
    recorded_at: datetime
    recorded_by: str
    entries: tuple[EntryView, ...]
    authorities: tuple[AuthorityLine, ...]
    tellings: tuple[TellingView, ...]
    missing: tuple[str, ...]
    duties: tuple[Duty, ...]


def list_breaches(*, only_open: bool = False) -> list[BreachLine]:
    """Open ones first, by the time that is left, those without a clock after them; then the latest closed ones."""
    rows = list(Breach.objects.filter(state=State.OPEN))
    if not only_open:
        rows += Breach.objects.filter(state=State.CLOSED).order_by("-closed_at")[:LISTED_MAX]
    told = Entry.objects.filter(breach_id__in=[row.id for row in rows], kind=EntryKind.AUTHORITY_TOLD)
    known = set(told.values_list("breach_id", "country"))
    lines = [_line(row, {country for breach_id, country in known if breach_id == row.id}) for row in rows]
    opened = [line for line in lines if line.state is State.OPEN]
    opened.sort(key=lambda line: (line.due_at is None, line.due_at or line.aware_at))
    return opened + [line for line in lines if line.state is State.CLOSED]


def count_breaches(now: datetime) -> tuple[int, int]:
    """How many are open, and of how many an authority waits longer than the law allows."""
    return Breach.objects.filter(state=State.OPEN).count(), count_late_breaches(now)


def count_late_breaches(now: datetime) -> int:
    """One cheap statement, asked by every page of the console."""
    return Breach.objects.filter(due_at__lt=now).count()


def find_breach(breach_id: UUID) -> BreachView:
    """Raises NotFound."""
    row = Breach.objects.filter(id=breach_id).first()
    if row is None:
        raise NotFound
    account = read_account(row)
    rows = list(Entry.objects.filter(breach_id=breach_id).order_by("at", "id"))
    tellings = list(Telling.objects.filter(breach_id=breach_id).order_by("started_at", "id"))
    users = [row.recorded_by_user_id, *(entry.by_user_id for entry in rows if entry.by_user_id)]
    names = _names([*users, *(telling.started_by_user_id for telling in tellings)])
    entries = tuple(_entry(entry, names) for entry in rows)
    lines = [Line(entry.kind, entry.country, entry.told_at, entry.is_correction) for entry in entries]
    is_telling = any(telling.finished_at is None for telling in tellings)
    return BreachView(
        line=_line(row, find_told(lines).keys()),
        account=account,
        risk_reason=row.risk_reason,
        recorded_at=row.recorded_at,
        recorded_by=names.get(row.recorded_by_user_id, ""),
        entries=entries,
        authorities=_authorities(account, entries, find_told(lines)),
        tellings=tuple(_telling(telling, names) for telling in tellings),
        missing=tuple(list_missing(account)),
        duties=tuple(list_duties(account, Risk(row.risk), lines, is_telling=is_telling)),
    )


def _authorities(
    account: Account, entries: tuple[EntryView, ...], told: dict[str, datetime]
) -> tuple[AuthorityLine, ...]:
    references = {entry.country: entry.authority_reference for entry in entries if entry.authority_reference}
    return tuple(
        AuthorityLine(
            country=country,
            due_at=notification_due(account, country),
            told_at=told.get(country),
            authority_reference=references.get(country, ""),
        )
        for country in account.countries
    )


def list_market_countries() -> list[str]:
    """The countries in which the installation has or had a market."""
    return sorted({market.country for market in list_markets()})


def list_controllers(countries: Iterable[str]) -> list[Controller]:
    """Who answers for the offers in these countries, each once; for all offers where no country is known yet."""
    wanted = set(countries)
    found: dict[str, Controller] = {}
    for market in list_markets():
        if not wanted or market.country in wanted:
            controller = find_version(market.version_id).offer.controller
            found.setdefault(controller.name, controller)
    return list(found.values())


def find_team_time_zone() -> str:
    """The time zone in which the team reads and types: that of the country where the merchant is; UTC before there
    is an offer."""
    for controller in list_controllers(()):
        if controller.country in known_countries():
            return market_facts(controller.country).time_zone
    return "UTC"


def _line(row: Breach, told: Set[str]) -> BreachLine:
    needs_telling = row.state == State.OPEN and row.risk != Risk.UNLIKELY
    return BreachLine(
        id=row.id,
        reference=row.reference,
        facts=row.facts,
        aware_at=row.aware_at,
        countries=tuple(row.countries),
        risk=Risk(row.risk),
        state=State(row.state),
        due_at=row.due_at,
        closed_at=row.closed_at,
        untold=tuple(country for country in row.countries if needs_telling and country not in told),
    )


def _entry(row: Entry, names: dict[UUID, str]) -> EntryView:
    return EntryView(
        kind=EntryKind(row.kind),
        at=row.at,
        by=names.get(row.by_user_id, "") if row.by_user_id is not None else "",
        values=row.values,
        note=row.note,
        country=row.country,
        told_at=row.told_at,
        due_at=row.due_at,
        authority_reference=row.authority_reference,
        is_correction=row.is_correction,
    )


def _telling(row: Telling, names: dict[UUID, str]) -> TellingView:
    """Once it is settled the numbers that were written down count: the mails themselves are forgotten by then."""
    mails = list_mails(row.id)
    is_settled = row.settled_at is not None
    return TellingView(
        id=row.id,
        countries=tuple(row.countries),
        offer_slug=row.offer_slug,
        texts=row.texts,
        started_at=row.started_at,
        started_by=names.get(row.started_by_user_id, ""),
        people_count=row.people_count,
        told_count=row.told_count,
        waiting_count=0 if row.finished_at is not None else max(0, row.people_count - row.told_count),
        under_way_count=0 if is_settled else mails.filter(state=STATE_WAITING).count(),
        failed_count=row.failed_count or 0 if is_settled else mails.filter(state=STATE_FAILED).count(),
        finished_at=row.finished_at,
        settled_at=row.settled_at,
    )


def _names(user_ids: Iterable[UUID]) -> dict[UUID, str]:
    return dict(User.objects.filter(id__in=set(user_ids)).values_list("id", "name"))
