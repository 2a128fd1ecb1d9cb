"""``gossamer evaluate``: measure an index, saved runs or encoders against judgements, and test whether they differ."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from gossamer.app.cli.evaluated import show
from gossamer.app.cli.frame import Json, NoColor, Quiet
from gossamer.app.cli.output import Output
from gossamer.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gossamer.retrieval.evaluation import Evaluation
    from gossamer.retrieval.runs import RunLike


def evaluate(
    index: Annotated[
        str | None,
        typer.Argument(
            metavar="INDEX|COLLECTION",
            show_default=False,
            help="An index to search with --queries; or with --encoder a folder as BEIR has it, documents, or an id of "
            "ir_datasets.",
        ),
    ] = None,
    *,
    qrels: Annotated[
        str | None, typer.Option("--qrels", metavar="R", help="Judgements: TREC qrels, or tab-separated.")
    ] = None,
    queries: Annotated[
        str | None, typer.Option("--queries", metavar="Q", help="Queries: JSON lines, id tab text, or TREC topics.")
    ] = None,
    run: Annotated[list[str] | None, typer.Option("--run", metavar="FILE", help="A TREC run; may be repeated.")] = None,
    encoder: Annotated[
        list[str] | None,
        typer.Option(
            "--encoder",
            metavar="E",
            help="Over a collection: bm25, gossamer, a saved encoder's DIR, or DIR+bm25:W for BM25 + W x its scores; "
            "may be repeated.",
        ),
    ] = None,
    split: Annotated[
        str | None, typer.Option("--split", metavar="S", help="Of a collection: test, dev ...; test if there is one.")
    ] = None,
    judged_only: Annotated[
        bool, typer.Option("--judged-only", help="Rank only the documents that are judged for a query.")
    ] = False,
    binary: Annotated[bool, typer.Option("--binary", help="Every grade above 0 counts as 1.")] = False,
    measure: Annotated[
        list[str] | None, typer.Option("--measure", "-m", metavar="M", help="Such as ndcg@10; may be repeated.")
    ] = None,
    depth: Annotated[int, typer.Option("--depth", metavar="N", min=1, help="Documents per query.")] = 1000,
    cache: Annotated[
        str | None, typer.Option("--cache", metavar="DIR|off", help="Where encoded documents are kept.")
    ] = None,
    plot: Annotated[
        str | None, typer.Option("--plot", metavar="FILE", help="Draw quality beside cost of the encoders: .svg, .png.")
    ] = None,
    cost: Annotated[str, typer.Option("--cost", metavar="C", help="Of the plot: flops, latency or bytes.")] = "flops",
    save_run: Annotated[
        str | None,
        typer.Option("--save-run", metavar="FILE", help="Keep what was found as a TREC run; a folder for several."),
    ] = None,
    per_query: Annotated[bool, typer.Option("--per-query", help="Show every query.")] = False,
    json: Json = False,
    quiet: Quiet = False,
    no_color: NoColor = False,
) -> None:
    """Measure an index, saved runs or encoders on judged queries.

    With two or more systems, each is compared with the first by the paired randomisation test.

    Examples:
        gossamer evaluate notes.gossamer --queries queries.tsv --qrels qrels.txt
        gossamer evaluate scifact/ --encoder bm25 --encoder gossamer+bm25 --plot frontier.svg

    See also: gossamer search, gossamer bench
    """
    from gossamer.app.cli.evaluate_encoders import Options, Place, over_collection
    from gossamer.retrieval.evaluation import DEFAULT_MEASURES
    from gossamer.retrieval.runs import read_qrels, read_run
    from gossamer.retrieval.significance import compared

    out = Output(json, quiet, no_color)
    if encoder:
        if index is None or run:
            raise UsageError("--encoder goes with a COLLECTION, and not with --run")
        collection = Place(index, queries, qrels, split, judged_only, binary)
        options = Options(encoder, measure, depth, cache, plot, cost, save_run, per_query)
        over_collection(out, collection, options)
        return
    for name, given in (("--split", split), ("--judged-only", judged_only), ("--binary", binary), ("--cache", cache),
                        ("--plot", plot)):  # fmt: skip
        if given:
            raise UsageError(f"{name} goes with --encoder, over a collection")
    if qrels is None:
        _say_what_is_missing(index)
    judgements = read_qrels(qrels)
    runs: dict[str, RunLike] = {}
    if index is not None:
        runs[Path(index).name] = _search(index, queries, depth, save_run)
    elif queries is not None or save_run is not None:
        raise UsageError("--queries and --save-run go with an INDEX to search")
    for file in run or ():
        runs[_free_name(Path(file).name, file, runs)] = read_run(file)
    if not runs:
        raise UsageError("nothing to evaluate: give an INDEX with --queries, or --run FILE")
    systems = {name: _evaluate(one, judgements, measure or DEFAULT_MEASURES, name, out) for name, one in runs.items()}
    comparisons = compared(systems)
    if out.is_json:
        out.document({
            "systems": [{"name": name, **one.to_dict()} for name, one in systems.items()],
            "comparisons": [
                {"a": name, "b": next(iter(systems)), **one.to_dict(), "p_holm": p} for name, one, p in comparisons
            ],
        })  # fmt: skip
    else:
        show(out, systems, comparisons, per_query)


def _say_what_is_missing(index: str | None) -> NoReturn:
    from gossamer.retrieval.collections import looks_like

    if index is not None and looks_like(index):
        raise UsageError(f"{index} is a collection; say what to evaluate over it, such as --encoder bm25")
    raise UsageError("judgements are missing: --qrels FILE")


def _search(index: str, queries: str | None, depth: int, save_run: str | None) -> RunLike:
    from gossamer.retrieval.index import Index
    from gossamer.retrieval.runs import read_queries, write_run

    if queries is None:
        raise UsageError(f"to evaluate {index}, give the queries to search it with: --queries FILE")
    asked = read_queries(queries)
    with Index.open(index) as opened:
        found = dict(zip(asked, opened.rank(list(asked.values()), k=depth), strict=True))
    if save_run is not None:
        write_run(save_run, found)
    return found


def _free_name(short: str, path: str, taken: Mapping[str, object]) -> str:
    """The file's name where that says which run it is, else its path."""
    name = path if short in taken else short
    if name in taken:
        raise UsageError(f"{path} is given twice")
    return name


def _evaluate(run: RunLike, judgements: dict[str, dict[str, int]], measures: Any, name: str, out: Output) -> Evaluation:
    from gossamer.retrieval.evaluation import evaluate as measured

    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        result = measured(run, judgements, measures)
    for warning in told:
        out.note(f"{name}: {warning.message}")
    return result
