"""Joining writes everything about a person in one transaction, or nothing."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
from django.apps import apps
from django.db import models

from onloan import clock
from onloan.consents.errors import AnswersIncomplete, NoAct, PermissionUnknown
from onloan.consents.models import Consent, Receipt
from onloan.errors import BadInput, OnloanError
from onloan.evidence.models import EntryLink, QueuedEntry
from onloan.joining.actions import join
from onloan.joining.errors import AgeRefused, AlreadyJoined, MarketClosed, PoolClosed, VersionChanged
from onloan.ledger.queries import pool_view
from onloan.offers import actions as offers
from onloan.offers.queries import find_file_text
from onloan.outbox.models import Message
from onloan.people import actions as people_actions
from onloan.people import queries
from onloan.people.errors import EmailNotValid, UsernameNotValid
from onloan.people.models import EmailCode
from onloan.referrals.models import Attribution
from onloan.referrals.queries import find_link, find_sponsor
from tests.joining.support import PERMISSIONS, POT_MINOR, add_participant, open_market, request_for

PERSONAL = ("people", "consents", "uses", "ledger", "vouchers", "payouts", "referrals", "outbox", "evidence")


def snapshot() -> dict[str, object]:
    """Every row of every table in which a person could leave something, but for drawn numbers."""
    rows: dict[str, object] = {}
    for model in apps.get_models():
        if model._meta.app_label in PERSONAL and model.__name__ != "Counter":
            rows[model._meta.label] = sorted(map(repr, _all(model)))
    return rows


def _all(model: type[models.Model]) -> list[dict[str, object]]:
    return [
        {name: bytes(value) if isinstance(value, memoryview) else value for name, value in row.items()}
        for row in model._default_manager.values()
    ]


def test_it_makes_a_participant_with_everything(both_databases: str) -> None:
    market = open_market(pots=3)
    now = clock.now()
    photo = b"\xff\xd8 a photo"
    answers = {**dict.fromkeys(PERMISSIONS, False), PERMISSIONS[0]: True}
    joined = join(request=request_for(market, now=now, photo=photo, answers=answers, is_demo=True))

    person = queries.find_by_email(market.offer_id, "ana@example.org")
    assert person is not None and person.id == joined.participant_id
    assert person.public_id == joined.public_id and person.is_demo and person.has_pot
    assert (person.market_id, person.version_id, person.country, person.language) == (
        market.market_id, market.version_id, "FR", "fr",
    )  # fmt: skip
    assert person.window_ends_at == now + timedelta(days=30)
    assert queries.read_items(person.id, ["username", "profile_photo"]) == {
        "username": b"Ana", "profile_photo": photo,
    }  # fmt: skip
    answered = Consent.objects.filter(participant_id=person.id).values_list("permission_id", "answer")
    assert dict(answered) == answers
    assert queries.find_by_code("receipt", joined.receipt_token) == (person.id, Receipt.objects.get().id)
    link = find_link(joined.link_code)
    assert link is not None and link.participant_id == person.id
    pool = pool_view(market.market_id)
    assert pool.reserved.amount_minor == POT_MINOR and pool.free.amount_minor == 2 * POT_MINOR


def test_it_writes_evidence_that_names_nobody(both_databases: str) -> None:
    market = open_market()
    QueuedEntry.objects.all().delete()
    add_participant(market, answers={**dict.fromkeys(PERMISSIONS, False), PERMISSIONS[0]: True})
    bodies = [bytes(body) for body in QueuedEntry.objects.order_by("queue_number").values_list("body", flat=True)]
    kinds = [body.split(b'"kind":"')[1].split(b'"')[0].decode() for body in bodies]
    assert kinds == ["joined", "consent_given", *["consent_refused"] * 3, "pot_reserved"]
    assert EntryLink.objects.count() == 2 + len(PERMISSIONS)
    assert not any(b"ana" in body.lower() for body in bodies)


def test_it_mails_a_welcome_to_the_participant_without_their_address(both_databases: str) -> None:
    joined = add_participant(open_market())
    message = Message.objects.get(template="welcome")
    assert message.participant_id == joined.participant_id and message.sealed_address is None
    assert "ana" not in repr(message.context).lower()


def test_it_drops_the_draft_of_the_form(both_databases: str) -> None:
    market = open_market()
    now = clock.now()
    code_id = uuid4()
    EmailCode.objects.create(
        id=code_id, email_hash="0" * 64, purpose="join", code_hash="0" * 64, attempts=0, expires_at=now,
        verified_at=now, sealed_draft=b"draft", created_at=now,
    )  # fmt: skip
    add_participant(market, code_id=code_id)
    assert EmailCode.objects.get().sealed_draft is None


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"over_18": False}, AgeRefused),
        ({"over_18": "yes"}, AgeRefused),
        ({"email": "not an address"}, EmailNotValid),
        ({"username": "<script>alert(1)</script>"}, UsernameNotValid),
        ({"username": "x" * 100_000}, UsernameNotValid),
        ({"version_id": uuid4()}, VersionChanged),
        ({"country": "DE"}, MarketClosed),
        ({"country": "../etc"}, MarketClosed),
        ({"offer_slug": "no-such-offer"}, MarketClosed),
        ({"language": "de"}, BadInput),
        ({"language": "xx" * 1000}, BadInput),
        ({"answers": {}}, AnswersIncomplete),
        ({"answers": {PERMISSIONS[0]: True}}, AnswersIncomplete),
        ({"answers": dict.fromkeys(PERMISSIONS, "on")}, NoAct),
        ({"answers": {**dict.fromkeys(PERMISSIONS, True), "sell-my-photo": True}}, PermissionUnknown),
        ({"answers": {str(number): True for number in range(10_000)}}, PermissionUnknown),
        ({"now": clock.now() - timedelta(days=365)}, MarketClosed),
        ({"now": clock.now() + timedelta(days=365)}, MarketClosed),
    ],
)  # fmt: skip
def test_it_refuses_bad_input_and_keeps_nothing(
    both_databases: str, changes: dict[str, object], error: type[OnloanError]
) -> None:
    market = open_market()
    before = snapshot()
    with pytest.raises(error):
        add_participant(market, **changes)
    assert snapshot() == before


@pytest.mark.parametrize("stop", ["suspend", "withdraw"])
def test_it_takes_nobody_into_a_market_that_is_not_open(both_databases: str, stop: str) -> None:
    market = open_market()
    getattr(market, stop)()
    before = snapshot()
    with pytest.raises(MarketClosed):
        add_participant(market)
    assert snapshot() == before


def test_it_takes_an_address_once_however_it_is_typed(both_databases: str) -> None:
    market = open_market()
    add_participant(market)
    before = snapshot()
    with pytest.raises(AlreadyJoined):
        add_participant(market, email=" ANA@Example.org ", username="Somebody else")
    assert snapshot() == before


def test_it_gives_the_same_pot_whatever_is_allowed(both_databases: str) -> None:
    market = open_market(pots=2)
    add_participant(market, "Ana", answers=dict.fromkeys(PERMISSIONS, True))
    after_yes = pool_view(market.market_id).reserved.amount_minor
    add_participant(market, "Ben", answers=dict.fromkeys(PERMISSIONS, False))
    assert pool_view(market.market_id).reserved.amount_minor == 2 * after_yes


def test_it_refuses_a_newcomer_when_no_full_pot_is_free(both_databases: str) -> None:
    market = open_market(pots=1)
    add_participant(market, "Ana")
    before = snapshot()
    with pytest.raises(PoolClosed):
        add_participant(market, "Ben")
    assert snapshot() == before


def test_it_lets_a_friend_in_without_a_pot(both_databases: str) -> None:
    market = open_market(pots=1)
    ana = add_participant(market, "Ana")
    ben = add_participant(market, "Ben", via_code=ana.link_code)
    assert not ben.has_pot
    person = queries.find_participant(ben.participant_id)
    assert person is not None and not person.has_pot
    assert Attribution.objects.get().sponsor_id == ana.participant_id
    with pytest.raises(PoolClosed):
        add_participant(market, "Chloé", email="chloe@example.org", via_code=ben.link_code)


def test_it_reserves_the_friends_own_reward_too(both_databases: str) -> None:
    market = open_market(pots=4, welcome_to="friend")
    ana = add_participant(market, "Ana")
    add_participant(market, "Ben", via_code=f" {ana.link_code[:4].lower()}-{ana.link_code[4:]} ")
    assert pool_view(market.market_id).reserved.amount_minor == 9_000 + POT_MINOR
    attribution = Attribution.objects.get()
    assert attribution.sponsor_id == ana.participant_id and attribution.credited


@pytest.mark.parametrize("via_code", ["", "nonsense", "0" * 8, "x" * 10_000, "' OR 1=1 --"])
def test_it_takes_a_code_of_nobody_as_none(both_databases: str, via_code: str) -> None:
    add_participant(open_market(), via_code=via_code)
    assert not Attribution.objects.exists()


def test_it_credits_nobody_for_themselves(both_databases: str) -> None:
    market = open_market(pots=4)
    ana = add_participant(market, "Ana")
    add_participant(
        market, "Ana2", via_code=ana.link_code, self_participant_id=ana.participant_id
    )  # fmt: skip
    assert not Attribution.objects.exists()


def test_it_credits_nobody_whose_window_has_ended(both_databases: str) -> None:
    market = open_market(pots=4)
    now = clock.now()
    ana = add_participant(market, "Ana", now=now - timedelta(days=31))
    add_participant(market, "Ben", via_code=ana.link_code)
    assert not Attribution.objects.exists()


def test_it_credits_nobody_whose_pot_went_back(both_databases: str) -> None:
    market = open_market(pots=4)
    ana = add_participant(market, "Ana")
    people_actions.mark_pot_released(participant_id=ana.participant_id, now=clock.now())
    add_participant(market, "Ben", via_code=ana.link_code)
    assert not Attribution.objects.exists()


def test_it_credits_nobody_of_another_country(both_databases: str) -> None:
    french = open_market(pots=2, slug="spring-pot")
    british = open_market(pots=2, country="GB", slug="autumn-pot")
    ana = add_participant(french, "Ana")
    add_participant(british, "Ben", via_code=ana.link_code)
    assert not Attribution.objects.exists()


def test_it_keeps_the_window_that_a_sponsor_was_promised(both_databases: str) -> None:
    """A second version with a shorter window once took it from those who had joined under the first."""
    market = open_market()
    ana = add_participant(market, now=clock.now() - timedelta(days=20))
    text = find_file_text(market.version_id).replace("window_days: 30", "window_days: 10")
    draft_id = offers.submit_draft(text=text, author_id=market.team.greg, now=clock.now())
    offers.approve_draft(
        draft_id=draft_id, user_id=market.team.dora, note="Read and fine.", door="console", now=clock.now()
    )
    version_id = offers.publish_draft(draft_id=draft_id, user_id=market.team.dora, now=clock.now())
    ben = add_participant(market, "Ben", version_id=version_id, via_code=ana.link_code)
    sponsor = find_sponsor(ben.participant_id)
    assert sponsor is not None and sponsor.sponsor_id == ana.participant_id
