"""A participant's pot as pictures and words, and each reward with its dates. Cash and vouchers are never added."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby
from uuid import UUID

from django.utils.translation import gettext, ngettext

from onloan import clock
from onloan.ledger.queries import PotView, RewardLine, pot_view, total_by_kind
from onloan.ledger.rules import RewardState
from onloan.money import Money
from onloan.offers.document import RewardKind, RewardRule
from onloan.offers.wording import nature_of
from onloan.portal import words
from onloan.portal.campaign import Campaign
from onloan.vouchers.queries import VoucherView, list_vouchers

KINDS: tuple[RewardKind, ...] = ("cash", "voucher", "fulfilled")
SHAPE = "M16 22C8 42 12 78 34 79h28c22-1 26-37 18-57"
_TOP, _BOTTOM = 24.0, 79.0


@dataclass(frozen=True, slots=True)
class PotLine:
    """What is in one kind's pot; the four numbers, as SVG writes them, draw it."""

    kind: RewardKind
    name: str
    earned: Money
    way: Money
    possible: Money
    got_top: str
    got_height: str
    way_top: str
    way_height: str
    shape: str = SHAPE


@dataclass(frozen=True, slots=True)
class Step:
    """One date of a reward. ``state`` is done, coming or failed."""

    state: str
    when: str
    text: str
    vouchers: tuple[VoucherView, ...] = ()


@dataclass(frozen=True, slots=True)
class Timeline:
    """The rewards of one event: what happened, when it counts, when it is paid."""

    steps: tuple[Step, ...]
    is_over: bool


def pot_lines(participant_id: UUID, campaign: Campaign) -> list[PotLine]:
    """One pot for each kind of reward; none for somebody for whom no pot was left and who earned nothing."""
    pot = pot_view(participant_id)
    earned = total_by_kind([*pot.earned, *pot.paid])
    waiting = total_by_kind(pot.waiting)
    return [
        _pot_line(kind, earned.get(kind), waiting.get(kind), pot.still_possible.get(kind), campaign)
        for kind in KINDS
        if kind in earned or kind in waiting or kind in pot.still_possible
    ]


def _pot_line(
    kind: RewardKind, earned: Money | None, way: Money | None, possible: Money | None, campaign: Campaign
) -> PotLine:
    nothing = Money(0, campaign.market.currency)
    earned, way, possible = earned or nothing, way or nothing, possible or nothing
    whole = max(1, earned.amount_minor + way.amount_minor + possible.amount_minor)
    scale = (_BOTTOM - _TOP) / whole
    got_height, way_height = earned.amount_minor * scale, way.amount_minor * scale
    names = {
        "cash": gettext("Cash"),
        "voucher": gettext("Vouchers for this shop"),
        "fulfilled": gettext("Credit with this shop"),
    }
    return PotLine(
        kind=kind,
        name=names[kind],
        earned=earned,
        way=way,
        possible=possible,
        got_top=f"{_BOTTOM - got_height:.1f}",
        got_height=f"{got_height:.1f}",
        way_top=f"{_BOTTOM - got_height - way_height:.1f}",
        way_height=f"{way_height:.1f}",
    )


def reward_timelines(participant_id: UUID, campaign: Campaign) -> list[Timeline]:
    """Every reward with each of its dates, the latest event first."""
    pot: PotView = pot_view(participant_id)
    vouchers = {voucher.reward_id: voucher for voucher in list_vouchers(participant_id)}
    rules = {rule.id: rule for rule in campaign.offer.rewards}
    lines = sorted(
        [*pot.waiting, *pot.earned, *pot.paid, *pot.voided],
        key=lambda line: (line.earns_at, rules[line.rule_id].to == "sponsor", line.kind),
        reverse=True,
    )
    teller = _Teller(campaign, rules, vouchers)
    groups = groupby(lines, key=lambda line: (line.earns_at, rules[line.rule_id].to == "sponsor"))
    return [teller.timeline(list(group), is_sponsor=is_sponsor) for (_, is_sponsor), group in groups]


@dataclass(frozen=True, slots=True)
class _Teller:
    """Puts the rewards of one event into sentences."""

    campaign: Campaign
    rules: dict[str, RewardRule]
    vouchers: dict[UUID, VoucherView]

    def timeline(self, lines: list[RewardLine], *, is_sponsor: bool) -> Timeline:
        friend_did, you_did = happened(self.campaign.offer.referral.event)
        first = lines[0]
        settle = timedelta(days=self.campaign.offer.referral.settle_days)
        steps = [Step("done", self._day(first.earns_at - settle), friend_did if is_sponsor else you_did)]
        steps.extend(self._counting(lines))
        steps.extend(step for line in lines for step in self._ending(line))
        is_over = all(line.state in {RewardState.PAID, RewardState.VOIDED} for line in lines)
        return Timeline(tuple(steps), is_over)

    def _counting(self, lines: list[RewardLine]) -> list[Step]:
        """The day on which the event counts: to come for what is pending, past for what was earned."""
        steps = []
        coming = [line for line in lines if line.state is RewardState.PENDING]
        earned = [line for line in lines if line.earned_at is not None]
        if earned:
            text = gettext("Earned: %(amounts)s.") % {"amounts": self._amounts(earned)}
            held = [self.vouchers[line.reward_id] for line in earned if line.reward_id in self.vouchers]
            steps.append(Step("done", self._day(earned[0].earned_at or earned[0].earns_at), text, tuple(held)))
        if coming:
            settle_days = self.campaign.offer.referral.settle_days
            text = ngettext(
                "After %(settle_days)d day this counts: %(amounts)s.",
                "After %(settle_days)d days this counts: %(amounts)s.",
                settle_days,
            ) % {"settle_days": settle_days, "amounts": self._amounts(coming)}
            steps.append(Step("coming", self._day(coming[0].earns_at), text))
        return steps

    def _ending(self, line: RewardLine) -> list[Step]:
        """How one reward ends: paid, to be paid by a day, looked at, or not counted."""
        amounts = {"amounts": self._amounts([line])}
        if line.state is RewardState.HELD:
            text = gettext("A person looks at this before it counts: %(amounts)s. You will be told.") % amounts
            return [Step("coming", gettext("Being looked at"), text)]
        if line.state is RewardState.VOIDED:
            why = {**amounts, "why": _void_sentence(line.void_cause)}
            text = gettext("This does not count: %(amounts)s. %(why)s") % why
            return [Step("failed", self._day(line.settled_at or line.earns_at), text)]
        if line.kind == "voucher":
            return []
        if line.state is RewardState.PAID:
            paid_on = self._day(line.settled_at or line.earns_at)
            return [Step("done", paid_on, gettext("Paid: %(amounts)s.") % amounts)]
        due_on = words.day(line.due_on or self._expected_due_on(line), self.campaign.language)
        when = gettext("By %(day)s at the latest") % {"day": due_on}
        return [Step("coming", when, gettext("We pay you: %(amounts)s.") % amounts)]

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


def _void_sentence(cause: str | None) -> str:
    told = {
        "fraud_decided_by_human": gettext(
            "A person looked at it and found that it was not genuine. You can ask why."
        ),
        "event_undone_before_earned": gettext("It was undone before it counted."),
        "expiry_announced": gettext("The time that the terms announce was over."),
    }
    return told.get(cause or "", "")
