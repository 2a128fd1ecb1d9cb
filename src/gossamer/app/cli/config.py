"""``gossamer config``: which settings are in force, who said so, and whether the files are in order."""

from __future__ import annotations

from typing import Annotated

import typer

from gossamer.app.cli.frame import Command, Group, Json, NoColor, Quiet
from gossamer.app.cli.output import Output, table

group = typer.Typer(cls=Group, rich_markup_mode=None, no_args_is_help=True)


@group.callback()
def _config() -> None:
    """Show and check the settings of the command line.

    A flag wins over the environment, the environment over gossamer.toml in the current folder, that over
    gossamer.toml in your configuration folder, and that over the default.

    Examples:
        gossamer config show --origin
        gossamer config check

    See also: gossamer doctor
    """


@group.command(cls=Command)
def show(
    origin: Annotated[bool, typer.Option("--origin", help="Say where each value comes from.")] = False,
    json: Json = False,
    quiet: Quiet = False,
    no_color: NoColor = False,
) -> None:
    """Print every setting with its value.

    Examples:
        gossamer config show --origin
        GOSSAMER_SEARCH_K=3 gossamer config show --json

    See also: gossamer config check
    """
    from gossamer.app.config import Configuration

    out = Output(json, quiet, no_color)
    values = Configuration().all()
    if out.is_json:
        out.document({
            one.setting.key: {"value": one.value, "origin": one.origin, "variable": one.setting.variable}
            for one in values
        })  # fmt: skip
    elif origin:
        rows = [(one.setting.key, one.written, one.origin, one.setting.help) for one in values]
        out.show(table("setting", "value", "from", "meaning", rows=rows))
    else:
        out.show(
            table("setting", "value", "meaning", rows=[(v.setting.key, v.written, v.setting.help) for v in values])
        )


@group.command(cls=Command)
def check(json: Json = False, quiet: Quiet = False, no_color: NoColor = False) -> None:
    """Check that every setting is known and has a value that fits.

    Examples:
        gossamer config check
        gossamer config check --json

    See also: gossamer config show
    """
    from gossamer.app.config import Configuration

    out = Output(json, quiet, no_color)
    files = [str(path) for path in Configuration().files]
    if out.is_json:
        out.document({"ok": True, "files": files})
    else:
        out.line(f"in order: {', '.join(files) or 'no gossamer.toml found'}")
