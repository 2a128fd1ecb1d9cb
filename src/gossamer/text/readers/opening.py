"""Opens a file for its reader: regular files only; what gzip packed is read as if it were not packed."""

from __future__ import annotations

import gzip
import io
import os
import stat
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import BinaryIO

from gossamer.errors import Unreadable
from gossamer.text.readers.registry import HEAD_BYTES

_GZIP_MAGIC = b"\x1f\x8b\x08"
_BUFFER = 1 << 16

MAX_RATIO = 200
"""Most bytes out for a byte in, once more than `FREE_BYTES` came out; text packs 3 to 20 times."""
FREE_BYTES = 1 << 30


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


@contextmanager
def open_file(path: str) -> Iterator[OpenFile]:
    """Open a file and close it again; errors of the operating system in between become `Unreadable`.

    Raises:
        Unreadable: It cannot be opened or read, is no regular file, or is damaged or hostile gzip data.

    Example:
        >>> with open_file("notes.txt.gz") as file:
        ...     print(file.name)
        notes.txt
    """
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):
            raise Unreadable(path, "not a regular file")
        with io.BufferedReader(io.FileIO(path), _BUFFER) as raw:
            head = raw.peek(HEAD_BYTES)[:HEAD_BYTES]
            if not head.startswith(_GZIP_MAGIC):
                yield OpenFile(raw, head, path, raw)
                return
            content = io.BufferedReader(_Unpacked(raw, path), _BUFFER)
            name = path[: -len(".gz")] if path.lower().endswith(".gz") else path
            yield OpenFile(content, content.peek(HEAD_BYTES)[:HEAD_BYTES], name, raw)
    except OSError as error:
        raise Unreadable(path, (error.strerror or str(error)).lower()) from None


class _Unpacked(io.RawIOBase):
    """The content of gzip data, as a stream that is not seekable."""

    def __init__(self, packed: BinaryIO, path: str) -> None:
        self._packed, self._path, self._bytes = packed, path, 0
        self._gzip = gzip.GzipFile(fileobj=packed)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        try:
            count = self._gzip.readinto(buffer)
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise Unreadable(self._path, f"damaged gzip data after {self._bytes} bytes of content ({error})") from None
        self._bytes += count
        if self._bytes > FREE_BYTES and self._bytes > MAX_RATIO * self._packed.tell():
            raise Unreadable(self._path, f"gzip data that unpack to more than {MAX_RATIO} times their size")
        return count
