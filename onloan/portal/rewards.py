"""Each reward's life as a timeline: what happened, when it counts, how it is paid, and what can be done now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby
from uuid import UUID

from django.urls import reverse
from django.utils.translation import gettext, ngettext, pgettext

from onloan import clock
from onloan.ledger.queries import RewardLine, pot_view
from onloan.ledger.rules import RewardState
from onloan.offers.document import RewardRule
from onloan.offers.wording import nature_of
from onloan.payouts.rules import PayableState, due_after_account
from onloan.payouts.situation import OwedLine, PaidLine, PaymentSituation, payment_situation
from onloan.portal import words
from onloan.portal.campaign import Campaign
from onloan.referrals.review_queries import PersonReview, reviews_of
from onloan.referrals.review_rules import ReviewState
from onloan.vouchers.queries import VoucherView, list_redemptions, list_vouchers
from onloan.vouchers.rules import VoucherState


@dataclass(frozen=True, slots=True)
class Way:
    """A link to where something can be read or done."""

    text: str
    address: str


@dataclass(frozen=True, slots=True)
class Step:
    """One date of a reward. ``state`` is done, coming, held or failed; ``tag`` says it in a word where that helps;
    ``code`` is a voucher's."""

    state: str
    when: str
    text: str
    tag: str = ""
    code: str = ""
    ways: tuple[Way, ...] = ()


@dataclass(frozen=True, slots=True)
class Timeline:
    """The rewards of one event: what happened, when it counts, when it is paid."""

    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Holdings:
    """What a person has beside their pot: cash on its way, vouchers, and rewards that are looked at."""

    situation: PaymentSituation
    vouchers: list[VoucherView]
    reviews: list[PersonReview]


def read_holdings(participant_id: UUID, now: datetime) -> Holdings:
    return Holdings(
        payment_situation(participant_id, now=now),
        list_vouchers(participant_id),
        reviews_of(participant_id, now=now),
    )


def reward_timelines(participant_id: UUID, campaign: Campaign, holdings: Holdings) -> list[Timeline]:
    """Every reward with each of its dates, the latest event first."""
    pot = pot_view(participant_id)
    rules = {rule.id: rule for rule in campaign.offer.rewards}
    lines = sorted(
        [*pot.waiting, *pot.earned, *pot.paid, *pot.voided],
        key=lambda line: (line.earns_at, rules[line.rule_id].to == "sponsor", line.is_corrected, line.kind),
        reverse=True,
    )
    situation = holdings.situation
    teller = _Teller(
        campaign=campaign,
        participant_id=participant_id,
        rules=rules,
        vouchers={voucher.reward_id: voucher for voucher in holdings.vouchers},
        has_account=situation.payee is not None and situation.payee.problem is None,
        owed={line.reward_id: line for line in situation.owed},
        paid={line.reward_id: line for line in situation.paid},
        decide_by={
            reward_id: review.decide_by
            for review in holdings.reviews
            if review.state is ReviewState.OPEN
            for reward_id in review.reward_ids
        },
    )
    groups = groupby(
        lines, key=lambda line: (line.earns_at, rules[line.rule_id].to == "sponsor", line.is_corrected)
    )
    return [teller.timeline(list(group), is_sponsor=is_sponsor) for (_, is_sponsor, _), group in groups]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Teller:
    """Puts the rewards of one event into sentences."""

    campaign: Campaign
    participant_id: UUID
    rules: dict[str, RewardRule]
    vouchers: dict[UUID, VoucherView]
    has_account: bool
    owed: dict[UUID, OwedLine]
    paid: dict[UUID, PaidLine]
    decide_by: dict[UUID, datetime]

    def timeline(self, lines: list[RewardLine], *, is_sponsor: bool) -> Timeline:
        friend_did, you_did = happened(self.campaign.offer.referral.event)
        first = lines[0]
        settle = timedelta(days=self.campaign.offer.referral.settle_days)
        if first.is_corrected:
            text = gettext("This was missing, and we corrected it.")
            steps = [Step("done", self._day(first.earns_at), text)]
        else:
            steps = [Step("done", self._day(first.earns_at - settle), friend_did if is_sponsor else you_did)]
        steps.extend(self._counting(lines))
        steps.extend(step for line in lines for step in self._ending(line))
        return Timeline(tuple(steps))

    def _counting(self, lines: list[RewardLine]) -> list[Step]:
        """The day on which the event counts: to come for what is pending, past for what was earned."""
        steps = []
        coming = [line for line in lines if line.state is RewardState.PENDING]
        earned = [line for line in lines if line.earned_at is not None]
        if earned:
            text = gettext("Earned: %(amounts)s.") % {"amounts": self._amounts(earned)}
            steps.append(Step("done", self._day(earned[0].earned_at or earned[0].earns_at), text))
        if coming:
            settle_days = self.campaign.offer.referral.settle_days
            text = ngettext(
                "After %(settle_days)d day this counts: %(amounts)s.",
                "After %(settle_days)d days this counts: %(amounts)s.",
                settle_days,
            ) % {"settle_days": settle_days, "amounts": self._amounts(coming)}
            steps.append(Step("coming", self._day(coming[0].earns_at), text, tag=on_the_way()))
        return steps

    def _ending(self, line: RewardLine) -> list[Step]:
        """How one reward ends: looked at, not counted, paid, to be paid by a day, or spent as a voucher."""
        if line.state is RewardState.HELD:
            return [self._held(line)]
        if line.state is RewardState.VOIDED:
            why = {"amounts": self._amounts([line]), "why": void_sentence(line.void_cause)}
            text = gettext("This does not count: %(amounts)s. %(why)s") % why
            tag = pgettext("reward", "Not counted")
            return [Step("failed", self._day(line.settled_at or line.earns_at), text, tag=tag)]
        if line.reward_id in self.vouchers:
            return self._voucher(line, self.vouchers[line.reward_id])
        if line.kind == "voucher":
            return []
        if line.state is RewardState.PAID:
            return [self._paid(line)]
        if line.reward_id in self.owed:
            return self._owed(line, self.owed[line.reward_id])
        due_on = line.due_on or self._expected_due_on(line)
        text = gettext("We pay you: %(amounts)s.") % {"amounts": self._amounts([line])}
        return [Step("coming", self._by(due_on), text, tag=on_the_way())]

    def _held(self, line: RewardLine) -> Step:
        amounts = {"amounts": self._amounts([line])}
        text = gettext("A person looks at this before it counts: %(amounts)s.") % amounts
        decide_by = self.decide_by.get(line.reward_id)
        tag = pgettext("reward", "Being looked at")
        when = self._by(clock.local_day(decide_by, self.campaign.time_zone)) if decide_by else ""
        ways = (Way(gettext("Why, and what you can say about it"), reverse("review")),)
        return Step("held", when, text, tag=tag, ways=ways)

    def _paid(self, line: RewardLine) -> Step:
        payment = self.paid.get(line.reward_id)
        amounts = {"amounts": self._amounts([line])}
        if payment is not None:
            is_slip = payment.by == "slip"
            text = gettext("Paid out with your slip: %(amounts)s.") if is_slip else gettext("Paid: %(amounts)s.")
            return Step("done", words.day(payment.paid_on, self.campaign.language), text % amounts)
        text = gettext("Given to you: %(amounts)s.") if line.kind == "fulfilled" else gettext("Paid: %(amounts)s.")
        return Step("done", self._day(line.settled_at or line.earns_at), text % amounts)

    def _owed(self, line: RewardLine, owed: OwedLine) -> list[Step]:
        """Earned cash on its way, and what went wrong on an earlier try."""
        amounts = {"amounts": self._amounts([line])}
        steps = []
        if owed.is_returned:
            text = gettext("Your bank sent it back: %(amounts)s. It is still yours.") % amounts
            steps.append(Step("failed", pgettext("reward", "Sent back"), text))
        if owed.state is PayableState.SLIP:
            text = gettext("On a slip: %(amounts)s, as soon as its code is shown to the shop.") % amounts
            ways = (Way(gettext("Show the slip"), reverse("slip", args=[owed.payable_id])),)
            return [*steps, Step("coming", gettext("When you like"), text, ways=ways)]
        ways = (Way(gettext("How we pay you"), reverse("payment")),)
        today = clock.local_day(self.campaign.now, self.campaign.time_zone)
        is_in_batch = owed.state is PayableState.IN_BATCH
        if is_in_batch and owed.execute_on is not None and owed.execute_on >= today:
            when = words.day(owed.execute_on, self.campaign.language)
            text = gettext("Our bank is asked to pay you: %(amounts)s.") % amounts
        elif self.has_account or is_in_batch:
            when, text = self._by(owed.due_on), gettext("We pay you: %(amounts)s.") % amounts
        else:
            when = self._by(due_after_account(owed.due_on, today))
            text = gettext("We pay you, once you have told us where: %(amounts)s.") % amounts
            ways = (Way(gettext("Tell us where to pay you"), reverse("payment")),)
        return [*steps, Step("coming", when, text, tag=on_the_way(), ways=ways)]

    def _voucher(self, line: RewardLine, voucher: VoucherView) -> list[Step]:
        """The voucher that a reward became, or that was taken instead of cash."""
        language = self.campaign.language
        numbers = {"left": voucher.remaining.format(language), "amount": voucher.amount.format(language)}
        steps = []
        if line.taken_as == "voucher":
            text = gettext("You took it as a voucher of %(amount)s.") % numbers
            steps.append(Step("done", self._day(voucher.issued_at), text))
        ways = (Way(gettext("Voucher of %(amount)s") % numbers, reverse("voucher", args=[voucher.id])),)
        until = "" if voucher.expires_on is None else words.day(voucher.expires_on, language)
        if voucher.state == VoucherState.EXPIRED:
            text = gettext("The voucher ended, as the terms announced. %(expired)s were not spent.") % {
                "expired": voucher.expired.format(language)
            }
            return [*steps, Step("failed", until, text, ways=ways)]
        if voucher.state == VoucherState.REDEEMED:
            spent = list_redemptions(self.participant_id, voucher.id)
            latest = max((each.done_at for each in spent if each.done_at and not each.undone_at), default=None)
            text = gettext("You have spent the whole voucher of %(amount)s.") % numbers
            return [*steps, Step("done", self._day(latest) if latest else "", text, ways=ways)]
        is_whole = voucher.remaining == voucher.amount
        text = gettext("To spend: %(amount)s.") if is_whole else gettext("To spend: %(left)s of %(amount)s.")
        when = gettext("Until %(day)s") % {"day": until} if until else gettext("Without an end")
        return [*steps, Step("coming", when, text % numbers, code=voucher.code, ways=ways)]

    def _by(self, day: date) -> str:
        return gettext("By %(day)s at the latest") % {"day": words.day(day, self.campaign.language)}

    def _expected_due_on(self, line: RewardLine) -> date:
        counts_on = clock.local_day(line.earns_at, self.campaign.time_zone)
        return counts_on + timedelta(days=self.campaign.terms.payout_days)

    def _amounts(self, lines: list[RewardLine]) -> str:
        said_amounts = [
            f"{line.amount.format(self.campaign.language)} {nature_of(line.kind)}"
            for line in sorted(lines, key=lambda line: line.kind)
        ]
        return words.listed(said_amounts, self.campaign.language)

    def _day(self, instant: datetime) -> str:
        return words.day(instant, self.campaign.language, self.campaign.time_zone)


def on_the_way() -> str:
    return pgettext("reward", "On the way")


def happened(event: str) -> tuple[str, str]:
    """What somebody who was invited did, and what the reader did, as sentences."""
    told = {
        "app_signed_up": (gettext("Somebody you invited signed up."), gettext("You signed up.")),
        "account_opened": (gettext("Somebody you invited opened an account."), gettext("You opened an account.")),
        "card_activated": (gettext("Somebody you invited activated a card."), gettext("You activated a card.")),
        "first_order": (
            gettext("Somebody you invited placed a first order."),
            gettext("You placed a first order."),
        ),
    }
    return told.get(event, (gettext("Somebody you invited did their part."), gettext("You did your part.")))


def void_sentence(cause: str | None) -> str:
    """Why a reward does not count."""
    told = {
        "fraud_decided_by_human": gettext(
            "A person looked at it and found that it was not genuine. You can ask why."
        ),
        "event_undone_before_earned": gettext("It was undone before it counted."),
        "expiry_announced": gettext("The time that the terms announce was over."),
    }
    return told.get(cause or "", "")
