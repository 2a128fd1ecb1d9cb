"""Typing errors in a query: which words of the index a mistyped one may have been meant to be.

Candidates are within one or two edits by optimal string alignment (Damerau, "A technique for computer detection and
correction of spelling errors", 1964); of equally near ones the more frequent is the likelier (Kernighan, Church & Gale,
"A spelling correction program based on a noisy channel model", 1990).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gossamer import _native
from gossamer.errors import UsageError
from gossamer.retrieval.index.words import Word, live_terms

if TYPE_CHECKING:
    from gossamer.retrieval.index.snapshot import Snapshot

MOST_CORRECTED = 32  # words of a query
TWO_EDITS_FROM = 8  # letters; shorter words may differ by one edit
MOST_REPLACEMENTS = 3  # for a word that occurs nowhere
MOST_FORCED = 10  # for a word that may well be right
FAR_MORE_FREQUENT = 100  # times as frequent as what was typed, to be suggested for it
_CANDIDATES = 50


@dataclass(frozen=True, slots=True)
class Correction:
    """Words that are searched beside one that may be mistyped.

    Args:
        word: As typed.
        start, end: Where it stands in the query, in code points.
        replacements: Words of the index with the edits that lead to them, likeliest first.
    """

    word: str
    start: int
    end: int
    replacements: tuple[tuple[str, int], ...]

    def to_dict(self) -> dict[str, Any]:
        """As JSON values: word and replacements."""
        return {"word": self.word, "replacements": [word for word, _ in self.replacements]}


class Corrector:
    """Finds corrections in the words of a snapshot, of at most ``MOST_CORRECTED`` words a query.

    Args:
        snapshot: What is searched.
        parser: Of its index.
    """

    def __init__(self, snapshot: Snapshot, parser: _native.QueryParser) -> None:
        self._snapshot, self._parser = snapshot, parser

    def corrections(self, query: str, words: Iterable[Word], typos: int | None) -> list[Correction]:
        """What a search looks for beside the words typed.

        Args:
            query: As typed.
            words: Of the query.
            typos: None: words that occur nowhere, by one edit, or by two from 8 letters on, and only the nearest
                candidates. 1 or 2: every word by up to so many edits. 0: nothing.
        """
        if typos == 0:
            return []
        words = [word for word in words if word.letters and word.terms]
        if typos is None:
            words = self._unknown(words)
        found = []
        for word in words[:MOST_CORRECTED]:
            near = self._nearest(word) if typos is None else self._within(word, typos)
            if replacements := self.distinct(word, near, MOST_REPLACEMENTS if typos is None else MOST_FORCED):
                found.append(_correction(query, word, replacements))
        return found

    def terms(self, correction: Correction, typos: int | None) -> dict[str, float]:
        """The terms of the replacements with their weights.

        With ``typos`` given 1 / (1 + edits); else 1 for the likeliest, 1/2 for the next, then 1/3.
        """
        weights: dict[str, float] = {}
        for place, (word, edits) in enumerate(correction.replacements):
            for term, _ in self._parser.parse(word):
                weights.setdefault(term, 1 / (1 + place) if typos is None else 1 / (1 + edits))
        return weights

    def _nearest(self, word: Word) -> list[tuple[str, int, int]]:
        """The candidates with the fewest edits; two are only tried where one leads nowhere, for that takes longer."""
        return self._within(word, 1) or (self._within(word, 2) if word.letters >= TWO_EDITS_FROM else [])

    def _within(self, word: Word, edits: int) -> list[tuple[str, int, int]]:
        return [one for one in _native.similar_words(self._snapshot.native, word.text, edits, _CANDIDATES) if one[1]]

    def _unknown(self, words: Sequence[Word]) -> list[Word]:
        live = live_terms(self._snapshot, list({term for word in words for term in word.terms}))
        return [word for word in words if live.isdisjoint(word.terms)]

    def distinct(self, word: Word, near: Iterable[tuple[str, int, int]], most: int) -> list[tuple[str, int]]:
        """The first words that lead to terms which neither the word nor one before leads to."""
        seen, found = {word.terms}, []
        for candidate, edits, _ in near:
            terms = tuple(term for term, _ in self._parser.parse(candidate))
            if terms not in seen:
                seen.add(terms)
                found.append((candidate, edits))
                if len(found) == most:
                    break
        return found


def rare_words(snapshot: Snapshot, parser: _native.QueryParser, query: str, words: Iterable[Word]) -> list[Correction]:
    """Words of a query that occur, but one edit from which there is one ``FAR_MORE_FREQUENT``.

    Args:
        snapshot: What is searched.
        parser: Of its index.
        query: As typed.
        words: Of the query; at most ``MOST_CORRECTED`` are looked at.
    """
    corrector, found = Corrector(snapshot, parser), []
    for word in [word for word in words if word.letters and word.terms][:MOST_CORRECTED]:
        near = _native.similar_words(snapshot.native, word.text, 1, _CANDIDATES)
        if near and near[0][1] == 0:
            frequent = [one for one in near[1:] if one[2] >= FAR_MORE_FREQUENT * near[0][2]]
            if replacements := corrector.distinct(word, frequent, 1):
                found.append(_correction(query, word, replacements))
    return found


def check_typos(typos: int | None) -> None:
    """Raise UsageError for anything but None, 0, 1 and 2."""
    if typos is not None and (isinstance(typos, bool) or typos not in (0, 1, 2)):
        raise UsageError(f"typos={typos!r} must be None (only words that occur nowhere), 0 (none), 1 or 2 edits")


def put_right(query: str, corrections: Iterable[Correction]) -> str:
    """The query with each corrected word replaced by the likeliest.

    Example:
        >>> put_right("wing lfit", [Correction("lfit", 5, 9, (("lift", 1), ("lit", 1)))])
        'wing lift'
    """
    parts, at = [], 0
    for correction in sorted(corrections, key=lambda one: one.start):
        parts += [query[at : correction.start], correction.replacements[0][0]]
        at = correction.end
    return "".join([*parts, query[at:]])


def _correction(query: str, word: Word, replacements: Sequence[tuple[str, int]]) -> Correction:
    return Correction(query[word.start : word.end], word.start, word.end, tuple(replacements))
