"""Where a command writes: results on standard output, progress and notes on standard error.

Colour and progress bars appear only on a terminal that wants them; what is printed from documents is
stripped of control characters first, since a document may try to command the terminal.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, nullcontext
from functools import cached_property
from typing import TYPE_CHECKING

from gossamer.app.cli.progress import Progress, counted, shown, waiting

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.table import Table

_PIPE_WIDTH = 10_000


class Output:
    """The two streams of one command.

    Args:
        json: Results are JSON; nothing else goes to standard output, and no progress is shown.
        quiet: No progress and no notes.
        no_color: No colour, whatever the terminal can do.
    """

    def __init__(self, json: bool = False, quiet: bool = False, no_color: bool = False) -> None:
        self.is_json, self.quiet = json, quiet
        self._no_color = no_color or bool(os.environ.get("NO_COLOR")) or os.environ.get("TERM") == "dumb"

    def document(self, value: object, indent: int | None = 2) -> None:
        """Write one JSON document, or with ``indent=None`` one JSON line, as UTF-8."""
        text = json.dumps(value, ensure_ascii=False, indent=indent)
        # A lone surrogate (a file name that is not UTF-8) becomes the JSON escape that stands for it.
        sys.stdout.buffer.write(text.encode("utf-8", "backslashreplace") + b"\n")

    def line(self, text: str = "") -> None:
        """Write one line for people on standard output."""
        print(printable(text))

    def show(self, thing: RenderableType, indent: int = 0) -> None:
        """Write a Rich text or table for people on standard output; on a terminal it wraps within its indent."""
        from rich.padding import Padding

        padded = Padding(thing, (0, 0, 0, indent), expand=False)
        if self.console.is_terminal:
            self.console.print(padded)
            return
        with self.console.capture() as captured:
            self.console.print(padded)
        for line in captured.get().splitlines():
            print(line.rstrip())

    def note(self, text: str) -> None:
        """Write one line on standard error unless quiet, after all results so far where both go to one place."""
        if not self.quiet:
            sys.stdout.flush()
            print(printable(text), file=sys.stderr)

    @contextmanager
    def progress(self, verb: str, unit: str, total: Callable[[], int | None] = lambda: None) -> Iterator[Progress]:
        """Progress of the work in a ``with`` block: a bar on a terminal, nothing elsewhere.

        Args:
            verb, unit: ``indexing`` and ``documents``.
            total: Finds the number of bytes to be read; asked only when a bar is shown.
        """
        if not self._shows_progress:
            yield Progress(None, verb, unit, None)
            return
        with shown(verb, unit, total(), self._no_color) as progress:
            yield progress

    @contextmanager
    def doing(self, work: str, moving: bool = True) -> Iterator[None]:
        """Says on a terminal what goes on in a ``with`` block, and for how long; nothing elsewhere.

        Args:
            work: Such as ``building``.
            moving: False draws it once: nothing disturbs what is timed.
        """
        with waiting(work, moving, self._no_color) if self._shows_progress else nullcontext():
            yield

    @contextmanager
    def steps(self, verb: str, lines_every: int | None) -> Iterator[Callable[[int, int, str], None]]:
        """A callback (done, of, what to say of it) for the time of a ``with`` block.

        Args:
            verb: ``training``.
            lines_every: Steps between two lines on a standard error that is no terminal; None = no lines.
        """
        if self._shows_progress:
            with counted(verb, self._no_color) as shown_steps:
                yield shown_steps
            return
        began = time.monotonic()

        def line(done: int, of: int, said: str) -> None:
            if lines_every is not None and (done % lines_every == 0 or done == of):
                self.note(f"{verb}: {done:,} of {of:,}, {said}, {time.monotonic() - began:.0f} s")

        yield line

    @property
    def _shows_progress(self) -> bool:
        return not (self.is_json or self.quiet) and sys.stderr.isatty() and os.environ.get("TERM") != "dumb"

    @cached_property
    def console(self) -> Console:
        """Rich's console on standard output; wide where it is no terminal, so that nothing is cut for ``grep``."""
        from rich.console import Console

        return Console(
            markup=False, highlight=False, emoji=False,
            color_system=None if self._no_color else "auto",
            width=None if sys.stdout.isatty() else _PIPE_WIDTH,
        )  # fmt: skip


def table(*columns: str, rows: Iterable[Iterable[str]], right: Iterable[int] = ()) -> Table:
    """A plain table; the columns numbered in ``right`` hold numbers."""
    from rich import box
    from rich.table import Table

    result = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for number, column in enumerate(columns):
        result.add_column(column, justify="right" if number in set(right) else "left", overflow="fold")
    for row in rows:
        result.add_row(*map(printable, row))
    return result


def printable(text: str) -> str:
    """``text`` without the characters that command a terminal or turn the reading direction.

    Example:
        >>> printable("a\\x1b[2Jb")
        'a\\ufffd[2Jb'
    """
    return text.translate(_CONTROLS)


def size(count: float) -> str:
    """Bytes for people: ``1.5 MiB``."""
    for unit in ("B", "KiB", "MiB"):
        if abs(count) < 1024:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1024
    return f"{count:.1f} GiB"


_CONTROLS = {
    code: "\ufffd"
    for code in (*range(0x00, 0x20), *range(0x7F, 0xA0), *range(0x202A, 0x202F), *range(0x2066, 0x206A))
    if chr(code) not in "\n\t"
}
