"""Fair timing on pinned cores: systems take turns pass by pass in one process, warmed; medians with their spread.

Wall time is what a user waits; processor time is what other work on a shared machine disturbs least. Both are kept.
"""

from __future__ import annotations

import gc
import os
import platform
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from statistics import fmean, median
from typing import Any

_ALLOWED = sorted(os.sched_getaffinity(0))
_POOLS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "RAYON_NUM_THREADS", "NUMBA_NUM_THREADS")


def pin(cores: int = 1) -> None:
    """Keep this process, and every thread it starts from now on, on the last ``cores`` processors it may use.

    Call it before numpy, numba or a peer is imported: their thread pools read the environment then.
    """
    os.sched_setaffinity(0, _ALLOWED[-cores:])
    allow_threads(cores)


def allow_threads(count: int) -> None:
    """Let every pool of threads that starts from now on have ``count``; the processes it starts inherit that."""
    for name in _POOLS:
        os.environ[name] = str(count)


@contextmanager
def on_cores(cores: int) -> Iterator[None]:
    """Threads that start inside run on ``cores`` processors."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, _ALLOWED[-cores:])
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def setting(packages: Iterable[str], **more: Any) -> dict[str, Any]:
    """What a reader needs to judge a table: versions, processor, pinned cores, load, seeds."""
    return {
        "cpu": _cpu_name(),
        "processors": len(_ALLOWED),
        "pinned_to": sorted(os.sched_getaffinity(0)),
        "load_average": round(os.getloadavg()[0], 1),
        "python": platform.python_version(),
        "versions": {name: version(name) for name in ("gossamer", *packages)},
        **more,
    }


@dataclass(frozen=True)
class Timing:
    """Microseconds a call of one system, over several passes.

    Args:
        calls: Each call's wall time, one figure for all passes; shape (calls,).
        wall, cpu: Mean wall and mean processor time a call, one for each pass.
    """

    calls: Sequence[float]
    wall: Sequence[float]
    cpu: Sequence[float]

    @property
    def mean(self) -> float:
        return fmean(self.calls)

    def percentile(self, share: float) -> float:
        """Wall microseconds that ``share`` of the calls stay below."""
        return sorted(self.calls)[min(len(self.calls) - 1, int(share * len(self.calls)))]

    def to_dict(self) -> dict[str, Any]:
        return {
            "p50_us": self.percentile(0.5), "p95_us": self.percentile(0.95), "mean_us": self.mean,
            "cpu_us": median(self.cpu), "wall_us_passes": list(self.wall), "cpu_us_passes": list(self.cpu),
        }  # fmt: skip


def take_turns(
    systems: Mapping[str, Callable[[Any], Any]],
    inputs: Sequence[Any],
    passes: int,
    of_passes: Callable[[Sequence[float]], float] = median,
) -> dict[str, Timing]:
    """Time every system on every input, one call at a time: a pass of each system, then the next pass of each.

    One pass before is not counted. Who begins changes from pass to pass. The garbage collector stays on but passes
    over what exists already: its walks would charge one engine for the objects of another. A call's time is
    ``of_passes`` of its times: ``min`` where the machine is shared with other work.
    """
    gc.collect()
    gc.freeze()
    names = list(systems)
    walls: dict[str, list[list[float]]] = {name: [] for name in names}
    cpus: dict[str, list[float]] = {name: [] for name in names}
    for number in range(passes + 1):
        first = number % len(names)
        for name in names[first:] + names[:first]:
            wall, cpu = _one_pass(systems[name], inputs)
            if number > 0:
                walls[name].append(wall)
                cpus[name].append(cpu)
    gc.unfreeze()
    return {
        name: Timing(
            [of_passes(call) for call in zip(*walls[name], strict=True)], [fmean(w) for w in walls[name]], cpus[name]
        )
        for name in names
    }


def ratio(slower: Sequence[float], faster: Sequence[float]) -> tuple[float, float, float]:
    """How many times as long, pass against pass: median, least, most."""
    ratios = [a / b for a, b in zip(slower, faster, strict=True)]
    return median(ratios), min(ratios), max(ratios)


def _one_pass(call: Callable[[Any], Any], inputs: Sequence[Any]) -> tuple[list[float], float]:
    wall = []
    begin = time.process_time()
    for item in inputs:
        start = time.perf_counter_ns()
        call(item)
        wall.append((time.perf_counter_ns() - start) / 1e3)
    return wall, (time.process_time() - begin) * 1e6 / len(inputs)


def _cpu_name() -> str:
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())
