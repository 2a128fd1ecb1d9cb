"""What the user named: a PATH is a file, a folder, a glob or ``python:``, and gives files with their ids."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from glob import glob, has_magic
from os import PathLike, fspath

from gossamer.errors import UsageError
from gossamer.text.folders import Identity, entries_below, is_content
from gossamer.text.readers.described import utf8
from gossamer.text.readers.python_source import PythonSource

PYTHON = "python:"

StrPath = str | PathLike[str]


@dataclass(frozen=True, slots=True)
class Source:
    """One PATH.

    Args:
        name: As it was named.
        base: The ids of its files are relative to this folder, or the paths themselves where it is None.
        roots: The files and folders it stands for; several only for a glob.
        python: What stands behind ``python:``.
    """

    name: str
    base: str | None
    roots: tuple[str, ...]
    python: PythonSource | None = None

    def files(
        self, excluded: frozenset[Identity], skip: Callable[[str, str], None]
    ) -> Iterator[tuple[str, os.stat_result | None]]:
        """Every file with its status, None where it has none; a glob may name one twice. As `entries_below`."""
        for root in self.roots:
            yield from entries_below(root, excluded, skip)

    def id_of(self, file: str) -> str:
        """The id of one of its files.

        Example:
            >>> Source("notes", "notes", ("notes",)).id_of("notes/wing.md")
            'wing.md'
        """
        return utf8(os.path.normpath(file) if self.base is None else os.path.relpath(file, self.base))


def named_sources(paths: StrPath | Iterable[StrPath]) -> list[Source]:
    """The sources that PATHs name, in their order.

    Raises:
        UsageError: A path does not exist or a glob matches nothing.
    """
    named = [fspath(path) for path in ([paths] if isinstance(paths, (str, PathLike)) else paths)]
    if not named:
        raise UsageError("no PATH given: name files, folders, globs or python:")
    alone = len(named) == 1
    sources: list[Source] = []
    for path in named:
        if path.startswith(PYTHON):
            sources.append(Source(path, None, (), PythonSource(path.removeprefix(PYTHON))))
        elif os.path.lexists(path):
            base = path if os.path.isdir(path) else os.path.dirname(path)
            sources.append(Source(path, base if alone else None, (path,)))
        elif not has_magic(path):
            raise UsageError(f"{path}: no such file or folder")
        else:
            base = fixed_part(path)
            matches = sorted(match for match in glob(path, recursive=True) if is_content(match, base))
            if not matches:
                raise UsageError(f"{path}: no file matches")
            sources.append(Source(path, base if alone else None, tuple(matches)))
    return sources


def fixed_part(pattern: str) -> str:
    """The folder that a glob starts from."""
    folder = os.path.dirname(pattern)
    while has_magic(folder):
        folder = os.path.dirname(folder)
    return folder
