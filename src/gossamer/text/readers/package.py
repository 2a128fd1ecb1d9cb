"""Office documents and books are zip files of XML parts; this opens them and follows what points from part to part."""

from __future__ import annotations

import io
import posixpath
import zlib
from typing import BinaryIO, ClassVar
from urllib.parse import unquote
from xml.etree.ElementTree import Element
from zipfile import BadZipFile, ZipFile

from gossamer.errors import Unreadable
from gossamer.text.readers.markup import attribute, children, first, parse, words
from gossamer.text.readers.registry import MIB, Options, Reader

ZIP_SIGNATURE = b"PK\3\4"
_NAME_LENGTH, _NAME = 26, 30  # where they stand in the header of a member
_OFFICE_PARTS = (b"[Content_Types].xml", b"_rels/", b"docProps/", b"word/", b"ppt/", b"xl/")
_OLE_SIGNATURE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # of encrypted and of old binary Office files
DAMAGE = (BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, ValueError, KeyError, RuntimeError)
"""What the zipfile module raises for damaged, encrypted and unusual files."""

MAX_PACKAGE = 256 * MIB
"""Most bytes of a zip file that cannot be read in place, such as a member of an archive."""


def holds(head: bytes, folder: bytes) -> bool:
    """Whether a file that starts so is an Office document with its parts in ``folder``: ``word``, ``ppt`` or ``xl``."""
    return _first_part(head).startswith(_OFFICE_PARTS) and folder + b"/" in head


def has_type(head: bytes, media_type: bytes) -> bool:
    """Whether a file that starts so is of a type that its first part, ``mimetype``, names, as in OpenDocument."""
    return _first_part(head) == b"mimetype" and head[_NAME:].startswith(b"mimetype" + media_type)


def is_package(head: bytes) -> bool:
    """Whether a zip file that starts so is a document in parts rather than an archive of files."""
    return _first_part(head) == b"mimetype" or _first_part(head).startswith(_OFFICE_PARTS)


def _first_part(head: bytes) -> bytes:
    length = int.from_bytes(head[_NAME_LENGTH : _NAME_LENGTH + 2], "little")
    return head[_NAME : _NAME + length] if head.startswith(ZIP_SIGNATURE) else b""


def in_place(stream: BinaryIO, path: str) -> BinaryIO:
    """The stream itself if it is seekable, as a zip file must be; else its content in memory.

    Raises:
        Unreadable: It would take more than `MAX_PACKAGE` bytes.
    """
    if stream.seekable():
        return stream
    content = io.BytesIO()
    while piece := stream.read(MIB):  # a read of so many bytes at once would take them all, however few there are
        content.write(piece)
        if content.tell() > MAX_PACKAGE:
            raise Unreadable(path, f"a zip file of more than {MAX_PACKAGE // MIB} MiB that is packed itself: unpack it")
    content.seek(0)
    return content


class PackageReader(Reader):
    """Reads packages of one kind.

    Attributes:
        media_type: What its first part says that it is, in OpenDocument files and books.
        folder: Where its parts are, in Office documents.
    """

    risky = True
    media_type: ClassVar[bytes] = b""
    folder: ClassVar[bytes] = b""

    def matches(self, head: bytes, path: str) -> float:
        """1 where its first part tells the kind or a zip file is named so, 0.9 by name."""
        signed = has_type(head, self.media_type) if self.media_type else holds(head, self.folder)
        named = super().matches(head, path)
        return 1.0 if signed or (named and head.startswith(ZIP_SIGNATURE)) else named


class Package:
    """The parts of an office document or a book.

    Args:
        stream: The file.
        path: Names it in errors.
        options: Bounds the size of a part.

    Raises:
        Unreadable: It is no zip file.
    """

    def __init__(self, stream: BinaryIO, path: str, options: Options) -> None:
        self.path, self._limit = path, options.text_limit
        stream = in_place(stream, path)
        start = stream.read(len(_OLE_SIGNATURE))
        stream.seek(0)
        if not start:
            raise Unreadable(path, "empty file")
        if start == _OLE_SIGNATURE:
            raise Unreadable(path, "encrypted, or of the old binary Office format: save it anew without a password")
        try:
            self._zip = ZipFile(stream)
        except DAMAGE as error:
            raise Unreadable(path, damage("zip file", error)) from None
        self._names = frozenset(self._zip.namelist())

    def __contains__(self, name: str) -> bool:
        return name in self._names

    def bytes(self, name: str) -> bytes:
        """The content of a part.

        Raises:
            Unreadable: It is missing, damaged, encrypted or larger than ``options.text_limit``.
        """
        if name not in self._names:
            raise Unreadable(self.path, f"its part {name} is missing")
        try:
            with self._zip.open(name) as part:
                data = part.read(self._limit + 1)
        except DAMAGE as error:
            raise Unreadable(self.path, damage(f"part {name}", error)) from None
        if len(data) > self._limit:
            raise Unreadable(self.path, f"its part {name} is larger than {self._limit / MIB:g} MiB")
        return data

    def xml(self, name: str) -> Element:
        """The root of an XML part.

        Raises:
            Unreadable: As `bytes` and `markup.parse`.
        """
        return parse(self.bytes(name), self.path)

    def optional(self, name: str) -> Element | None:
        """The root of an XML part, None where there is none."""
        return self.xml(name) if name in self._names else None

    def related(self, part: str = "") -> dict[str, tuple[str, str]]:
        """What a part points to (Office Open XML, Open Packaging Conventions): id -> (kind, name).

        The kind is the last word of its type: ``styles``, ``slide``, ``officeDocument``.
        """
        folder, name = posixpath.split(part)
        root = self.optional(posixpath.join(folder, "_rels", f"{name}.rels"))
        return {
            attribute(one, "Id"): (
                attribute(one, "Type").rpartition("/")[2],
                resolve(folder, attribute(one, "Target")),
            )
            for one in children(root, "Relationship")
            if attribute(one, "TargetMode") != "External"
        }

    def main_part(self, expected: str) -> str:
        """The name of the part that holds an Office document itself; ``expected`` if the package does not say."""
        return self.kinds().get("officeDocument", expected)

    def kinds(self, part: str = "") -> dict[str, str]:
        """Kind -> name of the first part of that kind that ``part`` points to."""
        found: dict[str, str] = {}
        for kind, name in self.related(part).values():
            found.setdefault(kind, name)
        return found

    def properties(self) -> dict[str, str]:
        """``title``, ``author`` and ``keywords`` of an Office document, from its core properties."""
        root = self.optional(self.kinds().get("core-properties", "docProps/core.xml"))
        names = {"title": "title", "creator": "author", "keywords": "keywords"}
        return {name: words(first(root, tag)) for tag, name in names.items()}


def resolve(folder: str, target: str) -> str:
    """The name of the part that a part in ``folder`` points to.

    Example:
        >>> resolve("ppt/slides", "../notesSlides/notes%201.xml#top")
        'ppt/notesSlides/notes 1.xml'
    """
    return posixpath.normpath(posixpath.join("/", folder, unquote(target.partition("#")[0]))).lstrip("/")


def damage(what: str, error: Exception) -> str:
    """The reason given for damage that the zipfile module found.

    Example:
        >>> damage("zip file", BadZipFile("File is not a zip file"))
        'damaged zip file (File is not a zip file)'
    """
    return f"damaged {what} ({str(error).rstrip('.')[:200] or type(error).__name__})"
