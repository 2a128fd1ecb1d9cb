"""EPUB (2 and 3): the chapters of a book in reading order, each read as the HTML page that it is."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from typing import BinaryIO
from xml.etree.ElementTree import Element

from gossamer.errors import Unreadable
from gossamer.text.documents import Document
from gossamer.text.readers.composition import Composition
from gossamer.text.readers.encoding import decode_markup
from gossamer.text.readers.html import everything
from gossamer.text.readers.markup import attribute, children, first, words
from gossamer.text.readers.package import Package, PackageReader, resolve
from gossamer.text.readers.registry import Options, register

_PAGES = frozenset(("application/xhtml+xml", "text/html", "application/x-dtbook+xml"))
# In HTML these elements have no short form: what XHTML closes with `/>` would go on to the end of the page.
_SHORT_FORM = re.compile(r"<(title|script|style|textarea|iframe|noscript|a|i|b|em|span|div|p)(\s[^<>]*)?/>")


@register
class EpubReader(PackageReader):
    """One document: a book."""

    name = "epub"
    extensions = (".epub",)
    media_type = b"application/epub+zip"

    def read(self, stream: BinaryIO, path: str, options: Options) -> Iterator[Document]:
        """One document; a chapter that cannot be read is reported to ``options.skip`` and left out."""
        package = Package(stream, path, options)
        root_file = first(package.xml("META-INF/container.xml"), "rootfile")
        if root_file is None:
            raise Unreadable(path, "no book in it (META-INF/container.xml names none)")
        book_name = resolve("", attribute(root_file, "full-path"))
        book, folder = package.xml(book_name), posixpath.dirname(book_name)
        encrypted = _encrypted(package)
        made = Composition(path, options)
        made.title = words(first(book, "title"))
        for chapter in _chapters(book, folder):
            try:
                if chapter in encrypted:
                    raise Unreadable(path, "encrypted (DRM)")
                page = _SHORT_FORM.sub(r"<\1\2></\1>", decode_markup(package.bytes(chapter), path))
                made.composed(*everything(page, path))
            except Unreadable as error:
                options.skip(f"{path}:{chapter}", error.reason)
        yield made.document(author=words(first(book, "creator")), language=words(first(book, "language")))


def _chapters(book: Element, folder: str) -> Iterator[str]:
    """The names of the parts in reading order, each once."""
    parts = {attribute(item, "id"): item for item in children(first(book, "manifest"), "item")}
    for one in dict.fromkeys(attribute(item, "idref") for item in children(first(book, "spine"), "itemref")):
        if one in parts and attribute(parts[one], "media-type") in _PAGES:
            yield resolve(folder, attribute(parts[one], "href"))


def _encrypted(package: Package) -> frozenset[str]:
    root = package.optional("META-INF/encryption.xml")
    references = root.iter("CipherReference") if root is not None else ()
    return frozenset(resolve("", attribute(one, "URI")) for one in references)
