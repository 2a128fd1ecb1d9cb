"""A frontier in characters: a plot for terminals, and the same facts as sentences for screen readers."""

from __future__ import annotations

import math
from collections.abc import Callable

from gossamer.errors import UsageError
from gossamer.frontier.costs import UNITS, format_number
from gossamer.frontier.points import Frontier, Point

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def log_scale(frontier: Frontier) -> bool:
    """Costs are shown on a logarithmic axis when all are positive and they span more than a factor of five."""
    costs = [point.cost for point in frontier]
    return bool(costs) and min(costs) > 0 and max(costs) > 5 * min(costs)


def alt_text(frontier: Frontier) -> str:
    """The frontier in words: axes, the points nothing beats, the rest, and the gain over the naive baseline.

    Example:
        >>> frontier = Frontier("ndcg@10", "latency_us")
        >>> _ = frontier.add("random", 0.01, 2, naive=True), frontier.add("bm25", 0.374, 90)
        >>> print(alt_text(frontier))
        ndcg@10 against latency (µs), logarithmic: 2 points of 2 methods. On the frontier: random (naive) 0.01 at 2 µs,
        bm25 0.374 at 90 µs. At equal cost bm25 gains up to 0.364 over the naive baseline.
    """
    scale = ", logarithmic" if log_scale(frontier) else ""
    names = list(dict.fromkeys(point.name for point in frontier))
    title = f"{frontier.title}: " if frontier.title else ""
    parts = [f"{title}{frontier.quality} against {frontier.cost}{scale}: {_count(len(frontier), 'point')} of "
             f"{_count(len(names), 'method')}."]  # fmt: skip
    if best := frontier.pareto():
        parts.append(f"On the frontier: {', '.join(_in_words(frontier, point) for point in best)}.")
    if rest := frontier.dominated():
        parts.append(f"Beaten: {', '.join(_in_words(frontier, point) for point in rest)}.")
    if any(point.naive for point in frontier):
        for name in dict.fromkeys(point.name for point in frontier if not point.naive):
            gains = [compared.gain for compared in frontier.equal_cost(name) if compared.gain is not None]
            if gains:
                parts.append(f"At equal cost {name} gains up to {format_number(max(gains))} over the naive baseline.")
    return " ".join(parts)


def text_plot(frontier: Frontier, width: int = 72, height: int = 16, *, ascii_only: bool = False) -> str:
    """A plot in characters: a letter for each method (small for naive ones), the frontier as a staircase of dots.

    Args:
        frontier: At least one point.
        width, height: Of the plotting area with its axes, in characters; at least 30 and 5.
        ascii_only: Draw the axes with ``|``, ``-`` and ``+``.

    Raises:
        UsageError: No points, or an area too small to draw in.
    """
    if not frontier.points:
        raise UsageError("the frontier has no points to draw")
    if width < 30 or height < 5:
        raise UsageError(f"a plot of {width} by {height} characters is too small; give at least 30 by 5")
    qualities = [point.quality for point in frontier]
    low, high = _widened(min(qualities), max(qualities))
    margin = max(len(format_number(low)), len(format_number(high))) + 2
    column = _column_of(frontier, width - margin)
    columns = width - margin

    def row(quality: float) -> int:
        return round((high - quality) / (high - low) * (height - 1))

    cells = [[" "] * columns for _ in range(height)]
    steps = frontier.pareto()
    for point, following in zip(steps, [*steps[1:], None], strict=True):
        end = column(following.cost) if following else columns
        for x in range(column(point.cost), end):
            cells[row(point.quality)][x] = "." if ascii_only else "·"
    marks = _marks(frontier)
    for point in frontier.dominated() + steps[::-1]:  # the frontier's points are drawn over the rest
        cells[row(point.quality)][column(point.cost)] = marks[point.name, point.naive]
    vertical, corner, horizontal = ("|", "+", "-") if ascii_only else ("│", "└", "─")
    labels = {0: format_number(high), height - 1: format_number(low)}
    cost = str(frontier.cost) if not ascii_only else str(frontier.cost).replace("µ", "u")
    lines = [f"{frontier.title}: {frontier.quality}" if frontier.title else frontier.quality]
    lines += [f"{labels.get(y, ''):>{margin - 2}} {vertical}{''.join(line)}".rstrip() for y, line in enumerate(cells)]
    lines.append(" " * (margin - 1) + corner + horizontal * columns)
    costs = [point.cost for point in frontier]
    left, right = format_number(min(costs)), format_number(max(costs))
    scale = f"{cost}, log" if log_scale(frontier) else cost
    lines.append(" " * margin + left + f"{scale:^{columns - len(left) - len(right)}}" + right)
    return "\n".join(lines + _legend(frontier, marks, ascii_only))


def _legend(frontier: Frontier, marks: dict[tuple[str, bool], str], ascii_only: bool) -> list[str]:
    best = frontier.pareto()
    unit = UNITS[frontier.cost.unit].replace("µ", "u" if ascii_only else "µ")
    star = "*" if ascii_only else "★"
    rows = []
    for point in sorted(frontier, key=lambda p: (p.cost, p.quality)):
        interval = ""
        if point.interval:
            interval = f" [{format_number(point.interval[0])}, {format_number(point.interval[1])}]"
        rows.append([
            f"  {marks[point.name, point.naive]} {point.name}{' (naive)' if point.naive else ''}",
            point.label, f"{format_number(point.quality)}{interval}", f"at {format_number(point.cost)} {unit}",
            star if point in best else "",
        ])  # fmt: skip
    widths = [max(len(row[i]) for row in rows) for i in range(5)]
    body = ["  ".join(f"{cell:<{w}}" for cell, w in zip(row, widths, strict=True) if w).rstrip() for row in rows]
    return ["", *body, f"  {star} on the frontier"]


def _column_of(frontier: Frontier, columns: int) -> Callable[[float], int]:
    scale: Callable[[float], float] = math.log if log_scale(frontier) else float
    costs = [point.cost for point in frontier]
    low, high = _widened(scale(min(costs)), scale(max(costs)))
    return lambda cost: round((scale(cost) - low) / (high - low) * (columns - 1))


def _marks(frontier: Frontier) -> dict[tuple[str, bool], str]:
    names = list(dict.fromkeys(point.name for point in frontier))
    letters = {name: _LETTERS[i % len(_LETTERS)] for i, name in enumerate(names)}
    return {
        (p.name, p.naive): letters[p.name].lower() if p.naive else letters[p.name] for p in frontier
    }  # fmt: skip


def _widened(low: float, high: float) -> tuple[float, float]:
    """Room for a scale when there is only one value."""
    return (low, high) if high > low else (low - 0.5, high + 0.5)


def _in_words(frontier: Frontier, point: Point) -> str:
    label = f" {point.label}" if point.label else ""
    naive = " (naive)" if point.naive else ""
    return f"{point.name}{label}{naive} {format_number(point.quality)} at {frontier.cost.format(point.cost)}"


def _count(n: int, noun: str) -> str:
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"
