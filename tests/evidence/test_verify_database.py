"""Verifying recomputes everything and names what does not fit."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable

import pytest
import typer
from typer.testing import CliRunner

from onloan import db
from onloan.cli.evidence import register
from onloan.evidence import actions, checkpoints, queries, tree, verify
from onloan.evidence.errors import NoSuchEntry
from onloan.evidence.models import EntryLink, LogState
from onloan.evidence.tree import CompactRange
from tests.evidence import reference
from tests.evidence.entries import ANA, BEN, append
from tests.evidence.tampering import execute_freely


@pytest.fixture
def logged(both_databases: str) -> str:
    """A small story, numbered."""
    append("offer_published")
    append("market_opened")
    append("joined", ANA)
    append("consent_given", ANA)
    append("use_allowed", ANA)
    append("consent_withdrawn", ANA)
    append("joined", BEN)
    actions.number_entries()
    return both_databases


def problems() -> list[str]:
    return [problem.sentence for problem in verify.verify_database().problems]


def test_it_finds_an_empty_log_sound(both_databases: str) -> None:
    report = verify.verify_database()
    assert report.is_sound
    assert (report.size, report.root_hex) == (0, reference.tree_hash([]).hex())


def test_it_finds_an_untouched_log_sound(logged: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verify, "PAGE_ROWS", 2)
    append("joined", uuid.uuid4())
    report = verify.verify_database()
    assert report.problems == []
    assert (report.size, report.waiting_count, report.link_count) == (7, 1, 6)
    assert report.root_hex == reference.tree_hash([entry.body for entry in queries.entries(0, 10)]).hex()


def test_it_finds_a_log_sound_after_a_person_was_forgotten(logged: str) -> None:
    before = verify.verify_database()
    assert actions.forget_person(participant_id=ANA) == 4
    after = verify.verify_database()
    assert after.is_sound
    assert (after.root_hex, after.size, after.link_count) == (before.root_hex, before.size, 1)


def change_body(log_index: int, old: str, new: str) -> None:
    body = queries.find_entry(log_index).body.replace(old.encode(), new.encode())
    execute_freely("UPDATE evidence_log SET body = %s WHERE log_index = %s", (body, log_index))


def rewrite_log() -> None:
    """Make leaves, root and state fit the bodies again, as an attacker with time would."""
    grown = CompactRange()
    for entry in queries.entries(0, 1000):
        leaf = tree.leaf_hash(entry.body)
        execute_freely("UPDATE evidence_log SET leaf_hash = %s WHERE log_index = %s", (leaf, entry.log_index))
        grown.append(leaf)
    state = LogState.objects.get()
    state.size, state.hashes, state.root = grown.size, grown.to_bytes(), grown.root()
    state.save()


def test_it_names_the_entry_that_was_changed(logged: str) -> None:
    change_body(4, "username", "profile_photo")
    assert "Entry 4 is not the one that was numbered: its hash differs." in problems()


def test_it_sees_a_change_whose_hash_was_mended(logged: str) -> None:
    change_body(4, '["username"]', '["profile_photo"]')
    leaf = tree.leaf_hash(queries.find_entry(4).body)
    execute_freely("UPDATE evidence_log SET leaf_hash = %s WHERE log_index = 4", (leaf,))
    assert any("not the root" in sentence for sentence in problems())


def test_it_sees_a_log_that_was_rewritten_whole_by_the_kept_checkpoint(logged: str) -> None:
    change_body(4, '["username"]', '["profile_photo"]')
    rewrite_log()
    assert any("kept outside the database" in sentence for sentence in problems())
    checkpoints.path_of(queries.read_checkpoint().log_id).unlink()
    assert problems() == []


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("use_allowed", "use_permitted", "no such kind"),
        ('"channel":', '"channel": ', "canonical way"),
        ('["username"]', '["ana@example.org"]', "does not have its form"),
        ("2026-12-01", "2026-13-01", "no day"),
    ],
)
def test_it_sees_an_entry_that_is_none(logged: str, old: str, new: str, sentence: str) -> None:
    change_body(4, old, new)
    found = [text for text in problems() if text.startswith("Entry 4 is not an entry of this log")]
    assert len(found) == 1
    assert sentence in found[0]
    assert "ana@" not in found[0]


def test_it_sees_missing_entries(logged: str) -> None:
    execute_freely("DELETE FROM evidence_log WHERE log_index IN (2, 3)")
    found = problems()
    assert "Entries 2 to 3 are missing." in found
    assert "Entry 4 allows a use under consent 1, which no earlier entry gives." in found
    execute_freely("DELETE FROM evidence_log WHERE log_index = 6")
    assert "The log's last entry is not the last one that was numbered." in problems()


def test_it_sees_entries_that_nobody_numbered(logged: str) -> None:
    execute_freely(
        "INSERT INTO evidence_log (log_index, entry_ref, body, leaf_hash)"
        " SELECT 7, '00000000000040008000000000000001', body, leaf_hash FROM evidence_log WHERE log_index = 6"
    )
    assert "The log's last entry is not the last one that was numbered." in problems()


def test_it_sees_a_lost_state(logged: str) -> None:
    execute_freely("DELETE FROM evidence_state")
    assert problems() != []


def put_back_by_one() -> None:
    bodies = [entry.body for entry in queries.entries(0, 1000)][:-1]
    execute_freely("DELETE FROM evidence_log WHERE log_index = %s", (len(bodies),))
    rewrite_log()


def test_it_sees_an_older_copy_put_back(logged: str) -> None:
    put_back_by_one()
    assert [sentence for sentence in problems() if "an older copy" in sentence]


LINK_BREAKS: dict[str, Callable[[], None]] = {
    "another person": lambda: execute_freely(
        "UPDATE evidence_link SET participant_id = %s WHERE participant_id = %s", _uuids(uuid.uuid4(), BEN)
    ),
    "another key": lambda: execute_freely("UPDATE evidence_link SET opening_key = %s", (b"k" * 32,)),
    "no key": lambda: execute_freely("UPDATE evidence_link SET opening_key = %s", (b"",)),
    "no entry": lambda: execute_freely(
        "UPDATE evidence_link SET entry_ref = %s WHERE participant_id = %s", _uuids(uuid.uuid4(), BEN)
    ),
    "swapped entries": lambda: swap_links(),
}


def _uuids(*values: uuid.UUID) -> tuple[object, ...]:
    return tuple(db.uuid_value(value) for value in values)


def swap_links() -> None:
    first, second = EntryLink.objects.filter(participant_id=ANA).order_by("id")[:2]
    first.entry_ref, second.entry_ref = second.entry_ref, first.entry_ref
    one, other = first.entry_ref, second.entry_ref
    second.entry_ref = uuid.uuid4()
    second.save()
    first.entry_ref = one
    first.save()
    second.entry_ref = other
    second.save()


@pytest.mark.parametrize("way", sorted(LINK_BREAKS))
def test_it_sees_a_link_that_opens_nothing(way: str, logged: str) -> None:
    LINK_BREAKS[way]()
    assert [sentence for sentence in problems() if sentence.startswith("A link")]


def test_it_reads_what_waits(logged: str) -> None:
    append("joined", ANA)
    execute_freely("UPDATE evidence_queue SET body = %s", (b'{"kind":"joined"}',))
    assert [sentence for sentence in problems() if sentence.startswith("Waiting entry")]


def test_it_sees_a_waiting_entry_that_is_logged_already(logged: str) -> None:
    execute_freely(
        "INSERT INTO evidence_queue (entry_ref, body, queued_at)"
        " SELECT entry_ref, body, CURRENT_TIMESTAMP FROM evidence_log WHERE log_index = 1"
    )
    assert "1 waiting entries are in the log already." in problems()


def test_it_lists_a_bounded_number_of_problems(logged: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verify, "PROBLEMS_MAX", 3)
    execute_freely("UPDATE evidence_log SET body = %s", (b"{}",))
    report = verify.verify_database()
    assert len(report.problems) == 3
    assert report.unlisted_problem_count >= 4


def test_it_tells_how_far_it_is(logged: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verify, "PAGE_ROWS", 3)
    steps: list[tuple[int, int]] = []
    verify.verify_database(show_progress=lambda done, size: steps.append((done, size)))
    assert steps == [(3, 7), (6, 7), (7, 7)]


def run(*arguments: str) -> tuple[int, str]:
    app = typer.Typer()
    register(app)
    result = CliRunner().invoke(app, ["evidence", *arguments])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.output


def test_it_reports_on_the_command_line(logged: str) -> None:
    status, text = run("verify")
    assert status == 0
    assert text.startswith("7 entries, root ")
    assert "Nothing was altered." in text
    status, text = run("verify", "--format", "json")
    report = json.loads(text)
    assert (status, report["sound"], report["size"], report["problems"]) == (0, True, 7, [])


def test_it_fails_on_the_command_line(logged: str) -> None:
    change_body(4, "username", "profile_photo")
    status, text = run("verify")
    assert status == 1
    assert "- Entry 4 is not the one that was numbered" in text
    status, text = run("verify", "--format", "json")
    assert status == 1
    assert json.loads(text)["problems"][0]["entry"] == 4


def test_it_shows_an_entry(logged: str) -> None:
    status, text = run("show", "1")
    assert status == 0
    assert '"kind": "market_opened"' in text
    assert queries.find_entry(1).leaf_hash.hex() in text


@pytest.mark.parametrize("number", ["7", str(2**64), "99999999999999999999999999"])
def test_it_says_when_there_is_no_such_entry(number: str, logged: str) -> None:
    with pytest.raises(NoSuchEntry, match="7 entries"):
        run("show", number)


@pytest.mark.parametrize("arguments", [["show", "-1"], ["show", "x"], ["verify", "--format", "xml"]])
def test_it_refuses_what_is_no_number_or_format(arguments: list[str], logged: str) -> None:
    assert run(*arguments)[0] == 2
