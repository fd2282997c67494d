"""Reading bytes: YAML 1.2 with places, bounded, and never an exception."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from onloan.offers.codes import CODES
from onloan.offers.lint import check_bytes, check_text
from onloan.offers.nodes import Place
from onloan.offers.reader import FILE_BYTES_MAX, read_text
from tests.offers.files import FAIR, changed, marked

LAUGHS = "\n".join(
    [
        "a: &a [ha, ha, ha, ha]",
        *(f"{b}: &{b} [*{a}, *{a}, *{a}, *{a}]" for a, b in zip("abcde", "bcdef", strict=True)),
    ]
)


def codes(text: str) -> set[str]:
    return {finding.code for finding in check_text(text, "offer.yaml").findings}


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("E-YAML-ALIAS", LAUGHS.replace("&a", "‹&a", 1)),
        ("E-YAML-ALIAS", "offer: ‹*a\n"),
        ("E-YAML-TAG", "offer: ‹!!python/object:os.system x\n"),
        ("E-YAML-DIRECTIVE", "%YAML 1.1\n‹---\nonloan: 1\n"),
        ("E-YAML-DOCUMENTS", "onloan: 1\n‹---\nonloan: 1\n"),
        ("E-YAML-TAB", "controller:\n‹\tname: X\n"),
        ("E-YAML", "onloan: 1\noffer‹: a: b\n".replace("offer‹: a:", "offer: a‹:")),
        ("E-YAML", "title: ‹[a, b\n".replace("‹[a, b\n", "[a, b\n‹")),
        ("E-KEY-TWICE", "onloan: 1\noffer: a1\n‹offer: b2\n"),
        ("E-KEY-WORD", "‹1: one\n"),
        ("E-KEY-WORD", "‹true: one\n"),
        ("E-KEY-WORD", "? ‹[a, b]\n: one\n"),
        ("E-KEY-WORD", "‹<<: {a: b}\n"),
        ("E-CHARACTER", "offer: a‹\u202eb\n"),
        ("E-CHARACTER", "offer: a‹\u200bb\n"),
        ("E-CHARACTER", "offer: a‹\x00b\n"),
        ("E-CHARACTER", "offer: a‹\u2028b\n"),
        ("E-CHARACTER", 'offer: ‹"a\\u202eb"\n'),
        ("E-CHARACTER", "title: {en: ‹p\u0435rpetual}\n"),
        ("E-KEY-UNKNOWN", "‹ofer: a1\n"),
        ("E-KEY-UNKNOWN", "markets:\n  ‹France: {}\n"),
        ("E-KEY-MISSING", "‹onloan: 1\n"),
        ("E-VALUE", "onloan: ‹2\n"),
        ("E-VALUE", "onloan: ‹'1'\n"),
        ("E-VALUE", "offer: ‹Spring Pot\n"),
        ("E-VALUE", "markets: ‹[FR, GB]\n"),
        ("E-VALUE", "rewards: ‹{id: a1}\n"),
        ("E-VALUE", "markets: {FR: {opens: ‹2026-02-29}}\n"),
        ("E-VALUE", "markets: {FR: {opens: ‹01/12/2026}}\n"),
        ("E-VALUE", "markets: {FR: {pool: ‹50000 euros}}\n"),
        ("E-VALUE", "markets: {FR: {pool: ‹10.001 EUR}}\n"),
        ("E-VALUE", "markets: {FR: {pool: ‹-5.00 EUR}}\n"),
        ("E-VALUE", f"title: {{en: ‹{'x' * 81}}}\n"),
        ("E-FILE-EMPTY", "‹"),
        ("E-FILE-EMPTY", "‹# nothing but a comment\n"),
    ],
)
def test_it_says_what_cannot_be_read_and_where(code: str, text: str) -> None:
    text, place = marked(text)
    report = check_text(text, "offer.yaml")
    assert (code, place.line, place.column) in {(f.code, f.line, f.column) for f in report.findings}
    assert {f.severity for f in report.findings if f.code == code} == {"SYNTAX"}
    assert report.exit_code == 2
    assert report.offer is None


@pytest.mark.parametrize(
    ("code", "data"),
    [
        ("E-FILE-SIZE", b"# " + b"x" * FILE_BYTES_MAX),
        ("E-FILE-ENCODING", "offer: café".encode("latin-1")),
        ("E-FILE-ENCODING", FAIR.encode("utf-16")),
        ("E-YAML-DEPTH", b"a: " + b"[" * 5_000),
        ("E-YAML-NODES", b"a:\n" + b"- b\n" * 6_000),
        ("E-YAML", b"%YAML " + b"9" * 5_000 + b".1\n---\na: b\n"),
        ("E-YAML", b'a: "\\U00110000"\n'),
        ("E-YAML", b"a: 'open\n"),
    ],
)
def test_it_refuses_what_is_too_large_or_broken(code: str, data: bytes) -> None:
    report = check_bytes(data, "offer.yaml")
    assert code in {finding.code for finding in report.findings}
    assert report.exit_code == 2


def test_it_points_at_the_first_byte_that_is_not_utf_8() -> None:
    finding = check_bytes(b"onloan: 1\noffer: caf\xe9\n", "offer.yaml").findings[0]
    assert (finding.line, finding.column) == (2, 11)


def test_it_knows_that_norway_is_a_country() -> None:
    text = changed(
        (
            "  FR: {opens",
            "  NO: {opens: 2026-12-01, closes: 2027-01-15, pool: 5000.00 NOK, dpia: D-1}\n  FR: {opens",
        ),
        ("{FR: 10.00 EUR}", "{FR: 10.00 EUR, NO: 100.00 NOK}"),
    )
    report = check_text(text, "offer.yaml")
    assert not report.of("SYNTAX")
    assert not [f for f in report.findings if f.code == "E-MARKET-UNKNOWN"]


def test_it_reads_values_by_yaml_1_2() -> None:
    root = read_text("a: no\nb: 0o17\nc: 30\nd: '30'\ne: True\nf: 2026-12-01\ng: ~\nh: 1_000\n").root
    assert root.get("a").text() == "no"
    assert root.get("a").flag() is None
    assert root.get("b").whole() is None
    assert root.get("c").whole() == 30
    assert root.get("d").whole() is None
    assert root.get("e").flag() is True
    assert not root.get("g").is_there
    assert root.get("h").whole() is None


def test_it_gives_what_is_left_out_the_place_of_what_should_hold_it() -> None:
    root = read_text("a: 1\nb:\n  c: {d: e}\n").root
    assert root.get("b").get("c").get("x") == type(root)(None, "b.c.x", Place(3, 6))


def test_it_forgives_a_byte_order_mark_and_the_line_ends_of_windows() -> None:
    assert check_bytes(b"\xef\xbb\xbf" + FAIR.replace("\n", "\r\n").encode(), "offer.yaml").exit_code == 0


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_it_counts_lines_the_same_however_they_end(line_end: str) -> None:
    text = changed(("times: 5", "tiems: 5")).replace("\n", line_end)
    finding = next(f for f in check_text(text, "offer.yaml").findings if f.code == "E-KEY-UNKNOWN")
    assert (finding.line, finding.column) == (14, 51)


@pytest.mark.parametrize("title", ["Пролетна кампания", "Η άνοιξη", "Ελλάδα και Europe", "Été à Łódź"])
def test_it_reads_every_alphabet(title: str) -> None:
    assert "E-CHARACTER" not in codes(f"title: {{en: {title}}}\n")


def test_it_shows_ten_hidden_characters_at_most() -> None:
    assert len(check_text("\x00" * 5_000, "offer.yaml").findings) == 10


def test_it_survives_text_that_no_file_can_hold() -> None:
    assert codes("offer: \ud800\n") == {"E-CHARACTER"}


@settings(max_examples=300, deadline=None)
@given(data=st.binary(max_size=400))
@example(data=b"\x00\xff")
@example(data=b"? - ? -")
@example(data=b"%TAG ! x\n--- !y z")
@example(data=b'"\\x')
def test_it_never_raises_whatever_the_bytes(data: bytes) -> None:
    report = check_bytes(data, "offer.yaml")
    assert report.exit_code in {0, 1, 2}
    assert (report.offer is None) == (report.exit_code != 0)
    assert all(finding.code in CODES for finding in report.findings)


YAML_PIECES = st.text(alphabet="ab:-?[]{},&*!|>'\"%#@` \n\t0é~<=", max_size=120)
VALUES = st.one_of(
    st.sampled_from(["[]", "{}", "~", "true", "no", "-1", "9" * 30, "2026-13-45", "[[]]", "{a: {b: c}}", "''"]),
    YAML_PIECES,
)


@settings(max_examples=400, deadline=None)
@given(text=YAML_PIECES)
def test_it_never_raises_whatever_looks_like_yaml(text: str) -> None:
    assert check_text(text, "offer.yaml").exit_code in {0, 1, 2}


@settings(max_examples=600, deadline=None)
@given(line=st.integers(0, FAIR.count("\n") - 1), value=VALUES, part=st.sampled_from(["value", "line", "tail"]))
def test_it_never_raises_for_a_fair_file_with_one_wrong_part(line: int, value: str, part: str) -> None:
    lines = FAIR.split("\n")
    if part == "line":
        lines[line] = value
    elif part == "tail":
        lines[line] += value
    else:
        lines[line] = lines[line].split(":")[0] + ": " + value
    report = check_text("\n".join(lines), "offer.yaml")
    assert (report.offer is None) == (report.exit_code != 0)
    for finding in report.findings:
        assert finding.line >= 1
        assert finding.column >= 1


@settings(max_examples=400, deadline=None)
@given(drop=st.sets(st.integers(0, FAIR.count("\n")), max_size=8))
def test_it_never_raises_for_a_fair_file_with_lines_left_out(drop: set[int]) -> None:
    kept = [line for number, line in enumerate(FAIR.split("\n")) if number not in drop]
    report = check_text("\n".join(kept), "offer.yaml")
    assert (report.offer is None) == (report.exit_code != 0)
