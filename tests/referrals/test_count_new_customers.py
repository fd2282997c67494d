"""A new customer is somebody of whom the merchant reported what counts."""

from __future__ import annotations

from uuid import UUID

from onloan import ids
from onloan.referrals.models import Event
from onloan.referrals.queries import count_new_customers
from tests.ledger.books import NOW, join, open_books


def report(person_id: UUID, event: str = "app_signed_up") -> None:
    Event.objects.create(
        id=ids.new_id(), participant_id=person_id, event=event, external_ref="shop-1", occurred_at=NOW,
        received_at=NOW,
    )  # fmt: skip


def test_it_counts_each_person_once_in_their_market(both_databases: str) -> None:
    spring, autumn, empty = open_books(pools=5), open_books(slug="autumn", pools=5), open_books(slug="winter")
    people = [join(spring) for _ in range(3)]
    for person in people[:2]:
        report(person)
    report(people[0], "first_purchase")
    report(join(autumn))
    markets = [spring.market_id, autumn.market_id, empty.market_id]
    assert count_new_customers(markets) == dict(zip(markets, (2, 1, 0), strict=True))


def test_it_counts_nobody_where_nothing_is_asked(both_databases: str) -> None:
    assert count_new_customers([]) == {}
