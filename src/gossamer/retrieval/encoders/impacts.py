"""BM25 of a fixed collection as an inner product: what each word of a document counts, worked out beforehand.

Anh & Moffat, "Pruned Query Evaluation Using Pre-Computed Impacts" (2006). An index does the same when it searches,
since N, df and the mean length change with every commit (:class:`~gossamer.retrieval.encoders.bm25.BM25Encoder`); this
is for where vectors have to be complete: as a teacher, to mine training data, or beside learned vectors.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gossamer.errors import UsageError
from gossamer.retrieval.encoders.base import SparseEncoder
from gossamer.retrieval.encoders.bm25 import BM25, BM25Encoder
from gossamer.retrieval.vectors import SparseVectors

Floats = NDArray[np.floating]

_VARIANTS = ("lucene", "atire", "bm25l", "bm25plus", "tfidf")


class Impacts(SparseEncoder):
    """What BM25 gives every word of a document, and the queries that go with it.

    Args:
        documents: The collection that N, df and the mean length are taken from, gone through once; its words are the
            vocabulary, and others count nothing.
        encoder: A variant whose weights are not negative and stand for themselves: ``lucene``, ``atire``, ``bm25l``,
            ``bm25plus`` or ``tfidf``.

    Attributes:
        documents: Vectors of the collection, shape ``(n, len(self.terms))``.

    Raises:
        UsageError: Another variant.

    Example:
        >>> bm25 = Impacts(["swept wings", "wings and wings", "boats"])
        >>> [{term: round(w, 3) for term, w in row.items()} for row in bm25.documents.to_dicts()]
        [{'swept': 0.412, 'wing': 0.197}, {'wing': 0.278}, {'boat': 0.533}]
        >>> bm25.encode_queries(["boats and boats"]).to_dicts()
        [{'boat': 2.0}]
    """

    scoring = "dot"

    def __init__(self, documents: Iterable[str], encoder: BM25Encoder | None = None) -> None:
        encoder = encoder or BM25Encoder()
        self._analyzer, self._scoring = encoder.analyzer, _checked(encoder.scoring)
        self._columns: dict[str, int] = {}
        counts, lengths = self._counted(documents, new=True)
        self._terms = list(self._columns)
        self._seen = Seen(len(counts), np.bincount(counts.indices, minlength=counts.dim), _mean(lengths))
        self.documents = self._weighed(counts, lengths)

    @property
    def terms(self) -> list[str]:
        """Column to term."""
        return self._terms

    def encode_queries(self, texts: Sequence[str]) -> SparseVectors:
        """How often each query holds each word of the collection, shape ``(len(texts), len(self.terms))``."""
        counts, _ = self._counted(texts)
        counts.vocabulary = self._terms
        return counts

    def encode_documents(self, texts: Sequence[str]) -> SparseVectors:
        """Weights of texts that need not be of the collection, shape ``(len(texts), len(self.terms))``."""
        return self._weighed(*self._counted(texts))

    def _counted(self, texts: Iterable[str], *, new: bool = False) -> tuple[SparseVectors, Floats]:
        """Raw frequencies of the words that have a column, and lengths with all words; ``new`` words get columns."""
        columns, counts, ends, lengths = array("I"), array("f"), array("q", [0]), array("d")
        number = self._columns
        for text in texts:
            row = Counter(self._analyzer.terms(text))
            lengths.append(row.total())
            for term, count in row.items():
                column = number.setdefault(term, len(number)) if new else number.get(term)
                if column is not None:
                    columns.append(column)
                    counts.append(count)
            ends.append(len(columns))
        return SparseVectors(
            np.frombuffer(ends, np.int64), np.frombuffer(columns, np.uint32), np.frombuffer(counts, np.float32),
            len(number),
        ), np.frombuffer(lengths, np.float64)  # fmt: skip

    def _weighed(self, counts: SparseVectors, lengths: Floats) -> SparseVectors:
        scoring, seen = self._scoring, self._seen
        norms = 1 - scoring.b + scoring.b * lengths / seen.mean
        of_entries = np.repeat(norms, np.diff(counts.indptr))
        idf = _idf(seen.frequencies, seen.n, scoring)
        weights = idf[counts.indices] * _tf(counts.values.astype(np.float64), of_entries, scoring)
        return SparseVectors(counts.indptr, counts.indices, weights, counts.dim, self._terms)


@dataclass(frozen=True)
class Seen:
    """What BM25 knows of a collection.

    Args:
        n: Documents.
        frequencies: (|V|,) documents that hold each word.
        mean: Length of a document.
    """

    n: int
    frequencies: NDArray[np.int64]
    mean: float


def _checked(scoring: BM25) -> BM25:
    if scoring.variant not in _VARIANTS or scoring.compat is not None:
        raise UsageError(
            f"variant={scoring.variant!r}, compat={scoring.compat!r} cannot be written as impact vectors: "
            f"{', '.join(_VARIANTS)} can; make an index and evaluate that"
        )
    return scoring


def _mean(lengths: Floats) -> float:
    return max(float(lengths.mean()), 1.0) if len(lengths) else 1.0


def _idf(n: NDArray[np.int64], total: int, scoring: BM25) -> Floats:
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
