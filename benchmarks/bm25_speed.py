"""Time of a BM25 query: text in, ids of the 10 best out, on 100,000 passages and more, one core.

Passages are recombined from real text (see corpora.recombined), queries are all 1,517 real ones of the four sets. Our
results are compared with our own brute force over every posting.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks import measure, report
from benchmarks.corpora import real_queries, recombined
from benchmarks.peers import Bm25s, Gossamer, Tantivy
from gossamer.frontier import Frontier

OURS = "gossamer"
NUMBA, NUMPY = "bm25s (numba)", "bm25s (numpy)"
STEMMED, STOPPED = "tantivy en_stem", "tantivy stop words + stem"
SLOW_QUERIES = 150  # of bm25s's numpy backend, spread over the list


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--passages", type=int, nargs="+", default=[100_000], help="e.g. 100000 300000 1000000")
    parser.add_argument("--passes", type=int, default=5)
    arguments = parser.parse_args()
    measure.pin()
    setting = measure.setting(["bm25s", "tantivy", "PyStemmer", "numba", "numpy"], seed=0, passes=arguments.passes)
    rows, frontiers = [], []
    for n in arguments.passages:
        with tempfile.TemporaryDirectory() as work:
            measured, frontier = _measure(n, arguments.passes, Path(work))
        rows.append(measured)
        frontiers.append(frontier)
    report.save("bm25_speed", setting, rows, frontiers)


def _measure(n: int, passes: int, work: Path) -> tuple[dict[str, Any], Frontier]:
    passages = {str(i): text for i, text in enumerate(recombined(n))}
    queries = real_queries()
    ours = Gossamer(passages, work / "ours")
    maxp = Gossamer(passages, work / "maxp", passages=180)
    numba, numpy = (Bm25s(passages, backend) for backend in ("numba", "numpy"))
    stemmed, stopped = (Tantivy(passages, work / f"tantivy-{stop}", stop_words=stop) for stop in (False, True))
    for index in (ours.index, maxp.index):
        pruned, brute = index.rank(queries), index.rank(queries, exhaustive=True)
        assert pruned == brute, "the pruned traversal must rank as brute force does"

    cleaned = [Tantivy.clean(query) for query in queries]
    times = measure.take_turns(
        {
            OURS: lambda i: ours.rank(queries[i]),
            "gossamer, MaxP 180": lambda i: maxp.rank(queries[i]),
            "gossamer, brute force": lambda i: ours.index.rank([queries[i]], exhaustive=True),
            NUMBA: lambda i: numba.rank(queries[i]),
            STEMMED: lambda i: stemmed.rank(cleaned[i]),
            STOPPED: lambda i: stopped.rank(cleaned[i]),
            f"{STOPPED}, ids not read": lambda i: stopped.addresses(cleaned[i]),
            "gossamer search: hits": lambda i: ours.index.search(queries[i]),
            "gossamer search: hits, MaxP 180": lambda i: maxp.index.search(queries[i]),
        },
        range(len(queries)), passes,
    )  # fmt: skip
    some = range(0, len(queries), len(queries) // SLOW_QUERIES)
    times |= measure.take_turns({NUMPY: lambda i: numpy.rank(queries[i])}, some, 2)
    batches = _batches(
        {OURS: lambda: ours.index.rank(queries), NUMBA: lambda: numba.rank_all(queries)}, len(queries), passes
    )
    stats = ours.index.stats()
    print(f"## BM25 queries on {n:,} passages, k = 10, one core, one query a call\n\n"
          f"{len(queries)} real queries; {stats['mean_length']:.0f} terms a passage, "
          f"{stats['postings']:,} postings.\n")  # fmt: skip
    report.table(
        ["engine", "p50 µs", "p95 µs", "mean µs", "CPU µs", "mean, as many times ours (least-most pass)"],
        [_row(name, timing, times[OURS]) for name, timing in times.items()],
    )
    print("All queries in one call, µs a query (CPU): "
          + ", ".join(f"{name} {median(cpu):.0f}" for name, cpu in batches.items()) + "\n")  # fmt: skip
    for name, plain in (("gossamer search: hits", OURS), ("gossamer search: hits, MaxP 180", "gossamer, MaxP 180")):
        added = [a - b for a, b in zip(times[name].calls, times[plain].calls, strict=True)]
        print(f"What search adds to {plain} (text, best passage, highlights, snippets of 10 hits): "
              f"median {median(added):.0f} µs, p95 {sorted(added)[int(0.95 * len(added))]:.0f} µs\n")  # fmt: skip
    frontier = Frontier(quality="queries a second", cost="latency_us", title=f"{n:,} passages, k = 10")
    for name, timing in times.items():
        frontier.add(name, 1e6 / timing.mean, timing.percentile(0.95), label="", p50_us=timing.percentile(0.5))
    return {
        "passages": n, "postings": stats["postings"], "queries": len(queries),
        "engines": {name: timing.to_dict() for name, timing in times.items()}, "batch_cpu_us": batches,
    }, frontier  # fmt: skip


def _row(name: str, timing: measure.Timing, ours: measure.Timing) -> list[str]:
    middle, least, most = measure.ratio(timing.wall, ours.wall[: len(timing.wall)])
    times = "1" if timing is ours else f"{middle:.2f} ({least:.2f}-{most:.2f})"
    figures = (timing.percentile(0.5), timing.percentile(0.95), timing.mean, median(timing.cpu))
    return [name, *(f"{value:.0f}" for value in figures), times]


def _batches(calls: dict[str, Callable[[], Any]], queries: int, passes: int) -> dict[str, list[float]]:
    """Processor microseconds a query of calls that take all queries at once, one figure for each pass."""
    spent: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(passes):
        for name, call in calls.items():
            begin = time.process_time()
            call()
            spent[name].append((time.process_time() - begin) * 1e6 / queries)
    return spent


if __name__ == "__main__":
    main()
