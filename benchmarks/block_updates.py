"""What keeping an index of sparse vectors up to date costs: 50 rounds of 1 % more rows, beside one full build.

Each round adds and commits, small merges included as they fall due; processor time of all threads. Then the time of a
query in the index that grew, before and after one merge() of all, beside one built at once.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks import measure, report, sparse_data
from benchmarks.sparse_data import rows
from gossamer import Index
from gossamer.retrieval import SparseVectors

K = 10
_INDEXES = ("fresh", "grown", "merged")
_SHARE = 0.01  # of the rows at the start, added in a round


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--documents", type=int, default=100_000, help="at the start")
    parser.add_argument("--rounds", type=int, default=50)
    parser.add_argument("--passes", type=int, default=3)
    arguments = parser.parse_args()
    measure.pin()
    setting = measure.setting(["numpy"], seed=0, k=K, **vars(arguments))
    start, step = arguments.documents, max(1, int(arguments.documents * _SHARE))
    vectors = sparse_data.synthetic(start + arguments.rounds * step)
    with tempfile.TemporaryDirectory() as work:
        full = _add(Path(work) / "fresh", vectors.documents, 0, len(vectors.documents))
        first = _add(Path(work) / "grown", vectors.documents, 0, start)
        ends = range(start + step, len(vectors.documents) + 1, step)
        spent = [_add(Path(work) / "grown", vectors.documents, end - step, end) for end in ends]
        shutil.copytree(Path(work) / "grown", Path(work) / "merged")
        merge = _merge(Path(work) / "merged")
        found: dict[str, Any] = {"full_s": full, "start_s": first, "rounds_s": spent, "merge_s": merge}
        found |= _queries(Path(work), vectors.queries, arguments.passes)
    print(f"## {arguments.rounds} rounds of {step:,} rows on top of {start:,}, processor time\n")
    report.table(
        ["build of the start, s", "a round, median", "share of that build", "slowest round", "all rounds", "merge()",
         "all in builds"],
        [[
            f"{first:.2f}", f"{median(spent):.3f}", f"{median(spent) / first:.1%}", f"{max(spent):.2f}",
            f"{sum(spent):.2f}", f"{merge:.2f}", f"{(sum(spent) + merge) / full:.2f}",
        ]],
    )  # fmt: skip
    report.table(
        ["index", "segments", "p50 µs", "p99 µs", "times fresh (least-most pass)"],
        [
            [
                name,
                found[name]["segments"],
                f"{found[name]['p50_us']:.0f}",
                f"{found[name]['p99_us']:.0f}",
                "{:.2f} ({:.2f}-{:.2f})".format(*found[name]["times_fresh"]),
            ]
            for name in _INDEXES
        ],
    )
    report.save("block_updates", setting, found)


def _add(path: Path, documents: SparseVectors, start: int, stop: int) -> float:
    """Add rows to the index at ``path``, which is made if need be, and commit; seconds of processor time."""
    more, ids = rows(documents, start, stop), [str(row) for row in range(start, stop)]
    begin = time.process_time()
    with Index.create(path, encoder=None, threads=1) if start == 0 else Index.open(path) as index:
        index.add_vectors(ids, more)
    return time.process_time() - begin


def _merge(path: Path) -> float:
    """Seconds of processor time for one segment of all."""
    begin = time.process_time()
    with Index.open(path) as index:
        index.merge()
    return time.process_time() - begin


def _queries(work: Path, queries: SparseVectors, passes: int) -> dict[str, Any]:
    """Time of a query in each index; their scores have to be the same."""
    each = [queries[row] for row in range(len(queries))]
    with ExitStack() as stack:
        indexes = {name: stack.enter_context(Index.open(work / name)) for name in _INDEXES}
        for one in each:
            scores = [[score for _, score in index.rank(one, K)[0]] for index in indexes.values()]
            assert scores[0] == scores[1] == scores[2], "how an index was built must not change a score"
        times = measure.take_turns(
            {name: lambda i, index=index: index.rank(each[i], K) for name, index in indexes.items()},
            range(len(each)), passes, min,
        )  # fmt: skip
        segments = {name: index.stats()["segments"] for name, index in indexes.items()}
    return {
        name: {
            "segments": segments[name], "p99_us": timing.percentile(0.99), **timing.to_dict(),
            "times_fresh": measure.ratio(timing.wall, times["fresh"].wall),
        }
        for name, timing in times.items()
    }  # fmt: skip


if __name__ == "__main__":
    main()
