"""Money that can reach nobody holds no erasure up: before the last day in law it goes onto the person's slip."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from uuid import UUID

from django.db.models import Exists, OuterRef, QuerySet

from onloan import clock, db
from onloan.cases.bearer import bearer_code
from onloan.cases.erasing import choose_way
from onloan.cases.erasure_queries import is_money_waiting
from onloan.cases.merchants import sign_mail
from onloan.cases.models import Case, Erasure
from onloan.cases.rules import ErasureWay, show_reference
from onloan.db import action
from onloan.markets.rules import market_facts
from onloan.outbox.statements import mail_statement
from onloan.payouts.models import Payable, Payee
from onloan.payouts.rules import PayableState
from onloan.people.queries import read_item
from onloan.people.statements import lock_participant
from onloan.vouchers.codes import group_code

DAYS_BEFORE = 3
"""So many days before the last day in law."""


def is_time_for_slip(legal_due_on: date, today: date) -> bool:
    return legal_due_on - today <= timedelta(days=DAYS_BEFORE)


def list_for_slip(now: datetime) -> QuerySet[Erasure]:
    """What is paid first and whose last day in law is near: most that wait have weeks."""
    # A day begins first where the clock is furthest ahead.
    latest = (now + timedelta(hours=14)).date() + timedelta(days=DAYS_BEFORE)
    near = Case.objects.filter(id=OuterRef("case_id"), legal_due_on__lte=latest)
    return Erasure.objects.filter(Exists(near), erased_at=None, way=ErasureWay.PAID_FIRST)


@action
def give_slip(*, erasure_id: UUID, now: datetime) -> bool:
    """Whoever is paid first and never said where is erased in time all the same: the way becomes the slip, and
    they get its code once more. False while there is time, or an account to pay to."""
    row = Erasure.objects.get(id=erasure_id)
    lock_participant(row.participant_id)
    row = Erasure.objects.get(id=erasure_id)
    if row.case_id is None or row.erased_at is not None or row.way != ErasureWay.PAID_FIRST:
        return False
    case = Case.objects.get(id=row.case_id)
    today = clock.local_day(now, market_facts(case.country).time_zone)
    if not is_time_for_slip(case.legal_due_on, today) or not _is_stuck(row.participant_id):
        return False
    choose_way(participant_id=row.participant_id, way=ErasureWay.SLIP, now=now)
    _mail_code(row, case, today)
    return True


def _is_stuck(participant_id: UUID) -> bool:
    """Whether money waits for an account: none was given, or the bank refused the one that was."""
    if not is_money_waiting(participant_id):
        return False
    account = Payee.objects.filter(participant_id=participant_id, problem__isnull=True)
    under_way = Payable.objects.filter(participant_id=participant_id, state=PayableState.IN_BATCH)
    return not account.exists() and not under_way.exists()


def _mail_code(row: Erasure, case: Case, today: date) -> None:
    """To the address on file: they are still there, the code is money, and whoever wrote may be somebody else."""
    address = read_item(row.participant_id, "email")
    assert address is not None, "nobody joins without an address"
    db.execute([
        mail_statement(
            template="case_erasure_begun",
            language=case.language,
            address=address.decode(),
            context={
                **sign_mail(row.participant_id),
                "case_reference": show_reference(case.reference),
                "due_on": today.isoformat(),
                "way": "late",
            },
            secrets={"code": group_code(bearer_code(row.participant_id))},
        )
    ])  # fmt: skip
