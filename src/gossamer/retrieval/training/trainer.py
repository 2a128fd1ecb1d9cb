"""Training of a learned sparse encoder: scores of a batch, a loss over them, a penalty that keeps vectors short.

A step depends on the seed and its number alone, so a run that was killed goes on to the same losses.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import Literal, Protocol

import numpy as np
import torch
from torch import Tensor

from gossamer.errors import GossamerError, UsageError
from gossamer.retrieval.encoders.heads import top
from gossamer.retrieval.encoders.learned import LearnedEncoder
from gossamer.retrieval.encoders.methods import LOSSES, LearnedMethod, Penalty
from gossamer.retrieval.training import checkpoint, supervision
from gossamer.retrieval.training.averaging import Average
from gossamer.retrieval.training.columns import Sampler
from gossamer.retrieval.training.groups import Batches, Group
from gossamer.retrieval.training.lazy import LazyAdamW
from gossamer.retrieval.training.mixture import Mixture
from gossamer.retrieval.training.recall_targets import RecallTargets
from gossamer.retrieval.training.regularisers import Regulariser, words


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
        columns: Words drawn by chance for a step, beside those of its queries, in place of the whole vocabulary;
            see :mod:`gossamer.retrieval.training.columns`. None = all words.
        ours, beside: How much a point of the encoder, and of what is searched beside it, counts against the teachers'
            scores, at first.
        mixture_rate: Learning rate of these two; None leaves them as they are.
        average: Weights at the last so many checkpoints are averaged in the end.
        fall: How the learning rate falls after the warm-up: in a straight line, or as a cosine.
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
    columns: int | None = None
    ours: float = 1.0
    beside: float = 1.0
    mixture_rate: float | None = None
    average: int = 1
    fall: Literal["line", "cosine"] = "line"

    def __post_init__(self) -> None:
        if self.steps < 1 or self.batch < 1 or self.negatives < 0:
            raise UsageError(f"steps={self.steps} and batch={self.batch} are at least 1, negatives at least 0")
        if not (self.rate > 0 and 0 <= self.warm_up < 1):
            raise UsageError(f"rate={self.rate} must be positive, warm_up={self.warm_up} in [0, 1)")
        if self.keep_every < 1 or (self.top_k is not None and self.top_k < 1):
            raise UsageError(f"keep_every={self.keep_every} and top_k={self.top_k} must be at least 1")
        if self.top_k is not None and self.columns is not None:
            raise UsageError("top_k looks for the largest of all weights, and columns leaves most of them out")
        if min(self.ours, self.beside) <= 0 or (self.mixture_rate is not None and self.mixture_rate <= 0):
            raise UsageError(
                f"ours={self.ours}, beside={self.beside} and mixture_rate={self.mixture_rate} are positive"
            )
        if self.average < 1 or self.fall not in ("line", "cosine"):
            raise UsageError(f"average={self.average} is at least 1, fall={self.fall!r} is line or cosine")

    def speed(self, step: int) -> float:
        """Share of the full learning rate at a step."""
        begin = max(1, round(self.warm_up * self.steps))
        if step < begin:
            return (step + 1) / begin
        left = (self.steps - step) / max(1, self.steps - begin)
        return left if self.fall == "line" else 0.5 - 0.5 * math.cos(math.pi * left)


class Trainer:
    """An encoder, what it learns from, and what keeps its vectors short.

    Args:
        encoder: Trained in place.
        loss: Name of a loss (:mod:`gossamer.retrieval.training.supervision`), or several with their weights.
        regulariser: A :class:`~gossamer.retrieval.encoders.methods.Penalty`; None for none.
        teachers: Scored on line; without any, the scores in the data are the teacher.
        teacher_weights: Of the ensemble; None = equal.
        beside: What will be searched together with the encoder; for the loss ``residual``.

    Attributes:
        mixture: What a point of the encoder counted in the end.

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
        beside: Teacher | None = None,
    ) -> None:
        losses = {loss: 1.0} if isinstance(loss, str) else dict(loss)
        for name in losses:
            if name not in supervision.LOSSES:
                raise UsageError(f"unknown loss {name!r}; known: {', '.join(LOSSES)}")
        self.encoder, self._losses = encoder, losses
        self.regulariser = Regulariser(regulariser) if regulariser is not None else None
        self._teachers, self._weights, self._beside = teachers, teacher_weights, beside
        self.mixture = Mixture()

    @staticmethod
    def of(method: LearnedMethod, encoder: LearnedEncoder, teachers: Sequence[Teacher] = ()) -> Trainer:
        """The supervision and the penalty of a published method."""
        return Trainer(encoder, method.losses, method.penalty, teachers)

    def fit(
        self,
        groups: Sequence[Group],
        settings: Settings,
        *,
        batches: Batches | None = None,
        folder: str | PathLike[str] | None = None,
        watch: Callable[[Step], None] | None = None,
    ) -> list[Step]:
        """Train, and say how each step went.

        Args:
            groups: The data; the encoder's expander lengthens documents that come without additions.
            settings: How long and how fast.
            batches: Of the same groups in another order; None = shuffled, each source by itself.
            folder: Checkpoints are kept there, and a run that was broken off goes on from the last one.
            watch: Called after every step.

        Raises:
            UsageError: Data that does not fit the loss; a checkpoint of other settings.
            GossamerError: A loss that is no number, or vectors that became all zero.
        """
        if self.encoder.expander is not None:
            groups = self.encoder.expander.lengthen(groups)
        if batches is None:
            batches = Batches(groups, settings.batch, settings.negatives, settings.seed)
        recall = RecallTargets(groups, self.encoder.document) if "term_recall" in self._losses else None
        sampler = Sampler(self.encoder, settings.columns) if settings.columns is not None else None
        self.mixture = Mixture(settings.ours, settings.beside, learned=settings.mixture_rate is not None).to(
            self.encoder.document.columns.device
        )
        optimizer = self._optimizer(settings)
        average = Average(self.encoder, settings.steps, settings.keep_every, settings.average)
        parts: dict[str, checkpoint.Remembers] = {"average": average, "mixture": self.mixture}
        if self.regulariser is not None:
            parts["regulariser"] = self.regulariser
        kept = checkpoint.Checkpoint(Path(folder), settings) if folder is not None else None
        steps = kept.restore(self.encoder, optimizer, parts) if kept else []
        self.encoder.train()
        try:
            for number in range(len(steps), settings.steps):
                for group in optimizer.param_groups:
                    group["lr"] = group["height"] * settings.speed(number)
                torch.manual_seed(int(np.random.SeedSequence([settings.seed, number]).generate_state(1)[0]))
                steps.append(self._step(number, batches.batch(number), settings, optimizer, recall, sampler))
                average.see(number + 1)
                if watch is not None:
                    watch(steps[-1])
                last = number + 1 == settings.steps
                if kept is not None and (last or (number + 1) % settings.keep_every == 0):
                    kept.save(self.encoder, optimizer, parts, steps)
            average.put()
        finally:
            self.encoder.eval()
        return steps

    def _optimizer(self, settings: Settings) -> torch.optim.Optimizer:
        """Biases, norms and scalars do not decay; of the vocabulary only the rows move that a sampled step saw."""
        by: dict[tuple[float, float, bool], list[Tensor]] = {}
        size = self.encoder.document.backbone.size
        for name, parameter in self.encoder.named_parameters():
            if parameter.requires_grad:
                own = next((rate for part, rate in settings.rates.items() if part in name), settings.rate)
                lazy = settings.columns is not None and parameter.ndim > 0 and len(parameter) == size
                by.setdefault((own, settings.decay if parameter.ndim > 1 else 0.0, lazy), []).append(parameter)
        if not by:
            raise UsageError("the encoder has nothing to train")
        if settings.mixture_rate is not None:
            by.setdefault((settings.mixture_rate, 0.0, False), []).append(self.mixture.logarithms)
        return LazyAdamW([
            {"params": some, "lr": rate, "height": rate, "weight_decay": decay, "lazy": lazy}
            for (rate, decay, lazy), some in by.items()
        ])  # fmt: skip

    def _step(
        self,
        number: int,
        groups: Sequence[Group],
        settings: Settings,
        optimizer: torch.optim.Optimizer,
        recall: RecallTargets | None,
        sampler: Sampler | None,
    ) -> Step:
        asked = self.encoder.query.tokens([group.query for group in groups])
        texts = [text for group in groups for text in group.texts]
        tokens = self.encoder.document.tokens(texts)
        columns = sampler.draw(asked, np.random.default_rng([settings.seed, 3, number])) if sampler else None
        ids = columns.ids if columns is not None else None
        queries, documents = self.encoder.query(asked, ids), self.encoder.document(tokens, ids)
        if settings.top_k is not None:
            documents = top(documents, settings.top_k)
        targets, present = recall.of(groups, tokens) if recall is not None else (None, None)
        taught, beside = self._taught(groups, documents.device)
        scores = supervision.Scores(
            queries @ documents.T * self.mixture.ours, taught, documents, targets, present, settings.temperature,
            settings.scale, self._weights, beside, self.mixture.beside,
        )  # fmt: skip
        ranking = sum(
            (weight * supervision.LOSSES[name](scores) for name, weight in self._losses.items()),
            documents.new_zeros(()),
        )
        loss = ranking
        if self.regulariser is not None:
            loss = loss + self.regulariser(queries, documents, number, columns)
        step = Step(
            number,
            loss.item(),
            ranking.item(),
            float(words(queries).mean()),
            float(words(documents, columns).mean()),
        )
        _refuse(step)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.encoder.parameters(), settings.clip)
        optimizer.step()
        return step

    def _taught(self, groups: Sequence[Group], device: torch.device) -> tuple[list[Tensor], Tensor | None]:
        """Scores of the teachers, and of what is searched beside the encoder; both read documents as they came."""
        queries = [group.query for group in groups]
        texts = [text for group in groups for text in group.documents]
        with torch.no_grad():
            beside = self._beside(queries, texts).to(device) if self._beside is not None else None
            if self._teachers:
                return [teacher(queries, texts).to(device) for teacher in self._teachers], beside
        given = [group.scores for group in groups]
        return ([torch.tensor(given, device=device)] if all(given) else []), beside


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
