"""What keeps vectors short: penalties on the weights of a batch, and how they rise.

FLOPS after Paria et al., "Minimizing FLOPs to Learn Efficient Sparse Representations" (2020); its idf-aware form is
plain FLOPS on document weights while idf takes part in matching (Geng et al., "Towards Competitive Search Relevance For
Inference-Free Learned Sparse Retrievers", 2024); the l0 mask after Shen et al., "Exploring l0 Sparsification for
Inference-free Sparse Retrievers" (2025); DF-FLOPS after Porco et al., "An Alternative to FLOPS Regularization to
Effectively Productionize SPLADE-Doc" (2025).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import torch
from torch import Tensor

from gossamer.errors import UsageError
from gossamer.retrieval.encoders.methods import Penalty
from gossamer.retrieval.training.columns import Columns


def flops(weights: Tensor, *, l0: int | None = None, slots: int = 1, columns: Tensor | None = None) -> Tensor:
    """``sum over words of (mean over rows of |weight|) ** 2``: the expected work of a query against a document.

    Args:
        weights: (n, |V|).
        l0: Rows with at most so many weights count as zero, and still as rows.
        slots: Row ``i`` belongs to slot ``i % slots``; the penalty is taken for each slot and added up.
        columns: (|V|,) factor of each word's mean.

    Example:
        >>> flops(Tensor([[1.0, 0.0], [1.0, 2.0]]))
        tensor(2.)
    """
    if l0 is not None:
        weights = weights * ((weights != 0).sum(1, keepdim=True) > l0)
    means = weights.abs().view(-1, slots, weights.shape[1]).mean(0)
    if columns is not None:
        means = means * columns
    return means.square().sum()


def l1(weights: Tensor) -> Tensor:
    """Mean over rows of the sum of |weight|."""
    return weights.abs().sum(1).mean()


@dataclass
class DocumentFrequency:
    """What share of documents the model gives each word, of late; a running mean over batches.

    Args:
        middle: Share at which the factor of DF-FLOPS is one half.
        steep: How sharply it rises there.
        memory: Batches that the mean looks back on.
    """

    middle: float = 0.1
    steep: float = 10.0
    memory: int = 200
    share: Tensor | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if not 0 < self.middle < 1:
            raise UsageError(f"middle={self.middle} must lie between 0 and 1")

    def see(self, weights: Tensor) -> None:
        """A batch of document weights, (n, |V|)."""
        now = (weights.detach() != 0).float().mean(0)
        keep = 1 - 1 / self.memory
        self.share = now if self.share is None else keep * self.share + (1 - keep) * now

    @property
    def factors(self) -> Tensor:
        """(|V|,) ``1 / (1 + (x ** log(2, middle) - 1) ** steep)`` of the share x: 0 for rare words, 1 for common."""
        if self.share is None:
            raise UsageError("no batch was seen yet")
        return factor(self.share, self.middle, self.steep)


def factor(share: Tensor, middle: float = 0.1, steep: float = 10.0) -> Tensor:
    """The factor of DF-FLOPS at a document frequency; one half at ``middle``.

    Example:
        >>> factor(Tensor([0.0, 0.1, 1.0])).round(decimals=2)
        tensor([0.0000, 0.5000, 1.0000])
    """
    power = math.log(2) / math.log(middle)
    return 1 / (1 + (share.clamp_min(1e-12) ** power - 1).clamp_min(0) ** steep)


@dataclass
class Turn:
    """A factor of lambda that is turned until documents have as many words as wanted.

    Args:
        wanted: Words with weight of a document.
        every: Steps from one turn to the next.
        by: How far it is turned.
        memory: Steps that the mean looks back on.
    """

    wanted: float
    every: int = 20
    by: float = 1.05
    memory: int = 20
    factor: float = 1.0
    words: float | None = None

    def __post_init__(self) -> None:
        if self.wanted <= 0:
            raise UsageError(f"words={self.wanted}: documents need at least one word with weight")

    def see(self, words: float, step: int) -> None:
        """The mean number of words of a batch's documents."""
        self.words = words if self.words is None else self.words + (words - self.words) / self.memory
        if (step + 1) % self.every == 0:
            self.factor *= self.by if self.words > self.wanted else 1 / self.by


class Regulariser:
    """A :class:`~gossamer.retrieval.encoders.methods.Penalty` at work."""

    def __init__(self, penalty: Penalty) -> None:
        if penalty.ramp < 1 or min(penalty.query, penalty.document) < 0:
            raise UsageError(f"{penalty}: the ramp is at least one step, and no weight is negative")
        self.penalty = penalty
        self.frequency = {"query": DocumentFrequency(), "document": DocumentFrequency()}
        self.turn = Turn(penalty.words) if penalty.words is not None else None

    def rise(self, step: int) -> float:
        """Share of the full weight at a step: quadratic, from 0."""
        return (min(step, self.penalty.ramp) / self.penalty.ramp) ** 2

    def __call__(self, queries: Tensor, documents: Tensor, step: int, columns: Columns | None = None) -> Tensor:
        """The penalty of a batch, (B, |V|) and (B g, |V|), or of the columns of a sampled step."""
        penalty, rise = self.penalty, self.rise(step)
        found = documents.new_zeros(())
        if penalty.document:
            slots = len(documents) // len(queries) if penalty.slots else 1
            weight = penalty.document * rise * (self.turn.factor if self.turn is not None else 1)
            found = found + weight * self._of("document", penalty.kind, documents, slots, penalty.l0, columns)
        if penalty.query:
            kind = penalty.of_queries or penalty.kind
            found = found + penalty.query * rise * self._of("query", kind, queries, 1, None, columns)
        if self.turn is not None:
            self.turn.see(float(words(documents, columns).mean()), step)
        return found

    def _of(self, side: str, kind: str, weights: Tensor, slots: int, l0: int | None, columns: Columns | None) -> Tensor:
        if kind == "l1":
            return l1(weights if columns is None else weights * columns.stands_for)
        if columns is not None:
            if kind == "df-flops":
                raise UsageError("DF-FLOPS needs the document frequency of every word; train on all columns")
            if l0 is not None:
                weights = weights * (words(weights, columns) > l0).unsqueeze(1)
            return flops(weights, slots=slots, columns=columns.stands_for.sqrt())
        factors = None
        if kind == "df-flops":
            self.frequency[side].see(weights)
            factors = self.frequency[side].factors
        return flops(weights, l0=l0, slots=slots, columns=factors)

    def state(self) -> dict[str, Tensor]:
        """What a checkpoint has to keep."""
        kept = {side: seen.share for side, seen in self.frequency.items() if seen.share is not None}
        if self.turn is not None and self.turn.words is not None:
            kept["turn"] = torch.tensor([self.turn.factor, self.turn.words], dtype=torch.float64)
        return kept

    def restore(self, state: dict[str, Tensor]) -> None:
        """What :meth:`state` gave."""
        for name, kept in state.items():
            if name != "turn":
                self.frequency[name].share = kept
            elif self.turn is not None:
                self.turn.factor, self.turn.words = kept.tolist()


def words(weights: Tensor, columns: Columns | None = None) -> Tensor:
    """How many words of each row have weight, (n,); an estimate where only some columns are there."""
    there = (weights.detach() != 0).float()
    return there.sum(1) if columns is None else there @ columns.stands_for
