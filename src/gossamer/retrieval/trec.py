"""TREC's own files of documents (``<DOC>``) and topics (``<top>``): SGML that no parser of XML accepts.

Every element but the id counts as text. Of a topic the title is the query, as is usual; its other parts are not read.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from pathlib import Path

from gossamer.errors import UsageError
from gossamer.retrieval.runs import numbered_lines

_ID = re.compile(r"<(?:docno|docid|num)>\s*(?:number:?)?\s*([^<\s]+)", re.IGNORECASE)
_TITLE = re.compile(r"<title>\s*(?:topic:?)?\s*([^<]*)", re.IGNORECASE)
_NAME = re.compile(r"<(docno|docid|docoldno|dochdr)>.*?</\1>", re.IGNORECASE | re.DOTALL)
_TAG = re.compile(r"</?[A-Za-z][^<>]*>")


def documents_of_trec(path: str | Path) -> Iterator[tuple[str, str]]:
    """(id, text) of every ``<DOC>``.

    Raises:
        UsageError: Naming the file and line of a document without an id or an end.
    """
    for where, block in _blocks(path, "DOC"):
        name = _id(where, block)
        yield name, _text(_NAME.sub(" ", block))


def topics_of_trec(path: str | Path) -> dict[str, str]:
    """Topic number to title; leading zeros stay, as judgements have them too.

    Raises:
        UsageError: Naming the file and line of a topic without number or title, or with a number used twice.
    """
    topics: dict[str, str] = {}
    for where, block in _blocks(path, "top"):
        name, title = _id(where, block), _TITLE.search(block)
        if title is None or not title[1].strip():
            raise UsageError(f"{where}: topic {name} has no <title>")
        if name in topics:
            raise UsageError(f"{where}: the topic {name} is there twice")
        topics[name] = _text(title[1])
    return topics


def _blocks(path: str | Path, tag: str) -> Iterator[tuple[str, str]]:
    """Where each element begins, and what is in it."""
    start, end = (re.compile(rf"<{slash}{tag}>", re.IGNORECASE) for slash in ("", "/"))
    inside: list[str] = []
    begun = ""
    for where, line in numbered_lines(path):
        if not begun and start.search(line):
            begun = where
            line = start.split(line, 1)[1]
        if not begun:
            continue
        closed = end.search(line)
        inside.append(line[: closed.start()] if closed else line)
        if closed:
            yield begun, "\n".join(inside)
            begun, inside = "", []
    if begun:
        raise UsageError(f"{begun}: <{tag}> has no end; is the file cut off?")


def _id(where: str, block: str) -> str:
    found = _ID.search(block)
    if found is None:
        raise UsageError(f"{where}: there is no id; a document has <DOCNO>, a topic <num>")
    return found[1]


def _text(block: str) -> str:
    return " ".join(html.unescape(_TAG.sub(" ", block)).split())
