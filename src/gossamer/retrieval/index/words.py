"""The words of a query as they were typed, where they may be corrected or have synonyms."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from operator import itemgetter
from typing import TYPE_CHECKING

from gossamer import _native

if TYPE_CHECKING:
    from gossamer.retrieval.index.snapshot import Snapshot

LOOKED_AT = 10_000  # characters of a query; words behind them are taken as they are
_IDENTIFIER = re.compile(r"[\d_\\@]|://")


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a query.

    Args:
        text: Case-folded.
        start, end: Code points of the query.
        terms: What the analyser makes of it; empty where it drops the word.
        letters: How many, where typing errors in it may be corrected; 0 for identifiers and for what is no word.
    """

    text: str
    start: int
    end: int
    terms: tuple[str, ...]
    letters: int


def bare_words(parser: _native.QueryParser, query: str, parts: Sequence[tuple[int, int]]) -> list[Word]:
    """The words that stand in some parts of a query, in order; those within its first ``LOOKED_AT`` characters.

    Args:
        parser: Of the index.
        query: As typed.
        parts: (start, end) of what stands between white space, ascending; a part with a digit, ``_``, ``\\``, ``@``,
            ``://`` or a capital after a small letter, from the second on, is an identifier.
    """
    words: list[Word] = []
    remaining = iter([part for part in parts if part[1] <= LOOKED_AT])
    part = next(remaining, None)
    identifier = part is not None and _is_identifier(query[slice(*part)])
    for _, group in groupby(_native.query_words(parser, query[:LOOKED_AT]), key=itemgetter(3)):
        same_place = list(group)  # a compound and its parts, or one word in several languages
        text, _, letters, _, start, end = max(same_place, key=lambda word: word[5] - word[4])
        while part is not None and part[1] <= start:
            part = next(remaining, None)
            identifier = part is not None and _is_identifier(query[slice(*part)])
        if part is not None and part[0] <= start and end <= part[1]:
            terms = tuple(sorted({term for _, term, *_ in same_place if term}))
            words.append(Word(text, start, end, terms, 0 if identifier else letters))
    return words


def live_terms(snapshot: Snapshot, terms: Sequence[str]) -> set[str]:
    """Those terms that some document holds."""
    live = _native.live_terms(snapshot.native, list(terms))
    return {term for term, is_live in zip(terms, live, strict=True) if is_live}


def _is_identifier(part: str) -> bool:
    # The first two letters of "Title" swapped are no camel case.
    return bool(_IDENTIFIER.search(part)) or any(a.islower() and b.isupper() for a, b in pairwise(part[1:]))
