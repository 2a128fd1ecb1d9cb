"""What each part of a learned sparse retriever buys, in the planted world: eighteen designs trained from nothing.

Nguyen, MacAvaney & Yates, "A Unified Framework for Learned Sparse Retrieval" (2023), found that document weighting
matters most, that query weighting helps little and that the two expansions cancel. Each is a claim with an interval
over queries. Every cell is kept under out/lsr_ladder/, so a run that was stopped goes on.
"""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import replace

from benchmarks import measure, report


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--steps", type=int, default=1_500)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--quick", action="store_true", help="whether it runs, not what it finds")
    arguments = parser.parse_args()
    measure.allow_threads(arguments.threads)
    import torch

    from gossamer.app.cli.bench_ladder import summary
    from gossamer.retrieval.training.ladder import climb
    from gossamer.retrieval.training.trials import QUICK, Scale, Shelf

    torch.set_num_threads(arguments.threads)
    scale = QUICK if arguments.quick else replace(Scale(), steps=arguments.steps)
    began = time.monotonic()

    def watch(name: str, number: int, of: int) -> None:
        print(f"\r{number} of {of}: {name}, {time.monotonic() - began:.0f} s".ljust(60), end="", file=sys.stderr)

    name = "lsr_ladder_quick" if arguments.quick else "lsr_ladder"
    ladder = climb(scale, arguments.seeds, Shelf(report.OUT / name), watch=watch)
    print(file=sys.stderr)
    found = summary(ladder)
    costs = ("query_words", "document_words", "postings", "flops", "search_us", "query_us")
    report.table(
        ["query x document", "nDCG@10", *(cost.replace("_us", " µs").replace("_", " ") for cost in costs)],
        [[cell, f"{one['ndcg@10']:.3f}", *(f"{one[cost]:,.1f}" for cost in costs)]
         for cell, one in found["cells"].items()],
    )  # fmt: skip
    report.table(
        ["changed", "from", "to", "gain", "95 % over queries", "95 % over seeds"],
        [[one["changes"], one["before"], one["after"], f"{one['gain']:+.3f}", _range(one["interval"]),
          _range(one["over_seeds"])] for one in found["rungs"]],
    )  # fmt: skip
    report.table(
        ["finding", "claim", "measured", "95 %", "verdict"],
        [[one.finding, one.says, f"{one.value:+.3f}", _range(one.interval), one.verdict] for one in ladder.claims()],
    )
    setting = measure.setting(["numpy", "torch", "transformers"], seeds=arguments.seeds, steps=scale.steps)
    report.save(name, setting, found, [ladder.frontier("postings"), ladder.frontier("search_us")])


def _range(interval: tuple[float, float] | list[float] | None) -> str:
    return "" if interval is None else "{:+.3f} to {:+.3f}".format(*interval)


if __name__ == "__main__":
    main()
