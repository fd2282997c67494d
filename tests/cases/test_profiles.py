"""What is kept no longer than it is needed: a photo that nobody may show, a page whose campaign is long over."""

from __future__ import annotations

from datetime import timedelta

from onloan import clock
from onloan.cases.bearer import bearer_money, find_bearer
from onloan.cases.erasure_queries import find_erasure
from onloan.cases.erasure_steps import close_profiles, finish_erasures
from onloan.cases.models import RetentionRun
from onloan.cases.profiles import forget_photos, list_past_profiles
from onloan.cases.rules import ErasureCause
from onloan.consents.actions import answer_permission, withdraw_permission
from onloan.offers.queries import list_markets
from onloan.outbox.models import Message
from onloan.people.queries import is_alive, read_item
from tests.consents.world import ALL, PHOTO, WALL, add_person, build_world
from tests.joining.support import add_participant, open_market
from tests.ledger.books import open_books
from tests.payouts.world import owe

DAY = timedelta(days=1)
YEAR = timedelta(days=365)


def test_a_photo_goes_a_day_after_its_last_permission(both_databases: str) -> None:
    world = build_world()
    ana, ben = add_person(world, ALL), add_person(world, ALL, name="Ben")
    now = clock.now() + 2 * DAY
    for permission in (PHOTO, WALL):
        assert forget_photos(now=now) == 0, "somebody may still show it"
        withdraw_permission(participant_id=ana.id, permission_id=permission, now=now)
    assert forget_photos(now=now + DAY / 2) == 0, "they may allow it again"
    answer_permission(
        participant_id=ana.id, permission_id=PHOTO, answer=True, language="en", page_hash="a" * 64,
        now=now + DAY / 2,
    )  # fmt: skip
    assert forget_photos(now=now + 2 * DAY) == 0
    withdraw_permission(participant_id=ana.id, permission_id=PHOTO, now=now + 2 * DAY)
    assert forget_photos(now=now + 4 * DAY) == 1
    assert read_item(ana.id, "profile_photo") is None and read_item(ana.id, "username") is not None
    assert read_item(ben.id, "profile_photo") is not None
    assert RetentionRun.objects.get(record_class="photos").count == 1


def test_a_page_closes_thirteen_months_after_its_campaign(sqlite_database: str) -> None:
    """With thirty days' notice, and a slip for what is still theirs."""
    market = open_market()
    ana = add_participant(market, "Ana")
    (view,) = [each for each in list_markets() if each.country == "FR"]
    early, late = view.closes_at + 360 * DAY, view.closes_at + 13 * 31 * DAY + 60 * DAY
    assert list_past_profiles(early) == []
    assert list_past_profiles(late) == [ana.participant_id]
    assert close_profiles(now=late) == 1 and close_profiles(now=late) == 0
    erasure = find_erasure(ana.participant_id)
    assert erasure is not None and erasure.cause is ErasureCause.RETENTION
    assert Message.objects.filter(template="page_closing").count() == 1
    finish_erasures(now=late + 29 * DAY)
    assert is_alive(ana.participant_id)
    finish_erasures(now=late + 31 * DAY)
    assert not is_alive(ana.participant_id)


def test_money_keeps_a_page_open(sqlite_database: str) -> None:
    books = open_books(pools=1)
    ana = owe(books)
    assert ana not in list_past_profiles(clock.now() + 10 * YEAR)
    assert find_bearer("") is None and bearer_money(ana) is not None
