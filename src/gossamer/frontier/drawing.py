"""Frontiers as pictures: one style for every benchmark, for black and white, colour-blind eyes and dark pages.

Methods differ in marker and line style first and in colour second; hollow markers are naive baselines. In SVG text
stays text, and colours follow the reader's light or dark setting. Needs matplotlib (extra ``plot``).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape
from zlib import crc32

from gossamer.errors import UsageError
from gossamer.frontier.costs import format_number
from gossamer.frontier.points import Frontier, Point
from gossamer.frontier.terminal import alt_text, log_scale

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Okabe & Ito's colours, which the common kinds of colour blindness keep apart; their yellow is too pale on white.
_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
_MARKERS = ("o", "s", "^", "D", "v", "P", "X", "h", "<", ">")
_LINES: tuple[Any, ...] = ("-", "--", "-.", ":", (0, (6, 1)), (0, (3, 1, 1, 1, 1, 1)))
_INK, _PAPER, _GRID, _BAND = "#1f2328", "#ffffff", "#d0d7de", "#8c959f"
_DARK = {_INK: "#e6edf3", _PAPER: "#0d1117", _GRID: "#30363d", _BAND: "#6e7681"}

_STYLE: dict[Any, Any] = {
    "svg.fonttype": "none", "svg.hashsalt": "gossamer", "text.parse_math": False,
    "font.family": "sans-serif", "font.size": 10, "axes.titlesize": 11,
    "text.color": _INK, "axes.labelcolor": _INK, "axes.edgecolor": _INK, "xtick.color": _INK, "ytick.color": _INK,
    "figure.facecolor": _PAPER, "axes.facecolor": _PAPER, "savefig.facecolor": _PAPER,
    "axes.spines.top": False, "axes.spines.right": False,
    "axes.grid": True, "grid.color": _GRID, "grid.linewidth": 0.6, "axes.axisbelow": True,
    "legend.frameon": False, "legend.fontsize": 9,
}  # fmt: skip


_PANEL_CHARACTERS = 72  # of the legend's size that fit beside each other


def plot_panels(frontiers: Iterable[Frontier], path: str | Path, *, columns: int = 3) -> None:
    """Draw frontiers side by side in one picture.

    Each panel: points, the staircase of what can be had for each cost, intervals as bars (as a band along a curve),
    a logarithmic cost axis when the costs span more than a factor of five.

    Args:
        frontiers: One panel for each; none may be empty.
        path: Ends in ``.svg`` or ``.png``.
        columns: Panels in a row.

    Raises:
        UsageError: Another extension, an empty frontier, or matplotlib is not installed.
    """
    panels = list(frontiers)
    kind = Path(path).suffix.lower()
    if kind not in (".svg", ".png"):
        raise UsageError(f"{path}: plots are written as .svg or .png")
    if not panels or not all(panels):
        raise UsageError(f"{path}: a frontier without points cannot be drawn")
    try:
        import matplotlib
        from matplotlib.figure import Figure
    except ImportError:
        raise UsageError("plots need matplotlib: pip install 'gossamer[plot]'") from None
    columns = min(columns, len(panels))
    rows = math.ceil(len(panels) / columns)
    with matplotlib.rc_context(_STYLE):
        legend = max(math.ceil((len(_names(one)) + 1) / _legend_columns(one)) for one in panels)
        height = 4.4 + 0.2 * max(0, legend - 4)
        figure = Figure(figsize=(5.2 * columns + 0.6, height * rows), layout="constrained")
        for place, frontier in enumerate(panels, start=1):
            _draw(figure.add_subplot(rows, columns, place), frontier)
        described = "\n".join(map(alt_text, panels))
        titles = [f.title or f"{f.quality} against {f.cost}" for f in panels]
        _save(figure, Path(path), kind, title="; ".join(titles), description=described)


def _draw(axes: Axes, frontier: Frontier) -> None:
    axes.set_title(frontier.title, loc="left")
    axes.set_ylabel(frontier.quality)
    axes.set_xlabel(str(frontier.cost))
    if log_scale(frontier):
        _set_log_scale(axes, [point.cost for point in frontier])
    axes.margins(x=0.08, y=0.12)
    names = _names(frontier)
    for number, name in enumerate(names):
        points = sorted((p for p in frontier if p.name == name), key=lambda p: (p.cost, p.quality))
        _draw_method(axes, name, points, number)
    _draw_staircase(axes, frontier.pareto())
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.17), ncols=_legend_columns(frontier))


def _names(frontier: Frontier) -> list[str]:
    return list(dict.fromkeys(point.name for point in frontier))


def _legend_columns(frontier: Frontier) -> int:
    """As many as fit into the width of a panel, up to three."""
    names = _names(frontier)
    fitting = _PANEL_CHARACTERS // (max(map(len, names)) + 6)  # the sample of the line, and room
    return max(1, min(2 if len(names) < 9 else 3, fitting))


def _set_log_scale(axes: Axes, costs: Sequence[float]) -> None:
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    axes.set_xscale("log")
    narrow = max(costs) < 50 * min(costs)  # then powers of ten alone would label one or two ticks
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if narrow else (1,)))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda cost, _: format_number(cost)))
    axes.xaxis.set_minor_formatter(NullFormatter())


def _draw_method(axes: Axes, name: str, points: Sequence[Point], number: int) -> None:
    colour = _COLOURS[number % len(_COLOURS)]
    costs, qualities = [p.cost for p in points], [p.quality for p in points]
    ends = [p.interval for p in points if p.interval]
    naive = all(point.naive for point in points)
    # Markers and lines repeat after different numbers of methods, so that thirty differ without any colour.
    axes.plot(
        costs, qualities,
        color=colour, linestyle=_LINES[number % len(_LINES)] if len(points) > 1 else "none", linewidth=1.4,
        marker=_MARKERS[number % len(_MARKERS)], markersize=7, markeredgewidth=1.3,
        markerfacecolor=_PAPER if naive else colour, markeredgecolor=_INK, zorder=5,
        label=f"{name} (naive)" if naive else name,
    )  # fmt: skip
    if len(points) > 1 and len(ends) == len(points):
        axes.fill_between(costs, [low for low, _ in ends], [high for _, high in ends], color=_BAND, alpha=0.25, lw=0)
    for point in points:
        _draw_bars(axes, point)
    for point in points:
        if point.label:
            axes.annotate(point.label, (point.cost, point.quality), (7, -10), textcoords="offset points", fontsize=8)


def _draw_bars(axes: Axes, point: Point) -> None:
    style: dict[str, Any] = {"color": _INK, "linewidth": 1, "zorder": 4}
    if point.interval:
        axes.plot([point.cost] * 2, point.interval, **style)
    if point.cost_interval and point.cost_interval[0] > 0:
        axes.plot(point.cost_interval, [point.quality] * 2, **style)


def _draw_staircase(axes: Axes, best: Sequence[Point]) -> None:
    left, right = axes.get_xlim()
    low, high = axes.get_ylim()
    x = [*(point.cost for point in best), right]
    y = [*(point.quality for point in best), best[-1].quality]
    axes.step(x, y, where="post", color=_INK, linewidth=2.2, alpha=0.35, zorder=2, label="best for the cost")
    axes.set_xlim(left, right)
    axes.set_ylim(low, high)


def _save(figure: Figure, path: Path, kind: str, *, title: str, description: str) -> None:
    if kind == ".png":
        figure.savefig(path, dpi=160, metadata={"Title": title, "Description": description})
        return
    svg = StringIO()
    figure.savefig(svg, format="svg", metadata={"Date": None})
    path.write_text(_adapt(svg.getvalue(), title, description), encoding="utf-8")


def _adapt(svg: str, title: str, description: str) -> str:
    """Add the text alternative, and rules that swap ink and paper where the reader prefers a dark page."""
    rules = "".join(
        f'[style*="{part}: {light}"]{{{part}:{dark} !important}}'
        for light, dark in _DARK.items()
        for part in ("fill", "stroke")
    )
    mark = f"frontier-{crc32(description.encode()):08x}"  # several pictures may be put into one page
    head, tag, rest = svg.partition("<svg ")
    attributes, close, body = rest.partition(">")
    return (
        f'{head}{tag}role="img" aria-labelledby="{mark} {mark}-text" {attributes}{close}\n'
        f'<title id="{mark}">{escape(title)}</title>\n<desc id="{mark}-text">{escape(description)}</desc>\n'
        f"<style>@media (prefers-color-scheme: dark){{{rules}}}</style>{body}"
    )
