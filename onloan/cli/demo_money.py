"""What the demo shows of money: a voucher half spent, cash paid by a bank file, a pool topped up."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID

from onloan.ledger.pools import top_up_pool
from onloan.money import Money
from onloan.offers.queries import find_market
from onloan.payouts.actions import approve_batch, give_account, prepare_batch, set_debtor
from onloan.payouts.answers import read_bank_answer
from onloan.payouts.queries import list_payments
from onloan.payouts.rules import message_id
from onloan.vouchers.queries import list_vouchers
from onloan.vouchers.rules import Till
from onloan.vouchers.spending import redeem_voucher

# Numbers that are well formed and belong to nobody: they are the examples of banks' own papers.
SHOP_ACCOUNTS = (
    ("EUR", "Boutique Exemple SAS", "FR7630006000011234567890189", "Paris"),
    ("GBP", "Exemple Shop Ltd", "20-00-00 55779911", "London"),
)
LOUIS_ACCOUNT, EVE_ACCOUNT = "DE89370400440532013000", "60-16-13 31926819"
TOP_UP = Money(1_000_00, "EUR")


def tell_money_story(
    *, days_ago: int, at: datetime, offer_slug: str, people: Mapping[str, UUID], team: Mapping[str, UUID]
) -> None:
    """What happens with money on the day that lies ``days_ago`` days back; nothing on most."""
    if days_ago == 21:
        _name_the_shops_accounts(team["fay"], at)
    elif days_ago == 4:
        give_account(participant_id=people["Louis demo"], name="Louis Demo", account=LOUIS_ACCOUNT, now=at)
    elif days_ago == 3:
        top_up_pool(market_id=find_market(offer_slug, "FR").id, amount=TOP_UP, user_id=team["fay"], now=at)
        _spend_half_of_a_voucher(people["Ana demo"], team["tess"], at)
        _pay_by_bank_file(team["fay"], team["fred"], at)
    elif days_ago == 1:
        give_account(participant_id=people["Eve demo"], name="Eve Demo", account=EVE_ACCOUNT, now=at)
        prepare_batch(country="GB", user_id=team["fay"], now=at)


def _name_the_shops_accounts(fay: UUID, at: datetime) -> None:
    for currency, name, account, town in SHOP_ACCOUNTS:
        set_debtor(currency=currency, name=name, account=account, town=town, user_id=fay, now=at)


def _spend_half_of_a_voucher(ana: UUID, till: UUID, at: datetime) -> None:
    voucher = list_vouchers(ana)[0]
    redeem_voucher(
        typed_code=voucher.code,
        amount=Money(voucher.amount.amount_minor // 2, voucher.amount.currency),
        reference="demo-sale-1",
        by=Till(user_id=till),
        hold_seconds=None,
        now=at,
    )


def _pay_by_bank_file(fay: UUID, fred: UUID, at: datetime) -> None:
    """Fay prepares, Fred approves, and the next day the bank says that it paid."""
    batch_id = prepare_batch(country="FR", user_id=fay, now=at)
    approve_batch(batch_id=batch_id, user_id=fred, now=at + timedelta(hours=1))
    paid_at = at + timedelta(days=1)
    read_bank_answer(data=write_accepted(batch_id, paid_at), user_id=fay, now=paid_at)


def write_accepted(batch_id: UUID, at: datetime) -> bytes:
    """A ``pain.002`` as a bank answers: every payment of the batch was accepted."""
    lines = "".join(
        f"<TxInfAndSts><OrgnlEndToEndId>{line.reference}</OrgnlEndToEndId><TxSts>ACSC</TxSts></TxInfAndSts>"
        for line in list_payments(batch_id)
    )
    message = message_id(batch_id)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.002.001.10"><CstmrPmtStsRpt>'
        f"<GrpHdr><MsgId>DEMO-{message[:20]}</MsgId><CreDtTm>{at:%Y-%m-%dT%H:%M:%S}</CreDtTm></GrpHdr>"
        f"<OrgnlGrpInfAndSts><OrgnlMsgId>{message}</OrgnlMsgId><OrgnlMsgNmId>pain.001.001.09</OrgnlMsgNmId>"
        f"</OrgnlGrpInfAndSts><OrgnlPmtInfAndSts><OrgnlPmtInfId>{message}</OrgnlPmtInfId>{lines}"
        "</OrgnlPmtInfAndSts></CstmrPmtStsRpt></Document>"
    ).encode()
