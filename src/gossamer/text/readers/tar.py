"""Tar archives, also packed ones: ``.tar.gz``, ``.tar.bz2``, ``.tar.xz`` and ``.tar.zst``."""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from functools import partial
from typing import IO, BinaryIO, cast

from gossamer.errors import Unreadable
from gossamer.text.readers.archive import ArchiveReader, Member
from gossamer.text.readers.registry import register

_DAMAGE = (tarfile.TarError, EOFError, OSError, ValueError, OverflowError, RecursionError)
_CHECKSUM = slice(148, 156)
_LATEST = 253402300799  # the last second of the year 9999


@register
class TarReader(ArchiveReader):
    """The documents of what is in the archive."""

    name = "tar"
    extensions = (".tar",)
    damage = _DAMAGE

    def matches(self, head: bytes, path: str) -> float:
        """1 where the first header bears its checksum, 0.9 by name."""
        return 1.0 if _is_header(head[: tarfile.BLOCKSIZE]) else super().matches(head, path)

    def members(self, stream: BinaryIO, path: str) -> Iterator[Member]:
        """The entries in the order of the archive."""
        try:
            with tarfile.open(fileobj=cast(IO[bytes], stream), mode="r:" if stream.seekable() else "r|") as archive:
                empty = True
                for info in archive:
                    empty = False
                    if not info.isdir():
                        yield Member(
                            info.name,
                            info.size,
                            partial(_content, archive, info),
                            modified=info.mtime if 0 <= info.mtime <= _LATEST else None,
                            refusal=_refusal(info),
                        )
        except _DAMAGE as error:
            raise Unreadable(path, f"damaged tar archive ({error})") from None
        if empty:
            raise Unreadable(path, "an empty archive")


def _is_header(block: bytes) -> bool:
    """Whether the octal number in the header is the sum of its other bytes, that field counted as spaces (POSIX)."""
    if len(block) < tarfile.BLOCKSIZE or not block[0]:
        return False
    digits = block[_CHECKSUM].strip(b" \0")
    expected = sum(block) - sum(block[_CHECKSUM]) + 8 * ord(" ")
    return digits.isdigit() and len(digits) < 8 and int(digits, 10) == int(oct(expected)[2:])


def _content(archive: tarfile.TarFile, info: tarfile.TarInfo) -> IO[bytes]:
    content = archive.extractfile(info)
    assert content is not None  # only of what is no regular file, which is refused
    return content


def _refusal(info: tarfile.TarInfo) -> str:
    if info.issym() or info.islnk():
        return "a link, which is not followed"
    return "" if info.isreg() else "a device or pipe"
