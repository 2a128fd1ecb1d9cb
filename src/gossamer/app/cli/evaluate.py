"""``gossamer evaluate``: measure an index or saved runs against judgements, and test whether they differ."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gossamer.app.cli.frame import Json, NoColor, Quiet
from gossamer.app.cli.output import Output, table
from gossamer.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gossamer.retrieval.evaluation import Evaluation
    from gossamer.retrieval.runs import RunLike
    from gossamer.retrieval.significance import Comparison


def evaluate(
    index: Annotated[
        str | None, typer.Argument(metavar="INDEX", help="An index to search with --queries.", show_default=False)
    ] = None,
    *,
    qrels: Annotated[
        str, typer.Option("--qrels", metavar="R", help="Judgements: TREC qrels, or tab-separated.", show_default=False)
    ],
    queries: Annotated[
        str | None, typer.Option("--queries", metavar="Q", help="Queries: JSON lines, or id, tab and text.")
    ] = None,
    run: Annotated[list[str] | None, typer.Option("--run", metavar="FILE", help="A TREC run; may be repeated.")] = None,
    measure: Annotated[
        list[str] | None, typer.Option("--measure", "-m", metavar="M", help="Such as ndcg@10; may be repeated.")
    ] = None,
    depth: Annotated[int, typer.Option("--depth", metavar="N", min=1, help="Documents per query.")] = 1000,
    save_run: Annotated[
        str | None, typer.Option("--save-run", metavar="FILE", help="Keep what the index found as a TREC run.")
    ] = None,
    per_query: Annotated[bool, typer.Option("--per-query", help="Show every query.")] = False,
    json: Json = False,
    quiet: Quiet = False,
    no_color: NoColor = False,
) -> None:
    """Measure an index or saved runs against relevance judgements.

    With two or more systems, each is compared with the first by the paired randomisation test.

    Examples:
        gossamer evaluate notes.gossamer --queries queries.tsv --qrels qrels.txt
        gossamer evaluate --run ours.trec --run theirs.trec --qrels qrels.txt -m ndcg@10 -m map

    See also: gossamer search, gossamer bench
    """
    from gossamer.retrieval.evaluation import DEFAULT_MEASURES
    from gossamer.retrieval.runs import read_qrels, read_run

    out = Output(json, quiet, no_color)
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
    comparisons = _compare(systems)
    if out.is_json:
        out.document({
            "systems": [{"name": name, **one.to_dict()} for name, one in systems.items()],
            "comparisons": [{"a": a, "b": b, **one.to_dict()} for a, b, one in comparisons],
        })  # fmt: skip
    else:
        _show(out, systems, comparisons, per_query)


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


def _compare(systems: dict[str, Evaluation]) -> list[tuple[str, str, Comparison]]:
    """Every later system minus the first, in every measure."""
    from gossamer.retrieval.significance import compare

    (first, base), *others = systems.items()
    return [(name, first, compare(one, base, measure)) for name, one in others for measure in base.mean]


def _show(
    out: Output, systems: dict[str, Evaluation], comparisons: list[tuple[str, str, Comparison]], per_query: bool
) -> None:
    first, *others = systems.values()
    numbers = range(1, len(systems) + 1)
    rows = [(measure, *(f"{one.mean[measure]:.4f}" for one in systems.values())) for measure in first.mean]
    out.show(table(f"mean of {first.count} queries", *systems, rows=rows, right=numbers))
    for a, b, comparison in comparisons:
        out.line(f"{a} - {b}: {comparison}")
    if not per_query:
        return
    for measure, values in first.per_query.items():
        last = others[-1].per_query[measure] if others else values
        order = sorted(values, key=lambda query: last[query] - values[query] if others else values[query])
        rows = [
            (query, *(f"{one.per_query[measure][query]:.4f}" for one in systems.values()),
             *([f"{last[query] - values[query]:+.4f}"] if others else []))
            for query in order
        ]  # fmt: skip
        heads = [measure, *systems, *(["difference"] if others else [])]
        out.line()
        out.show(table(*heads, rows=rows, right=range(1, len(heads))))
