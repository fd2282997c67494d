"""Reads of payouts for the person whose money it is: what is owed and when it comes, and what a year brought."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal, cast
from uuid import UUID

from onloan import clock
from onloan.errors import NotFound
from onloan.ledger.models import Reward, Transfer
from onloan.ledger.rules import Cause, reward_reference
from onloan.markets.rules import market_facts
from onloan.money import Money
from onloan.offers.document import RewardKind
from onloan.offers.queries import find_version
from onloan.payouts import sealing
from onloan.payouts.bank.accounts import mask_account, read_account
from onloan.payouts.files import check_bank_name
from onloan.payouts.models import Batch, Payable, Payee
from onloan.payouts.queries import SlipView, list_slips
from onloan.payouts.rules import PayableState, PayoutMethod, methods_for
from onloan.people.queries import find_participant, read_items

What = Literal["earned", "paid", "returned", "taken_as_voucher"]

_WHAT: dict[str, What] = {
    Cause.COUNTED.value: "earned",
    Cause.PAID_OUT.value: "paid",
    Cause.SLIP_REDEEMED.value: "paid",
    Cause.FULFILLED.value: "paid",
    Cause.PAYMENT_RETURNED.value: "returned",
    Cause.TAKEN_AS_VOUCHER.value: "taken_as_voucher",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PayeePreview:
    """A name and an account as the bank will see them, before anything is kept. ``account`` is in clear: it has
    just been typed by the person who looks at it. ``sort_code`` is empty for an IBAN."""

    name: str
    is_respelled: bool
    kind: str
    account: str
    sort_code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PayeeView:
    """Where a person is paid: the name as the bank sees it, the account masked. ``problem`` is one of
    ``PayeeProblem``; ``problem_code`` is the bank's."""

    name: str
    account: str
    given_at: datetime
    problem: str | None
    problem_code: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OwedLine:
    """One amount of cash that is owed. ``state`` is owed, slip or in_batch; ``due_on`` is the last day to pay,
    ``execute_on`` the day for which a bank was asked to. ``voucher_days`` is None where there is no choice."""

    payable_id: UUID
    reward_id: UUID
    amount: Money
    state: PayableState
    due_on: date
    execute_on: date | None
    is_returned: bool
    returned_reason: str | None
    voucher_days: int | None
    may_take_slip: bool
    may_take_voucher: bool
    slip: SlipView | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PaidLine:
    """``by`` is transfer or slip."""

    payable_id: UUID
    reward_id: UUID
    amount: Money
    paid_on: date
    by: Literal["transfer", "slip"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentSituation:
    """Everything that one person's page says about cash. ``needs_account``: something is owed that no way was
    chosen for, or whose account has a problem."""

    owed: list[OwedLine]
    paid: list[PaidLine]
    total_owed: Money | None
    currency: str | None
    methods: tuple[PayoutMethod, ...]
    payee: PayeeView | None
    needs_account: bool
    may_give_account: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementLine:
    on: date
    what: What
    kind: RewardKind
    amount: Money
    reference: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """What one person earned and was paid in a year, in the local time of their market. ``totals`` holds what was
    earned, paid, returned and taken as a voucher, each by kind; kinds are never added together."""

    year: int
    lines: list[StatementLine]
    totals: dict[What, dict[RewardKind, Money]]


def preview_payee(*, name: str, account: str, currency: str) -> PayeePreview:
    """What ``give_account`` would keep. Raises what it raises for a name or an account."""
    parsed = read_account(account, currency=currency)
    typed = " ".join(name.split())
    seen = check_bank_name(typed, parsed)
    is_gb = parsed.kind == "gb"
    return PayeePreview(
        name=seen,
        is_respelled=seen != typed,
        kind=parsed.kind,
        account=parsed.account_number if is_gb else " ".join(_groups(parsed.number, 4)),
        sort_code=parsed.sort_code if is_gb else "",
    )


def payment_situation(participant_id: UUID, *, now: datetime) -> PaymentSituation:
    """What is owed to a person in cash, by when, how, and what was paid. Raises NotFound."""
    person = find_participant(participant_id)
    if person is None:
        raise NotFound
    rows = list(Payable.objects.filter(participant_id=participant_id).order_by("due_on", "id"))
    slips = {slip.payable_id: slip for slip in list_slips(participant_id)}
    days = {rule.id: rule.or_voucher_days for rule in find_version(person.version_id).offer.rewards}
    rewards = dict(Reward.objects.filter(participant_id=participant_id).values_list("id", "rule_id"))
    executed: dict[UUID | None, date] = dict(
        Batch.objects.filter(id__in={row.batch_id for row in rows if row.batch_id}).values_list("id", "execute_on")
    )
    waiting = [row for row in rows if row.state in {PayableState.OWED, PayableState.SLIP, PayableState.IN_BATCH}]
    owed = [
        _owed_line(row, slips.get(row.id), executed.get(row.batch_id), days.get(rewards[row.reward_id]))
        for row in waiting
    ]
    time_zone = market_facts(person.country).time_zone
    payee = _find_payee(participant_id)
    currency = waiting[0].currency if waiting else None
    is_open = any(row.state == PayableState.OWED for row in waiting)
    # A payment under way waits too while the bank asks whether the name is right.
    is_stuck = (
        payee is not None
        and payee.problem is not None
        and any(row.state in {PayableState.OWED, PayableState.IN_BATCH} for row in waiting)
    )
    return PaymentSituation(
        owed=owed,
        paid=[_paid_line(row, time_zone) for row in rows if row.paid_at is not None],
        total_owed=Money(sum(row.amount_minor for row in waiting), currency) if currency else None,
        currency=currency,
        methods=methods_for(currency) if currency else (),
        payee=payee,
        needs_account=is_open and payee is None or is_stuck,
        may_give_account=bool(waiting),
    )


def _owed_line(row: Payable, slip: SlipView | None, execute_on: date | None, voucher_days: int | None) -> OwedLine:
    is_owed = row.state == PayableState.OWED
    return OwedLine(
        payable_id=row.id,
        reward_id=row.reward_id,
        amount=Money(row.amount_minor, row.currency),
        state=PayableState(row.state),
        due_on=row.due_on,
        execute_on=execute_on,
        is_returned=row.returned_at is not None,
        returned_reason=row.returned_reason,
        voucher_days=voucher_days,
        may_take_slip=is_owed,
        may_take_voucher=is_owed and voucher_days is not None,
        slip=slip,
    )


def _paid_line(row: Payable, time_zone: str) -> PaidLine:
    assert row.paid_at is not None
    return PaidLine(
        payable_id=row.id,
        reward_id=row.reward_id,
        amount=Money(row.amount_minor, row.currency),
        paid_on=clock.local_day(row.paid_at, time_zone),
        by="transfer" if row.batch_id is not None else "slip",
    )


def _find_payee(participant_id: UUID) -> PayeeView | None:
    row = Payee.objects.filter(participant_id=participant_id).first()
    items = read_items(participant_id, ["payee_name", "payee_account"]) if row is not None else {}
    if row is None or len(items) < 2:
        return None
    account = sealing.read_written_account(items["payee_account"].decode())
    return PayeeView(
        name=check_bank_name(items["payee_name"].decode(), account),
        account=mask_account(account),
        given_at=row.given_at,
        problem=row.problem,
        problem_code=row.problem_code,
    )


def yearly_statement(participant_id: UUID, *, year: int, time_zone: str) -> Statement:
    """Every reward that a person earned, took as a voucher, was paid or had sent back by their bank in a year.

    It is read from the books alone, so it stays the same after names and accounts are deleted.
    """
    rewards = {reward.id: reward for reward in Reward.objects.filter(participant_id=participant_id)}
    rows = Transfer.objects.filter(participant_id=participant_id, cause__in=list(_WHAT))
    lines: list[StatementLine] = []
    for row in rows.order_by("created_at", "id"):
        on = clock.local_day(row.created_at, time_zone)
        if on.year != year or row.cause_ref is None:
            continue
        what = _WHAT[row.cause]
        lines.append(
            StatementLine(
                on=on,
                what=what,
                kind=_kind(what, rewards[row.cause_ref]),
                amount=Money(row.amount_minor, row.currency),
                reference=reward_reference(row.cause_ref),
            )
        )
    totals = {what: _sum_kinds(lines, what) for what in set(_WHAT.values())}
    return Statement(year=year, lines=lines, totals=totals)


def _kind(what: What, reward: Reward) -> RewardKind:
    return "voucher" if what == "taken_as_voucher" else cast("RewardKind", reward.reward_kind)


def _sum_kinds(lines: Sequence[StatementLine], what: What) -> dict[RewardKind, Money]:
    totals: dict[RewardKind, Money] = {}
    for line in lines:
        if line.what == what:
            totals[line.kind] = totals[line.kind] + line.amount if line.kind in totals else line.amount
    return totals


def _groups(text: str, size: int) -> list[str]:
    return [text[start : start + size] for start in range(0, len(text), size)]
