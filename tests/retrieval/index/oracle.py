"""BM25 and its variants over plain Python lists, written from the formulas: what every ranking is checked against."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

import numpy as np

from gossamer.retrieval import BM25


def lucene_length(length: int) -> int:
    """Lucene's one-byte norm, decoded: exact below 40, then the four leading bits of length - 24."""
    if length < 40:
        return length
    rest = length - 24
    shift = rest.bit_length() - 4
    return (rest >> shift << shift) + 24


class Corpus:
    """Rows of terms; row i belongs to document ``owner[i]`` (itself by default)."""

    def __init__(self, rows: Sequence[Sequence[str]], owner: Sequence[int] | None = None) -> None:
        self.counts = [Counter(row) for row in rows]
        self.lengths = [len(row) for row in rows]
        self.owner = list(owner) if owner is not None else list(range(len(rows)))
        self.total = sum(self.lengths)
        self.mean = self.total / len(rows) if rows else 0.0
        self.df: Counter[str] = Counter(term for count in self.counts for term in count)
        self.cf: Counter[str] = Counter()
        for count in self.counts:
            self.cf.update(count)

    def weight(self, s: BM25, term: str, row: int) -> float:
        """Document weight of a term that the row holds."""
        n, total, f = self.df[term], len(self.counts), self.counts[row][term]
        length = lucene_length(self.lengths[row]) if s.compat == "lucene" else self.lengths[row]
        norm = 1 - s.b + s.b * length / self.mean if self.mean else 1
        c = f / norm
        assert s.delta is not None
        match s.variant:
            case "robertson":
                return math.log((total - n + 0.5) / (n + 0.5)) * f * (s.k1 + 1) / (f + s.k1 * norm)
            case "lucene":
                return math.log(1 + (total - n + 0.5) / (n + 0.5)) * f / (f + s.k1 * norm)
            case "atire":
                return math.log(total / n) * f * (s.k1 + 1) / (f + s.k1 * norm)
            case "bm25l":
                return math.log((total + 1) / (n + 0.5)) * (s.k1 + 1) * (c + s.delta) / (s.k1 + c + s.delta)
            case "bm25plus":
                return math.log((total + 1) / n) * (s.delta + f * (s.k1 + 1) / (f + s.k1 * norm))
            case "tfidf":
                return math.log((total + 1) / n) * (1 + math.log(1 + math.log(s.delta + c)))
            case "ql_dirichlet":
                return math.log(1 + f / (s.mu * self.cf[term] / self.total))

    def score(self, s: BM25, query: Sequence[str], row: int) -> float | None:
        """The score of a row, or None when it holds no query term."""
        words = Counter(t for t in query if t in self.df)
        held = [t for t in sorted(words, key=str.encode) if t in self.counts[row]]
        if not held:
            return None
        total = sum(words[t] * self.weight(s, t, row) for t in held)
        if s.variant == "ql_dirichlet":
            total += sum(words.values()) * math.log(s.mu / (self.lengths[row] + s.mu))
        return total

    def rank(self, s: BM25, query: Sequence[str], k: int) -> list[tuple[int, float]]:
        """(document, score) by best row, score descending, then document number."""
        best: dict[int, float] = {}
        for row, owner in enumerate(self.owner):
            score = self.score(s, query, row)
            if score is not None:
                rounded = float(np.float32(score))
                best[owner] = max(best.get(owner, -math.inf), rounded)
        return sorted(best.items(), key=lambda pair: (-pair[1], pair[0]))[:k]
