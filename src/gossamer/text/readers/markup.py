"""XML into a tree, safely: no entity is declared, nothing outside is fetched, and depth is bounded.

Billion laughs (CVE-2003-1564) and its relatives need declared entities; a mere ``<!DOCTYPE article ...>`` is ignored.
"""

from __future__ import annotations

from collections.abc import Iterator
from html.entities import html5
from typing import NoReturn
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from gossamer.errors import Unreadable
from gossamer.text.readers.encoding import decode_markup

MAX_DEPTH = 200
"""Elements one inside the other; what people write has a tenth of that."""


class _RefusedError(Exception):
    """Well-formed, but not what a document needs."""


def parse(data: bytes, path: str) -> Element:
    """The root of an XML file, its tags without their namespaces.

    Attributes keep theirs, since ``id`` and ``r:id`` may stand side by side; `attribute` finds them.

    Raises:
        Unreadable: It is not well-formed, declares entities, or is nested deeper than `MAX_DEPTH`.

    Example:
        >>> parse(b'<w:p xmlns:w="urn:w">Lift</w:p>', "a.xml").tag
        'p'
    """
    try:
        try:
            return _tree(data)
        except (LookupError, ValueError):  # an encoding that Expat does not know
            return _tree(decode_markup(data, path))
    except _RefusedError as error:
        raise Unreadable(path, str(error)) from None
    except expat.ExpatError as error:
        what = expat.ErrorString(error.code)
        raise Unreadable(path, f"not well-formed XML ({what} in line {error.lineno})") from None
    except (LookupError, ValueError) as error:
        raise Unreadable(path, f"not well-formed XML ({error})") from None


def _tree(data: bytes | str) -> Element:
    builder, parser, depth = TreeBuilder(), expat.ParserCreate(namespace_separator="}"), 0

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > MAX_DEPTH:
            raise _RefusedError(f"XML nested deeper than {MAX_DEPTH} levels")
        builder.start(tag.rpartition("}")[2], attributes)

    def end(tag: str) -> None:
        nonlocal depth
        depth -= 1
        builder.end(tag.rpartition("}")[2])

    def refuse_entity(*_: object) -> NoReturn:
        raise _RefusedError("declares XML entities, which are not expanded here")

    def unparsed(text: str) -> None:
        # Names such as &mdash; stand in a DTD that is not fetched; those of HTML are the same.
        if text.startswith("&"):
            builder.data(html5.get(text[1:], text))

    parser.buffer_text = True
    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler = builder.data
    parser.EntityDeclHandler = refuse_entity
    parser.DefaultHandlerExpand = unparsed
    parser.Parse(data, True)
    return builder.close()


def attribute(element: Element, name: str, default: str = "") -> str:
    """An attribute by its local name, or by the end of its namespace, ``}`` and its local name.

    Example:
        >>> attribute(parse(b'<a xmlns:x="urn:x" x:val="1"/>', "a.xml"), "val")
        '1'
    """
    if name in element.attrib:
        return element.attrib[name]
    suffix = name if "}" in name else "}" + name
    return next((value for key, value in element.attrib.items() if key.endswith(suffix)), default)


def first(element: Element | None, *tags: str) -> Element | None:
    """The first descendant with one of these tags, in the order of the document."""
    return None if element is None else next((one for one in element.iter() if one.tag in tags), None)


def words(element: Element | None) -> str:
    """All text at or below an element, white space collapsed; empty for None."""
    return "" if element is None else " ".join("".join(element.itertext()).split())


def children(element: Element | None, tag: str) -> Iterator[Element]:
    """Those children that have the tag; none for None."""
    return iter(()) if element is None else (child for child in element if child.tag == tag)


def nearest(element: Element, tag: str) -> Iterator[Element]:
    """The outermost descendants with a tag: rows of a table, and not those of a table in its cells."""
    for child in element:
        if child.tag == tag:
            yield child
        else:
            yield from nearest(child, tag)


def number(text: str, default: int = 0) -> int:
    """A small whole number; ``default`` for any other text."""
    return int(text) if text.isdecimal() and len(text) < 10 else default
