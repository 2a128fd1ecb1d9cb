"""``gossamer train lsr``: any published learned sparse retriever, by its name, on your own pairs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gossamer.app.cli.frame import Json, NoColor, Quiet
from gossamer.app.cli.long_texts import said_once
from gossamer.app.cli.output import Output, table
from gossamer.errors import UsageError

if TYPE_CHECKING:
    from gossamer.retrieval.encoders.methods import LearnedMethod, Penalty
    from gossamer.retrieval.training.groups import Group
    from gossamer.retrieval.training.run import Plan, Run
    from gossamer.retrieval.training.trainer import Step


def lsr(
    method: Annotated[
        str, typer.Option("--method", metavar="NAME", help="A published method; gossamer methods lists them.")
    ],
    data: Annotated[
        str,
        typer.Option(
            "--data", metavar="FILE", help='JSON lines: {"query", "positive", "negatives": [...], "scores": [...]}.'
        ),
    ],
    output: Annotated[str, typer.Option("-o", "--output", metavar="DIR", help="Where the encoder goes.")],
    backbone: Annotated[
        str, typer.Option("--backbone", metavar="DIR", help="Masked language model or encoder, or its id on a hub.")
    ] = "distilbert-base-uncased",
    teacher: Annotated[
        list[str] | None,
        typer.Option("--teacher", metavar="KIND", help="dense:DIR, sparse:DIR or bm25; repeat it for an ensemble."),
    ] = None,
    expander: Annotated[
        str | None,
        typer.Option("--expander", metavar="KIND", help="What lengthens documents: queries:DIR, tilde:DIR or pairs."),
    ] = None,
    additions: Annotated[
        int | None, typer.Option("--additions", metavar="N", min=1, help="Queries, or TILDE's words, for a document.")
    ] = None,
    validate: Annotated[
        str | None, typer.Option("--validate", metavar="FILE", help="Held-out data, measured in the end.")
    ] = None,
    steps: Annotated[int, typer.Option("--steps", metavar="N", min=1, help="Batches.")] = 1000,
    batch: Annotated[int, typer.Option("--batch", metavar="N", min=1, help="Queries of a batch.")] = 16,
    rate: Annotated[float, typer.Option("--rate", metavar="R", help="Learning rate at its height.")] = 2e-5,
    negatives: Annotated[
        int | None, typer.Option("--negatives", metavar="N", min=0, help="For each query; None = as the method has it.")
    ] = None,
    mine: Annotated[bool, typer.Option("--mine", help="Mine them by BM25 from the data's documents.")] = False,
    longest: Annotated[int, typer.Option("--longest", metavar="N", min=3, help="Word pieces of a text.")] = 256,
    penalty: Annotated[
        str | None,
        typer.Option("--penalty", metavar="Q,D[,T]", help="Weights for queries and documents, and steps of the ramp."),
    ] = None,
    top_k: Annotated[
        int | None, typer.Option("--top-k", metavar="N", min=1, help="Weights kept of a document, in training too.")
    ] = None,
    seed: Annotated[int, typer.Option("--seed", metavar="N", min=0, help="Of everything drawn by chance.")] = 0,
    keep_every: Annotated[
        int, typer.Option("--keep-every", metavar="N", min=1, help="Steps from one checkpoint to the next.")
    ] = 200,
    threads: Annotated[
        int | None, typer.Option("--threads", metavar="N", min=1, help="Of torch; a resumed run needs as many.")
    ] = None,
    device: Annotated[str, typer.Option("--device", metavar="D", help="cpu, cuda, or auto.")] = "auto",
    json: Json = False,
    quiet: Quiet = False,
    no_color: NoColor = False,
) -> None:
    """Train a published learned sparse retriever on your own pairs.

    Heads, loss and penalty are the method's; what does not fit is refused before work starts. A run that was
    interrupted or killed goes on when the same command is given again.

    Examples:
        gossamer train lsr --method splade-doc --data pairs.jsonl --backbone bert/ -o encoder/
        gossamer train lsr --method inference-free --data pairs.jsonl --teacher bm25 --mine -o encoder/

    See also: gossamer methods show, gossamer evaluate
    """
    out = Output(json, quiet, no_color)
    with needs_torch("gossamer train lsr"):
        import torch

        from gossamer.retrieval.encoders import methods
        from gossamer.retrieval.training import run as training
        from gossamer.retrieval.training.groups import read_groups
        from gossamer.retrieval.training.trainer import Settings

    chosen = methods.get(method)
    files = {"data": data, **({"validate": validate} if validate else {})}
    settings = Settings(
        steps, batch, chosen.negatives if negatives is None else negatives, rate,
        seed=seed, keep_every=keep_every, top_k=top_k,
    )  # fmt: skip
    plan = training.Plan(
        method, backbone, settings, _penalty(penalty, chosen, steps), longest, tuple(teacher or ()), expander,
        additions, mine, {name: training.of_file(path) for name, path in files.items()},
    )  # fmt: skip
    run = training.Run(output, plan)
    if run.outcome is None:
        if threads is not None:
            torch.set_num_threads(threads)
        groups = read_groups(data)
        held_out = read_groups(validate) if validate else None
        with said_once(out):
            _train(run, plan, groups, held_out, _device(device), out)
    else:
        out.note(f"{output} holds this very training, done: nothing is left to do")
    _show(out, output, run.outcome or {})


def _train(run: Run, plan: Plan, groups: list[Group], held_out: list[Group] | None, device: str, out: Output) -> None:
    from time import monotonic

    from gossamer.retrieval.training import run as training

    settings = plan.settings
    training.refuse_unfit(plan, groups)
    documents = list(dict.fromkeys(text for group in groups for text in group.documents))
    with needs_torch("gossamer train lsr"):
        from transformers.utils import logging as chatter

        from gossamer.retrieval.training.held_out import Collection, measure
        from gossamer.retrieval.training.mining import mine_negatives
        from gossamer.retrieval.training.named_teachers import ask, teacher as named

        chatter.disable_progress_bar()  # type: ignore[no-untyped-call]  # of every file that is read or written
        with out.doing("loading models"):
            kept = run.folder / training.TAUGHT
            teachers = [
                named(spec, documents, device=device, keep=kept / str(at)) for at, spec in enumerate(plan.teachers)
            ]
            encoder = training.begin(plan, groups).to(device)
    run.begin()
    for spec, one in zip(plan.teachers, teachers, strict=True):
        with counting(out, f"asking {spec}") as watch:
            ask(one, [group.query for group in groups], documents, watch)
    if plan.mine:
        with counting(out, "mining negatives") as watch:
            groups = mine_negatives(
                groups, documents, teachers=teachers, each=max(1, settings.negatives), seed=settings.seed, watch=watch
            )
    if encoder.expander is not None:
        with counting(out, "expanding documents") as watch:
            groups = encoder.expander.lengthen(groups, watch)
    if run.begun:
        out.note(f"going on from the last checkpoint in {run.folder}")
    began = monotonic()
    try:
        with stepping(out, settings.steps) as seen:
            steps = run.train(groups, teachers, encoder=encoder, watch=seen)
    except KeyboardInterrupt:
        out.note(f"{run.folder} keeps a checkpoint every {settings.keep_every} steps: the same command again goes on")
        raise
    outcome: dict[str, Any] = {
        "groups": len(groups), "steps": len(steps), "seconds": round(monotonic() - began, 1),
        "first_loss": steps[0].loss, "last_loss": _mean([one.loss for one in steps[-10:]]),
        "query_words": _mean([one.query_words for one in steps[-10:]]),
        "document_words": _mean([one.document_words for one in steps[-10:]]),
    }  # fmt: skip
    if held_out is not None:
        from gossamer.retrieval.encoders.impacts import Impacts

        collection = Collection.of(held_out)
        with out.doing("measuring on held-out data"):
            outcome["held_out"] = measure(encoder, collection).to_dict()
            outcome["held_out_bm25"] = measure(Impacts(collection.documents), collection).to_dict()
    run.finish(outcome)


def _show(out: Output, folder: str, outcome: dict[str, Any]) -> None:
    if out.is_json:
        out.document({"encoder": folder, **outcome})
        return
    out.line(
        f"{folder}: {outcome['steps']:,} steps over {outcome['groups']:,} groups, loss {outcome['first_loss']:.4g} -> "
        f"{outcome['last_loss']:.4g}; {outcome['query_words']:.0f} words with weight in a query, "
        f"{outcome['document_words']:.0f} in a document"
    )
    if "held_out" in outcome:
        rows = [
            (name, *(f"{outcome[key][measure]:.4f}" for measure in ("mrr", "ndcg")),
             *(f"{outcome[key][cost]:,.1f}" for cost in ("query_words", "document_words", "postings")))
            for name, key in (("this encoder", "held_out"), ("BM25", "held_out_bm25"))
        ]  # fmt: skip
        figures = outcome["held_out"]
        out.line(f"held out: {figures['queries']:,} queries over {figures['documents']:,} documents")
        out.show(
            table("", "MRR@10", "nDCG@10", "query words", "document words", "postings", rows=rows, right=range(1, 6))
        )


@contextmanager
def needs_torch(command: str) -> Iterator[None]:
    """An import that fails inside tells which extra to install.

    Raises:
        UsageError: In place of the ImportError.
    """
    try:
        yield
    except ImportError as error:
        if (error.name or "").startswith("gossamer"):
            raise
        raise UsageError(f"{command} needs {error.name or error}; pip install 'gossamer[encoders]'") from error


@contextmanager
def counting(out: Output, verb: str) -> Iterator[Callable[[int, int], None]]:
    """A callback (done, of) that shows how far a piece of work is."""
    with out.steps(verb, None) as shown:
        yield lambda done, of: shown(done, of, "")


@contextmanager
def stepping(out: Output, steps: int) -> Iterator[Callable[[Step], None]]:
    """A callback that shows how training goes: a bar on a terminal, twenty lines elsewhere."""
    with out.steps("training", max(1, steps // 20)) as shown:

        def seen(step: Step) -> None:
            said = f"loss {step.loss:.4g}, {step.query_words:.0f}/{step.document_words:.0f} query/document words"
            shown(step.number + 1, steps, said)

        yield seen


def _penalty(given: str | None, method: LearnedMethod, steps: int) -> Penalty | None:
    """The method's penalty with other weights; a ramp longer than the training would never end."""
    from gossamer.retrieval.encoders.methods import Penalty

    base = method.penalty
    if given is None:
        return replace(base, ramp=min(base.ramp, max(1, steps // 3))) if base is not None else None
    parts = given.split(",")
    try:
        query, document = (float(one) for one in parts[:2])
        ramp = int(parts[2]) if len(parts) > 2 else min((base or Penalty()).ramp, max(1, steps // 3))
        if len(parts) > 3 or not (query >= 0 and document >= 0 and ramp >= 1):
            raise ValueError(given)
    except ValueError:
        raise UsageError(f"--penalty {given}: two weights from 0 on, and the steps of the ramp: 0,0.08,2000") from None
    return replace(base or Penalty(), query=query, document=document, ramp=ramp)


def _device(name: str) -> str:
    import torch

    if name == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    if name not in ("cpu", "cuda"):
        raise UsageError(f"--device {name}: it is cpu, cuda or auto")
    if name == "cuda" and not torch.cuda.is_available():
        raise UsageError("--device cuda: torch sees no GPU")
    return name


def _mean(values: list[float]) -> float:
    return sum(values) / len(values)
