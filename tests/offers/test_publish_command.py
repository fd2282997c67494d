"""``onloan publish``, ``market`` and ``preview`` as a person runs them."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path

import pytest
import typer
from django.db import connection
from typer.testing import CliRunner

from onloan import clock
from onloan.cases.errors import ExplanationNeeded
from onloan.cli import market, preview, publish
from onloan.errors import BadInput, NotFound, OnloanError
from onloan.ledger.queries import pool_view
from onloan.offers import errors
from onloan.offers.queries import find_market, list_drafts, list_markets
from onloan.offers.rules import hash_file
from tests.offers.test_publish import HELD
from tests.support.offers import SPRING_FILE, make_team, spring_text

app = typer.Typer()
for module in (publish, market, preview):
    module.register(app)

NEWS_FILE = SPRING_FILE.with_name("news-case.yaml")
GREG, DORA, FAY = "greg@boutique.example", "dora@boutique.example", "fay@boutique.example"
REASON = "We look at what people told us."


def run(*arguments: str | Path) -> str:
    """What the command says. Raises what the outermost door turns into one line, and SystemExit otherwise."""
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    if result.exception is not None:
        if isinstance(result.exception, SystemExit):
            raise SystemExit(f"{result.exit_code} {result.output}")
        raise result.exception
    return result.output


def publish_spring(file: Path = SPRING_FILE) -> str:
    return run("publish", file, "--author", GREG, "--approver", DORA, "--funder", FAY)


def move_to_opening() -> None:
    """The shipped markets opened on 1 November 2026; the clock of test mode goes on from today if it must."""
    missing = find_market("spring-pot", "FR").opens_at - clock.now()
    if missing.total_seconds() > 0:
        clock.advance(int(missing.total_seconds()) + 1)


def test_it_publishes_with_two_people_and_sets_the_money_aside(both_databases: str) -> None:
    make_team()
    said = publish_spring()
    assert hash_file(spring_text()) in said
    assert "FR: draft" in said
    assert {view.country: pool_view(view.id).funded.written() for view in list_markets()} == {
        "FR": "50000.00 EUR",
        "GB": "25000.00 GBP",
    }
    assert [pool_view(view.id).full_pots_free for view in list_markets()] == [500, 500]


def test_a_larger_pool_in_a_new_version_is_brought_up(both_databases: str, tmp_path: Path) -> None:
    make_team()
    publish_spring()
    for amount, funded in (("60000.00 EUR", "60000.00 EUR"), ("55000.00 EUR", "60000.00 EUR")):
        file = tmp_path / "next.yaml"
        file.write_text(spring_text().replace("50000.00 EUR", amount), encoding="utf-8")
        publish_spring(file)
        assert pool_view(find_market("spring-pot", "FR").id).funded.written() == funded
    assert pool_view(find_market("spring-pot", "GB").id).funded.written() == "25000.00 GBP"


@pytest.mark.parametrize(
    ("author", "approver", "error"),
    [
        (GREG, GREG, errors.FourEyes),
        (GREG, FAY, OnloanError),
        (FAY, DORA, OnloanError),
        (GREG, "nobody@boutique.example", NotFound),
    ],
)
def test_it_keeps_nothing_when_the_people_are_wrong(
    sqlite_database: str, author: str, approver: str, error: type[Exception]
) -> None:
    make_team()
    with pytest.raises(error):
        run("publish", SPRING_FILE, "--author", author, "--approver", approver)
    assert (list_drafts(), list_markets()) == ([], [])


def test_it_says_each_finding_of_a_refused_file(sqlite_database: str) -> None:
    make_team()
    with pytest.raises(SystemExit) as caught:
        run("publish", NEWS_FILE, "--author", GREG, "--approver", DORA)
    said = str(caught.value)
    assert said.startswith("1 ")
    assert len([line for line in said.splitlines() if "news-case.yaml:" in line]) >= 8
    assert list_drafts() == []


def test_it_ends_with_2_for_what_cannot_be_read(sqlite_database: str, tmp_path: Path) -> None:
    make_team()
    for data in (b"onloan: [1", b"\xff\xfe\x00", b"a: &a [*a]\n", b"x" * 10_000_000):
        file = tmp_path / "bad.yaml"
        file.write_bytes(data)
        with pytest.raises(SystemExit) as caught:
            run("publish", file, "--author", GREG, "--approver", DORA)
        assert str(caught.value).startswith("2 ")
    assert list_drafts() == []


def test_it_takes_a_sign_off_with_its_note(sqlite_database: str, tmp_path: Path) -> None:
    make_team()
    file = tmp_path / "held.yaml"
    file.write_text(HELD, encoding="utf-8")
    with pytest.raises(errors.HoldUnsigned) as caught:
        publish_spring(file)
    assert list_drafts() == []
    code = str(caught.value).rstrip(".").split(": ")[1]
    run(
        "publish", file, "--author", GREG, "--approver", DORA, "--funder", FAY,
        "--sign-off", f"{code}=Announced a month before, as agreed.",
    )  # fmt: skip
    assert list_drafts()[0].sign_offs[0].note == "Announced a month before, as agreed."


def test_it_refuses_a_sign_off_without_a_note(sqlite_database: str) -> None:
    make_team()
    with pytest.raises(OnloanError) as caught:
        run("publish", SPRING_FILE, "--author", GREG, "--approver", DORA, "--sign-off", "E-OPEN-ENDED")
    assert caught.value.code == "E-INPUT"


CHANGED = "La page dit maintenant où la photo est affichée, et jusqu'à quand."


def test_the_switch_turns(both_databases: str) -> None:
    make_team()
    assert "No offer is published yet." in run("market", "list")
    publish_spring()
    move_to_opening()
    assert "open" in run("market", "open", "spring-pot", "fr", "--reason", REASON, "--by", GREG)
    said = run("market", "suspend", "spring-pot", "FR", "--reason", REASON, "--by", DORA)
    assert "suspended" in said
    assert find_market("spring-pot", "FR").stopped_at is not None
    again = ("market", "open", "spring-pot", "FR", "--reason", REASON, "--by", GREG)
    with pytest.raises(ExplanationNeeded):
        run(*again)
    with pytest.raises(BadInput):
        run(*again, "--changed", "What changed")
    assert "open" in run(*again, "--changed", f"fr={CHANGED}")
    run("market", "suspend", "spring-pot", "FR", "--reason", REASON, "--by", DORA)
    with pytest.raises(errors.MarketClosesLater):
        run("market", "close", "spring-pot", "FR", "--reason", REASON, "--by", DORA)
    honour = "All that was earned is paid on the same dates."
    run("market", "withdraw", "spring-pot", "FR", "--reason", REASON, "--honour", honour, "--by", DORA)
    listed = run("market", "list").splitlines()
    assert [line.split("\t")[:3] for line in listed] == [
        ["spring-pot", "FR", "withdrawn"], ["spring-pot", "GB", "draft"],
    ]  # fmt: skip
    assert REASON in listed[0]
    with pytest.raises(NotFound):
        run("market", "suspend", "spring-pot", "XX", "--reason", REASON, "--by", DORA)


class Reader(HTMLParser):
    """Collects the text, and complains of a tag that is not closed."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in ("meta", "link", "hr", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def test_a_preview_shows_every_text_and_asks_no_database(tmp_path: Path) -> None:
    connection.close()
    out = tmp_path / "pages"
    said = run("preview", SPRING_FILE, "--out", out)
    assert "4 pages written" in said
    assert connection.connection is None
    names = {path.name for path in out.iterdir()}
    assert names == {"index.html", "onloan.css", "FR-fr.html", "FR-en.html", "GB-fr.html", "GB-en.html"}
    for path in out.glob("*.html"):
        reader = Reader()
        reader.feed(path.read_text(encoding="utf-8"))
        assert reader.open == []
    text = " ".join(" ".join(reader_text(out / "GB-en.html")).split())
    for sentence in (
        "£10 in cash and £40 in vouchers for this shop, if five friends sign up",
        "Changing your mind costs nothing and takes back nothing.",
        "Show my username to the person who invited me, on that person's own page, for 180 days.",
        "I get a reward: £2 in cash",
        "Information Commissioner's Office",
        "A preview. Nothing of this is published.",
    ):
        assert sentence in text


def reader_text(path: Path) -> list[str]:
    reader = Reader()
    reader.feed(path.read_text(encoding="utf-8"))
    return reader.text


def test_a_preview_escapes_what_an_author_wrote(tmp_path: Path) -> None:
    file = tmp_path / "script.yaml"
    file.write_text(spring_text().replace("The spring pot", "<script>alert(1)</script>"), encoding="utf-8")
    try:
        run("preview", file, "--out", tmp_path / "pages")
    except SystemExit:
        return  # The linter may refuse it first; then nothing is written.
    assert "<script>" not in (tmp_path / "pages" / "GB-en.html").read_text(encoding="utf-8")


def test_a_preview_of_a_refused_file_writes_nothing(tmp_path: Path) -> None:
    with pytest.raises(SystemExit):
        run("preview", NEWS_FILE, "--out", tmp_path / "pages")
    assert not (tmp_path / "pages").exists()
