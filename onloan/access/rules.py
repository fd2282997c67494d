"""Who may do what: roles of the team, scopes of API keys. Pure."""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    GROWTH = "growth"
    DPO = "dpo"
    SUPPORT = "support"
    FINANCE = "finance"
    AUDITOR = "auditor"
    TILL = "till"


class Scope(StrEnum):
    EVENTS = "events:write"
    USES = "uses:write"
    REWARDS = "rewards:write"
    VOUCHERS = "vouchers:write"
    CASES = "cases:write"
    SUPPRESSIONS = "suppressions:read"


class Capability(StrEnum):
    VIEW = "view"
    DRAFT_OFFER = "draft_offer"
    APPROVE_OFFER = "approve_offer"
    PUBLISH_OFFER = "publish_offer"
    OPEN_MARKET = "open_market"
    SUSPEND_MARKET = "suspend_market"
    HANDLE_CASES = "handle_cases"
    FUND_POOL = "fund_pool"
    EXPORT_PAYOUTS = "export_payouts"
    APPROVE_PAYOUTS = "approve_payouts"
    READ_ARCHIVE = "read_archive"
    DECIDE_REWARDS = "decide_rewards"
    ASK_FOR_AUDIENCES = "ask_for_audiences"
    REDEEM_VOUCHERS = "redeem_vouchers"
    MANAGE_KEYS = "manage_keys"
    VIEW_BREACHES = "view_breaches"
    RECORD_BREACHES = "record_breaches"


_CAN: dict[Role, frozenset[Capability]] = {
    Role.GROWTH: frozenset({
        Capability.VIEW, Capability.DRAFT_OFFER, Capability.PUBLISH_OFFER, Capability.OPEN_MARKET,
        Capability.SUSPEND_MARKET, Capability.MANAGE_KEYS, Capability.ASK_FOR_AUDIENCES,
    }),
    Role.DPO: frozenset({
        Capability.VIEW, Capability.APPROVE_OFFER, Capability.PUBLISH_OFFER, Capability.OPEN_MARKET,
        Capability.SUSPEND_MARKET, Capability.HANDLE_CASES, Capability.DECIDE_REWARDS,
        Capability.ASK_FOR_AUDIENCES, Capability.VIEW_BREACHES, Capability.RECORD_BREACHES,
    }),
    Role.SUPPORT: frozenset({
        Capability.VIEW, Capability.HANDLE_CASES, Capability.DECIDE_REWARDS, Capability.REDEEM_VOUCHERS,
        Capability.VIEW_BREACHES,
    }),
    Role.FINANCE: frozenset({
        Capability.VIEW, Capability.FUND_POOL, Capability.EXPORT_PAYOUTS, Capability.APPROVE_PAYOUTS,
        Capability.READ_ARCHIVE, Capability.VIEW_BREACHES,
    }),
    Role.AUDITOR: frozenset({Capability.VIEW, Capability.VIEW_BREACHES}),
    # Whoever stands at a till sees vouchers that are shown to them, and nothing else of the console.
    Role.TILL: frozenset({Capability.REDEEM_VOUCHERS}),
}  # fmt: skip


def can(role: str, capability: Capability) -> bool:
    """Whether a team member with ``role`` may do this; an unknown role may do nothing."""
    return role in _CAN and capability in _CAN[Role(role)]
