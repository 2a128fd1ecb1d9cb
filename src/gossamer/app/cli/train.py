"""``gossamer train``: encoders of your own; one module for each thing that can be trained."""

from __future__ import annotations

import typer

from gossamer.app.cli import train_lsr, train_tiny
from gossamer.app.cli.frame import Command, Group

group = typer.Typer(cls=Group, rich_markup_mode=None, no_args_is_help=True)


@group.callback()
def _train() -> None:
    """Train encoders on your own texts.

    Examples:
        gossamer train lsr --method splade-doc --data pairs.jsonl -o encoder/
        gossamer train tiny ~/notes -o notes-encoder/

    See also: gossamer methods, gossamer train lsr, gossamer train tiny
    """


group.command(cls=Command)(train_lsr.lsr)
group.command(cls=Command)(train_tiny.tiny)
