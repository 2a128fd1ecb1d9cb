"""One search as the command line and the page report it: the same fields from both."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gossamer.retrieval.index import Approximation, Correction, Hit, Index, Plan, Synonyms
    from gossamer.retrieval.index.fields import Scalar


@dataclass(frozen=True)
class Dropped:
    """How many documents there would be without one condition of a filter, or, where that helps nothing, without any.

    Args:
        condition: What is left out.
        where: The rest of the filter; empty for none.
        total: How many documents match then.
    """

    condition: str
    where: str
    total: int


@dataclass(frozen=True)
class Answer:
    """What a search found.

    Args:
        query: As it was searched.
        hits: Best first.
        total: How many documents match; where search is approximate, how many were found: there may be more.
        took_us: Microseconds from the text of the query to the hits.
        facets: For each field asked for, values with how many matching documents have them.
        plan: How the query was understood and run, where that was asked for.
        without: Where nothing was found, conditions that would have to go.
        context: How many sentences before and after each passage are reported.
        corrections: What was searched beside words that may be mistyped.
        did_you_mean: The query put right, where words that look mistyped were left as they are.
        recall: How a recall was served, where one was asked for.
    """

    query: str
    hits: list[Hit]
    total: int
    took_us: int
    facets: Mapping[str, list[tuple[Scalar, int]]]
    plan: Plan | None = None
    without: Sequence[Dropped] = ()
    context: int = 0
    corrections: Sequence[Correction] = ()
    did_you_mean: str | None = None
    recall: Approximation | None = None

    @property
    def approximate(self) -> bool:
        """Whether some of the best documents may be missing."""
        return self.recall is not None and self.recall.traversal is not None

    def to_dict(self) -> dict[str, Any]:
        """The JSON document of ``gossamer search --json`` and of ``/search.json``."""
        said: dict[str, Any] = {
            "query": self.query,
            "hits": [hit.to_dict() | self._context_of(hit) for hit in self.hits],
            "total": {"value": self.total, "relation": "gte"} if self.approximate else self.total,
            "took_us": self.took_us,
            "did_you_mean": self.did_you_mean,
        }
        if self.recall is not None:
            said["recall"] = self.recall.to_dict()
        if self.corrections:
            said["corrections"] = [one.to_dict() for one in self.corrections]
        if self.facets:
            said["facets"] = {name: [list(one) for one in found] for name, found in self.facets.items()}
        if self.plan is not None:
            said["plan"] = self.plan.to_dict()
        if self.without:
            said["without"] = [vars(one) for one in self.without]
        return said

    def _context_of(self, hit: Hit) -> dict[str, Any]:
        if not self.context:
            return {}
        around = hit.context(self.context, self.context)
        return {"context": {"start": around.start, "end": around.end, "text": around.text}}


def answer(
    index: Index,
    query: str,
    k: int,
    *,
    where: str | None = None,
    sort: str | None = None,
    like: Sequence[str] = (),
    facets: Sequence[str] = (),
    explain: bool = False,
    context: int = 0,
    typos: int | None = None,
    synonyms: Synonyms | None = None,
    recall: float | None = None,
    weights: Mapping[str, float] | None = None,
) -> Answer:
    """Search ``index`` for the ``k`` best documents and time it.

    Raises:
        UsageError: The query is longer than an index takes, or a filter, field, id or recall is wrong.
    """
    options: dict[str, Any] = {"like": like, "typos": typos, "synonyms": synonyms, "weights": weights}
    how = index.approximation(recall, k, where=where, sort=sort, like=like) if recall is not None else None
    served = recall if how is not None and how.traversal is not None else None
    started = time.perf_counter_ns()
    hits = index.search(query, k, where=where, sort=sort, explain=explain, recall=served, **options)
    took = (time.perf_counter_ns() - started) // 1000
    return Answer(
        query,
        hits,
        total=len(hits) if len(hits) < k or served is not None else index.count(query, where=where, **options),
        took_us=took,
        facets=index.facets(query, facets, where=where, **options) if facets else {},
        plan=index.plan(query, k, where=where, sort=sort, recall=recall, **options) if explain else None,
        without=_without(index, query, where, options) if where is not None and not hits else (),
        context=context,
        corrections=index.corrections(query, typos=typos, synonyms=synonyms),
        did_you_mean=index.did_you_mean(query, typos=typos, synonyms=synonyms),
        recall=how,
    )


def _without(index: Index, query: str, where: str, options: dict[str, Any]) -> list[Dropped]:
    from gossamer.retrieval.index.where import parse
    from gossamer.retrieval.index.writing import conjunction, conjuncts, written

    parts = conjuncts(parse(where))
    rests = [(written(part), conjunction([*parts[:i], *parts[i + 1 :]])) for i, part in enumerate(parts)]
    for tried in (rests, [(conjunction(parts), "")]):
        dropped = [Dropped(gone, rest, index.count(query, where=rest or None, **options)) for gone, rest in tried]
        if any(one.total for one in dropped):
            return [one for one in dropped if one.total]
    return []
