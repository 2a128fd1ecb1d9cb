"""Trainings in the planted world, each kept once done: what a design is worth there, and what it costs.

A trial is a point of the framework with a seed; its outcome is a JSON file: a table of many goes on where it stopped.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch
from torch import Tensor

from gossamer.errors import GossamerError
from gossamer.retrieval.block_index import BlockIndex
from gossamer.retrieval.encoders import learned
from gossamer.retrieval.encoders.base import SparseEncoder
from gossamer.retrieval.encoders.methods import Head, Penalty
from gossamer.retrieval.encoders.parts import Activation, Norm
from gossamer.retrieval.training import planted
from gossamer.retrieval.training.groups import Group
from gossamer.retrieval.training.held_out import Collection, per_query, postings_read
from gossamer.retrieval.training.trainer import Settings, Step, Teacher, Trainer
from gossamer.retrieval.vectors import SparseVectors

Outcome = dict[str, Any]
GENERATED = 3  # queries that an expanded document is lengthened by
LONGEST = planted.LENGTH + GENERATED * 16
COMMON = 50  # words whose mean weight tells what a penalty does to common ones


@dataclass(frozen=True)
class Scale:
    """How large the world is, and how long one learns in it.

    Args:
        train: Pairs to learn from.
        documents: Of the collection.
        queries: That are measured.
        steps: Batches.
        batch: Queries of a batch.
        rate: Learning rate at its height.
        zipf: Exponent of the concepts' frequencies.
        world_seed: Draws the world, which all seeds of a trial share: differences are paired query by query.
    """

    train: int = 20_000
    documents: int = 5_000
    queries: int = 500
    steps: int = 1_500
    batch: int = 64
    rate: float = 1e-3
    zipf: float = 0.0
    world_seed: int = 0

    def world(self) -> planted.World:
        """The same at every call."""
        return planted.world(
            train=self.train, documents=self.documents, queries=self.queries, zipf=self.zipf, generated=GENERATED,
            seed=self.world_seed,
        )  # fmt: skip


QUICK = Scale(train=2_000, documents=400, queries=100, steps=60, batch=32)


@dataclass(frozen=True)
class Trial:
    """One training.

    Args:
        name: Of the design; trials of one name differ in their seed.
        query: Head of queries.
        document: Head of documents.
        scale: Of the world.
        seed: Of the weights at the start and the order of batches.
        loss: Supervision.
        penalty: Regulariser.
        teachers: Names of the teachers that the caller brings.
        activation: Of both heads.
        norm: Of both heads.
        quality: EPIC's importance and quality.
        expanded: Documents are lengthened by generated queries.
        top_k: Weights of a document that are kept when indexing.
    """

    name: str
    query: Head
    document: Head
    scale: Scale = Scale()
    seed: int = 0
    loss: str = "contrastive"
    penalty: Penalty | None = None
    teachers: tuple[str, ...] = ()
    activation: Activation = "relu"
    norm: Norm = "log1p"
    quality: bool = False
    expanded: bool = False
    top_k: int | None = None

    @property
    def key(self) -> str:
        """Name of its file: of other settings, another."""
        digest = hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()
        plain = "".join(letter if letter.isalnum() or letter in "-." else "-" for letter in self.name)
        return f"{plain}.{self.seed}.{digest[:12]}.json"


class Shelf:
    """A folder of outcomes."""

    def __init__(self, folder: str | Path) -> None:
        self._folder = Path(folder)

    def of(self, trial: Trial, make: Callable[[], Outcome]) -> Outcome:
        """The outcome that is kept, or the one that is made now and kept."""
        path = self._folder / trial.key
        if path.exists():
            known: Outcome = json.loads(path.read_text(encoding="utf-8"))["outcome"]
            return known
        made = make()
        self._folder.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part")
        part.write_text(json.dumps({"trial": asdict(trial), "outcome": made}) + "\n", encoding="utf-8")
        part.replace(path)
        return made

    def holds(self, trial: Trial) -> bool:
        """It was done before."""
        return (self._folder / trial.key).exists()


def run(
    trial: Trial,
    world: planted.World,
    *,
    table: Tensor | None = None,
    teachers: Sequence[Teacher] = (),
    watch: Callable[[Step], None] | None = None,
) -> Outcome:
    """Train an encoder from nothing, and measure it on the world's collection.

    Args:
        trial: What.
        world: Of the trial's scale.
        table: Weights of a ``static`` head.
        teachers: The trial's, in its order.
        watch: Called after every step.

    Returns:
        ``ndcg`` (nDCG@10 of every query) and costs; where all vectors became zero also ``collapsed``, which says so.
    """
    backbone = planted.backbone(longest=LONGEST, seed=trial.seed)
    torch.manual_seed(trial.seed)
    encoder = learned.build(
        backbone, trial.query, trial.document, activation=trial.activation, norm=trial.norm, quality=trial.quality,
        table=table, top_k=trial.top_k,
    )  # fmt: skip
    groups = world.train if trial.expanded else [Group(one.query, one.documents) for one in world.train]
    settings = Settings(trial.scale.steps, trial.scale.batch, rate=trial.scale.rate, seed=trial.seed)
    began = time.monotonic()
    try:
        steps = Trainer(encoder, trial.loss, trial.penalty, teachers).fit(groups, settings, watch=watch)
    except GossamerError as error:
        return _collapsed(world, str(error))
    trained = time.monotonic() - began
    texts = world.documents
    if trial.expanded:
        texts = [f"{text} {more}" for text, more in zip(texts, world.additions, strict=True)]
    queries, documents = encoder.encode_queries(world.queries), encoder.encode_documents(texts)
    return {
        **measured(queries, documents, world),
        "query_us": query_us(encoder, world.queries),
        "loss": float(np.mean([step.ranking for step in steps[-20:]])),
        "seconds": trained,
    }


def _collapsed(world: planted.World, why: str) -> Outcome:
    """A penalty that left nothing is an outcome, too: it finds nothing, and costs nothing."""
    costs = ("query_words", "document_words", "postings", "flops", "search_us", "common_weight", "query_us", "seconds")
    return {"ndcg": [0.0] * len(world.queries), **dict.fromkeys(costs, 0.0), "collapsed": why}


def measured(queries: SparseVectors, documents: SparseVectors, world: planted.World) -> Outcome:
    """Quality of vectors query by query, and what they cost in an index."""
    collection = Collection(world.documents, world.queries, [[row] for row in world.relevant])
    postings = postings_read(queries, documents)
    sums = np.zeros(documents.dim)
    np.add.at(sums, documents.indices, documents.values)
    return {
        "ndcg": per_query(queries, documents, collection, ("ndcg@10",))["ndcg@10"],
        "query_words": queries.nnz / len(queries),
        "document_words": documents.nnz / len(documents),
        "postings": postings,
        "flops": postings / len(documents),
        "search_us": _search_us(queries, documents),
        "common_weight": _common_weight(sums / len(documents), documents, world),
    }


def _common_weight(means: np.ndarray[Any, Any], documents: SparseVectors, world: planted.World) -> float:
    """Mean weight, over documents, of the words that most documents' texts hold."""
    if documents.vocabulary is None:
        return float("nan")
    columns = {term: column for column, term in enumerate(documents.vocabulary)}
    held = np.zeros(documents.dim)
    for text in world.documents:
        held[[columns[word] for word in set(text.split()) if word in columns]] += 1
    return float(means[np.argsort(-held, kind="stable")[:COMMON]].mean())


def _search_us(queries: SparseVectors, documents: SparseVectors, passes: int = 5) -> float:
    """Microseconds a query, exact top 10, one thread; the median pass."""
    index = BlockIndex.build(documents, threads=1)
    took = []
    for _ in range(passes):
        began = time.perf_counter()
        index.search(queries, 10)
        took.append(1e6 * (time.perf_counter() - began) / len(queries))
    return median(took)


def query_us(encoder: SparseEncoder, queries: Sequence[str]) -> float:
    """Microseconds to encode a query by itself, the median."""
    took = []
    for text in queries[:50]:
        began = time.perf_counter()
        encoder.encode_queries([text])
        took.append(1e6 * (time.perf_counter() - began))
    return median(took)
