"""``gossamer index``: read documents and add them to an index, making it if there is none."""

from __future__ import annotations

import json as json_format
import time
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gossamer.app.cli.frame import INTERRUPTED, Json, NoColor, Quiet, fail
from gossamer.app.cli.output import Output, size
from gossamer.app.cli.target import create, open_as_made

if TYPE_CHECKING:
    from gossamer.app.config import Value
    from gossamer.retrieval.index import Index
    from gossamer.text.documents import Document
    from gossamer.text.sources import Skipped


def index(
    paths: Annotated[
        list[str],
        typer.Argument(metavar="PATH", help="Files, folders, globs, python: or python:NAME.", show_default=False),
    ],
    output: Annotated[
        str, typer.Option("--output", "-o", metavar="INDEX", help="The index to make or to add to.", show_default=False)
    ],
    text_field: Annotated[
        str | None, typer.Option("--text-field", metavar="F", help="Where JSONL and CSV records hold the text.")
    ] = None,
    id_field: Annotated[
        str | None, typer.Option("--id-field", metavar="F", help="Where JSONL and CSV records hold the id.")
    ] = None,
    encoder: Annotated[
        str | None, typer.Option("--encoder", metavar="E", help="Text to vectors: bm25, or a saved encoder's folder.")
    ] = None,
    analyzer: Annotated[
        str | None, typer.Option("--analyzer", metavar="A", help="Text to terms: english, or a JSON file.")
    ] = None,
    fields: Annotated[
        str | None,
        typer.Option("--fields", metavar="F", help="Declared fields: 'title^3, brand:text(german), year:integer'."),
    ] = None,
    passages: Annotated[
        str | None, typer.Option("--passages", metavar="N|off", help="Words per passage; 180 by default.")
    ] = None,
    archive_depth: Annotated[
        str | None, typer.Option("--archive-depth", metavar="D", help="Archives in archives to open; 2 by default.")
    ] = None,
    memory_limit: Annotated[
        str | None, typer.Option("--memory-limit", metavar="M", help="Memory over the base; 512MiB by default.")
    ] = None,
    threads: Annotated[
        str | None, typer.Option("--threads", metavar="T", help="Threads; all cores by default.")
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Stop at the first file that cannot be read.")] = False,
    json: Json = False,
    quiet: Quiet = False,
    no_color: NoColor = False,
) -> None:
    """Read documents and add them to an index.

    Makes the index if there is none. A document whose id is already there is replaced, or left alone if
    nothing in it changed. Files that cannot be read are named and skipped.

    Examples:
        gossamer index ~/notes -o notes.gossamer
        gossamer index goods.csv --id-field sku --fields "title^3, maker, price:float" -o goods.gossamer

    See also: gossamer search, gossamer stats, gossamer delete
    """
    from gossamer.app.config import Configuration
    from gossamer.text.sources import read, total_bytes

    out, settings = Output(json, quiet, no_color), Configuration()
    said = {
        key: settings.get(key, flag)
        for key, flag in (
            ("index.encoder", encoder),
            ("index.analyzer", analyzer),
            ("index.fields", fields),
            ("index.passages", passages),
            ("index.archive_depth", archive_depth),
            ("index.memory_limit", memory_limit),
            ("index.threads", threads),
        )
    }
    run = _Run(out)
    try:
        with out.progress("indexing", "documents", lambda: total_bytes(paths, exclude=[output])) as progress:
            documents = read(
                paths, text_field=text_field, id_field=id_field, on_skip=run.skip, on_bytes=progress.read,
                strict=strict, exclude=[output], archive_depth=said["index.archive_depth"].value,
            )  # fmt: skip
            run.add(output, said, progress.count(documents))
    except KeyboardInterrupt:
        state = f"{output} is as its last commit left it" if Path(output).exists() else f"{output} was not made"
        fail(f"interrupted; nothing of this run was kept, and {state}", INTERRUPTED)
    run.report(output)


class _Run:
    """One run of the command: what it added, left alone and skipped."""

    def __init__(self, out: Output) -> None:
        self._out = out
        self._started = time.monotonic()
        self._skipped: list[Skipped] = []
        self._documents = self._unchanged = self._passages = self._bytes = 0

    def skip(self, problem: Skipped) -> None:
        """Take note of a file that no reader can read."""
        self._skipped.append(problem)
        self._out.note(f"skipped {problem.path}: {problem.reason}".replace("\n", " "))

    def add(self, path: str, said: Mapping[str, Value], documents: Iterator[Document]) -> None:
        """Add what is new to the index at ``path`` and commit; makes the index once there is something to add."""
        from gossamer.text.sources import Skipped

        opened = open_as_made(path, said)
        first = next(documents, None)
        if first is None:
            return
        with create(path, said) if opened is None else opened as index:
            before = index.stats()
            documents = chain([first], documents)
            new = self._changed(index, documents) if len(index) else documents
            self._documents = index.add(new, on_refused=lambda one, reason: self.skip(Skipped(one, reason)))
            index.commit()
            after = index.stats()
        self._passages, self._bytes = max(0, after["passages"] - before["passages"]), after["bytes"]

    def _changed(self, index: Index, documents: Iterable[Document]) -> Iterator[Document]:
        """The documents that the index does not hold in the same form."""
        for document in documents:
            known = index.get(document.id)
            if known is not None and _stored(known) == _stored(document):
                self._unchanged += 1
            else:
                yield document

    def report(self, path: str) -> None:
        """Say what was done; nothing added and nothing found unchanged is a failure."""
        seconds = time.monotonic() - self._started
        failed = not self._documents and not self._unchanged
        if self._out.is_json:
            self._out.document({
                "documents": self._documents,
                "passages": self._passages,
                "unchanged": self._unchanged,
                "skipped": [{"path": one.path, "reason": one.reason} for one in self._skipped],
                "seconds": round(seconds, 3),
                "bytes": self._bytes,
            })  # fmt: skip
        elif not failed:
            self._out.line(self._summary(path, seconds))
        if self._skipped:
            self._out.note(f"{len(self._skipped):,} skipped")
        if failed:
            fail("nothing was indexed: " + ("no file could be read" if self._skipped else "no files were found"))

    def _summary(self, path: str, seconds: float) -> str:
        if not self._documents:
            return f"{path}: nothing new; all {self._unchanged:,} documents are unchanged"
        unchanged = f", {self._unchanged:,} unchanged" if self._unchanged else ""
        rate = self._documents / max(seconds, 1e-3)
        return (
            f"{path}: {self._documents:,} documents in {self._passages:,} passages{unchanged}; "
            f"{size(self._bytes)}, {seconds:.1f} s, {rate:,.0f} documents/s"
        )


def _stored(document: Document) -> str:
    """The document as an index gives it back, for comparison."""
    return json_format.dumps(document.to_dict(), sort_keys=True)
