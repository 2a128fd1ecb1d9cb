"""In which order a BlockIndex stores its rows: what exact search, size and build make of each, on one core.

Dhulipala et al., "Compressing Graphs and Indexes with Recursive Graph Bisection" (2016), beside k-means and the order
in which rows come. The order changes no answer, so that there is only cost to compare.
"""

from __future__ import annotations

import argparse
import time
from typing import Any, get_args

from benchmarks import measure, report, sparse_data
from gossamer.retrieval import BlockIndex
from gossamer.retrieval.block_index import Order

K = 10


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("vectors", nargs="*", default=["synthetic:100000", "real"], help="real, or synthetic:N")
    parser.add_argument("--passes", type=int, default=5)
    arguments = parser.parse_args()
    measure.pin()
    setting = measure.setting(["numpy"], k=K, **vars(arguments))
    report.save("block_order", setting, {name: _compare(name, arguments.passes) for name in arguments.vectors})


def _compare(name: str, passes: int) -> dict[str, dict[str, Any]]:
    vectors = sparse_data.named(name)
    queries = [vectors.queries[row] for row in range(len(vectors.queries))]
    indexes, found = {}, {}
    for order in get_args(Order):
        begin = time.process_time()
        indexes[order] = BlockIndex.build(vectors.documents, values="f16", order=order, threads=1)
        build = time.process_time() - begin
        cost = indexes[order].cost(vectors.queries, K)
        found[order] = {"build_s": build, "bytes": indexes[order].stats()["bytes"], **cost._asdict()}
    times = measure.take_turns(
        {order: lambda query, index=index: index.search(query, K) for order, index in indexes.items()},
        queries, passes, min,
    )  # fmt: skip
    for order, timing in times.items():
        found[order] |= {"p99_us": timing.percentile(0.99), **timing.to_dict()}
        found[order]["times_given"] = measure.ratio(timing.wall, times["given"].wall)
    print(f"## Order of rows, exact search: {name}, {len(vectors.documents):,} rows, {len(queries):,} queries\n")
    report.table(
        ["order", "p50 µs", "p99 µs", "times given (least-most pass)", "postings read", "rows scored", "MB", "build s"],
        [
            [
                order, f"{one['p50_us']:.0f}", f"{one['p99_us']:.0f}",
                "{:.2f} ({:.2f}-{:.2f})".format(*one["times_given"]), f"{one['postings']:,.0f}",
                f"{one['scored']:,.0f}", f"{one['bytes'] / 1e6:.1f}", f"{one['build_s']:.2f}",
            ]
            for order, one in found.items()
        ],
    )  # fmt: skip
    return found


if __name__ == "__main__":
    main()
