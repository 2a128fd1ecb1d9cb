"""The command line ``gossamer``: one module per command or small group, put together here.

Importing this loads Typer and nothing heavy; numpy, Rich and the rest come with the command that needs them.
"""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from gossamer.app.cli import (
    bench,
    bench_index,
    bench_ladder,
    completion,
    config,
    doctor,
    encode,
    evaluate,
    export,
    index,
    maintain,
    methods,
    search,
    serve,
    train,
    tune,
)
from gossamer.app.cli.frame import Command, Group

app = typer.Typer(
    cls=Group, add_completion=False, rich_markup_mode=None, no_args_is_help=True, pretty_exceptions_enable=False
)


def _version(wanted: bool) -> None:
    if wanted:
        from gossamer.app.cli.doctor import version_line

        print(version_line())
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Versions and extras, then exit.")
    ] = False,
) -> None:
    """Index and search your own documents; every score explained.

    Examples:
        gossamer index ~/notes -o notes.gossamer
        gossamer search notes.gossamer how do wings lift
        gossamer serve notes.gossamer

    See also: gossamer COMMAND --help, gossamer doctor
    """


for _command in (
    index.index,
    search.search,
    serve.serve,
    maintain.stats,
    maintain.verify,
    maintain.delete,
    maintain.merge,
    tune.tune,
    export.export,
    encode.encode,
    evaluate.evaluate,
    bench.bench,
    doctor.doctor,
    completion.completion,
):
    app.command(cls=Command)(_command)
app.command("bench index", cls=Command)(bench_index.bench_index)
app.command("bench lsr-ladder", cls=Command)(bench_ladder.bench_ladder)
app.add_typer(train.group, name="train")
app.add_typer(methods.group, name="methods")
app.add_typer(config.group, name="config")


def main() -> None:
    """Run the command line; the console script ``gossamer``."""
    # File names and documents may hold what the terminal's encoding cannot show: escape it instead of failing.
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    app(prog_name="gossamer")
