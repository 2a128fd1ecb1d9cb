"""BM25 as impact vectors, so that words and learned terms are one vector and a score is one inner product.

Fixed to one collection: N, df and the mean length are those of the documents given. An index computes the same when it
is searched, since they change with every commit.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from gossamer.errors import UsageError
from gossamer.retrieval.encoders.bm25 import BM25, BM25Encoder
from gossamer.retrieval.vectors import SparseVectors

Floats = NDArray[np.floating]

_VARIANTS = ("lucene", "atire", "bm25l", "bm25plus", "tfidf")


class WordImpacts:
    """What BM25 gives every word of every document, and the queries that go with it.

    Args:
        texts: Documents, gone through once.
        encoder: A variant whose weights are not negative and stand for themselves: ``lucene``, ``atire``, ``bm25l``,
            ``bm25plus`` or ``tfidf``.

    Raises:
        UsageError: Another variant.

    Example:
        >>> words = WordImpacts(["swept wings", "wings and wings", "boats"])
        >>> [{term: round(w, 3) for term, w in row.items()} for row in words.documents.to_dicts()]
        [{'swept': 0.412, 'wing': 0.197}, {'wing': 0.278}, {'boat': 0.533}]
        >>> words.queries(["boats and boats"]).to_dicts()
        [{'boat': 2.0}]
    """

    def __init__(self, texts: Iterable[str], encoder: BM25Encoder | None = None) -> None:
        encoder = encoder or BM25Encoder()
        self._analyzer = encoder.analyzer
        self._columns: dict[str, int] = {}
        counts = self._counted(texts)
        self.terms = list(self._columns)
        self.documents = impacts(counts, encoder.scoring)
        self.documents.vocabulary = self.terms

    def queries(self, texts: Sequence[str]) -> SparseVectors:
        """How often each query holds each word of the documents, shape ``(len(texts), len(self.terms))``."""
        known = self._columns
        rows = [Counter(known[term] for term in self._analyzer.terms(text) if term in known) for text in texts]
        return SparseVectors(
            np.cumsum([0, *map(len, rows)]), [column for row in rows for column in row],
            [count for row in rows for count in row.values()], len(known), self.terms,
        )  # fmt: skip

    def _counted(self, texts: Iterable[str]) -> SparseVectors:
        """Raw term frequencies; columns are numbered as words come."""
        columns, counts, ends = array("I"), array("f"), array("q", [0])
        number = self._columns
        for text in texts:
            row = Counter(self._analyzer.terms(text))
            columns.extend(number.setdefault(term, len(number)) for term in row)
            counts.extend(row.values())
            ends.append(len(columns))
        return SparseVectors(
            np.frombuffer(ends, np.int64), np.frombuffer(columns, np.uint32), np.frombuffer(counts, np.float32),
            len(number),
        )  # fmt: skip


def impacts(counts: SparseVectors, scoring: BM25) -> SparseVectors:
    """Term frequencies to the whole weight of a term in a document; see the table of :class:`BM25`.

    Raises:
        UsageError: The variant has weights that are negative, or a part that no term carries.
    """
    if scoring.variant not in _VARIANTS or scoring.compat is not None:
        raise UsageError(
            f"variant={scoring.variant!r}, compat={scoring.compat!r} cannot be written as impact vectors: "
            f"{', '.join(_VARIANTS)} can; make an index and evaluate that"
        )
    n = len(counts)
    f = counts.values.astype(np.float64)
    rows = np.repeat(np.arange(n), np.diff(counts.indptr))
    lengths = np.bincount(rows, f, minlength=n)
    frequencies = np.bincount(counts.indices, minlength=counts.dim)
    mean = max(float(lengths.mean()), 1.0) if n else 1.0
    norms = (1 - scoring.b + scoring.b * lengths / mean)[rows]
    weights: Floats = _idf(frequencies, n, scoring)[counts.indices] * _tf(f, norms, scoring)
    return SparseVectors(counts.indptr, counts.indices, weights, counts.dim, counts.vocabulary)


def beside(left: SparseVectors, right: SparseVectors, weight: float = 1.0) -> SparseVectors:
    """``left`` and ``weight`` times ``right`` as one vector a row, over the columns of both.

    Raises:
        UsageError: They have not the same number of rows.

    Example:
        >>> a, b = SparseVectors([0, 1], [0], [1.0], 2), SparseVectors([0, 1], [0], [3.0], 1)
        >>> beside(a, b, weight=2).to_dicts()
        [{'#0': 1.0, '#2': 6.0}]
    """
    if len(left) != len(right):
        raise UsageError(f"{len(left)} vectors beside {len(right)}: both must be of the same texts")
    counts = np.diff(left.indptr), np.diff(right.indptr)
    indptr = left.indptr + right.indptr
    indices = np.empty(indptr[-1], np.uint32)
    values = np.empty(indptr[-1], np.float32)
    at_left = _places(indptr[:-1], counts[0])
    at_right = _places(indptr[:-1] + counts[0], counts[1])
    indices[at_left], values[at_left] = left.indices, left.values
    indices[at_right], values[at_right] = right.indices + np.uint32(left.dim), right.values * np.float32(weight)
    return SparseVectors(indptr, indices, values, left.dim + right.dim)


def _places(starts: NDArray[np.int64], counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """starts[i], starts[i] + 1, ... for counts[i] entries of every i."""
    before = np.cumsum(counts) - counts
    places: NDArray[np.int64] = np.arange(int(counts.sum())) + np.repeat(starts - before, counts)
    return places


def _idf(n: NDArray[np.int64], total: int, scoring: BM25) -> Floats:
    n = np.maximum(n, 1)  # a column without documents is looked up by nobody
    match scoring.variant:
        case "lucene":
            return np.log1p((total - n + 0.5) / (n + 0.5))
        case "atire":
            return np.log(total / n)
        case "bm25l":
            return np.log((total + 1) / (n + 0.5))
    return np.log((total + 1) / n)


def _tf(f: Floats, norms: Floats, scoring: BM25) -> Floats:
    k1, delta = scoring.k1, scoring.delta or 0.0
    match scoring.variant:
        case "lucene":
            return f / (f + k1 * norms)
        case "bm25l":
            c = f / norms
            return (k1 + 1) * (c + delta) / (k1 + c + delta)
        case "tfidf":
            return 1 + np.log1p(np.log(delta + f / norms))
    plus = delta if scoring.variant == "bm25plus" else 0.0
    return plus + f * (k1 + 1) / (f + k1 * norms)
