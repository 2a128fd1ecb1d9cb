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

OURS, MAXP, NUMPY = "gossamer", "gossamer, MaxP 180", "bm25s (numpy)"
NO_ENGINES = (f"{OURS}, search", f"{MAXP}, search", "the same, ids not read")
SLOW_QUERIES = 150  # of bm25s's numpy backend, spread over the list


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--passages", type=int, nargs="+", default=[100_000, 300_000], help="1000000 takes 20 minutes")
    parser.add_argument("--passes", type=int, default=5)
    arguments = parser.parse_args()
    measure.pin()
    setting = measure.setting(["bm25s", "tantivy", "PyStemmer", "numba", "numpy"], seed=0, passes=arguments.passes)
    frontier = Frontier(quality="passages", cost="latency_us", title="10 best passages, mean time of a query")
    rows = []
    for n in arguments.passages:
        with tempfile.TemporaryDirectory() as work:
            rows.append(_measure(n, arguments.passes, Path(work)))
        for name, timing in rows[-1]["engines"].items():
            if name not in NO_ENGINES:
                frontier.add(name, n, timing["mean_us"])
    report.save("bm25_speed", setting, rows, [frontier])


def _measure(n: int, passes: int, work: Path) -> dict[str, Any]:
    passages = {str(i): text for i, text in enumerate(recombined(n))}
    queries = real_queries()
    cleaned = [Tantivy.clean(query) for query in queries]
    ours = Gossamer(passages, work / "ours")
    maxp = Gossamer(passages, work / "maxp", passages=180)
    numba, numpy = (Bm25s(passages, backend) for backend in ("numba", "numpy"))
    stemmed, stopped = (Tantivy(passages, work / f"tantivy-{stop}", stop_words=stop) for stop in (False, True))
    for index in (ours.index, maxp.index):
        assert index.rank(queries) == index.rank(queries, exhaustive=True), "pruning must not change a ranking"

    times = measure.take_turns(
        {
            OURS: lambda i: ours.rank(queries[i]),
            MAXP: lambda i: maxp.rank(queries[i]),
            "gossamer, brute force": lambda i: ours.index.rank([queries[i]], exhaustive=True),
            "bm25s (numba)": lambda i: numba.rank(queries[i]),
            "tantivy en_stem": lambda i: stemmed.rank(cleaned[i]),
            "tantivy stop words + stem": lambda i: stopped.rank(cleaned[i]),
            "the same, ids not read": lambda i: stopped.addresses(cleaned[i]),
            f"{OURS}, search": lambda i: ours.index.search(queries[i]),
            f"{MAXP}, search": lambda i: maxp.index.search(queries[i]),
        },
        range(len(queries)), passes,
    )  # fmt: skip
    some = range(0, len(queries), len(queries) // SLOW_QUERIES)
    slow = measure.take_turns({OURS: lambda i: ours.rank(queries[i]), NUMPY: lambda i: numpy.rank(queries[i])}, some, 3)
    batches = _batches(
        {OURS: lambda: ours.index.rank(queries), "bm25s (numba)": lambda: numba.rank_all(queries)}, len(queries), passes
    )
    stats = ours.index.stats()
    print(
        f"## BM25 queries on {n:,} passages, k = 10, one core, one query a call\n\n{len(queries)} real queries; "
        f"{stats['mean_length']:.0f} terms a passage, {stats['postings']:,} postings.\n"
    )
    report.table(
        ["engine", "p50 µs", "p95 µs", "mean µs", "CPU µs", "times ours, wall (least-most pass)", "times ours, CPU"],
        [*(_row(name, timing, times[OURS]) for name, timing in times.items()), _row(NUMPY, slow[NUMPY], slow[OURS])],
    )
    for name, cpu in batches.items():
        print(f"All queries in one call, CPU µs a query: {name} {median(cpu):.0f} ({min(cpu):.0f}-{max(cpu):.0f})")
    added = {name: _added(times[f"{name}, search"], times[name]) for name in (OURS, MAXP)}
    for name, spent in added.items():
        print(
            f"Building 10 hits (text, passage, highlights, snippet), {name}: "
            f"p50 {spent['p50_us']:.0f}, p95 {spent['p95_us']:.0f}, CPU {spent['cpu_us']:.0f} µs"
        )
    print()
    return {
        "passages": n, "postings": stats["postings"], "queries": len(queries), "numpy_queries": len(some),
        "engines": {name: timing.to_dict() for name, timing in (times | {NUMPY: slow[NUMPY]}).items()},
        "batch_cpu_us": batches, "hits": added,
    }  # fmt: skip


def _row(name: str, timing: measure.Timing, ours: measure.Timing) -> list[str]:
    figures = (timing.percentile(0.5), timing.percentile(0.95), timing.mean, median(timing.cpu))
    ratios = (measure.ratio(timing.wall, ours.wall), measure.ratio(timing.cpu, ours.cpu))
    shown = ["1", "1"] if timing is ours else ["{:.2f} ({:.2f}-{:.2f})".format(*r) for r in ratios]
    return [name, *(f"{value:.0f}" for value in figures), *shown]


def _added(search: measure.Timing, rank: measure.Timing) -> dict[str, float]:
    """What ``search`` takes beyond ``rank``, query by query."""
    added = sorted(a - b for a, b in zip(search.calls, rank.calls, strict=True))
    cpu = median(a - b for a, b in zip(search.cpu, rank.cpu, strict=True))
    return {"p50_us": median(added), "p95_us": added[int(0.95 * len(added))], "cpu_us": cpu}


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
