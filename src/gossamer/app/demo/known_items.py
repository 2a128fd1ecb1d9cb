"""Known-item queries made from the documents themselves: find a document again by its first sentence, which is cut out.

Azzopardi, de Rijke & Balog, "Building Simulated Queries for Known-Item Topics" (2007), with real sentences as queries.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from random import Random

from gossamer.text.documents import Document

_FIRST_SENTENCE = re.compile(r"[A-Z](?:[^\n]|\n(?!\n))*?[.!?](?=\s)")
_QUERY_WORDS = range(4, 31)
_REST_WORDS = 10


@dataclass(frozen=True, slots=True)
class KnownItem:
    """A query and the id of the one document that it was cut from."""

    query: str
    id: str


def cut(documents: Sequence[Document], count: int, seed: int = 0) -> tuple[list[KnownItem], list[Document]]:
    """Draw ``count`` documents, take the first sentence out of each and make it a query.

    Args:
        documents: A corpus of docstrings: an optional signature, an empty line, sentences.
        count: At most so many.
        seed: Of the draw.

    Returns:
        The queries, in random order, and the whole corpus with these sentences missing.

    Example:
        >>> text = "open(path)\\n\\nOpen a file for reading. It is an error if the path names nothing at all."
        >>> items, left = cut([Document("io.open", text, "io.open")], 1)
        >>> items[0].query, left[0].text[:17]
        ('Open a file for reading.', 'open(path)\\n\\nIt is')
    """
    possible = [found for found in map(_split, documents) if found is not None]
    drawn = Random(seed).sample(possible, min(count, len(possible)))
    rest = {identifier: text for identifier, _, text in drawn}
    left = [replace(one, text=rest.get(one.id, one.text)) for one in documents]
    return [KnownItem(query, identifier) for identifier, query, _ in drawn], left


def _split(document: Document) -> tuple[str, str, str] | None:
    """Id, first sentence and the text without it; None where there is no such sentence or nothing much else."""
    start = _end_of_signature(document)
    sentence = _FIRST_SENTENCE.match(document.text, start)
    if sentence is None or len(sentence[0].split()) not in _QUERY_WORDS:
        return None
    rest = document.text[sentence.end() :].lstrip()
    if len(rest.split()) < _REST_WORDS:
        return None
    return document.id, " ".join(sentence[0].split()), document.text[:start] + rest


def _end_of_signature(document: Document) -> int:
    name = document.id.rpartition(".")[2]
    head, separator, _ = document.text.partition("\n\n")
    return len(head) + 2 if separator and head.startswith((f"{name}(", f"class {name}")) else 0
