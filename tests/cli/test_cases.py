"""Requests from the command line: listed without names, shown to whoever may answer, taken in from a letter."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from onloan import clock
from onloan.cases.actions import open_case
from onloan.cases.models import Case
from onloan.cases.queries import find_case
from onloan.cases.rules import Door, Kind
from onloan.cli.main import build_app
from onloan.errors import BadInput, NotAllowed
from tests.joining.support import open_market

DORA, GREG = "dora@boutique.example", "greg@boutique.example"


def run(*arguments: str, text: str | None = None) -> tuple[int, str]:
    result = CliRunner().invoke(build_app(), ["cases", *arguments], input=text)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.output


def ask(kind: Kind, country: str, days_ago: int) -> str:
    return open_case(
        kind=kind, country=country, language="fr", door=Door.PUBLIC_PAGE, text="It is wrong.",
        contact="chloe@example.org", now=clock.now() - timedelta(days=days_ago),
    ).reference  # fmt: skip


def test_it_lists_what_is_due_and_shouts_while_something_is_late(sqlite_database: str) -> None:
    open_market()
    fresh = ask(Kind.COMPLAINT, "GB", 0)
    assert run("due") == (0, "")
    late = ask(Kind.ACCESS, "FR", 60)
    code, output = run("due")
    assert code == 1 and late in output and "days late" in output and fresh not in output
    code, output = run("due", "--days", "40")
    assert code == 1 and output.index(late) < output.index(fresh) and "chloe" not in output
    assert late in run("list", "--late")[1] and fresh not in run("list", "--late")[1]
    assert fresh in run("list", "--country", "gb", "--kind", "complaint")[1]
    assert late not in run("list", "--country", "gb")[1] and run("list", "--answered") == (0, "")
    with pytest.raises(BadInput):
        run("list", "--kind", "waive")


def test_a_case_is_shown_to_whoever_may_answer_it(sqlite_database: str) -> None:
    open_market()
    reference = ask(Kind.COMPLAINT, "GB", 0)
    code, output = run("show", reference.lower(), "--by", DORA)
    assert code == 0 and "It is wrong." in output and "chloe@example.org" in output and "received" in output
    with pytest.raises(NotAllowed):
        run("show", reference, "--by", GREG)


def test_a_letter_is_taken_in_from_a_file_or_a_pipe(sqlite_database: str, tmp_path: Path) -> None:
    open_market()
    received = (clock.now() - timedelta(days=4)).date().isoformat()
    common = ["--country", "fr", "--language", "fr", "--received", received, "--by", DORA]
    letter = tmp_path / "letter.txt"
    letter.write_text("Please correct my name.", encoding="utf-8")
    code, output = run(
        "open", "--kind", "rectification", "--about", "username", "--postal-address", "3 rue des Lilas",
        "--text-file", str(letter), *common,
    )  # fmt: skip
    case = find_case(Case.objects.get().id)
    assert code == 0 and case.line.reference in output and case.text == "Please correct my name."
    assert case.line.received_on.isoformat() == received and case.postal_address == "3 rue des Lilas"
    run(
        "open",
        "--kind",
        "access",
        "--contact",
        "chloe@example.org",
        "--text-file",
        "-",
        *common,
        text="All of it.",
    )
    assert {find_case(row.id).text for row in Case.objects.all()} == {"Please correct my name.", "All of it."}
    for wrong in (["--kind", "waive"], ["--kind", "access", "--about", "nothing"]):
        with pytest.raises(BadInput):
            run("open", *wrong, "--text-file", str(letter), *common)
    with pytest.raises(BadInput):
        run("open", "--kind", "access", "--text-file", str(tmp_path / "missing.txt"), *common)
