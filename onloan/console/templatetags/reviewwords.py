"""The words for signals, and for rewards and their states."""

from __future__ import annotations

from django import template
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from onloan.ledger.rules import RewardState
from onloan.referrals.signals import SignalKind

register = template.Library()


@register.filter
def signal_name(kind: str) -> str:
    return {
        SignalKind.OWN_LINK: _("own link"),
        SignalKind.SPONSOR_RING: _("ring of sponsors"),
        SignalKind.SHARED_ACCOUNT: _("account of many"),
        SignalKind.OWN_ACCOUNT: _("same account"),
        SignalKind.VELOCITY: _("many at once"),
        SignalKind.DISPOSABLE_ADDRESS: _("throw-away address"),
        SignalKind.SEQUENTIAL_NAMES: _("names in series"),
        SignalKind.NOT_CHECKED: _("objected to checks"),
    }[SignalKind(kind)]


@register.filter
def reward_kind(kind: str) -> str:
    return {"cash": _("cash"), "voucher": _("voucher")}.get(kind, _("by the shop"))


@register.filter
def reward_state(state: str) -> str:
    return {
        RewardState.PENDING: pgettext("reward", "waiting"),
        RewardState.HELD: pgettext("reward", "held"),
        RewardState.EARNED: pgettext("reward", "earned"),
        RewardState.PAID: pgettext("reward", "paid"),
        RewardState.VOIDED: pgettext("reward", "ended"),
    }[RewardState(state)]
