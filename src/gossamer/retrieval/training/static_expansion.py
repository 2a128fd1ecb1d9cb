"""Associations of word pieces from a teacher's vectors: what texts that hold a piece are about, more than texts are."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gossamer.errors import UsageError
from gossamer.retrieval.encoders.idf import idf
from gossamer.retrieval.encoders.static_expansion import StaticExpansion
from gossamer.retrieval.encoders.transformer.wordpiece import WordPiece
from gossamer.retrieval.vectors import SparseVectors

Progress = Callable[[int, int], None]


def train_static_expansion(
    texts: Sequence[str],
    vectors: SparseVectors,
    tokenizer: Mapping[str, Any],
    *,
    neighbours: int = 16,
    share: float = 0.1,
    fewest: int = 3,
    most: int = 2000,
    top_k: int | None = 128,
    seed: int = 0,
    progress: Progress | None = None,
) -> StaticExpansion:
    """A table of associations out of passages and a teacher's vectors of them.

    Row t holds the largest positive entries of (mean vector of the passages that hold t) - (mean vector of all), those
    of other pieces times ``share``: at 1 the many that a text's words bring in drown the words themselves. A piece in
    fewer than ``fewest`` passages adds itself alone, by the mean of what others add to themselves.

    Args:
        texts: Passages.
        vectors: The teacher's, shape (len(texts), V), over the tokeniser's word pieces.
        tokenizer: What is in its ``tokenizer.json``, as JSON values.
        neighbours: Entries of a row, at most.
        share: What other pieces count beside the piece itself. 0.1 was the best of 0.03 to 1 for titles of arXiv and
            training claims of SciFact.
        fewest: See above.
        most: Passages of a frequent piece that are looked at, drawn at random.
        top_k: Of the encoder, see :class:`StaticExpansion`.
        seed: Of the drawing.
        progress: Called with (word pieces done, word pieces in all).

    Raises:
        UsageError: The vectors are not those of the texts, or are over another vocabulary.
    """
    pieces = WordPiece.from_json(tokenizer)
    size = len(pieces.terms)
    if vectors.shape != (len(texts), size):
        raise UsageError(
            f"vectors {vectors.shape} for {len(texts)} texts and {size} word pieces: they must be of these texts"
        )
    held = [np.unique(ids) for ids in pieces.encode(texts, around=False)]
    terms = np.concatenate([np.empty(0, np.uint32), *held])
    passages = np.repeat(np.arange(len(texts)), [len(ids) for ids in held])
    order = np.argsort(terms, kind="stable")
    frequency = np.bincount(terms, minlength=size)
    ends = np.cumsum(frequency)
    average = _mean(vectors, np.arange(len(texts)))
    rng = np.random.default_rng(seed)
    rows: list[tuple[NDArray[np.int64], NDArray[np.float64]]] = [(np.empty(0, np.int64), np.empty(0))] * size
    own: list[float] = []
    for term in range(size):
        if frequency[term] >= fewest:
            found = passages[order[ends[term] - frequency[term] : ends[term]]]
            if len(found) > most:
                found = rng.choice(found, most, replace=False)
            above = _mean(vectors, found) - average
            best = np.sort(np.argpartition(-above, min(neighbours, size - 1))[:neighbours])
            best = best[above[best] > 0]
            rows[term] = best, np.where(best == term, above[best], share * above[best])
            own.append(max(float(above[term]), 0.0))
        if progress is not None and (term + 1) % 512 == 0:
            progress(term + 1, size)
    alone = float(np.mean(own)) if own else 1.0
    for term in np.flatnonzero(frequency < fewest).tolist():
        rows[term] = np.array([term]), np.array([alone])
    for term in pieces.special_ids:
        rows[term] = np.empty(0, np.int64), np.empty(0)
    table = SparseVectors(
        np.cumsum([0, *(len(columns) for columns, _ in rows)]), np.concatenate([columns for columns, _ in rows]),
        np.concatenate([weights for _, weights in rows]), size,
    )  # fmt: skip
    weights = idf(lambda some: pieces.encode(some, around=False), size, pieces.special_ids, texts)
    return StaticExpansion(tokenizer, table, weights, top_k=top_k)


def _mean(vectors: SparseVectors, rows: NDArray[np.int64]) -> NDArray[np.float64]:
    starts, lengths = vectors.indptr[rows], np.diff(vectors.indptr)[rows]
    before = np.cumsum(lengths) - lengths
    entries = np.arange(int(lengths.sum())) + np.repeat(starts - before, lengths)
    sums: NDArray[Any] = np.bincount(vectors.indices[entries], vectors.values[entries], minlength=vectors.dim)
    mean: NDArray[np.float64] = sums / max(1, len(rows))
    return mean
