"""``gossamer index --watch``: stays and follows what changes, a commit and a line for each batch."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import typer

from gossamer.app.cli.frame import INTERRUPTED
from gossamer.app.cli.output import Output
from gossamer.errors import GossamerError, IndexLocked

if TYPE_CHECKING:
    from gossamer.app.cli.updating import Update

_RETRY_SECONDS = 1.0


def stay(out: Output, update: Callable[[], Update], paths: Sequence[str], index: str, poll: bool) -> None:
    """Bring the index up to date after every change, until Ctrl-C.

    Args:
        out: JSON lines go to its standard output, lines for people to its standard error.
        update: Brings the index up to date once.
        paths, index: As they were named.
        poll: Look again and again instead of being told by the system.
    """
    from gossamer.app.watching import batches

    sys.stdout.flush()
    out.note(f"{index}: following {', '.join(paths)}; Ctrl-C stops it")
    trouble = ""
    try:
        for _ in batches(paths, exclude=[index], poll=poll):
            while True:
                try:
                    done, complaint = update(), ""
                except GossamerError as error:
                    done, complaint = None, str(error)
                    if isinstance(error, IndexLocked):  # the others will have finished soon
                        time.sleep(_RETRY_SECONDS)
                        continue
                break
            if complaint and complaint != trouble:
                out.note(f"{complaint}; waiting for it to change")
            trouble = complaint
            if done is not None and done.wrote:
                _tell(out, done)
    except KeyboardInterrupt:
        out.note(f"stopped; {index} is as its last commit left it")
        raise typer.Exit(INTERRUPTED) from None


def _tell(out: Output, done: Update) -> None:
    if out.is_json:
        out.document(done.to_dict(), indent=None)
        sys.stdout.flush()
    else:
        out.note(f"{time.strftime('%H:%M:%S')} {done.brief()}")
