"""Which approximate search reaches which recall: chosen on one half of some queries, proven on the other."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from gossamer.errors import UsageError
from gossamer.intervals import t_quantile
from gossamer.retrieval.traversals.traversal import Traversal, classes
from gossamer.retrieval.vectors import SparseVectors

TARGETS = (0.8, 0.9, 0.95, 0.98, 0.99, 0.995)
DEPTHS = (1, 10, 100, 1000)
FEWEST_QUERIES = 1000
_CONFIDENCE = 0.95
_STEPS_UP = 6  # how often a setting that fails on the second half is exchanged for the next stronger one

Floats = NDArray[np.float64]
Search = Callable[[Traversal | None, SparseVectors, int], tuple[NDArray[np.int64], NDArray[np.float32]]]


class Made(NamedTuple):
    """Queries that were made from rows of their own, or -1: those count neither as found nor as missed."""

    queries: SparseVectors
    sources: Sequence[int] | NDArray[np.int64]


class Watched(Protocol):
    """Passes things on, and may show how many there were."""

    def __call__(self, things: Sequence[tuple[int, float]], /) -> Iterator[tuple[int, float]]: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class Original:
    """The vectors before they were rounded, and an exact search over them: what recall is measured against.

    Args:
        vectors: Shape (rows, dim).
        search: As the one that is calibrated.
    """

    vectors: SparseVectors
    search: Search

    def scores(self, queries: SparseVectors, ids: NDArray[np.int64]) -> NDArray[np.float32]:
        """The scores of some rows for each query; shape of ids, -inf for -1."""
        vectors, scores = self.vectors, np.full(ids.shape, -np.inf, np.float32)
        dense = np.zeros(max(vectors.dim, queries.dim), np.float64)
        for i, some in enumerate(ids):
            entries = slice(queries.indptr[i], queries.indptr[i + 1])
            dense[queries.indices[entries]] = queries.values[entries]
            there = some >= 0
            found = rows_of(vectors, some[there])
            sums = np.cumsum(np.concatenate([[0.0], dense[found.indices] * found.values]))
            scores[i, there] = np.diff(sums[found.indptr])
            dense[queries.indices[entries]] = 0
        return scores


@dataclass(frozen=True, slots=True)
class Setting:
    """An approximate search that reached a recall.

    Args:
        recall: The recall that was asked for.
        measured: Its mean over the second half of the queries.
        at_least: The one-sided lower 95 % bound of that mean; not below ``recall``.
        microseconds: Mean processor time a query, when it was measured.
        traversal: Name and options.
        others: Mean recall over queries of other kinds, by their name.
    """

    recall: float
    measured: float
    at_least: float
    microseconds: float
    traversal: dict[str, Any]
    others: dict[str, float] = field(default_factory=dict)

    def search(self) -> Traversal:
        """The search itself."""
        return classes()[self.traversal["name"]](**self.traversal["options"])


@dataclass(frozen=True, slots=True)
class Calibration:
    """What :func:`calibrate` found.

    Args:
        queries: How many there were.
        exact: Mean processor time of an exact search in microseconds, by k.
        settings: For each k, those that are faster than exact search, by rising recall.
    """

    queries: int
    exact: dict[int, float]
    settings: dict[int, list[Setting]]

    def at_recall(self, k: int, recall: float) -> Traversal | None:
        """The search for a recall at k results, proven at the next larger k; None where only exact search will do."""
        found = self.setting(k, recall)
        return found.search() if found is not None else None

    def setting(self, k: int, recall: float) -> Setting | None:
        """What is known of that search."""
        return next((one for one in self.settings.get(self._depth(k), []) if one.recall >= recall), None)

    def within(self, k: int, microseconds: float) -> Traversal | None:
        """The search of the highest recall that took at most so long; the fastest where none did; None for exact."""
        depth = self._depth(k)
        settings = self.settings.get(depth, [])
        if not settings or self.exact[depth] <= microseconds:
            return None
        fitting = [s for s in settings if s.microseconds <= microseconds]
        return (fitting[-1] if fitting else min(settings, key=lambda s: s.microseconds)).search()

    def _depth(self, k: int) -> int:
        return min((depth for depth in self.settings if depth >= k), default=0)

    def to_dict(self) -> dict[str, Any]:
        """As JSON values."""
        settings = {str(k): [asdict(one) for one in some] for k, some in self.settings.items()}
        return {"queries": self.queries, "exact": {str(k): us for k, us in self.exact.items()}, "settings": settings}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Calibration:
        """The inverse of :meth:`to_dict`, also after a way through JSON."""
        settings = {int(k): [Setting(**one) for one in some] for k, some in values["settings"].items()}
        return cls(values["queries"], {int(k): us for k, us in values["exact"].items()}, settings)


def calibrate(
    search: Search,
    families: Callable[[int], Sequence[Sequence[Traversal]]],
    queries: SparseVectors,
    *,
    rows: int,
    targets: Sequence[float] = TARGETS,
    depths: Sequence[int] = DEPTHS,
    sources: Sequence[int] | NDArray[np.int64] | None = None,
    original: Original | None = None,
    others: Mapping[str, SparseVectors | Made] | None = None,
    watched: Watched = iter,
) -> Calibration:
    """Choose for every recall and number of results the search that costs least.

    Recall is the mean over queries of the share of the exact k best that are returned; a row whose score equals the
    k-th counts. A setting is chosen on every other query; on the remaining ones the lower bound of its mean has to
    reach the target, or the next stronger setting has to.

    Args:
        search: ``(how, queries, k) -> ids, scores``; how=None is exact. Its processor time is taken.
        families: For a k, series of settings of rising effort.
        queries: At least 1,000.
        rows: How many there are to search.
        targets: Recalls above 0 and below 1.
        depths: For how many results; those of at least ``rows`` are left out.
        sources: The row that each query was made from, or -1: it counts neither as found nor as missed.
        original: What recall is measured against; None = what exact search finds.
        others: Queries of other kinds, on which each chosen setting is measured too.
        watched: Passes on the steps, to show how far it is.

    Raises:
        UsageError: Too few queries, or a target or source that makes no sense.
    """
    if len(queries) < FEWEST_QUERIES:
        raise UsageError(f"{len(queries)} queries are too few to prove a recall; give at least {FEWEST_QUERIES}")
    if not all(0 < target < 1 for target in targets):
        raise UsageError(f"recalls to tune for must be above 0 and below 1: {', '.join(map(str, targets))}")
    if not all(depth >= 1 for depth in depths):
        raise UsageError(f"depths must be at least 1: {', '.join(map(str, depths))}")
    if sources is not None and len(sources) != len(queries):
        raise UsageError(f"{len(sources)} sources for {len(queries)} queries; -1 stands for none")
    own = np.full(len(queries), -1) if sources is None else np.asarray(sources)
    exact: dict[int, float] = {}
    settings: dict[int, list[Setting]] = {}
    known: dict[int, tuple[_Sample, _Sample, dict[str, _Sample]]] = {}
    asked = [(k, target) for k in sorted(depth for depth in depths if depth < rows) for target in sorted(targets)]
    for k, target in watched(asked):
        if k not in known:
            first, second = (
                _Sample(search, rows_of(queries, half), own[half], k, original) for half in _halves(len(queries))
            )
            apart = {name: _Sample(search, *_made(some), k, original) for name, some in (others or {}).items()}
            known = {k: (first, second, apart)}
            exact[k], settings[k] = first.microseconds, []
        first, second, apart = known[k]
        found = _cheapest(families(k), first, target)
        chosen = _proven(found, second, target) if found is not None else None
        if chosen is not None and first.measure(chosen)[1] < first.microseconds:
            shares, _ = second.measure(chosen)
            settings[k].append(
                Setting(
                    target, float(shares.mean()), lower_bound(shares), first.measure(chosen)[1], chosen.facts(),
                    {name: float(sample.measure(chosen)[0].mean()) for name, sample in apart.items()},
                )
            )  # fmt: skip
    return Calibration(len(queries), exact, settings)


def lower_bound(shares: Floats) -> float:
    """The one-sided lower 95 % bound of the mean of values in [0, 1], by Student's t.

    One value more, 0, stands for what was not sampled: a thousand queries of which all found everything prove 0.997.

    Example:
        >>> round(lower_bound(np.ones(999)), 3)
        0.997
    """
    with_one = np.append(shares, 0.0)
    n = len(with_one)
    error = float(with_one.std(ddof=1)) / math.sqrt(n)
    return float(with_one.mean()) - t_quantile(_CONFIDENCE, n - 1) * error


class _Sample:
    """Some queries with their exact answers; measures settings, each once."""

    def __init__(
        self, search: Search, queries: SparseVectors, sources: NDArray[Any], k: int, original: Original | None
    ) -> None:
        self._search, self._queries, self._sources, self._k, self._original = search, queries, sources, k, original
        self._asked = k + 1 if (sources >= 0).any() else k
        self._known: dict[Traversal, tuple[Floats, float]] = {}
        _, scores, self.microseconds = self._run(None)
        if original is not None:
            scores = self._without_sources(*original.search(None, queries, self._asked))
        self._found = np.isfinite(scores).sum(axis=1)
        self._last = np.where(np.isfinite(scores), scores, np.inf).min(axis=1, initial=np.inf)

    def measure(self, how: Traversal) -> tuple[Floats, float]:
        """The share found for each query, and mean processor time in microseconds."""
        if how not in self._known:
            ids, scores, microseconds = self._run(how)
            if self._original is not None:
                scores = self._original.scores(self._queries, ids)
            right = np.minimum((scores >= self._last[:, None]).sum(axis=1), self._found)
            self._known[how] = np.where(self._found > 0, right / np.maximum(self._found, 1), 1.0), microseconds
        return self._known[how]

    def _run(self, how: Traversal | None) -> tuple[NDArray[np.int64], NDArray[np.float32], float]:
        begin = time.thread_time()
        ids, scores = self._search(how, self._queries, self._asked)
        microseconds = (time.thread_time() - begin) / max(len(self._queries), 1) * 1e6
        scores = self._without_sources(ids, scores)
        return ids[:, : self._k], scores, microseconds

    def _without_sources(self, ids: NDArray[np.int64], scores: NDArray[np.float32]) -> NDArray[np.float32]:
        """Moves a query's own row to the end, in place, and leaves k."""
        own = (ids == self._sources[:, None]) & (ids >= 0)
        order = np.argsort(own, axis=1, kind="stable")
        ids[:] = np.take_along_axis(np.where(own, -1, ids), order, 1)
        return np.take_along_axis(np.where(own, -np.inf, scores).astype(np.float32), order, 1)[:, : self._k]


def _cheapest(families: Sequence[Sequence[Traversal]], sample: _Sample, target: float) -> Iterator[Traversal] | None:
    """The family, from its weakest setting on that reaches the target, in which that setting costs least."""
    best: tuple[float, Sequence[Traversal]] | None = None
    for family in families:
        low, high = 0, len(family)
        while low < high:
            middle = (low + high) // 2
            if lower_bound(sample.measure(family[middle])[0]) >= target:
                high = middle
            else:
                low = middle + 1
        if low < len(family):
            cost = sample.measure(family[low])[1]
            if best is None or cost < best[0]:
                best = cost, family[low : low + _STEPS_UP]
    return iter(best[1]) if best else None


def _proven(settings: Iterator[Traversal], sample: _Sample, target: float) -> Traversal | None:
    return next((one for one in settings if lower_bound(sample.measure(one)[0]) >= target), None)


def _made(queries: SparseVectors | Made) -> tuple[SparseVectors, NDArray[np.int64]]:
    if isinstance(queries, Made):
        return queries.queries, np.asarray(queries.sources, np.int64)
    return queries, np.full(len(queries), -1)


def _halves(n: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    return np.arange(0, n, 2), np.arange(1, n, 2)


def rows_of(vectors: SparseVectors, rows: NDArray[np.int64]) -> SparseVectors:
    """Some rows, in the order given."""
    lengths = np.diff(vectors.indptr)[rows]
    indptr = np.concatenate([[0], np.cumsum(lengths)])
    entries = np.arange(indptr[-1]) + np.repeat(vectors.indptr[rows] - indptr[:-1], lengths)
    return SparseVectors(indptr, vectors.indices[entries], vectors.values[entries], vectors.dim, vectors.vocabulary)
