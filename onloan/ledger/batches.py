"""The rows of many rewards at once: each step writes a few statements, whatever the number of rewards.

What one person's account changes by is added up first. Callers have locked every person and checked each step;
what they miss, the tables' constraints refuse.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from uuid import UUID

from onloan import db
from onloan.db import RowsOf
from onloan.errors import MustStopError
from onloan.evidence.frames import build_frame
from onloan.evidence.statements import WrittenEntry, entry_rows, write_entry
from onloan.ledger import rules
from onloan.ledger.models import Reward, Transfer
from onloan.ledger.queries import RewardView, find_place
from onloan.ledger.rules import AccountKind, Cause, RewardState, TransferKind, account_id, promised_account
from onloan.money import Money
from onloan.offers.document import RewardRule

_TRANSFER_NAMES = (
    "id", "participant_id", "debit_account_id", "debit_kind", "credit_account_id", "credit_kind", "amount_minor",
    "currency", "kind", "pending_id", "cause", "cause_ref", "decided_by_user_id", "created_at",
)  # fmt: skip
_REWARD_NAMES = (
    "id", "participant_id", "market_id", "country", "rule_id", "reward_kind", "amount_minor", "currency",
    "cause_key", "state", "void_cause", "held_reason", "pending_at", "earns_at", "earned_at", "due_on",
    "settled_at", "reference", "transfer_id", "taken_as", "payment_count",
)  # fmt: skip
_ACCOUNT = "WHERE participant_id = %s AND kind = %s AND currency = %s"
_SET_ASIDE = f"UPDATE ledger_account SET debits_pending_minor = debits_pending_minor + %s {_ACCOUNT}"  # noqa: S608
_POST_DEBIT = (
    "UPDATE ledger_account SET debits_pending_minor = debits_pending_minor - %s,"  # noqa: S608
    f" debits_posted_minor = debits_posted_minor + %s {_ACCOUNT}"
)
_POST_CREDIT = _POST_DEBIT.replace("debits", "credits")
# The account is there afterwards, whoever was first: a row that is there already gets what is pending added.
_PROMISE_CREDIT = (
    "INSERT INTO ledger_account (id, participant_id, kind, market_id, currency, debits_pending_minor,"
    " debits_posted_minor, credits_pending_minor, credits_posted_minor) VALUES (%s, %s, %s, %s, %s, 0, 0, %s, 0)"
    " ON CONFLICT (participant_id, kind) DO UPDATE"
    " SET credits_pending_minor = ledger_account.credits_pending_minor + excluded.credits_pending_minor"
    " WHERE ledger_account.currency = excluded.currency"
)
_EARN = (
    "UPDATE ledger_reward SET state = 'earned', earned_at = %s, due_on = %s"
    " WHERE participant_id = %s AND id = %s AND state = 'pending'"
)

Changes = Mapping[tuple[UUID, AccountKind, str], int]
"""By how much each account changes, in minor units: person, kind, currency."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewReward:
    """A reward to promise, for which enough is free."""

    id: UUID
    participant_id: UUID
    market_id: UUID
    country: str
    rule: RewardRule
    amount: Money
    cause_key: str
    earns_at: datetime


def write_promises(rewards: Sequence[NewReward], now: datetime) -> None:
    """Set each reward aside, with its transfer, its row and its evidence."""
    set_aside: Counter[tuple[UUID, AccountKind, str]] = Counter()
    promised: Counter[tuple[UUID, AccountKind, str]] = Counter()
    markets: dict[UUID, UUID] = {}
    transfers: list[tuple[object, ...]] = []
    rows: list[tuple[object, ...]] = []
    entries: list[WrittenEntry] = []
    accounts = _Accounts()
    write = db.uuid_writer()
    for reward in rewards:
        person, minor, currency = reward.participant_id, reward.amount.amount_minor, reward.amount.currency
        kind = promised_account(reward.rule.kind)
        transfer_id = rules.derive_id(reward.id, "promise")
        set_aside[person, AccountKind.RESERVED, currency] += minor
        promised[person, kind, currency] += minor
        markets[person] = reward.market_id
        transfers.append((
            transfer_id, person, accounts.id(person, AccountKind.RESERVED), "reserved", accounts.id(person, kind),
            kind.value, minor, currency, TransferKind.PENDING.value, None, Cause.QUALIFIED.value, reward.id, None,
            now,
        ))  # fmt: skip
        rows.append((
            reward.id, person, reward.market_id, reward.country, reward.rule.id, reward.rule.kind, minor, currency,
            reward.cause_key, RewardState.PENDING.value, None, None, now, reward.earns_at, None, None, None, None,
            transfer_id, None, 0,
        ))  # fmt: skip
        entries.append(
            _write_entry("reward_pending", reward.market_id, person, reward.rule.id, reward.amount, now)
        )
    _change_accounts(_SET_ASIDE, set_aside)
    _require_all(_PROMISE_CREDIT, [
        [write(accounts.id(person, kind)), write(person), kind.value,
         write(markets[person]), currency, minor]
        for (person, kind, currency), minor in promised.items()
    ])  # fmt: skip
    db.insert_rows([(Reward, _REWARD_NAMES, rows), *_rows_of(transfers, entries)])


def write_earnings(rewards: Sequence[tuple[RewardView, date | None]], now: datetime) -> None:
    """Post the transfer of each pending reward, with its evidence: it is earned, and cash is due on its day."""
    debits: Counter[tuple[UUID, AccountKind, str]] = Counter()
    credits: Counter[tuple[UUID, AccountKind, str]] = Counter()
    transfers: list[tuple[object, ...]] = []
    earned: list[list[object]] = []
    entries: list[WrittenEntry] = []
    accounts = _Accounts()
    at, write = db.time_value(now), db.uuid_writer()
    days = {due_on: db.date_value(due_on) for _, due_on in rewards}
    for reward, due_on in rewards:
        person, minor, currency = reward.participant_id, reward.amount.amount_minor, reward.amount.currency
        kind = promised_account(reward.kind)
        debits[person, AccountKind.RESERVED, currency] += minor
        credits[person, kind, currency] += minor
        transfers.append((
            rules.derive_id(reward.id, "earn"), person, accounts.id(person, AccountKind.RESERVED), "reserved",
            accounts.id(person, kind), kind.value, minor, currency, TransferKind.POST.value, reward.transfer_id,
            Cause.COUNTED.value, reward.id, None, now,
        ))  # fmt: skip
        earned.append([at, days[due_on], write(person), write(reward.id)])
        entries.append(_write_entry("reward_earned", reward.market_id, person, reward.rule_id, reward.amount, now))
    _change_accounts(_POST_DEBIT, debits)
    _change_accounts(_POST_CREDIT, credits)
    _require_all(_EARN, earned)
    db.insert_rows(_rows_of(transfers, entries))


class _Accounts:
    """Keys of accounts, each derived once."""

    def __init__(self) -> None:
        self._ids: dict[tuple[UUID, AccountKind], UUID] = {}

    def id(self, person: UUID, kind: AccountKind) -> UUID:
        key = (person, kind)
        found = self._ids.get(key)
        if found is None:
            found = self._ids[key] = account_id(person, kind)
        return found


def _write_entry(
    kind: str, market_id: UUID, person: UUID, rule_id: str, amount: Money, now: datetime
) -> WrittenEntry:
    place = find_place(market_id)
    frame = build_frame(
        kind,
        now.astimezone(UTC).date().isoformat(),
        (
            ("offer", place.offer_slug), ("market", place.country), ("reward", rule_id),
            ("amount_minor", amount.amount_minor), ("currency", amount.currency),
        ),
        has_consent=False,
    )  # fmt: skip
    return write_entry(frame, participant_id=person, consent_number=None, occurred_at=now)


def _rows_of(transfers: Sequence[tuple[object, ...]], entries: Sequence[WrittenEntry]) -> list[RowsOf]:
    return [(Transfer, _TRANSFER_NAMES, transfers), *entry_rows(entries)]


def _change_accounts(sql: str, changes: Changes) -> None:
    times, write = sql.count("%s") - 3, db.uuid_writer()
    _require_all(sql, [
        [*[minor] * times, write(person), kind.value, currency]
        for (person, kind, currency), minor in changes.items()
    ])  # fmt: skip


def _require_all(sql: str, rows: Sequence[Sequence[object]]) -> None:
    """Run ``sql`` for each row. Raises MustStopError unless each of them found its one row."""
    if db.execute_many(sql, rows) != len(rows):
        raise MustStopError("money moved on an account or a reward that is not there")
