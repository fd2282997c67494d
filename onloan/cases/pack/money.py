"""Sources of the pack about money: pot, bookings, rewards, vouchers, cash and what the bank said."""

from __future__ import annotations

from uuid import UUID

from onloan.access.models import User
from onloan.cases.pack.forms import (
    COUNT,
    COUNTRY,
    DAY,
    HASHED,
    INNER,
    KEY,
    MOMENT,
    OWN_KEY,
    SAME,
    STAFF,
    TEXT,
    TILL,
    TRUTH,
    Property,
    Row,
    Source,
    amount,
    bounded,
    currency,
    is_there,
    make_row,
    one_of,
    or_none,
    table_source,
    write_amount,
)
from onloan.cases.pack.person import refer_to_case
from onloan.ledger.correction_queries import list_corrections_of
from onloan.ledger.models import Account, Correction, Reward, Transfer
from onloan.ledger.rules import (
    AccountKind,
    Cause,
    CorrectionState,
    RewardState,
    TransferKind,
    VoidCause,
    reward_reference,
)
from onloan.payouts.bank.accounts import name_bank
from onloan.payouts.codes import slip_code
from onloan.payouts.models import (
    ArchivedPayment,
    ArchiveReading,
    Batch,
    Debtor,
    Payable,
    Payee,
    Payment,
    Slip,
    YearNote,
)
from onloan.payouts.rules import ArchivePurpose, BankWord, PayableState, PayeeProblem, PaymentState
from onloan.payouts.sealing import (
    unseal_archived,
    unseal_debtor,
    unseal_line,
    unseal_reading,
    unwrap_batch_key,
)
from onloan.vouchers.codes import group_code
from onloan.vouchers.models import Redemption, Voucher
from onloan.vouchers.queries import list_vouchers
from onloan.vouchers.rules import RedemptionState, VoucherState

OWN, CORRECTION = "own", "correction"
MARKET = "the market stands in the source 'person'"
ACCOUNT_KINDS = [kind.value for kind in AccountKind]


def _say_cause(cause_key: str) -> str:
    """What a reward is for, without whom: the key itself points at a friend."""
    cause = cause_key.partition("/")[0]
    return cause if cause in {OWN, CORRECTION} else "friend"


def _refer(reward_id: UUID | None) -> str | None:
    return None if reward_id is None else reward_reference(reward_id)


REWARD = Property(
    "reward", TEXT, "The reference of the reward that it belongs to.", ("reward_id",), reward_reference
)

POT = table_source(
    "pot",
    Account,
    "What your money is doing: one row for each account of yours. It holds what came less what went.",
    Property("account", one_of(ACCOUNT_KINDS), "What the account is for.", ("kind",)),
    currency(),
    amount("came", "credits_posted_minor", "What came to it."),
    amount("went", "debits_posted_minor", "What went from it."),
    amount("may_come", "credits_pending_minor", "What is set aside to come."),
    amount("may_go", "debits_pending_minor", "What is set aside to go."),
    is_portable=True,
    left_out={"id": OWN_KEY, "market_id": MARKET},
    order="kind",
)

BOOKINGS = table_source(
    "bookings",
    Transfer,
    "Each movement of money in the ledger that is yours, and why.",
    Property("id", KEY, "A booking that settles another one names it."),
    Property("booked_at", MOMENT, "When.", ("created_at",)),
    Property("kind", one_of(TransferKind), "posted: at once; pending: set aside; post, void: how that ended."),
    Property("from_account", one_of(ACCOUNT_KINDS), "Which account it went from.", ("debit_kind",)),
    Property("to_account", one_of(ACCOUNT_KINDS), "Which account it went to.", ("credit_kind",)),
    amount(),
    currency(),
    Property("cause", one_of(Cause), "Why."),
    Property("reward", or_none(TEXT), "The reference of the reward that it belongs to.", ("cause_ref",), _refer),
    Property("settles", or_none(KEY), "Which booking it settles.", ("pending_id",)),
    Property("is_decided_by_human", TRUTH, "Whether a member of the team decided it.", ("decided_by_user_id",),
             is_there),
    is_portable=True,
    left_out={
        "debit_account_id": "the account's kind stands beside it",
        "credit_account_id": "the account's kind stands beside it",
    },
    order="created_at",
)  # fmt: skip

REWARDS = table_source(
    "rewards",
    Reward,
    "Each reward: what it is for, its amount, and each of its dates.",
    Property("reward", TEXT, "Its reference.", ("id",), reward_reference),
    Property("rule", TEXT, "What the offer calls it.", ("rule_id",)),
    Property("because_of", one_of(["own", "friend", "correction"]),
             "own: what you did yourself; friend: somebody you invited; correction: a mistake that was mended.",
             ("cause_key",), _say_cause),
    Property("kind", one_of(["cash", "voucher", "fulfilled"]), "What it is paid in.", ("reward_kind",)),
    amount(),
    currency(),
    Property("country", COUNTRY, "In which market."),
    Property("state", one_of(RewardState), "How far it is."),
    Property("void_cause", or_none(one_of(VoidCause)), "Why it does not count.", is_portable=False),
    Property("held_reason", or_none(TEXT), "Why it is looked at before it counts.", is_portable=False),
    Property("pending_at", MOMENT, "When it was promised."),
    Property("earns_at", MOMENT, "When it counts."),
    Property("earned_at", or_none(MOMENT), "When it was earned."),
    Property("due_on", or_none(DAY), "By which day it is paid."),
    Property("settled_at", or_none(MOMENT), "When it was paid or given."),
    Property("reference", or_none(TEXT), "What the merchant or its bank calls the payment."),
    Property("taken_as", or_none(one_of(["voucher"])), "That you took cash as a voucher instead."),
    Property("payment_count", COUNT, "How often it was paid, those that came back too."),
    is_portable=True,
    left_out={"market_id": MARKET, "transfer_id": "the bookings name the reward"},
    order="pending_at",
)  # fmt: skip


def _read_corrections(participant_id: UUID) -> list[Row]:
    return [
        {
            "proposed_at": line.proposed_at,
            "rule": line.rule_id,
            "kind": line.kind,
            "amount": write_amount(line.amount.amount_minor, line.amount.currency),
            "currency": line.amount.currency,
            "reason": line.reason,
            "request": refer_to_case(line.case_id),
            "state": line.state,
            "decided_at": line.decided_at,
        }
        for line in reversed(list_corrections_of(participant_id))
    ]


CORRECTIONS = Source(
    name="corrections",
    says="Mistakes in your rewards that a member of the team proposed to mend, and what another one decided.",
    table=Correction,
    is_portable=False,
    read=_read_corrections,
    properties=(
        Property("proposed_at", MOMENT, "When it was proposed."),
        Property("rule", TEXT, "What the offer calls the reward.", ("rule_id",)),
        Property("kind", one_of(["cash", "voucher", "fulfilled"]), "What it is paid in.", ("reward_kind",)),
        amount(),
        currency(),
        Property("reason", TEXT, "Why, in the words of who proposed it.", ("sealed_reason",)),
        Property("request", or_none(TEXT), "The number of your request that it came of.", ("sealed_reason",)),
        Property("state", one_of(CorrectionState), "What was decided."),
        Property("decided_at", or_none(MOMENT), "When."),
    ),
    left_out={
        "id": OWN_KEY,
        "participant_id": SAME,
        "market_id": MARKET,
        "cause_key": "the reward that came of it says what it is for",
        "reward_id": "the reward that came of it stands among the rewards",
        "proposed_by_user_id": STAFF,
        "decided_by_user_id": STAFF,
    },
)


def _read_vouchers(participant_id: UUID) -> list[Row]:
    views = {view.id: view for view in list_vouchers(participant_id)}
    rows = bounded(Voucher.objects.filter(participant_id=participant_id).order_by("issued_at", "id").values())
    found = []
    for row in rows:
        view = views[row["id"]]
        kept = {**row, "remaining_minor": view.remaining.amount_minor, "held_minor": view.held.amount_minor,
                "expired_minor": view.expired.amount_minor, "state": view.state}  # fmt: skip
        found.append({**make_row(_VOUCHER, kept), "code": view.code})
    return found


_VOUCHER = (
    Property("id", KEY, "What was spent of it names it."),
    Property("code", or_none(TEXT), "Buys things: keep it to yourself. Empty while you wait for it.",
             ("last_characters",), is_portable=False),
    REWARD,
    Property("rule", TEXT, "What the offer calls it.", ("rule_id",)),
    amount(),
    amount("remaining", "remaining_minor", "What is left to spend."),
    amount("held", "held_minor", "What a till has set aside of it."),
    amount("expired", "expired_minor", "What was left when it ended."),
    currency(),
    Property("issued_at", MOMENT, "When you got it."),
    Property("expires_at", or_none(MOMENT), "When it ends."),
    Property("state", one_of(VoucherState), "Whether it can be spent."),
    Property("waits_for_code", TRUTH, "Whether you wait for its code."),
    Property("has_shop_code", TRUTH, "Whether the code is one that the shop made.", ("own_code_id",), is_there),
)  # fmt: skip
VOUCHERS = Source(
    name="vouchers",
    says="Your vouchers, with their codes.",
    table=Voucher,
    is_portable=True,
    read=_read_vouchers,
    properties=_VOUCHER,
    left_out={"participant_id": SAME, "market_id": MARKET, "warned_days": INNER},
)

SPENDINGS = table_source(
    "spendings",
    Redemption,
    "What was taken of a voucher at a till, set aside, or given back.",
    Property("voucher", KEY, "Which voucher.", ("voucher_id",)),
    amount(),
    currency(),
    Property("state", one_of(RedemptionState), "How it ended."),
    Property("reference", TEXT, "What the merchant calls the sale."),
    Property("started_at", MOMENT, "When it began."),
    Property("held_until", or_none(MOMENT), "Until when it was set aside."),
    Property("done_at", or_none(MOMENT), "When it was taken."),
    Property("undone_at", or_none(MOMENT), "When it was given back."),
    is_portable=True,
    left_out={
        "id": OWN_KEY,
        "by_key_id": TILL,
        "by_user_id": TILL,
        "undone_by_key_id": TILL,
        "undone_by_user_id": TILL,
    },
    order="started_at",
)

CASH = table_source(
    "cash",
    Payable,
    "Each amount of cash on its way to you.",
    REWARD,
    amount(),
    currency(),
    Property("country", COUNTRY, "In which market."),
    Property("state", one_of(PayableState), "How far it is."),
    Property("owed_at", MOMENT, "Since when it is owed."),
    Property("due_on", DAY, "By which day it is paid."),
    Property("paid_at", or_none(MOMENT), "When it was paid."),
    Property("attempts", COUNT, "How often the bank was asked."),
    Property("times_paid", COUNT, "How often it was paid, those that came back too."),
    Property("returned_at", or_none(MOMENT), "When the bank sent it back."),
    Property("returned_reason", or_none(TEXT), "The bank's code for why."),
    Property("asks", COUNT, "How often you were asked where to pay it."),
    Property("asked_at", or_none(MOMENT), "The last time."),
    is_portable=True,
    left_out={
        "id": OWN_KEY,
        "market_id": MARKET,
        "batch_id": "a file for the bank, with payments to other people",
    },
    order="owed_at",
)


def _read_payments(participant_id: UUID) -> list[Row]:
    rows = bounded(Payment.objects.filter(participant_id=participant_id).order_by("id").values())
    batches = Batch.objects.filter(id__in={row["batch_id"] for row in rows})
    wrapped = dict(batches.values_list("id", "wrapped_key"))
    ours = {row[0]: _name_our_bank(*row) for row in batches.values_list("id", "currency", "sealed_debtor")}
    found = []
    for row in rows:
        name, account, your_bank = None, None, None
        wrapped_key = wrapped.get(row["batch_id"])
        if wrapped_key is not None and row["sealed_line"] is not None:
            batch_key = unwrap_batch_key(row["batch_id"], bytes(wrapped_key))
            line = unseal_line(batch_key, row["id"], bytes(row["sealed_line"]))
            name, account, your_bank = line.name, line.account.number, name_bank(line.account)
        banks = {"our_bank": ours[row["batch_id"]], "your_bank": your_bank}
        found.append({**make_row(_PAYMENT, row), "name": name, "account": account, **banks})
    return found


def _name_our_bank(batch_id: UUID, currency: str, sealed: bytes | memoryview | None) -> str | None:
    """Of the account that a batch was paid from; once that is gone, of the one that its currency is paid from."""
    if sealed is not None:
        return name_bank(unseal_debtor(batch_id, bytes(sealed)).account)
    debtor = Debtor.objects.filter(currency=currency).first()
    return None if debtor is None else name_bank(unseal_debtor(debtor.id, bytes(debtor.sealed_account)).account)


_PAYMENT = (
    Property("reference", TEXT, "What your bank statement says.", ("end_to_end_id",)),
    Property("short_reference", TEXT, "The same where a bank takes few characters."),
    REWARD,
    Property("attempt", COUNT, "Which try it is."),
    amount(),
    currency(),
    Property("name", or_none(TEXT), "The name in the file for the bank, while it is kept.", ("sealed_line",)),
    Property("account", or_none(TEXT), "The account in that file, while it is kept.", ("sealed_line",)),
    Property("our_bank", or_none(TEXT), "The bank that was asked, by the number of our account.", ("batch_id",)),
    Property("your_bank", or_none(TEXT), "Your bank, by the number of your account, while that is kept.",
             ("sealed_line",)),
    Property("state", one_of(PaymentState), "What the bank said."),
    Property("reason_code", or_none(TEXT), "The bank's code for why not."),
    Property("bank_word", or_none(one_of(BankWord)), "What it said without settling it."),
    Property("answered_at", or_none(MOMENT), "When it said so."),
)  # fmt: skip
PAYMENTS = Source(
    name="payments",
    says="Each time the bank was asked to pay you.",
    table=Payment,
    is_portable=True,
    read=_read_payments,
    properties=_PAYMENT,
    left_out={
        "id": OWN_KEY,
        "participant_id": SAME,
        "payable_id": "the reward stands beside it",
    },
)

PAYEE = table_source(
    "payee",
    Payee,
    "That you told where to pay you. The name and the account themselves are among the items.",
    Property("kind", one_of(["iban", "gb"]), "Which kind of account it is."),
    Property("country", COUNTRY, "Where it is kept."),
    Property("given_at", MOMENT, "When you told it."),
    Property("problem", or_none(one_of(PayeeProblem)), "Why the last payment to it failed."),
    Property("problem_code", or_none(TEXT), "The bank's code for that."),
    is_portable=True,
    left_out={
        "id": OWN_KEY,
        "offer_id": INNER,
        "account_hash": HASHED,
        "last_characters": "the account stands among the items",
    },
    order="given_at",
)


def _read_slips(participant_id: UUID) -> list[Row]:
    payables = {row.id: row for row in bounded(Payable.objects.filter(participant_id=participant_id))}
    rows = bounded(Slip.objects.filter(participant_id=participant_id).order_by("issued_at", "id"))
    return [
        {
            "code": group_code(slip_code(row.id)),
            "reward": reward_reference(payables[row.payable_id].reward_id),
            "amount": write_amount(payables[row.payable_id].amount_minor, payables[row.payable_id].currency),
            "currency": payables[row.payable_id].currency,
            "issued_at": row.issued_at,
            "cancelled_at": row.cancelled_at,
            "redeemed_at": row.redeemed_at,
            "reference": row.reference,
        }
        for row in rows
    ]


SLIPS = Source(
    name="slips",
    says="Slips that a shop pays out in cash to whoever shows their code.",
    table=Slip,
    is_portable=True,
    read=_read_slips,
    properties=(
        Property("code", or_none(TEXT), "Is worth its amount until it is paid or cancelled: keep it to yourself.",
                 ("last_characters",), is_portable=False),
        Property("reward", TEXT, "The reference of the reward that it pays.", ("payable_id",)),
        amount(),
        currency(),
        Property("issued_at", MOMENT, "When you took it."),
        Property("cancelled_at", or_none(MOMENT), "When you gave it back."),
        Property("redeemed_at", or_none(MOMENT), "When it was paid out."),
        Property("reference", or_none(TEXT), "What the merchant calls that."),
    ),
    left_out={"id": OWN_KEY, "participant_id": SAME, "by_user_id": TILL, "by_key_id": TILL},
)  # fmt: skip


def _read_archive(participant_id: UUID) -> list[Row]:
    rows = bounded(
        ArchivedPayment.objects.filter(participant_id=participant_id).order_by("paid_on", "id").values()
    )
    found = []
    for row in rows:
        name, account = None, None
        if row["sealed_payee"] is not None:
            name, account = unseal_archived(row["id"], bytes(row["sealed_payee"]))
        found.append({**make_row(_ARCHIVED, row), "name": name, "account": account})
    return found


_ARCHIVED = (
    Property("reference", TEXT, "What your bank statement says."),
    Property("country", COUNTRY, "In which market."),
    amount(),
    currency(),
    Property("paid_on", DAY, "When it was paid."),
    Property("returned_on", or_none(DAY), "When it came back."),
    Property("kept_until", DAY, "The last day on which it is kept.", ("retain_until",)),
    Property("name", or_none(TEXT), "The name on the account.", ("sealed_payee",)),
    Property("account", or_none(TEXT), "The account, masked.", ("sealed_payee",)),
)
ARCHIVE = Source(
    name="archive",
    says="What the law on accounts asks us to keep of payments to you, apart from everything else.",
    table=ArchivedPayment,
    is_portable=False,
    read=_read_archive,
    properties=_ARCHIVED,
    left_out={"id": OWN_KEY, "participant_id": SAME},
)


def _read_readings(participant_id: UUID) -> list[Row]:
    references = dict(ArchivedPayment.objects.filter(participant_id=participant_id).values_list("id", "reference"))
    rows = bounded(ArchiveReading.objects.filter(archive_id__in=list(references)).order_by("read_at", "id"))
    names = dict(User.objects.filter(id__in={row.user_id for row in rows}).values_list("id", "name"))
    return [
        {
            "reference": references[row.archive_id],
            "member": names.get(row.user_id, ""),
            "read_at": row.read_at,
            "purpose": row.purpose,
            "reason": unseal_reading(row.id, bytes(row.sealed_reason)),
        }
        for row in rows
    ]


ARCHIVE_READINGS = Source(
    name="archive_readings",
    says="Who of the merchant's team opened a payment to you in that archive, when and why.",
    is_portable=False,
    read=_read_readings,
    properties=(
        Property("reference", TEXT, "Which payment."),
        Property("member", TEXT, "Who it was; empty for a former member of the team."),
        Property("read_at", MOMENT, "When."),
        Property("purpose", one_of(ArchivePurpose), "What for, in a word."),
        Property("reason", TEXT, "Why, in that member's words."),
    ),
)

YEAR_NOTES = table_source(
    "year_notes",
    YearNote,
    "Years in which you were told that what you earned comes near an amount to be declared.",
    Property("year", COUNT, "Which year."),
    Property("told_at", MOMENT, "When."),
    is_portable=False,
    left_out={"id": OWN_KEY},
    order="year",
)
