"""Scenes on the terminal: with colours and bars where it can show them, plain text everywhere else."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from gossamer.app.cli.output import Output, printable, size, table
from gossamer.app.demo.scene import Block, Found, Picture, Search, Table
from gossamer.app.demo.script import Performance, Played

if TYPE_CHECKING:
    from rich.text import Text

_BAR_WIDTH = 24
_SHADES = "█▓▒░"
_COLOURS = ("cyan", "yellow", "magenta", "green", "blue", "red")


def show_act(out: Output, played: Played) -> None:
    """An act: its number, title and costs, its summary, and everything it shows."""
    from rich.text import Text

    scene, spent = played.scene, played.spent
    out.show(Text.assemble(
        (f"{played.number}. {scene.title}", "bold"), (f"   {spent.seconds:.1f} s, {size(spent.peak_bytes)} peak", "dim")
    ))  # fmt: skip
    _show_text(out, scene.summary)
    for block in scene.blocks:
        out.line()
        _show(out, block)
    out.line()
    sys.stdout.flush()


def show_scoreboard(out: Output, performance: Performance) -> None:
    """What was promised and what was kept, then the machine and the costs of it all."""
    from rich.text import Text

    kept = len(performance.promises) - len(performance.broken)
    out.show(Text(f"Scoreboard: {kept} of {len(performance.promises)} promises kept", "bold"))
    for promise in performance.promises:
        mark = ("pass", "green") if promise.kept else ("FAIL", "bold red")
        out.show(Text.assemble(mark, f"  {promise.text}", (f": {promise.evidence}", "dim")), indent=2)
    out.line()
    facts = performance.machine
    _show_text(
        out,
        f"{facts['processor']}, {facts['cores']} cores, kernels {facts['kernels']}; Python {facts['python']}, "
        f"gossamer {facts['gossamer']}, numpy {facts['numpy']}; every timing is the median of {performance.rounds} "
        f"alternating runs; no network. {performance.spent.seconds:.0f} s and {size(performance.spent.peak_bytes)} "
        "peak memory in all."
        + (" This machine is slow, so the acts asked fewer queries." if performance.reduced else ""),
    )


def _show(out: Output, block: Block) -> None:
    if isinstance(block, Table):
        if block.caption:
            _show_text(out, block.caption, "dim")
        out.show(table(*block.columns, rows=block.rows, right=block.right), indent=2)
    elif isinstance(block, Search):
        _show_search(out, block)
    elif isinstance(block, Picture):
        ascii_only = not (sys.stdout.encoding or "ascii").lower().startswith("utf")
        for line in block.frontier.text(ascii_only=ascii_only).splitlines():
            out.line(f"  {line}".rstrip())
    else:
        out.line(f"  $ {block.line}")


def _show_text(out: Output, text: str, style: str = "") -> None:
    """Running text, wrapped for people even where the terminal is a file."""
    from textwrap import wrap

    from rich.text import Text

    width = out.console.width if out.console.is_terminal else 100
    for line in wrap(printable(text), min(width, 100) - 2, break_on_hyphens=False):
        out.show(Text(line, style), indent=2)


def _show_search(out: Output, search: Search) -> None:
    from rich.table import Table as Grid
    from rich.text import Text

    out.show(Text.assemble(("? ", "dim"), (search.query, "bold")), indent=2)
    most = max((one.score for one in search.found), default=1.0)
    grid = Grid.grid(padding=(0, 1))
    for column in range(4):
        grid.add_column(justify="right" if column == 1 else "left", no_wrap=column < 3)
    for rank, one in enumerate(search.found, start=1):
        grid.add_row(f"{rank} {_mark(one)} {one.id}", f"{one.score:.2f}", _bar(one.terms, most), _sum(one.terms))
    out.show(grid, indent=4)
    counted = ", ".join(f"{_mark(one)} {one.id}" for one in search.naive) or "nothing"
    out.show(Text(f"substring count: {counted}", "dim"), indent=6)


def _mark(found: Found) -> str:
    return "✓" if found.right else "·"


def _bar(terms: Sequence[tuple[str, float]], most: float) -> Text:
    from rich.text import Text

    bar = Text()
    for at, (_, contribution) in enumerate(terms):
        bar.append(_SHADES[at % len(_SHADES)] * round(_BAR_WIDTH * contribution / most), _COLOURS[at % len(_COLOURS)])
    return bar


def _sum(terms: Sequence[tuple[str, float]]) -> Text:
    from rich.text import Text

    parts = Text()
    for at, (term, contribution) in enumerate(terms):
        parts.append(" + " if at else "")
        parts.append(f"{printable(term)} {contribution:.2f}", _COLOURS[at % len(_COLOURS)])
    return parts
