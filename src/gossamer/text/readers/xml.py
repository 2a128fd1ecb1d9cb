"""XML: articles in JATS (NISO Z39.96, the format of PubMed Central) with their sections, and the text of other XML."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO
from xml.etree.ElementTree import Element

from gossamer.text.documents import Document
from gossamer.text.readers.composition import Composition
from gossamer.text.readers.encoding import is_binary, read_bytes
from gossamer.text.readers.markup import attribute, children, first, nearest, parse, words
from gossamer.text.readers.registry import Options, Reader, register

_TITLE_DEPTH = 3
"""How deep the title of any XML stands: ``rss/channel/title``, ``book/info/title``."""


@register
class XmlReader(Reader):
    """One document."""

    name = "xml"
    extensions = (".xml", ".nxml", ".jats")
    risky = True

    def matches(self, head: bytes, path: str) -> float:
        """0.9 by name, 0.4 with an XML declaration, so that HTML which starts with one remains HTML."""
        if is_binary(head):
            return 0.0
        return 0.9 if self.named(path) else 0.4 if head.lstrip(b"\xef\xbb\xbf").startswith(b"<?xml ") else 0.0

    def read(self, stream: BinaryIO, path: str, options: Options) -> Iterator[Document]:
        """One document: abstract, body and references of an article; else the text between all tags."""
        root = parse(read_bytes(stream, path, options), path)
        made = Composition(path, options)
        article = next(
            (one for one in [root, *root] if one.tag == "article" and first(one, "article-meta") is not None), None
        )
        if article is None:
            made.title = _title(root)
            made.block("\n".join(_lines(root)))
            yield made.document()
        else:
            yield made.document(**_article(article, made))


def _article(article: Element, made: Composition) -> dict[str, str]:
    """Write a JATS article; what its front matter says is returned."""
    front = next(nearest(article, "article-meta"))
    made.title = words(first(front, "article-title"))
    for abstract in nearest(front, "abstract"):
        if next(children(abstract, "title"), None) is None:
            made.heading("Abstract", 1)
        _section(abstract, 1, made)
    for part in article:
        if part.tag == "body":
            _section(part, 0, made)
        elif part.tag == "back":
            _section(part, 0, made)
            for references in nearest(part, "ref-list"):
                made.heading(words(next(children(references, "title"), None)) or "References", 1)
                made.block("\n".join(filter(None, (_prose(one) for one in nearest(references, "ref")))))
    authors = (first(one, "name", "string-name", "collab") for one in front.iter("contrib"))
    identifiers = {attribute(one, "pub-id-type"): words(one) for one in children(front, "article-id")}
    keywords = (words(one) for one in front.iter("kwd"))
    return {
        "author": ", ".join(filter(None, map(_name, authors))),
        "journal": words(first(article, "journal-title")),
        "year": words(first(first(front, "pub-date"), "year")),
        "doi": identifiers.get("doi", ""),
        "keywords": ", ".join(filter(None, keywords)),
    }


def _name(contributor: Element | None) -> str:
    given, surname = words(first(contributor, "given-names")), words(first(contributor, "surname"))
    return f"{given} {surname}".strip() or words(contributor)


def _section(section: Element, level: int, made: Composition) -> None:
    """Write the blocks of a section, whose own title is a heading of ``level``."""
    title = next(children(section, "title"), None)
    if title is not None:
        made.heading(f"{words(next(children(section, 'label'), None))} {words(title)}", level)
    for child in section:
        if child.tag in ("sec", "ack", "app", "notes", "app-group", "fn-group", "boxed-text"):
            _section(child, level + 1, made)
        elif child.tag in ("table-wrap", "fig"):
            made.block(" ".join(words(one) for one in child if one.tag in ("label", "caption")))
            made.table([_prose(cell) for cell in row if cell.tag in ("td", "th")] for row in nearest(child, "tr"))
        elif child.tag == "list":
            made.block("\n".join(_prose(item) for item in nearest(child, "list-item")))
        elif child.tag not in ("title", "label", "ref-list"):
            made.block(_prose(child))


def _prose(element: Element) -> str:
    """The text of a paragraph without what is not read: TeX beside the same formula in MathML, marks."""
    return " ".join("".join(_pieces(element)).split())


def _pieces(element: Element) -> Iterator[str]:
    yield element.text or ""
    for child in element:
        if child.tag != "tex-math":
            yield from _pieces(child)
            if child.tag in ("p", "title", "label"):
                yield " "
        yield child.tail or ""


def _title(root: Element) -> str:
    """The text of the first element ``title`` that does not stand deep."""
    level = [root]
    for _ in range(_TITLE_DEPTH):
        for one in level:
            if one.tag == "title":
                return words(one)
        level = [child for one in level for child in one]
    return ""


def _lines(element: Element) -> Iterator[str]:
    """The text of any XML, a line for each element; but in mixed content elements stand within the line."""
    own = [element.text or "", *(child.tail or "" for child in element)]
    if not len(element) or any(piece.strip() for piece in own):
        if line := words(element):
            yield line
    else:
        for child in element:
            yield from _lines(child)
