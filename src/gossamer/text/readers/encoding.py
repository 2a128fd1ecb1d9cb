"""Bytes to text: UTF-8, or UTF-16 with a byte order mark; all else is refused with the place of the first bad byte."""

from __future__ import annotations

import codecs
from typing import BinaryIO

from gossamer.errors import Unreadable
from gossamer.text.readers.registry import MIB, Options

_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def has_utf16_mark(head: bytes) -> bool:
    """Whether the text starts with a byte order mark of UTF-16."""
    return head.startswith(_UTF16)


def is_binary(head: bytes) -> bool:
    """Whether these are not the first bytes of a text: they hold a NUL that UTF-16 does not explain."""
    return b"\0" in head and not has_utf16_mark(head)


def decode(data: bytes, path: str) -> str:
    """The text of a whole file, line ends as ``\\n``, without a byte order mark.

    Raises:
        Unreadable: The bytes are not text in UTF-8, or in UTF-16 with a byte order mark.

    Example:
        >>> decode(b"\\xef\\xbb\\xbfone\\r\\ntwo", "a.txt")
        'one\\ntwo'
    """
    if is_binary(data):
        raise Unreadable(path, f"binary file (a NUL at byte {data.index(0)})")
    encoding = "utf-16" if has_utf16_mark(data) else "utf-8-sig"
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        bom = len(codecs.BOM_UTF8) if data.startswith(codecs.BOM_UTF8) else 0
        raise Unreadable(path, invalid(data, error.start + (bom if encoding == "utf-8-sig" else 0), encoding)) from None
    return text.replace("\r\n", "\n").replace("\r", "\n")


def invalid(data: bytes, offset: int, encoding: str = "utf-8", start: int = 0) -> str:
    """The reason given for undecodable bytes; ``start`` is where ``data`` stands in the file."""
    name = "UTF-16" if encoding == "utf-16" else "UTF-8"
    return f"invalid {name} at byte {start + offset} (0x{data[offset]:02x})"


def read_bytes(stream: BinaryIO, path: str, options: Options) -> bytes:
    """All of a file that makes one document.

    Raises:
        Unreadable: It is empty or larger than ``options.text_limit``.
    """
    data = stream.read(options.text_limit + 1)
    if not data:
        raise Unreadable(path, "empty file")
    if len(data) > options.text_limit:
        raise Unreadable(path, f"larger than {options.text_limit / MIB:g} MiB, the limit of one document: split it")
    return data


def read_text(stream: BinaryIO, path: str, options: Options) -> str:
    """The text of a file of prose that makes one document.

    Raises:
        Unreadable: It is empty, too large, not text, or holds a line longer than ``options.line_limit``.
    """
    text = decode(read_bytes(stream, path, options), path)
    if not text.strip():
        raise Unreadable(path, "empty file (white space only)")
    if len(text) > options.line_limit:
        for number, line in enumerate(text.split("\n"), 1):
            if len(line) > options.line_limit:
                raise Unreadable(path, f"line {number} is longer than {options.line_limit / MIB:g} Mi characters")
    return text
