"""``gossamer tune``: which approximate search of an index of vectors reaches which recall."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from gossamer.app.cli.frame import EncoderPlace, IndexPath, Json, NoColor, Quiet
from gossamer.app.cli.output import Output, table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gossamer.retrieval.vectors import SparseVectors


def tune(
    index: IndexPath,
    queries: Annotated[
        str | None,
        typer.Option(
            "--queries",
            metavar="Q",
            help="At least 1,000: JSON lines, id, tab and text, or vectors (.safetensors); else titles or sentences.",
        ),
    ] = None,
    recall: Annotated[
        list[float] | None,
        typer.Option("--recall", metavar="R", help="A recall to tune for; repeatable; 0.8 to 0.995 by default."),
    ] = None,
    k: Annotated[
        list[int] | None,
        typer.Option(
            "-k", "--k", metavar="N", min=1, help="For how many documents; repeatable; 1 to 1,000 by default."
        ),
    ] = None,
    encoder: EncoderPlace = None,
    seed: Annotated[int, typer.Option("--seed", metavar="N", min=0, help="Draws documents to ask for.")] = 0,
    json: Json = False,
    quiet: Quiet = False,
    no_color: NoColor = False,
) -> None:
    """Find out how little an index of vectors has to read for a recall.

    Half of the queries choose the settings, the others prove them; gossamer search --recall uses them until
    documents change. BM25 is always searched exactly.

    Examples:
        gossamer tune notes.gossamer
        gossamer tune notes.gossamer --queries queries.tsv --recall 0.95 -k 10 --json

    See also: gossamer search, gossamer stats
    """
    from gossamer.retrieval.calibration import DEPTHS, TARGETS
    from gossamer.retrieval.index import Index

    out = Output(json, quiet, no_color)
    asked = _read(queries) if queries is not None else None
    with Index.open(index, encoder=encoder) as opened, out.progress("tuning", "recalls") as progress:
        opened.tune(asked, recall or TARGETS, depths=k or DEPTHS, seed=seed, watched=progress.count)
    with Index.open(index) as opened:
        figures = opened.stats()["calibration"]
    if out.is_json:
        out.document(figures)
    else:
        show_calibration(out, figures)
    for depth, settings in figures["settings"].items():
        if not settings:
            out.note(f"no approximate search beats the exact one at k={depth}: searches stay exact")


def show_calibration(out: Output, figures: Mapping[str, Any]) -> None:
    """The curve that ``Index.stats()`` has: recall and processor time of each setting, beside exact search."""
    if figures["why_not"] is not None:
        out.line(f"no approximate search is proven {figures['why_not']}")
    if "settings" not in figures:
        return
    out.line(f"measured on {figures['queries']:,} queries ({figures['of']}), the recalls on half of them")
    others = list(
        dict.fromkeys(name for some in figures["settings"].values() for one in some for name in one["others"])
    )
    rows = []
    for depth, settings in figures["settings"].items():
        for one in settings:
            elsewhere = (f"{one['others'][name]:.4f}" for name in others)
            measured = (f"{one['measured']:.4f}", f"{one['at_least']:.4f}", *elsewhere, f"{one['microseconds']:,.0f}")
            rows.append((depth, f"{one['recall']:g}", *measured))
        rows.append((depth, "exact", "1", "1", *("1" for _ in others), f"{figures['exact'][depth]:,.0f}"))
    columns = ("k", "recall", "measured", "at least", *(f"on {name}" for name in others), "µs")
    out.show(table(*columns, rows=rows, right=range(2, len(columns))))


def _read(path: str) -> Sequence[str] | SparseVectors:
    """Queries from a file, by what its name ends in."""
    from gossamer.retrieval.runs import read_queries
    from gossamer.retrieval.vectors import SparseVectors

    if path.endswith(".safetensors"):
        return SparseVectors.load(path)
    return list(read_queries(path).values())
