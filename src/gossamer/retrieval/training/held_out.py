"""How well an encoder ranks data that it was not trained on: the documents of all groups are the collection."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from gossamer.errors import UsageError
from gossamer.retrieval.block_index import BlockIndex
from gossamer.retrieval.encoders.base import SparseEncoder
from gossamer.retrieval.evaluation import evaluate
from gossamer.retrieval.training.groups import Group
from gossamer.retrieval.vectors import SparseVectors


@dataclass(frozen=True)
class HeldOut:
    """What an encoder was worth on a collection, and what it costs there.

    Args:
        queries: How many.
        documents: How many.
        mrr: MRR@10.
        ndcg: nDCG@10.
        query_words: Mean number of words with weight in a query.
        document_words: In a document.
        postings: Postings that a query reads when none are pruned, in the mean.
        flops: Words that a query and a document share, in the mean: ``sum over v of df_q(v) df_d(v) / (Nq Nd)``.
    """

    queries: int
    documents: int
    mrr: float
    ndcg: float
    query_words: float
    document_words: float
    postings: float
    flops: float

    def to_dict(self) -> dict[str, Any]:
        """As JSON values."""
        return asdict(self)


@dataclass(frozen=True)
class Collection:
    """Documents, queries, and which of the former answer the latter (by row).

    Example:
        >>> Collection.of([Group("a", ("x", "y")), Group("a", ("z",))]).relevant
        [[0, 2]]
    """

    documents: list[str]
    queries: list[str]
    relevant: list[list[int]]

    @classmethod
    def of(cls, groups: Sequence[Group]) -> Collection:
        """The distinct documents and queries of groups; the first of each group is relevant.

        Raises:
            UsageError: No group.
        """
        if not groups:
            raise UsageError("no held-out data: not one query with a document")
        places: dict[str, int] = {}
        for group in groups:
            for text in group.documents:
                places.setdefault(text, len(places))
        right: dict[str, list[int]] = {}
        for group in groups:
            right.setdefault(group.query, []).append(places[group.documents[0]])
        return cls(list(places), list(right), [sorted(set(rows)) for rows in right.values()])


def measure(encoder: SparseEncoder, collection: Collection) -> HeldOut:
    """Rank the whole collection for every query, exactly."""
    documents = encoder.encode_documents(collection.documents)
    queries = encoder.encode_queries(collection.queries)
    found = per_query(queries, documents, collection, ("rr@10", "ndcg@10"))
    postings = postings_read(queries, documents)
    return HeldOut(
        queries=len(queries),
        documents=len(documents),
        mrr=float(np.mean(found["rr@10"])),
        ndcg=float(np.mean(found["ndcg@10"])),
        query_words=queries.nnz / len(queries),
        document_words=documents.nnz / len(documents),
        postings=postings,
        flops=postings / len(documents),
    )


def per_query(
    queries: SparseVectors, documents: SparseVectors, collection: Collection, measures: Sequence[str]
) -> dict[str, list[float]]:
    """Each measure of the ten best documents, query by query; a query that finds nothing counts 0."""
    rows, scores = BlockIndex.build(documents).search(queries, 10)
    run = {
        str(at): [(str(row), float(score)) for row, score in zip(*both, strict=True) if row >= 0]
        for at, both in enumerate(zip(rows.tolist(), scores.tolist(), strict=True))
    }
    empty = {query for query, results in run.items() if not results}
    run |= {query: [("-", 0.0)] for query in empty}
    qrels = {str(at): {str(row): 1 for row in right} for at, right in enumerate(collection.relevant)}
    found = evaluate(run, qrels, measures).per_query
    return {name: [found[name][str(at)] for at in range(len(queries))] for name in measures}


def postings_read(queries: SparseVectors, documents: SparseVectors) -> float:
    """``sum over v of df_q(v) df_d(v) / Nq``: postings that a query meets, in the mean."""
    of_queries, of_documents = (
        np.bincount(one.indices, minlength=documents.dim).astype(np.float64) for one in (queries, documents)
    )
    return float(of_queries @ of_documents) / max(1, len(queries))
