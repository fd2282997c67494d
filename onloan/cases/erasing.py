"""Erasure: what goes and what stays, said beforehand; then done in one transaction, once nothing is owed any more.

While money is under way the data are kept for paying only: every permission has ended and the gate denies.
What they earned is never lost by it: vouchers and slips stay good without their owner, cash is paid before.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.db import connection

from onloan import db, keys
from onloan.cases.actions import OpenedCase, open_case
from onloan.cases.models import Case, CaseEvent
from onloan.cases.rules import Door, EventKind, Kind, State
from onloan.cases.timeline import record_event
from onloan.consents.actions import stop_consents
from onloan.consents.rules import EndReason
from onloan.db import action
from onloan.errors import NotFound
from onloan.evidence.actions import append_entry, forget_person
from onloan.ledger.models import Reward
from onloan.ledger.rules import RewardState
from onloan.money import Money
from onloan.outbox.models import Message
from onloan.payouts.actions import remove_account
from onloan.payouts.models import Payable
from onloan.payouts.rules import PayableState
from onloan.people.actions import set_flag
from onloan.people.erasing import erase_person
from onloan.people.models import Participant
from onloan.people.queries import find_participant, read_item
from onloan.people.statements import lock_participant
from onloan.referrals.reviews import forget_marks

GOES = "goes"
STAYS = "stays"
FILE_NAME = "erased.log"

STORES: tuple[tuple[str, str], ...] = (
    ("people_person_key", GOES), ("people_item", GOES), ("people_item_change", GOES),
    ("people_lookup_record", GOES), ("people_email_lookup", GOES), ("people_code_lookup", GOES),
    ("evidence_link", GOES), ("outbox_message", GOES), ("payouts_payee", GOES), ("referrals_mark", GOES),
    # What is left names nobody: amounts, days, counts, and answers that a claim can be about.
    ("consents_consent", STAYS), ("consents_receipt", STAYS), ("uses_use", STAYS), ("uses_serving", STAYS),
    ("uses_notice", STAYS), ("uses_takedown", STAYS), ("ledger_account", STAYS), ("ledger_transfer", STAYS),
    ("ledger_reward", STAYS), ("vouchers_voucher", STAYS), ("vouchers_redemption", STAYS),
    ("payouts_payable", STAYS), ("payouts_payment", STAYS), ("payouts_slip", STAYS),
    ("payouts_year_note", STAYS), ("referrals_link", STAYS), ("referrals_attribution", STAYS),
    ("referrals_event", STAYS), ("referrals_signal", STAYS), ("referrals_review", STAYS),
    ("cases_case", STAYS), ("cases_event", STAYS), ("cases_sighting", STAYS), ("cases_restriction", STAYS),
    ("cases_erasure", STAYS),
)  # fmt: skip
"""Every table with rows about a person, and what erasure does to them."""


@dataclass(frozen=True, slots=True)
class ErasurePlan:
    """What erasing a person waits for. ``cash`` is owed and on no slip, or under way; ``waiting_count`` counts
    rewards that are promised and not earned or refused yet. Both empty: it can be done at once."""

    cash: Money | None
    waiting_count: int
    is_begun: bool

    @property
    def is_ready(self) -> bool:
        return self.cash is None and not self.waiting_count


def plan_erasure(participant_id: UUID) -> ErasurePlan:
    """The dry run. Raises NotFound."""
    person = find_participant(participant_id)
    if person is None or person.erased_at is not None:
        raise NotFound
    owed = list(
        Payable.objects.filter(
            participant_id=participant_id, state__in=[PayableState.OWED, PayableState.IN_BATCH]
        ).values_list("amount_minor", "currency")
    )
    waiting = Reward.objects.filter(
        participant_id=participant_id, state__in=[RewardState.PENDING.value, RewardState.HELD.value]
    ).count()
    cash = Money(sum(amount for amount, _ in owed), owed[0][1]) if owed else None
    return ErasurePlan(cash, waiting, _find_begun(participant_id) is not None)


def _find_begun(participant_id: UUID) -> UUID | None:
    begun = CaseEvent.objects.filter(participant_id=participant_id, kind=EventKind.ERASURE_STARTED)
    is_open = Case.objects.filter(participant_id=participant_id, kind=Kind.ERASURE, state=State.OPEN)
    found: UUID | None = begun.filter(case_id__in=is_open.values("id")).values_list("case_id", flat=True).first()
    return found


@action
def start_erasure(*, participant_id: UUID, country: str, language: str, text: str, now: datetime) -> OpenedCase:
    """The person asks, on their own page. From this commit nothing of them is shown; recipients are told; what is
    owed is paid first. Raises what ``open_case`` raises, NotFound."""
    lock_participant(participant_id)
    email = read_item(participant_id, "email")
    opened = open_case(
        kind=Kind.ERASURE,
        country=country,
        language=language,
        door=Door.MY_PAGE,
        text=text,
        contact=email.decode() if email is not None else None,
        participant_id=participant_id,
        now=now,
    )
    set_flag(participant_id=participant_id, flag="restricted", now=now)
    stop_consents(participant_id=participant_id, reason=EndReason.ERASED, now=now)
    if _find_begun(participant_id) is None:
        record_event(case_id=opened.case_id, kind=EventKind.ERASURE_STARTED, now=now, is_shown=True)
    return opened


def finish_erasures(*, now: datetime) -> int:
    """Erase whoever asked and is owed nothing any more. A periodic job; how many were erased."""
    begun = CaseEvent.objects.filter(kind=EventKind.ERASURE_STARTED).values("case_id")
    waiting = Case.objects.filter(kind=Kind.ERASURE, state=State.OPEN, id__in=begun)
    alive = Participant.objects.filter(erased_at=None).values("id")
    erased = 0
    for participant_id, case_id in list(
        waiting.filter(participant_id__in=alive).values_list("participant_id", "id")
    ):
        assert participant_id is not None, "it is somebody who joined"
        erased += _erase(participant_id=participant_id, case_id=case_id, now=now)
    if erased:
        sweep_traces()
    return erased


@action
def _erase(*, participant_id: UUID, case_id: UUID | None, now: datetime) -> bool:
    """One transaction: all of it, or nothing. False while something is owed."""
    lock_participant(participant_id)
    if not plan_erasure(participant_id).is_ready:
        return False
    stop_consents(participant_id=participant_id, reason=EndReason.ERASED, now=now)
    forget_marks(participant_id=participant_id)
    remove_account(participant_id=participant_id)
    Message.objects.filter(participant_id=participant_id).delete()
    erase_person(participant_id=participant_id, now=now)
    forget_person(participant_id=participant_id)
    append_entry(kind="person_erased", fields={"count": 1}, occurred_at=now)
    if case_id is not None:
        record_event(case_id=case_id, kind=EventKind.ERASED, now=now, is_shown=True)
    _note_outside(participant_id)
    return True


def _note_outside(participant_id: UUID) -> None:
    """A token outside the database, with which a restored backup is compared. It comes before the commit: one that
    is missing would bring a person back, one too many belongs to somebody who asked for it."""
    with (Path(settings.HOME) / FILE_NAME).open("a", encoding="ascii") as file:
        file.write(_token(participant_id) + "\n")


def _token(participant_id: UUID) -> str:
    return keys.keyed_hash("erased-person", participant_id.hex)


def erase_again(*, now: datetime) -> int:
    """After a restore: erase whoever had been erased when the backup was not made yet. How many there were."""
    try:
        tokens = set((Path(settings.HOME) / FILE_NAME).read_text(encoding="ascii").split())
    except FileNotFoundError:
        return 0
    back = [
        participant_id
        for participant_id in Participant.objects.filter(erased_at=None).values_list("id", flat=True).iterator()
        if _token(participant_id) in tokens
    ]
    again = sum(_erase(participant_id=participant_id, case_id=None, now=now) for participant_id in back)
    if again:
        sweep_traces()
    return again


def sweep_traces() -> None:
    """Take the deleted rows out of the database's own files: SQLite overwrites them (``secure_delete``) and
    empties its log; PostgreSQL vacuums the tables. WAL archives and backups keep theirs until their own time."""
    assert not connection.in_atomic_block, "sweeping is no part of a transaction"
    with connection.cursor() as cursor:
        if not db.is_postgresql():
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            return
        for table, fate in STORES:
            if fate == GOES:
                cursor.execute(f"VACUUM {table}")
