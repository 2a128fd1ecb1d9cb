"""The files of a folder tree, in order of their names, without what no one wrote to be read."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterable, Iterator
from os import PathLike, fspath

Identity = tuple[int, int]
"""Device and inode: the same for every path and link to a file."""

_MARKERS = (frozenset(("pyvenv.cfg",)), frozenset(("manifest.json", "lock")))  # of an environment, of an index of ours
_NOT_CONTENT = frozenset(("__pycache__", "__MACOSX", "node_modules"))


def identities(paths: Iterable[str | PathLike[str]]) -> frozenset[Identity]:
    """The identities of those paths that exist."""
    found = (_status(fspath(path)) for path in paths)
    return frozenset((status.st_dev, status.st_ino) for status in found if status)


def entries_below(
    root: str, excluded: frozenset[Identity], skip: Callable[[str, str], None]
) -> Iterator[tuple[str, os.stat_result | None]]:
    """The path itself if it is a file; else the files of the folder and of the folders in it; each with its status.

    Hidden files and folders are left out, and folders such as ``node_modules``, a virtual environment or an index.
    Links are followed; every folder is entered once, so that a loop of links ends.

    Args:
        root: A file or folder.
        excluded: Files and folders to leave out.
        skip: Told of each folder that cannot be listed, and why.
    """
    entered: set[Identity] = set()
    waiting = [root]  # the last is the next: depth first
    while waiting:
        path = waiting.pop()
        status = _status(path)
        identity = (status.st_dev, status.st_ino) if status else None
        if identity in excluded:
            continue
        if status is None or identity is None or not stat.S_ISDIR(status.st_mode):
            yield path, status  # without a status opening it tells what is wrong
            continue
        if identity in entered:
            continue
        entered.add(identity)
        try:
            names = sorted(os.listdir(path), reverse=True)
        except OSError as error:
            skip(path, (error.strerror or str(error)).lower())
            continue
        if path == root or not any(marker.issubset(names) for marker in _MARKERS):
            waiting += (os.path.join(path, name) for name in names if not is_hidden(name))


def is_hidden(path: str) -> bool:
    """Whether a part of a relative path is hidden or of a name that `entries_below` leaves out.

    Example:
        >>> is_hidden("notes/.git/config"), is_hidden("notes/wing.md")
        (True, False)
    """
    return any(part.startswith(".") or part in _NOT_CONTENT for part in path.split("/"))


def is_content(path: str, base: str) -> bool:
    """Whether neither the path nor a folder between ``base`` and it is of a kind that `entries_below` leaves out."""
    while len(path) > len(base):
        if os.path.basename(path) in _NOT_CONTENT or _is_marked(path):
            return False
        path = os.path.dirname(path)
    return True


def _is_marked(folder: str) -> bool:
    return any(all(os.path.exists(os.path.join(folder, name)) for name in marker) for marker in _MARKERS)


def _status(path: str) -> os.stat_result | None:
    try:
        return os.stat(path)
    except OSError:
        return None
