"""What bibliographies have in common: an entry becomes a document with title, authors, year, source and abstract."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from gossamer.text.documents import Document
from gossamer.text.readers.records import RecordError

_YEAR = re.compile(r"(?<!\d)\d{4}(?!\d)")
_SOURCES = ("journal", "journaltitle", "booktitle", "school", "institution", "publisher", "howpublished")


def to_document(identifier: str, kind: str, entry: Mapping[str, str | list[str]]) -> Document:
    """An entry as a document.

    Its text is the title, a line with authors, year and source, and the abstract; its fields are those of the entry,
    the year as a number.

    Args:
        identifier: The document's id.
        kind: ``article``, ``book`` ...
        entry: Fields by their names in BibTeX, but ``authors`` and ``keywords`` are lists.

    Raises:
        RecordError: The entry has neither a title nor an abstract.

    Example:
        >>> to_document("w", "book", {"title": "Wings", "authors": ["Ada Byron"], "year": "1843"}).text
        'Wings\\nAda Byron, 1843'
    """
    fields: dict[str, Any] = {"type": kind, **{name: value for name, value in entry.items() if value}}
    title, abstract = str(fields.pop("title", "")), str(fields.get("abstract", ""))
    if not title and not abstract:
        raise RecordError("an entry with neither a title nor an abstract")
    year = _YEAR.search(str(fields.pop("year", "") or fields.get("date", "")))
    if year:
        fields["year"] = int(year[0])
    source = next((str(fields[name]) for name in _SOURCES if name in fields), "")
    about = ", ".join(part for part in (*fields.get("authors", ()), year[0] if year else "", source) if part)
    head = "\n".join(part for part in (title, about) if part)
    return Document(identifier, "\n\n".join(part for part in (head, abstract) if part), title, fields)
