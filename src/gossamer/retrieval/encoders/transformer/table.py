"""Weights of a text's own words by a table: the side of an encoder that reads no context, as a look-up in the core."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from gossamer.errors import UsageError
from gossamer.retrieval.encoders.parts import Limits
from gossamer.retrieval.encoders.transformer.library_tokenizer import LibraryTokenizer
from gossamer.retrieval.encoders.transformer.wordpiece import WordPiece
from gossamer.retrieval.vectors import SparseVectors


class LookUp:
    """Texts to vectors by a table.

    Args:
        tokenizer: Text to ids.
        terms: Column to word.
        table: (len(terms),) non-negative weights.
        counts: A word weighs so many times what it occurs, or once.
        limits: Which weights of a text are kept.
        threads: Texts that are read at a time.

    Raises:
        UsageError: A weight is not finite.

    Example:
        >>> pieces = WordPiece({"[UNK]": 0, "wing": 1, "lift": 2})
        >>> look_up = LookUp(pieces, pieces.terms, np.array([0, 5, 2], np.float32))
        >>> look_up(["wing lift lift"]).to_dicts()
        [{'wing': 5.0, 'lift': 2.0}]
    """

    def __init__(
        self,
        tokenizer: WordPiece | LibraryTokenizer,
        terms: list[str],
        table: npt.NDArray[np.float32],
        *,
        counts: bool = False,
        limits: Limits | None = None,
        threads: int = 1,
    ) -> None:
        if not np.isfinite(table).all():
            raise UsageError("a table of weights holds some that are not finite numbers")
        self.table = table
        self._tokenizer, self._terms, self._counts, self._threads = tokenizer, terms, counts, threads
        self._limits = limits or Limits()

    def __call__(self, texts: Sequence[str]) -> SparseVectors:
        """Vectors, (len(texts), len(terms))."""
        found = self._tokenizer.weigh(texts, self.table, counts=self._counts, threads=self._threads)
        found.vocabulary = self._terms
        return cut(found, self._limits)

    def of_ids(self, rows: Sequence[npt.NDArray[np.uint32]]) -> SparseVectors:
        """Vectors of texts whose ids are known."""
        found = [np.unique(row, return_counts=True) for row in rows]
        columns = np.concatenate([np.empty(0, np.uint32), *(ids for ids, _ in found)])
        values = self.table[columns]
        if self._counts:
            values = values * np.concatenate([np.empty(0, np.int64), *(times for _, times in found)])
        ends = np.cumsum([0, *(len(ids) for ids, _ in found)])
        return cut(SparseVectors(ends, columns, values, len(self._terms)), self._limits)


def cut(found: SparseVectors, limits: Limits) -> SparseVectors:
    """Each row without its small weights: those up to a share of its largest, and those beyond its first k."""
    if not limits.prune and limits.top_k is None:
        return found
    kept = np.zeros(found.nnz, bool)
    for a, b in pairwise(found.indptr):
        values = found.values[a:b]
        large = values > limits.prune * values.max(initial=0)
        if limits.top_k is not None:
            large[np.lexsort((found.indices[a:b], -values))[limits.top_k :]] = False
        kept[a:b] = large
    ends = np.concatenate([[0], np.cumsum(kept)])[found.indptr]
    return SparseVectors(ends, found.indices[kept], found.values[kept], found.dim, found.vocabulary)


def stacked(parts: Sequence[SparseVectors], size: int) -> SparseVectors:
    """The rows of several, one under the other, ``size`` columns."""
    counts = np.concatenate([np.empty(0, np.int64), *(np.diff(part.indptr) for part in parts)])
    return SparseVectors(
        np.concatenate([[0], np.cumsum(counts)]),
        np.concatenate([np.empty(0, np.uint32), *(part.indices for part in parts)]),
        np.concatenate([np.empty(0, np.float32), *(part.values for part in parts)]),
        size,
    )
