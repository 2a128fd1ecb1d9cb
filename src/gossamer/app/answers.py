"""One search as the command line and the page report it: the same fields from both."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gossamer.retrieval.index import Hit, Index
    from gossamer.retrieval.index.fields import Scalar


MOST_COUNTED = 10_000


@dataclass(frozen=True)
class Answer:
    """What a search found.

    Args:
        query: As it was searched.
        hits: Best first.
        total: How many documents match; at ``MOST_COUNTED`` the counting stops.
        took_us: Microseconds from the text of the query to the hits.
        facets: For each field asked for, values with how many matching documents have them.
    """

    query: str
    hits: list[Hit]
    total: int
    took_us: int
    facets: Mapping[str, list[tuple[Scalar, int]]]

    def to_dict(self) -> dict[str, Any]:
        """The JSON document of ``gossamer search --json`` and of ``/search.json``."""
        return {
            "query": self.query,
            "hits": [hit.to_dict() for hit in self.hits],
            "total": self.total if self.total < MOST_COUNTED else {"value": MOST_COUNTED, "relation": "gte"},
            "took_us": self.took_us,
            "did_you_mean": None,
            **(
                {"facets": {name: [list(one) for one in found] for name, found in self.facets.items()}}
                if self.facets
                else {}
            ),
        }


def answer(
    index: Index,
    query: str,
    k: int,
    *,
    where: str | None = None,
    sort: str | None = None,
    facets: Sequence[str] = (),
    explain: bool = False,
) -> Answer:
    """Search ``index`` for the ``k`` best documents and time it.

    Raises:
        UsageError: The query is longer than an index takes, or a filter or field is wrong.
    """
    started = time.perf_counter_ns()
    hits = index.search(query, k, where=where, sort=sort, explain=explain)
    took = (time.perf_counter_ns() - started) // 1000
    total = len(hits) if len(hits) < k else len(index.rank([query], MOST_COUNTED, where=where, operators=True)[0])
    counted = index.facets(query, facets, where=where) if facets else {}
    return Answer(query, hits, total, took, counted)
