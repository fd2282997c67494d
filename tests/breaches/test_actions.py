"""A breach is recorded, filled in, judged, told and closed; what cannot be is refused and stores nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from django.db import IntegrityError, transaction

from onloan.access.rules import Role
from onloan.breaches import errors
from onloan.breaches.actions import (
    assess_risk,
    change_breach,
    close_breach,
    decline_telling,
    note_breach,
    record_breach,
    record_notification,
    reopen_breach,
)
from onloan.breaches.models import Breach, Entry
from onloan.breaches.queries import count_breaches, find_breach, list_breaches
from onloan.breaches.rules import Duty, EntryKind, Risk, State
from onloan.errors import BadInput, NotAllowed, OnloanError
from onloan.evidence.actions import number_entries
from onloan.evidence.models import LoggedEntry
from tests.breaches.world import AWARE, NOW, WHY, assess, change, record
from tests.joining.support import open_market
from tests.referrals.crowd import member

HOUR = timedelta(hours=1)


@pytest.fixture
def dora(sqlite_database: str) -> UUID:
    return open_market().team.dora


def tell(breach_id: UUID, dora: UUID, *, hours: float = 1, now_hours: float = 4, **changes: object) -> None:
    values = {
        "country": "FR", "told_at": AWARE + hours * HOUR, "authority_reference": "CNIL-1", "reasons": "",
        "is_correction": False, "now": AWARE + now_hours * HOUR, **changes,
    }  # fmt: skip
    record_notification(breach_id=breach_id, user_id=dora, **values)  # type: ignore[arg-type]


def refused(code: str, function: object, **values: object) -> None:
    """It is refused with this code, and nothing is written."""
    entries = Entry.objects.count()
    with pytest.raises(OnloanError) as caught:
        function(**values)  # type: ignore[operator]
    assert caught.value.code == code and str(caught.value)
    assert Entry.objects.count() == entries


def test_two_facts_start_the_clock(both_databases: str) -> None:
    dora = open_market().team.dora
    breach = find_breach(record(dora))
    assert breach.line.due_at == AWARE + 72 * HOUR and breach.line.state is State.OPEN
    assert breach.duties == (Duty.ASSESS, Duty.COUNTRIES) and "effects" in breach.missing
    assert (breach.recorded_by, breach.entries[0].kind) == ("Dora", EntryKind.RECORDED)
    assert count_breaches(AWARE + 71 * HOUR) == (1, 0) and count_breaches(AWARE + 73 * HOUR) == (1, 1)
    number_entries()
    body = bytes(LoggedEntry.objects.order_by("-log_index").values_list("body", flat=True)[0])
    assert b'"kind":"breach_recorded"' in body and b'"role":"dpo"' in body


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.DPO])
def test_only_data_protection_writes(dora: UUID, role: Role) -> None:
    breach_id, other = record(dora), member("Olga", role.value)
    with pytest.raises(NotAllowed):
        record(other)
    with pytest.raises(NotAllowed):
        assess(breach_id, other)
    assert Breach.objects.count() == 1 and Entry.objects.count() == 1


def test_what_nobody_can_know_is_not_recorded(dora: UUID) -> None:
    known = {"facts": "A file lay open.", "aware_at": AWARE, "user_id": dora, "now": NOW}
    refused("E-BREACH-AWARE", record_breach, **{**known, "aware_at": NOW + timedelta(seconds=1)})
    refused("E-BREACH-AWARE", record_breach, **{**known, "aware_at": NOW - timedelta(days=3 * 366)})
    refused("E-BREACH-TEXT", record_breach, **{**known, "facts": " \n"})
    refused("E-BREACH-TEXT", record_breach, **{**known, "facts": "a" * 4_001})
    refused("E-BREACH-NAMES", record_breach, **{**known, "facts": "Sent to eva@example.org by mistake."})
    assert not Breach.objects.exists()


def test_each_phase_keeps_what_stood_there(dora: UUID) -> None:
    breach_id = record(dora)
    change(
        breach_id, dora, effects="Somebody may have read usernames.", people_count=40, contact="dpo@shop.example"
    )
    change(breach_id, dora, effects="Nobody read them.", note="The access log is there now.")
    breach = find_breach(breach_id)
    assert breach.account.effects == "Nobody read them." and breach.account.people_count == 40
    assert [entry.values for entry in breach.entries[1:]] == [
        {
            "effects": "Somebody may have read usernames.", "people_count": 40, "contact": "dpo@shop.example",
        },
        {"effects": "Nobody read them."},
    ]  # fmt: skip
    assert {entry.by for entry in breach.entries} == {"Dora"}


def test_a_change_that_cannot_be_is_refused(dora: UUID) -> None:
    breach_id = record(dora)
    account = find_breach(breach_id).account

    def attempt(code: str, seen: int = 1, note: str = "", **changes: object) -> None:
        refused(
            code, change_breach, breach_id=breach_id, account=replace(account, **changes), note=note,  # type: ignore[arg-type]
            entries_seen=seen, user_id=dora, now=NOW,
        )  # fmt: skip

    attempt("E-BREACH-SAME")
    attempt("E-BREACH-CHANGED", seen=0, effects="None.")
    attempt("E-BREACH-COUNTRY", countries=("ES",))
    attempt("E-BREACH-COUNT", people_count=-1)
    attempt("E-BREACH-COUNT", records_count=10**11)
    attempt("E-BREACH-WHEN", happened_from=AWARE + HOUR)
    attempt("E-BREACH-TEXT", contact="a" * 501)
    attempt("E-BREACH-NAMES", measures="We wrote to eva@example.org.")
    attempt("E-BREACH-REASON", aware_at=AWARE - HOUR)
    attempt("E-BREACH-AWARE", aware_at=NOW + HOUR, note=WHY)


def test_another_moment_of_awareness_moves_the_clock(dora: UUID) -> None:
    breach_id = record(dora)
    Breach.objects.update(alarm_hours=6)
    change(breach_id, dora, aware_at=AWARE - 10 * HOUR, note="The night shift saw it first.")
    row = Breach.objects.get()
    assert row.due_at == AWARE + 62 * HOUR and row.alarm_hours is None, "the new instant has alarms of its own"


def test_no_likely_risk_needs_a_reason_and_no_authority(dora: UUID) -> None:
    breach_id = record(dora)
    judged = {"breach_id": breach_id, "user_id": dora, "now": NOW}
    refused("E-BREACH-REASON", assess_risk, **judged, risk=Risk.UNLIKELY, reason="no")
    refused("E-BREACH-RISK", assess_risk, **judged, risk=Risk.UNKNOWN, reason=WHY)
    assess(breach_id, dora, Risk.UNLIKELY)
    breach = find_breach(breach_id)
    assert breach.line.due_at is None and breach.duties == () and breach.risk_reason == WHY
    assess(breach_id, dora, Risk.RISK)
    assert find_breach(breach_id).line.due_at == AWARE + 72 * HOUR, "the clock began with the awareness"


def test_later_than_72_hours_needs_reasons(both_databases: str) -> None:
    dora = open_market().team.dora
    breach_id = record(dora)
    refused("E-BREACH-COUNTRY", tell, breach_id=breach_id, dora=dora)
    change(breach_id, dora, countries=("FR",))
    with pytest.raises(errors.AuthorityToldLate) as caught:
        tell(breach_id, dora, hours=72.1, now_hours=80)
    assert caught.value.fields == {"hours": 72} and find_breach(breach_id).line.due_at == AWARE + 72 * HOUR
    tell(breach_id, dora, hours=72.1, now_hours=80, reasons="We first had to find out whose data it was.")
    breach = find_breach(breach_id)
    assert breach.line.due_at is None and breach.authorities[0].is_told_late
    assert breach.authorities[0].authority_reference == "CNIL-1"
    number_entries()
    body = bytes(LoggedEntry.objects.order_by("-log_index").values_list("body", flat=True)[0])
    assert b'"kind":"breach_authority_told"' in body and b'"reason":"late"' in body
    # And the database refuses it by itself.
    entry = Entry.objects.get(kind=EntryKind.AUTHORITY_TOLD)
    entry.id, entry.note = UUID(int=entry.id.int + 1), ""
    with pytest.raises(IntegrityError), transaction.atomic():
        entry.save(force_insert=True)


def test_further_information_is_never_late_and_a_correction_is(dora: UUID) -> None:
    breach_id = record(dora)
    change(breach_id, dora, countries=("FR",))
    tell(breach_id, dora, hours=1)
    tell(breach_id, dora, hours=90, now_hours=91)
    assert find_breach(breach_id).authorities[0].told_at == AWARE + HOUR
    wrong = {"breach_id": breach_id, "dora": dora, "now_hours": 91, "is_correction": True}
    refused("E-BREACH-LATE", tell, **wrong, hours=80)
    tell(**wrong, hours=80, reasons="The first form had not gone through.")  # type: ignore[arg-type]
    assert find_breach(breach_id).authorities[0].is_told_late
    refused("E-BREACH-TOLD", tell, **{**wrong, "hours": -1})
    refused("E-BREACH-TOLD", tell, **{**wrong, "hours": 92})


def test_switzerland_has_no_hours_and_is_told_all_the_same(sqlite_database: str) -> None:
    """As soon as possible is data of the market; the register asks for nothing but that it is done."""
    dora = open_market().team.dora
    breach_id = record(dora)
    Breach.objects.update(countries=["CH"])
    assess(breach_id, dora, Risk.RISK)
    breach = find_breach(breach_id)
    assert breach.line.due_at is None and breach.authorities[0].due_at is None
    assert breach.duties == (Duty.AUTHORITY,)
    tell(breach_id, dora, country="CH", hours=200, now_hours=201)
    assert not find_breach(breach_id).authorities[0].is_told_late


def test_people_are_not_told_only_on_one_of_three_grounds(dora: UUID) -> None:
    breach_id = record(dora)
    declined = {"breach_id": breach_id, "ground": "averted", "reason": WHY, "user_id": dora, "now": NOW}
    refused("E-BREACH-RISK", decline_telling, **declined)
    assess(breach_id, dora)
    refused("E-BREACH-REASON", decline_telling, **{**declined, "reason": ""})
    with pytest.raises(BadInput):
        decline_telling(breach_id=breach_id, ground="busy", reason=WHY, user_id=dora, now=NOW)
    assert Duty.PEOPLE in find_breach(breach_id).duties
    decline_telling(breach_id=breach_id, ground="averted", reason=WHY, user_id=dora, now=NOW)
    assert Duty.PEOPLE not in find_breach(breach_id).duties


def test_it_is_closed_when_nothing_is_left_and_reopens_with_its_clock(dora: UUID) -> None:
    breach_id = record(dora)
    ending = {"breach_id": breach_id, "reason": WHY, "user_id": dora, "now": NOW}
    refused("E-BREACH-DUTIES", close_breach, **ending)
    refused("E-BREACH-OPEN", reopen_breach, **ending)
    assess(breach_id, dora, Risk.UNLIKELY)
    refused("E-BREACH-REASON", close_breach, **{**ending, "reason": "done"})
    close_breach(breach_id=breach_id, reason=WHY, user_id=dora, now=NOW)
    refused("E-BREACH-CLOSED", close_breach, **ending)
    refused("E-BREACH-CLOSED", assess_risk, **ending, risk=Risk.HIGH)
    note_breach(breach_id=breach_id, text="The insurer was told.", user_id=dora, now=NOW)
    assert count_breaches(AWARE + 99 * HOUR) == (0, 0)
    reopen_breach(breach_id=breach_id, reason="Somebody opened the file.", user_id=dora, now=NOW)
    assess(breach_id, dora, Risk.RISK)
    assert find_breach(breach_id).line.due_at == AWARE + 72 * HOUR


def test_open_ones_stand_on_top_by_the_time_that_is_left(dora: UUID) -> None:
    late, closed, soon = (record(dora, aware_at=AWARE - hours * HOUR) for hours in (0, 1, 5))
    assess(closed, dora, Risk.UNLIKELY)
    close_breach(breach_id=closed, reason=WHY, user_id=dora, now=NOW)
    judged = record(dora, aware_at=AWARE - 9 * HOUR)
    assess(judged, dora, Risk.UNLIKELY)
    assert [line.id for line in list_breaches()] == [soon, late, judged, closed]
    assert [line.id for line in list_breaches(only_open=True)] == [soon, late, judged]
