"""DOCX (WordprocessingML, ECMA-376 part 1): headings by style, tables as rows, notes where they belong.

By hand, since the libraries for it pass over inserted text, content controls, text boxes or footnotes.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO
from xml.etree.ElementTree import Element

from gossamer.text.documents import Document
from gossamer.text.readers.composition import Composition
from gossamer.text.readers.markup import attribute, children, first, nearest, number
from gossamer.text.readers.package import Package, PackageReader
from gossamer.text.readers.registry import Options, register

_SIGNS = {"tab": "\t", "br": "\n", "cr": "\n", "noBreakHyphen": "-", "ptab": "\t"}
_NOTE_MARKS = {"footnoteReference": "footnotes", "endnoteReference": "endnotes"}
# Moved and deleted text, the second form of what `mc:Choice` gives, and properties.
_LEFT_OUT = frozenset(("del", "moveFrom", "Fallback", "pPr", "rPr", "tblPr", "sectPr", "sdtPr"))
_BODY_TEXT = 9  # the outline level of what is no heading


@register
class DocxReader(PackageReader):
    """One document."""

    name = "docx"
    extensions = (".docx", ".docm", ".dotx")
    folder = b"word"

    def read(self, stream: BinaryIO, path: str, options: Options) -> Iterator[Document]:
        """One document; its title is that of its properties, else its first paragraph in the style Title."""
        package = Package(stream, path, options)
        main = package.main_part("word/document.xml")
        kinds = package.kinds(main)
        about = package.properties()
        made = Composition(path, options)
        made.title = about.pop("title")
        styles = _levels(package.optional(kinds.get("styles", "word/styles.xml")))
        notes = {kind: _notes(package.optional(kinds.get(kind, f"word/{kind}.xml"))) for kind in _NOTE_MARKS.values()}
        _Body(made, styles, notes).blocks(package.xml(main))
        yield made.document(**about)


def _levels(styles: Element | None) -> dict[str, int]:
    """Style -> level of its headings, 0 for a title, -1 for tables of contents."""
    by_id = {attribute(style, "styleId"): style for style in children(styles, "style")}
    return {name: level for name in by_id if (level := _level(name, by_id)) is not None}


def _level(style_id: str, by_id: dict[str, Element]) -> int | None:
    for _ in by_id:  # as many steps at most, for styles may be based on each other in a circle
        style = by_id.get(style_id)
        if style is None:
            return None
        name = attribute(next(children(style, "name"), style), "val").lower()
        if name == "title":
            return 0
        if name.startswith("toc "):
            return -1
        if name.startswith("heading ") and (level := number(name[8:])):
            return level
        outline = first(style, "outlineLvl")
        if outline is not None:
            return _outline_level(outline)
        based_on = next(children(style, "basedOn"), None)
        if based_on is None:
            return None
        style_id = attribute(based_on, "val")
    return None


def _outline_level(outline: Element) -> int | None:
    level = number(attribute(outline, "val"), _BODY_TEXT)
    return level + 1 if level < _BODY_TEXT else None


def _notes(part: Element | None) -> dict[str, Element]:
    """Id -> note; separators, which have a type, are none."""
    return {attribute(note, "id"): note for note in part if not attribute(note, "type")} if part is not None else {}


class _Body:
    """Writes blocks, those inside others too."""

    def __init__(self, made: Composition, levels: dict[str, int], notes: dict[str, dict[str, Element]]) -> None:
        self._made, self._levels, self._notes = made, levels, notes
        self._after_item = self._in_note = False

    def blocks(self, parent: Element) -> None:
        """Paragraphs and tables at any depth below ``parent``, in order."""
        for child in parent:
            if child.tag == "p":
                self._paragraph(child)
            elif child.tag == "tbl":
                self._table(child)
            elif child.tag not in _LEFT_OUT:
                self.blocks(child)

    def _paragraph(self, paragraph: Element) -> None:
        properties = next(children(paragraph, "pPr"), None)
        style = "" if properties is None else attribute(next(children(properties, "pStyle"), properties), "val")
        level = self._levels.get(style)
        outline = next(children(properties, "outlineLvl"), None)
        if outline is not None:
            level = _outline_level(outline)
        if level == -1:
            return
        inside: list[Element] = []  # text boxes and notes, which follow their paragraph
        text = "".join(self._runs(paragraph, inside))
        is_item = first(properties, "numPr") is not None
        if level is None:
            self._made.block(text, "\n" if is_item and self._after_item else "\n\n")
        else:
            if level == 0 and not self._made.title:
                self._made.title = text
            self._made.heading(text, level)
        self._after_item = is_item
        self._set_apart(inside)

    def _runs(self, parent: Element, inside: list[Element]) -> Iterator[str]:
        for child in parent:
            if child.tag == "t":
                yield child.text or ""
            elif child.tag in _SIGNS:
                yield _SIGNS[child.tag]
            elif child.tag == "txbxContent":
                inside.append(child)
            elif child.tag in _NOTE_MARKS:
                # Once, and not from a note, or notes that refer to each other would go on and on.
                note = self._notes[_NOTE_MARKS[child.tag]].pop(attribute(child, "id"), None)
                if note is not None and not self._in_note:
                    inside.append(note)
            elif child.tag not in _LEFT_OUT:
                yield from self._runs(child, inside)
                if child.tag == "p":  # in the cell of a table
                    yield " "

    def _table(self, table: Element) -> None:
        inside: list[Element] = []
        self._made.table(
            ["".join(self._runs(cell, inside)) for cell in nearest(row, "tc")] for row in nearest(table, "tr")
        )
        self._set_apart(inside)

    def _set_apart(self, inside: list[Element]) -> None:
        for block in inside:
            outer, self._in_note = self._in_note, self._in_note or block.tag in ("footnote", "endnote")
            self.blocks(block)
            self._in_note = outer
