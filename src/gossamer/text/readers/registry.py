"""What a reader is, and which one reads a file.

A format is one module that registers one class; the reader whose ``matches`` is highest reads the file.
Readers hold no state, so a name is enough to run one in another process.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import BinaryIO, ClassVar, TypeVar

import gossamer
from gossamer.errors import Unreadable
from gossamer.text.documents import Document

HEAD_BYTES = 8192
"""How much of a file ``matches`` is shown."""

MIB = 1 << 20

# The first of those that are equally sure reads a file: archives before PDF, whose signature may stand in them.
_FORMATS = (
    "docx", "pptx", "odt", "epub", "zip", "tar",
    "plain", "markdown", "html", "pdf", "jsonl", "delimited",
    "notebook", "xml",
    "subtitles", "man", "mail", "rst", "latex", "bibtex", "ris", "code",
)  # fmt: skip

_LIBRARIES = (
    "backports", "rapidocr_onnxruntime", "tree_sitter", "tree_sitter_c", "tree_sitter_cpp", "tree_sitter_go",
    "tree_sitter_java", "tree_sitter_javascript", "tree_sitter_ruby", "tree_sitter_rust", "tree_sitter_typescript",
)  # fmt: skip


def _refuse(where: str, reason: str) -> None:
    raise Unreadable(where, reason)


def _ignore(member: str) -> None:
    pass


def _go_on() -> None:
    pass


@dataclass(frozen=True, slots=True)
class Options:
    """What a reader may be told.

    Args:
        text_field, id_field: Columns of record formats; None looks for the usual names.
        document_id: Id of the file's document, or prefix of its records' ids; None takes the path.
        text_limit: Most bytes of text in one document.
        line_limit: Most characters of one line of prose; what is longer is not prose.
        archive_depth: How many archives, one inside the other, are opened; 0 opens none.
        resume_after: The member of an archive, as ``begin`` was told of it, that was the last one read before.
        begin: Told of each member of an archive, ``a.zip!notes.md``, before it is read.
        busy: Called by a reader at work between steps that may each take as long as a document, such as pages of OCR.
        skip: Called with ``"file:line"`` and the reason for each record left out; by default it raises `Unreadable`.
    """

    text_field: str | None = None
    id_field: str | None = None
    document_id: str | None = None
    text_limit: int = 64 * MIB
    line_limit: int = 16 * MIB
    archive_depth: int = 2
    resume_after: str = ""
    begin: Callable[[str], None] = _ignore
    busy: Callable[[], None] = _go_on
    skip: Callable[[str, str], None] = _refuse


class Reader(ABC):
    """Turns the bytes of one format into documents.

    Attributes:
        name: The format, one lower-case word.
        extensions: Endings of file names, with the dot, lower case.
        risky: Whether hostile input could hang, exhaust or crash the parser, so that it runs in a limited subprocess.
        whole: Whether a file is one document.
        light: Whether it takes little more time and memory than what it reads; any other runs there for large files.
    """

    name: ClassVar[str]
    extensions: ClassVar[tuple[str, ...]] = ()
    risky: ClassVar[bool] = False
    whole: ClassVar[bool] = True
    light: ClassVar[bool] = False

    def matches(self, head: bytes, path: str) -> float:
        """How sure this reader is of the file, from 0 (cannot read it) to 1 (its signature is there).

        Args:
            head: The first `HEAD_BYTES` of the file, or all of it.
            path: The file's name.
        """
        return 0.9 if self.named(path) else 0.0

    def named(self, path: str) -> bool:
        """Whether the file's name ends as this format's do."""
        return path.lower().endswith(self.extensions)

    @abstractmethod
    def read(self, stream: BinaryIO, path: str, options: Options) -> Iterator[Document]:
        """The documents of a file.

        Args:
            stream: The file, at its start; it need not be seekable.
            path: Names the file in errors.
            options: See `Options`.

        Raises:
            Unreadable: The file, or the rest of it, cannot be read.
        """


_registered: dict[str, Reader] = {}
_ReaderClass = TypeVar("_ReaderClass", bound=type[Reader])


def register(reader: _ReaderClass) -> _ReaderClass:
    """Class decorator: make a reader known under its name.

    Raises:
        ValueError: Another reader has that name.
    """
    if reader.name in _registered:
        raise ValueError(f"two readers are named {reader.name!r}")
    _registered[reader.name] = reader()
    return reader


def readers() -> tuple[Reader, ...]:
    """One instance of every registered reader."""
    for module in _FORMATS:
        import_module(f"gossamer.text.readers.{module}")
    return tuple(_registered.values())


def fingerprint() -> str:
    """What decides how files are read here: this version, and which libraries for more formats are installed."""
    found = [name for name in _LIBRARIES if find_spec(name) is not None]
    return " ".join((gossamer.__version__, *found))


def choose(head: bytes, path: str) -> Reader:
    """The reader for a file.

    Args:
        head: Its first `HEAD_BYTES`.
        path: Its name, without an ending such as ``.gz`` that was unpacked.

    Raises:
        Unreadable: The file is empty, or of no format that we read.

    Example:
        >>> choose(b"%PDF-1.7", "paper").name
        'pdf'
    """
    if not head:
        raise Unreadable(path, "empty file")
    score, reader = max(((reader.matches(head, path), reader) for reader in readers()), key=lambda pair: pair[0])
    if score <= 0:
        raise Unreadable(path, "binary file of no format that is read here")
    return reader
