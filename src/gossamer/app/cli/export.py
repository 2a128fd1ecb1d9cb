"""``gossamer export``: the documents of an index as JSON lines."""

from __future__ import annotations

from typing import Annotated

import typer

from gossamer.app.cli.frame import IndexPath, Json, NoColor, Quiet
from gossamer.app.cli.output import Output


def export(
    index: IndexPath,
    salvage: Annotated[
        bool, typer.Option("--salvage", help="From a damaged index: every document that can still be read.")
    ] = False,
    json: Json = False,
    quiet: Quiet = False,
    no_color: NoColor = False,
) -> None:
    """Write the documents of an index as JSON lines.

    Each line holds id, title, text, fields and spans.

    Examples:
        gossamer export notes.gossamer > notes.jsonl
        gossamer export damaged.gossamer --salvage > saved.jsonl

    See also: gossamer index, gossamer verify
    """
    from gossamer.retrieval import index as indexes

    out = Output(json, quiet, no_color)
    documents = indexes.salvage(index) if salvage else indexes.Index.open(index).documents()
    with out.progress("exporting", "documents") as progress:
        for document in progress.count(documents):
            out.document(document.to_dict(), indent=None)
