"""Timings that a busy machine bends little: systems take turns, a query counts by its median. And peak memory."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, median
from time import perf_counter, perf_counter_ns
from typing import Generic, TypeAlias, TypeVar

from gossamer.intervals import bootstrap_interval

Ranking: TypeAlias = Sequence[tuple[str, float]]
"""Ids and scores, best first."""

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Trial(Generic[Answer]):
    """A system, and the queries that it is asked one at a time."""

    ask: Callable[[str], Answer]
    queries: Sequence[str]


@dataclass(frozen=True, slots=True)
class Timed(Generic[Answer]):
    """What a system answered, and the microseconds that each query took: the median over the rounds."""

    answers: Sequence[Answer]
    microseconds: Sequence[float]


def take_turns(trials: Mapping[str, Trial[Answer]], rounds: int) -> dict[str, Timed[Answer]]:
    """Ask every system all of its queries, ``rounds`` times over, the systems taking turns.

    Args:
        trials: By name.
        rounds: At least 1.

    Example:
        >>> timed = take_turns({"upper": Trial(str.upper, ["a", "b"])}, rounds=3)
        >>> timed["upper"].answers, len(timed["upper"].microseconds)
        (['A', 'B'], 2)
    """
    answers: dict[str, list[Answer]] = {}
    spent: dict[str, list[list[int]]] = {name: [] for name in trials}
    for _ in range(rounds):
        for name, trial in trials.items():
            answers[name], took = [], []
            for query in trial.queries:
                started = perf_counter_ns()
                answer = trial.ask(query)
                took.append(perf_counter_ns() - started)
                answers[name].append(answer)
            spent[name].append(took)
    return {
        name: Timed(answers[name], [median(one) / 1000 for one in zip(*spent[name], strict=True)]) for name in trials
    }


@dataclass(frozen=True, slots=True)
class Mean:
    """A mean over queries with its 95 % bootstrap interval."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        """``0.76 (0.62-0.86)``, or with fewer decimals for numbers above 10."""
        digits = 2 if self.high <= 1 else 1 if self.high < 100 else 0
        return f"{self.value:,.{digits}f} ({self.low:,.{digits}f}-{self.high:,.{digits}f})"


def mean(values: Sequence[float]) -> Mean:
    """The mean of one value a query, and where 95 % of resampled means lie.

    Example:
        >>> str(mean([1.0, 1.0]))
        '1.00 (1.00-1.00)'
    """
    low, high = bootstrap_interval(values, resamples=2000)
    return Mean(fmean(values), low, high)


@dataclass
class Spent:
    """Seconds and peak memory in bytes of a stretch of work; filled when it ends."""

    seconds: float = 0.0
    peak_bytes: int = 0


@contextmanager
def spending() -> Iterator[Spent]:
    """Measures the work in a ``with`` block; except on Linux its peak is the highest of the process so far."""
    spent = Spent()
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")  # forget the highest resident size so far
    started = perf_counter()
    yield spent
    spent.seconds = perf_counter() - started
    spent.peak_bytes = _peak()


def _peak() -> int:
    with suppress(OSError):
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    import resource

    highest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return highest if sys.platform == "darwin" else highest * 1024
