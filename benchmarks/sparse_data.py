"""Sparse vectors to search: synthetic ones with the statistics of SPLADE on MS MARCO, and real ones of a real encoder.

SPLADE: Formal, Piwowarski & Clinchant (2021). About 120 terms a document and 40 a query; ten terms hold three quarters
of a query's mass, fifty of a document's; documents fall into topics of topics. Both kinds are kept under out/vectors/.
"""

from __future__ import annotations

import argparse
import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks import splade_tiny
from benchmarks.corpora import passages, real_queries
from benchmarks.report import OUT
from gossamer.retrieval.vectors import SparseVectors

TERMS = 30_522  # BERT's vocabulary
_BLOCK = 20_000  # documents made at a time, each block from a seed of its own
_DRAWS, _HIGHEST = 220, 3.5
_SIBLINGS, _OWN, _SHARED = 8, 150, 400  # sub-topics of a topic; terms of a sub-topic alone; terms of a topic
_HELD_OUT = 1_600
_FIRST_SENTENCE = re.compile(r".{20,}?[.!?](?=\s|$)", re.DOTALL)


@dataclass(frozen=True)
class Vectors:
    """Documents, queries to measure with, and other queries of the same kind to choose settings with."""

    name: str
    documents: SparseVectors  # (n, TERMS)
    queries: SparseVectors
    calibration: SparseVectors


def named(name: str) -> Vectors:
    """``real``, or ``synthetic:N`` with N documents."""
    return real() if name == "real" else synthetic(int(name.removeprefix("synthetic:")))


def synthetic(n_docs: int, n_queries: int = 1_000, seed: int = 0) -> Vectors:
    """Vectors with planted topics; a query takes the words of one document, and as many others are for calibration."""
    name = f"synthetic-{n_docs}-{n_queries}-{seed}"

    def make() -> tuple[SparseVectors, SparseVectors]:
        documents = _joined(list(synthetic_blocks(n_docs, seed)))
        return documents, _queries_about(documents, 2 * n_queries, np.random.default_rng([seed, 1]))

    return _kept(name, make)


def synthetic_blocks(n_docs: int, seed: int = 0) -> Iterator[SparseVectors]:
    """The documents of :func:`synthetic`, block by block."""
    topics = _Topics.drawn(n_docs, np.random.default_rng([seed, 0]))
    for number, start in enumerate(range(0, n_docs, _BLOCK)):
        yield topics.documents(min(_BLOCK, n_docs - start), np.random.default_rng([seed, 2, number]))


def real(seed: int = 0) -> Vectors:
    """Abstracts and product descriptions of ``../shared/data`` as SPLADE-tiny encodes them.

    Queries are the collections' own, and titles (first sentences where there is none) of documents that are held out.
    """

    def make() -> tuple[SparseVectors, SparseVectors]:
        texts = passages()
        random.Random(seed).shuffle(texts)
        held_out = (title or _first_sentence(text) for title, text in texts[:_HELD_OUT])
        asked = [*real_queries(), *(text for text in held_out if text)]
        random.Random(seed).shuffle(asked)
        bodies = [f"{title}. {text.removeprefix(title)}" if title else text for title, text in texts[_HELD_OUT:]]
        return splade_tiny.encode(bodies), splade_tiny.encode(asked)

    return _kept(f"real-{seed}", make)


def _kept(name: str, make: Callable[[], tuple[SparseVectors, SparseVectors]]) -> Vectors:
    """Vectors from out/vectors/, made on the first use; the queries are halved."""
    folder = OUT / "vectors"
    paths = [folder / f"{name}.{part}.safetensors" for part in ("documents", "queries")]
    if not all(path.exists() for path in paths):
        folder.mkdir(parents=True, exist_ok=True)
        for vectors, path in zip(make(), paths, strict=True):
            vectors.save(path.with_suffix(".part"))
            path.with_suffix(".part").rename(path)
    documents, queries = map(SparseVectors.load, paths)
    middle = len(queries) // 2
    return Vectors(name, documents, rows(queries, 0, middle), rows(queries, middle, len(queries)))


def rows(vectors: SparseVectors, start: int, stop: int) -> SparseVectors:
    """Rows ``start`` to ``stop``."""
    indptr = vectors.indptr[start : stop + 1]
    part = slice(indptr[0], indptr[-1])
    return SparseVectors(
        indptr - indptr[0], vectors.indices[part], vectors.values[part], vectors.dim, vectors.vocabulary
    )


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


def _distribution(weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Cumulative and normalised, for :func:`_drawn`."""
    return np.cumsum(weights / weights.sum())


def _drawn(distribution: NDArray[np.float64], rng: np.random.Generator, shape: tuple[int, ...]) -> NDArray[np.int64]:
    return np.minimum(np.searchsorted(distribution, rng.random(shape)), len(distribution) - 1)


def _first_sentence(text: str) -> str:
    found = _FIRST_SENTENCE.match(text)
    return found.group() if found else text[:120]


def statistics(vectors: SparseVectors, heaviest: int) -> dict[str, Any]:
    """Terms a row, and the share of a row's mass that its ``heaviest`` terms hold (mean of 500 rows)."""
    shares = []
    for row in range(0, len(vectors), max(1, len(vectors) // 500)):
        weights = np.sort(vectors.values[vectors.indptr[row] : vectors.indptr[row + 1]])[::-1]
        if len(weights):
            shares.append(float(weights[:heaviest].sum() / weights.sum()))
    return {
        "rows": len(vectors),
        "terms_a_row": vectors.nnz / max(1, len(vectors)),
        f"mass_of_{heaviest}": np.mean(shares),
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "names", nargs="+", metavar="real|synthetic:N", help="make and keep these, and say how they look"
    )
    for one in parser.parse_args().names:
        made = named(one)
        print(made.name, statistics(made.documents, 50), statistics(made.queries, 10))
