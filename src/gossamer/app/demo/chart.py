"""A frontier as SVG for the report: wide, every system named at its point, in the colours of the page.

`gossamer.frontier` draws the same points for files and terminals; this one may use the page's style sheet.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from html import escape
from itertools import pairwise
from math import ceil, floor, hypot, log10
from statistics import fmean

from gossamer.frontier.points import Frontier, Point

_WIDTH, _HEIGHT = 960, 440
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 20, 36, 52
_LINE = 21  # between labels

_Scale = Callable[[float], float]


def chart(frontier: Frontier, chosen: str) -> str:
    """An ``<svg>`` element; its style is in report.css.

    Args:
        frontier: Its costs are microseconds, all above 0.
        chosen: The system that is drawn large.
    """
    x, y = _scales(frontier)
    curves = [(name, points) for name, points in _by_name(frontier) if len(points) > 1]
    single = [points[0] for _, points in _by_name(frontier) if len(points) == 1]
    over = sorted(frontier, key=lambda point: point.name == chosen)  # points crowd: the chosen one is drawn last
    parts = [
        *_axes(frontier, x, y),
        _staircase(frontier, x, y),
        *(part for name, points in curves for part in _curve(name, points, x, y)),
        *(part for point in over for part in _mark(point, chosen, x, y)),
        *_names([point for point in single if not point.naive], chosen, x, y),
        *(_beside(point.name, point, x, y) for point in single if point.naive),
    ]
    about = f'viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{escape(frontier.alt_text())}"'
    return f'<svg class="chart" {about}>{"".join(parts)}</svg>'


def _by_name(frontier: Frontier) -> list[tuple[str, list[Point]]]:
    names = dict.fromkeys(point.name for point in frontier)
    return [(name, sorted((p for p in frontier if p.name == name), key=lambda p: p.cost)) for name in names]


def _scales(frontier: Frontier) -> tuple[_Scale, _Scale]:
    logs = [log10(point.cost) for point in frontier]
    low, high = min(logs) - 0.95, max(logs) + 0.3  # on the left there is room for a name
    top = max(point.interval[1] if point.interval else point.quality for point in frontier) * 1.04 or 1.0

    def x(cost: float) -> float:
        return _LEFT + (log10(cost) - low) / (high - low) * (_WIDTH - _LEFT - _RIGHT)

    def y(quality: float) -> float:
        return _HEIGHT - _BOTTOM - quality / top * (_HEIGHT - _TOP - _BOTTOM)

    return x, y


def _axes(frontier: Frontier, x: _Scale, y: _Scale) -> Iterator[str]:
    floor_y, costs = y(0), [point.cost for point in frontier]
    step = 0.2 if y(0) - y(1) < _HEIGHT else 0.1
    for number in range(ceil(1 / step) + 1):
        if (at := y(number * step)) >= _TOP:
            yield f'<path class="grid" d="M{_LEFT} {at:.1f}H{_WIDTH - _RIGHT}"/>'
            yield _text(_LEFT - 8, at + 4, f"{number * step:.1f}", "end")
    for power in range(floor(log10(min(costs))), ceil(log10(max(costs))) + 1):
        if _LEFT <= (at := x(10.0**power)) <= _WIDTH - _RIGHT:
            yield f'<path class="grid" d="M{at:.1f} {_TOP}V{floor_y:.1f}"/>'
            yield _text(at, floor_y + 20, _time(power), "middle")
    yield f'<path class="axis" d="M{_LEFT} {floor_y:.1f}H{_WIDTH - _RIGHT}"/>'
    yield _text(_WIDTH - _RIGHT, floor_y + 42, "time a query, logarithmic", "end")
    yield _text(_LEFT - 40, 16, f"{frontier.quality}, with 95 % intervals", "start")


def _time(power: int) -> str:
    unit, power = ("µs", power) if power < 3 else ("ms", power - 3) if power < 6 else ("s", power - 6)
    return f"{10**power:g} {unit}"


def _staircase(frontier: Frontier, x: _Scale, y: _Scale) -> str:
    best = frontier.pareto()
    steps = "".join(f"H{x(after.cost):.1f}V{y(after.quality):.1f}" for _, after in pairwise(best))
    start = f"M{x(best[0].cost):.1f} {y(best[0].quality):.1f}"
    return f'<path class="staircase" d="{start}{steps}H{_WIDTH - _RIGHT}"><title>best for the cost</title></path>'


def _curve(name: str, points: Sequence[Point], x: _Scale, y: _Scale) -> Iterator[str]:
    line = "L".join(f"{x(point.cost):.1f} {y(point.quality):.1f}" for point in points)
    yield f'<path class="curve{" naive" if points[0].naive else ""}" d="M{line}"/>'
    # The naive curve lies below and to the right of ours, so its words go there, ours to the other side.
    side, anchor = (12, "start") if points[0].naive else (-12, "end")
    first = points[0]
    yield _text(x(first.cost) + side, y(first.quality) + 5, f"{name}: {first.label}", anchor, "label")
    for before, point in pairwise(points):
        if hypot(x(point.cost) - x(before.cost), y(point.quality) - y(before.quality)) > _LINE:
            yield _text(x(point.cost) + side, y(point.quality) + 5, point.label, anchor)


def _mark(point: Point, chosen: str, x: _Scale, y: _Scale) -> Iterator[str]:
    at, height = x(point.cost), y(point.quality)
    if point.interval:
        low, high = (y(end) for end in point.interval)
        yield f'<path class="interval" d="M{at:.1f} {low:.1f}V{high:.1f}"/>'
    kind = "chosen" if point.name == chosen else "naive" if point.naive else "other"
    about = escape(f"{point.name} {point.label}".strip())
    yield (
        f'<circle class="{kind}" cx="{at:.1f}" cy="{height:.1f}" r="{8 if kind == "chosen" else 5}">'
        f"<title>{about}: {point.quality:.3f} at {point.cost:,.1f} µs</title></circle>"
    )


def _names(points: Sequence[Point], chosen: str, x: _Scale, y: _Scale) -> Iterator[str]:
    """Names in a column to the right of their points, which crowd, with a line from each to its name."""
    ordered = sorted(points, key=lambda point: (-point.quality, point.cost))
    column = max(x(point.cost) for point in points) + 48
    centre = fmean(y(point.quality) for point in points)
    at = max(_TOP + 14.0, centre - _LINE * (len(ordered) - 1) / 2)
    for point in ordered:
        bold = "label chosen" if point.name == chosen else "label"
        yield f'<path class="leader" d="M{x(point.cost):.1f} {y(point.quality):.1f}L{column - 6:.1f} {at - 4:.1f}"/>'
        yield _text(column, at, point.name, "start", bold)
        at += _LINE


def _beside(name: str, point: Point, x: _Scale, y: _Scale) -> str:
    at, anchor = (-10, "end") if x(point.cost) > _WIDTH / 2 else (12, "start")
    return _text(x(point.cost) + at, y(point.quality) - 8, name, anchor, "label")


def _text(x: float, y: float, text: str, anchor: str, kind: str = "") -> str:
    return f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'
