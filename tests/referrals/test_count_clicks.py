"""Clicks are numbers per link and day; a person's link can be found by its code and by nothing else."""

from __future__ import annotations

import threading
from datetime import date

import pytest
from django.db import connections

from onloan.api.clicks import ClickCounter
from onloan.referrals.actions import count_clicks
from onloan.referrals.models import ClickDay
from onloan.referrals.queries import (
    count_clicks_of,
    draw_link_code,
    find_link,
    find_link_country,
    find_link_of,
)
from tests.referrals.support import join_as, open_campaign

pytestmark = pytest.mark.usefixtures("both_databases")

MONDAY, TUESDAY = date(2026, 12, 7), date(2026, 12, 8)


def test_it_adds_up_per_link_and_day() -> None:
    count_clicks(counts={"AAAAAAAA": 3, "BBBBBBBB": 1}, day=MONDAY)
    count_clicks(counts={"AAAAAAAA": 2}, day=MONDAY)
    count_clicks(counts={"AAAAAAAA": 5}, day=TUESDAY)
    rows = ClickDay.objects.order_by("link_code", "day").values_list("link_code", "day", "count")
    assert list(rows) == [("AAAAAAAA", MONDAY, 5), ("AAAAAAAA", TUESDAY, 5), ("BBBBBBBB", MONDAY, 1)]


def test_it_writes_thousands_of_links_at_once() -> None:
    count_clicks(counts={f"{number:08}": 1 for number in range(2_500)}, day=MONDAY)
    count_clicks(counts={f"{number:08}": 1 for number in range(2_500)}, day=MONDAY)
    assert ClickDay.objects.filter(count=2).count() == 2_500


def test_processes_that_write_at_once_lose_no_click_and_never_wait_in_a_circle() -> None:
    counts = {f"{number:08}": 1 for number in range(300)}

    def work(is_reversed: bool) -> None:
        for _ in range(5):
            count_clicks(counts=dict(sorted(counts.items(), reverse=is_reversed)), day=MONDAY)
        connections.close_all()

    workers = [threading.Thread(target=work, args=[number % 2 == 0]) for number in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert set(ClickDay.objects.values_list("count", flat=True)) == {20}


def test_nothing_about_who_clicked_has_a_place() -> None:
    assert {field.name for field in ClickDay._meta.get_fields()} == {"id", "link_code", "day", "count"}


def test_a_counter_writes_what_it_counted_and_keeps_what_failed() -> None:
    ana = join_as("Ana", open_campaign())
    counter = ClickCounter()
    for _ in range(7):
        counter.add(ana.link_code)
    counter.close()
    assert count_clicks_of(ana.participant_id) == 7

    connections.close_all()
    counter = ClickCounter()
    counter._counts.update({"TOO-LONG-FOR-THE-COLUMN" * 3: -1})
    assert counter.flush() == 0
    assert counter._counts.total() == -1, "what could not be written is counted again"


def test_it_finds_a_link_by_its_code_however_it_is_typed() -> None:
    ana = join_as("Ana", open_campaign())
    own = find_link_of(ana.participant_id)
    assert own is not None
    for typed in (ana.link_code, ana.link_code.lower(), f" {ana.link_code[:4]}-{ana.link_code[4:]} "):
        assert find_link(typed) == own
    assert find_link_country(ana.link_code) == "FR"


@pytest.mark.parametrize("typed", ["", "x", "AAAAAAAB", "A" * 100, "Ana", "%", "\x00", "p0000000000000"])
def test_it_finds_no_link_by_anything_else(typed: str) -> None:
    ana = join_as("Ana", open_campaign())
    assert find_link(typed) is None
    assert find_link(ana.public_id) is None
    assert find_link(ana.receipt_token) is None


def test_a_drawn_code_is_free() -> None:
    ana = join_as("Ana", open_campaign())
    assert draw_link_code() != ana.link_code
