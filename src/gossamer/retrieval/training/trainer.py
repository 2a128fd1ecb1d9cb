"""Training of a learned sparse encoder: scores of a batch, a loss over them, a penalty that keeps vectors short.

A step depends on the seed and its number alone, so a run that was killed goes on to the same losses.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from gossamer.errors import GossamerError, UsageError
from gossamer.retrieval.encoders.heads import top
from gossamer.retrieval.encoders.learned import LearnedEncoder
from gossamer.retrieval.encoders.methods import LOSSES, LearnedMethod, Penalty
from gossamer.retrieval.training import checkpoint, supervision
from gossamer.retrieval.training.groups import Batches, Group
from gossamer.retrieval.training.recall_targets import RecallTargets
from gossamer.retrieval.training.regularisers import Regulariser


class Teacher(Protocol):
    """Anything that scores every query with every document."""

    def __call__(self, queries: Sequence[str], documents: Sequence[str], /) -> Tensor:
        """Scores, (queries, documents)."""


@dataclass(frozen=True)
class Step:
    """What one step was like.

    Args:
        number: From 0.
        loss: What was minimised.
        ranking: The part that the supervision gave.
        query_words: Mean number of words with weight in a query.
        document_words: In a document.
    """

    number: int
    loss: float
    ranking: float
    query_words: float
    document_words: float


@dataclass(frozen=True)
class Settings:
    """How long and how fast.

    Args:
        steps: Batches.
        batch: Queries of a batch.
        negatives: Documents beside the positive that each query brings.
        rate: Learning rate at its height.
        rates: Part of a parameter's name to a learning rate of its own.
        warm_up: Share of the steps until then; afterwards it falls linearly to 0.
        decay: Weight decay of AdamW.
        clip: Largest norm of the gradient.
        temperature: Of the softmax in KL.
        scale: Of an ensemble's mean.
        seed: Of everything drawn by chance.
        keep_every: Steps from one checkpoint to the next.
        top_k: Documents keep their largest weights only, and the gradient reaches those alone.
    """

    steps: int
    batch: int = 32
    negatives: int = 0
    rate: float = 2e-5
    rates: Mapping[str, float] = field(default_factory=dict)
    warm_up: float = 0.1
    decay: float = 0.01
    clip: float = 1.0
    temperature: float = 1.0
    scale: float = 30.0
    seed: int = 0
    keep_every: int = 200
    top_k: int | None = None

    def __post_init__(self) -> None:
        if self.steps < 1 or self.batch < 1 or self.negatives < 0:
            raise UsageError(f"steps={self.steps} and batch={self.batch} are at least 1, negatives at least 0")
        if not (self.rate > 0 and 0 <= self.warm_up < 1):
            raise UsageError(f"rate={self.rate} must be positive, warm_up={self.warm_up} in [0, 1)")
        if self.keep_every < 1 or (self.top_k is not None and self.top_k < 1):
            raise UsageError(f"keep_every={self.keep_every} and top_k={self.top_k} must be at least 1")

    def speed(self, step: int) -> float:
        """Share of the full learning rate at a step."""
        begin = max(1, round(self.warm_up * self.steps))
        return (step + 1) / begin if step < begin else (self.steps - step) / max(1, self.steps - begin)


class Trainer:
    """An encoder, what it learns from, and what keeps its vectors short.

    Args:
        encoder: Trained in place.
        loss: Name of a loss (:mod:`gossamer.retrieval.training.supervision`), or several with their weights.
        regulariser: A :class:`~gossamer.retrieval.encoders.methods.Penalty`; None for none.
        teachers: Scored on line; without any, the scores in the data are the teacher.
        teacher_weights: Of the ensemble; None = equal.

    Raises:
        UsageError: An unknown loss.

    Example:
        >>> trainer = Trainer(encoder, "contrastive", Penalty(document=1e-3, ramp=500))  # doctest: +SKIP
        >>> trainer.fit(groups, Settings(steps=1000, rate=5e-5))[-1].loss  # doctest: +SKIP
        0.31
    """

    def __init__(
        self,
        encoder: LearnedEncoder,
        loss: str | Mapping[str, float] = "contrastive",
        regulariser: Penalty | None = None,
        teachers: Sequence[Teacher] = (),
        teacher_weights: Sequence[float] | None = None,
    ) -> None:
        losses = {loss: 1.0} if isinstance(loss, str) else dict(loss)
        for name in losses:
            if name not in supervision.LOSSES:
                raise UsageError(f"unknown loss {name!r}; known: {', '.join(LOSSES)}")
        self.encoder, self._losses = encoder, losses
        self._regulariser = Regulariser(regulariser) if regulariser is not None else None
        self._teachers, self._weights = teachers, teacher_weights

    @staticmethod
    def of(method: LearnedMethod, encoder: LearnedEncoder, teachers: Sequence[Teacher] = ()) -> Trainer:
        """The supervision and the penalty of a published method."""
        return Trainer(encoder, method.losses, method.penalty, teachers)

    def fit(
        self,
        groups: Sequence[Group],
        settings: Settings,
        *,
        folder: str | PathLike[str] | None = None,
        watch: Callable[[Step], None] | None = None,
    ) -> list[Step]:
        """Train, and say how each step went.

        Args:
            groups: The data; the encoder's expander lengthens documents that come without additions.
            settings: How long and how fast.
            folder: Checkpoints are kept there, and a run that was broken off goes on from the last one.
            watch: Called after every step.

        Raises:
            UsageError: Data that does not fit the loss; a checkpoint of other settings.
            GossamerError: A loss that is no number, or vectors that became all zero.
        """
        if self.encoder.expander is not None:
            groups = self.encoder.expander.lengthen(groups)
        batches = Batches(groups, settings.batch, settings.negatives, settings.seed)
        recall = RecallTargets(groups, self.encoder.document) if "term_recall" in self._losses else None
        optimizer = self._optimizer(settings)
        kept = checkpoint.Checkpoint(Path(folder), settings) if folder is not None else None
        steps = kept.restore(self.encoder, optimizer, self._regulariser) if kept else []
        self.encoder.train()
        try:
            for number in range(len(steps), settings.steps):
                for group in optimizer.param_groups:
                    group["lr"] = group["height"] * settings.speed(number)
                torch.manual_seed(int(np.random.SeedSequence([settings.seed, number]).generate_state(1)[0]))
                steps.append(self._step(number, batches.batch(number), settings, optimizer, recall))
                if watch is not None:
                    watch(steps[-1])
                last = number + 1 == settings.steps
                if kept is not None and (last or (number + 1) % settings.keep_every == 0):
                    kept.save(self.encoder, optimizer, self._regulariser, steps)
        finally:
            self.encoder.eval()
        return steps

    def _optimizer(self, settings: Settings) -> torch.optim.Optimizer:
        """Biases, norms and scalars do not decay."""
        by: dict[tuple[float, float], list[Tensor]] = {}
        for name, parameter in self.encoder.named_parameters():
            if parameter.requires_grad:
                own = next((rate for part, rate in settings.rates.items() if part in name), settings.rate)
                by.setdefault((own, settings.decay if parameter.ndim > 1 else 0.0), []).append(parameter)
        if not by:
            raise UsageError("the encoder has nothing to train")
        return torch.optim.AdamW(
            [{"params": some, "lr": rate, "height": rate, "weight_decay": decay} for (rate, decay), some in by.items()]
        )

    def _step(
        self,
        number: int,
        groups: Sequence[Group],
        settings: Settings,
        optimizer: torch.optim.Optimizer,
        recall: RecallTargets | None,
    ) -> Step:
        queries = self.encoder.query(self.encoder.query.tokens([group.query for group in groups]))
        texts = [text for group in groups for text in group.texts]
        tokens = self.encoder.document.tokens(texts)
        documents = self.encoder.document(tokens)
        if settings.top_k is not None:
            documents = top(documents, settings.top_k)
        targets, present = recall.of(groups, tokens) if recall is not None else (None, None)
        scores = supervision.Scores(
            queries @ documents.T, self._taught(groups, texts, documents.device), documents, targets, present,
            settings.temperature, settings.scale, self._weights,
        )  # fmt: skip
        ranking = sum(
            (weight * supervision.LOSSES[name](scores) for name, weight in self._losses.items()),
            documents.new_zeros(()),
        )
        loss = ranking
        if self._regulariser is not None:
            loss = loss + self._regulariser(queries, documents, number)
        step = Step(
            number,
            loss.item(),
            ranking.item(),
            *(float((one != 0).sum(1).float().mean()) for one in (queries, documents)),
        )
        _refuse(step)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.encoder.parameters(), settings.clip)
        optimizer.step()
        return step

    def _taught(self, groups: Sequence[Group], texts: Sequence[str], device: torch.device) -> list[Tensor]:
        if self._teachers:
            queries = [group.query for group in groups]
            with torch.no_grad():
                return [teacher(queries, texts).to(device) for teacher in self._teachers]
        given = [group.scores for group in groups]
        if not all(given):
            return []
        return [torch.tensor(given, device=device)]


def _refuse(step: Step) -> None:
    if not math.isfinite(step.loss):
        raise GossamerError(
            f"step {step.number}: the loss is {step.loss}; lower the learning rate, or look for broken data"
        )
    if step.document_words == 0 or step.query_words == 0:
        side = "documents" if step.document_words == 0 else "queries"
        raise GossamerError(
            f"step {step.number}: the vectors of all {side} became zero; weaken the penalty or lengthen its ramp"
        )
