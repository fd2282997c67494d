"""Charts: what they say without colour, that they draw the numbers they are given, and that they can be seen."""

from __future__ import annotations

import re
from datetime import date, timedelta
from itertools import combinations
from pathlib import Path
from xml.etree.ElementTree import Element, fromstring

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onloan.console.charts import (
    HEIGHT,
    WIDTH,
    AreaChart,
    Band,
    Look,
    Part,
    Pattern,
    Tick,
    Tone,
    draw_areas,
    draw_bar,
    draw_swatch,
    list_ticks,
    place_labels,
)
from onloan.portal.colour import contrast

STATIC = Path(__file__).resolve().parents[2] / "onloan" / "static"
FIRST = date(2027, 1, 30)
OWED = Look(Pattern.DIAGONAL, Tone.CASH)
PAID = Look(Pattern.SOLID, Tone.CASH)


def chart(*values: tuple[int, ...], days: tuple[int, ...] | None = None, title: str = "Cash") -> AreaChart:
    looks = [PAID, OWED, Look(Pattern.DOTS, Tone.VOUCHER), Look(Pattern.BLANK, Tone.POOL)]
    return AreaChart(
        key="cash",
        title=title,
        description="Paid 4 €, owed 8 €.",
        days=tuple(FIRST + timedelta(days=number) for number in days or range(len(values[0]))),
        bands=tuple(
            Band(f"part {number}", f"{each[-1]} €", look, each)
            for number, (each, look) in enumerate(zip(values, looks, strict=False))
        ),
        ticks=tuple(Tick(value, f"{value} €") for value in list_ticks(max(map(sum, zip(*values, strict=True))))),
        first_day="30 Jan",
        last_day="2 Feb",
    )


def read(svg: str) -> Element:
    return fromstring(svg)


def areas(svg: str) -> list[Element]:
    return [path for path in read(svg).findall("path") if path.get("class", "").startswith("part")]


def surface(outline: str) -> float:
    """The area that a path of M, H, V and Z encloses, in square units of the drawing."""
    x = y = 0.0
    corners: list[tuple[float, float]] = []
    for letter, numbers in re.findall(r"([MHVZ])([-\d. ]*)", outline):
        if letter == "M":
            x, y = (float(number) for number in numbers.split())
        elif letter == "H":
            x = float(numbers)
        elif letter == "V":
            y = float(numbers)
        corners.append((x, y))
    pairs = zip(corners, corners[1:] + corners[:1], strict=True)
    return abs(sum(ax * by - bx * ay for (ax, ay), (bx, by) in pairs)) / 2


def test_it_tells_who_does_not_see_it_what_it_shows() -> None:
    root = read(draw_areas(chart((0, 4), (8, 8))))
    assert root.get("role") == "img"
    named = (root.get("aria-labelledby") or "").split()
    texts = {element.get("id"): element.text for element in root if element.tag in {"title", "desc"}}
    assert [texts[name] for name in named] == ["Cash", "Paid 4 €, owed 8 €."]


def test_it_writes_each_part_with_its_amount_beside_it() -> None:
    words = [text.text for text in read(draw_areas(chart((0, 4), (8, 8), (1, 2)))).findall("text")]
    for expected in ("part 0", "4 €", "part 1", "8 €", "part 2", "2 €", "30 Jan", "2 Feb"):
        assert expected in words


def test_it_fills_no_two_parts_alike() -> None:
    svg = draw_areas(chart((1, 4), (8, 8), (1, 2), (3, 3)))
    fills = [path.get("fill") for path in areas(svg)]
    assert len(set(fills)) == 4
    patterns = {pattern.get("id"): pattern for pattern in read(svg).iter("pattern")}
    shapes = []
    for fill in fills:
        ink = patterns[re.sub(r"url\(#(.*)\)", r"\1", fill or "")].find("path")
        assert ink is not None
        shapes.append((ink.get("d"), "dots" in (ink.get("class") or "")))
    assert len(set(shapes)) == 4, "in grey, two parts would look alike"


def test_it_draws_surfaces_in_proportion_to_the_numbers() -> None:
    paid, owed = (surface(path.get("d") or "") for path in areas(draw_areas(chart((1, 3, 5), (9, 9, 9)))))
    assert paid / owed == pytest.approx(9 / 27, rel=0.02)


def test_it_holds_a_value_until_the_next_day_that_has_one() -> None:
    paid, owed = (surface(path.get("d") or "") for path in areas(draw_areas(chart((2, 4), (6, 4), days=(0, 3)))))
    assert paid / owed == pytest.approx((3 * 2 + 4) / (3 * 6 + 4), rel=0.02)


def test_it_draws_a_single_day_and_no_money_at_all() -> None:
    assert surface(areas(draw_areas(chart((5,))))[0].get("d") or "") > 1000
    assert areas(draw_areas(chart((0, 0), (0, 0)))) == []


def test_it_escapes_what_it_is_given() -> None:
    svg = draw_areas(chart((1, 2), title='<script>alert(1)</script> & "more"'))
    title = read(svg).find("title")
    assert title is not None and title.text == '<script>alert(1)</script> & "more"'


def test_it_needs_no_inline_style_and_loads_nothing() -> None:
    for svg in (draw_areas(chart((1, 2))), bar(Part(PAID, 5)), draw_swatch("a", OWED)):
        assert "style" not in svg and "http" not in svg and "<script" not in svg


@given(st.lists(st.floats(-50, HEIGHT + 50), max_size=6))
def test_it_puts_no_label_upon_another(wanted: list[float]) -> None:
    tops = place_labels(sorted(wanted, reverse=True))
    assert all(-1e-6 <= top <= HEIGHT for top in tops)
    assert all(lower - upper >= 36 - 1e-6 for lower, upper in zip(tops, tops[1:], strict=False))


@given(st.integers(0, 10**15))
def test_it_chooses_few_round_numbers(largest: int) -> None:
    ticks = list_ticks(largest)
    assert len(ticks) <= 4 and (len(ticks) >= 2 or largest < 2)
    assert all(0 < tick <= largest and str(tick).rstrip("0") in {*"123456789", "15"} for tick in ticks)


def bar(*parts: Part, whole: int = 10_000) -> str:
    return draw_bar(
        key="bar", title="Pool", description="Half is used.", parts=parts, whole=whole, mark=Tick(80, "80 %")
    )  # fmt: skip


def rectangles(svg: str) -> list[tuple[float, float]]:
    return [
        (float(each.get("x", "")), float(each.get("width", "")))
        for each in read(svg).findall("rect")
        if (each.get("fill") or "").startswith("url")
    ]


def test_it_draws_parts_side_by_side_as_wide_as_they_are_large() -> None:
    (first, first_width), (second, second_width) = rectangles(bar(Part(PAID, 2500), Part(OWED, 5000)))
    assert second == pytest.approx(first + first_width, abs=0.15)
    assert second_width == pytest.approx(2 * first_width, rel=0.01)
    assert first_width == pytest.approx((WIDTH - 2) / 4, rel=0.01)


def test_it_shows_a_small_part_and_stays_within_the_whole() -> None:
    tiny = [Part(PAID, 1), Part(OWED, 1), Part(Look(Pattern.DOTS, Tone.VOUCHER), 9_998)]
    drawn = rectangles(bar(*tiny))
    assert all(width >= 3.9 for _, width in drawn)
    assert drawn[-1][0] + drawn[-1][1] <= WIDTH


def test_it_marks_where_the_alarm_rings() -> None:
    root = read(bar(Part(PAID, 1)))
    assert "80 %" in [text.text for text in root.findall("text")]
    marks = [path.get("d", "") for path in root.findall("path")]
    assert any(mark.startswith(f"M{1 + (WIDTH - 2) * 0.8:.1f} ") for mark in marks)


def variables(scheme: str) -> dict[str, str]:
    css = (STATIC / "onloan.css").read_text(encoding="utf-8")
    light, dark = re.findall(r":root \{([^}]*)\}", css)[:2]
    return dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6})", light if scheme == "light" else dark))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_can_be_seen_against_its_ground(scheme: str) -> None:
    """WCAG 2.2, success criteria 1.4.11 (3 to 1 for what a graphic needs) and 1.4.3 (4.5 to 1 for its text)."""
    css = (STATIC / "console.css").read_text(encoding="utf-8")
    colours = variables(scheme)
    ground = colours[re.search(r"\.ground \{ fill: var\(--([a-z]+)\)", css)[1]]  # type: ignore[index]
    for tone in Tone:
        found = re.search(rf"\.ink\.{tone}, \.part\.{tone} \{{ stroke: var\(--([a-z]+)\)", css)
        assert found is not None, f"nothing in console.css draws {tone}"
        assert contrast(colours[found[1]], ground) >= 3
    for part in ("line", "leader", "mark"):
        found = re.search(rf"\.chart \.{part} \{{ fill: none; stroke: var\(--([a-z]+)\)", css)
        assert found is not None and contrast(colours[found[1]], ground) >= 3
    text = re.search(r"\.chart text \{ fill: var\(--([a-z]+)\)", css)
    assert text is not None and contrast(colours[text[1]], ground) >= 4.5


def test_it_draws_each_pattern_in_a_way_of_its_own() -> None:
    inks = {}
    for pattern in Pattern:
        ink = next(read(draw_swatch("a", Look(pattern, Tone.CASH))).iter("path"))
        inks[pattern] = (ink.get("d"), pattern in {Pattern.SOLID, Pattern.DOTS} and pattern)
    assert all(first != second for first, second in combinations(inks.values(), 2))
