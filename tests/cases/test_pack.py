"""The copy of everything: no table is forgotten, nobody else is in it, and a part that fails is named."""

from __future__ import annotations

import io
import json
import zipfile
from uuid import UUID

import jsonschema
import pytest
from django.apps import apps

from onloan import clock
from onloan.cases import pack
from onloan.cases.actions import open_case
from onloan.cases.pack import SCHEMA, SOURCES, Source, build_pack, write_json, write_zip
from onloan.cases.rules import Door, Kind
from onloan.cases.timeline import list_events
from onloan.errors import NotFound
from onloan.uses.actions import decide_use
from tests.consents.world import ALL, Person, add_person, build_world


def test_every_table_about_people_is_a_source_once() -> None:
    about_people = {
        model._meta.db_table
        for model in apps.get_models()
        if any(field.name == "participant_id" for field in model._meta.fields)
    }
    named = [table for source in SOURCES for table in source.tables]
    assert sorted(named) == sorted(about_people)


def use(person: Person) -> None:
    decide_use(
        participant_id=person.id, items=("username",), purpose="referral_card", channel="invitation_page",
        country="FR",
    )  # fmt: skip


def test_it_holds_all_of_one_person_and_nothing_of_another(both_databases: str) -> None:
    world = build_world()
    ana, ben = add_person(world, ALL, name="Ana Torres"), add_person(world, ALL, name="Ben Smit")
    use(ana)
    use(ben)
    open_case(
        kind=Kind.COMPLAINT, country="FR", language="en", door=Door.MY_PAGE, text="It is my photo.",
        participant_id=ana.id, now=clock.now(),
    )  # fmt: skip
    made = build_pack(ana.id, is_portable=False, now=clock.now())
    assert made.gaps == ()
    text = write_json(made)
    data = json.loads(text)
    jsonschema.validate(data, SCHEMA)
    assert data["sources"]["profile"][0]["username"] == "Ana Torres"
    assert len(data["sources"]["answers"]) >= len(ALL)
    assert [row["channel"] for row in data["sources"]["uses"]] == ["invitation_page"]
    assert data["sources"]["requests"][0]["text"] == "It is my photo."
    assert "Ben Smit" not in text and str(ben.id) not in text


def test_the_part_to_take_elsewhere_has_no_inferences(sqlite_database: str) -> None:
    ana = add_person(build_world(), ALL)
    content = build_pack(ana.id, is_portable=True, now=clock.now()).content
    assert "fraud-checks" not in content and "look-ups" not in content
    assert {"profile", "answers", "uses", "rewards"} <= set(content)


def test_what_cannot_be_read_is_named_and_the_rest_is_given(
    sqlite_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(participant_id: UUID) -> list[pack.Row]:
        raise OSError

    ana = add_person(build_world(), ALL, name="Ana Torres")
    case_id = open_case(
        kind=Kind.ACCESS, country="FR", language="en", door=Door.MY_PAGE, text="", participant_id=ana.id,
        now=clock.now(),
    ).case_id  # fmt: skip
    broken = tuple(Source("changes", source.tables, True, read=fail) if source.name == "changes" else source
                   for source in SOURCES)  # fmt: skip
    monkeypatch.setattr(pack, "SOURCES", broken)
    made = build_pack(ana.id, is_portable=False, now=clock.now())
    assert made.gaps == ("changes",) and made.content["profile"][0]["username"] == "Ana Torres"
    pack.note_handed_over(participant_id=ana.id, is_portable=False, gaps=made.gaps, now=clock.now())
    assert list_events(case_id)[-1].text == "Without: changes"


def test_no_cell_is_a_formula(sqlite_database: str) -> None:
    ana = add_person(build_world(), ALL, name="=HYPERLINK(1)")
    archive = zipfile.ZipFile(io.BytesIO(write_zip(build_pack(ana.id, is_portable=False, now=clock.now()), "")))
    profile = archive.read("csv/profile.csv").decode()
    assert "'=HYPERLINK(1)" in profile
    assert {"index.html", "data.json", "schema.json"} <= set(archive.namelist())


def test_nobody_else_gets_one(sqlite_database: str) -> None:
    with pytest.raises(NotFound):
        build_pack(UUID(int=1), is_portable=False, now=clock.now())
