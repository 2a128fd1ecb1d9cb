"""One search as the command line and the page report it: the same fields from both."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gossamer.retrieval.index import Hit, Index


MOST_COUNTED = 10_000


@dataclass(frozen=True)
class Answer:
    """What a search found.

    Args:
        query: As it was searched.
        hits: Best first.
        total: How many documents match; at ``MOST_COUNTED`` the counting stops.
        took_us: Microseconds from the text of the query to the hits.
    """

    query: str
    hits: list[Hit]
    total: int
    took_us: int

    def to_dict(self) -> dict[str, Any]:
        """The JSON document of ``gossamer search --json`` and of ``/search.json``."""
        return {
            "query": self.query,
            "hits": [hit.to_dict() for hit in self.hits],
            "total": self.total if self.total < MOST_COUNTED else {"value": MOST_COUNTED, "relation": "gte"},
            "took_us": self.took_us,
            "did_you_mean": None,
        }


def answer(index: Index, query: str, k: int, *, explain: bool = False) -> Answer:
    """Search ``index`` for the ``k`` best documents and time it.

    Raises:
        UsageError: The query is longer than an index takes.
    """
    started = time.perf_counter_ns()
    hits = index.search(query, k, explain=explain)
    took = (time.perf_counter_ns() - started) // 1000
    total = len(hits) if len(hits) < k else len(index.rank([query], MOST_COUNTED)[0])
    return Answer(query, hits, total, took)
