"""The copy of everything: no table and no column is forgotten, nobody else is in it, and a gap is named."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from dataclasses import replace
from typing import Any
from uuid import UUID

import jsonschema
import pytest
from django.apps import apps
from django.db import connection

from onloan import clock, db
from onloan.cases.pack import building
from onloan.cases.pack.building import SOURCES, Pack, build_pack
from onloan.cases.pack.forms import Row, Source
from onloan.cases.pack.person import CHANGES
from onloan.cases.pack.schema import pack_schema
from onloan.cases.pack.words import TITLES
from onloan.cases.pack.writing import write_csv, write_json, write_zip
from onloan.errors import NotFound
from onloan.evidence.queries import find_entry
from onloan.evidence.rules import commit_about
from onloan.people.models import EmailCode, Participant, Suppression
from tests.cases.rich import BANK, IBAN, PRINTER, Rich, build_rich
from tests.consents.world import ALL, add_person, build_world


def columns_of(source: Source) -> set[str]:
    assert source.table is not None
    return {field.attname for field in source.table._meta.concrete_fields}


def test_every_table_about_people_is_a_source_once() -> None:
    about_people = [
        model for model in apps.get_models() if any(f.attname == "participant_id" for f in model._meta.fields)
    ]
    named = [source.table for source in SOURCES if source.table is not None]
    named += [unread.table for source in SOURCES for unread in source.unread]
    # These are found by the hash of an address.
    assert sorted(map(str, named)) == sorted(map(str, [Participant, Suppression, EmailCode, *about_people]))
    assert list(TITLES) == [source.name for source in SOURCES]


def test_every_column_is_given_or_left_out_for_a_reason() -> None:
    for source in SOURCES:
        if source.table is not None:
            columns = columns_of(source)
            given = {column for each in source.properties for column in each.columns} & columns
            assert given | set(source.left_out) == columns, source.name
            assert not given & set(source.left_out), source.name
        for unread in source.unread:
            assert {field.attname for field in unread.table._meta.concrete_fields} == set(unread.left_out)
        reasons = [*source.left_out.values(), *(why for each in source.unread for why in each.left_out.values())]
        assert all(len(why) > 10 for why in reasons), source.name


def check(text: str) -> dict[str, Any]:
    """The file against the published schema, dates and times too."""
    schema = pack_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    data: dict[str, Any] = json.loads(text)
    jsonschema.Draft202012Validator(
        schema, format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER
    ).validate(data)
    return data


@pytest.fixture
def rich(both_databases: str) -> Rich:
    return build_rich()


def test_it_holds_all_of_one_person_by_the_published_schema_and_nothing_of_another(rich: Rich) -> None:
    made = build_pack(rich.id, is_portable=False, now=clock.now())
    assert made.gaps == ()
    text = write_json(made)
    sources = check(text)["sources"]
    assert [name for name, rows in sources.items() if not rows] == [], "a row of every kind"
    assert set(sources) == {source.name for source in SOURCES}
    assert [name for name in rich.names if name in text] == []
    _check_what_it_says(sources)
    _check_zip(made, sources)
    _prove_entries(sources)
    assert check(write_json(build_pack(rich.zoe.participant_id, is_portable=False, now=clock.now())))


def _check_what_it_says(sources: dict[str, list[Row]]) -> None:
    items = {row["item"]: row["value"] for row in sources["items"]}
    assert items == {
        "email": "ana@example.org", "username": "Ana Torrès", "profile_photo": "profile_photo.jpg",
        "payee_name": "Ana Brûlé", "payee_account": IBAN,
    }  # fmt: skip
    assert [row["before"] for row in sources["changes"]] == ["Ana T"]
    (recipient,) = sources["recipients"]
    assert (recipient["name"], recipient["country"], recipient["safeguard"]) == (PRINTER, "US", "scc")
    assert (recipient["times"], recipient["is_outside_eea"], recipient["contract"]) == (2, True, "DPA-7")
    assert recipient["items"] == ["profile_photo", "username_masked"]
    assert {row["recipient_name"] for row in sources["mass_uses"]} == {"", PRINTER}
    assert [row["is_allowed"] for row in sources["uses"] if row["basis"] in {"", "consent"}] == [True, False, True]
    assert (sources["notices"][0]["recipient_name"], sources["notices"][0]["state"]) == (PRINTER, "acknowledged")
    assert {row["note"] for row in sources["takedowns"]} >= {"The poster was taken off."}
    assert {row["about"] for row in sources["signals"]} == {"friend", "as_friend"}
    assert {row["led_to_review"] for row in sources["signals"] if row["about"] == "as_friend"} == {None}
    (advertising,) = sources["advertising"]
    assert advertising["until"][:4] == str(int(advertising["since"][:4]) + 3)
    assert "12 people joined within an hour by the link that you used." in {
        row["sentence"] for row in sources["signals"]
    }
    (review,) = sources["reviews"]
    assert (review["comment"], review["second_comment"]) == ("She is my sister.", "Please look again.")
    assert review["reason"] == "One mailbox, two names." and len(review["rewards"]) == 2
    complaints = {row["door"]: row["text"] for row in sources["requests"] if row["kind"] == "complaint"}
    assert complaints == {"my_page": "It is my photo.", "late_payment": None}
    (late,) = sources["late_payments"]
    assert late["end"] is None and late["reward"] in {row["reward"] for row in sources["cash"]}
    assert late["request"] in {row["number"] for row in sources["requests"] if row["door"] == "late_payment"}
    assert "Bettina says the same." not in {row["text"] for row in sources["steps"]}
    assert sum(row["is_withheld"] for row in sources["steps"]) >= 1
    assert sources["questions"][0]["reason"] == "The letter came from another address."
    assert "To answer the complaint." in {row["reason"] for row in sources["look_ups"] if row["member"]}
    assert [row["reason"] for row in sources["archive_readings"]] == ["The yearly audit drew this payment."]
    assert (sources["link"][0]["joined_count"], len(sources["friends"])) == (3, 3)
    paid = [row for row in sources["payments"] if row["state"] == "accepted"]
    assert [(row["amount"], row["currency"], row["account"]) for row in paid] == [("4.00", "EUR", IBAN)]
    assert all(row["our_bank"] for row in paid) and [row["your_bank"] for row in paid] == [BANK]
    assert sources["slips"][0]["amount"] == "4.00" and len(sources["slips"][0]["code"].replace(" ", "")) == 17
    assert 'You joined "The spring pot"' in {row["subject"] for row in sources["mails"]}


def _check_zip(made: Pack, sources: dict[str, list[Row]]) -> None:
    archive = zipfile.ZipFile(io.BytesIO(write_zip(made, "<!doctype html>")))
    names = set(archive.namelist())
    assert {
        "index.html",
        "data.json",
        "schema.json",
        "profile_photo.jpg",
        sources["sightings"][0]["picture"],
    } <= names
    assert archive.read("profile_photo.jpg").startswith(b"\xff\xd8")
    assert json.loads(archive.read("schema.json")) == pack_schema()
    for source in SOURCES:
        rows = list(csv.reader(io.StringIO(archive.read(f"csv/{source.name}.csv").decode("utf-8-sig"))))
        assert rows[0] == [each.name for each in source.properties]
        assert len(rows) == len(sources[source.name]) + 1


def _prove_entries(sources: dict[str, list[Row]]) -> None:
    """With what is in the file anybody can check that an entry of the log is about its owner."""
    owner = UUID(sources["person"][0]["id"])
    for row in sources["log"]:
        entry = find_entry(row["log_index"])
        assert entry.body.decode() == row["entry"]
        at = db.read_time(row["happened_at"])
        assert commit_about(bytes.fromhex(row["opening_key"]), owner, at) == entry.read()["about"]


def test_the_part_to_take_elsewhere_is_what_was_given_and_observed(sqlite_database: str) -> None:
    made = build_pack(build_rich().id, is_portable=True, now=clock.now())
    sources = check(write_json(made))["sources"]
    inferred = {
        "signals",
        "reviews",
        "marks",
        "look_ups",
        "mails",
        "notices",
        "takedowns",
        "recipients",
        "log",
        "friends",
        "corrections",
        "advertising",
    }
    assert not inferred & set(sources)
    assert {"items", "answers", "uses", "mass_uses", "rewards", "vouchers", "payments", "events"} <= set(sources)
    assert {row["basis"] for row in sources["uses"]} <= {"consent", "contract"}
    for source, name in (
        ("answers", "receipt"), ("receipts", "code"), ("vouchers", "code"), ("slips", "code"),
        ("rewards", "held_reason"), ("rewards", "void_cause"), ("requests", "answer"),
        ("requests", "identified_how"), ("invitation", "checked_at"),
    ):  # fmt: skip
        assert [row[name] for row in sources[source] if row[name] is not None] == [], (source, name)
    assert set(made.files) == {"profile_photo.jpg", sources["sightings"][0]["picture"]}


_ENDLESS = "WITH RECURSIVE step(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM step) SELECT count(*) FROM step"


def read_endlessly(participant_id: UUID) -> list[Row]:
    db.fetch_all(_ENDLESS)
    return []


def test_what_is_broken_or_too_slow_is_named_and_the_rest_is_given(
    both_databases: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ana = add_person(build_world(), ALL, name="Ana Torres")
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE people_item_change RENAME TO moved_away")
    slow = tuple(replace(source, read=read_endlessly) if source.name == "mails" else source for source in SOURCES)
    monkeypatch.setattr(building, "SOURCES", slow)
    monkeypatch.setattr(building, "SOURCE_SECONDS_MAX", 0.3)
    made = build_pack(ana.id, is_portable=False, now=clock.now())
    assert made.gaps == ("changes", "mails")
    data = check(write_json(made))
    assert data["gaps"] == ["changes", "mails"] and "mails" not in data["sources"]
    assert "csv/mails.csv" not in zipfile.ZipFile(io.BytesIO(write_zip(made, ""))).namelist()
    assert {row["value"] for row in data["sources"]["items"]} >= {"Ana Torres"}


def test_no_cell_is_a_formula(sqlite_database: str) -> None:
    ana = add_person(build_world(), ALL, name="=HYPERLINK(1)")
    archive = zipfile.ZipFile(io.BytesIO(write_zip(build_pack(ana.id, is_portable=False, now=clock.now()), "")))
    assert ",'=HYPERLINK(1)," in archive.read("csv/items.csv").decode()
    assert ",=" not in archive.read("csv/items.csv").decode()


@pytest.mark.parametrize(("language", "separator"), [("en", ","), ("fr", ";")])
def test_no_cell_is_a_formula_whatever_separator_a_program_expects(language: str, separator: str) -> None:
    row = dict.fromkeys(("item", "changed_at", "is_by_team"), "x") | {
        "before": "Hello; you\n=1+1\n@SUM(A1);=2+5, -3"
    }
    table = write_csv(CHANGES, [row], language).removeprefix("\ufeff")
    assert table.startswith(separator.join(("item", "changed_at", "is_by_team", "before")))
    for other in (",", ";", "\t"):
        cells = [cell for line in csv.reader(io.StringIO(table), delimiter=other) for cell in line]
        assert [cell for cell in cells if cell.lstrip(" ")[:1] in set("=+-@")] == []


def test_nobody_else_gets_one(sqlite_database: str) -> None:
    with pytest.raises(NotFound):
        build_pack(UUID(int=1), is_portable=False, now=clock.now())
