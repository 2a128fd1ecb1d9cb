"""``gossamer index``: bring an index up to date with files and folders, making it if there is none."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gossamer.app.cli.frame import INTERRUPTED, Json, NoColor, Quiet, fail
from gossamer.app.cli.long_texts import said_once
from gossamer.app.cli.output import Output
from gossamer.app.cli.updating import Update
from gossamer.app.cli.watch import stay

if TYPE_CHECKING:
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
        str | None,
        typer.Option("--encoder", metavar="E", help="Text to vectors: bm25, gossamer, or a saved encoder's folder."),
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
    watch: Annotated[bool, typer.Option("--watch", help="Stay, and follow what changes; Ctrl-C stops it.")] = False,
    poll: Annotated[bool, typer.Option("--poll", help="With --watch: look every second; for network drives.")] = False,
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
    from gossamer.app.watching import require_watchfiles
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
    options = {
        "text_field": text_field, "id_field": id_field, "archive_depth": said["index.archive_depth"].value,
        "exclude": [output], "keep_missing": keep_missing,
    }  # fmt: skip
    if watch:
        require_watchfiles()
    told: set[Skipped] = set()
    try:
        with (
            said_once(out),
            out.progress("indexing", "documents", lambda: total_bytes(paths, exclude=[output])) as progress,
        ):
            update = Update(out, told).carry_out(
                output, said, paths,
                on_bytes=progress.read, passing=progress.count, strict=strict, full=full, **options,
            )  # fmt: skip
    except KeyboardInterrupt:
        state = f"{output} is as its last commit left it" if Path(output).exists() else f"{output} was not made"
        fail(f"interrupted; nothing of this run was kept, and {state}", INTERRUPTED)
    update.report(last=not watch)
    if watch:
        stay(out, lambda: Update(out, told).carry_out(output, said, paths, **options), paths, output, poll)
