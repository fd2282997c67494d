"""The breach register in the console: a short form starts the clock, one page leads through all that follows."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from django.test import Client

from onloan import clock
from onloan.breaches.actions import close_breach
from onloan.breaches.models import Breach, Entry, Telling
from onloan.breaches.rules import EntryKind, Risk
from onloan.breaches.telling import tell_people
from onloan.outbox.models import Message
from tests.breaches.world import WHY, WORDS, assess, change, open_with_people, record
from tests.console.test_desk import row
from tests.console.test_reviews import read, signed_in
from tests.joining.support import OpenMarket

HOUR = timedelta(hours=1)
PARIS = ZoneInfo("Europe/Paris")
LIST = "/console/breaches/"


@pytest.fixture
def market(sqlite_database: str) -> OpenMarket:
    return open_with_people(3)


@pytest.fixture
def dora(market: OpenMarket) -> Client:
    return signed_in("Dora", "dpo")


def moment(name: str, at: datetime) -> dict[str, str]:
    """What somebody in Paris types."""
    local = at.astimezone(PARIS)
    return {f"{name}_on": local.date().isoformat(), f"{name}_time": f"{local:%H:%M}"}


def page_of(breach_id: UUID) -> str:
    return f"{LIST}{breach_id}/"


def press(client: Client, address: str, act: str, **fields: object) -> str:
    return client.post(address, {"act": act, **fields}, follow=True).content.decode()


def prepare(market: OpenMarket, risk: Risk = Risk.HIGH, *, hours_ago: float = 2) -> UUID:
    """A breach whose people are in France, as it was judged."""
    now = clock.now()
    breach_id = record(market.team.dora, aware_at=now - hours_ago * HOUR, now=now)
    change(breach_id, market.team.dora, countries=("FR",), now=now)
    assess(breach_id, market.team.dora, risk, now=now)
    return breach_id


def test_two_fields_start_the_clock_in_the_teams_own_time(dora: Client) -> None:
    assert "No breach is open." in read(dora, LIST)
    new = f"{LIST}new/"
    assert "within 72 hours" in read(dora, new) and "Europe/Paris" in read(dora, new)
    aware = (clock.now() - 3 * HOUR).replace(second=0, microsecond=0)
    typed = {"facts": "A laptop was stolen.", **moment("aware_at", aware)}
    for wrong, says in (
        ({"aware_at_time": ""}, "E-INPUT"),
        ({"aware_at_on": "0001-01-01"}, "E-INPUT"),
        (moment("aware_at", clock.now() + HOUR), "E-BREACH-AWARE"),
        ({"facts": ""}, "E-BREACH-TEXT"),
        ({"facts": "A laptop was stolen from eva@example.org."}, "E-BREACH-NAMES"),
    ):
        answer = dora.post(new, {**typed, **wrong})
        page = answer.content.decode()
        assert answer.status_code == 422 and says in page and 'role="alert"' in page
        assert "A laptop was stolen" in page or wrong == {"facts": ""}, "what was typed stays"
        assert not Breach.objects.exists()
    page = dora.post(new, typed, follow=True).content.decode()
    assert "Recorded. The clock runs" in page and "68 hours left" in page and "Judge the risk" in page
    assert Breach.objects.get().aware_at == aware
    assert "68 hours left" in read(dora, LIST)


@pytest.mark.parametrize("role", ["auditor", "support", "finance"])
def test_others_with_an_overview_read_and_write_nothing(market: OpenMarket, role: str) -> None:
    address = page_of(prepare(market))
    client = signed_in("Olga", role)
    assert "Record a breach" not in read(client, LIST) and "A file with usernames" in read(client, LIST)
    page = read(client, address)
    assert "What was written and done" in page and 'name="act"' not in page
    assert "not known yet: it follows" in read(client, f"{address}notification/")
    before = Entry.objects.count()
    for act in ("change", "assess", "notify", "decline", "preview", "send", "note", "close", "reopen"):
        assert client.post(address, {"act": act}).status_code == 403
    assert client.get(f"{LIST}new/").status_code == 403 and Entry.objects.count() == before


def test_growth_does_not_see_it(market: OpenMarket) -> None:
    address = page_of(prepare(market, hours_ago=100))
    greg = signed_in("Greg", "growth")
    for each in (LIST, address, f"{LIST}new/", f"{address}notification/", f"{address}notification/text/"):
        assert greg.get(each).status_code == 403
    for each in ("/console/", "/console/desk/"):
        assert "reach" not in read(greg, each)


def test_what_is_late_stands_on_every_page(market: OpenMarket, dora: Client) -> None:
    breach_id = prepare(market)
    words = "longer than the law allows"
    assert words not in read(dora, "/console/offers/")
    assert row(read(dora, "/console/desk/"), "Breaches") == ["1", "0", "–", "–"]
    assert "69 hours left" in read(dora, "/console/") and "69 hours left" in read(dora, "/console/desk/")
    late = prepare(market, hours_ago=73.5)
    for client in (dora, signed_in("Olga", "auditor")):
        assert words in read(client, "/console/offers/")
    assert row(read(dora, "/console/desk/"), "Breaches") == ["2", "1", "–", "–"]
    assert "2 hours late" in read(dora, page_of(late))
    listed = read(dora, LIST)
    assert listed.index(str(late)) < listed.index(str(breach_id)), "the least time left stands first"


def test_each_wording_is_kept_and_a_colleagues_is_not_overwritten(market: OpenMarket, dora: Client) -> None:
    breach_id = prepare(market)
    address, row_ = page_of(breach_id), Breach.objects.get()
    typed: dict[str, object] = {
        "facts": row_.facts, **moment("aware_at", row_.aware_at), "countries": ["FR"],
        "contact": "dpo@shop.example", "people_count": "1 200", "entries_seen": 3,
        "effects": "Somebody may have read usernames.",
    }  # fmt: skip
    # Minutes are typed, and seconds are not: the moment moves by less than one, and says why.
    assert "E-BREACH-REASON" in press(dora, address, "change", **typed)
    page = press(dora, address, "change", **typed, note="Seconds do not matter here.")
    assert "What stood there before is kept below" in page and "1,200" in page
    stale = press(dora, address, "change", **{**typed, "effects": "Nothing at all."})
    assert "E-BREACH-CHANGED" in stale and "Nothing at all." in stale, "what was typed stays"
    page = press(dora, address, "change", **{**typed, "entries_seen": 4, "effects": "Nobody read them."})
    assert "before:" in page and page.count("Somebody may have read usernames.") == 2
    assert "E-BREACH-COUNT" in press(
        dora, address, "change", **{**typed, "entries_seen": 5, "people_count": "many"}
    )
    assert "E-BREACH-COUNTRY" in press(
        dora, address, "change", **{**typed, "entries_seen": 5, "countries": ["ES"]}
    )


def test_an_authority_that_is_told_late_hears_why(market: OpenMarket, dora: Client) -> None:
    address = page_of(prepare(market, Risk.RISK, hours_ago=80))
    told = {"country": "FR", "authority_reference": "CNIL-7", **moment("told_at", clock.now() - HOUR)}
    page = press(dora, address, "notify", **told)
    assert "E-BREACH-LATE" in page and "72 hours" in page and "CNIL-7" in page
    assert "E-INPUT" in press(dora, address, "notify", country="FR")
    page = press(dora, address, "notify", **told, reasons="We first had to find out whose data it was.")
    assert "Kept: the authority was told." in page and "every authority told" in page
    assert "longer than the law allows" not in page, "the red line is gone"


def test_the_notification_has_every_item_and_names_what_is_missing(market: OpenMarket, dora: Client) -> None:
    breach_id = prepare(market, Risk.RISK)
    change(breach_id, market.team.dora, people_count=40, measures="We closed it.", now=clock.now())
    text = dora.get(f"{page_of(breach_id)}notification/text/")
    assert text.headers["Content-Disposition"].endswith('.txt"') and "no-store" in text.headers["Cache-Control"]
    said = text.content.decode()
    for item in (
        "Boutique Exemple SAS", "A file with usernames lay open.", "About how many people\n40", "We closed it.",
        "Contact point\nnot known yet: it follows", "Likely effects\nnot known yet: it follows", "a risk. " + WHY,
        "Authorities told so far\nnone yet",
    ):  # fmt: skip
        assert item in said
    page = read(dora, f"{page_of(breach_id)}notification/")
    assert "https://www.cnil.fr" in page and "We closed it." in page
    assert "notre num" in read(signed_in("Dora", "dpo", "fr"), f"{page_of(breach_id)}notification/").lower()


def test_people_are_told_what_was_previewed(market: OpenMarket, dora: Client) -> None:
    address = page_of(prepare(market))
    page = read(dora, address)
    assert "3 people now" in page and "what_fr" in page and "what_en" not in page
    texts = {f"{part}_fr": words for part, words in WORDS.items()}
    gap = press(dora, address, "preview", **{**texts, "effects_fr": ""})
    assert "E-BREACH-TEXTS" in gap and WORDS["what"] in gap
    page = press(dora, address, "preview", **texts)
    assert "Send this to 3 people" in page and "Ce qui s&#x27;est passé" in page
    found = re.search(r'name="seen" value="([0-9a-f]{64})"', page)
    assert found and not Telling.objects.exists()
    changed = press(dora, address, "send", **{**texts, "what_fr": "Something else."}, seen=found.group(1))
    assert "E-BREACH-UNSEEN" in changed and not Telling.objects.exists()
    page = press(dora, address, "send", **texts, seen=found.group(1))
    assert "It begins within a minute" in page and "Written to</dt><dd>0" in page and "Waiting</dt><dd>3" in page
    assert "E-BREACH-AGAIN" in press(dora, address, "send", **texts, seen=found.group(1))
    later = clock.now() + timedelta(minutes=2)
    assert tell_people(now=later, limit=2) == 2
    assert "Written to</dt><dd>2" in read(dora, address) and "Waiting</dt><dd>1" in read(dora, address)
    while tell_people(now=later, limit=2):
        pass
    assert Message.objects.filter(template="breach_told").count() == 3
    page = read(dora, address)
    assert (
        "Waiting</dt><dd>0" in page and "Mails under way</dt><dd>3" in page and "3 people were written to" in page
    )


def test_not_telling_needs_a_ground_and_closing_needs_that_nothing_is_left(
    market: OpenMarket, dora: Client
) -> None:
    address = page_of(prepare(market))
    assert "E-INPUT" in press(dora, address, "decline", why_not=WHY)
    assert "E-BREACH-REASON" in press(dora, address, "decline", ground="protected", why_not="no")
    assert "People are not told:" in press(dora, address, "decline", ground="protected", why_not=WHY)
    assert "E-BREACH-DUTIES" in press(dora, address, "close", why_closed=WHY)
    press(dora, address, "notify", country="FR", **moment("told_at", clock.now()))
    # A minute is typed: what was told in this one may be told before its first second was over.
    if not Entry.objects.filter(kind=EntryKind.AUTHORITY_TOLD).exists():
        press(dora, address, "notify", country="FR", **moment("told_at", clock.now() - HOUR))
    page = press(dora, address, "close", why_closed=WHY)
    assert "kept for five years" in page and 'value="assess"' not in page and 'value="reopen"' in page
    gone = press(dora, address, "assess", risk="high", reason="It is worse than we thought.")
    assert "E-BREACH-CLOSED" in gone and "This was not done" in gone and "It is worse than we thought." in gone
    assert "No breach is open." in read(dora, LIST) and "Nobody can delete one before" in read(dora, LIST)
    assert "Open again" in press(dora, address, "reopen", why_open="Somebody opened the file.")


@pytest.mark.parametrize("language", ["en", "fr"])
def test_each_page_is_whole_in_both_languages(market: OpenMarket, language: str) -> None:
    breach_id = prepare(market)
    other = record(market.team.dora, aware_at=datetime.now(UTC) - 80 * HOUR, now=clock.now())
    assess(other, market.team.dora, Risk.UNLIKELY, now=clock.now())
    close_breach(breach_id=other, reason=WHY, user_id=market.team.dora, now=clock.now())
    client = signed_in("Dora", "dpo", language)
    for address in (LIST, f"{LIST}new/", page_of(breach_id), page_of(other), f"{page_of(breach_id)}notification/"):
        page = read(client, address)
        assert f'<html lang="{language}">' in page and "style=" not in page and "<script" not in page
        assert not re.search(r"\{[a-z]+\}|\{\{|\{%", page)
        ids = re.findall(r'\bid="([^"]+)"', page)
        assert len(ids) == len(set(ids)), "an id stands once"
        assert set(re.findall(r'href="#([^"]+)"', page)) <= set(ids)
        labels = set(re.findall(r'<label for="([^"]+)"', page))
        assert labels <= set(ids)
    assert client.post(page_of(breach_id), {"act": "delete"}).status_code == 404
    assert client.get(page_of(UUID(int=7))).status_code == 404
