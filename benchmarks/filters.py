"""Time of a filtered query beside the same query without a filter, at every selectivity; one core, 100,000 passages.

Passages and queries are those of bm25_speed. A field holds a random number below 1; the filter is read once (its own
line) and remembered by the index, as the pages of one search are.
"""

from __future__ import annotations

import argparse
import random
import tempfile
import time
from pathlib import Path
from statistics import median

import gossamer
from benchmarks import measure, report
from benchmarks.corpora import real_queries, recombined
from gossamer.frontier import Frontier

SELECTIVITIES = (0.0001, 0.001, 0.01, 0.1, 0.5, 0.9)
NONE = "no filter"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--passages", type=int, default=100_000)
    parser.add_argument("--passes", type=int, default=5)
    arguments = parser.parse_args()
    measure.pin()
    setting = measure.setting(["numpy"], seed=0, passes=arguments.passes, passages=arguments.passages)
    rng = random.Random(0)
    queries = real_queries()
    with tempfile.TemporaryDirectory() as work:
        with gossamer.Index.create(Path(work) / "ix", passages=None, threads=1) as index:
            index.add(
                {"id": str(i), "text": text, "u": rng.random()} for i, text in enumerate(recombined(arguments.passages))
            )
        filters = {f"{share:.2%}": f"u < {share}" for share in SELECTIVITIES}
        first = {name: _first(index, where) for name, where in filters.items()}
        for where in filters.values():
            assert index.rank(queries[:200], where=where) == index.rank(queries[:200], where=where, exhaustive=True)
        times = measure.take_turns(
            {
                NONE: lambda i: index.rank([queries[i]]),
                **{n: lambda i, w=w: index.rank([queries[i]], where=w) for n, w in filters.items()},
            },
            range(len(queries)), arguments.passes,
        )  # fmt: skip
    frontier = Frontier(quality="share of documents", cost="latency_us", title="filtered queries")
    print(f"## Filtered queries on {arguments.passages:,} passages, k = 10, one core\n")
    rows = []
    for name, timing in times.items():
        middle, least, most = measure.ratio(timing.wall, times[NONE].wall)
        frontier.add(name, 1.0 if name == NONE else float(name.rstrip("%")) / 100, timing.mean)
        rows.append([
            name, f"{timing.percentile(0.5):.0f}", f"{timing.percentile(0.95):.0f}", f"{timing.mean:.0f}",
            f"{middle:.2f} ({least:.2f}-{most:.2f})", f"{first[name]:.0f}" if name in first else "",
        ])  # fmt: skip
    report.table(
        [
            "passes the filter",
            "p50 µs",
            "p95 µs",
            "mean µs",
            "times unfiltered (least-most pass)",
            "reading the filter µs",
        ],
        rows,
    )
    report.save("filters", setting, {n: t.to_dict() for n, t in times.items()} | {"first_us": first}, [frontier])


def _first(index: gossamer.Index, where: str) -> float:
    """Microseconds that a filter takes the first time; the median of several that differ in their last digit."""
    spent = []
    for digit in range(7):
        begin = time.perf_counter()
        index.rank(["zzzz"], where=f"{where}000{digit}")
        spent.append((time.perf_counter() - begin) * 1e6)
    return median(spent[1:])


if __name__ == "__main__":
    main()
