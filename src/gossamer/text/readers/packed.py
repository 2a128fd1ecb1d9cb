"""Single packed files: what gzip, bzip2, xz and Zstandard packed is read as if it were not packed, within bounds."""

from __future__ import annotations

import io
import re
import sys
import zlib
from collections.abc import Callable
from typing import Any, BinaryIO, Protocol

from gossamer.errors import Unreadable
from gossamer.text.readers.registry import HEAD_BYTES, MIB

MAX_RATIO = 200
"""Most bytes out for a byte in, once more than `FREE_BYTES` came out; text packs 3 to 20 times."""
FREE_BYTES = 1 << 30
_MAX_WINDOW = 256 * MIB
"""Memory that unpacking xz may take; ``xz -9`` asks for 65 MiB."""

BUFFER = 1 << 16

_ENDINGS = {
    ".gz": "", ".bz2": "", ".xz": "", ".zst": "", ".tgz": ".tar", ".tbz2": ".tar", ".txz": ".tar", ".tzst": ".tar",
}  # fmt: skip


class _Decoder(Protocol):
    """What the decompressors of the standard library have in common."""

    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int = -1) -> bytes: ...


_Maker = tuple[Callable[[], _Decoder], type[Exception]]


def unpack(stream: io.BufferedReader[Any], path: str) -> tuple[io.BufferedReader[Any], str]:
    """The content of a stream and the name that tells its format; both unchanged where it is not packed.

    Args:
        stream: At its start.
        path: Names it in errors.

    Raises:
        Unreadable: It is packed by Zstandard and the library for that is not there; later, from the content, that the
            data are damaged or hostile.

    Example:
        >>> import gzip
        >>> content, name = unpack(io.BufferedReader(io.BytesIO(gzip.compress(b"Lift"))), "notes.txt.gz")
        >>> content.read(), name
        (b'Lift', 'notes.txt')
    """
    head = stream.peek(HEAD_BYTES)[:HEAD_BYTES]
    for name, signature, maker in _PACKERS:
        if signature.match(head):
            content = io.BufferedReader(_Unpacked(stream, path, name, maker(path)), BUFFER)
            return content, _unpacked_name(path)
    return stream, path


def _unpacked_name(path: str) -> str:
    for ending, instead in _ENDINGS.items():
        if path.lower().endswith(ending):
            return path[: -len(ending)] + instead
    return path


class _Unpacked(io.RawIOBase):
    """The content of packed data, as a stream that is not seekable."""

    def __init__(self, packed: BinaryIO, path: str, name: str, maker: _Maker) -> None:
        self._packed, self._path, self._name = packed, path, name
        self._make, self._error = maker
        self._decoder = self._make()
        self._taken = self._given = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        try:
            data = self._next(len(buffer))
        except (EOFError, OSError, self._error) as error:
            where = f"after {self._given} bytes of content"
            raise Unreadable(self._path, f"damaged {self._name} data {where} ({error})") from None
        buffer[: len(data)] = data
        self._given += len(data)
        if self._given > FREE_BYTES and self._given > MAX_RATIO * self._taken:
            raise Unreadable(self._path, f"{self._name} data that unpack to more than {MAX_RATIO} times their size")
        return len(data)

    def _next(self, size: int) -> bytes:
        while True:
            given = b""
            if self._decoder.eof:
                # Several packed files one behind the other are one, and NULs may stand between them.
                given = self._decoder.unused_data.lstrip(b"\0") or self._take().lstrip(b"\0")
                if not given:
                    return b""
                self._decoder = self._make()
            elif self._decoder.needs_input:
                given = self._take()
                if not given:
                    raise EOFError("the end is missing")
            if data := self._decoder.decompress(given, size):
                return data

    def _take(self) -> bytes:
        data = self._packed.read(BUFFER)
        self._taken += len(data)
        return data


class _GzipDecoder:
    """zlib's decompressor in the form of the others."""

    def __init__(self) -> None:
        self._zlib = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)

    @property
    def eof(self) -> bool:
        return self._zlib.eof

    @property
    def needs_input(self) -> bool:
        return not self._zlib.unconsumed_tail  # the checksum is left there until all is given out

    @property
    def unused_data(self) -> bytes:
        return self._zlib.unused_data

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        return self._zlib.decompress(self._zlib.unconsumed_tail + data, max(0, max_length))


def _gzip(path: str) -> _Maker:
    return _GzipDecoder, zlib.error


def _bzip2(path: str) -> _Maker:
    from bz2 import BZ2Decompressor

    return BZ2Decompressor, OSError


def _xz(path: str) -> _Maker:
    from lzma import LZMADecompressor, LZMAError

    return lambda: LZMADecompressor(memlimit=_MAX_WINDOW), LZMAError


def _zstandard(path: str) -> _Maker:
    try:
        if sys.version_info >= (3, 14):
            from compression.zstd import ZstdDecompressor, ZstdError
        else:
            from backports.zstd import ZstdDecompressor, ZstdError
    except ImportError:
        raise Unreadable(path, "packed by Zstandard: `pip install gossamer[formats]` to read it") from None
    return ZstdDecompressor, ZstdError


_PACKERS: tuple[tuple[str, re.Pattern[bytes], Callable[[str], _Maker]], ...] = (
    ("gzip", re.compile(rb"\x1f\x8b\x08"), _gzip),
    ("bzip2", re.compile(rb"BZh[1-9](?:1AY&SY|\x17rE8P\x90)"), _bzip2),
    ("xz", re.compile(rb"\xfd7zXZ\0"), _xz),
    ("Zstandard", re.compile(rb"\x28\xb5\x2f\xfd"), _zstandard),
)
