"""What goes by and how fast, on a terminal's standard error; without a terminal nothing at all."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress

T = TypeVar("T")


class Progress:
    """Counts things, and bytes where their total is known.

    Args:
        bars: Rich's display, None to show nothing.
        verb, unit: ``indexing`` and ``documents``.
        total: Bytes that will be read, None where nobody knows.
    """

    def __init__(self, bars: RichProgress | None, verb: str, unit: str, total: int | None) -> None:
        self._bars = bars
        self._started, self._count = time.monotonic(), 0
        self._task = bars.add_task(verb, total=total, unit=unit, count=0, rate=0.0) if bars else None

    def count(self, things: Iterable[T]) -> Iterator[T]:
        """Pass ``things`` on, each counted once the next one is asked for."""
        for thing in things:
            yield thing
            self.add(1)

    def add(self, more: int) -> None:
        """Count ``more`` things."""
        self._count += more
        if self._bars is not None and self._task is not None:
            elapsed = time.monotonic() - self._started
            self._bars.update(self._task, count=self._count, rate=self._count / max(elapsed, 1e-3))

    def read(self, more: int) -> None:
        """Note that ``more`` bytes were read."""
        if self._bars is not None and self._task is not None:
            self._bars.advance(self._task, more)


@contextmanager
def shown(verb: str, unit: str, total: int | None, no_color: bool) -> Iterator[Progress]:
    """Progress on standard error for the time of a ``with`` block."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress as RichProgress, TextColumn, TimeElapsedColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        TextColumn("{task.fields[count]:,} {task.fields[unit]}"),
        TextColumn("{task.fields[rate]:,.0f}/s"),
        TimeElapsedColumn(),
    )
    with RichProgress(*columns, console=Console(stderr=True, no_color=no_color), transient=True) as bars:
        yield Progress(bars, verb, unit, total)


@contextmanager
def counted(verb: str, no_color: bool) -> Iterator[Callable[[int, int, str], None]]:
    """A callback (done, of, what to say of it) that moves a bar for the time of a ``with`` block."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress as RichProgress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TextColumn("{task.fields[said]}"),
        TextColumn("{task.fields[rate]:,.1f}/s"),
        TimeRemainingColumn(),
    )
    began = time.monotonic()
    with RichProgress(*columns, console=Console(stderr=True, no_color=no_color), transient=True) as bars:
        task = bars.add_task(verb, total=None, said="", rate=0.0)
        first: list[int] = []

        def show(done: int, of: int, said: str) -> None:
            if not first:
                first.append(done)  # a resumed run has not done what came before
            rate = (done - first[0]) / max(time.monotonic() - began, 1e-3)
            bars.update(task, completed=done, total=of, said=said, rate=rate)

        yield show


@contextmanager
def waiting(work: str, moving: bool, no_color: bool) -> Iterator[None]:
    """What goes on, on standard error for the time of a ``with`` block; with its time where it may move."""
    from rich.console import Console
    from rich.progress import Progress as RichProgress, SpinnerColumn, TextColumn, TimeElapsedColumn

    text = TextColumn("{task.description}")
    columns = (SpinnerColumn(), text, TimeElapsedColumn()) if moving else (text,)
    console = Console(stderr=True, no_color=no_color)
    # Twice a second costs a build nothing that can be measured.
    with RichProgress(
        *columns, console=console, transient=True, auto_refresh=moving, refresh_per_second=2
    ) as shown_work:
        shown_work.add_task(work, total=None)
        shown_work.refresh()
        yield
