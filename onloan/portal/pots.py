"""A participant's pot as pictures and words. Cash and vouchers are never added."""

from __future__ import annotations

from dataclasses import dataclass, replace
from uuid import UUID

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from onloan.ledger.queries import RewardLine, pot_view, total_by_kind
from onloan.money import Money
from onloan.offers.document import RewardKind
from onloan.portal.campaign import Campaign

KINDS: tuple[RewardKind, ...] = ("cash", "voucher", "fulfilled")
KIND_WORDS: dict[RewardKind, Promise] = {
    "cash": gettext_lazy("Cash"),
    "voucher": gettext_lazy("Vouchers for this shop"),
    "fulfilled": gettext_lazy("Credit with this shop"),
}
SHAPE = "M16 22C8 42 12 78 34 79h28c22-1 26-37 18-57"
_TOP, _BOTTOM = 24.0, 79.0


@dataclass(frozen=True, slots=True)
class PotLine:
    """What is in one kind's pot; the four numbers, as SVG writes them, draw it."""

    kind: RewardKind
    name: Promise
    earned: Money
    way: Money
    possible: Money
    got_top: str
    got_height: str
    way_top: str
    way_height: str
    shape: str = SHAPE


def pot_lines(participant_id: UUID, campaign: Campaign) -> list[PotLine]:
    """One pot for each kind of reward; none for somebody for whom no pot was left and who earned nothing."""
    pot = pot_view(participant_id)
    earned = total_by_kind(_as_taken(line) for line in [*pot.earned, *pot.paid])
    waiting = total_by_kind(pot.waiting)
    return [
        _pot_line(kind, earned.get(kind), waiting.get(kind), pot.still_possible.get(kind), campaign)
        for kind in KINDS
        if kind in earned or kind in waiting or kind in pot.still_possible
    ]


def _as_taken(line: RewardLine) -> RewardLine:
    """Cash that its owner took as a voucher lies in the other pot."""
    return replace(line, kind="voucher") if line.taken_as == "voucher" else line


def _pot_line(
    kind: RewardKind, earned: Money | None, way: Money | None, possible: Money | None, campaign: Campaign
) -> PotLine:
    nothing = Money(0, campaign.market.currency)
    earned, way, possible = earned or nothing, way or nothing, possible or nothing
    whole = max(1, earned.amount_minor + way.amount_minor + possible.amount_minor)
    scale = (_BOTTOM - _TOP) / whole
    got_height, way_height = earned.amount_minor * scale, way.amount_minor * scale
    return PotLine(
        kind=kind,
        name=KIND_WORDS[kind],
        earned=earned,
        way=way,
        possible=possible,
        got_top=f"{_BOTTOM - got_height:.1f}",
        got_height=f"{got_height:.1f}",
        way_top=f"{_BOTTOM - got_height - way_height:.1f}",
        way_height=f"{way_height:.1f}",
    )
