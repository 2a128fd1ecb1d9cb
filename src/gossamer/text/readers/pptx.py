"""PPTX (PresentationML, ECMA-376 part 1): a slide a page, its title a heading, the speaker's notes below its text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO
from xml.etree.ElementTree import Element

from gossamer.errors import Unreadable
from gossamer.text.documents import Document
from gossamer.text.readers.composition import Composition
from gossamer.text.readers.markup import attribute, children, first, nearest
from gossamer.text.readers.package import Package, PackageReader
from gossamer.text.readers.registry import Options, register

_TITLES = frozenset(("title", "ctrTitle"))
_FURNITURE = frozenset(("dt", "ftr", "hdr", "sldNum", "sldImg"))
_NO_TITLES = frozenset(("powerpoint presentation", "powerpoint-präsentation", "slide 1", "untitled"))


@register
class PptxReader(PackageReader):
    """One document with the text of all slides."""

    name = "pptx"
    extensions = (".pptx", ".pptm", ".ppsx", ".potx")
    folder = b"ppt"

    def read(self, stream: BinaryIO, path: str, options: Options) -> Iterator[Document]:
        """One document; a damaged slide is reported to ``options.skip`` and left empty."""
        package = Package(stream, path, options)
        made = Composition(path, options)
        about = package.properties()
        title = about.pop("title")
        made.title = "" if title.lower() in _NO_TITLES else title
        for number, slide in enumerate(_slides(package), 1):
            start = made.length + 2 if made.length else 0  # behind the gap to the slide before
            try:
                root, notes = package.xml(slide), package.optional(package.kinds(slide).get("notesSlide", ""))
            except Unreadable as error:
                options.skip(f"{path}:slide {number}", error.reason)
            else:
                _write(root, notes, made)
            made.span("page", start, str(number))
        yield made.document(**about)


def _slides(package: Package) -> list[str]:
    """The names of the slides in the order in which they are shown."""
    main = package.main_part("ppt/presentation.xml")
    parts = package.related(main)
    order = first(package.xml(main), "sldIdLst")
    ids = [attribute(slide, "relationships}id") for slide in children(order, "sldId")]
    return [parts[one][1] for one in dict.fromkeys(ids) if one in parts]


def _write(slide: Element, notes: Element | None, made: Composition) -> None:
    shapes = list(_shapes(slide))
    title = next((shape for shape in shapes if _role(shape) in _TITLES), None)
    if title is not None:
        made.heading(_text(title), 1)
    for shape in shapes:
        if shape is not title and _role(shape) not in _FURNITURE:
            made.table([_text(cell) for cell in nearest(row, "tc")] for row in nearest(shape, "tr"))
            for body in nearest(shape, "txBody") if shape.tag == "sp" else ():
                made.block(_text(body))
    for shape in _shapes(notes) if notes is not None else ():
        if _role(shape) == "body":
            made.block(_text(shape))


def _shapes(parent: Element) -> Iterator[Element]:
    """Shapes and tables, those in groups too; not the second form of what `mc:Choice` gives."""
    for child in parent:
        if child.tag in ("sp", "graphicFrame"):
            yield child
        elif child.tag != "Fallback":
            yield from _shapes(child)


def _role(shape: Element) -> str:
    """What a placeholder is for; empty for any other shape."""
    placeholder = first(shape, "ph")
    return "" if placeholder is None else attribute(placeholder, "type", "body")


def _text(element: Element) -> str:
    """The text of runs; a paragraph and a line break start a line."""
    parts = (one.text or "" if one.tag == "t" else "\n" for one in element.iter() if one.tag in ("t", "br", "p"))
    return "".join(parts).strip("\n")
