"""Waits for changes below the PATHs of an index, told by the system or by looking again and again."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator, Sequence
from glob import has_magic
from importlib.util import find_spec
from typing import TYPE_CHECKING

from gossamer.errors import GossamerError, UsageError
from gossamer.text.folders import is_hidden
from gossamer.text.places import PYTHON, fixed_part

if TYPE_CHECKING:
    from watchfiles import Change

_QUIET_MS, _MOST_MS = 200, 2_000  # a batch ends when nothing has changed for so long, or after so long
_LOOK_MS = 2_000  # how often to see that the folders are still the ones that are watched
_POLL_MS = 1_000


def require_watchfiles() -> None:
    """Raise GossamerError where the library that watches files is not installed."""
    if find_spec("watchfiles") is None:
        raise GossamerError("--watch needs watchfiles; run: pip install 'gossamer[watch]'")


def batches(paths: Sequence[str], *, exclude: Iterable[str] = (), poll: bool = False) -> Iterator[None]:
    """Yields at once, and then each time that something has changed and come to rest; never ends.

    Args:
        paths: Files, folders and globs; a folder that vanishes is waited for.
        exclude: Folders whose changes do not count, such as the index.
        poll: Look again and again, for network drives and wherever the system tells nothing.

    Raises:
        UsageError: Nothing among the paths can be watched.

    Example:
        >>> next(batches(["notes"]))
    """
    roots = sorted({_root(path) for path in paths if not path.startswith(PYTHON)})
    if not roots:
        raise UsageError("--watch follows files and folders; python: alone does not change")
    recursive = not all(map(os.path.isfile, paths))
    wanted = _Wanted(roots, [os.path.abspath(path) for path in exclude])
    while True:
        present = [root for root in roots if os.path.isdir(root)]
        watched = {root: _identity(root) for root in roots}
        yield
        if not present:
            time.sleep(_LOOK_MS / 1000)
            continue
        try:
            yield from _until_moved(present, watched, wanted, recursive, poll)
        except OSError:  # too many folders for the system, or one has just vanished
            poll = poll or all(map(os.path.isdir, present))
        except RuntimeError:  # what the library raises where the system gives no notice
            poll = True


def _until_moved(
    present: list[str], watched: dict[str, tuple[int, int] | None], wanted: _Wanted, recursive: bool, poll: bool
) -> Iterator[None]:
    """Yields at every change until a folder is no longer the one that was watched."""
    from watchfiles import watch

    started = False
    for changes in watch(
        *present, watch_filter=wanted, debounce=_MOST_MS, step=_QUIET_MS, rust_timeout=_LOOK_MS, yield_on_timeout=True,
        recursive=recursive, force_polling=poll or None, poll_delay_ms=_POLL_MS, ignore_permission_denied=True,
    ):  # fmt: skip
        if any(_identity(root) != identity for root, identity in watched.items()):
            return
        if changes or not started:  # something may have changed before the watch began
            started = True
            yield


class _Wanted:
    """Whether a change counts."""

    def __init__(self, roots: Sequence[str], excluded: Sequence[str]) -> None:
        self._roots, self._excluded = roots, tuple(excluded)

    def __call__(self, change: Change, path: str) -> bool:
        if any(path == folder or path.startswith(os.path.join(folder, "")) for folder in self._excluded):
            return False
        return any(not is_hidden(os.path.relpath(path, root)) for root in self._roots if path.startswith(root))


def _root(path: str) -> str:
    """The folder to watch for a path: that of a file, since editors replace files by others of the same name."""
    if not os.path.lexists(path) and has_magic(path):
        return os.path.abspath(fixed_part(path) or ".")
    return os.path.abspath(path if os.path.isdir(path) else os.path.dirname(path) or ".")


def _identity(path: str) -> tuple[int, int] | None:
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_dev, status.st_ino
