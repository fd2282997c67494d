"""A person's copy of everything: looking makes nothing, a button gives a zip to read and to compute with."""

from __future__ import annotations

import io
import json
import re
import zipfile
from typing import Any
from uuid import UUID

import jsonschema
import pytest
from django.db import connection
from django.test import Client
from django.utils import translation

from onloan import clock
from onloan.cases.actions import open_case
from onloan.cases.pack.actions import prepare_packs
from onloan.cases.pack.building import SOURCES, build_pack
from onloan.cases.pack.schema import pack_schema
from onloan.cases.rules import Door, EventKind, Kind, Outcome
from onloan.evidence.rules import KINDS, About
from onloan.ledger.rules import AccountKind, Cause, CorrectionState
from onloan.outbox.models import Message
from onloan.people.queries import find_participant
from onloan.portal.campaign import Campaign
from onloan.portal.pack import asked, checks, log, money, used
from onloan.portal.pack.page import list_sections
from onloan.portal.people import campaign_for
from onloan.referrals.signals import SignalKind
from onloan.uses.rules import Reason
from tests.cases.rich import EVERYTHING, IBAN, PRINTER, build_rich
from tests.joining.support import open_market
from tests.portal.support import Page, add_participant, read_page
from tests.portal.test_my_case import signed_in_client

UUID_FORM = re.compile(r"[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}")
RAW = re.compile(r"\bNone\b|\bTrue\b|\bFalse\b|\bD-[A-Z]+|\b[a-z]+_[a-z_]+\b(?!\.jpg)|\d{4}-\d\d-\d\d|\{|\}")
"""What a program writes and a person does not: nothings, codes, names of columns, time stamps."""


def take(client: Client, language: str, part: str = "all") -> zipfile.ZipFile:
    answer = client.post(f"/{language}/me/pack/", {"part": part})
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/zip")
    return zipfile.ZipFile(io.BytesIO(answer.content))


def page_of(archive: zipfile.ZipFile) -> Page:
    class Answer:
        content = archive.read("index.html")
        status_code = 200
        headers: dict[str, str] = {}  # noqa: RUF012

    return read_page(Answer)


def test_the_button_gives_a_zip_that_no_cache_keeps_and_a_mail_says_so(sqlite_database: str) -> None:
    ana = add_participant(open_market(), "Ana")
    client = signed_in_client(ana.participant_id)
    assert "/en/me/pack/" in client.get("/en/me/").content.decode()
    shown = client.get("/en/me/pack/").content.decode()
    assert "/schemas/access-pack.json" in shown and not Message.objects.filter(template="pack_taken").exists()
    answer = client.post("/fr/me/pack/", {"part": "all"})
    assert "no-store" in answer["Cache-Control"]
    assert re.fullmatch(r'attachment; filename="spring-pot-\d{4}-\d\d-\d\d\.zip"', answer["Content-Disposition"])
    assert Message.objects.get(template="pack_taken").participant_id == ana.participant_id
    part = take(client, "en", "portable")
    assert json.loads(part.read("data.json"))["is_portable_part"]
    page = page_of(part)
    assert "Your data, to take elsewhere" in page.text and "Checks against cheating, and" not in page.text
    assert Client(HTTP_HOST="127.0.0.1").post("/en/me/pack/").status_code == 302


def test_the_page_of_the_request_has_the_button_once_it_is_ready(sqlite_database: str) -> None:
    ana = add_participant(open_market(), "Ana").participant_id
    client = signed_in_client(ana)
    assert "you can take it now" in client.get("/en/me/request/access/").content.decode()
    case_id = open_case(
        kind=Kind.ACCESS, country="FR", language="en", door=Door.STAFF, text="", participant_id=ana,
        now=clock.now(),
    ).case_id  # fmt: skip
    address = f"/en/me/requests/{case_id}/"
    assert "Your copy is ready" not in client.get(address).content.decode()
    assert prepare_packs(now=clock.now()) == 1
    page = read_page(client.get(address))
    assert page.one("button", name="part").get("value") == "all" and "Your copy is ready" in page.text
    take(client, "en")
    assert "You took your copy" in client.get(address).content.decode()


def test_the_schema_is_for_everybody(sqlite_database: str) -> None:
    answer = Client(HTTP_HOST="127.0.0.1").get("/schemas/access-pack.json")
    assert json.loads(answer.content) == pack_schema() and answer["Content-Type"] == "application/schema+json"
    assert "public" in answer["Cache-Control"] and not answer.cookies


def test_a_person_can_read_all_of_it_in_their_language(sqlite_database: str) -> None:
    rich = build_rich()
    client = signed_in_client(rich.id)
    for language, words in (
        ("en", "Somebody you invited signed up."),
        ("fr", "Une personne que vous avez invitée"),
    ):
        archive = take(client, language)
        page = page_of(archive)
        assert page.one("html").get("lang") == language and words in page.text
        for said in ("Ana Torrès", "ana@example.org", PRINTER, "Ana Brûlé", "She is my sister.", "Dora"):
            assert said in page.text, said
        assert IBAN in page.text.replace(" ", "")
        assert [name for name in rich.names if name in page.html] == []
        data = json.loads(archive.read("data.json"))
        jsonschema.validate(data, pack_schema())
        assert {row["code"] for row in data["sources"]["vouchers"]} <= set(
            re.findall(r"(?:\w{4} ){3}\w{5}", page.text)
        )
        _check_words(page)
        _check_form(page, archive)


def test_what_is_not_allowed_does_not_look_like_what_is(sqlite_database: str) -> None:
    first, *others = EVERYTHING
    ana = add_participant(open_market(), answers={first: True, **dict.fromkeys(others, False)})
    page = page_of(take(signed_in_client(ana.participant_id), "en"))
    states = {each.text: each for each in page.all("p") if (each.get("class") or "").startswith("state")}
    assert states["✓ You allow this"].get("class") == "state"
    assert states["✕ You did not allow this"].get("class") == "state no"


def test_the_schema_says_what_is_kept(sqlite_database: str) -> None:
    schema = json.dumps(pack_schema())
    assert "The last characters of your slip." in schema and "that you chose; empty" not in schema
    assert "gone after a day" in schema and "gone after ten minutes" not in schema


def _check_words(page: Page) -> None:
    written = re.sub(r"https?://\S+", "", page.text)
    assert UUID_FORM.findall(written) == []
    assert RAW.findall(written) == []


def _check_form(page: Page, archive: zipfile.ZipFile) -> None:
    """It loads nothing from anywhere, and a screen reader finds its way."""
    assert (
        not page.all("script") and not page.all("link") and "url(" not in page.html and "@import" not in page.html
    )
    assert {image.get("src") for image in page.all("img")} <= set(archive.namelist())
    assert all(image.get("alt") for image in page.all("img"))
    assert len(page.all("h1")) == 1
    levels = [int(each.tag[1]) for each in page.elements if re.fullmatch(r"h[1-6]", each.tag)]
    assert all(after <= before + 1 for before, after in zip(levels, levels[1:], strict=False)), (
        "no level is left out"
    )
    names = [each.get("id") for each in page.elements if each.has("id")]
    assert len(names) == len(set(names))
    inside = [link.get("href")[1:] for link in page.all("a") if link.get("href").startswith("#")]
    assert set(inside) <= set(names) and len(inside) == 16
    assert len(page.all("caption")) == len(page.all("table")) > 8
    assert all(cell.has("scope") for cell in page.all("th"))


def read_sections(participant_id: UUID, *, is_portable: bool) -> tuple[Campaign, list[Any]]:
    person = find_participant(participant_id)
    assert person is not None
    with translation.override("en"):
        campaign = campaign_for(person)
        pack = build_pack(person.id, is_portable=is_portable, now=campaign.now)
        return campaign, list_sections(pack, campaign)


def test_each_source_is_told_by_one_section_and_a_gap_where_it_belongs(sqlite_database: str) -> None:
    ana = add_participant(open_market(), "Ana").participant_id
    _, sections = read_sections(ana, is_portable=False)
    told = [name for section in sections for name in section.sources]
    assert sorted(told) == sorted(source.name for source in SOURCES)
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE people_item_change RENAME TO moved_away")
    _, sections = read_sections(ana, is_portable=False)
    assert {section.key: section.missing for section in sections if section.missing} == {
        "changes": ["What you changed"]
    }
    client = signed_in_client(ana)
    page = page_of(take(client, "en"))
    assert (
        "Something is missing." in page.text
        and "These parts could not be read just now: What you changed" in page.text
    )
    shown = client.get("/en/me/pack/").content.decode()
    assert "A part of it could not be read yet." in shown and "What you changed" in shown


@pytest.mark.parametrize(
    ("words", "known"),
    [
        (asked.STEP_WORDS, EventKind),
        (asked.DOOR_WORDS, Door),
        (asked.OUTCOME_WORDS, Outcome),
        (used.REFUSED_WORDS, Reason),
        (money.BOOKING_WORDS, Cause),
        (money.CORRECTION_WORDS, CorrectionState),
        (money.POT_WORDS, set(AccountKind) - {AccountKind.POOL}),
        (checks.LOGIC_WORDS, SignalKind),
        (log.ENTRY_WORDS, {kind for kind, rule in KINDS.items() if rule.about is not About.NEVER}),
    ],
)
def test_there_are_words_for_whatever_can_happen(words: dict[Any, Any], known: Any) -> None:
    assert set(words) == set(known)
