"""What erasing somebody would take away and leave, before it is begun; and how far one is that was."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db.models import Count, Max, OuterRef, Q, QuerySet, Subquery

from onloan import clock
from onloan.cases.bearer import bearer_code, bearer_money, count_waiting_rewards
from onloan.cases.erasure_rules import (
    GRACE,
    RETENTION_NOTICE,
    Progress,
    StepLine,
    erased_from,
    list_steps,
)
from onloan.cases.models import Case, Erasure
from onloan.cases.rules import Door, ErasureCause, ErasureWay, Kind, State
from onloan.consents.queries import list_yes_numbers
from onloan.errors import NotFound
from onloan.markets.rules import market_facts
from onloan.money import Money
from onloan.offers.document import Recipient
from onloan.offers.queries import find_version
from onloan.offers.retention import CASE_YEARS, account_years, claims_until
from onloan.payouts.models import Payable
from onloan.payouts.rules import PayableState
from onloan.people.queries import ParticipantView, find_participant
from onloan.uses.duties import list_used
from onloan.uses.duty_queries import count_open_duties
from onloan.vouchers.codes import group_code


@dataclass(frozen=True, slots=True, kw_only=True)
class ErasurePlan:
    """The dry run. ``cash`` is owed and on no slip, or under way to an account (``is_under_way``); with nothing
    owed and nothing counted it can be done at once. ``has_money``: something is theirs now, which their slip opens
    afterwards. ``payment_count`` are bank transfers that were made; one that is still to be made this year is kept
    until ``transfers_until``. The ``until`` days are those on which what stays goes too."""

    cash: Money | None
    is_under_way: bool
    waiting_count: int
    voucher_count: int
    slip_count: int
    payment_count: int
    payments_until: date | None
    transfers_until: date | None
    answers_until: date
    requests_until: date
    recipients: tuple[Recipient, ...]
    open_access_count: int
    is_begun: bool

    @property
    def is_ready(self) -> bool:
        """Whether everything is paid and settled."""
        return self.cash is None and not self.waiting_count

    @property
    def accounts_until(self) -> date | None:
        """Until when what was paid, or is under way to an account, is kept; None where nothing is."""
        return max(
            filter(None, [self.payments_until, self.transfers_until if self.is_under_way else None]), default=None
        )

    @property
    def has_money(self) -> bool:
        return not self.is_ready or bool(self.voucher_count or self.slip_count)


@dataclass(frozen=True, slots=True, kw_only=True)
class ErasureView:
    """An erasure that was begun. ``slip_code`` is worth money, now or once some comes: it goes to the person
    alone. ``open_duties`` are recipients that have not answered and copies not taken down."""

    id: UUID
    participant_id: UUID
    case_id: UUID | None
    cause: ErasureCause
    way: ErasureWay
    progress: Progress
    slip_code: str
    open_duties: int

    @property
    def steps(self) -> list[StepLine]:
        return list_steps(self.progress)

    @property
    def can_be_stopped(self) -> bool:
        return self.progress.erased_at is None


def plan_erasure(participant_id: UUID, *, now: datetime) -> ErasurePlan:
    """What would go and stay. Raises NotFound for somebody who is not there any more."""
    person = find_participant(participant_id)
    if person is None or person.erased_at is not None:
        raise NotFound
    today = clock.local_day(now, market_facts(person.country).time_zone)
    cash, is_under_way = _sum_owed(participant_id)
    money = bearer_money(participant_id)
    assert money is not None, "the person is there"
    is_to_come = cash is not None or money.waiting_count > 0
    # What a till paid out for a slip has no batch, and no account was asked for it.
    paid = Payable.objects.filter(participant_id=participant_id, state=PayableState.PAID, batch_id__isnull=False)
    counted = paid.aggregate(count=Count("id"), latest=Max("paid_at"))
    requests = Case.objects.filter(participant_id=participant_id, state=State.OPEN)
    return ErasurePlan(
        cash=cash,
        is_under_way=is_under_way,
        waiting_count=money.waiting_count,
        voucher_count=len(money.vouchers),
        slip_count=len(money.slips),
        payment_count=counted["count"],
        payments_until=_accounts_until(person.country, counted["latest"]),
        transfers_until=_accounts_until(person.country, now if is_to_come else None),
        answers_until=claims_until(person.country, today),
        requests_until=_years_after(today, CASE_YEARS),
        recipients=_list_recipients(person),
        open_access_count=requests.filter(kind__in=[Kind.ACCESS, Kind.PORTABILITY]).count(),
        is_begun=Erasure.objects.filter(participant_id=participant_id, cause=ErasureCause.ASKED).exists(),
    )


def is_money_waiting(participant_id: UUID) -> bool:
    """Whether cash is owed or under way, or a reward is still being counted. Cheaper than the whole plan."""
    return _sum_owed(participant_id)[0] is not None or count_waiting_rewards(participant_id) > 0


def _sum_owed(participant_id: UUID) -> tuple[Money | None, bool]:
    """(what is owed on no slip or under way, whether some of it is under way)."""
    states = [PayableState.OWED, PayableState.IN_BATCH]
    rows = Payable.objects.filter(participant_id=participant_id, state__in=states)
    owed = list(rows.values_list("amount_minor", "currency", "state"))
    if not owed:
        return None, False
    total = Money(sum(amount for amount, _, _ in owed), owed[0][1])
    return total, any(state == PayableState.IN_BATCH for _, _, state in owed)


def _accounts_until(country: str, latest: datetime | None) -> date | None:
    if latest is None:
        return None
    facts = market_facts(country)
    return date(clock.local_day(latest, facts.time_zone).year + account_years(facts), 12, 31)


def _years_after(day: date, years: int) -> date:
    # The last day of February stands for one that the later year does not have.
    is_leap_day = (day.month, day.day) == (2, 29)
    return day.replace(year=day.year + years, day=28) if is_leap_day else day.replace(year=day.year + years)


def _list_recipients(person: ParticipantView) -> tuple[Recipient, ...]:
    """Who received something of this person, by name, and is told."""
    used = list_used(person.id, list_yes_numbers(person.id))
    received = {each.recipient for each in used if each.recipient}
    known = find_version(person.version_id).offer.recipients
    return tuple(recipient for recipient in known if recipient.id in received)


def find_erasure(participant_id: UUID) -> ErasureView | None:
    """The erasure of a person that is not complete yet; None when none was begun."""
    row = Erasure.objects.filter(participant_id=participant_id, completed_at=None).first()
    return erasure_view(row) if row is not None else None


def find_erasure_of_case(case_id: UUID) -> ErasureView | None:
    """The erasure that a request led to, complete or not."""
    row = Erasure.objects.filter(case_id=case_id).first()
    return erasure_view(row) if row is not None else None


def find_backups_end(case_id: UUID) -> date | None:
    """The last day on which a backup can still hold what this request had erased; None where nothing was."""
    days = Erasure.objects.filter(case_id=case_id, backups_until__isnull=False)
    return days.values_list("backups_until", flat=True).first()


def list_ripe(now: datetime) -> QuerySet[Erasure]:
    """Whose time to change their mind is over; some of them still wait for their money."""
    door = Case.objects.filter(id=OuterRef("case_id")).values("door")
    ripe = Q(cause=ErasureCause.RETENTION, begun_at__lte=now - RETENTION_NOTICE) | Q(cause=ErasureCause.RESTORED)
    for grace in set(GRACE.values()):
        doors = [known for known, waits in GRACE.items() if waits == grace]
        ripe |= Q(cause=ErasureCause.ASKED, door__in=doors, begun_at__lte=now - grace)
    return Erasure.objects.alias(door=Subquery(door)).filter(ripe, erased_at=None)


def is_ready(row: Erasure, now: datetime) -> bool:
    """Whether it may be done: the time is over, and no money is waited for."""
    begun = erased_from(ErasureCause(row.cause), _read_door(row), row.begun_at)
    return now >= begun and not _waits_for_money(row)


def _read_door(row: Erasure) -> Door | None:
    written = Case.objects.filter(id=row.case_id).values_list("door", flat=True).first() if row.case_id else None
    return Door(written) if written is not None else None


def _waits_for_money(row: Erasure) -> bool:
    is_first = row.erased_at is None and row.way == ErasureWay.PAID_FIRST
    return is_first and is_money_waiting(row.participant_id)


def erasure_view(row: Erasure) -> ErasureView:
    cause, way = ErasureCause(row.cause), ErasureWay(row.way)
    progress = Progress(
        begun_at=row.begun_at,
        erased_from=erased_from(cause, _read_door(row), row.begun_at),
        takes_slip=way is ErasureWay.SLIP,
        is_money_waiting=_waits_for_money(row),
        erased_at=row.erased_at,
        recipients_done_at=row.recipients_done_at,
        swept_at=row.swept_at,
        backups_until=row.backups_until,
        completed_at=row.completed_at,
    )
    return ErasureView(
        id=row.id,
        participant_id=row.participant_id,
        case_id=row.case_id,
        cause=cause,
        way=way,
        progress=progress,
        # Then the row stands under a number from which nothing leads to the person, or to a code.
        slip_code="" if row.recipients_done_at is not None else group_code(bearer_code(row.participant_id)),
        open_duties=count_open_duties(row.participant_id),
    )
