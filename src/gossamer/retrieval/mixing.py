"""How much a learned encoder counts beside BM25: one weight w, chosen on held-out training pairs and then fixed.

Score = BM25 + w x learned, one inner product over both vocabularies. Bruch, Gai & Ingber, "An Analysis of Fusion
Functions for Hybrid Retrieval" (2023): a convex combination needs few labelled queries, and its weight carries over.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from statistics import fmean
from warnings import catch_warnings, simplefilter

from gossamer.errors import UsageError
from gossamer.retrieval.block_index import BlockIndex
from gossamer.retrieval.encoders.base import SparseEncoder
from gossamer.retrieval.encoders.bm25 import BM25Encoder
from gossamer.retrieval.encoders.impacts import Impacts
from gossamer.retrieval.evaluation import evaluate
from gossamer.retrieval.runs import Run
from gossamer.retrieval.vectors import SparseVectors, beside

# Of the weight at which the best documents of both score alike, on average over queries.
MULTIPLES = (0.0, 0.0625, 0.125, 0.1768, 0.25, 0.3536, 0.5, 0.7071, 1.0, 1.4142, 2.0, 2.8284, 4.0, 8.0)
_DEPTH = 100


@dataclass(frozen=True, slots=True)
class Choice:
    """What :func:`choose_weight` found.

    Args:
        weight: The best of the grid; of equally good ones the smallest.
        even: The weight at which the best documents of both score alike, on average over queries.
        quality: Weight to the mean of the measure, in rising order.
        measure: Of the quality.
        queries: How many were asked.
    """

    weight: float
    even: float
    quality: Mapping[float, float]
    measure: str
    queries: int


def choose_weight(
    queries: Mapping[str, str],
    documents: Mapping[str, str],
    qrels: Mapping[str, Mapping[str, int]],
    bm25: BM25Encoder | None,
    learned: SparseEncoder,
    grid: Sequence[float] | None = None,
    *,
    measure: str = "ndcg@10",
    threads: int = 1,
) -> Choice:
    """The weight w under which BM25 + w x learned answers held-out training queries best.

    Args:
        queries: Id to text; of training pairs that no encoder was trained on, never of a test set.
        documents: Id to text: what the queries are asked of.
        qrels: Query to document to grade.
        bm25: None for the defaults.
        learned: Scores by inner product.
        grid: Weights to try; None = :data:`MULTIPLES` of the even weight.
        measure: What is maximised, its mean over queries.
        threads: How many queries are searched at a time.

    Raises:
        UsageError: A weight is negative or not finite, or the encoder does not score by inner product.

    Example:
        >>> choice = choose_weight(titles, abstracts, qrels, None, encoder)  # doctest: +SKIP
        >>> choice.weight  # doctest: +SKIP
        3.2
    """
    if learned.scoring != "dot":
        raise UsageError("the learned encoder must score by inner product; BM25 is the other side already")
    asked = list(queries.values())
    words = Impacts(documents.values(), bm25)
    return weight_for(
        list(queries), list(documents), qrels, (words.encode_queries(asked), words.documents),
        (learned.encode_queries(asked), learned.encode_documents(list(documents.values()))),
        grid, measure=measure, threads=threads,
    )  # fmt: skip


def weight_for(
    queries: Sequence[str],
    documents: Sequence[str],
    qrels: Mapping[str, Mapping[str, int]],
    words: tuple[SparseVectors, SparseVectors],
    learned: tuple[SparseVectors, SparseVectors],
    grid: Sequence[float] | None = None,
    *,
    measure: str = "ndcg@10",
    threads: int = 1,
) -> Choice:
    """The same for vectors at hand: of queries and of documents, in the order of their ids.

    Raises:
        UsageError: A weight is negative or not finite.
    """
    even = _best(*words) / max(_best(*learned), 1e-9)
    weights = sorted(even * multiple for multiple in MULTIPLES) if grid is None else sorted(set(map(float, grid)))
    if not weights or weights[0] < 0 or not all(map(isfinite, weights)):
        raise UsageError(f"the grid needs weights that are numbers >= 0, not {list(grid or ())}")
    asked = beside(words[0], learned[0])
    quality: dict[float, float] = {}
    for weight in weights:
        index = BlockIndex.build(beside(words[1], learned[1], weight), threads=threads)
        found, scores = index.search(asked, _DEPTH, threads=threads)
        run: Run = {
            query: {documents[row]: score for row, score in zip(rows, of_rows, strict=True) if row >= 0}
            for query, rows, of_rows in zip(queries, found.tolist(), scores.tolist(), strict=True)
        }
        with catch_warnings():
            simplefilter("ignore", UserWarning)  # queries without results count as 0, at every weight
            quality[weight] = evaluate(run, qrels, [measure]).mean[measure]
    best = max(quality.values())
    return Choice(next(w for w in weights if quality[w] == best), even, quality, measure, len(queries))


def common_weight(choices: Sequence[Choice]) -> Choice:
    """The weight with the best mean over several collections, each tried on one grid, each counting alike.

    Raises:
        UsageError: The grids differ.
    """
    first, *others = choices
    if any(one.quality.keys() != first.quality.keys() for one in others):
        raise UsageError("the collections were tried on different weights; give choose_weight one grid for all")
    quality = {weight: fmean(one.quality[weight] for one in choices) for weight in first.quality}
    best = max(quality.values())
    return Choice(
        next(weight for weight in quality if quality[weight] == best), fmean(one.even for one in choices), quality,
        first.measure, sum(one.queries for one in choices),
    )  # fmt: skip


def _best(queries: SparseVectors, documents: SparseVectors) -> float:
    """The mean score of the best document of every query."""
    _, scores = BlockIndex.build(documents).search(queries, 1)
    found = scores[scores > float("-inf")]
    return float(found.mean()) if len(found) else 0.0
