"""The rows of many rewards at once: each step writes a few statements, whatever the number of rewards.

What one person's account changes by is added up first. Callers have locked every person and checked each step;
what they miss, the tables' constraints refuse.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from uuid import UUID

from onloan import db
from onloan.db import RowsOf
from onloan.errors import MustStopError
from onloan.evidence.frames import Frame, build_frame
from onloan.evidence.statements import WrittenEntry, entry_rows, write_entry
from onloan.ledger import rules
from onloan.ledger.models import Reward, Transfer
from onloan.ledger.queries import RewardView, find_place
from onloan.ledger.rules import AccountKind, account_id, promised_account
from onloan.money import Money
from onloan.offers.document import RewardKind, RewardRule

_TRANSFER_NAMES = (
    "id", "participant_id", "debit_account_id", "debit_kind", "credit_account_id", "credit_kind", "amount_minor",
    "currency", "kind", "pending_id", "cause", "cause_ref", "decided_by_user_id", "created_at",
)  # fmt: skip
_REWARD_NAMES = (
    "id", "participant_id", "market_id", "country", "rule_id", "reward_kind", "amount_minor", "currency",
    "cause_key", "state", "void_cause", "held_reason", "pending_at", "earns_at", "earned_at", "due_on",
    "settled_at", "reference", "transfer_id", "taken_as", "payment_count",
)  # fmt: skip
_RESERVED = AccountKind.RESERVED.value
_KINDS: tuple[RewardKind, ...] = ("cash", "voucher", "fulfilled")
_PROMISED = {kind: promised_account(kind).value for kind in _KINDS}
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
    people: dict[UUID, _Person] = {}
    transfers: list[tuple[object, ...]] = []
    rows: list[tuple[object, ...]] = []
    entries = _Entries("reward_pending", now)
    for reward in rewards:
        rule, minor, currency = reward.rule, reward.amount.amount_minor, reward.amount.currency
        person = people.get(reward.participant_id)
        if person is None:
            person = people[reward.participant_id] = _Person(reward.participant_id, reward.market_id)
        kind = _PROMISED[rule.kind]
        transfer_id = rules.derive_id(reward.id, "promise")
        transfers.append((
            transfer_id, person.id, person.reserved_id, _RESERVED, person.add(kind, currency, minor), kind, minor,
            currency, "pending", None, "qualified", reward.id, None, now,
        ))  # fmt: skip
        rows.append((
            reward.id, person.id, reward.market_id, reward.country, rule.id, rule.kind, minor, currency,
            reward.cause_key, "pending", None, None, now, reward.earns_at, None, None, None, None, transfer_id,
            None, 0,
        ))  # fmt: skip
        entries.add(person.id, reward.market_id, rule.id, reward.amount)
    write = db.uuid_writer()
    _change_reserved(_SET_ASIDE, people.values())
    _require_all(_PROMISE_CREDIT, [
        [write(account), write(person.id), kind, write(person.market_id), currency, minor]
        for person in people.values()
        for (kind, currency), (account, minor) in person.promised.items()
    ])  # fmt: skip
    db.insert_rows([(Reward, _REWARD_NAMES, rows), (Transfer, _TRANSFER_NAMES, transfers), *entries.rows()])


def write_earnings(rewards: Sequence[tuple[RewardView, date | None]], now: datetime) -> None:
    """Post the transfer of each pending reward, with its evidence: it is earned, and cash is due on its day."""
    people: dict[UUID, _Person] = {}
    transfers: list[tuple[object, ...]] = []
    earned: list[list[object]] = []
    entries = _Entries("reward_earned", now)
    at, write = db.time_value(now), db.uuid_writer()
    days = {due_on: db.date_value(due_on) for _, due_on in rewards}
    for reward, due_on in rewards:
        minor, currency = reward.amount.amount_minor, reward.amount.currency
        person = people.get(reward.participant_id)
        if person is None:
            person = people[reward.participant_id] = _Person(reward.participant_id, reward.market_id)
        kind = _PROMISED[reward.kind]
        transfers.append((
            rules.derive_id(reward.id, "earn"), person.id, person.reserved_id, _RESERVED,
            person.add(kind, currency, minor), kind, minor, currency, "post", reward.transfer_id, "counted",
            reward.id, None, now,
        ))  # fmt: skip
        earned.append([at, days[due_on], write(person.id), write(reward.id)])
        entries.add(person.id, reward.market_id, reward.rule_id, reward.amount)
    _change_reserved(_POST_DEBIT, people.values())
    _require_all(_POST_CREDIT, [
        [minor, minor, write(person.id), kind, currency]
        for person in people.values()
        for (kind, currency), (_, minor) in person.promised.items()
    ])  # fmt: skip
    _require_all(_EARN, earned)
    db.insert_rows([(Transfer, _TRANSFER_NAMES, transfers), *entries.rows()])


class _Person:
    """One person in a batch: the keys of their accounts, each derived once, and by how much each changes."""

    __slots__ = ("id", "market_id", "promised", "reserved_id")

    def __init__(self, participant_id: UUID, market_id: UUID) -> None:
        self.id = participant_id
        self.market_id = market_id
        self.reserved_id = account_id(participant_id, AccountKind.RESERVED)
        self.promised: dict[tuple[str, str], tuple[UUID, int]] = {}

    def add(self, kind: str, currency: str, minor: int) -> UUID:
        """Move ``minor`` more from what is reserved to the account of ``kind``, whose key it returns."""
        known = self.promised.get((kind, currency))
        account, sum_minor = known or (account_id(self.id, AccountKind(kind)), 0)
        self.promised[kind, currency] = (account, sum_minor + minor)
        return account

    def reserved(self) -> Iterable[tuple[str, int]]:
        """By how much what is reserved changes, by currency."""
        sums: dict[str, int] = {}
        for (_, currency), (_, minor) in self.promised.items():
            sums[currency] = sums.get(currency, 0) + minor
        return sums.items()


class _Entries:
    """Entries of one kind at one instant; most say the same but for the person."""

    def __init__(self, kind: str, now: datetime) -> None:
        self._kind, self._now = kind, now
        self._day = now.astimezone(UTC).date().isoformat()
        self._frames: dict[tuple[UUID, str, int], Frame] = {}
        self._entries: list[WrittenEntry] = []

    def add(self, person: UUID, market_id: UUID, rule_id: str, amount: Money) -> None:
        key = (market_id, rule_id, amount.amount_minor)
        frame = self._frames.get(key)
        if frame is None:
            place = find_place(market_id)
            fields = (
                ("offer", place.offer_slug), ("market", place.country), ("reward", rule_id),
                ("amount_minor", amount.amount_minor), ("currency", amount.currency),
            )  # fmt: skip
            frame = self._frames[key] = build_frame(self._kind, self._day, fields, has_consent=False)
        entry = write_entry(frame, participant_id=person, consent_number=None, occurred_at=self._now)
        self._entries.append(entry)

    def rows(self) -> list[RowsOf]:
        return entry_rows(self._entries)


def _change_reserved(sql: str, people: Iterable[_Person]) -> None:
    times, write = sql.count("%s") - 3, db.uuid_writer()
    _require_all(sql, [
        [*[minor] * times, write(person.id), _RESERVED, currency]
        for person in people
        for currency, minor in person.reserved()
    ])  # fmt: skip


def _require_all(sql: str, rows: Sequence[Sequence[object]]) -> None:
    """Run ``sql`` for each row. Raises MustStopError unless each of them found its one row."""
    if db.execute_many(sql, rows) != len(rows):
        raise MustStopError("money moved on an account or a reward that is not there")
