"""``onloan check``, ``new`` and ``schema`` as a person or a pipeline runs them."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from onloan.cli import check, new, schema
from onloan.offers.reader import FILE_BYTES_MAX
from tests.offers.files import FAIR, changed
from tests.offers.test_examples import EXAMPLES

app = typer.Typer()
for module in (check, new, schema):
    module.register(app)


def run(*arguments: str | Path) -> tuple[int, str]:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.output


def write(folder: Path, text: str) -> Path:
    path = folder / "offer.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_it_says_that_a_file_is_publishable() -> None:
    code, output = run("check", EXAMPLES / "spring-pot.yaml")
    assert code == 0
    assert "if five friends sign up" in output
    assert output.rstrip().endswith("spring-pot.yaml: publishable.")


def test_it_puts_each_finding_on_one_line_of_a_pipe(tmp_path: Path) -> None:
    path = write(tmp_path, changed(("purpose: referral_card", "purpose: any purpose that we may have in mind")))
    code, output = run("check", path)
    assert code == 1
    first, last = output.splitlines()
    assert first == (
        f"{path}:18:14 E-PURPOSE-OPEN “any purpose that we may have in mind” leaves open what it is for. (LR-002) "
        "One of: referral_card, referral_acceptance, winner_wall, photo_wall, social_post."
    )
    assert last == f"{path}: refused, 1 point by 1 rule."
    assert "\x1b" not in output


def test_it_says_how_many_points_somebody_must_sign() -> None:
    code, output = run("check", EXAMPLES / "thank-you-hold.yaml")
    assert code == 0
    assert "publishable once somebody signs for 1 point." in output


def test_it_ends_with_the_worst_of_several_files(tmp_path: Path) -> None:
    good, bad = EXAMPLES / "spring-pot.yaml", EXAMPLES / "news-case.yaml"
    unreadable = write(tmp_path, "a: [")
    assert run("check", good)[0] == 0
    assert run("check", good, bad)[0] == 1
    assert run("check", bad, unreadable, good)[0] == 2


def test_it_lists_the_defaults() -> None:
    _, output = run("check", "--explain", EXAMPLES / "spring-pot.yaml")
    assert "default markets.FR.age_min: 18 (18 everywhere, unless somebody signs for less)" in output


def test_it_writes_json(tmp_path: Path) -> None:
    path = write(tmp_path, changed(("times: 5", "tiems: 5")))
    code, output = run("check", "--format", "json", path, EXAMPLES / "spring-pot.yaml")
    assert code == 2
    wrong, right = json.loads(output)
    assert wrong["exit_code"] == 2
    assert [finding["code"] for finding in wrong["findings"]] == ["E-KEY-UNKNOWN"]
    assert set(wrong["findings"][0]) == {
        *("severity", "code", "line", "column", "message", "rule", "mend", "path")
    }
    assert len(right["file_hash"]) == 64
    assert right["headlines"]["GB"]["en"].startswith("£10 in cash")
    assert right["defaults"]


@pytest.mark.parametrize("name", ["nothing.yaml", "."])
def test_it_says_when_there_is_no_such_file(tmp_path: Path, name: str) -> None:
    code, output = run("check", tmp_path / name)
    assert code == 2
    assert "E-FILE-READ" in output


def test_it_does_not_wait_for_a_pipe_or_read_a_huge_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert "E-FILE-READ" in run("check", tmp_path / "pipe")[1]
    huge = tmp_path / "huge.yaml"
    with huge.open("wb") as file:
        file.truncate(FILE_BYTES_MAX * 1000)
    assert "E-FILE-SIZE" in run("check", huge)[1]


def test_it_wraps_and_groups_on_a_terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "80")
    path = write(tmp_path, changed(("purpose: referral_card", "purpose: anything at all")))
    _, output = run("check", path)
    assert "Refused by a rule (1)" in output
    assert "\x1b[" in output


@pytest.mark.parametrize("template", ["shop", "bank", "photo-wall", "no-data"])
def test_it_starts_a_file_that_passes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, template: str) -> None:
    monkeypatch.chdir(tmp_path)
    assert run("new", "my-offer", "--template", template)[0] == 0
    assert run("check", "my-offer.yaml")[0] == 0


def test_it_never_overwrites_a_file(tmp_path: Path) -> None:
    path = write(tmp_path, FAIR)
    code, output = run("new", "my-offer", "--out", path)
    assert code == 1
    assert "exists already" in output
    assert path.read_text(encoding="utf-8") == FAIR


@pytest.mark.parametrize("slug", ["X", "../etc", "a", "a_b", "é-é", "-a", "a" * 41])
def test_it_refuses_a_name_that_is_no_address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, slug: str) -> None:
    monkeypatch.chdir(tmp_path)
    assert run("new", "--", slug)[0] == 2
    assert list(tmp_path.iterdir()) == []


def test_it_writes_a_starter_to_the_screen() -> None:
    code, output = run("new", "my-offer", "--out", "-")
    assert code == 0
    assert "\noffer: my-offer\n" in output


def test_it_prints_the_schema() -> None:
    code, output = run("schema")
    assert code == 0
    assert json.loads(output)["title"] == "Onloan offer file, version 1"
