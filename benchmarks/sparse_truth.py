"""What the best rows are, by a plain product of the original float32 vectors, a block of documents at a time.

A returned row is right when its score reaches the k-th best: rows that tie are not errors.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from benchmarks.report import OUT
from benchmarks.sparse_data import rows
from gossamer.retrieval.vectors import SparseVectors

_BLOCK = 20_000  # documents
_TOLERANCE = 1e-4  # of the k-th score: engines add in different orders and precisions


def products(documents: SparseVectors, queries: SparseVectors) -> Iterator[tuple[int, NDArray[np.float32]]]:
    """The first row of each block of documents, and the scores of the block, (documents in it, queries)."""
    dense = np.ascontiguousarray(queries.to_scipy().T.toarray(), np.float32)
    for start in range(0, len(documents), _BLOCK):
        block = rows(documents, start, min(start + _BLOCK, len(documents)))
        yield start, block.to_scipy() @ dense


class Truth:
    """The k-th best score of every query, kept on disk under ``name``."""

    def __init__(self, name: str, documents: SparseVectors, queries: SparseVectors, k: int = 10) -> None:
        self._documents, self._queries, self._k = documents, queries, k
        path = OUT / "vectors" / f"{name}.best-{k}.npy"
        if not path.exists():
            np.save(path, _kth_best(documents, queries, k))
        self._least = np.load(path)

    def recall(self, answers: Iterable[Sequence[int] | NDArray[np.int64]]) -> float:
        """Mean share of the k best rows that are among the answers, one for each query."""
        return float(np.mean([self._right(query, answer) for query, answer in enumerate(answers)]))

    def _right(self, query: int, answer: Sequence[int] | NDArray[np.int64]) -> float:
        weights = np.zeros(self._queries.dim, np.float32)
        part = slice(self._queries.indptr[query], self._queries.indptr[query + 1])
        weights[self._queries.indices[part]] = self._queries.values[part]
        least, found = self._least[query] * (1 - _TOLERANCE), 0
        for row in {int(row) for row in answer} - {-1}:
            entries = slice(self._documents.indptr[row], self._documents.indptr[row + 1])
            found += bool(weights[self._documents.indices[entries]] @ self._documents.values[entries] >= least)
        return min(found, self._k) / self._k


def _kth_best(documents: SparseVectors, queries: SparseVectors, k: int) -> NDArray[np.float32]:
    best = np.zeros((k, len(queries)), np.float32)
    for _, scores in products(documents, queries):
        best = np.partition(np.concatenate([best, scores]), -k, axis=0)[-k:]
    return best.min(axis=0)
