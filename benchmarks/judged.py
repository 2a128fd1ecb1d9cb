"""Collections with their vectors by BM25 and both teachers, and what is made of vectors: cut, mixed, by chance."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks import teachers
from benchmarks.corpora import collection, library, titles_and_abstracts
from gossamer.retrieval import BlockIndex, Collection, SparseVectors
from gossamer.retrieval.encoder_evaluation import ranked
from gossamer.retrieval.encoders.idf import idf
from gossamer.retrieval.encoders.impacts import Impacts
from gossamer.retrieval.encoders.static_expansion import StaticExpansion
from gossamer.retrieval.training.static_expansion import train_static_expansion
from gossamer.retrieval.vector_cache import joined
from gossamer.retrieval.vectors import beside

_DEPTH = 1000

Vectors = tuple[SparseVectors, SparseVectors]  # of queries, of documents
Scores = NDArray[np.float32]


@dataclass
class Judged:
    """One collection with its vectors by BM25 and the teachers."""

    name: str
    data: Collection = field(init=False)

    def __post_init__(self) -> None:
        binary, judged_only = self.name == "cranfield", self.name == "icecat"
        found = collection(self.name, graded=not binary)
        self.data = Collection.of(found.documents, found.queries, found.qrels, name=self.name, judged_only=judged_only)
        asked = self.data.judged
        self.names, self.queries = list(asked), list(asked.values())
        self.documents = list(found.documents.values())
        self._kept = [list(found.queries).index(name) for name in self.names]
        self._asked = list(found.queries.values())

    @cached_property
    def words(self) -> Vectors:
        found = Impacts(self.documents)
        return found.encode_queries(self.queries), found.documents

    @cached_property
    def splade(self) -> Vectors:
        asked, documents = (
            teachers.sparse_vectors(self.name, side, texts)
            for side, texts in (("queries", self._asked), ("documents", self.documents))
        )
        return rows_of(asked, self._kept), documents

    @cached_property
    def dense(self) -> Scores:
        asked, documents = (
            teachers.dense_vectors(self.name, side, texts)
            for side, texts in (("queries", self._asked), ("documents", self.documents))
        )
        return asked[self._kept] @ documents.T

    def by_vectors(self, vectors: Vectors) -> dict[str, list[tuple[str, float]]]:
        """The run of an exact search."""
        return ranked(BlockIndex.build(vectors[1]), vectors[0], self.data, self.names, _DEPTH, threads=2)

    def by_scores(self, scores: Scores) -> dict[str, list[tuple[str, float]]]:
        """The run of all scores, (queries, documents)."""
        run = {}
        for name, row in zip(self.names, scores, strict=True):
            order = np.argsort(-row, kind="stable")
            if self.data.judged_only:
                order = [at for at in order if self.data.ids[at] in self.data.qrels[name]]
            run[name] = [(self.data.ids[at], float(row[at])) for at in order[:_DEPTH]]
        return run


class Tables:
    """IDF of word pieces, by text that may be shipped, and by any collection."""

    def __init__(self) -> None:
        self._pieces = teachers.teacher("splade").pieces

    @cached_property
    def own(self) -> NDArray[np.float32]:
        return self.of([text for texts in self._texts.values() for text in texts])

    @cached_property
    def static(self) -> StaticExpansion:
        vectors = [teachers.sparse_vectors(name, "documents", texts) for name, texts in self._texts.items()]
        texts = [text for texts in self._texts.values() for text in texts]
        return train_static_expansion(texts, joined(vectors), self.tokenizer)

    @cached_property
    def tokenizer(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((teachers.fetched("splade") / "tokenizer.json").read_text(encoding="utf-8"))
        return found

    @cached_property
    def _texts(self) -> dict[str, list[str]]:
        """Text that may be shipped: abstracts of arXiv and Python's own documentation."""
        abstracts = [text for _, text in titles_and_abstracts().values()]
        return {"papers": abstracts, "library": [one.text for one in library()]}

    def of(self, texts: Sequence[str]) -> NDArray[np.float32]:
        pieces = self._pieces
        return idf(lambda some: pieces.encode(some, around=False), len(pieces.terms), pieces.special_ids, texts)

    def queries(self, texts: Sequence[str], table: NDArray[np.float32]) -> SparseVectors:
        return self._pieces.weigh(texts, table)

    def literal(self, texts: Sequence[str]) -> list[NDArray[np.uint32]]:
        """The pieces of each text, as far as the teacher reads it."""
        return [np.unique(ids) for ids in self._pieces.encode(texts, longest=teachers.LONGEST)]


def mixed(words: Vectors, learned: Vectors, weight: float) -> Vectors:
    """BM25 + weight x learned as vectors."""
    return beside(words[0], learned[0]), beside(words[1], learned[1], weight)


def min_max(scores: Scores) -> Scores:
    """Each row from 0 to 1."""
    low, high = scores.min(1, keepdims=True), scores.max(1, keepdims=True)
    return (scores - low) / np.maximum(high - low, 1e-6)


def products(queries: SparseVectors, documents: SparseVectors) -> Scores:
    return np.asarray((queries.to_scipy() @ documents.to_scipy().T).toarray(), np.float32)


def rows_of(vectors: SparseVectors, rows: Sequence[int]) -> SparseVectors:
    """Some rows, in this order."""
    return SparseVectors.from_scipy(vectors.to_scipy()[list(rows)], vectors.vocabulary)


def largest(vectors: SparseVectors, count: int) -> SparseVectors:
    """The largest ``count`` entries of every row."""
    rows = np.repeat(np.arange(len(vectors)), np.diff(vectors.indptr))
    order = np.lexsort((-vectors.values, rows))
    kept = np.sort(order[np.arange(len(order)) - vectors.indptr[rows] < count])
    counts = np.bincount(rows[kept], minlength=len(vectors))
    return SparseVectors(
        np.concatenate([[0], np.cumsum(counts)]), vectors.indices[kept], vectors.values[kept], vectors.dim
    )


def cap_for(vectors: SparseVectors, mean: float) -> int:
    """The fewest entries a row may keep for all rows to keep ``mean`` of them on average, or have all."""
    counts = np.diff(vectors.indptr)
    caps = range(1, int(counts.max(initial=1)) + 1)
    return next((cap for cap in caps if np.minimum(counts, cap).mean() >= mean), caps[-1])


def by_chance(vectors: SparseVectors, literal: Sequence[NDArray[np.uint32]], seed: int = 0) -> SparseVectors:
    """The same vectors, except that every term that is not in the text is another one, drawn from all."""
    rng = np.random.default_rng(seed)
    indices = vectors.indices.copy()
    for row, own in enumerate(literal):
        part = slice(vectors.indptr[row], vectors.indptr[row + 1])
        strange = ~np.isin(indices[part], own)
        free = np.setdiff1d(rng.choice(vectors.dim, strange.sum() + len(own) + 8, replace=False), own)
        indices[part][strange] = rng.permutation(free)[: strange.sum()]
    return SparseVectors(vectors.indptr, indices, vectors.values, vectors.dim)
