"""Whether a default encoder earns its place: the mean relative gain over BM25 and what must hold beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

LEAST, AIM, WORSE = 0.04, 0.08, 0.01
_RESAMPLES = 20_000

PerQuery = Mapping[str, float]


@dataclass(frozen=True)
class Verdict:
    """What the gate asks, answered.

    Args:
        gain, interval: Mean over sets of (ours / BM25 - 1), and its 95 % interval: queries drawn again within each set,
            the same for both systems.
        worst: The smallest difference ours - BM25 on any set, and which.
        over_zero_shot, over_interval: Mean relative gain minus that of the zero-shot model, paired.
        ceiling: Share of the ceiling's gain over BM25 that ours reaches, on average over sets.
    """

    sets: tuple[str, ...]
    gain: float
    interval: tuple[float, float]
    worst: tuple[str, float]
    over_zero_shot: float
    over_interval: tuple[float, float]
    ceiling: float

    @property
    def tests(self) -> dict[str, bool]:
        """Each demand, and whether it is met."""
        return {
            f"mean relative gain at least {LEAST:+.0%}": self.gain >= LEAST,
            "its paired 95 % interval above 0": self.interval[0] > 0,
            f"no set worse by more than {WORSE}": self.worst[1] >= -WORSE,
            "better than zero-shot SPLADE-tiny + IDF + BM25": self.over_zero_shot > 0,
        }

    @property
    def passed(self) -> bool:
        """All of them."""
        return all(self.tests.values())

    def to_dict(self) -> dict[str, Any]:
        """As JSON values."""
        return {**asdict(self), "tests": self.tests, "passed": self.passed, "aim_reached": self.gain >= AIM}


def judge(
    ours: Mapping[str, PerQuery],
    bm25: Mapping[str, PerQuery],
    zero_shot: Mapping[str, PerQuery],
    ceiling: Mapping[str, PerQuery],
    *,
    seed: int = 0,
) -> Verdict:
    """The verdict over sets.

    Args:
        ours, bm25, zero_shot, ceiling: Set to query to nDCG@10.
        seed: Of the resampling.
    """
    sets = tuple(ours)
    rng = np.random.default_rng(seed)
    drawn = []
    for name in sets:
        base, *others = (_aligned(one[name], bm25[name]) for one in (bm25, ours, zero_shot))
        counts = rng.multinomial(len(base), np.full(len(base), 1 / len(base)), size=_RESAMPLES)
        of_base = np.maximum(counts @ base, 1e-12)
        drawn.append([counts @ other / of_base - 1 for other in others])
    gains, zero = np.mean(drawn, axis=0)
    differences = {name: _mean(ours[name]) - _mean(bm25[name]) for name in sets}
    worst = min(differences, key=differences.__getitem__)
    gain, of_zero = (mean_relative_gain(one, bm25) for one in (ours, zero_shot))
    return Verdict(
        sets, gain, _interval(gains), (worst, differences[worst]), gain - of_zero, _interval(gains - zero),
        share_of_ceiling(ours, bm25, ceiling),
    )  # fmt: skip


def mean_relative_gain(system: Mapping[str, PerQuery], base: Mapping[str, PerQuery]) -> float:
    """Mean over the sets of ``system`` of (its mean / that of the base - 1)."""
    return float(np.mean([_mean(system[name]) / _mean(base[name]) - 1 for name in system]))


def share_of_ceiling(
    system: Mapping[str, PerQuery], base: Mapping[str, PerQuery], ceiling: Mapping[str, PerQuery]
) -> float:
    """Mean over the sets of (system - base) / (ceiling - base)."""
    shares = [(_mean(system[name]) - _mean(base[name])) / (_mean(ceiling[name]) - _mean(base[name])) for name in system]
    return float(np.mean(shares))


def _aligned(values: PerQuery, like: PerQuery) -> NDArray[np.float64]:
    return np.array([values[query] for query in like])


def _mean(values: PerQuery) -> float:
    return float(np.mean(list(values.values())))


def _interval(values: Sequence[float] | NDArray[np.float64]) -> tuple[float, float]:
    low, high = np.percentile(values, [2.5, 97.5])
    return float(low), float(high)
