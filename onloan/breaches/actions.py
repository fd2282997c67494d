"""Every write about a breach but telling people (``telling.py``). There is none that deletes one."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from onloan import ids
from onloan.breaches.entries import (
    add_entry,
    check_account,
    list_lines,
    lock_breach,
    lock_open_breach,
    read_account,
    read_reason,
    read_words,
    require_recorder,
    set_clock,
)
from onloan.breaches.errors import (
    AuthorityToldLate,
    BreachChangedMeanwhile,
    BreachCountryNotValid,
    BreachDutiesOpen,
    BreachNotClosed,
    BreachReasonNeeded,
    BreachUnchanged,
    RiskNeeded,
    ToldAtNotValid,
)
from onloan.breaches.models import Breach, Entry, Telling
from onloan.breaches.rules import (
    ACCOUNT_FIELDS,
    REASON_CHARACTERS_MAX,
    REFERENCE_CHARACTERS,
    REFERENCE_CHARACTERS_MAX,
    Account,
    EntryKind,
    Ground,
    Risk,
    State,
    find_changes,
    find_told,
    list_duties,
    notification_due,
    write_account,
)
from onloan.db import action
from onloan.errors import BadInput
from onloan.evidence.actions import append_entry


@action
def record_breach(*, facts: str, aware_at: datetime, user_id: UUID, now: datetime) -> UUID:
    """Start the clock: what happened, and when the team became aware. All else may follow (art. 33(4), (5)).

    Raises NotAllowed, BreachTextNeeded, BreachNamesSomebody, AwarenessNotValid.
    """
    member = require_recorder(user_id)
    account = check_account(Account(facts=facts, aware_at=aware_at), recorded_at=now, now=now)
    row = Breach(
        id=ids.new_id(),
        reference=ids.new_code(REFERENCE_CHARACTERS),
        recorded_at=now,
        recorded_by_user_id=user_id,
        risk=Risk.UNKNOWN,
        risk_reason="",
        state=State.OPEN,
        **_columns(account),
    )
    row.save(force_insert=True)
    add_entry(breach_id=row.id, kind=EntryKind.RECORDED, now=now, user_id=user_id, values=write_account(account))
    set_clock(row)
    append_entry(kind="breach_recorded", fields={"role": member.role}, occurred_at=now)
    return row.id


@action
def change_breach(
    *, breach_id: UUID, account: Account, note: str, entries_seen: int, user_id: UUID, now: datetime
) -> None:
    """Fill in or correct what is known. What stood there before stays in the entries, with who and when.

    ``entries_seen``: how many entries the member saw, so that nobody overwrites what a colleague wrote meanwhile.
    Another moment of awareness moves the clock, so ``note`` says why. Raises NotAllowed, NotFound, BreachClosed,
    BreachChangedMeanwhile, BreachUnchanged, BreachReasonNeeded and what ``check_account`` raises.
    """
    require_recorder(user_id)
    row = lock_open_breach(breach_id)
    if Entry.objects.filter(breach_id=breach_id).count() != entries_seen:
        raise BreachChangedMeanwhile
    before = read_account(row)
    after = check_account(account, recorded_at=row.recorded_at, now=now)
    changes = find_changes(before, after)
    if not changes:
        raise BreachUnchanged
    written = read_reason("note", note) if "aware_at" in changes else _read_note(note)
    for name, value in _columns(after).items():
        setattr(row, name, value)
    add_entry(breach_id=breach_id, kind=EntryKind.CHANGED, now=now, user_id=user_id, values=changes, note=written)
    set_clock(row)


@action
def assess_risk(*, breach_id: UUID, risk: Risk, reason: str, user_id: UUID, now: datetime) -> None:
    """Say how great the risk to people is, and why: no likely risk needs no notification (art. 33(1)).

    Raises NotAllowed, NotFound, BreachClosed, BadInput, BreachReasonNeeded, BreachNamesSomebody.
    """
    require_recorder(user_id)
    if risk is Risk.UNKNOWN:
        raise RiskNeeded(field="risk")
    row = lock_open_breach(breach_id)
    row.risk, row.risk_reason = risk, read_reason("reason", reason)
    add_entry(
        breach_id=breach_id,
        kind=EntryKind.ASSESSED,
        now=now,
        user_id=user_id,
        values={"risk": risk.value},
        note=row.risk_reason,
    )
    set_clock(row)


@action
def record_notification(
    *,
    breach_id: UUID,
    country: str,
    told_at: datetime,
    authority_reference: str,
    reasons: str,
    is_correction: bool,
    user_id: UUID,
    now: datetime,
) -> None:
    """Write down that the authority of a country was told. The first time counts for the clock, later ones are
    further information; ``is_correction``: what stood there was wrong.

    Raises NotAllowed, NotFound, BreachClosed, BreachCountryNotValid, ToldAtNotValid, BreachTextNeeded,
    BreachNamesSomebody, AuthorityToldLate.
    """
    member = require_recorder(user_id)
    row = lock_open_breach(breach_id)
    account = read_account(row)
    if country not in account.countries:
        raise BreachCountryNotValid(field="country")
    if not row.aware_at <= told_at <= now:
        raise ToldAtNotValid(field="told_at")
    is_first = is_correction or country not in find_told(list_lines(breach_id))
    due_at = notification_due(account, country) if is_first else None
    is_late = due_at is not None and told_at > due_at
    try:
        note = read_reason("reasons", reasons) if is_late else _read_note(reasons, "reasons")
    except BreachReasonNeeded as error:
        assert due_at is not None
        hours = int((due_at - row.aware_at).total_seconds() // 3600)
        raise AuthorityToldLate(field="reasons", hours=hours) from error
    add_entry(
        breach_id=breach_id,
        kind=EntryKind.AUTHORITY_TOLD,
        now=now,
        user_id=user_id,
        note=note,
        country=country,
        told_at=told_at,
        due_at=due_at,
        authority_reference=read_words("authority_reference", authority_reference, REFERENCE_CHARACTERS_MAX),
        is_correction=is_correction,
    )
    set_clock(row)
    append_entry(
        kind="breach_authority_told",
        fields={"market": country, "role": member.role, **({"reason": "late"} if is_late else {})},
        occurred_at=now,
    )


@action
def decline_telling(*, breach_id: UUID, ground: str, reason: str, user_id: UUID, now: datetime) -> None:
    """Say on which of the three grounds people are not told although the risk is high (art. 34(3)).

    Raises NotAllowed, NotFound, BreachClosed, RiskNeeded, BadInput, BreachReasonNeeded, BreachNamesSomebody.
    """
    require_recorder(user_id)
    row = lock_open_breach(breach_id)
    if row.risk != Risk.HIGH:
        raise RiskNeeded
    if ground not in set(Ground):
        raise BadInput(field="ground", problem=", ".join(known.value for known in Ground))
    add_entry(
        breach_id=breach_id,
        kind=EntryKind.PEOPLE_NOT_TOLD,
        now=now,
        user_id=user_id,
        values={"ground": ground},
        note=read_reason("why_not", reason),
    )
    set_clock(row)


@action
def note_breach(*, breach_id: UUID, text: str, user_id: UUID, now: datetime) -> None:
    """Add a line for the team, to an open or a closed record. Raises NotAllowed, NotFound, BreachTextNeeded,
    BreachNamesSomebody."""
    require_recorder(user_id)
    row = lock_breach(breach_id)
    note = read_words("text", text, REASON_CHARACTERS_MAX, is_needed=True)
    add_entry(breach_id=row.id, kind=EntryKind.NOTED, now=now, user_id=user_id, note=note)


@action
def close_breach(*, breach_id: UUID, reason: str, user_id: UUID, now: datetime) -> None:
    """Nothing is left to do: the record is closed, and is kept for five years from now.

    Raises NotAllowed, NotFound, BreachClosed, BreachDutiesOpen, BreachReasonNeeded, BreachNamesSomebody.
    """
    require_recorder(user_id)
    row = lock_open_breach(breach_id)
    is_telling = Telling.objects.filter(breach_id=breach_id, finished_at=None).exists()
    if list_duties(read_account(row), Risk(row.risk), list_lines(breach_id), is_telling=is_telling):
        raise BreachDutiesOpen
    note = read_reason("why_closed", reason)
    row.state, row.closed_at = State.CLOSED, now
    add_entry(breach_id=breach_id, kind=EntryKind.CLOSED, now=now, user_id=user_id, note=note)
    set_clock(row)


@action
def reopen_breach(*, breach_id: UUID, reason: str, user_id: UUID, now: datetime) -> None:
    """Something came out after all. The clock still runs from the first awareness. Raises NotAllowed, NotFound,
    BreachNotClosed, BreachReasonNeeded, BreachNamesSomebody."""
    require_recorder(user_id)
    row = lock_breach(breach_id)
    if row.state != State.CLOSED:
        raise BreachNotClosed
    note = read_reason("why_open", reason)
    row.state, row.closed_at = State.OPEN, None
    add_entry(breach_id=breach_id, kind=EntryKind.REOPENED, now=now, user_id=user_id, note=note)
    set_clock(row)


def _read_note(text: str, field: str = "note") -> str:
    return read_words(field, text, REASON_CHARACTERS_MAX)


def _columns(account: Account) -> dict[str, object]:
    values = {name: getattr(account, name) for name in ACCOUNT_FIELDS}
    return {**values, "countries": list(account.countries)}
