"""Zip archives."""

from __future__ import annotations

import stat
import zipfile
from calendar import timegm
from collections.abc import Iterator
from functools import partial
from typing import BinaryIO

from gossamer.errors import Unreadable
from gossamer.text.readers.archive import ArchiveReader, Member
from gossamer.text.readers.package import DAMAGE, ZIP_SIGNATURE, damage, in_place, is_package
from gossamer.text.readers.registry import register

_EMPTY = b"PK\5\6"
_ENCRYPTED = 1  # bit 0 of the flags
_UTF8 = 1 << 11
_UNIX = 3
_METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA}


@register
class ZipReader(ArchiveReader):
    """The documents of what is in the archive."""

    name = "zip"
    extensions = (".zip",)
    damage = DAMAGE

    def matches(self, head: bytes, path: str) -> float:
        """1 with the signature, 0 for other formats that are zip files of parts, 0.9 by name."""
        signed = head.startswith((ZIP_SIGNATURE, _EMPTY)) and not is_package(head)
        return 1.0 if signed else super().matches(head, path)

    def members(self, stream: BinaryIO, path: str) -> Iterator[Member]:
        """The entries in the order of the archive's own table."""
        try:
            archive = zipfile.ZipFile(in_place(stream, path))
        except DAMAGE as error:
            raise Unreadable(path, damage("zip file", error)) from None
        with archive:
            if not archive.filelist:
                raise Unreadable(path, "an empty archive")
            for info in archive.filelist:
                if not info.is_dir():
                    yield Member(
                        _name(info),
                        info.file_size,
                        partial(archive.open, info),
                        info.compress_size,
                        _modified(info),
                        _refusal(info),
                    )


def _name(info: zipfile.ZipInfo) -> str:
    """The path of a member; one that is not marked as UTF-8 is often UTF-8 all the same, and else in code page 437."""
    try:
        return info.filename if info.flag_bits & _UTF8 else info.filename.encode("cp437").decode()
    except UnicodeError:
        return info.filename


def _refusal(info: zipfile.ZipInfo) -> str:
    mode = info.external_attr >> 16 if info.create_system == _UNIX else 0
    if stat.S_ISLNK(mode):
        return "a link, which is not followed"
    if stat.S_IFMT(mode) and not stat.S_ISREG(mode):
        return "a device or pipe"
    if info.flag_bits & _ENCRYPTED:
        return "encrypted, which needs a password"
    return "" if info.compress_type in _METHODS else f"packed by method {info.compress_type}, which is not read here"


def _modified(info: zipfile.ZipInfo) -> float | None:
    """The local time of whoever packed it, which zip files keep without its zone, taken for UTC."""
    try:
        return float(timegm((*info.date_time, 0, 0, 0)))
    except ValueError:
        return None
