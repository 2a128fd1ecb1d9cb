"""Looking after an index: ``gossamer stats``, ``verify``, ``delete`` and ``merge``."""

from __future__ import annotations

import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gossamer.app.cli.frame import IndexPath, Json, NoColor, Quiet
from gossamer.app.cli.output import Output, size
from gossamer.app.cli.tune import show_calibration
from gossamer.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

_PREVIEW = 10


def stats(index: IndexPath, json: Json = False, quiet: Quiet = False, no_color: NoColor = False) -> None:
    """Print what an index holds and how it was made.

    Examples:
        gossamer stats notes.gossamer
        gossamer stats notes.gossamer --json

    See also: gossamer verify, gossamer merge, gossamer tune
    """
    from gossamer.retrieval.index import Index

    out = Output(json, quiet, no_color)
    with Index.open(index) as opened:
        figures = opened.stats()
    if out.is_json:
        out.document(figures)
        return
    calibration = figures.pop("calibration")
    width = max(map(len, figures))
    spaces = figures.pop("spaces")
    for name, value in figures.items():
        out.line(f"{name.replace('_', ' '):<{width}}  {_figure(name, value)}")
    for space in spaces:
        out.line(f"{'space ' + space['name']:<{width}}  {_space(space)}")
    if calibration is not None:
        out.line()
        show_calibration(out, calibration)


def verify(index: IndexPath, json: Json = False, quiet: Quiet = False, no_color: NoColor = False) -> None:
    """Check every byte of an index against its checksums.

    Exit code 1 when a problem is found.

    Examples:
        gossamer verify notes.gossamer
        gossamer verify notes.gossamer --json

    See also: gossamer stats, gossamer doctor
    """
    from gossamer.retrieval import index as indexes

    out = Output(json, quiet, no_color)
    outcome = indexes.verify(index)
    if out.is_json:
        out.document({"ok": outcome.ok, "problems": [asdict(problem) for problem in outcome.problems]})
    elif outcome.ok:
        out.line(f"{index}: every byte is as it was written")
    else:
        for problem in outcome.problems:
            out.line(f"{problem.file}: byte {problem.offset}: {problem.reason}")
    if not outcome.ok:
        raise typer.Exit(1)


def delete(
    index: IndexPath,
    ids: Annotated[
        list[str], typer.Argument(metavar="ID", help="Ids of documents; - reads one per line.", show_default=False)
    ],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Delete without asking.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be deleted, and delete nothing.")] = False,
    json: Json = False,
    quiet: Quiet = False,
    no_color: NoColor = False,
) -> None:
    """Delete documents by id.

    Asks first on a terminal, and needs --yes elsewhere. Their space is given back by gossamer merge.

    Examples:
        gossamer delete notes.gossamer drafts/old.md
        gossamer search notes.gossamer obsolete --json | jq -r '.hits[].id' | gossamer delete notes.gossamer - --yes

    See also: gossamer merge, gossamer index
    """
    from gossamer.retrieval.index import Index

    out = Output(json, quiet, no_color)
    wanted = _read_ids(ids)
    with Index.open(index) as opened:
        there = [one for one in wanted if one in opened]
        missing = [one for one in wanted if one not in opened]
        for one in missing:
            out.note(f"not in the index: {one}")
        deleted = 0
        if dry_run:
            for one in there if not out.is_json else ():
                out.line(f"would delete {one}")
        elif there:
            _confirm(there, yes)
            deleted = opened.delete(there)
    if out.is_json:
        out.document({"deleted": deleted, "missing": missing, "dry_run": dry_run, "ids": there})
    elif not dry_run:
        out.line(f"deleted {deleted:,} of {len(wanted):,} documents")
    if not there:
        raise typer.Exit(1)


def merge(index: IndexPath, json: Json = False, quiet: Quiet = False, no_color: NoColor = False) -> None:
    """Rewrite an index without what was deleted.

    Examples:
        gossamer merge notes.gossamer
        gossamer merge notes.gossamer --json

    See also: gossamer stats, gossamer delete
    """
    from gossamer.retrieval.index import Index

    out = Output(json, quiet, no_color)
    with Index.open(index) as opened:
        before = opened.stats()
        opened.merge()
    with Index.open(index) as opened:
        after = opened.stats()
    if out.is_json:
        out.document({"segments": [before["segments"], after["segments"]], "bytes": [before["bytes"], after["bytes"]]})
    else:
        out.line(
            f"{before['segments']} segments, {size(before['bytes'])} "
            f"-> {after['segments']} segments, {size(after['bytes'])}"
        )


def _read_ids(ids: list[str]) -> list[str]:
    """The ids once each, in order; ``-`` alone stands for the lines of standard input."""
    if ids == ["-"]:
        ids = sys.stdin.buffer.read().decode("utf-8", "surrogateescape").splitlines()
    return list(dict.fromkeys(one for one in ids if one))


def _confirm(ids: list[str], yes: bool) -> None:
    if yes:
        return
    if not sys.stdin.isatty():
        raise UsageError("deleting needs --yes where there is no terminal to ask on; --dry-run shows what would go")
    for one in ids[:_PREVIEW]:
        print(f"  {one}", file=sys.stderr)
    if len(ids) > _PREVIEW:
        print(f"  and {len(ids) - _PREVIEW:,} more", file=sys.stderr)
    typer.confirm(f"Delete {len(ids):,} documents?", abort=True, err=True)


def _space(space: Mapping[str, Any]) -> str:
    made: str = space["encoder"]
    if "model" in space:
        version = f" {space['version']}" if space["version"] is not None else ""
        made = f"{space['model']}{version} ({space['fingerprint'][:12]})"
    entries = [f"{space['entries_per_passage']:.1f} entries a passage"] if "entries_per_passage" in space else []
    return ", ".join((made, f"weight {space['weight']:g}", f"{space['terms']:,} terms", *entries, size(space["bytes"])))


def _figure(name: str, value: object) -> str:
    if name == "bytes" and isinstance(value, int):
        return f"{value:,} ({size(value)})"
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:.2f}"
    if isinstance(value, dict):
        return ", ".join(f"{key} {_figure(key, one)}" for key, one in value.items() if one is not None)
    if isinstance(value, list):
        return f"({len(value)})"
    return str(value)
