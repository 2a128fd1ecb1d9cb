"""The ladder of Nguyen, MacAvaney & Yates (2023), in the planted world: change one part, and see what it buys.

"A Unified Framework for Learned Sparse Retrieval" found that document weighting matters most, that query weighting
helps little, and that the two expansions cancel out. Each finding is a claim here, tested query by query.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gossamer.frontier import Frontier
from gossamer.intervals import bootstrap_interval, t_interval
from gossamer.retrieval.encoders.bm25 import BM25Encoder
from gossamer.retrieval.encoders.impacts import Impacts
from gossamer.retrieval.encoders.methods import Head, Penalty
from gossamer.retrieval.training import planted
from gossamer.retrieval.training.trials import Outcome, Scale, Shelf, Trial, measured, query_us, run
from gossamer.retrieval.vectors import SparseVectors

QUERY_HEADS: tuple[Head, ...] = ("binary", "mlp", "mlm")
DOCUMENT_HEADS: tuple[Head, ...] = ("binary", "mlp", "mlm", "cls-mlm")
LAMBDA = (0.1, 0.08)  # of queries and of documents under an mlm head, as the paper's distilled models have it
KEPT = planted.LENGTH  # weights of a document of EPIC, which no penalty keeps short

# What changes, from which cell, to which.
RUNGS: tuple[tuple[str, str, str], ...] = (
    ("document weighting", "binary x binary", "binary x mlp"),
    ("document weighting", "mlp x binary", "mlp x mlp"),
    ("document weighting", "mlm x binary", "mlm x mlp"),
    ("document weighting", "mlp x expanded binary", "mlp x expanded mlp"),
    ("query weighting", "binary x mlp", "mlp x mlp"),
    ("query weighting", "binary x expanded mlp", "mlp x expanded mlp"),
    ("query weighting", "binary x epic", "mlp x epic"),
    ("document expansion", "mlp x mlp", "mlp x mlm"),
    ("document expansion", "mlm x mlp", "mlm x mlm"),
    ("document expansion", "mlp x mlp", "mlp x expanded mlp"),
    ("query expansion", "mlp x mlp", "mlm x mlp"),
    ("query expansion", "mlp x mlm", "mlm x mlm"),
    ("where expansion is", "mlp x expanded mlp", "mlm x mlp"),
    ("no penalty", "mlp x mlm", "mlp x mlm, no penalty"),
)


def cells(scale: Scale, seed: int) -> list[Trial]:
    """All head pairs, and the further cells that the rungs name."""

    def cell(query: Head, document: Head, **more: Any) -> Trial:
        of_query, of_document = (LAMBDA[at] * (head == "mlm") for at, head in enumerate((query, document)))
        penalty = Penalty(of_query, of_document, max(1, scale.steps * 2 // 3)) if of_query or of_document else None
        return replace(Trial(f"{query} x {document}", query, document, scale, seed, penalty=penalty), **more)

    found = [cell(query, document) for query in QUERY_HEADS for document in DOCUMENT_HEADS]
    found += [cell("mlp", "binary", name="mlp x expanded binary", expanded=True)]
    for query in ("binary", "mlp"):
        found += [
            cell(query, "mlp", name=f"{query} x expanded mlp", expanded=True),
            cell(query, "mlm", name=f"{query} x epic", activation="softplus", quality=True, penalty=None, top_k=KEPT),
        ]
    return [*found, cell("mlp", "mlm", name="mlp x mlm, no penalty", penalty=None)]


@dataclass(frozen=True)
class Claim:
    """A finding in numbers.

    Args:
        finding: Which of the three it belongs to.
        says: In words, with its threshold.
        value: What was measured.
        interval: 95 % interval over queries (BCa bootstrap) of seeds' means; None where there is nothing to draw.
        low: The least that holds.
        high: The most that holds.
    """

    finding: int
    says: str
    value: float
    interval: tuple[float, float] | None
    low: float = float("-inf")
    high: float = float("inf")

    @property
    def held(self) -> bool:
        """What was measured lies within the thresholds."""
        return self.low <= self.value <= self.high

    @property
    def sure(self) -> bool:
        """The whole interval lies on the same side as what was measured."""
        if self.interval is None:
            return True
        a, b = self.interval
        if self.held:
            return self.low <= a and b <= self.high
        return b < self.low or a > self.high

    @property
    def verdict(self) -> str:
        """In words."""
        return ("held" if self.held else "not held") + ("" if self.sure else ", within the noise")

    def to_dict(self) -> dict[str, Any]:
        """As JSON values; no threshold is null."""
        bounds = {key: None if np.isinf(value) else value for key, value in (("low", self.low), ("high", self.high))}
        return {**asdict(self), **bounds, "verdict": self.verdict}


class Ladder:
    """Outcomes of cells by name, those of several seeds together.

    Args:
        outcomes: Name of a cell to the outcome of each seed.
    """

    def __init__(self, outcomes: Mapping[str, Sequence[Outcome]]) -> None:
        self.outcomes = outcomes

    def quality(self, name: str) -> NDArray[np.float64]:
        """nDCG@10 of every query, the mean over seeds."""
        found: NDArray[np.float64] = np.mean([one["ndcg"] for one in self.outcomes[name]], axis=0)
        return found

    def figure(self, name: str, key: str) -> float:
        """A cost, the mean over seeds."""
        return float(np.mean([one[key] for one in self.outcomes[name]]))

    def gain(self, before: str, after: str) -> tuple[float, tuple[float, float]]:
        """How much nDCG@10 a change brings, with its interval over queries."""
        difference = self.quality(after) - self.quality(before)
        return float(difference.mean()), bootstrap_interval(difference.tolist())

    def spread(self, before: str, after: str) -> tuple[float, float] | None:
        """The interval of the same gain over seeds; None of one seed."""
        each = [
            float(np.mean(b["ndcg"]) - np.mean(a["ndcg"]))
            for a, b in zip(self.outcomes[before], self.outcomes[after], strict=True)
        ]
        return t_interval(each) if len(each) > 1 else None

    def claims(self) -> list[Claim]:
        """The three findings, as the card of the method puts them in numbers."""
        found = []
        by_weight = self.quality("mlp x mlp") - self.quality("binary x mlp")
        for query in ("binary", "mlp"):
            by_document = self.quality(f"{query} x mlp") - self.quality(f"{query} x binary")
            says = f"document weighting under {query} queries - 3 x query weighting >= 0"
            found.append(_claim(1, says, by_document - 3 * by_weight, low=0.0))
        found.append(_claim(2, "query weighting at mlp documents: from 0 to 0.05", by_weight, low=0.0, high=0.05))
        for other, what in (("mlm x mlp", "queries"), ("mlp x mlm", "documents")):
            gain = self.quality(other) - self.quality("mlp x mlp")
            found.append(_claim(3, f"expansion of {what} alone >= 0.15", gain, low=0.15))
        both = self.quality("mlm x mlm") - self.quality("mlp x mlm")
        found.append(_claim(3, "query expansion on top of document expansion: within 0.03", both, low=-0.03, high=0.03))
        ratio = self.figure("mlm x mlm", "postings") / max(self.figure("mlp x mlm", "postings"), 1e-9)
        found.append(Claim(3, "and reads at least twice the postings", ratio, None, low=2.0))
        return found

    def frontier(self, cost: str = "postings") -> Frontier:
        """Quality beside cost; chance and words alone are the naive points."""
        frontier = Frontier(quality="ndcg@10", cost=cost, title="Head pairs in the planted world")
        for name in self.outcomes:
            values = self.quality(name)
            frontier.add(
                name, float(values.mean()), self.figure(name, cost), interval=bootstrap_interval(values.tolist()),
                naive=name in NAIVE, query_words=self.figure(name, "query_words"),
                document_words=self.figure(name, "document_words"),
            )  # fmt: skip
        return frontier


NAIVE = ("BM25", "BM25, expanded", "random weights", "binary x binary")


def climb(
    scale: Scale,
    seeds: int,
    shelf: Shelf,
    *,
    only: Sequence[str] | None = None,
    watch: Callable[[str, int, int], None] | None = None,
) -> Ladder:
    """Train and measure every cell that the shelf does not hold yet, beside the baselines.

    Args:
        scale: Of the world and the trainings.
        seeds: Trainings of each cell.
        shelf: Where outcomes are kept.
        only: Names of cells; None = all.
        watch: Called with (cell, number, of how many) before each.
    """
    world = scale.world()
    todo = [trial for seed in range(seeds) for trial in cells(scale, seed) if only is None or trial.name in only]
    outcomes: dict[str, list[Outcome]] = {}
    for number, trial in enumerate(todo, 1):
        if watch is not None:
            watch(f"{trial.name}, seed {trial.seed}", number, len(todo))
        outcomes.setdefault(trial.name, []).append(shelf.of(trial, partial(run, trial, world)))
    return Ladder({**outcomes, **{name: [one] * seeds for name, one in baselines(world).items()}})


def baselines(world: planted.World) -> dict[str, Outcome]:
    """What needs no training: BM25 over texts and over expanded texts, and random weights for a text's words."""
    longer = [f"{text} {more}" for text, more in zip(world.documents, world.additions, strict=True)]
    found = {}
    for name, texts in (("BM25", world.documents), ("BM25, expanded", longer)):
        bm25 = Impacts(texts, BM25Encoder(analyzer="standard"))
        found[name] = measured(bm25.encode_queries(world.queries), bm25.encode_documents(texts), world)
        found[name]["query_us"] = query_us(bm25, world.queries)
    bm25 = Impacts(world.documents, BM25Encoder(analyzer="standard"))
    documents = bm25.encode_documents(world.documents)
    by_chance = np.random.default_rng(0).random(documents.nnz, np.float32) + 1e-6
    random = SparseVectors(documents.indptr, documents.indices, by_chance, documents.dim, documents.vocabulary)
    found["random weights"] = measured(bm25.encode_queries(world.queries), random, world)
    return {**found, "random weights": {**found["random weights"], "query_us": found["BM25"]["query_us"]}}


def _claim(finding: int, says: str, values: NDArray[np.float64], **bounds: float) -> Claim:
    return Claim(finding, says, float(values.mean()), bootstrap_interval(values.tolist()), **bounds)
