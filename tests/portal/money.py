"""Ana, whose friend Ben counted: four euros in cash are owed to her, and she holds vouchers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from onloan import clock
from onloan.cases.late_payments import follow_late_payments
from onloan.joining.actions import Joined
from onloan.money import Money
from onloan.payouts.actions import approve_batch, mark_batch_paid, prepare_batch, set_debtor
from onloan.payouts.models import Payable
from onloan.payouts.queries import list_batches
from onloan.payouts.situation import OwedLine, PaymentSituation, payment_situation
from onloan.referrals.actions import record_event, settle_due
from onloan.vouchers.queries import VoucherView, list_vouchers
from onloan.vouchers.rules import Till
from onloan.vouchers.spending import redeem_voucher
from tests.joining.support import OpenMarket, open_market
from tests.portal.support import Page, Visitor, add_participant
from tests.referrals.crowd import member

IBAN = "FR76 3000 6000 0112 3456 7890 189"
IBAN_DIGITS = IBAN.replace(" ", "")
IBAN_WRONG = "FR76 3000 6000 0112 3456 7890 188"
UK_SORT_CODE, UK_NUMBER = "20-00-00", "55779911"
NAME = "Ana Brûlé"
LANGUAGES = {"FR": "fr", "GB": "en"}


@dataclass(frozen=True)
class Earner:
    """Somebody signed in, in the language of the market."""

    market: OpenMarket
    joined: Joined
    visitor: Visitor
    language: str

    def path(self, rest: str = "") -> str:
        return f"/{self.language}/me/{rest}"

    def get(self, rest: str = "") -> Page:
        return self.visitor.get(self.path(rest))

    def post(self, rest: str, values: dict[str, str] | None = None) -> Page:
        return self.visitor.post(self.path(rest), values)

    @property
    def situation(self) -> PaymentSituation:
        return payment_situation(self.joined.participant_id, now=clock.now())

    @property
    def owed(self) -> OwedLine:
        (line,) = self.situation.owed
        return line

    @property
    def voucher(self) -> VoucherView:
        """The larger one, which came with the cash."""
        vouchers = list_vouchers(self.joined.participant_id)
        return max(vouchers, key=lambda voucher: voucher.amount.amount_minor)

    def give_account(self) -> Page:
        """Both screens: typed and seen, then saved."""
        return self.post("payment/", {"step": "save", "name": NAME, "account": IBAN})

    def slip_path(self) -> str:
        return f"payment/slips/{self.owed.payable_id}/"


def sign_in(market: OpenMarket, joined: Joined) -> Earner:
    language = LANGUAGES[market.country]
    visitor = Visitor(HTTP_ACCEPT_LANGUAGE=language)
    visitor.sign_in(joined.participant_id)
    return Earner(market, joined, visitor, language)


def an_earner(country: str = "FR", *, is_settled: bool = True) -> Earner:
    """Ana brought Ben, who signed up 17 days ago; after 14 days it counted."""
    market = open_market(country=country)
    then = clock.now() - timedelta(days=20)
    ana = add_participant(market, "Ana", now=then)
    ben = add_participant(market, "Ben", via_code=ana.link_code, now=then + timedelta(days=1))
    record_event(
        participant_id=ben.participant_id,
        event="app_signed_up",
        occurred_at=then + timedelta(days=2, hours=23),
        external_ref="order-1",
        now=then + timedelta(days=3),
    )
    if is_settled:
        settle_due(now=clock.now(), limit=10)
    return sign_in(market, ana)


def a_late_earner() -> Earner:
    """Ana told where to pay her; three days too late nothing has come, and a case opened by itself."""
    earner = an_earner()
    earner.give_account()
    Payable.objects.update(due_on=clock.now().date() - timedelta(days=3))
    assert follow_late_payments(now=clock.now(), limit=10) == 1
    return earner


def prepare(earner: Earner) -> None:
    """Fay prepares a file with what is owed."""
    team = earner.market.team
    set_debtor(
        currency="EUR", name="Boutique Exemple SAS", account="FR7630006000011234567890189", town="Paris",
        user_id=team.fay, now=clock.now(),
    )  # fmt: skip
    prepare_batch(country="FR", user_id=team.fay, now=clock.now())


def pay(earner: Earner) -> None:
    """And Fred approves it, and it is marked as paid."""
    prepare(earner)
    (batch,) = list_batches()
    approve_batch(batch_id=batch.id, user_id=member("Fred", "finance"), now=clock.now())
    mark_batch_paid(batch_id=batch.id, user_id=earner.market.team.fay, now=clock.now())


def tess() -> Till:
    return Till(user_id=member("Tess", "till"))


def spend(earner: Earner, amount_minor: int) -> UUID:
    done = redeem_voucher(
        typed_code=earner.voucher.code,
        amount=Money(amount_minor, earner.voucher.amount.currency),
        reference=f"sale-{amount_minor}",
        by=tess(),
        hold_seconds=None,
        now=clock.now(),
    )
    return done.id
