"""A followed link: a redirect in the reader's language, counted for people, and nothing kept about them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.db import connection
from django.db.utils import OperationalError

from onloan.api import edge as edge_module
from onloan.api.edge import Edge, choose_language
from onloan.offers import models as offers
from onloan.referrals.queries import count_clicks_of
from tests.referrals.support import join_as, open_campaign

pytestmark = pytest.mark.usefixtures("both_databases")

PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 Safari/604.1"


@dataclass
class Answer:
    status: str
    headers: dict[str, str]
    body: bytes


def follow(edge: Edge, path: str, method: str = "GET", **environ: str) -> Answer:
    seen: list[Any] = []

    def start_response(status: str, headers: list[tuple[str, str]]) -> None:
        seen.extend([status, dict(headers)])

    sent = {"PATH_INFO": path, "REQUEST_METHOD": method, "HTTP_USER_AGENT": PHONE, **environ}
    body = b"".join(edge(sent, start_response))
    return Answer(seen[0], seen[1], body)


def django_stand_in(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    start_response("200 OK", [])
    return [b"django"]


@pytest.fixture
def edge(both_databases: str) -> Iterator[Edge]:
    made = Edge(django_stand_in)
    yield made
    made.clicks.close()


def test_it_leads_to_the_invitation_in_the_readers_language(edge: Edge) -> None:
    ana = join_as("Ana", open_campaign())
    answer = follow(edge, f"/l/{ana.link_code}", HTTP_ACCEPT_LANGUAGE="en-GB,fr;q=0.4")
    assert answer.status == "303 See Other"
    # The campaign runs in France, in French.
    assert answer.headers["Location"] == f"/fr/invite/{ana.link_code}/"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.body == b""


def test_it_counts_people_and_no_programs(edge: Edge) -> None:
    ana = join_as("Ana", open_campaign())
    path = f"/l/{ana.link_code}"
    for _ in range(3):
        follow(edge, path)
    follow(edge, path + "/")
    follow(edge, path, "HEAD")
    follow(edge, path, HTTP_USER_AGENT="WhatsApp/2.24")
    follow(edge, path, HTTP_USER_AGENT="")
    follow(edge, path, HTTP_SEC_PURPOSE="prefetch")
    edge.clicks.close()
    assert count_clicks_of(ana.participant_id) == 4


def test_it_asks_the_database_once_for_a_link(edge: Edge) -> None:
    ana = join_as("Ana", open_campaign())
    follow(edge, f"/l/{ana.link_code}")

    def refuse(*_: Any) -> Any:
        raise AssertionError("asked again")

    with connection.execute_wrapper(refuse):
        assert follow(edge, f"/l/{ana.link_code.lower()}").status == "303 See Other"


def test_it_goes_on_when_a_market_stops_because_the_page_explains(edge: Edge) -> None:
    campaign = open_campaign()
    ana = join_as("Ana", campaign)
    offers.Market.objects.filter(id=campaign.market_id).update(state="suspended", reason="We look at it.")
    assert follow(edge, f"/l/{ana.link_code}").headers["Location"].endswith(f"/invite/{ana.link_code}/")


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("AAAAAAAA", "AAAAAAAA"),
        ("", "unknown"),
        ("x" * 5_000, "unknown"),
        ("//evil.example", "unknown"),
        ("../../console", "unknown"),
        ("\r\nSet-Cookie: a=b", "unknown"),
        ("ana@people.example", "unknown"),
        ("<script>", "unknown"),
        ("é", "unknown"),
    ],
)
def test_an_unknown_code_leads_to_a_page_that_says_so(edge: Edge, typed: str, shown: str) -> None:
    answer = follow(edge, f"/l/{typed}", HTTP_ACCEPT_LANGUAGE="fr")
    assert answer.headers["Location"] == f"/fr/invite/{shown}/"


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
def test_it_only_reads(edge: Edge, method: str) -> None:
    answer = follow(edge, "/l/AAAAAAAA", method)
    assert (answer.status, answer.headers["Allow"]) == ("405 Method Not Allowed", "GET, HEAD")


def test_it_says_come_back_when_the_database_is_away(edge: Edge, monkeypatch: pytest.MonkeyPatch) -> None:
    ana = join_as("Ana", open_campaign())

    def fail(code: str) -> None:
        raise OperationalError("away")

    monkeypatch.setattr(edge_module, "find_link_country", fail)
    assert follow(edge, f"/l/{ana.link_code}").status == "503 Service Unavailable"


def test_it_forgets_links_before_they_fill_the_memory(edge: Edge, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(edge_module, "LINKS_REMEMBERED_MAX", 2)
    campaign = open_campaign()
    for number in range(5):
        follow(edge, f"/l/{join_as(f'P{number}', campaign).link_code}")
        assert len(edge._languages_of_link) <= 2


def test_everything_else_is_djangos(edge: Edge) -> None:
    assert follow(edge, "/fr/").body == b"django"
    assert follow(edge, "/logo").body == b"django"


@pytest.mark.parametrize(
    ("accepted", "offered", "chosen"),
    [
        ("", ("fr", "en"), "fr"),
        ("en", ("fr", "en"), "en"),
        ("fr-CA,en;q=0.9", ("en", "fr"), "fr"),
        ("en;q=0.2,fr;q=0.3", ("en", "fr"), "fr"),
        ("de,nl", ("en", "fr"), "en"),
        ("fr;q=0", ("en", "fr"), "en"),
        ("*", ("fr", "en"), "fr"),
        ("fr;q=banana,en;q=0.1", ("fr", "en"), "en"),
        ("en" * 10_000, ("fr",), "fr"),
        ("en", (), "en"),
    ],
)
def test_it_chooses_what_the_reader_wants_most(accepted: str, offered: tuple[str, ...], chosen: str) -> None:
    assert choose_language(accepted, offered) == chosen
