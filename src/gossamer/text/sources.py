"""Where documents come from: files, folders, globs and ``python:`` become one stream of documents.

What cannot be read is left out and reported, one file and one reason at a time.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from glob import glob, has_magic
from os import PathLike, fspath

from gossamer.errors import Unreadable, UsageError
from gossamer.text.documents import Document
from gossamer.text.folders import Identity, files_below, identities, is_content
from gossamer.text.readers.described import described, utf8
from gossamer.text.readers.opening import OpenFile, open_file
from gossamer.text.readers.python_source import PythonSource
from gossamer.text.readers.registry import Options, Reader, choose
from gossamer.text.readers.sandbox import Sandbox

PYTHON = "python:"

StrPath = str | PathLike[str]

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Skipped:
    """One file, or one record of a file, that made no document.

    Args:
        path: The file as the user named it; for a record with ``:line`` behind it.
        reason: One clause.
    """

    path: str
    reason: str


def read(
    paths: StrPath | Iterable[StrPath],
    *,
    text_field: str | None = None,
    id_field: str | None = None,
    on_skip: Callable[[Skipped], None] | None = None,
    on_bytes: Callable[[int], None] | None = None,
    strict: bool = False,
    exclude: Sequence[StrPath] = (),
    archive_depth: int = 2,
) -> Iterator[Document]:
    """Every document of the sources, as a stream, in the same order each time.

    A file's id is its path relative to the PATH given; with several PATHs, the path as it is named. Records of a file
    bring their own id, else ``file#line``; a member of an archive is ``a.zip!inner/path``. A document that is a whole
    file gets its path, size in bytes and time of modification (UTC) as fields, and the file's name as title where it
    has none of its own.

    Args:
        paths: Files, folders (read recursively, hidden ones left out), globs, ``python:`` (the standard library and
            the installed packages), ``python:stdlib`` or ``python:NAME``.
        text_field, id_field: Columns of JSON Lines and tables; by default the usual names are tried.
        on_skip: Told of everything left out; by default a warning is logged.
        on_bytes: Told how many more bytes of the files were read; they add up to `total_bytes`.
        strict: Raise the first `Unreadable` instead.
        exclude: Files and folders that are not read, such as the index that is being written.
        archive_depth: How many archives, one inside the other, are opened; 0 opens none.

    Raises:
        UsageError: A path does not exist or a glob matches nothing (at once, before anything is read).
        Unreadable: Only with ``strict``.

    Example:
        >>> [document.title for document in read(["notes", "*.html"])]
        ['Wings', 'Sails']
    """
    options = Options(text_field, id_field, archive_depth=archive_depth)
    reading = _Reading(options, on_skip or _warn, on_bytes or _ignore, strict)
    return reading.documents(_expand(paths), identities(exclude))


def total_bytes(paths: StrPath | Iterable[StrPath], *, exclude: Sequence[StrPath] = ()) -> int | None:
    """Bytes of all files that `read` will open, for a progress bar; None where a source is not made of files.

    Raises:
        UsageError: As `read`.
    """
    sources, excluded, total = _expand(paths), identities(exclude), 0
    for source in sources:
        if isinstance(source, PythonSource):
            return None
        total += sum(map(_size, files_below(source.path, excluded, lambda path, reason: None)))
    return total


@dataclass(frozen=True, slots=True)
class _Place:
    """A file or folder; the ids of its files are relative to ``base``, or the paths themselves where that is None."""

    path: str
    base: str | None

    def id_of(self, file: str) -> str:
        """The id of a file at or below the place."""
        return utf8(os.path.normpath(file) if self.base is None else os.path.relpath(file, self.base))


def _expand(paths: StrPath | Iterable[StrPath]) -> list[_Place | PythonSource]:
    named = [fspath(path) for path in ([paths] if isinstance(paths, (str, PathLike)) else paths)]
    if not named:
        raise UsageError("no PATH given: name files, folders, globs or python:")
    sources: list[_Place | PythonSource] = []
    for path in named:
        if path.startswith(PYTHON):
            sources.append(PythonSource(path.removeprefix(PYTHON)))
        elif os.path.lexists(path):
            base = path if os.path.isdir(path) else os.path.dirname(path)
            sources.append(_Place(path, base if len(named) == 1 else None))
        elif not has_magic(path):
            raise UsageError(f"{path}: no such file or folder")
        else:
            base = _fixed_part(path)
            matches = sorted(match for match in glob(path, recursive=True) if is_content(match, base))
            if not matches:
                raise UsageError(f"{path}: no file matches")
            sources += [_Place(match, base if len(named) == 1 else None) for match in matches]
    return sources


def _fixed_part(pattern: str) -> str:
    """The folder that a glob starts from."""
    folder = os.path.dirname(pattern)
    while has_magic(folder):
        folder = os.path.dirname(folder)
    return folder


@dataclass(frozen=True, slots=True)
class _Reading:
    """One pass over the sources."""

    options: Options
    on_skip: Callable[[Skipped], None]
    on_bytes: Callable[[int], None]
    strict: bool

    def documents(self, sources: Sequence[_Place | PythonSource], excluded: frozenset[Identity]) -> Iterator[Document]:
        seen: set[str] = set()  # globs and several PATHs may name a file twice
        with Sandbox() as sandbox:
            for source in sources:
                if isinstance(source, PythonSource):
                    yield from source.documents(self._skip)
                    continue
                for path in files_below(source.path, excluded, self._skip):
                    if len(sources) > 1:
                        if path in seen:
                            continue
                        seen.add(path)
                    yield from self._file(path, source.id_of(path), sandbox)

    def _file(self, path: str, file_id: str, sandbox: Sandbox) -> Iterator[Document]:
        told = 0
        try:
            with open_file(path) as file:
                reader = choose(file.head, file.name)
                options = replace(self.options, document_id=file_id, skip=self._skip)
                if reader.risky:
                    documents = sandbox.read(reader, path, options)
                else:
                    documents = reader.read(file.stream, path, options)
                for document in documents:
                    yield _described(document, reader, file, path) if document.id == file_id else document
                    position = file.raw.tell()
                    if position > told:
                        self.on_bytes(position - told)
                        told = position
        except Unreadable as error:
            # `choose` knows a packed file without its ending only.
            self._skip(error.path if error.path.startswith(path) else path, error.reason)
        if (left := _size(path) - told) > 0:
            self.on_bytes(left)

    def _skip(self, path: str, reason: str) -> None:
        path, reason = _one_line(path), _one_line(reason)
        if self.strict:
            raise Unreadable(path, reason)
        self.on_skip(Skipped(path, reason))


def _described(document: Document, reader: Reader, file: OpenFile, path: str) -> Document:
    """The document of a whole file, with what the file system knows of it."""
    status = os.fstat(file.raw.fileno())
    return described(document, reader, path=path, name=file.name, size=status.st_size, modified=status.st_mtime)


def _one_line(text: str) -> str:
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in utf8(text))


def _size(path: str) -> int:
    try:
        return os.stat(path).st_size
    except OSError:
        return 0


def _warn(skipped: Skipped) -> None:
    _log.warning("skipped %s: %s", skipped.path, skipped.reason)


def _ignore(count: int) -> None:
    pass
