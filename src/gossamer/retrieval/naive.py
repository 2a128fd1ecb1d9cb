"""The naive rankers that every method is measured against: at random, and by counting substrings.

They scan their documents for every query; that is the point.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from heapq import nsmallest
from random import Random
from typing import Any

from gossamer.text.documents import Document


class RandomRanking:
    """Ranks documents by chance: the floor of every measure.

    The same seed and query always give the same ranking.

    Example:
        >>> ranker = RandomRanking(["to be", "or not", "to be"], seed=1)
        >>> ranker.rank(["be"], k=3) == ranker.rank(["be"], k=3)
        True
    """

    def __init__(self, documents: Iterable[str | Mapping[str, Any] | Document], seed: int = 0) -> None:
        self._names = [name for name, _ in map(_name_and_text, enumerate(documents))]
        self._seed = seed

    def rank(self, queries: list[str], k: int = 10) -> list[list[tuple[str, float]]]:
        """For each query ``k`` documents drawn without replacement, with falling random scores in [0, 1)."""
        ranked = []
        for query in queries:
            random = Random(f"{self._seed}:{query}")
            chosen = random.sample(self._names, min(k, len(self._names)))
            scores = sorted((random.random() for _ in chosen), reverse=True)
            ranked.append(list(zip(chosen, scores, strict=True)))
        return ranked


class SubstringCount:
    """Ranks by how often the words of the query occur in the lower-cased text, as in ``grep -io | wc -l``.

    No analysis, no weights, no length normalisation: "art" is found in "start".

    Example:
        >>> SubstringCount(["start the art", "a cart", "none"]).rank(["ART"])
        [[('0', 2.0), ('1', 1.0)]]
    """

    def __init__(self, documents: Iterable[str | Mapping[str, Any] | Document]) -> None:
        self._documents = [(name, text.lower()) for name, text in map(_name_and_text, enumerate(documents))]

    def rank(self, queries: list[str], k: int = 10) -> list[list[tuple[str, float]]]:
        """For each query at most ``k`` documents that hold any of its words; equal counts in the order of insertion."""
        ranked = []
        for query in queries:
            words = query.lower().split()
            counts = ((name, float(sum(text.count(word) for word in words))) for name, text in self._documents)
            ranked.append(nsmallest(k, (pair for pair in counts if pair[1]), key=lambda pair: -pair[1]))
        return ranked


def _name_and_text(numbered: tuple[int, str | Mapping[str, Any] | Document]) -> tuple[str, str]:
    number, document = numbered
    if isinstance(document, str):
        return str(number), document
    if isinstance(document, Document):
        return document.id, f"{document.title}\n{document.text}"
    return str(document["id"]), f"{document.get('title', '')}\n{document['text']}"
