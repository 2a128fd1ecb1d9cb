"""``gossamer index``: read documents and add them to an index, making it if there is none."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gossamer.app.cli.frame import INTERRUPTED, Json, NoColor, Quiet, fail
from gossamer.app.cli.output import Output, size
from gossamer.app.cli.target import create, open_as_made

if TYPE_CHECKING:
    from gossamer.app.config import Value
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
    full: Annotated[bool, typer.Option("--full", help="Read every file again, changed or not.")] = False,
    keep_missing: Annotated[bool, typer.Option("--keep-missing", help="Keep documents whose files are gone.")] = False,
    json: Json = False,
    quiet: Quiet = False,
    no_color: NoColor = False,
) -> None:
    """Bring an index up to date with files and folders.

    Makes the index if there is none; later runs read only what has changed, and remove documents whose
    files are gone. Files that cannot be read are named and skipped.

    Examples:
        gossamer index ~/notes -o notes.gossamer
        gossamer index goods.csv --id-field sku --fields "title^3, maker, price:float" -o goods.gossamer

    See also: gossamer search, gossamer stats, gossamer delete
    """
    from gossamer.app.config import Configuration
    from gossamer.text.sources import total_bytes

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
            run.keep_up(
                output, said, paths, text_field=text_field, id_field=id_field, on_skip=run.skip,
                on_bytes=progress.read, passing=progress.count, strict=strict, full=full, keep_missing=keep_missing,
                exclude=[output], archive_depth=said["index.archive_depth"].value,
            )  # fmt: skip
    except KeyboardInterrupt:
        state = f"{output} is as its last commit left it" if Path(output).exists() else f"{output} was not made"
        fail(f"interrupted; nothing of this run was kept, and {state}", INTERRUPTED)
    run.report(output)


class _Run:
    """One run of the command: what it changed and skipped."""

    def __init__(self, out: Output) -> None:
        self._out = out
        self._started = time.monotonic()
        self._skipped: list[Skipped] = []
        self._passages = self._bytes = 0

    def skip(self, problem: Skipped) -> None:
        """Take note of a file that no reader can read."""
        self._skipped.append(problem)
        self._out.note(f"skipped {problem.path}: {problem.reason}".replace("\n", " "))

    def keep_up(self, path: str, said: Mapping[str, Value], paths: list[str], **options: Any) -> None:
        """Bring the index at ``path`` up to date; makes it once there is something to add."""
        from gossamer.app.keeping_up import keep_up

        opened = open_as_made(path, said)
        before = opened.stats()["passages"] if opened is not None else 0
        index, self._changes = keep_up(opened, lambda: create(path, said), paths, **options)
        if index is not None:
            after = index.stats()
            self._passages, self._bytes = max(0, after["passages"] - before), after["bytes"]

    def report(self, path: str) -> None:
        """Say what was done; nothing done and nothing found unchanged is a failure."""
        seconds, changes = time.monotonic() - self._started, self._changes
        failed = not (changes.written or changes.unchanged or changes.removed)
        if self._out.is_json:
            self._out.document({
                "documents": changes.written,
                "passages": self._passages,
                **asdict(changes),
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
        changes = self._changes
        if not changes.written and not changes.removed:
            return f"{path}: nothing new; all {changes.unchanged:,} documents are unchanged"
        more = "".join(
            f", {count:,} {what}"
            for what, count in (("removed", changes.removed), ("unchanged", changes.unchanged))
            if count
        )
        rate = changes.written / max(seconds, 1e-3)
        return (
            f"{path}: {changes.written:,} documents in {self._passages:,} passages{more}; "
            f"{size(self._bytes)}, {seconds:.1f} s, {rate:,.0f} documents/s"
        )
