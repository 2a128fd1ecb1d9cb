"""Sparse vectors as a learned encoder makes them, drawn by chance: to try an index of any size without an encoder.

The statistics are those of SPLADE on MS MARCO (Formal, Piwowarski & Clinchant, "SPLADE: Sparse Lexical and Expansion
Model for First Stage Ranking", 2021): about 120 terms a document and 40 a query, ten of which hold three quarters of a
query's mass, fifty of a document's. Documents have topics of topics: without them no order or block would be any good.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gossamer.retrieval.vectors import SparseVectors

TERMS = 30_522  # BERT's vocabulary
_BLOCK = 20_000  # documents made at a time, each block from a seed of its own
_DRAWS, _HIGHEST = 220, 3.5
_SIBLINGS, _OWN, _SHARED = 8, 150, 400  # sub-topics of a topic; terms of a sub-topic alone; terms of a topic


def learned_sparse(n_docs: int, n_queries: int, seed: int = 0) -> tuple[SparseVectors, SparseVectors]:
    """Documents (n_docs, 30522), and queries (n_queries, 30522) that take their words from one document each.

    Example:
        >>> documents, queries = learned_sparse(200, 5)
        >>> documents.shape, queries.shape
        ((200, 30522), (5, 30522))
    """
    documents = _joined(list(blocks(n_docs, seed)))
    return documents, _queries_about(documents, n_queries, np.random.default_rng([seed, 1]))


def blocks(n_docs: int, seed: int = 0) -> Iterator[SparseVectors]:
    """The documents of :func:`learned_sparse`, 20,000 at a time."""
    topics = _Topics.drawn(n_docs, np.random.default_rng([seed, 0]))
    for number, start in enumerate(range(0, n_docs, _BLOCK)):
        yield topics.documents(min(_BLOCK, n_docs - start), np.random.default_rng([seed, 2, number]))


@dataclass(frozen=True)
class _Topics:
    """Sub-topics as lists of terms with the strength of each; siblings share half of theirs."""

    terms: NDArray[np.int64]  # (topics, 2 * _OWN)
    gains: NDArray[np.float64]  # the same shape
    popular: NDArray[np.float64]  # (TERMS,) distribution function of background words
    common: NDArray[np.float64]  # (topics,) distribution function of sub-topics

    @classmethod
    def drawn(cls, n_docs: int, rng: np.random.Generator) -> _Topics:
        count = max(64, n_docs // 60 // _SIBLINGS * _SIBLINGS)
        popular = _distribution((np.arange(TERMS) + 10.0) ** -0.85)
        shared = _drawn(popular, rng, (count // _SIBLINGS, _SHARED))
        picked = rng.integers(0, _SHARED, (count, _OWN))
        of_topic = shared[np.arange(count)[:, None] // _SIBLINGS, picked]
        terms = rng.permuted(np.hstack([of_topic, _drawn(popular, rng, (count, _OWN))]), axis=1)
        common = _distribution((rng.permutation(count) + 20.0) ** -0.7)
        return cls(terms, rng.lognormal(0, 0.7, terms.shape), popular, common)

    def documents(self, n: int, rng: np.random.Generator) -> SparseVectors:
        """Each draws 220 times: 55 % from its sub-topic, 30 % from a sibling, 15 % background; some are dropped."""
        kind = rng.random((n, _DRAWS))
        own = _drawn(self.common, rng, (n, 1))
        sibling = own // _SIBLINGS * _SIBLINGS + rng.integers(0, _SIBLINGS, (n, 1))
        topic = np.where(kind < 0.55, own, sibling)
        rank = _drawn(_distribution((np.arange(2 * _OWN) + 5.0) ** -0.8), rng, (n, _DRAWS))
        background = kind > 0.85
        term = np.where(background, _drawn(self.popular, rng, (n, _DRAWS)), self.terms[topic, rank])
        gain = np.where(background, 0.35, self.gains[topic, rank])
        weight = np.minimum(0.55 * gain * rng.lognormal(0, 0.55, (n, _DRAWS)), _HIGHEST)
        kept = rng.random((n, _DRAWS)) < rng.uniform(0.45, 1, (n, 1))
        key, first = np.unique((np.arange(n)[:, None] * TERMS + term)[kept], return_index=True)
        indptr = np.searchsorted(key, np.arange(n + 1) * TERMS)
        return SparseVectors(indptr, key % TERMS, weight[kept][first], TERMS)


def _queries_about(documents: SparseVectors, n: int, rng: np.random.Generator) -> SparseVectors:
    """Up to 26 words of a document, strong ones the likelier and the heavier, and 14 frequent ones of low weight."""
    entries: list[dict[int, float]] = []
    for row in rng.choice(len(documents), n, replace=len(documents) < n):
        part = slice(documents.indptr[row], documents.indptr[row + 1])
        # The least exponential times at these rates: weighted, without replacement (Efraimidis & Spirakis 2006).
        times = rng.exponential(size=part.stop - part.start) / documents.values[part]
        words = documents.indices[part][np.argsort(times)[:26]]
        weights = np.sort(rng.lognormal(-0.6, 1.2, len(words)))[::-1] * np.linspace(1.3, 0.7, len(words))
        noise = zip(rng.choice(TERMS // 4, 14).tolist(), 0.15 * rng.lognormal(0, 0.5, 14), strict=True)
        entries.append(dict(noise) | dict(zip(words.tolist(), np.minimum(weights, _HIGHEST), strict=True)))
    indptr = np.cumsum([0, *map(len, entries)])
    return SparseVectors(indptr, [t for e in entries for t in e], [w for e in entries for w in e.values()], TERMS)


def _joined(blocks: list[SparseVectors]) -> SparseVectors:
    starts = np.cumsum([0, *(block.nnz for block in blocks)])
    indptr = np.concatenate([[0], *(block.indptr[1:] + start for block, start in zip(blocks, starts, strict=False))])
    return SparseVectors(
        indptr, np.concatenate([b.indices for b in blocks]), np.concatenate([b.values for b in blocks]), TERMS
    )


def _distribution(weights: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """Cumulative and normalised, for :func:`_drawn`."""
    return np.cumsum(weights / weights.sum(), dtype=np.float64)


def _drawn(distribution: NDArray[np.float64], rng: np.random.Generator, shape: tuple[int, ...]) -> NDArray[np.int64]:
    return np.minimum(np.searchsorted(distribution, rng.random(shape)), len(distribution) - 1)
