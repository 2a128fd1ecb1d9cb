"""BM25 of a fixed collection as an inner product: what each word of a document counts, worked out beforehand.

Robertson & Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond" (2009), in Lucene's form. An index does
the same when it searches (:class:`~gossamer.retrieval.encoders.bm25.BM25Encoder`); this is for where vectors have to be
complete: as a teacher, or to mine training data.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from gossamer.errors import UsageError
from gossamer.retrieval.encoders.base import SparseEncoder
from gossamer.retrieval.vectors import SparseVectors
from gossamer.text.analysis import Analyzer, analyzer


class Impacts(SparseEncoder):
    """``idf(t) f / (f + k1 (1 - b + b L / A))`` for a document's words, counts for a query's.

    Args:
        documents: The collection that idf and the mean length A are taken from; its words are the vocabulary, and
            others count nothing.
        k1: How soon repetition of a word stops counting; >= 0.
        b: How much length counts, in [0, 1].
        words: An analyser, or the name of one.

    Raises:
        UsageError: No document has a word.

    Example:
        >>> bm25 = Impacts(["wings lift", "tea"])
        >>> bm25.encode_queries(["tea and wings"]).to_dicts()
        [{'wing': 1.0, 'tea': 1.0}]
    """

    def __init__(
        self, documents: Sequence[str], *, k1: float = 1.2, b: float = 0.75, words: str | Analyzer = "english"
    ) -> None:
        self._analyzer, self._k1, self._b = analyzer(words), k1, b
        frequency: Counter[str] = Counter()
        length = 0
        for text in documents:
            terms = self._analyzer.terms(text)
            frequency.update(set(terms))
            length += len(terms)
        if not frequency:
            raise UsageError("BM25 needs a collection, and no document has a word")
        self._mean = length / len(documents)
        self._columns = {term: column for column, term in enumerate(frequency)}
        seen = np.fromiter(frequency.values(), np.float64)
        self._idf = np.log1p((len(documents) - seen + 0.5) / (seen + 0.5))

    @property
    def terms(self) -> list[str]:
        """Column to term."""
        return list(self._columns)

    def encode_queries(self, texts: Sequence[str]) -> SparseVectors:
        """How often each query holds each term, shape ``(len(texts), len(self.terms))``."""
        return self._vectors([Counter(self._analyzer.terms(text)) for text in texts])

    def encode_documents(self, texts: Sequence[str]) -> SparseVectors:
        """Impacts, shape ``(len(texts), len(self.terms))``."""
        rows = []
        for text in texts:
            counts = Counter(self._analyzer.terms(text))
            damping = self._k1 * (1 - self._b + self._b * counts.total() / self._mean)
            rows.append({
                term: self._idf[self._columns[term]] * count / (count + damping)
                for term, count in counts.items()
                if term in self._columns
            })  # fmt: skip
        return self._vectors(rows)

    def _vectors(self, rows: Sequence[Counter[str] | dict[str, float]]) -> SparseVectors:
        known = [[(self._columns[term], value) for term, value in row.items() if term in self._columns] for row in rows]
        return SparseVectors(
            np.cumsum([0, *map(len, known)]),
            np.array([column for row in known for column, _ in row], np.uint32),
            np.array([value for row in known for _, value in row], np.float32),
            len(self._columns),
            self.terms,
        )
