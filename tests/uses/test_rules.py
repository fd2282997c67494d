"""The gate's rule, element by element: each one missing has its own code, and nothing else makes up for it."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from django.utils import translation

from onloan.evidence.stranger import BASES
from onloan.uses import rules
from onloan.uses.reasons import SENTENCES, write_sentence
from onloan.uses.rules import ConsentFacts, Facts, MarketFacts, Reason, UseRequest, decide

NOW = datetime(2026, 12, 3, 10, 0, tzinfo=UTC)
VERSION_ID = UUID(int=7)

CONSENT = ConsentFacts(
    number=41,
    permission_id="invitation-card",
    version_id=VERSION_ID,
    answer=True,
    items=frozenset({"username", "profile_photo"}),
    purpose="referral_card",
    channels=frozenset({"invitation_page", "shop_app"}),
    territories=frozenset({"FR", "GB"}),
    recipients=frozenset({"print-shop"}),
    expires_at=NOW + timedelta(days=1),
    end_reason=None,
    has_receipt=True,
)
OPEN = MarketFacts("open", NOW + timedelta(days=30))
FACTS = Facts(
    is_restricted=False,
    is_objected=False,
    is_checks_objected=False,
    is_erased=False,
    market_id=UUID(int=5),
    version_id=VERSION_ID,
    home_market=OPEN,
    shown_market=OPEN,
    is_log_down=False,
    now=NOW,
    consents=(CONSENT,),
)
REQUEST = UseRequest(("username",), "referral_card", "invitation_page", "FR", None)


def facts_with(*consents: ConsentFacts) -> Facts:
    return replace(FACTS, consents=consents)


def test_it_allows_what_one_live_consent_covers() -> None:
    verdict = decide(FACTS, REQUEST)
    assert verdict.consent is CONSENT
    assert verdict.reason is None


@pytest.mark.parametrize(
    "request_",
    [
        replace(REQUEST, items=("profile_photo", "username")),
        replace(REQUEST, channel="shop_app"),
        replace(REQUEST, country="GB"),
        replace(REQUEST, recipient="print-shop"),
    ],
)
def test_it_allows_every_element_that_was_named(request_: UseRequest) -> None:
    assert decide(FACTS, request_).consent is CONSENT


MISSING_FROM_REQUEST = [
    (replace(REQUEST, purpose="winner_wall"), Reason.PURPOSE),
    (replace(REQUEST, items=("username_masked",)), Reason.ITEM),
    (replace(REQUEST, items=("username", "username_masked")), Reason.ITEM),
    (replace(REQUEST, items=()), Reason.ITEM),
    (replace(REQUEST, channel="winners_page"), Reason.CHANNEL),
    (replace(REQUEST, country="DE"), Reason.TERRITORY),
    (replace(REQUEST, recipient="other-shop"), Reason.RECIPIENT),
]


@pytest.mark.parametrize(("request_", "reason"), MISSING_FROM_REQUEST)
def test_it_names_the_element_that_no_consent_covers(request_: UseRequest, reason: Reason) -> None:
    assert decide(FACTS, request_).reason is reason


LAPSED = [
    (replace(CONSENT, answer=False, expires_at=None), Reason.NO_CONSENT),
    (replace(CONSENT, end_reason="withdrawn"), Reason.WITHDRAWN),
    (replace(CONSENT, end_reason="expired"), Reason.EXPIRED),
    (replace(CONSENT, end_reason="replaced"), Reason.NO_CONSENT),
    (replace(CONSENT, end_reason="objected"), Reason.FLAG_OBJECTED),
    (replace(CONSENT, end_reason="restricted"), Reason.FLAG_RESTRICTED),
    (replace(CONSENT, end_reason="erased"), Reason.FLAG_ERASED),
    (replace(CONSENT, expires_at=NOW), Reason.EXPIRED),
    (replace(CONSENT, expires_at=NOW - timedelta(days=400)), Reason.EXPIRED),
    (replace(CONSENT, expires_at=None), Reason.EXPIRED),
    (replace(CONSENT, has_receipt=False), Reason.NO_RECEIPT),
]


@pytest.mark.parametrize(("consent", "reason"), LAPSED)
def test_it_denies_under_a_consent_that_is_not_live(consent: ConsentFacts, reason: Reason) -> None:
    assert decide(facts_with(consent), REQUEST).reason is reason


def test_it_counts_the_last_instant_before_the_end() -> None:
    almost_over = replace(CONSENT, expires_at=NOW + timedelta(microseconds=1))
    assert decide(facts_with(almost_over), REQUEST).consent is almost_over


def test_it_denies_whoever_was_asked_nothing() -> None:
    assert decide(facts_with(), REQUEST).reason is Reason.NO_CONSENT


def test_an_objection_to_checks_stops_nothing_that_was_allowed() -> None:
    assert decide(replace(FACTS, is_checks_objected=True), REQUEST).consent is CONSENT


STOPS = [
    ({"is_log_down": True}, Reason.LOG_DOWN),
    ({"is_erased": True}, Reason.FLAG_ERASED),
    ({"is_restricted": True}, Reason.FLAG_RESTRICTED),
    ({"is_objected": True}, Reason.FLAG_OBJECTED),
    ({"home_market": None}, Reason.MARKET),
    *(
        ({market: MarketFacts(state, OPEN.closes_at)}, Reason.MARKET)
        for market in ("home_market", "shown_market")
        for state in ("draft", "suspended", "withdrawn", "closed")
    ),
    ({"home_market": MarketFacts("open", NOW)}, Reason.MARKET),
    ({"shown_market": MarketFacts("open", NOW)}, Reason.MARKET),
]


@pytest.mark.parametrize(("change", "reason"), STOPS)
def test_it_stops_whatever_was_allowed(change: dict[str, object], reason: Reason) -> None:
    assert decide(replace(FACTS, **change), REQUEST).reason is reason  # type: ignore[arg-type]


def test_it_shows_in_a_country_without_a_market_if_the_person_read_its_name() -> None:
    assert decide(replace(FACTS, shown_market=None), REQUEST).consent is CONSENT


def test_it_asks_in_a_fixed_order() -> None:
    """Of several stops, the one that comes first in ``Reason`` is named."""
    for (first, reason), (second, _) in itertools.combinations(STOPS[:4], 2):
        assert decide(replace(FACTS, **{**first, **second}), REQUEST).reason is reason  # type: ignore[arg-type]
    everything_else = replace(REQUEST, purpose="photo_wall", items=("username_masked",), country="DE")
    assert decide(FACTS, everything_else).reason is Reason.PURPOSE


def test_it_never_adds_two_consents_together() -> None:
    """Each yes stands for what was read beside one pair of buttons."""
    name = replace(CONSENT, number=1, items=frozenset({"username"}))
    photo = replace(CONSENT, number=2, items=frozenset({"profile_photo"}))
    both = replace(REQUEST, items=("username", "profile_photo"))
    assert decide(facts_with(name, photo), both).reason is Reason.ITEM
    assert decide(facts_with(name, photo), REQUEST).consent is name


def test_it_takes_the_newest_of_several_live_consents() -> None:
    older, newer = replace(CONSENT, number=1), replace(CONSENT, number=2)
    assert decide(facts_with(newer, older), REQUEST).consent is newer
    assert decide(facts_with(older, newer), REQUEST).consent is newer


def test_it_gives_the_reason_of_the_consent_that_came_nearest() -> None:
    withdrawn = replace(CONSENT, number=1, end_reason="withdrawn")
    other_purpose = replace(CONSENT, number=2, purpose="winner_wall")
    other_item = replace(CONSENT, number=3, items=frozenset({"username_masked"}))
    for order in itertools.permutations((withdrawn, other_purpose, other_item)):
        assert decide(facts_with(*order), REQUEST).reason is Reason.WITHDRAWN


def test_it_gives_the_newest_reason_among_equals() -> None:
    taken_back = replace(CONSENT, number=1, end_reason="withdrawn")
    refused = replace(CONSENT, number=2, answer=False, expires_at=None)
    assert decide(facts_with(taken_back, refused), REQUEST).reason is Reason.NO_CONSENT
    assert decide(facts_with(replace(taken_back, number=3), refused), REQUEST).reason is Reason.WITHDRAWN


def test_it_allows_again_after_taking_back() -> None:
    taken_back = replace(CONSENT, number=1, end_reason="withdrawn")
    again = replace(CONSENT, number=2)
    assert decide(facts_with(taken_back, again), REQUEST).consent is again


def test_it_never_allows_when_any_element_fails() -> None:
    """Every way to fail the request against every way to lapse and every stop: nothing is ever allowed."""
    requests = [request_ for request_, _ in MISSING_FROM_REQUEST] + [REQUEST]
    consents = [consent for consent, _ in LAPSED] + [CONSENT]
    stops: list[dict[str, object]] = [change for change, _ in STOPS] + [{}]
    for request_, consent, stop in itertools.product(requests, consents, stops):
        verdict = decide(replace(facts_with(consent), **stop), request_)  # type: ignore[arg-type]
        is_whole = request_ is REQUEST and consent is CONSENT and not stop
        assert (verdict.consent is not None) == is_whole


def test_it_says_each_reason_in_a_sentence() -> None:
    assert set(SENTENCES) == set(Reason)
    with translation.override("en"):
        assert all(write_sentence(reason).endswith(".") for reason in Reason)


def test_a_stranger_knows_the_same_bases() -> None:
    assert {
        purpose: (other.basis, other.items, other.channels) for purpose, other in rules.OTHER_BASES.items()
    } == {purpose: (known.basis, known.items, known.channels) for purpose, known in BASES.items()}
