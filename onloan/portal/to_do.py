"""What a person may want to do now, at the top of their page. Nothing here is a duty."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.urls import reverse
from django.utils.translation import gettext

from onloan.money import Money
from onloan.payouts.rules import PayableState
from onloan.payouts.situation import PaymentSituation
from onloan.portal import words
from onloan.portal.campaign import Campaign
from onloan.portal.rewards import Holdings, Way
from onloan.referrals.review_queries import PersonReview
from onloan.vouchers.queries import VoucherView
from onloan.vouchers.rules import WARNING_DAYS, VoucherState

ENDS_SOON = timedelta(days=max(WARNING_DAYS))


@dataclass(frozen=True, slots=True)
class ToDo:
    """``is_urgent``: something waits for the person, or ends."""

    sentence: str
    way: Way
    is_urgent: bool = False


def list_to_do(holdings: Holdings, campaign: Campaign, *, takes_slip: bool = False) -> list[ToDo]:
    """What waits for an answer first, then money, then what ends soon. Whoever is erased and takes a slip
    (``takes_slip``) is not asked for an account."""
    payment = [] if takes_slip else _payment(holdings.situation, campaign)
    found = [*_reviews(holdings.reviews, campaign), *payment]
    soon = [voucher for voucher in holdings.vouchers if _ends_soon(voucher, campaign)]
    soon.sort(key=lambda voucher: (voucher.expires_at, voucher.id))
    return [*found, *(_use_voucher(voucher, campaign) for voucher in soon)]


def sum_open(situation: PaymentSituation) -> Money | None:
    """Cash that is neither on its way to an account nor on a slip; None where there is none."""
    amounts = [line.amount for line in situation.owed if line.state is PayableState.OWED]
    return sum(amounts[1:], start=amounts[0]) if amounts else None


def _reviews(reviews: list[PersonReview], campaign: Campaign) -> list[ToDo]:
    for review in reviews:
        if review.may_ask_again and review.ask_again_until is not None:
            day = words.day(review.ask_again_until, campaign.language, campaign.time_zone)
            sentence = gettext(
                "We decided that a reward does not count. Until %(day)s you can ask for somebody else to look."
            ) % {"day": day}
            return [ToDo(sentence, Way(gettext("Read why, and ask again"), reverse("review")), is_urgent=True)]
        if review.may_comment and not review.comment:
            day = words.day(review.decide_by, campaign.language, campaign.time_zone)
            sentence = gettext(
                "A member of our team looks at a reward of yours, by %(day)s. You can say what they should know."
            ) % {"day": day}
            return [ToDo(sentence, Way(gettext("Read why, and say something"), reverse("review")), is_urgent=True)]
    return []


def _payment(situation: PaymentSituation, campaign: Campaign) -> list[ToDo]:
    amount = sum_open(situation)
    if not situation.needs_account or amount is None:
        return []
    total = amount.format(campaign.language)
    if situation.payee is not None:
        sentence = gettext("Your bank sent %(amount)s back. The money is still yours.") % {"amount": total}
        return [ToDo(sentence, Way(gettext("Check where we pay you"), reverse("payment")), is_urgent=True)]
    sentence = gettext("%(amount)s in cash are yours.") % {"amount": total}
    way = gettext("Tell us where to pay you %(amount)s") % {"amount": total}
    return [ToDo(sentence, Way(way, reverse("payment")))]


def _ends_soon(voucher: VoucherView, campaign: Campaign) -> bool:
    is_usable = voucher.state == VoucherState.ACTIVE and not voucher.waits_for_code
    return is_usable and voucher.expires_at is not None and voucher.expires_at - campaign.now <= ENDS_SOON


def _use_voucher(voucher: VoucherView, campaign: Campaign) -> ToDo:
    assert voucher.expires_on is not None
    values = {
        "amount": voucher.remaining.format(campaign.language),
        "day": words.day(voucher.expires_on, campaign.language),
    }
    sentence = gettext("Your voucher ends on %(day)s: %(amount)s are left to spend.") % values
    return ToDo(sentence, Way(gettext("Show the voucher"), reverse("voucher", args=[voucher.id])), is_urgent=True)
