"""Charts as SVG: areas over time and bars of one whole, readable without colour. Pure.

Each part has a pattern of its own, an outline and its name and amount beside it; each chart has a title and a
description for who does not see it, and stands beside a table with the same numbers. Colours are classes of
``console.css``, so a dark scheme and a printer have theirs. Sizes are units of the drawing, about one pixel each
on a phone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from itertools import pairwise

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

WIDTH, HEIGHT = 340, 250
_PLOT_LEFT, _PLOT_RIGHT, _PLOT_TOP, _PLOT_BOTTOM = 1.0, 222.0, 8.0, 222.0
_LABEL_LEFT, _LABEL_HEIGHT, _LINE_BELOW, _LINE_HEIGHT = 238.0, 36.0, 13.0, 16.0
_DAYS_ABOVE = 8
_BAR_HEIGHT, _MARK_HEIGHT = 24, 24
# What is there can be seen, however small beside the whole.
_BAR_PART_WIDTH_MIN = 4.0
_TICKS_MAX = 4


class Pattern(StrEnum):
    """How a part is filled. No two of one chart look alike in grey."""

    BLANK = "blank"
    SOLID = "solid"
    DIAGONAL = "diagonal"
    DOTS = "dots"
    GRID = "grid"
    LEVEL = "level"
    UPRIGHT = "upright"


class Tone(StrEnum):
    """Whose colour a part wears: cash, vouchers, or what is nobody's yet."""

    CASH = "cash"
    VOUCHER = "voucher"
    POOL = "pool"


@dataclass(frozen=True, slots=True)
class Look:
    pattern: Pattern
    tone: Tone


@dataclass(frozen=True, slots=True)
class Band:
    """One part over time. ``values`` has one number for each day of the chart, none below zero; ``text`` is the
    last of them as a reader writes it."""

    name: str
    text: str
    look: Look
    values: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a bar."""

    look: Look
    value: int


@dataclass(frozen=True, slots=True)
class Tick:
    value: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AreaChart:
    """Parts stacked upon each other, the first at the bottom. ``key`` is unique in its page (``[a-z-]+``);
    ``days`` grow; a value holds from its day to the next one that has one."""

    key: str
    title: str
    description: str
    days: tuple[date, ...]
    bands: tuple[Band, ...]
    ticks: tuple[Tick, ...]
    first_day: str
    last_day: str


def list_ticks(largest: int) -> list[int]:
    """Up to ``_TICKS_MAX`` round numbers (1, 2 or 5 and noughts) above zero, none above ``largest``."""
    assert largest >= 0
    step = 1
    while largest // step > _TICKS_MAX:
        step = step * 5 // 2 if str(step).startswith("2") else step * 2
    return list(range(step, largest + 1, step))


def draw_areas(chart: AreaChart) -> SafeString:
    """The chart as an ``<svg>`` element."""
    assert chart.days and all(len(band.values) == len(chart.days) for band in chart.bands)
    assert all(earlier < later for earlier, later in pairwise(chart.days))
    floors = _stack([band.values for band in chart.bands])
    largest = max(floors[-1])
    edges = _edges(chart.days)
    areas = [
        (*_fill(chart.key, band.look), _outline(edges, top, floor, largest))
        for band, (floor, top) in zip(chart.bands, pairwise(floors), strict=True)
        if any(band.values)
    ]
    return _wrap(
        chart.key,
        HEIGHT,
        chart.title,
        chart.description,
        [
            _draw_patterns(chart.key, [band.look for band in chart.bands]),
            format_html_join("", '<path fill="url(#{}-{}-{})" class="part {}" d="{}"/>', areas),
            _draw_ticks(chart.ticks, largest),
            _draw_labels(chart.bands, floors, largest),
            _draw_days(chart),
        ],
    )


def draw_bar(
    *, key: str, title: str, description: str, parts: Sequence[Part], whole: int, mark: Tick | None = None
) -> SafeString:
    """One whole from left to right with a tick where ``mark`` says, in percent; what no part takes stays blank."""
    assert whole > 0 and (mark is None or 0 < mark.value < 100)
    assert sum(part.value for part in parts) <= whole
    inner = WIDTH - 2
    wanted = [max(_BAR_PART_WIDTH_MIN, part.value / whole * inner) if part.value else 0.0 for part in parts]
    scale = min(1.0, inner / sum(wanted)) if any(wanted) else 1.0
    rectangles, left = [], 1.0
    for part, width in zip(parts, wanted, strict=True):
        if width:
            rectangles.append((*_fill(key, part.look), _write(left), _write(width * scale), _BAR_HEIGHT))
            left += width * scale
    return _wrap(
        key,
        _BAR_HEIGHT + (_MARK_HEIGHT if mark else 2),
        title,
        description,
        [
            _draw_patterns(key, [part.look for part in parts]),
            format_html(
                '<rect class="part pool" fill="none" x="1" y="1" width="{}" height="{}"/>', inner, _BAR_HEIGHT
            ),
            format_html_join(
                "", '<rect fill="url(#{}-{}-{})" class="part {}" x="{}" y="1" width="{}" height="{}"/>', rectangles
            ),
            _draw_mark(mark, 1 + inner * mark.value / 100) if mark else SafeString(""),
        ],
    )


def _draw_mark(mark: Tick, left: float) -> SafeString:
    return format_html(
        '<path class="mark" d="M{} 1v{}"/><text x="{}" y="{}" text-anchor="middle">{}</text>',
        *(_write(left), _BAR_HEIGHT + 6, _write(left), _BAR_HEIGHT + 20, mark.text),
    )


def draw_swatch(key: str, look: Look) -> SafeString:
    """A small square that shows how a part is filled, to stand before its name; it says nothing by itself."""
    return format_html(
        '<svg class="swatch" viewBox="0 0 18 18" aria-hidden="true">{}'
        '<rect fill="url(#{}-{}-{})" class="part {}" x="1" y="1" width="16" height="16"/></svg>',
        _draw_patterns(key, [look]),
        *_fill(key, look),
    )


def _wrap(key: str, height: int, title: str, description: str, content: Sequence[SafeString]) -> SafeString:
    return format_html(
        '<svg class="chart" viewBox="0 0 {} {}" role="img" aria-labelledby="{}-title {}-description">'
        '<title id="{}-title">{}</title><desc id="{}-description">{}</desc>{}</svg>',
        *(WIDTH, height, key, key, key, title, key, description),
        format_html_join("", "{}", ((each,) for each in content)),
    )


def _fill(key: str, look: Look) -> tuple[str, str, str, str]:
    """The three words of a pattern's id, and the class of its outline."""
    return (key, look.pattern, look.tone, look.tone)


_MARKS: dict[Pattern, str] = {
    Pattern.BLANK: "",
    Pattern.SOLID: "M0 0h8v8h-8z",
    Pattern.DIAGONAL: "M-2 2l4-4M0 8l8-8M6 10l4-4",
    Pattern.DOTS: "M4 4h.01",
    Pattern.GRID: "M0 4h8M4 0v8",
    Pattern.LEVEL: "M0 4h8",
    Pattern.UPRIGHT: "M4 0v8",
}


def _draw_patterns(key: str, looks: Sequence[Look]) -> SafeString:
    return format_html(
        "<defs>{}</defs>",
        format_html_join(
            "",
            '<pattern id="{}-{}-{}" width="8" height="8" patternUnits="userSpaceOnUse">'
            '<rect class="ground" width="8" height="8"/><path class="ink {} {}" d="{}"/></pattern>',
            (
                (key, look.pattern, look.tone, look.tone, look.pattern, _MARKS[look.pattern])
                for look in dict.fromkeys(looks)
            ),
        ),
    )


def _stack(layers: Sequence[tuple[int, ...]]) -> list[list[int]]:
    """The floor below each layer, and the top of the last one."""
    floors = [[0] * len(layers[0])]
    for layer in layers:
        assert min(layer) >= 0
        floors.append([below + value for below, value in zip(floors[-1], layer, strict=True)])
    return floors


def _edges(days: Sequence[date]) -> list[float]:
    """Where each day begins from left to right, and where the last one ends."""
    whole = (days[-1] - days[0]).days + 1
    starts = [(day - days[0]).days for day in days]
    return [_PLOT_LEFT + (_PLOT_RIGHT - _PLOT_LEFT) * start / whole for start in [*starts, whole]]


def _height(value: int, largest: int) -> float:
    return _PLOT_BOTTOM - (_PLOT_BOTTOM - _PLOT_TOP) * value / max(1, largest)


def _outline(edges: Sequence[float], top: Sequence[int], floor: Sequence[int], largest: int) -> str:
    """Along the tops of the days to the right, and back along their floors."""
    steps = [f"M{_write(edges[0])} {_write(_height(top[0], largest))}"]
    for right, next_top in zip(edges[1:], [*top[1:], None], strict=True):
        steps.append(f"H{_write(right)}")
        if next_top is not None:
            steps.append(f"V{_write(_height(next_top, largest))}")
    for left, here in zip(reversed(edges[:-1]), reversed(floor), strict=True):
        steps.append(f"V{_write(_height(here, largest))}H{_write(left)}")
    return "".join(steps) + "Z"


def _draw_ticks(ticks: Sequence[Tick], largest: int) -> SafeString:
    """A line across for each, and its number above it, on a ground of its own so that no pattern hides it."""
    return format_html_join(
        "",
        '<path class="line" d="M{} {}H{}"/><text class="tick" x="{}" y="{}">{}</text>',
        (
            (
                _write(_PLOT_LEFT), _write(_height(tick.value, largest)), _write(_PLOT_RIGHT),
                _write(_PLOT_LEFT + 3), _write(_height(tick.value, largest) - 3), tick.text,
            )
            for tick in ticks
        ),
    )  # fmt: skip


def _draw_labels(bands: Sequence[Band], floors: Sequence[Sequence[int]], largest: int) -> SafeString:
    """Name and amount of each part at the right, with a line to its middle on the last day."""
    middles = [(_height(low[-1], largest) + _height(high[-1], largest)) / 2 for low, high in pairwise(floors)]
    tops = place_labels([middle - _LABEL_HEIGHT / 2 for middle in middles])
    left, right = _write(_LABEL_LEFT), _write(_PLOT_RIGHT)
    return format_html_join(
        "",
        '<path class="leader" d="M{} {}L{} {}"/>'
        '<text x="{}" y="{}">{}</text><text class="worth" x="{}" y="{}">{}</text>',
        (
            (
                *(right, _write(middle), _write(_LABEL_LEFT - 3), _write(top + _LABEL_HEIGHT / 2)),
                *(left, _write(top + _LINE_BELOW), band.name),
                *(left, _write(top + _LINE_BELOW + _LINE_HEIGHT), band.text),
            )
            for band, middle, top in zip(bands, middles, tops, strict=True)
        ),
    )


def _draw_days(chart: AreaChart) -> SafeString:
    days = [(_PLOT_LEFT, "start", chart.first_day), (_PLOT_RIGHT, "end", chart.last_day)]
    return format_html_join(
        "",
        '<text x="{}" y="{}" text-anchor="{}">{}</text>',
        ((_write(x), HEIGHT - _DAYS_ABOVE, anchor, text) for x, anchor, text in days[: len(chart.days)]),
    )


def place_labels(wanted: Sequence[float]) -> list[float]:
    """Where labels stand that wish to stand at ``wanted``, the lowest first: none upon another, none outside."""
    tops = list(wanted)
    lowest = HEIGHT - _LABEL_HEIGHT
    for number in range(len(tops)):
        tops[number] = min(tops[number], lowest)
        lowest = tops[number] - _LABEL_HEIGHT
    highest = 0.0
    for number in reversed(range(len(tops))):
        tops[number] = max(tops[number], highest)
        highest = tops[number] + _LABEL_HEIGHT
    return tops


def _write(number: float) -> str:
    """As SVG writes it whatever the page's language: a point, one decimal, and none where it is nought."""
    return f"{number:.1f}".removesuffix(".0")
