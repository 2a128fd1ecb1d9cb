"""Opens a file for its reader: regular files only, unpacked where they are packed."""

from __future__ import annotations

import io
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import BinaryIO

from gossamer.errors import Unreadable
from gossamer.text.readers.packed import BUFFER, unpack
from gossamer.text.readers.registry import HEAD_BYTES, MIB

_LARGE = MIB
_PACKED = 50  # times that a packed file may well unpack to


@dataclass(frozen=True, slots=True)
class OpenFile:
    """A file at its start.

    Args:
        stream: Its content, unpacked.
        head: The first bytes of the content.
        name: Its path without the ending of a packed file: what tells its format.
        raw: The file itself; ``raw.tell()`` says how far it was read.
    """

    stream: BinaryIO
    head: bytes
    name: str
    raw: BinaryIO

    @property
    def is_small(self) -> bool:
        """Whether a reader that takes many times the file's size for its work is harmless in this process."""
        packed = 1 if self.stream is self.raw else _PACKED
        return packed * os.fstat(self.raw.fileno()).st_size <= _LARGE


@contextmanager
def open_file(path: str) -> Iterator[OpenFile]:
    """Open a file and close it again; errors of the operating system in between become `Unreadable`.

    Raises:
        Unreadable: It cannot be opened or read, is no regular file, or is packed and damaged or hostile.

    Example:
        >>> with open_file("notes.txt.gz") as file:
        ...     print(file.name)
        notes.txt
    """
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):
            raise Unreadable(path, "not a regular file")
        with io.BufferedReader(io.FileIO(path), BUFFER) as raw:
            content, name = unpack(raw, path)
            yield OpenFile(content, content.peek(HEAD_BYTES)[:HEAD_BYTES], name, raw)
    except OSError as error:
        raise Unreadable(path, (error.strerror or str(error)).lower()) from None
