"""The pot, the rewards, what was paid and how; vouchers and slips with their codes."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from django.utils.functional import Promise
from django.utils.translation import gettext, gettext_lazy

from onloan.cases.pack.forms import Row
from onloan.ledger.rules import AccountKind, Cause, CorrectionState, RewardState
from onloan.offers.wording import nature_of
from onloan.payouts.rules import BankWord, PaymentState
from onloan.portal import words
from onloan.portal.pack.blocks import SECTION_TITLES, Card, Fact, Grid, Section, Teller, filled
from onloan.portal.rewards import happened, void_sentence
from onloan.vouchers.rules import RedemptionState, VoucherState

POT_WORDS: dict[AccountKind, Promise] = {
    AccountKind.RESERVED: gettext_lazy("Set aside for what you can still earn"),
    AccountKind.OWED: gettext_lazy("Owed to you in cash"),
    AccountKind.VOUCHERS: gettext_lazy("Yours in vouchers, to spend"),
    AccountKind.PAID: gettext_lazy("Paid to you"),
    AccountKind.REDEEMED: gettext_lazy("Spent of your vouchers"),
    AccountKind.EXPIRED: gettext_lazy("Vouchers that ended unspent"),
}
BOOKING_WORDS: dict[Cause, Promise] = {
    Cause.JOINED: gettext_lazy("You joined: your pot was set aside"),
    Cause.WINDOW_ENDED: gettext_lazy("Your time was over: what was left of the pot went back"),
    Cause.QUALIFIED: gettext_lazy("A reward was promised"),
    Cause.CORRECTION: gettext_lazy("A mistake in your rewards was mended"),
    Cause.COUNTED: gettext_lazy("A reward counted: it is yours"),
    Cause.PAID_OUT: gettext_lazy("Cash was paid to your account"),
    Cause.SLIP_REDEEMED: gettext_lazy("Cash was paid for your slip"),
    Cause.FULFILLED: gettext_lazy("The shop gave you its credit"),
    Cause.PAYMENT_RETURNED: gettext_lazy("Your bank sent cash back: it is owed to you again"),
    Cause.TAKEN_AS_VOUCHER: gettext_lazy("You took cash as a voucher"),
    Cause.REDEMPTION_STARTED: gettext_lazy("A till set a part of a voucher aside"),
    Cause.REDEEMED: gettext_lazy("You spent a part of a voucher"),
    Cause.REDEMPTION_RELEASED: gettext_lazy("A till let go of what it had set aside"),
    Cause.REDEMPTION_ROLLED_BACK: gettext_lazy("A shop undid a purchase: it is yours again"),
    Cause.FRAUD_DECIDED_BY_HUMAN: gettext_lazy("A person decided that a reward does not count"),
    Cause.EVENT_UNDONE_BEFORE_EARNED: gettext_lazy("A reward was undone before it counted"),
    Cause.EXPIRY_ANNOUNCED: gettext_lazy("The time that the terms announce was over"),
}
CORRECTION_WORDS: dict[CorrectionState, Promise] = {
    CorrectionState.PROPOSED: gettext_lazy("to be decided by somebody else of the team"),
    CorrectionState.APPROVED: gettext_lazy("mended"),
    CorrectionState.REFUSED: gettext_lazy("not mended"),
}
PAYMENT_WORDS: dict[PaymentState, Promise] = {
    PaymentState.OPEN: gettext_lazy("The bank has not answered yet"),
    PaymentState.ACCEPTED: gettext_lazy("Paid"),
    PaymentState.REJECTED: gettext_lazy("Refused by the bank"),
    PaymentState.RETURNED: gettext_lazy("Paid, and sent back by your bank"),
}
BANK_WORDS: dict[BankWord, Promise] = {
    BankWord.PENDING: gettext_lazy("the bank is at it"),
    BankWord.NAME_CHECK: gettext_lazy("the name does not match the account"),
    BankWord.MADE: gettext_lazy("the bank made it after all"),
}
VOUCHER_WORDS: dict[VoucherState, Promise] = {
    VoucherState.ACTIVE: gettext_lazy("To spend"),
    VoucherState.REDEEMED: gettext_lazy("Spent"),
    VoucherState.EXPIRED: gettext_lazy("Ended, as the terms announced"),
}
SPENT_WORDS: dict[RedemptionState, Promise] = {
    RedemptionState.HELD: gettext_lazy("set aside at a till"),
    RedemptionState.DONE: gettext_lazy("spent"),
    RedemptionState.RELEASED: gettext_lazy("let go again"),
    RedemptionState.ROLLED_BACK: gettext_lazy("given back"),
}


def tell_money(teller: Teller) -> Section:
    return Section(
        key="money",
        title=str(SECTION_TITLES["money"]),
        sources=("pot", "rewards", "corrections", "cash", "payments", "archive", "year_notes", "bookings"),
        lead=[gettext("Cash and vouchers are never added together.")],
        grids=[
            *_list_pot(teller),
            *_list_rewards(teller),
            *_list_corrections(teller),
            *_list_cash(teller),
            *_list_payments(teller),
            *_list_archive(teller),
            *_list_bookings(teller),
        ],
        notes=[
            gettext("In %(year)s we told you that what you earned comes near an amount to be declared.")
            % {"year": row["year"]}
            for row in teller.rows("year_notes")
        ],
    )


def _list_pot(teller: Teller) -> list[Grid]:
    rows = []
    order = list(POT_WORDS)
    for row in sorted(teller.rows("pot"), key=lambda row: order.index(row["account"])):
        held = Decimal(row["came"]) - Decimal(row["went"])
        text = teller.money({"currency": row["currency"], "amount": held})
        rows.append((str(POT_WORDS[AccountKind(row["account"])]), text))
    return teller.grid(gettext("Your pot now"), (gettext("What"), gettext("Amount")), rows, "pot")


def _list_rewards(teller: Teller) -> list[Grid]:
    friend_did, you_did = happened(teller.campaign.offer.referral.event)
    told = {"own": you_did, "friend": friend_did, "correction": gettext("A mistake was mended.")}
    rows = [
        (
            told[row["because_of"]],
            f"{teller.money(row)} {nature_of(row['kind'])}",
            _reward_state(teller, row),
        )
        for row in reversed(teller.rows("rewards"))
    ]
    head = (gettext("What for"), gettext("Amount"), gettext("How far it is"))
    return teller.grid(gettext("Your rewards"), head, rows, "rewards")


def _list_corrections(teller: Teller) -> list[Grid]:
    rows = [
        (
            teller.day(row["proposed_at"]),
            f"{teller.money(row)} {nature_of(row['kind'])}",
            row["reason"],
            _joined([str(CORRECTION_WORDS[CorrectionState(row["state"])]), teller.day(row["decided_at"])]),
        )
        for row in reversed(teller.rows("corrections"))
    ]
    head = (gettext("Proposed"), gettext("Amount"), gettext("Why"), gettext("What was decided"))
    return teller.grid(gettext("Mistakes in your rewards that were mended"), head, rows, "corrections")


def _reward_state(teller: Teller, row: Row) -> str:
    days = {
        "promised": teller.day(row["pending_at"]),
        "counts": teller.day(row["earns_at"]),
        "earned": teller.day(row["earned_at"]),
        "due": teller.day(row["due_on"]),
        "paid": teller.day(row["settled_at"]),
    }
    match RewardState(row["state"]):
        case RewardState.PENDING:
            return gettext("Promised on %(promised)s; it counts on %(counts)s.") % days
        case RewardState.HELD:
            return gettext("A person looks at it before it counts.")
        case RewardState.VOIDED:
            return gettext("It does not count.") + " " + void_sentence(row["void_cause"])
        case RewardState.PAID:
            return gettext("Earned on %(earned)s, paid on %(paid)s.") % days
    if row["taken_as"]:
        return gettext("Earned on %(earned)s, taken as a voucher.") % days
    if row["due_on"] is not None and row["kind"] != "voucher":
        return gettext("Earned on %(earned)s, to be paid by %(due)s.") % days
    return gettext("Earned on %(earned)s.") % days


def _list_cash(teller: Teller) -> list[Grid]:
    """Cash that is on its way, or that came back; what was paid stands with the rewards and the payments."""
    rows = []
    for row in reversed(teller.rows("cash")):
        if row["paid_at"] is None or row["returned_at"] is not None:
            back = teller.day(row["returned_at"])
            note = gettext("sent back by your bank on %(day)s") % {"day": back} if back else ""
            asked = gettext("asked where to pay it: %(often)s") % {"often": teller.times(row["asks"])}
            parts = [note, asked if row["asks"] else ""]
            rows.append((teller.money(row), teller.day(row["owed_at"]), teller.day(row["due_on"]), _joined(parts)))
    head = (gettext("Amount"), gettext("Owed since"), gettext("Paid by"), gettext("Notes"))
    return teller.grid(gettext("Cash on its way to you"), head, rows, "cash")


def _list_payments(teller: Teller) -> list[Grid]:
    rows = []
    for row in reversed(teller.rows("payments")):
        said = [str(PAYMENT_WORDS[PaymentState(row["state"])]), teller.day(row["answered_at"])]
        if row["bank_word"]:
            said.append(str(BANK_WORDS[BankWord(row["bank_word"])]))
        if row["reason_code"]:
            said.append(gettext("the bank's code: %(code)s") % {"code": row["reason_code"]})
        to = [row["name"] or "", words.spaced(row["account"]) if row["account"] else gettext("no longer kept")]
        rows.append((teller.money(row), _joined(to), row["reference"], _joined(said)))
    head = (gettext("Amount"), gettext("To"), gettext("Reference"), gettext("What the bank said"))
    return teller.grid(gettext("What the bank was asked to pay you"), head, rows, "payments")


def _list_archive(teller: Teller) -> list[Grid]:
    rows = []
    for row in reversed(teller.rows("archive")):
        paid = teller.day(row["paid_on"])
        if row["returned_on"] is not None:
            paid += ", " + gettext("came back on %(day)s") % {"day": teller.day(row["returned_on"])}
        to = _joined([row["name"] or "", row["account"] or ""])
        rows.append((teller.money(row), paid, to, row["reference"], teller.day(row["kept_until"])))
    head = (gettext("Amount"), gettext("Paid on"), gettext("To"), gettext("Reference"), gettext("Kept until"))
    return teller.grid(gettext("What the law on accounts asks us to keep"), head, rows, "archive")


def _list_bookings(teller: Teller) -> list[Grid]:
    rows = [
        (teller.moment(row["booked_at"]), str(BOOKING_WORDS[Cause(row["cause"])]), teller.money(row))
        for row in reversed(teller.rows("bookings"))
    ]
    head = (gettext("When"), gettext("What"), gettext("Amount"))
    return teller.grid(gettext("Each movement of your money"), head, rows, "bookings")


def _joined(parts: Sequence[str]) -> str:
    return ", ".join(part for part in parts if part)


def tell_vouchers(teller: Teller) -> Section:
    """Codes are worth money to whoever holds them, and they are the person's."""
    cards = [_voucher(teller, row) for row in reversed(teller.rows("vouchers"))]
    cards += [_slip(teller, row) for row in reversed(teller.rows("slips"))]
    lead = [gettext("Whoever has a code can spend it: keep this page to yourself.")]
    if teller.pack.is_portable:
        lead = [gettext("Codes are on your page, and not in this file, which is made to be handed on.")]
    if not cards:
        lead = [gettext("You have no voucher and no slip.")]
    return Section(
        key="vouchers",
        title=str(SECTION_TITLES["vouchers"]),
        sources=("vouchers", "spendings", "slips"),
        lead=lead,
        cards=cards,
    )


def _voucher(teller: Teller, row: Row) -> Card:
    until = teller.day(row["expires_at"]) if row["expires_at"] is not None else gettext("without an end")
    facts: list[Fact] = [
        (gettext("Code"), row["code"] or ("" if teller.pack.is_portable else gettext("You wait for it."))),
        (gettext("Left to spend"), teller.money(row, "remaining")),
        (gettext("Given to you on"), teller.day(row["issued_at"])),
        (gettext("Until"), until),
    ]
    spent = [
        f"{teller.money(each)}, {SPENT_WORDS[RedemptionState(each['state'])]}, "
        f"{teller.moment(each['undone_at'] or each['done_at'] or each['started_at'])} ({each['reference']})"
        for each in teller.rows("spendings")
        if each["voucher"] == row["id"]
    ]
    title = gettext("Voucher of %(amount)s") % {"amount": teller.money(row)}
    return Card(title, str(VOUCHER_WORDS[VoucherState(row["state"])]), filled(facts), steps=spent)


def _slip(teller: Teller, row: Row) -> Card:
    state = gettext("Good until it is paid out: it has no end.")
    if row["redeemed_at"] is not None:
        state = gettext("Paid out on %(day)s") % {"day": teller.day(row["redeemed_at"])}
    elif row["cancelled_at"] is not None:
        state = gettext("Given back on %(day)s") % {"day": teller.day(row["cancelled_at"])}
    facts = [(gettext("Code"), row["code"] or ""), (gettext("Taken on"), teller.day(row["issued_at"]))]
    return Card(gettext("Slip of %(amount)s") % {"amount": teller.money(row)}, state, filled(facts))
