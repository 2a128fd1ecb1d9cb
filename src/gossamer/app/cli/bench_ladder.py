"""``gossamer bench lsr-ladder``: what each part of a learned sparse retriever buys, in a world where that is known."""

from __future__ import annotations

import json as json_format
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gossamer.app.cli.frame import Json, NoColor, Quiet
from gossamer.app.cli.output import Output, table
from gossamer.app.cli.train_lsr import needs_torch

if TYPE_CHECKING:
    from gossamer.retrieval.training.ladder import Ladder


def bench_ladder(
    output: Annotated[
        str, typer.Option("-o", "--output", metavar="DIR", help="Keeps what is done; a later call goes on there.")
    ] = "lsr-ladder",
    steps: Annotated[int, typer.Option("--steps", metavar="N", min=10, help="Of each training.")] = 1_500,
    seeds: Annotated[int, typer.Option("--seeds", metavar="N", min=1, help="Trainings of each cell.")] = 1,
    quick: Annotated[
        bool, typer.Option("--quick", help="A small world and few steps: whether it runs, not what it finds.")
    ] = False,
    threads: Annotated[int | None, typer.Option("--threads", metavar="N", min=1, help="Of torch.")] = None,
    plot: Annotated[
        str | None, typer.Option("--plot", metavar="FILE", help="Save the frontier as .svg or .png too.")
    ] = None,
    json: Json = False,
    quiet: Quiet = False,
    no_color: NoColor = False,
) -> None:
    """Change one part of a sparse retriever at a time, and see what it buys.

    Trains eighteen designs from nothing in a small world with planted synonyms, and tests the three findings of the
    unified framework: document weighting matters most, query weighting little, and the two expansions cancel.

    Examples:
        gossamer bench lsr-ladder --quick
        gossamer bench lsr-ladder --seeds 3 -o ladder/ --plot ladder.svg --json

    See also: gossamer train lsr, gossamer methods
    """
    from dataclasses import replace

    out = Output(json, quiet, no_color)
    with needs_torch("gossamer bench lsr-ladder"):
        import torch

        from gossamer.retrieval.training.ladder import climb
        from gossamer.retrieval.training.trials import QUICK, Scale, Shelf
    if threads is not None:
        torch.set_num_threads(threads)
    scale = QUICK if quick else replace(Scale(), steps=steps)
    with out.steps("training", 1) as shown:
        ladder = climb(scale, seeds, Shelf(output), watch=lambda name, number, of: shown(number, of, name))
    frontier = ladder.frontier()
    if plot is not None:
        frontier.plot(plot)
    if out.is_json:
        out.document({**summary(ladder), "frontier": json_format.loads(frontier.to_json())})
        return
    show(out, ladder, quick)


def summary(ladder: Ladder) -> dict[str, Any]:
    """Cells, rungs and claims as JSON values."""
    from gossamer.retrieval.training.ladder import RUNGS

    costs = ("query_words", "document_words", "postings", "flops", "search_us", "query_us")
    return {
        "cells": {
            name: {"ndcg@10": float(ladder.quality(name).mean()), **{cost: ladder.figure(name, cost) for cost in costs}}
            for name in ladder.outcomes
        },
        "rungs": [
            {"changes": what, "before": before, "after": after, "gain": gain, "interval": list(interval),
             "over_seeds": ladder.spread(before, after)}
            for what, before, after in RUNGS
            for gain, interval in (ladder.gain(before, after),)
        ],
        "claims": [claim.to_dict() for claim in ladder.claims()],
    }  # fmt: skip


def show(out: Output, ladder: Ladder, quick: bool) -> None:
    """The same for people."""
    found = summary(ladder)
    rows = [
        (name, f"{one['ndcg@10']:.3f}", f"{one['query_words']:.0f}", f"{one['document_words']:.0f}",
         f"{one['postings']:,.0f}", f"{one['flops']:.2f}", f"{one['search_us']:,.0f}", f"{one['query_us']:,.0f}")
        for name, one in found["cells"].items()
    ]  # fmt: skip
    costs = ("query words", "document words", "postings", "FLOPS", "search µs", "encode µs")
    heads = ("query x document", "nDCG@10", *costs)
    out.show(table(*heads, rows=rows, right=range(1, len(heads))))
    for name, some in ladder.outcomes.items():
        for why in (one["collapsed"] for one in some if "collapsed" in one):
            out.line(f"{name} collapsed: {why}")
    out.line()
    rungs = [
        (one["changes"], one["before"], one["after"], f"{one['gain']:+.3f}", "{:+.3f} {:+.3f}".format(*one["interval"]))
        for one in found["rungs"]
    ]
    out.show(table("changed", "from", "to", "gain", "95 %", rows=rungs, right=(3, 4)))
    out.line()
    claims = [
        (str(one.finding), one.says, f"{one.value:+.3f}",
         "{:+.3f} {:+.3f}".format(*one.interval) if one.interval else "", one.verdict)
        for one in ladder.claims()
    ]  # fmt: skip
    out.show(table("finding", "claim", "measured", "95 %", "verdict", rows=claims, right=(2, 3)))
    if quick:
        out.note("--quick trains far too little to test anything: these verdicts only show that the table is made")
