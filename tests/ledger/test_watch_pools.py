"""A pool over time: its days are kept, its end is forecast, and the team is told once before it is reached."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from onloan.access.models import User
from onloan.errors import NotAllowed
from onloan.ledger.pools import top_up_pool
from onloan.ledger.queries import list_pool_days, pool_forecast, pool_view
from onloan.ledger.rules import forecast_closing, reached_levels, used_percent
from onloan.ledger.watching import record_pool_day, watch_pools
from onloan.money import Money
from onloan.offers.models import Market
from onloan.outbox.mails import render_mail
from onloan.outbox.models import Message
from tests.ledger.books import CASH, NOW, POT, THANKS, Books, earn, join, open_books

TODAY = NOW.date()
DAY = timedelta(days=1)


def open_market_of(books: Books) -> None:
    Market.objects.filter(id=books.market_id).update(
        state="open", reason="The campaign starts.", opens_at=NOW - 10 * DAY
    )


def test_it_keeps_one_line_a_day(both_databases: str) -> None:
    books = open_books(pools=3)
    ana = join(books)
    assert [record_pool_day(now=NOW), record_pool_day(now=NOW)] == [1, 0]
    earn(books, ana, CASH)
    earn(books, ana, THANKS)
    record_pool_day(now=NOW + timedelta(hours=1))
    record_pool_day(now=NOW + DAY)
    lines = list_pool_days(books.market_id, since=TODAY)
    pool = pool_view(books.market_id)
    assert [line.day for line in lines] == [TODAY, TODAY + DAY]
    assert [(line.owed, line.vouchers) for line in lines] == [(CASH.amounts["FR"], THANKS.amounts["FR"])] * 2
    assert (lines[0].funded, lines[0].free, lines[0].reserved) == (pool.funded, pool.free, pool.reserved)
    assert list_pool_days(books.market_id, since=TODAY + 2 * DAY) == []


def test_it_forecasts_from_the_last_whole_days(both_databases: str) -> None:
    books = open_books(pools=20)
    open_market_of(books)
    for days_ago, joined in ((0, 3), (1, 2), (7, 5), (8, 4)):
        for _ in range(joined):
            join(books, now=NOW - days_ago * DAY)
    forecast = pool_forecast(books.market_id, now=NOW)
    # Seven of fourteen places went in seven days, today not counted: one a day, and six are left.
    assert (forecast.joined_last_days, forecast.full_pots_free, forecast.used_percent) == (7, 6, 70)
    assert forecast.closes_on == TODAY + 6 * DAY


def test_it_forecasts_nothing_on_the_first_day(sqlite_database: str) -> None:
    books = open_books(pools=2)
    Market.objects.filter(id=books.market_id).update(opens_at=NOW)
    join(books)
    assert pool_forecast(books.market_id, now=NOW).closes_on is None


@pytest.mark.parametrize(
    ("free", "joined", "days"),
    [(0, [], 0), (10, [], None), (10, [0] * 7, None), (10, [5], 2), (10, [0, 7], 3), (1, [1] * 7, 1),
     (7, [100, *[1] * 7], 7), (10**12, [1], None)],
)  # fmt: skip
def test_it_rounds_the_forecast_up(free: int, joined: list[int], days: int | None) -> None:
    expected = None if days is None else TODAY + days * DAY
    assert forecast_closing(full_pots_free=free, joined_by_day=joined, today=TODAY) == expected


@pytest.mark.parametrize(
    ("funded", "free", "pot", "levels"),
    [(0, 0, 10, ()), (1000, 1000, 10, ()), (1000, 201, 10, ()), (1000, 200, 10, (80,)), (1000, 10, 10, (80,)),
     (1000, 9, 10, (80, 100)), (1000, 0, 0, (80, 100)), (1000, 1, 0, (80,)), (15, 9, 10, (80, 100))],
)  # fmt: skip
def test_it_knows_how_full_is_full(funded: int, free: int, pot: int, levels: tuple[int, ...]) -> None:
    assert reached_levels(funded_minor=funded, free_minor=free, pot_minor=pot) == levels
    assert 0 <= used_percent(funded_minor=funded, free_minor=free) <= 100


def mails() -> list[Message]:
    return list(Message.objects.filter(template="pool_alarm").order_by("id"))


def test_it_tells_finance_and_growth_once_for_each_level(both_databases: str) -> None:
    books = open_books(pools=5)
    open_market_of(books)
    User.objects.create_user("old@boutique.example", name="Old", role="finance", is_active=False)
    for _ in range(3):
        join(books, now=NOW - DAY)
    assert watch_pools(now=NOW) == 0
    join(books)
    assert [watch_pools(now=NOW), watch_pools(now=NOW)] == [1, 0]
    # Fay and Greg; neither Dora nor a member who left.
    assert [mail.context["used_percent"] for mail in mails()] == [80, 80]
    subject, body = render_mail(template="pool_alarm", language="en", context=mails()[0].context, secrets={})
    assert subject == "80 % of the pool of spring-pot FR is used"
    assert "1 full pot is free." in body and "6 December 2026" in body
    join(books)
    assert watch_pools(now=NOW) == 1
    subject, _ = render_mail(template="pool_alarm", language="fr", context=mails()[-1].context, secrets={})
    assert "spring-pot FR" in subject
    assert [mail.context["used_percent"] for mail in mails()] == [80, 80, 100, 100]


def test_it_raises_an_alarm_again_after_a_top_up(both_databases: str) -> None:
    books = open_books(pools=1)
    open_market_of(books)
    join(books)
    assert watch_pools(now=NOW) == 2
    top_up_pool(market_id=books.market_id, amount=POT.times(9), user_id=books.team.fay, now=NOW)
    assert (pool_view(books.market_id).full_pots_free, watch_pools(now=NOW)) == (9, 0)
    for _ in range(8):
        join(books)
    assert watch_pools(now=NOW) == 1


def test_it_tells_nobody_about_a_market_that_is_shut(sqlite_database: str) -> None:
    books = open_books(pools=1)
    join(books)
    assert (watch_pools(now=NOW), mails()) == (0, [])


def test_it_lets_only_finance_top_up(sqlite_database: str) -> None:
    books = open_books(pools=1)
    for user_id in (books.team.greg, books.team.dora):
        with pytest.raises(NotAllowed):
            top_up_pool(market_id=books.market_id, amount=Money(1, "EUR"), user_id=user_id, now=NOW)
    assert pool_view(books.market_id).funded == POT


def test_a_forecast_of_far_away_is_none() -> None:
    assert forecast_closing(full_pots_free=1, joined_by_day=[1], today=date.max) is None
