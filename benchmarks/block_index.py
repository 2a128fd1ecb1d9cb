"""What BlockIndex promises of itself: exact answers on hard sets, cores and batches that pay, filters that cost little.

Brute force scores every row of the same index; a product in float64 that shares nothing with it checks some queries.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks import measure, report, sparse_data
from benchmarks.sparse_data import rows
from gossamer.retrieval import BlockIndex, SparseVectors

K = 10
_TIMED = 1_000  # queries
_BATCH = 64
_BY_HAND = 100  # queries
_CHUNK = 500  # queries compared at a time
_SHARES = (0.01, 0.1)  # of rows that pass a filter
_ALIKE = 5_000  # rows of the adversarial set within one step of 8 bits of each other


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--documents", type=int, default=100_000)
    parser.add_argument("--queries", type=int, default=10_000, help="compared with brute force")
    parser.add_argument("--passes", type=int, default=5)
    parser.add_argument("--values", default="f16", help="f32, f16 or u8")
    arguments = parser.parse_args()
    measure.pin()
    setting = measure.setting(["numpy"], seed=0, k=K, **vars(arguments))
    vectors = sparse_data.synthetic(arguments.documents, arguments.queries // 2)
    index = BlockIndex.build(vectors.documents, values=arguments.values, threads=1)
    timed = rows(vectors.queries, 0, min(_TIMED, len(vectors.queries)))
    print(f"## BlockIndex, {arguments.documents:,} synthetic documents, values {arguments.values}, k = {K}\n")
    found: dict[str, Any] = {"exact": [], "filters": [], "throughput": []}
    hard = _adversarial(arguments.values)
    for name, one, asked in (("brute force", index, (vectors.queries, vectors.calibration)), ("brute force", *hard)):
        wrong, checked = _differences(one, asked)
        found["exact"].append({"rows": len(one), "against": name, "queries": checked, "differ": wrong})
    if arguments.values != "u8":
        wrong = _differences_by_hand(index, vectors.documents, timed, arguments.values)
        found["exact"].append({"rows": len(index), "against": "float64", "queries": _BY_HAND, "differ": wrong})
    report.table(["rows", "exact against", "queries", "answers that differ"], map(dict.values, found["exact"]))
    found["filters"] = _filters(index, vectors.documents, timed, arguments.passes)
    found["throughput"] = [_batches(index, timed, arguments.passes), *_cores(index, timed)]
    report.table(["throughput", "median ratio", "least", "most"], map(dict.values, found["throughput"]))
    report.save("block_index", setting, found)


def _differences(
    index: BlockIndex, asked: tuple[SparseVectors, ...], where: NDArray[np.bool_] | None = None
) -> tuple[int, int]:
    """How many answers of the exact search are not those of brute force, ids and scores; of how many queries."""
    wrong = checked = 0
    for queries in asked:
        for start in range(0, len(queries), _CHUNK):
            some = rows(queries, start, min(start + _CHUNK, len(queries)))
            ids, scores = index.search(some, K, where=where)
            true_ids, true_scores = index.search(some, K, where=where, exhaustive=True)
            wrong += int(((ids != true_ids) | (scores != true_scores)).any(axis=1).sum())
            checked += len(some)
    return wrong, checked


def _differences_by_hand(index: BlockIndex, documents: SparseVectors, queries: SparseVectors, values: str) -> int:
    """How many answers are not those of a product that adds in ascending columns, rounded to float32 at the end."""
    matrix = documents.to_scipy().astype(np.float64)
    matrix.data = documents.values.astype({"f32": np.float32, "f16": np.float16}[values]).astype(np.float64)
    wrong = 0
    for row in range(_BY_HAND):
        true = (matrix @ queries[row].to_scipy().toarray()[0].astype(np.float64)).astype(np.float32)
        best = np.lexsort((np.arange(len(true)), -true))[:K]
        ids, scores = index.search(queries[row], K)
        wrong += not (np.array_equal(ids[0], best) and np.array_equal(scores[0], true[best]))
    return wrong


def _adversarial(values: Any) -> tuple[BlockIndex, tuple[SparseVectors, ...]]:
    """Thousands of rows alike but for the last bits of their weights, among others; each query meets all of them."""
    rng = np.random.default_rng(0)
    around = sparse_data.synthetic(20_000, 100)
    one = around.documents[int(np.diff(around.documents.indptr).argmax())]
    alike = np.tile(one.values, (_ALIKE, 1)) * rng.uniform(1 - 1 / 512, 1 + 1 / 512, (_ALIKE, one.nnz))
    documents = SparseVectors(
        np.concatenate([around.documents.indptr, around.documents.nnz + np.arange(1, _ALIKE + 1) * one.nnz]),
        np.concatenate([around.documents.indices, np.tile(one.indices, _ALIKE)]),
        np.concatenate([around.documents.values, alike.ravel()]), one.dim,
    )  # fmt: skip
    weights = one.values * rng.lognormal(0, 0.5, (200, one.nnz)) * (rng.random((200, one.nnz)) < 0.3)
    queries = SparseVectors(np.arange(201) * one.nnz, np.tile(one.indices, 200), weights.ravel(), one.dim)
    return BlockIndex.build(documents, values=values, threads=1), (queries,)


def _filters(index: BlockIndex, documents: SparseVectors, queries: SparseVectors, passes: int) -> list[dict[str, Any]]:
    """Time under filters beside no filter, and whether answers stay exact."""
    rng = np.random.default_rng(0)
    each = [queries[row] for row in range(len(queries))]
    # Of one topic: the rows that have most in common with some row.
    alike = documents.to_scipy() @ documents.to_scipy()[[int(rng.integers(len(documents)))]].toarray()[0]
    filters: dict[str, NDArray[np.bool_] | None] = {"none": None}
    for share in _SHARES:
        filters[f"random {share:.0%}"] = rng.random(len(documents)) < share
        filters[f"of one topic {share:.0%}"] = alike >= np.quantile(alike, 1 - share)
    times = measure.take_turns(
        {name: lambda i, w=where: index.search(each[i], K, where=w) for name, where in filters.items()},
        range(len(each)), passes,
    )  # fmt: skip
    found, lines = [], []
    for name, timing in times.items():
        wrong, _ = _differences(index, (rows(queries, 0, min(_CHUNK, len(queries))),), filters[name])
        middle, least, most = measure.ratio(timing.wall, times["none"].wall)
        found.append({"filter": name, "differ": wrong, "times_unfiltered": middle, **timing.to_dict()})
        spread = f"{middle:.2f} ({least:.2f}-{most:.2f})"
        lines.append([name, f"{timing.percentile(0.5):.0f}", f"{timing.percentile(0.99):.0f}", spread, wrong])
    report.table(["filter", "p50 µs", "p99 µs", "times unfiltered (least-most pass)", "answers that differ"], lines)
    return found


def _batches(index: BlockIndex, queries: SparseVectors, passes: int) -> dict[str, Any]:
    """A loop over 64 queries, beside one call with all of them, in processor time."""
    batch = rows(queries, 0, _BATCH)
    each = [queries[row] for row in range(_BATCH)]
    ratios = []
    for _ in range(4 * passes):
        loop = _spent(lambda: [index.search(one, K) for one in each], time.process_time)
        ratios.append(loop / _spent(lambda: index.search(batch, K), time.process_time))
    return _ratios(f"batch of {_BATCH} against a loop", ratios)


def _cores(index: BlockIndex, queries: SparseVectors, repeats: int = 5) -> list[dict[str, Any]]:
    """All queries on one core, beside all on two: by the clock, which other work on the machine delays, and by what two
    cores would do that never wait: twice the processor time of one, over that of two."""
    waited, worked = [], []
    with measure.on_cores(2):
        for _ in range(repeats):
            one, two = (_both(lambda n=threads: index.search(queries, K, threads=n)) for threads in (1, 2))
            waited.append(one[0] / two[0])
            worked.append(2 * one[1] / two[1])
    return [_ratios("two cores against one", waited), _ratios("the same in processor time", worked)]


def _both(call: Callable[[], Any]) -> tuple[float, float]:
    """Seconds by the clock, and of processor time in all threads."""
    begin, worked = time.perf_counter(), time.process_time()
    call()
    return time.perf_counter() - begin, time.process_time() - worked


def _ratios(name: str, ratios: list[float]) -> dict[str, Any]:
    return {"name": name, "ratio": f"{median(ratios):.2f}", "least": f"{min(ratios):.2f}", "most": f"{max(ratios):.2f}"}


def _spent(call: Callable[[], Any], clock: Callable[[], float]) -> float:
    begin = clock()
    call()
    return clock() - begin


if __name__ == "__main__":
    main()
