"""What tells a sparse retriever that it is right: losses over the scores of each query with the documents of its batch.

The forms of Nguyen, MacAvaney & Yates, "A Unified Framework for Learned Sparse Retrieval" (2023), and of Geng et al.,
"Towards Competitive Search Relevance For Inference-Free Learned Sparse Retrievers" (2024). A batch has B queries with g
documents each, the first of them the positive; document j of query i is column ``i * g + j`` of the scores.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor
from torch.nn import functional

from gossamer.errors import UsageError

_TINY = 1e-6


@dataclass(frozen=True)
class Scores:
    """What the losses of one batch read.

    Args:
        all: (B, B g) score of every query with every document.
        teachers: One (B, B g) tensor of scores for each teacher, or (B, g) when a teacher scored only the query's own
            documents; empty without a teacher.
        documents: (B g, |V|) weights.
        targets: (B g, |V|) share of a document's queries that hold the word; for ``term_recall``.
        present: (B g, |V|) 1 where the document holds the word; for ``term_recall``.
        temperature: Of the softmax in KL.
        scale: What the normalised mean of an ensemble is multiplied with: the inverse of its temperature.
        weights: Of the teachers in an ensemble; None = equal.
        beside: (B, B g) scores of what will be searched together with the encoder, BM25 for instance.
        balance: How much one point of ``beside`` counts against one of ours.
    """

    all: Tensor
    teachers: Sequence[Tensor] = ()
    documents: Tensor | None = None
    targets: Tensor | None = None
    present: Tensor | None = None
    temperature: float = 1.0
    scale: float = 30.0
    weights: Sequence[float] | None = None
    beside: Tensor | None = None
    balance: float | Tensor = 1.0

    @property
    def group(self) -> int:
        """g."""
        return self.all.shape[1] // self.all.shape[0]

    @property
    def own(self) -> Tensor:
        """(B, g): every query with its own documents."""
        return self._own(self.all)

    @property
    def teacher(self) -> Tensor:
        """(B, g) of the one teacher, or the mean of several.

        Raises:
            UsageError: There is none.
        """
        if not self.teachers:
            raise UsageError("this loss learns from a teacher's scores, and the data has none")
        return torch.stack([self._own(one) for one in self.teachers]).mean(0)

    def _own(self, scores: Tensor) -> Tensor:
        queries = len(scores)
        if scores.shape[1] == self.group:
            return scores
        return scores.view(queries, queries, -1)[torch.arange(queries), torch.arange(queries)]


class Loss(Protocol):
    """Scores of a batch to a number."""

    def __call__(self, scores: Scores, /) -> Tensor:
        """The loss, a scalar."""


def contrastive(scores: Scores) -> Tensor:
    """Cross-entropy of the positive against every document of the batch."""
    right = torch.arange(len(scores.all), device=scores.all.device) * scores.group
    return functional.cross_entropy(scores.all, right)


def cross_entropy(scores: Scores) -> Tensor:
    """Cross-entropy of the positive against the query's own documents; two of them make it the pairwise one."""
    return -functional.log_softmax(scores.own, 1)[:, 0].mean()


def negative_likelihood(scores: Scores) -> Tensor:
    """``1 - p(positive)`` over the query's own documents, as EPIC has it."""
    return 1 - scores.own.softmax(1)[:, 0].mean()


def infonce(scores: Scores) -> Tensor:
    """The positive against the hard negatives of the whole batch; other queries' positives do not count as wrong.

    Raises:
        UsageError: The queries bring no negatives.
    """
    queries, group = len(scores.all), scores.group
    if group < 2:
        raise UsageError("infonce compares with hard negatives, and the data has none; use contrastive")
    negatives = scores.all.view(queries, queries, group)[:, :, 1:].flatten(1)
    candidates = torch.cat([scores.own[:, :1], negatives], 1)
    return -functional.log_softmax(candidates, 1)[:, 0].mean()


def margin_mse(scores: Scores) -> Tensor:
    """Squared difference of the margins: by how much the first document leads the others, here and at the teacher.

    Hofstätter et al., "Improving Efficient Neural Ranking Models with Cross-Architecture Knowledge Distillation", 2020.

    Raises:
        UsageError: No teacher, or one document a query.
    """
    own, teacher = scores.own, scores.teacher
    if own.shape[1] < 2:
        raise UsageError("margin_mse compares two documents of a query, and the data has one")
    return functional.mse_loss(own[:, :1] - own[:, 1:], teacher[:, :1] - teacher[:, 1:])


def kl(scores: Scores) -> Tensor:
    """KL divergence of the teacher's distribution over the query's own documents from ours.

    Raises:
        UsageError: No teacher.
    """
    return _divergence(scores.teacher, scores.own, scores.temperature)


def ensemble(scores: Scores) -> Tensor:
    """KL divergence to the mean of several teachers, each scaled to 0..1 for each query, over the whole batch.

    Raises:
        UsageError: No teacher, or one that scored only the query's own documents of two.
    """
    if not scores.teachers:
        raise UsageError("the ensemble learns from teachers; name at least one")
    wide = all(one.shape == scores.all.shape for one in scores.teachers)
    target = ensembled(scores.teachers, scale=scores.scale, weights=scores.weights)
    return _divergence(target, scores.all if wide else scores.own, scores.temperature)


def residual(scores: Scores) -> Tensor:
    """As :func:`ensemble`, of the sum that will be searched: what BM25 says already need not be said again.

    BM25 is one of the teachers, too, with the mean of their weights. The idea of Gao et al., "Complement Lexical
    Retrieval Model with Semantic Residual Embeddings" (2021), with a teacher's distribution in place of their margin.

    Raises:
        UsageError: No teacher of all documents of the batch, or nothing beside the encoder.
    """
    if scores.beside is None:
        raise UsageError("residual needs scores of what the encoder is searched together with; name it as beside")
    if not scores.teachers or any(one.shape != scores.all.shape for one in scores.teachers):
        raise UsageError("residual learns from teachers of all documents of a batch; name at least one")
    weights = list(scores.weights or [1.0] * len(scores.teachers))
    weights.append(sum(weights) / len(weights))
    target = ensembled([*scores.teachers, scores.beside], scale=scores.scale, weights=weights)
    return _divergence(target, scores.all + scores.balance * scores.beside, scores.temperature)


def ensembled(teachers: Sequence[Tensor], *, scale: float = 30.0, weights: Sequence[float] | None = None) -> Tensor:
    """``scale`` times the mean of the teachers' scores, each brought to 0..1 row by row.

    Args:
        teachers: Each (queries, candidates); the same shape.
        scale: The best and the worst candidate end this far apart.
        weights: Of the teachers; None = equal.

    Raises:
        UsageError: Two candidates, which any teacher brings to 0 and 1; or not a weight for each teacher.

    Example:
        >>> ensembled([torch.tensor([[0.0, 5.0, 10.0]]), torch.tensor([[0.9, 0.5, 0.1]])], scale=2.0).round(decimals=2)
        tensor([[1., 1., 1.]])
    """
    if teachers[0].shape[1] < 3:
        raise UsageError("over two candidates every teacher says 0 and 1; let the batch's documents be candidates, too")
    if weights is not None and (len(weights) != len(teachers) or sum(weights) <= 0 or min(weights) < 0):
        raise UsageError(f"{len(teachers)} teachers need as many weights, none negative and not all 0")
    each = torch.tensor(weights if weights is not None else [1.0] * len(teachers))
    scaled = [_from_zero_to_one(one) * weight for one, weight in zip(teachers, each / each.sum(), strict=True)]
    return scale * torch.stack(scaled).sum(0)


def _from_zero_to_one(scores: Tensor) -> Tensor:
    lowest, highest = scores.aminmax(dim=1, keepdim=True)
    return (scores - lowest) / (highest - lowest + _TINY)


def _divergence(teacher: Tensor, student: Tensor, temperature: float) -> Tensor:
    wanted, found = (functional.log_softmax(one / temperature, 1) for one in (teacher, student))
    return functional.kl_div(found, wanted, reduction="batchmean", log_target=True)


def term_recall(scores: Scores) -> Tensor:
    """Squared error of a document's word weights against the share of its queries that hold the word.

    Dai & Callan, "Context-Aware Sentence/Passage Term Importance Estimation For First Stage Retrieval" (2019).

    Raises:
        UsageError: Called without targets.
    """
    if scores.documents is None or scores.targets is None or scores.present is None:
        raise UsageError("term_recall needs the documents' weights and targets")
    wrong = (scores.documents - scores.targets).square() * scores.present
    return wrong.sum() / scores.present.sum().clamp_min(1)


LOSSES: Mapping[str, Loss] = {
    "contrastive": contrastive,
    "cross_entropy": cross_entropy,
    "negative_likelihood": negative_likelihood,
    "infonce": infonce,
    "margin_mse": margin_mse,
    "kl": kl,
    "ensemble": ensemble,
    "residual": residual,
    "term_recall": term_recall,
}
