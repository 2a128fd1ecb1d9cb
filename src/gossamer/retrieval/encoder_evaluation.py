"""Encoders over a test collection: how good, at what cost. All are searched by one engine, so that figures compare.

Whatever an encoder makes of a text becomes one vector (BM25 the whole weight of every word, "A + w B" both side by
side), and a :class:`BlockIndex` finds the best by inner product. FLOPS is that of Paria et al., "Minimizing FLOPs to
Learn Efficient Sparse Representations" (2020), counted and not estimated.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from gossamer.errors import UsageError
from gossamer.retrieval.block_index import BlockIndex
from gossamer.retrieval.collections import Collection
from gossamer.retrieval.encoders.base import SparseEncoder
from gossamer.retrieval.encoders.bm25 import BM25Encoder
from gossamer.retrieval.encoders.impacts import Impacts
from gossamer.retrieval.evaluation import Evaluation, evaluate
from gossamer.retrieval.runs import RunLike
from gossamer.retrieval.significance import Comparison, compared
from gossamer.retrieval.vector_cache import encoded
from gossamer.retrieval.vectors import SparseVectors, beside

MEASURES = ("ndcg@10", "rr@10", "map", "recall@100", "recall@1000")
DEPTH = 1000
_BESIDE = "+bm25"
_TIMED = 300  # queries, at most
_PASSES = 3
_K = 10


@dataclass(frozen=True)
class System:
    """An encoder to evaluate, alone or beside BM25.

    Args:
        encoder: BM25, or one that scores by inner product.
        words: BM25 to add: score = BM25 + weight x encoder. None = the encoder alone.
        weight: Of the encoder beside BM25.
        fingerprint: Stands for the encoder in the cache of document vectors; None = not cached.
    """

    encoder: SparseEncoder
    words: BM25Encoder | None = None
    weight: float = 1.0
    fingerprint: str | None = None

    def __post_init__(self) -> None:
        if isinstance(self.encoder, BM25Encoder) and self.words is not None:
            raise UsageError("BM25 beside BM25: give an encoder that learned its weights")
        if not 0 <= self.weight < float("inf"):
            raise UsageError(f"the weight {self.weight} of an encoder beside BM25 must be a number >= 0")

    @classmethod
    def named(cls, spec: str) -> System:
        """The system that people write as ``bm25``, ``DIR``, ``DIR+bm25:WEIGHT``, or ``DIR+bm25`` by its own weight.

        DIR is whatever :meth:`SparseEncoder.from_pretrained` takes.

        Raises:
            UsageError: There is no such encoder, or a weight is missing or wrong.
        """
        if spec == "bm25":
            return cls(BM25Encoder())
        name, plus, rest = spec.rpartition(_BESIDE)
        encoder = SparseEncoder.from_pretrained(name if plus else spec)
        origin = encoder.origin
        fingerprint = None if origin is None else origin.fingerprint
        if not plus:
            return cls(encoder, fingerprint=fingerprint)
        weight = None if origin is None else origin.fusion_weight
        if rest:
            try:
                weight = float(rest.removeprefix(":"))
            except ValueError:
                raise UsageError(f"{spec}: write the weight of the encoder as {name}{_BESIDE}:0.5") from None
        if weight is None:
            raise UsageError(f"{name} does not say what it counts beside BM25; say it: {name}{_BESIDE}:WEIGHT")
        return cls(encoder, BM25Encoder(), weight, fingerprint)


@dataclass(frozen=True, slots=True)
class Costs:
    """What an encoder costs on one collection.

    Args:
        flops: Multiplications that one query and one document share on average: the sum over terms of the shares of
            queries and of documents that have them.
        document_terms, query_terms: Non-zeros of a vector, on average.
        index_bytes: Of the index as it is saved.
        documents_per_second: Encoded; measured when they were, where they come from the cache.
        cached: Whether they do.
        encode_us, search_us, latency_us: p50 and p99 over queries, in microseconds: text to vector, vector to the best
            ten, and both.
    """

    flops: float
    document_terms: float
    query_terms: float
    index_bytes: int
    documents_per_second: float
    cached: bool
    encode_us: tuple[float, float]
    search_us: tuple[float, float]
    latency_us: tuple[float, float]

    def to_dict(self) -> dict[str, Any]:
        """As JSON values."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Outcome:
    """One system over one collection.

    Args:
        run: Query to (document, score), best first.
        quality: Of the run.
        costs: Of the encoder.
    """

    run: RunLike
    quality: Evaluation
    costs: Costs


@dataclass(frozen=True)
class Report:
    """Every system over one collection, and what the others differ from the first by.

    Args:
        collection: Its name.
        systems: Name to outcome.
        comparisons: (system, comparison with the first, p after Holm's correction over all of the report).
    """

    collection: str
    systems: Mapping[str, Outcome]
    comparisons: Sequence[tuple[str, Comparison, float]] = field(default=())

    def to_dict(self) -> dict[str, Any]:
        """As JSON values; runs are left out."""
        first = next(iter(self.systems))
        return {
            "collection": self.collection,
            "systems": [
                {"name": name, **one.quality.to_dict(), "costs": one.costs.to_dict()}
                for name, one in self.systems.items()
            ],
            "comparisons": [
                {"a": name, "b": first, **one.to_dict(), "p_holm": p} for name, one, p in self.comparisons
            ],
        }  # fmt: skip


Watcher = Callable[[str, int, int], None]
"""Told which system's documents are encoded, how many are done, and how many there are."""


def evaluate_encoders(
    collection: Collection,
    systems: Mapping[str, SparseEncoder | System],
    measures: Sequence[Any] = MEASURES,
    *,
    depth: int = DEPTH,
    cache: str | Path | None = None,
    threads: int = 1,
    progress: Watcher | None = None,
) -> Report:
    """Measure encoders on a collection, and compare each with the first.

    Args:
        collection: Documents, queries and judgements.
        systems: By the names they get in the report; an encoder stands for itself alone.
        measures: See :func:`gossamer.retrieval.evaluate`.
        depth: Documents a query in each run.
        cache: Folder for document vectors; None keeps none.
        threads: How many queries are searched at a time, except where they are timed.
        progress: Called while documents are encoded.

    Raises:
        UsageError: A measure is unknown, an encoder cannot be written as vectors, or the collection is wrong.

    Example:
        >>> from gossamer.retrieval import BM25Encoder, Collection
        >>> papers = Collection.of(
        ...     {"a": "swept wings", "b": "wings and flow"}, {"q": "wing", "r": "flow"}, {"q": {"a": 1}, "r": {"b": 1}}
        ... )
        >>> report = evaluate_encoders(papers, {"bm25": BM25Encoder(), "k1=0": BM25Encoder(k1=0)}, ["rr"])
        >>> report.systems["bm25"].quality.mean["rr"], report.systems["bm25"].costs.flops
        (1.0, 0.75)
    """
    if not systems:
        raise UsageError("nothing to evaluate: give an encoder")
    outcomes = {
        name: _outcome(name, one if isinstance(one, System) else System(one), collection, measures, depth, cache,
                       threads, progress)
        for name, one in systems.items()
    }  # fmt: skip
    return Report(collection.name, outcomes, compared({name: one.quality for name, one in outcomes.items()}))


def flops(queries: SparseVectors, documents: SparseVectors) -> float:
    """Terms that a query and a document share on average: sum over v of df_q(v) df_d(v), over n_q n_d.

    Example:
        >>> a = SparseVectors.from_dicts([{"x": 1, "y": 1}, {"x": 1}])
        >>> flops(a, a)
        1.25
    """
    asked, held = (np.bincount(side.indices, minlength=queries.dim).astype(np.float64) for side in (queries, documents))
    return float(asked @ held) / max(1, len(queries) * len(documents))


def ranked(
    index: BlockIndex,
    queries: SparseVectors,
    collection: Collection,
    names: Sequence[str],
    depth: int,
    threads: int = 1,
) -> dict[str, list[tuple[str, float]]]:  # fmt: skip
    """The run of an index: query to (document, score), best first.

    Args:
        index: Of the collection's documents, in their order.
        queries: Vectors of ``names``.
        collection: Whether only judged documents are ranked is its to say.
        names: Ids of queries.
        depth: Documents a query.
        threads: How many queries are searched at a time.
    """
    ids = collection.ids
    if not collection.judged_only:
        rows, scores = index.search(queries, depth, threads=threads)
    else:
        place = {name: row for row, name in enumerate(ids)}
        parts = []
        for number, name in enumerate(names):
            accepted = np.zeros(len(ids), np.bool_)
            accepted[[place[document] for document in collection.qrels[name] if document in place]] = True
            parts.append(index.search(queries[number], depth, where=accepted))
        rows, scores = (np.concatenate(side) for side in zip(*parts, strict=True))
    return {
        name: [(ids[row], score) for row, score in zip(of_rows, of_scores, strict=True) if row >= 0]
        for name, of_rows, of_scores in zip(names, rows.tolist(), scores.tolist(), strict=True)
    }


def _outcome(
    name: str, system: System, collection: Collection, measures: Sequence[Any], depth: int, cache: str | Path | None,
    threads: int, progress: Watcher | None,
) -> Outcome:  # fmt: skip
    texts = collection.judged
    documents, encode, seconds, cached = _vectors(name, system, collection, cache, progress)
    queries = encode(list(texts.values()))
    index = BlockIndex.build(documents, threads=threads)
    run = ranked(index, queries, collection, list(texts), depth, threads)
    timed = list(texts.values())[:: -(-len(texts) // _TIMED)]
    encoding, searching = _timed(index, encode, timed)
    return Outcome(
        run,
        evaluate(run, collection.qrels, measures),
        Costs(
            flops=flops(queries, documents),
            document_terms=documents.nnz / len(documents),
            query_terms=queries.nnz / len(queries),
            index_bytes=index.stats()["bytes"],
            documents_per_second=len(documents) / max(seconds, 1e-9),
            cached=cached,
            encode_us=_percentiles(encoding),
            search_us=_percentiles(searching),
            latency_us=_percentiles(encoding + searching),
        ),
    )


def _vectors(
    name: str, system: System, collection: Collection, cache: str | Path | None, progress: Watcher | None
) -> tuple[SparseVectors, Callable[[Sequence[str]], SparseVectors], float, bool]:
    """Document vectors, how queries become theirs, the seconds that encoding took, and whether that was earlier."""
    total = len(collection.ids)

    def tell(done: int) -> None:
        if progress is not None:
            progress(name, done, total)

    encoder = system.encoder
    words_encoder = encoder if isinstance(encoder, BM25Encoder) else system.words
    words: Impacts | None = None
    seconds = 0.0
    if words_encoder is not None:
        begin = time.perf_counter()
        words = Impacts(_told((text for _, text in collection.documents), tell), words_encoder)
        seconds = time.perf_counter() - begin
    if isinstance(encoder, BM25Encoder):
        assert words is not None
        return words.documents, words.encode_queries, seconds, False
    if encoder.scoring != "dot":
        raise UsageError(f"{name}: it scores neither as BM25 nor by inner product")
    folder = None
    if cache is not None and system.fingerprint is not None:
        folder = Path(cache) / f"{system.fingerprint[:24]}-{collection.fingerprint[:24]}"
    made = encoded((text for _, text in collection.documents), encoder.encode_documents, folder, tell)
    if words is None:
        return made.vectors, encoder.encode_queries, made.seconds, made.cached
    both = words  # for the closure

    def encode(texts: Sequence[str]) -> SparseVectors:
        return beside(both.encode_queries(texts), encoder.encode_queries(texts))

    return beside(words.documents, made.vectors, system.weight), encode, seconds + made.seconds, made.cached


def _told(texts: Iterable[str], tell: Callable[[int], None]) -> Iterable[str]:
    for number, text in enumerate(texts, 1):
        yield text
        if number % 512 == 0:
            tell(number)


def _timed(
    index: BlockIndex, encode: Callable[[Sequence[str]], SparseVectors], texts: Sequence[str]
) -> tuple[np.ndarray, np.ndarray]:
    """Microseconds of each query to its vector, and to the best ten: the median of a few passes, after one more."""
    encoding, searching = np.empty((2, _PASSES + 1, len(texts)))
    for number in range(_PASSES + 1):
        for at, text in enumerate(texts):
            begin = time.perf_counter_ns()
            vector = encode([text])
            middle = time.perf_counter_ns()
            index.search(vector, _K)
            searching[number, at] = (time.perf_counter_ns() - middle) / 1e3
            encoding[number, at] = (middle - begin) / 1e3
    return np.median(encoding[1:], 0), np.median(searching[1:], 0)


def _percentiles(microseconds: np.ndarray) -> tuple[float, float]:
    middle, high = np.percentile(microseconds, [50, 99])
    return float(middle), float(high)
