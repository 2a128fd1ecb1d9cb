"""``gossamer train tiny``: a small inference-free encoder for your own texts."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gossamer.app.cli.frame import Json, NoColor, Quiet
from gossamer.app.cli.output import Output
from gossamer.app.cli.train_lsr import counting, needs_torch, stepping
from gossamer.errors import UsageError

if TYPE_CHECKING:
    from gossamer.retrieval.training.tiny_run import Outcome, TinyPlan


def tiny(
    corpus: Annotated[
        list[str], typer.Argument(metavar="CORPUS", help="Files, folders or globs to learn from.", show_default=False)
    ],
    output: Annotated[
        str, typer.Option("-o", "--output", metavar="DIR", help="Where the encoder goes.", show_default=False)
    ],
    dense: Annotated[
        str, typer.Option("--dense", metavar="DIR", help="Dense teacher: a sentence-transformers model, or its id.")
    ] = "sentence-transformers/all-MiniLM-L6-v2",
    sparse: Annotated[
        str, typer.Option("--sparse", metavar="DIR", help="Sparse teacher: an encoder's folder or id.")
    ] = "gossamer",
    base: Annotated[
        str, typer.Option("--base", metavar="DIR", help="Encoder or masked language model to begin from.")
    ] = "gossamer",
    minutes: Annotated[
        float | None, typer.Option("--minutes", metavar="M", help="Time for the training itself; 35 by default.")
    ] = None,
    steps: Annotated[
        int | None, typer.Option("--steps", metavar="N", min=1, help="In place of minutes: the same on any machine.")
    ] = None,
    pairs: Annotated[
        str | None, typer.Option("--pairs", metavar="FILE", help="Real queries with their answers, as for train lsr.")
    ] = None,
    words: Annotated[
        float, typer.Option("--words", metavar="N", min=1, help="Words with weight that a document is to have.")
    ] = 130.0,
    exclude: Annotated[
        list[str] | None, typer.Option("--exclude", metavar="PATH", help="Texts that must not be learned from.")
    ] = None,
    text_field: Annotated[
        str | None, typer.Option("--text-field", metavar="F", help="Where JSONL and CSV records hold the text.")
    ] = None,
    seed: Annotated[int, typer.Option("--seed", metavar="N", min=0, help="Of everything drawn by chance.")] = 0,
    threads: Annotated[
        int | None, typer.Option("--threads", metavar="N", min=1, help="Of torch; a resumed run needs as many.")
    ] = None,
    json: Json = False,
    quiet: Quiet = False,
    no_color: NoColor = False,
) -> None:
    """Train a small encoder on your own texts: half an hour on a laptop.

    Queries are made of the texts themselves; a dense and a sparse teacher say what answers them. The encoder needs no
    model for queries, is written in int8, and is searched together with BM25 with a weight that held-out texts chose.
    Ctrl-C keeps everything; the same command goes on.

    Examples:
        gossamer train tiny ~/notes -o notes-encoder/ --minutes 20
        gossamer index ~/notes -o notes.gossamer --encoder notes-encoder/

    See also: gossamer train lsr, gossamer index
    """
    if minutes is not None and steps is not None:
        raise UsageError("--minutes and --steps both say how long; give one")
    if minutes is not None and minutes <= 0:
        raise UsageError(f"--minutes {minutes:g}: it takes some")
    out = Output(json, quiet, no_color)
    with needs_torch("gossamer train tiny"):
        import torch

        from gossamer.retrieval.training.tiny_run import TinyPlan

        if threads is not None:
            torch.set_num_threads(threads)
    plan = TinyPlan(
        tuple(corpus), dense, sparse, base, steps, None if steps else (minutes or 35.0), pairs, words,
        tuple(exclude or ()), text_field, seed,
    )  # fmt: skip
    _show(out, output, _carry_out(plan, Path(output), out))


def _carry_out(plan: TinyPlan, folder: Path, out: Output) -> Outcome:
    with needs_torch("gossamer train tiny"):
        from transformers.utils import logging as chatter

        from gossamer.retrieval.training.tiny_run import TinyRun

        chatter.disable_progress_bar()  # type: ignore[no-untyped-call]  # of every file that is read or written
    run = TinyRun(folder, plan)
    if run.outcome is not None:
        out.note(f"{folder} holds this very training, done: nothing is left to do")
        return run.outcome
    with out.doing("reading and making queries"):
        run.read()
    out.note(f"{run.passages:,} passages, {len(run.groups):,} pairs")
    with counting(out, "asking the dense teacher") as watch:
        run.ask_dense(watch)
    with counting(out, "asking the sparse teacher") as watch:
        run.ask_sparse(watch)
    with out.doing("trying how long a step takes"):
        total = run.settle_steps()
    if run.begun:
        out.note(f"going on from the last checkpoint in {folder}")
    try:
        with stepping(out, total) as seen:
            run.train(seen)
    except KeyboardInterrupt:
        out.note(f"{folder} keeps checkpoints: the same command goes on")
        raise
    with out.doing("choosing the weight beside BM25"):
        return run.finish()


def _show(out: Output, folder: str, outcome: Outcome) -> None:
    if out.is_json:
        document: dict[str, Any] = {"encoder": folder, **outcome.to_dict()}
        out.document(document)
        return
    out.line(
        f"{folder}: {outcome.steps:,} steps over {outcome.pairs:,} pairs of {outcome.passages:,} passages, "
        f"{outcome.document_words:.0f} words with weight in a document, {outcome.bytes / 1e6:.1f} MB"
    )
    out.line(
        f"held out: {outcome.held_out:,} queries, nDCG@10 {outcome.bm25:.4f} by BM25 alone, "
        f"{outcome.together:.4f} with {outcome.weight:g} x the encoder"
    )
