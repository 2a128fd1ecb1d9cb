"""Lines of a text file of any size, one at a time and each of bounded length."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from gossamer.errors import Unreadable
from gossamer.text.readers.encoding import has_utf16_mark, invalid


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a file.

    Args:
        number: Counted from 1.
        text: The line with its line end; undecodable bytes are surrogate escapes.
        error: Why the line must not be used, or None.
    """

    number: int
    text: str
    error: str | None = None


def read_lines(stream: BinaryIO, path: str, limit: int) -> Iterator[Line]:
    """The lines of a UTF-8 file, or of UTF-16 with a byte order mark.

    A line longer than ``limit`` bytes is read past in pieces and comes without its text, with ``error`` set.

    Raises:
        Unreadable: A line holds a NUL (the file is binary), or UTF-16 that cannot be decoded.
    """
    first = stream.readline(limit + 1)
    if has_utf16_mark(first):
        yield from _read_utf16(first, stream, path, limit)
        return
    offset = len(codecs.BOM_UTF8) if first.startswith(codecs.BOM_UTF8) else 0
    line, number = first[offset:], 1
    while line:
        length = len(line)
        if length > limit:
            yield Line(number, "", f"longer than {limit / (1 << 20):g} MiB")
            while not line.endswith(b"\n") and (line := stream.readline(limit)):
                length += len(line)
        else:
            yield _decoded(line, number, offset, path)
        offset += length
        number += 1
        line = stream.readline(limit + 1)


def _decoded(line: bytes, number: int, offset: int, path: str) -> Line:
    if b"\0" in line:
        raise Unreadable(path, f"binary file (a NUL at byte {offset + line.index(0)})")
    try:
        return Line(number, line.decode("utf-8"))
    except UnicodeDecodeError as error:
        reason = invalid(line, error.start, start=offset)
        return Line(number, line.decode("utf-8", "surrogateescape"), reason)


def _read_utf16(first: bytes, stream: BinaryIO, path: str, limit: int) -> Iterator[Line]:
    decoder = codecs.getincrementaldecoder("utf-16")()
    number, pending, data = 1, "", first
    try:
        while data:
            *lines, pending = (pending + decoder.decode(data)).split("\n")
            for text in lines:
                yield Line(number, text + "\n")
                number += 1
            if len(pending) > limit:
                raise Unreadable(path, f"line {number} is longer than {limit / (1 << 20):g} MiB")
            data = stream.read(1 << 16)
        if pending := pending + decoder.decode(b"", final=True):
            yield Line(number, pending)
    except UnicodeDecodeError as error:
        raise Unreadable(path, f"invalid UTF-16 in line {number}: {error.reason}") from None
