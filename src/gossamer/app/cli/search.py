"""``gossamer search``: the best documents for a query, with the words found and why they scored."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated

import typer

from gossamer.app.cli.frame import IndexPath, Json, NoColor, Quiet
from gossamer.app.cli.output import Output, printable, table

if TYPE_CHECKING:
    from rich.table import Table
    from rich.text import Text

    from gossamer.retrieval.index import Hit

NOTHING_FOUND = 3

_BAR_WIDTH = 24


def search(
    index: IndexPath,
    query: Annotated[
        list[str], typer.Argument(metavar="QUERY", help="Words to find; - reads standard input.", show_default=False)
    ],
    k: Annotated[int | None, typer.Option("-k", "--k", metavar="N", help="How many documents; 10 by default.")] = None,
    where: Annotated[
        str | None, typer.Option("--where", metavar="EXPR", help="Only documents whose fields match: year >= 1980.")
    ] = None,
    sort: Annotated[
        str | None, typer.Option("--sort", metavar="FIELD", help="Order by a field; -FIELD for descending.")
    ] = None,
    facet: Annotated[
        list[str] | None, typer.Option("--facet", metavar="FIELD", help="Count the values of a field; repeatable.")
    ] = None,
    explain: Annotated[bool, typer.Option("--explain", help="Show what each term added to the score.")] = False,
    fail_if_empty: Annotated[bool, typer.Option("--fail-if-empty", help="Exit 3 when nothing is found.")] = False,
    json: Json = False,
    quiet: Quiet = False,
    no_color: NoColor = False,
) -> None:
    """Search an index and print the best documents.

    Examples:
        gossamer search notes.gossamer how do wings lift
        gossamer search notes.gossamer wings --where "modified >= 2024-03 and size < 100000" --sort=-modified

    See also: gossamer index, gossamer serve
    """
    from gossamer.app.answers import answer
    from gossamer.app.cli.query import read_query
    from gossamer.app.config import Configuration
    from gossamer.retrieval.index import Index

    out = Output(json, quiet, no_color)
    how_many = Configuration().get("search.k", k).value
    words = read_query(query)
    with Index.open(index) as opened:
        found = answer(opened, words, how_many, where=where, sort=sort, facets=facet or (), explain=explain)
        if out.is_json:
            out.document(found.to_dict())
        else:
            for rank, hit in enumerate(found.hits, start=1):
                _show(out, rank, hit, explain)
            for name, values in found.facets.items():
                shown = ", ".join(f"{printable(_value(value))} ({count:,})" for value, count in values)
                out.line(f"{printable(name)}: {shown}")
    if not found.hits:
        out.note(f"nothing found for: {words[:200]}")
        if fail_if_empty:
            raise typer.Exit(NOTHING_FOUND)


def _value(value: object) -> str:
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _show(out: Output, rank: int, hit: Hit, explain: bool) -> None:
    """One hit: rank, score and title; where; the snippet; the sum of its score if wanted."""
    from rich.text import Text

    from gossamer.app.hits import location

    title = hit.title or hit.id
    where = " · ".join(([hit.id] if title != hit.id else []) + location(hit.passage))
    out.show(Text.assemble(f"{rank:>3}  ", (f"{hit.score:.4f}", "cyan"), "  ", (printable(title), "bold")))
    if where:
        out.show(Text(printable(where), "dim"), indent=5)
    out.show(_snippet(hit), indent=5)
    if explain:
        out.show(_explanation(hit), indent=5)
    out.line()


def _snippet(hit: Hit) -> Text:
    """The windows on one line, whatever white space the document has."""
    from rich.text import Text

    from gossamer.app.hits import windows

    result = Text()
    for window in windows(hit):
        result.append(" … " if window.gap and result else "… " if window.gap else "")
        for piece in window.pieces:
            result.append(re.sub(r"\s+", " ", printable(piece.text)), "bold" if piece.marked else "")
        result.append(" …" if window.gap_after else "")
    return result


def _explanation(hit: Hit) -> Table:
    """The contributions, greatest first, with bars; the last row is their sum, which is the score."""
    terms = sorted(hit.explanation, key=lambda one: -one.contribution)
    most = max((abs(one.contribution) for one in terms), default=1.0) or 1.0
    rows = [
        (
            one.term, f"{one.query_weight:.4f}", f"{one.document_weight:.4f}", f"{one.contribution:.4f}",
            "█" * max(1, round(_BAR_WIDTH * abs(one.contribution) / most)),
        )
        for one in terms
    ]  # fmt: skip
    total = ("score", "", "", f"{sum(one.contribution for one in terms):.4f}", "")
    return table("term", "in query", "in passage", "adds", "", rows=[*rows, total], right=(1, 2, 3))
