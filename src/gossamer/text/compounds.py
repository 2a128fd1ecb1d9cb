"""Learns from word frequencies which words are compounds, for languages that write them as one: "Donaudampfschiff".

Koehn and Knight, "Empirical Methods for Compound Splitting" (2003): the split whose parts have the largest geometric
mean of frequencies wins, if that beats the frequency of the whole word. Linking elements: s, es, n, en, er.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from gossamer import _native
from gossamer.text.analysis import analyzer

SHORTEST = 4


def frequencies(texts: Iterable[str]) -> Counter[str]:
    """How often each word of ``texts`` occurs, case-folded as the analysers see it.

    Example:
        >>> frequencies(["Der Dampf der Dampfer"])["der"]
        2
    """
    words: Counter[str] = Counter()
    standard = analyzer("standard")
    for text in texts:
        words.update(standard.terms(text))
    return words


def learn(
    words: Mapping[str, int], *, shortest: int = SHORTEST, at_least: int = 3, leave_out: Iterable[str] = ()
) -> dict[str, int]:
    """The table for ``Analyzer(compounds=...)``: the parts that compounds are made of, and words that resist a split.

    Every word of ``words`` is split by the table just as it would be by all of ``words``.

    Args:
        words: Frequencies of case-folded words, for example of ``frequencies``.
        shortest: Code points of the shortest part.
        at_least: Frequency of the rarest part.
        leave_out: Words that are never parts, such as stop words.

    Example:
        >>> learn({"dampf": 9, "schiff": 9, "dampfschiff": 1, "wasser": 5})
        {'dampf': 9, 'schiff': 9}
    """
    left_out = set(leave_out)
    known = {
        word: frequency
        for word, frequency in words.items()
        if len(word) >= shortest and frequency >= at_least and word.isalpha() and word not in left_out
    }
    candidates = [word for word in words if len(word) >= 2 * shortest and word.isalpha()]
    table: dict[str, int] = {}
    for parts in _split(known, candidates):
        table.update((part, known[part]) for part in parts)
    # A word that is more frequent than its parts must stay known, or it would be split for want of its frequency.
    rival = [word for word in candidates if word in known and word not in table]
    without = _native.split_compounds(list(table.items()), rival)
    table.update((word, known[word]) for word, ranges in zip(rival, without, strict=True) if ranges)
    return dict(sorted(table.items()))


def split(word: str, table: Mapping[str, int]) -> list[str]:
    """The parts of a case-folded word without linking elements; the word alone where it is no compound.

    Example:
        >>> split("arbeitsamt", {"arbeit": 20, "amt": 10})
        ['arbeit', 'amt']
    """
    (ranges,) = _native.split_compounds(list(table.items()), [word])
    return [word[start:end] for start, end in ranges] or [word]


def _split(known: Mapping[str, int], candidates: list[str]) -> list[list[str]]:
    found = _native.split_compounds(list(known.items()), candidates)
    return [[word[a:b] for a, b in ranges] for word, ranges in zip(candidates, found, strict=True)]
