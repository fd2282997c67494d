"""The switch of a market as its page has it: which forms stand there, and what each of them does."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from onloan import clock
from onloan.access.rules import Capability
from onloan.cases.feedback import explanation_languages, reopen_market
from onloan.cases.feedback_rules import EXPLANATION_LENGTH_MAX
from onloan.console.pages import TeamRequest, read_text
from onloan.offers.queries import MarketView
from onloan.offers.switch import close_market, open_market, suspend_market, withdraw_market
from onloan.payouts.queries import count_overdue

REASON_LENGTH_MAX = 500


def list_ways(market: MarketView) -> dict[str, bool]:
    """The ways that a market can go from the state in which it is."""
    return {
        "open": market.state == "draft",
        "reopen": market.state == "suspended",
        "suspend": market.state == "open",
        "withdraw": market.state == "suspended",
        "close": market.state in {"open", "suspended"} and clock.now() >= market.closes_at,
    }


def list_forms(request: TeamRequest, market: MarketView) -> set[str]:
    """The ways that this member has a form for."""
    return {act for act, is_there in list_ways(market).items() if is_there and request.member.can(NEEDS[act])}


def find_field(act: str, field: str) -> str:
    """The id that a field of a way has on the page: each form asks for a reason under one of its own."""
    names = {"reason": f"{'open' if act == 'reopen' else act}-reason", "honour_statement": "honour"}
    return names.get(field, field)


def _read_reason(request: TeamRequest) -> str:
    return read_text(request, "reason", REASON_LENGTH_MAX)


def _open(request: TeamRequest, slug: str, country: str) -> None:
    now = clock.now()
    open_market(
        offer_slug=slug,
        country=country,
        reason=_read_reason(request),
        user_id=request.member.id,
        overdue=count_overdue(country=country, now=now),
        now=now,
    )


def _reopen(request: TeamRequest, slug: str, country: str) -> None:
    now = clock.now()
    reopen_market(
        offer_slug=slug,
        country=country,
        reason=_read_reason(request),
        explanations={
            language: read_text(request, f"explanation-{language}", EXPLANATION_LENGTH_MAX)
            for language in explanation_languages(slug, country)
        },
        user_id=request.member.id,
        overdue=count_overdue(country=country, now=now),
        now=now,
    )


def _suspend(request: TeamRequest, slug: str, country: str) -> None:
    reason = _read_reason(request)
    suspend_market(offer_slug=slug, country=country, reason=reason, user_id=request.member.id, now=clock.now())


def _withdraw(request: TeamRequest, slug: str, country: str) -> None:
    withdraw_market(
        offer_slug=slug,
        country=country,
        reason=_read_reason(request),
        honour_statement=read_text(request, "honour_statement", REASON_LENGTH_MAX),
        user_id=request.member.id,
        now=clock.now(),
    )


def _close(request: TeamRequest, slug: str, country: str) -> None:
    reason = _read_reason(request)
    close_market(offer_slug=slug, country=country, reason=reason, user_id=request.member.id, now=clock.now())


NEEDS: Mapping[str, Capability] = {
    "open": Capability.OPEN_MARKET,
    "reopen": Capability.OPEN_MARKET,
    "suspend": Capability.SUSPEND_MARKET,
    "withdraw": Capability.SUSPEND_MARKET,
    "close": Capability.SUSPEND_MARKET,
}
WAYS: Mapping[str, tuple[Callable[[TeamRequest, str, str], None], Promise]] = {
    "open": (_open, gettext_lazy("Open. People can join from now on.")),
    "reopen": (_reopen, gettext_lazy("Open again. Its pages say what changed and why.")),
    "suspend": (
        _suspend,
        gettext_lazy("Suspended. Nobody can join and nothing is shown; what was earned is still paid."),
    ),
    "withdraw": (_withdraw, gettext_lazy("Withdrawn for good. What was earned is still paid.")),
    "close": (_close, gettext_lazy("Closed.")),
}
"""What a way does, and what is said when it is done."""
