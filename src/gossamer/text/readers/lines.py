"""Lines of a text file of any size, one at a time and each of bounded length."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from gossamer.errors import Unreadable
from gossamer.text.readers.encoding import Decoder, invalid, is_binary, wide


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a file.

    Args:
        number: Counted from 1.
        text: The line with its line end; U+FFFD stands for what is broken.
        error: Why the line must not be used, or None.
    """

    number: int
    text: str
    error: str | None = None


def read_lines(stream: BinaryIO, path: str, limit: int) -> Iterator[Line]:
    """The lines of a text file; a line that is not UTF-8 is in the encoding that such lines so far suggest.

    A line longer than ``limit`` bytes is read past in pieces and comes without its text, with ``error`` set.

    Raises:
        Unreadable: A line is binary data.
    """
    first = stream.readline(limit + 1)
    if name := wide(first):
        yield from _read_wide(name, first, stream, path, limit)
        return
    offset = len(codecs.BOM_UTF8) if first.startswith(codecs.BOM_UTF8) else 0
    line, number, decoder = first[offset:], 1, Decoder()
    while line:
        length = len(line)
        if length > limit:
            yield Line(number, "", f"longer than {limit / (1 << 20):g} MiB")
            while not line.endswith(b"\n") and (line := stream.readline(limit)):
                length += len(line)
        else:
            yield _decoded(line, number, offset, path, decoder)
        offset += length
        number += 1
        line = stream.readline(limit + 1)


def _decoded(line: bytes, number: int, offset: int, path: str, decoder: Decoder) -> Line:
    if is_binary(line):
        raise Unreadable(path, f"binary file (a NUL at byte {offset + line.index(0)})")
    try:
        return Line(number, line.decode().replace("\0", "\ufffd"))
    except UnicodeDecodeError as error:
        decoder.learn([line])
        text = decoder.decode(line)
        if decoder.encoding is None and "\ufffd" in text:
            return Line(number, text, invalid(line, error.start, start=offset))
        return Line(number, text.replace("\0", "\ufffd"))


def _read_wide(name: str, first: bytes, stream: BinaryIO, path: str, limit: int) -> Iterator[Line]:
    """The lines of a file in UTF-16 or UTF-32."""
    decoder = codecs.getincrementaldecoder(name)("replace")
    number, pending, data = 1, "", first
    while data:
        *lines, pending = (pending + decoder.decode(data)).split("\n")
        for text in lines:
            yield Line(number, text.removeprefix("\ufeff") + "\n")
            number += 1
        if len(pending) > limit:
            raise Unreadable(path, f"line {number} is longer than {limit / (1 << 20):g} MiB")
        data = stream.read(1 << 16)
    if pending := (pending + decoder.decode(b"", final=True)).removeprefix("\ufeff"):
        yield Line(number, pending)
