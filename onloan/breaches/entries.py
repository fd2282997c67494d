"""What every write about a breach does: look at who may, lock the record, add an entry, set the clock anew."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from onloan import ids
from onloan.access.rules import Capability
from onloan.access.team import Member, find_member_by_id, require
from onloan.breaches.errors import (
    AwarenessNotValid,
    BreachClosed,
    BreachCountNotValid,
    BreachCountryNotValid,
    BreachNamesSomebody,
    BreachReasonNeeded,
    BreachTextNeeded,
    BreachTimesNotValid,
)
from onloan.breaches.models import Breach, Entry
from onloan.breaches.rules import (
    ACCOUNT_FIELDS,
    COUNT_MAX,
    COUNTS,
    REASON_CHARACTERS_MAX,
    REASON_CHARACTERS_MIN,
    TEXTS,
    Account,
    EntryKind,
    Line,
    Risk,
    State,
    Value,
    find_told,
    is_awareness,
    is_happening,
    is_reason,
    names_somebody,
    next_due,
)
from onloan.errors import NotFound
from onloan.lines import check_plain
from onloan.offers.queries import list_markets


def require_recorder(user_id: UUID) -> Member:
    """The member, if their role writes the register. Raises NotAllowed, NotFound."""
    member = find_member_by_id(user_id)
    require(member, Capability.RECORD_BREACHES)
    return member


def lock_breach(breach_id: UUID) -> Breach:
    """The record, until the end of the transaction against any other write about it. Raises NotFound."""
    row = Breach.objects.select_for_update().filter(id=breach_id).first()
    if row is None:
        raise NotFound
    return row


def lock_open_breach(breach_id: UUID) -> Breach:
    """The same. Raises NotFound, BreachClosed."""
    row = lock_breach(breach_id)
    if row.state != State.OPEN:
        raise BreachClosed
    return row


def read_account(row: Breach) -> Account:
    values = {name: getattr(row, name) for name in ACCOUNT_FIELDS}
    return Account(**{**values, "countries": tuple(row.countries)})


def list_lines(breach_id: UUID) -> list[Line]:
    """The entries of a breach as its clock reads them, the first one first."""
    rows = Entry.objects.filter(breach_id=breach_id).order_by("at", "id")
    return [
        Line(EntryKind(kind), country, told_at, is_correction)
        for kind, country, told_at, is_correction in rows.values_list(
            "kind", "country", "told_at", "is_correction"
        )
    ]


def add_entry(
    *,
    breach_id: UUID,
    kind: EntryKind,
    now: datetime,
    user_id: UUID | None = None,
    values: dict[str, Value] | None = None,
    note: str = "",
    country: str = "",
    told_at: datetime | None = None,
    due_at: datetime | None = None,
    authority_reference: str = "",
    is_correction: bool = False,
) -> None:
    """Write one line of the record, in the caller's transaction. Nothing changes or deletes it before its time."""
    Entry.objects.create(
        id=ids.new_id(),
        breach_id=breach_id,
        kind=kind,
        at=now,
        by_user_id=user_id,
        values=values or {},
        note=note,
        country=country,
        told_at=told_at,
        due_at=due_at,
        authority_reference=authority_reference,
        is_correction=is_correction,
    )


def set_clock(row: Breach) -> None:
    """Look anew until when an authority is to be told. Another instant has alarms of its own."""
    due_at = None
    if row.state == State.OPEN:
        due_at = next_due(read_account(row), Risk(row.risk), find_told(list_lines(row.id)))
    if due_at != row.due_at:
        row.due_at, row.alarm_hours = due_at, None
    row.save(force_update=True)


def read_words(
    field: str, text: str, characters_max: int, *, is_needed: bool = False, is_contact: bool = False
) -> str:
    """A text as it is kept. ``is_contact``: the merchant's own address belongs there, and nowhere else. Raises
    BreachTextNeeded, BreachNamesSomebody."""
    try:
        written = check_plain(text, characters_max)
    except ValueError as error:
        raise BreachTextNeeded(field=field, maximum=characters_max) from error
    if is_needed and not written:
        raise BreachTextNeeded(field=field, maximum=characters_max)
    if not is_contact and names_somebody(written):
        raise BreachNamesSomebody(field=field)
    return written


def read_reason(field: str, text: str) -> str:
    """Why something was judged so. Raises BreachReasonNeeded, BreachNamesSomebody."""
    try:
        written = check_plain(text, REASON_CHARACTERS_MAX)
    except ValueError:
        written = ""
    if not is_reason(written):
        raise BreachReasonNeeded(field=field, minimum=REASON_CHARACTERS_MIN, maximum=REASON_CHARACTERS_MAX)
    if names_somebody(written):
        raise BreachNamesSomebody(field=field)
    return written


def check_account(account: Account, *, recorded_at: datetime, now: datetime) -> Account:
    """The account as it is kept. Raises BreachTextNeeded, BreachNamesSomebody, AwarenessNotValid,
    BreachTimesNotValid, BreachCountNotValid, BreachCountryNotValid."""
    if not is_awareness(account.aware_at, recorded_at):
        raise AwarenessNotValid(field="aware_at")
    if not is_happening(account, now):
        raise BreachTimesNotValid(field="happened_from")
    for name in COUNTS:
        count = getattr(account, name)
        if count is not None and not 0 <= count <= COUNT_MAX:
            raise BreachCountNotValid(field=name)
    countries = tuple(sorted(set(account.countries)))
    if not set(countries) <= {market.country for market in list_markets()}:
        raise BreachCountryNotValid(field="countries")
    return replace(
        account,
        countries=countries,
        facts=_words(account, "facts"),
        people_categories=_words(account, "people_categories"),
        record_categories=_words(account, "record_categories"),
        effects=_words(account, "effects"),
        measures=_words(account, "measures"),
        contact=_words(account, "contact"),
    )


def _words(account: Account, name: str) -> str:
    return read_words(
        name, getattr(account, name), TEXTS[name], is_needed=name == "facts", is_contact=name == "contact"
    )
