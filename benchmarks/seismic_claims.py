"""The claims of Seismic's paper, counted: rows scored and entries read, not time, on synthetic learned sparse vectors.

1. Blocks of close rows beat blocks filled at random, and rows in order of value. 2. Recall grows with the lists read
and falls with the heap factor, up to 1 when nothing is pruned. 3. Whole maxima, rounded up, are safe; means are not.
4. At equal recall less is read than by term-at-a-time evaluation. Bruch, Nardini, Rulli & Venturini (2024).
"""

from __future__ import annotations

import argparse
import time
from dataclasses import replace
from typing import Any

import numpy as np

from benchmarks import measure, report
from benchmarks.sparse_data import Vectors, synthetic
from gossamer.frontier import Frontier
from gossamer.retrieval import BlockIndex
from gossamer.retrieval.traversals import Seismic, TermAtATime, Traversal
from gossamer.retrieval.traversals.seismic import Blocking

K = 10
CUTS, HEAPS = (1, 2, 3, 4, 5, 8, 12, 20), (1.0, 0.9, 0.8, 0.7)
BLOCKS: dict[str, Blocking] = {
    "close rows": "inverted-approx", "random rows": "random", "rows in order of value": "value-order",
}  # fmt: skip
TARGET = 0.95
SMALL = 10_000  # documents where nothing is pruned: whole summaries of every list are large


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--documents", type=int, default=100_000)
    parser.add_argument("--queries", type=int, default=300)
    arguments = parser.parse_args()
    measure.pin()
    setting = measure.setting(["numpy"], seed=0, documents=arguments.documents, queries=arguments.queries)
    large, small = (synthetic(n, arguments.queries) for n in (arguments.documents, SMALL))
    points, frontier = _curves(large)
    _first_and_fourth_claim(large, points)
    second = _second_claim(points["close rows"], small)
    third = _third_claim(small)
    report.save("seismic_claims", setting, {"points": points, "nothing pruned": second, "safe": third}, [frontier])


class Measured:
    """An index with what exact search finds."""

    def __init__(self, vectors: Vectors, traversal: Traversal) -> None:
        begin = time.process_time()
        self._index, self._queries = (
            BlockIndex.build(vectors.documents, traversal=traversal, threads=1),
            vectors.queries,
        )
        self.facts = {"build_s": time.process_time() - begin, "bytes": self._index.stats()["bytes"]}
        self._needed = self._index.search(self._queries, K, traversal="exact")[1][:, -1:]

    def __call__(self, traversal: Traversal) -> dict[str, float]:
        """Recall (ties allowed), and means for a query: rows scored, lists' and summaries' entries read."""
        _, scores = self._index.search(self._queries, K, traversal=traversal)
        cost = self._index.cost(self._queries, K, traversal=traversal)
        return {"recall": float((scores >= self._needed).mean()), "scored": cost.scored, "read": cost.postings}


def _curves(vectors: Vectors) -> tuple[dict[str, list[dict[str, Any]]], Frontier]:
    points: dict[str, list[dict[str, Any]]] = {}
    frontier = Frontier(quality="recall@10", cost="scored_documents", title=vectors.name)
    for name, blocking in BLOCKS.items():
        build = Seismic(n_postings=len(vectors.documents) // 500, max_fraction=6, blocking=blocking)
        measured = Measured(vectors, build)
        points[name] = []
        for cut in CUTS:
            for heap in HEAPS:
                one = measured(replace(build, query_cut=cut, heap_factor=heap))
                points[name].append({"query_cut": cut, "heap_factor": heap, **one, **measured.facts})
                frontier.add(
                    name, one["recall"], one["scored"], naive=blocking != "inverted-approx", label=f"{cut}, {heap}"
                )
    return points, frontier


def _cheapest(points: list[dict[str, Any]], cost: str) -> dict[str, Any]:
    """Of those that reach the target; all rows of an index that never does are out of its reach."""
    good = [point for point in points if point["recall"] >= TARGET]
    return min(good, key=lambda point: float(point[cost])) if good else {cost: float("nan"), "recall": float("nan")}


def _first_and_fourth_claim(vectors: Vectors, points: dict[str, list[dict[str, Any]]]) -> None:
    terms = vectors.documents.nnz / len(vectors.documents)
    every = Measured(vectors, TermAtATime())(TermAtATime())["read"]
    rows = []
    for name in BLOCKS:
        best = _cheapest(points[name], "scored")
        touched = [{**p, "touched": p["read"] + p["scored"] * terms} for p in points[name]]
        least = _cheapest(touched, "touched")
        rows.append([
            name, best.get("query_cut"), best.get("heap_factor"), f"{best['recall']:.3f}", f"{best['scored']:.0f}",
            f"{best['scored'] / _cheapest(points['random rows'], 'scored')['scored']:.2f}",
            f"{least['touched']:,.0f}", f"{least['touched'] / every:.2f}",
        ])  # fmt: skip
    print(f"## Cheapest setting with recall@10 of {TARGET}: {len(vectors.documents):,} documents\n")
    report.table(
        ["blocks of", "lists", "heap factor", "recall", "rows scored", "of random blocks'", "entries touched",
         f"of term at a time's {every:,.0f}"],
        rows,
    )  # fmt: skip


def _second_claim(points: list[dict[str, Any]], small: Vectors) -> float:
    recall = {(p["query_cut"], p["heap_factor"]): p["recall"] for p in points}
    print("## Recall by lists read and heap factor\n")
    report.table(["lists", *map(str, HEAPS)], [[cut, *(f"{recall[cut, heap]:.4f}" for heap in HEAPS)] for cut in CUTS])
    grid = np.array([[recall[cut, heap] for heap in HEAPS] for cut in CUTS])
    print(f"Largest step back: {-min(np.diff(grid, axis=0).min(), np.diff(grid, axis=1).min(), 0.0):.4f}")
    everything = Seismic(n_postings=None, query_cut=None, heap_factor=0)
    unpruned = Measured(small, everything)(everything)["recall"]
    print(f"Every block of every whole list, {len(small.documents):,} documents: {unpruned:.4f}\n")
    return unpruned


def _third_claim(small: Vectors) -> dict[str, dict[str, float]]:
    safe = Seismic.exact()
    found = {
        kind: Measured(small, one)(one) for kind, one in (("maxima", safe), ("means", replace(safe, summary="mean")))
    }
    print(f"## Whole summaries, codes rounded up, heap factor 1, all lists: {len(small.documents):,} documents\n")
    report.table(["summaries", "recall", "rows scored"],
                 [[kind, f"{one['recall']:.4f}", f"{one['scored']:.0f}"] for kind, one in found.items()])  # fmt: skip
    return found


if __name__ == "__main__":
    main()
