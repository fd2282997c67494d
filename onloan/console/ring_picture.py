"""A small ring as SVG: numbered people, arrows for who brought whom, dotted ties for what they share. Pure.

What the lines are is said by their form and beside the drawing; the table that stands with it says the same.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

SIZE = 320
_CENTRE, _REACH, _NODE = SIZE / 2, 118.0, 17.0
_TIE_BOW = 46.0
_HALF_DIGIT = 5.0

Point = tuple[float, float]


def draw_ring(
    *, count: int, links: Sequence[tuple[int, int]], ties: Sequence[tuple[int, int]], title: str, description: str
) -> SafeString:
    """``count`` people numbered from 1; ``links`` and ``ties`` name them by position, from 0."""
    assert count > 0 and all(0 <= end < count for pair in (*links, *ties) for end in pair)
    points = [_place(number, count) for number in range(count)]
    lines = format_html_join(
        "", '<path class="mark" d="{}" marker-end="url(#ring-arrow)"/>',
        ((_arrow(points[source], points[target]),) for source, target in links if source != target),
    )  # fmt: skip
    bows = format_html_join(
        "", '<path class="tie" d="{}"/>', ((_bow(points[one], points[other]),) for one, other in ties)
    )
    nodes = format_html_join(
        "",
        '<circle class="node" cx="{0}" cy="{1}" r="{2}"/><text x="{0}" y="{3}" text-anchor="middle">{4}</text>',
        (
            (f"{x:.1f}", f"{y:.1f}", _NODE, f"{y + _HALF_DIGIT:.1f}", number)
            for number, (x, y) in enumerate(points, start=1)
        ),
    )
    return format_html(
        '<svg class="chart" viewBox="0 0 {size} {size}" role="img" aria-labelledby="ring-title ring-description">'
        '<title id="ring-title">{title}</title><desc id="ring-description">{description}</desc>'
        '<defs><marker id="ring-arrow" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="5" markerHeight="5"'
        ' orient="auto"><path class="head" d="M0 0 10 5 0 10z"/></marker></defs>{bows}{lines}{nodes}</svg>',
        size=SIZE, title=title, description=description, bows=bows, lines=lines, nodes=nodes,
    )  # fmt: skip


def _place(number: int, count: int) -> Point:
    """Around a circle, the first one at the top."""
    angle = 2 * math.pi * number / count - math.pi / 2
    return _CENTRE + _REACH * math.cos(angle), _CENTRE + _REACH * math.sin(angle)


def _arrow(source: Point, target: Point) -> str:
    """From edge to edge of two nodes, so that the head is seen."""
    along_x, along_y = _direction(source, target)
    return (
        f"M{source[0] + along_x * _NODE:.1f} {source[1] + along_y * _NODE:.1f}"
        f"L{target[0] - along_x * (_NODE + 2):.1f} {target[1] - along_y * (_NODE + 2):.1f}"
    )


def _bow(one: Point, other: Point) -> str:
    """Bent to one side, so that an arrow between the same two stays visible."""
    along_x, along_y = _direction(one, other)
    middle_x = (one[0] + other[0]) / 2 - along_y * _TIE_BOW
    middle_y = (one[1] + other[1]) / 2 + along_x * _TIE_BOW
    return f"M{one[0]:.1f} {one[1]:.1f}Q{middle_x:.1f} {middle_y:.1f} {other[0]:.1f} {other[1]:.1f}"


def _direction(source: Point, target: Point) -> Point:
    length = math.dist(source, target)
    assert length > 0, "two people stand in two places"
    return (target[0] - source[0]) / length, (target[1] - source[1]) / length
