"""A frontier: measured points of several methods, which of them nothing beats, and what a method gains at equal cost.

A point p beats q when p costs no more, is no worse, and differs in one of the two.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import fmean
from typing import Any, Literal, TypeAlias

from gossamer.errors import UsageError
from gossamer.frontier.costs import Cost
from gossamer.intervals import t_interval

Interval: TypeAlias = tuple[float, float]
Verdict: TypeAlias = Literal["better", "worse", "equal", "undecided", "unmatched"]

_FORMAT = "gossamer-frontier"
_VERSION = 1


@dataclass(frozen=True, slots=True)
class Point:
    """One measurement of one method.

    Args:
        name: The method; points of the same name form a curve.
        quality: Higher is better; the mean over seeds.
        cost: In the frontier's unit; the mean over seeds.
        interval: Of the quality, where known.
        cost_interval: Of the cost, where known.
        interval_kind: ``"t"`` (Student's t over seeds), ``"given"`` or ``""``.
        n: How many seeds the means are over.
        naive: A random or trivial baseline, which every method has to beat.
        label: Short text drawn beside the point, for example ``"density 0.05"``.
        facts: Anything else worth keeping, as JSON values: versions, settings, machine.
    """

    name: str
    quality: float
    cost: float
    interval: Interval | None = None
    cost_interval: Interval | None = None
    interval_kind: Literal["t", "given", ""] = ""
    n: int = 1
    naive: bool = False
    label: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)

    def beats(self, other: Point) -> bool:
        """No dearer, no worse, and not equal in both."""
        no_worse = self.cost <= other.cost and self.quality >= other.quality
        return no_worse and (self.cost, self.quality) != (other.cost, other.quality)


@dataclass(frozen=True, slots=True)
class EqualCost:
    """A point beside the best that a baseline does for the same cost or less.

    Args:
        point: The method's point.
        baseline: The baseline's best affordable point; None when it has none so cheap.
        gain: Quality of the point minus that of the baseline.
        cost_ratio: How many times the point's cost the baseline needs for at least the point's quality; None when it
            never reaches it (or the point costs nothing).
        verdict: ``better`` or ``worse`` when the intervals do not overlap (without intervals: by the means),
            ``undecided`` when they do, ``unmatched`` without a baseline.
    """

    point: Point
    baseline: Point | None
    gain: float | None
    cost_ratio: float | None
    verdict: Verdict


class Frontier:
    """Points of cost and quality.

    Args:
        quality: What is measured, higher is better: ``"ndcg@10"``.
        cost: A name that ends in its unit: ``"latency_us"``, ``"index_bytes"``; see ``costs.UNITS``.
        title: Shown above plots.

    Raises:
        UsageError: The cost has no unit.

    Example:
        >>> frontier = Frontier(quality="ndcg@10", cost="latency_us")
        >>> _ = frontier.add("random", 0.01, 2, naive=True)
        >>> _ = frontier.add("bm25", 0.37, 90)
        >>> _ = frontier.add("scan", 0.37, 4000)
        >>> [point.name for point in frontier.pareto()]
        ['random', 'bm25']
        >>> frontier.at_cost(100).name
        'bm25'
    """

    def __init__(self, quality: str = "ndcg@10", cost: str = "latency_us", *, title: str = "") -> None:
        self.quality, self.title = quality, title
        self.cost = Cost.parse(cost)
        self.points: list[Point] = []

    def __len__(self) -> int:
        return len(self.points)

    def __iter__(self) -> Iterator[Point]:
        return iter(self.points)

    def add(
        self,
        name: str,
        quality: float | Sequence[float],
        cost: float | Sequence[float],
        *,
        seeds: Sequence[int] | None = None,
        interval: Interval | None = None,
        confidence: float = 0.95,
        naive: bool = False,
        label: str = "",
        **facts: Any,
    ) -> Point:
        """Add a measurement.

        Args:
            name: The method.
            quality: One number, or one for each seed: then the point is their mean, and its interval is Student's t.
            cost: Likewise, in the unit of the frontier; not negative.
            seeds: The seeds of the several values, kept as a fact.
            interval: Low and high end of the quality, where it was found otherwise (a bootstrap over queries).
            confidence: Of the interval over seeds.
            naive: This is a random or trivial baseline; drawn hollow.
            label: Short text drawn beside the point.
            facts: Any JSON values to keep with the point.

        Raises:
            UsageError: Numbers that are not finite, a negative cost, or an interval that does not hold the quality.
        """
        qualities, costs = _numbers(quality, "quality", name), _numbers(cost, "cost", name)
        if min(costs) < 0:
            raise UsageError(f"{name}: the cost {min(costs)} is negative")
        if seeds is not None:
            if len(seeds) != len(qualities):
                raise UsageError(
                    f"{name}: {len(seeds)} seeds for {len(qualities)} values of quality; give one for each"
                )
            facts = {"seeds": list(seeds), **facts}
        mean = fmean(qualities)
        if interval is not None and not interval[0] <= mean <= interval[1]:
            raise UsageError(f"{name}: the interval {list(interval)} does not hold the quality {mean}")
        over_seeds = t_interval(qualities, confidence) if len(qualities) > 1 else None
        try:
            json.dumps(facts, allow_nan=False)
        except (TypeError, ValueError) as error:
            raise UsageError(f"{name}: facts must be JSON values: {error}") from None
        point = Point(
            name=name,
            quality=mean,
            cost=fmean(costs),
            interval=(float(interval[0]), float(interval[1])) if interval else over_seeds,
            cost_interval=t_interval(costs, confidence) if len(costs) > 1 else None,
            interval_kind="given" if interval else "t" if over_seeds else "",
            n=len(qualities),
            naive=naive,
            label=label,
            facts=facts,
        )
        self.points.append(point)
        return point

    def pareto(self) -> list[Point]:
        """The points that no other point beats, cheapest first; points equal in both stay together."""
        best = [point for point in self.points if not any(other.beats(point) for other in self.points)]
        return sorted(best, key=lambda point: (point.cost, point.quality))

    def dominated(self) -> list[Point]:
        """The points that some other point beats, in the order they were added."""
        return [point for point in self.points if any(other.beats(point) for other in self.points)]

    def at_cost(self, cost: float) -> Point | None:
        """The best point for ``cost`` or less (of equally good ones the cheapest), or None when none is so cheap."""
        return _best([point for point in self.points if point.cost <= cost])

    def equal_cost(self, name: str, baseline: str | None = None) -> list[EqualCost]:
        """Compare each point of a method with what a baseline does for the same cost or less.

        Args:
            name: The method.
            baseline: Another method; by default all naive points together.

        Returns:
            One comparison for each point of the method, cheapest first.

        Raises:
            UsageError: The frontier does not hold the method or the baseline.

        Example:
            >>> frontier = Frontier("accuracy", "time_ms")
            >>> for ms, random, rigl in [(1, 0.61, 0.70), (4, 0.70, 0.74)]:
            ...     _ = frontier.add("random mask", random, ms, naive=True), frontier.add("rigl", rigl, ms)
            >>> [(round(c.gain, 2), c.cost_ratio) for c in frontier.equal_cost("rigl")]
            [(0.09, 4.0), (0.04, None)]
        """
        points = sorted((point for point in self.points if point.name == name), key=lambda point: point.cost)
        others = [p for p in self.points if (p.naive if baseline is None else p.name == baseline)]
        if not points or not others:
            missing = (
                "a naive point (naive=True)" if points and baseline is None else repr(baseline if points else name)
            )
            known = ", ".join(dict.fromkeys(point.name for point in self.points)) or "nothing"
            raise UsageError(f"the frontier does not hold {missing}; it holds {known}")
        return [_compared(point, others) for point in points]

    def to_json(self) -> str:
        """Everything as JSON text with a format version."""
        return json.dumps(
            {
                "format": _FORMAT,
                "version": _VERSION,
                "quality": self.quality,
                "cost": self.cost.name,
                "title": self.title,
                "points": [asdict(point) for point in self.points],
            },
            ensure_ascii=False,
            indent=1,
        )

    @classmethod
    def from_json(cls, text: str) -> Frontier:
        """The frontier that ``to_json`` wrote.

        Raises:
            UsageError: The text is something else, or was written by a newer version.
        """
        try:
            record = json.loads(text)
            if record["format"] != _FORMAT:
                raise KeyError("format")
            version = int(record["version"])
        except (ValueError, KeyError, TypeError) as error:
            raise UsageError(f"this is not the JSON of a frontier: {error}") from None
        if version > _VERSION:
            raise UsageError(
                f"the frontier has format version {version}; this gossamer reads up to {_VERSION}: upgrade it"
            )
        frontier = cls(record["quality"], record["cost"], title=record["title"])
        for point in record["points"]:
            ends = {key: tuple(point[key]) if point[key] else None for key in ("interval", "cost_interval")}
            frontier.points.append(Point(**{**point, **ends}))
        return frontier

    def plot(self, path: str | Path) -> None:
        """Draw to ``path``, SVG or PNG by its extension (extra ``plot``); see ``drawing.plot_panels``."""
        from gossamer.frontier.drawing import plot_panels

        plot_panels([self], path)

    def alt_text(self) -> str:
        """The plot in words, for those who cannot see it."""
        from gossamer.frontier.terminal import alt_text

        return alt_text(self)

    def text(self, width: int = 72, height: int = 16, *, ascii_only: bool = False) -> str:
        """The plot in characters, for a terminal; see ``terminal.text_plot``."""
        from gossamer.frontier.terminal import text_plot

        return text_plot(self, width, height, ascii_only=ascii_only)


def _numbers(values: float | Sequence[float], what: str, name: str) -> list[float]:
    numbers = [float(x) for x in (values if isinstance(values, Sequence) else [values])]
    if not numbers or not all(map(math.isfinite, numbers)):
        raise UsageError(f"{name}: the {what} must be a finite number, or one for each seed; got {values!r}")
    return numbers


def _best(points: Sequence[Point]) -> Point | None:
    return min(points, key=lambda point: (-point.quality, point.cost), default=None)


def _compared(point: Point, others: Sequence[Point]) -> EqualCost:
    baseline = _best([other for other in others if other.cost <= point.cost])
    reached = min((other.cost for other in others if other.quality >= point.quality), default=None)
    return EqualCost(
        point=point,
        baseline=baseline,
        gain=None if baseline is None else point.quality - baseline.quality,
        cost_ratio=reached / point.cost if reached is not None and point.cost else None,
        verdict="unmatched" if baseline is None else _verdict(point, baseline),
    )


def _verdict(point: Point, baseline: Point) -> Verdict:
    low, high = point.interval or (point.quality, point.quality)
    base_low, base_high = baseline.interval or (baseline.quality, baseline.quality)
    if low > base_high:
        return "better"
    if high < base_low:
        return "worse"
    return "undecided" if point.interval or baseline.interval else "equal"
