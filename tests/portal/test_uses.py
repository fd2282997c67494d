"""What was used, as a person reads it on their own page."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from onloan import clock, ids
from onloan.consents.actions import withdraw_permission
from onloan.consents.queries import list_consents
from onloan.joining.actions import Joined
from onloan.offers.document import Recipient
from onloan.offers.queries import find_version
from onloan.people.queries import find_participant
from onloan.portal.uses import USES_PER_PAGE
from onloan.uses.models import Serving, Use
from tests.consents.world import publish
from tests.joining.support import open_market
from tests.portal.support import CARDS, EVERYTHING, Visitor, add_participant

NOON = datetime(2026, 5, 3, 12, tzinfo=UTC)


@pytest.fixture
def ana(both_databases: str) -> Joined:
    return add_participant(open_market(country="GB"), "Ana", answers=EVERYTHING)


def record(person: Joined, **changes: object) -> Use:
    """An allowed use, as the gate keeps it."""
    participant = find_participant(person.participant_id)
    assert participant is not None
    numbers = {consent.permission_id: consent.number for consent in list_consents(participant.id)}
    values = {
        "id": ids.new_id(), "participant_id": participant.id,
        "basis": "consent", "consent_number": numbers[CARDS[0]],
        "permission_id": CARDS[0], "items": ["profile_photo"], "purpose": "winner_wall", "channel": "winners_page",
        "market_id": participant.market_id, "country": "GB", "recipient": "", "version_id": participant.version_id,
        "allowed": True, "reason": "", "decided_at": NOON, "is_copy": False, "ended_at": None,
    }  # fmt: skip
    return Use.objects.create(**{**values, **changes})


def read(person: Joined, address: str = "/en/me/uses/") -> str:
    visitor = Visitor()
    visitor.sign_in(person.participant_id)
    page = visitor.get(address)
    assert page.status == 200
    return page.text


def test_it_says_what_where_when_and_who_could_see_it(ana: Joined) -> None:
    record(ana, ended_at=NOON + timedelta(days=6))
    text = read(ana)
    assert "We showed your profile photo on the page of rewarded people, 3–9 May 2026." in text
    assert "Anyone could see this." in text
    assert "To show who received a reward." in text
    assert "We showed your profile photo" in read(ana, "/en/me/")
    assert "du public" not in read(ana, "/fr/me/uses/")


def test_a_use_goes_on_until_it_is_over_or_the_consent_ended(ana: Joined) -> None:
    record(ana)
    assert "since 3 May 2026" in read(ana)
    withdraw_permission(participant_id=ana.participant_id, permission_id=CARDS[0], now=clock.now())
    assert "since 3 May 2026" not in read(ana)


def test_days_on_which_it_was_shown_say_more_than_days_on_which_it_might_be(ana: Joined) -> None:
    use = record(ana)
    for day, count in ((3, 4), (5, 27)):
        Serving.objects.create(
            id=ids.new_id(), participant_id=ana.participant_id, use_id=use.id, day=NOON.date().replace(day=day),
            count=count,
        )  # fmt: skip
    text = read(ana)
    assert "3–5 May 2026" in text
    assert "(31 times)" in text


def test_like_uses_of_one_day_are_one_line_with_their_number(ana: Joined) -> None:
    for hour in range(3):
        record(ana, channel="invitation_page", purpose="referral_card", decided_at=NOON + timedelta(hours=hour))
    record(ana, channel="invitation_page", purpose="referral_card", decided_at=NOON + timedelta(days=1))
    text = read(ana)
    assert "We showed your profile photo on the invitation page, on 3 May 2026. (3 times)" in text
    assert "on 4 May 2026" in text
    assert text.index("4 May 2026") < text.index("3 May 2026")


def test_a_day_begins_at_midnight_where_the_campaign_runs(ana: Joined) -> None:
    # In London it is one hour later in May: half past midnight of the fourth.
    record(ana, channel="invitation_page", decided_at=datetime(2026, 5, 3, 23, 30, tzinfo=UTC))
    assert "on 4 May 2026" in read(ana)


def test_what_was_refused_is_no_use(ana: Joined) -> None:
    record(ana, allowed=False, reason="D-PURPOSE", basis="", consent_number=None)
    assert "Nothing of yours has been shown or passed on." in read(ana)


def test_a_copy_a_recipient_and_a_payment_are_told_as_what_they_are(ana: Joined) -> None:
    record(ana, is_copy=True, recipient="print-shop", channel="shop_screen")
    record(
        ana, basis="contract", consent_number=None, permission_id="", items=["payee_name", "payee_account"],
        purpose="payout", channel="payment_file",
    )  # fmt: skip
    text = read(ana)
    assert "We copied your profile photo to show it on a screen in this shop, on 3 May 2026." in text
    assert "Received by print-shop." in text
    assert "We used the name on your account and your account to pay you, on 3 May 2026." in text
    assert "Only our team and the banks could see this." in text
    assert "We copied" not in read(ana, "/en/me/uses/?item=payee_name")
    assert "to pay you" not in read(ana, "/en/me/uses/?recipient=print-shop")
    assert "Nothing of this kind was used." in read(ana, "/en/me/uses/?item=profile_photo&recipient=nobody")


def test_it_is_read_a_page_at_a_time(ana: Joined) -> None:
    for day in range(USES_PER_PAGE + 1):
        record(ana, channel="invitation_page", decided_at=NOON + timedelta(days=day))
    first, second = read(ana), read(ana, "/en/me/uses/?page=2")
    assert first.count("We showed") == USES_PER_PAGE and "Older" in first and "Newer" not in first
    assert second.count("We showed") == 1 and "on 3 May 2026" in second and "Newer" in second
    for nonsense in ("0", "-1", "x", "٣", "9" * 40):
        assert read(ana, f"/en/me/uses/?page={nonsense}")
    own_page = read(ana, "/en/me/")
    assert own_page.count("We showed") == 5 and "Everything that was used" in own_page


def test_somebody_who_is_not_signed_in_sees_nothing(ana: Joined) -> None:
    visitor = Visitor()
    visitor.get("/en/me/uses/")
    assert visitor.address == "/en/signin/"


def test_a_recipient_that_only_a_later_version_names_stands_by_its_legal_name(ana: Joined) -> None:
    person = find_participant(ana.participant_id)
    assert person is not None
    first = find_version(person.version_id)
    printer = Recipient("print-shop", "Imprimerie Exemple SARL", "processor", "FR", "C-1")
    later = publish(replace(first.offer, recipients=(printer,)), number=first.number + 1)
    record(ana, recipient="print-shop", version_id=later.id, is_copy=True)
    text = read(ana)
    assert "Received by Imprimerie Exemple SARL" in text
    assert "print-shop" not in text
