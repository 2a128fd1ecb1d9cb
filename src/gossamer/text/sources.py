"""Where documents come from: files, folders, globs and ``python:`` become one stream of documents.

What cannot be read is left out and reported, one file and one reason at a time.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from gossamer.errors import Unreadable
from gossamer.text.documents import Document
from gossamer.text.folders import Identity, identities
from gossamer.text.left_out import LeftOut
from gossamer.text.places import Source, StrPath, named_sources
from gossamer.text.readers.described import described, utf8
from gossamer.text.readers.opening import OpenFile, open_file
from gossamer.text.readers.registry import Options, Reader, choose
from gossamer.text.readers.sandbox import Sandbox

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
    reader = FileReader(options, on_skip or _warn, on_bytes or _ignore, strict)
    return _documents(reader, named_sources(paths), identities(exclude))


def total_bytes(paths: StrPath | Iterable[StrPath], *, exclude: Sequence[StrPath] = ()) -> int | None:
    """Bytes of all files that `read` will open, for a progress bar; None where a source is not made of files.

    Raises:
        UsageError: As `read`.
    """
    sources, excluded, total = named_sources(paths), identities(exclude), 0
    for source in sources:
        if source.python is not None:
            return None
        total += sum(status.st_size for _, status in source.files(excluded, lambda path, reason: None) if status)
    return total


def is_whole(path: str) -> bool:
    """Whether a file would be read as one document; False also where it cannot be read."""
    try:
        with open_file(path) as file:
            return choose(file.head, file.name).whole
    except Unreadable:
        return False


def _documents(reader: FileReader, sources: Sequence[Source], excluded: frozenset[Identity]) -> Iterator[Document]:
    overlapping = len(sources) > 1 or any(len(source.roots) > 1 for source in sources)
    seen: set[str] = set()  # globs and several PATHs may name a file twice
    with reader:
        for source in sources:
            if source.python is not None:
                yield from source.python.documents(reader.skip)
            for path, _ in source.files(excluded, reader.skip):
                if overlapping:
                    if path in seen:
                        continue
                    seen.add(path)
                yield from reader.read(path, source.id_of(path))


class FileReader:
    """Reads files one after the other, the risky formats in one subprocess; a context manager that ends it.

    Args:
        options: See `Options`; ``document_id`` and ``skip`` are set for each file.
        on_skip, on_bytes, strict: As in `read`.
    """

    def __init__(
        self,
        options: Options,
        on_skip: Callable[[Skipped], None],
        on_bytes: Callable[[int], None] = lambda count: None,
        strict: bool = False,
    ) -> None:
        self._options, self._on_skip, self._on_bytes, self._strict = options, on_skip, on_bytes, strict
        self._sandbox = Sandbox()

    def __enter__(self) -> FileReader:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the subprocess, if one runs."""
        self._sandbox.close()

    def read(self, path: str, file_id: str) -> Iterator[Document]:
        """The documents of a file; what cannot be read is told to ``on_skip``.

        Args:
            path: The file.
            file_id: The id of its document, or the beginning of its documents' ids.
        """
        told, left_out = 0, LeftOut(self.skip)
        try:
            with open_file(path) as file:
                reader = choose(file.head, file.name)
                options = replace(self._options, document_id=file_id, skip=left_out)
                if reader.risky or not (reader.light or file.is_small):
                    documents = self._sandbox.read(reader, path, options)
                else:
                    documents = reader.read(file.stream, path, options)
                for document in documents:
                    yield _described(document, reader, file, path) if document.id == file_id else document
                    position = file.raw.tell()
                    if position > told:
                        self._on_bytes(position - told)
                        told = position
        except Unreadable as error:
            # `choose` knows a packed file without its ending only.
            self.skip(error.path if error.path.startswith(path) else path, error.reason)
        left_out.close()
        if (left := _size(path) - told) > 0:
            self._on_bytes(left)

    def skip(self, path: str, reason: str) -> None:
        """Report a file, or a record of one, that made no document."""
        path, reason = _one_line(path), _one_line(reason)
        if self._strict:
            raise Unreadable(path, reason)
        self._on_skip(Skipped(path, reason))


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
