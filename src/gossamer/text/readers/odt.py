"""ODT (OpenDocument 1.3, part 3): headings by outline level, lists, tables as rows of text, notes where they belong."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import BinaryIO
from xml.etree.ElementTree import Element

from gossamer.errors import Unreadable
from gossamer.text.documents import Document
from gossamer.text.readers.composition import Composition
from gossamer.text.readers.markup import attribute, first, nearest, number, words
from gossamer.text.readers.package import Package, PackageReader
from gossamer.text.readers.registry import Options, register

_WHITE_SPACE = re.compile(r"\s+")  # a line end in the file is a mere space
_SIGNS = {"s": " ", "tab": "\t", "line-break": "\n"}
# Deleted text, remarks, and what repeats the headings.
_LEFT_OUT = frozenset(("tracked-changes", "annotation", "annotation-end", "table-of-content", "note-citation", "forms"))


@register
class OdtReader(PackageReader):
    """One document."""

    name = "odt"
    extensions = (".odt", ".ott")
    media_type = b"application/vnd.oasis.opendocument.text"

    def read(self, stream: BinaryIO, path: str, options: Options) -> Iterator[Document]:
        """One document; its title is that of its properties, else its first heading."""
        package = Package(stream, path, options)
        if first(package.optional("META-INF/manifest.xml"), "encryption-data") is not None:
            raise Unreadable(path, "encrypted document, which needs a password")
        about = package.optional("meta.xml")
        made = Composition(path, options)
        made.title = words(first(about, "title"))
        _Body(made).blocks(first(package.xml("content.xml"), "body"))
        author = words(first(about, "initial-creator", "creator"))
        yield made.document(author=author, keywords=words(first(about, "keyword")))


class _Body:
    """Writes blocks, those inside others too."""

    def __init__(self, made: Composition) -> None:
        self._made = made
        self._in_list = False

    def blocks(self, parent: Element | None) -> None:
        """Headings, paragraphs, lists and tables at any depth below ``parent``, in order."""
        for child in parent if parent is not None else ():
            if child.tag == "h":
                self._paragraph(child, number(attribute(child, "outline-level"), 1))
            elif child.tag == "p":
                self._paragraph(child, None)
            elif child.tag == "list" and not self._in_list:
                self._list(child)
            elif child.tag == "table":
                self._table(child)
            elif child.tag not in _LEFT_OUT:
                self.blocks(child)

    def _paragraph(self, paragraph: Element, level: int | None) -> None:
        inside: list[Element] = []  # notes and text boxes, which follow their paragraph
        text = "".join(_text(paragraph, inside)).strip()
        if level is None:
            self._made.block(text, "\n" if self._in_list else "\n\n")
        else:
            self._made.heading(text, level)
        for block in inside:
            self.blocks(block)

    def _list(self, items: Element) -> None:
        for item in items:
            self.blocks(item)
            self._in_list = True  # from the second item on, items stand close
        self._in_list = False

    def _table(self, table: Element) -> None:
        inside: list[Element] = []
        self._made.table(
            ["".join(_text(cell, inside)) for cell in nearest(row, "table-cell")] for row in nearest(table, "table-row")
        )
        for block in inside:
            self.blocks(block)


def _text(element: Element, inside: list[Element]) -> Iterator[str]:
    yield _WHITE_SPACE.sub(" ", element.text or "")
    for child in element:
        if child.tag in _SIGNS:
            yield _SIGNS[child.tag]
        elif child.tag in ("note-body", "text-box"):
            inside.append(child)
        elif child.tag not in _LEFT_OUT:
            yield from _text(child, inside)
            if child.tag in ("p", "h"):  # in the cell of a table
                yield " "
        yield _WHITE_SPACE.sub(" ", child.tail or "")
