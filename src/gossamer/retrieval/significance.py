"""Is the difference between two systems more than noise? Tests paired over queries, with the size of the difference.

Sources: Smucker, Allan & Carterette, "A Comparison of Statistical Significance Tests for Information Retrieval
Evaluation" (2007); Schuirmann, "A Comparison of the Two One-Sided Tests Procedure and the Power Approach" (1987).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import fmean, stdev
from typing import Any, Literal, TypeAlias, get_args

from gossamer.errors import UsageError
from gossamer.intervals import bootstrap_interval, check_confidence, t_quantile, t_tail
from gossamer.retrieval.evaluation import Evaluation

PerQuery: TypeAlias = Evaluation | Mapping[str, float]
Test: TypeAlias = Literal["randomisation", "t"]


@dataclass(frozen=True, slots=True)
class Comparison:
    """System ``a`` minus system ``b`` in one measure.

    Args:
        measure: As it was asked for.
        n: Number of queries.
        mean_a, mean_b: Means over the queries.
        delta: ``mean_a - mean_b``: positive when ``a`` is better.
        interval: BCa bootstrap interval of ``delta``.
        confidence: Of the interval.
        p: Two-sided; of the hypothesis that the systems do not differ.
        test: ``randomisation`` or ``t``.
        wins, losses, ties: Queries on which ``a`` is better, worse, equal.
    """

    measure: str
    n: int
    mean_a: float
    mean_b: float
    delta: float
    interval: tuple[float, float]
    confidence: float
    p: float
    test: Test
    wins: int
    losses: int
    ties: int

    def __str__(self) -> str:
        low, high = self.interval
        return (
            f"{self.measure}: Δ {self.delta:+.4f} [{low:+.4f}, {high:+.4f}], p = {self.p:.4g} ({self.test}), "
            f"{self.wins} wins, {self.losses} losses, {self.ties} ties of {self.n}"
        )

    def to_dict(self) -> dict[str, Any]:
        """This comparison as JSON values."""
        return {**asdict(self), "interval": list(self.interval)}


@dataclass(frozen=True, slots=True)
class Equivalence:
    """Whether two systems are the same within a stated margin.

    Args:
        delta: Mean of ``a`` minus mean of ``b``.
        interval: The interval at confidence 1 - 2 alpha; inside (-margin, margin) exactly when ``equivalent``.
        margin: The largest difference that does not matter.
        p_worse: Of the hypothesis that ``a`` is worse than ``b`` by ``margin`` or more.
        p_better: Of the hypothesis that ``a`` is better than ``b`` by ``margin`` or more.
        alpha: The level of each one-sided test.
    """

    measure: str
    n: int
    delta: float
    interval: tuple[float, float]
    margin: float
    p_worse: float
    p_better: float
    alpha: float

    @property
    def no_worse(self) -> bool:
        """``a`` is not worse than ``b`` by as much as the margin (non-inferiority)."""
        return self.p_worse <= self.alpha

    @property
    def equivalent(self) -> bool:
        """Neither is better by as much as the margin."""
        return max(self.p_worse, self.p_better) <= self.alpha

    def to_dict(self) -> dict[str, Any]:
        """This result as JSON values, the two verdicts included."""
        return {
            **asdict(self), "interval": list(self.interval), "no_worse": self.no_worse, "equivalent": self.equivalent,
        }  # fmt: skip


def compare(
    a: PerQuery,
    b: PerQuery,
    measure: str,
    test: Test = "randomisation",
    *,
    confidence: float = 0.95,
    flips: int = 20_000,
    resamples: int = 10_000,
    seed: int = 0,
) -> Comparison:
    """Compare two systems on the same queries.

    Args:
        a, b: Evaluations of two runs with the same judgements, or ``{query: value}``.
        measure: Which of the measures they hold.
        test: ``randomisation`` flips the sign of each query's difference at random (no assumption about its
            distribution); ``t`` is Student's paired test.
        confidence: Of the bootstrap interval.
        flips, resamples: Random sign vectors, and bootstrap samples.
        seed: The same seed gives the same result.

    Raises:
        UsageError: The two do not hold the same queries, or fewer than two.

    Example:
        >>> a = {"q1": 0.9, "q2": 0.8, "q3": 0.5, "q4": 0.6}
        >>> b = {"q1": 0.5, "q2": 0.5, "q3": 0.5, "q4": 0.7}
        >>> c = compare(a, b, "ndcg@10", test="t")
        >>> round(c.delta, 3), c.wins, c.losses, c.ties
        (0.15, 2, 1, 1)
    """
    values_a, values_b = _paired(a, b, measure)
    differences = [x - y for x, y in zip(values_a, values_b, strict=True)]
    if test not in get_args(Test):
        raise UsageError(f"test is one of {', '.join(get_args(Test))}; got {test!r}")
    p = _t_test(differences) if test == "t" else randomisation_p(differences, flips=flips, seed=seed)
    return Comparison(
        measure=measure,
        n=len(differences),
        mean_a=fmean(values_a),
        mean_b=fmean(values_b),
        delta=fmean(differences),
        interval=bootstrap_interval(differences, confidence, resamples=resamples, seed=seed),
        confidence=confidence,
        p=p,
        test=test,
        wins=sum(d > 0 for d in differences),
        losses=sum(d < 0 for d in differences),
        ties=sum(d == 0 for d in differences),
    )


def randomisation_p(differences: Sequence[float], *, flips: int = 20_000, seed: int = 0) -> float:
    """The two-sided p of the paired randomisation test: (1 + #{|m*| >= |m|}) / (1 + flips).

    m is the mean difference, m* the mean after each difference took a random sign. The 1 counts the observed signs
    themselves, so that p is never 0.

    Args:
        differences: Shape (n,), one for each query.
        flips: Number of random sign vectors.
        seed: The same seed gives the same p.
    """
    import numpy as np

    d = np.asarray(differences, dtype=np.float64)
    rng = np.random.default_rng(seed)
    # Sums of the same numbers in another order differ in the last bits; those count as equal.
    threshold = abs(d.sum()) - 1e-12 * np.abs(d).sum()
    rows = max(1, min(flips, 2**20 // d.size))
    extreme = 0
    for done in range(0, flips, rows):
        signs = rng.integers(0, 2, size=(min(rows, flips - done), d.size), dtype=np.int8) * 2 - 1
        extreme += int(np.count_nonzero(np.abs(signs @ d) >= threshold))
    return (1 + extreme) / (1 + flips)


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjust the p-values of all comparisons in one table, so that the chance of any false claim stays bounded.

    Source: Holm, "A Simple Sequentially Rejective Multiple Test Procedure" (1979).

    Returns:
        Adjusted p-values in the order given, at most 1.

    Example:
        >>> holm([0.01, 0.04, 0.03])
        [0.03, 0.06, 0.06]
    """
    order = sorted(range(len(p_values)), key=p_values.__getitem__)
    adjusted, largest = [0.0] * len(p_values), 0.0
    for step, i in enumerate(order):
        largest = max(largest, min(1.0, (len(p_values) - step) * p_values[i]))
        adjusted[i] = largest
    return adjusted


def compared(systems: Mapping[str, Evaluation]) -> list[tuple[str, Comparison, float]]:
    """Every later system minus the first in every measure, with p after Holm's correction over all of them."""
    base, *_ = systems.values()
    _, *others = systems
    found = [(name, compare(systems[name], base, measure)) for name in others for measure in base.mean]
    adjusted = holm([one.p for _, one in found])
    return [(name, one, p) for (name, one), p in zip(found, adjusted, strict=True)]


def equivalence(a: PerQuery, b: PerQuery, measure: str, margin: float = 0.01, *, alpha: float = 0.05) -> Equivalence:
    """Test whether two systems are equal within ``margin``, by two one-sided paired t tests.

    A large p in ``compare`` does not show that systems are equal; this does. ``no_worse`` is the one-sided half:
    "``a`` is no worse than ``b`` by 0.01".

    Args:
        a, b: Evaluations of two runs with the same judgements, or ``{query: value}``.
        measure: Which of the measures they hold.
        margin: Positive, in the unit of the measure; state it before looking.
        alpha: The level of each one-sided test, below 0.5.

    Example:
        >>> a = {f"q{i}": 0.500 + i % 2 / 1000 for i in range(20)}
        >>> b = {f"q{i}": 0.501 for i in range(20)}
        >>> equivalence(a, b, "ndcg@10", margin=0.01).equivalent
        True
    """
    if margin <= 0:
        raise UsageError(f"the margin must be positive, got {margin}")
    check_confidence(1 - 2 * alpha)
    values_a, values_b = _paired(a, b, measure)
    differences = [x - y for x, y in zip(values_a, values_b, strict=True)]
    n, delta = len(differences), fmean(differences)
    error = stdev(differences) / math.sqrt(n)
    half = t_quantile(1 - alpha, n - 1) * error
    return Equivalence(
        measure=measure,
        n=n,
        delta=delta,
        interval=(delta - half, delta + half),
        margin=margin,
        p_worse=t_tail(_ratio(delta + margin, error), n - 1),
        p_better=t_tail(_ratio(margin - delta, error), n - 1),
        alpha=alpha,
    )


def _t_test(differences: Sequence[float]) -> float:
    n = len(differences)
    delta = fmean(differences)
    if delta == 0:
        return 1.0
    return 2 * t_tail(_ratio(abs(delta), stdev(differences) / math.sqrt(n)), n - 1)


def _ratio(difference: float, error: float) -> float:
    """difference / error, where no spread at all makes any difference infinitely clear."""
    return difference / error if error else math.copysign(math.inf, difference)


def _paired(a: PerQuery, b: PerQuery, measure: str) -> tuple[list[float], list[float]]:
    of_a, of_b = (x.values(measure) if isinstance(x, Evaluation) else x for x in (a, b))
    if of_a.keys() != of_b.keys():
        only = sorted(of_a.keys() ^ of_b.keys())[0]
        raise UsageError(
            f"the two systems were not measured on the same queries (query {only!r} is in one only); "
            "evaluate both with the same judgements"
        )
    if len(of_a) < 2:
        raise UsageError(f"a comparison needs at least two queries, got {len(of_a)}")
    return list(of_a.values()), [of_b[query] for query in of_a]
