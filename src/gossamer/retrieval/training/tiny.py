"""A small inference-free encoder from your own texts: queries are a table, documents a network of two layers.

Distils a dense and a sparse teacher (Geng et al., "Towards Competitive Search Relevance For Inference-Free Learned
Sparse Retrievers", 2024) into a small model that was trained already, so that half an hour on two cores is enough. Half
of the loss asks the encoder alone, half asks it together with BM25, which it is searched with.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from os import PathLike

import torch

from gossamer.errors import UsageError
from gossamer.retrieval.encoders import learned
from gossamer.retrieval.encoders.backbone import Backbone
from gossamer.retrieval.encoders.methods import Penalty
from gossamer.retrieval.training.groups import Group
from gossamer.retrieval.training.idf import idf_table
from gossamer.retrieval.training.neighbours import NearBatches
from gossamer.retrieval.training.teachers import DenseTeacher, SparseTeacher
from gossamer.retrieval.training.trainer import Settings, Step, Trainer

_TRIED = 12  # steps that are timed to know how many there is time for


@dataclass(frozen=True)
class Recipe:
    """Everything that decides what comes out.

    Args:
        steps: Batches.
        batch: Pairs of a batch; all its documents are candidates of every query.
        near: Of them so many are neighbours.
        longest: Word pieces of a text in training; the encoder reads more afterwards.
        columns: Words drawn by chance for a step.
        words: Words with weight that a document is to have.
        penalty: Weight of FLOPS at the beginning; it is turned to reach ``words``.
        rate: Learning rate of the network.
        word_rate: Of the matrix of words.
        losses: Of the encoder alone (``ensemble``) and beside BM25 (``residual``).
        dense_weight: Of the dense teacher; the sparse one's is what is left to 1.
        scale: How far the teachers' best and worst candidate are apart.
        ours, beside: How much a point of the encoder and of BM25 counts against the teachers' scores, at first; both
            are learned.
        mixture_rate: Learning rate of the two.
        average: Checkpoints that are averaged in the end.
        keep_every: Steps from one to the next.
        seed: Of everything drawn by chance.
    """

    steps: int = 4000
    batch: int = 64
    near: int = 8
    longest: int = 96
    columns: int = 800
    words: float = 130.0
    penalty: float = 2e-3
    rate: float = 2e-4
    word_rate: float = 1e-4
    losses: Mapping[str, float] = field(default_factory=lambda: {"ensemble": 0.5, "residual": 0.5})
    dense_weight: float = 2 / 3
    scale: float = 20.0
    ours: float = 0.2
    beside: float = 1.0
    mixture_rate: float = 2e-2
    average: int = 5
    keep_every: int = 100
    seed: int = 0

    def settings(self) -> Settings:
        """As the trainer takes them."""
        return Settings(
            self.steps, self.batch, 0, self.rate, {"word_embeddings": self.word_rate, "vocabulary": self.word_rate},
            warm_up=0.05, scale=self.scale, seed=self.seed, keep_every=self.keep_every, columns=self.columns,
            ours=self.ours, beside=self.beside, mixture_rate=self.mixture_rate, average=self.average, fall="cosine",
        )  # fmt: skip


def student(
    base: str | PathLike[str] | Backbone, texts: Iterable[str], *, longest: int | None = 256
) -> learned.LearnedEncoder:
    """An inference-free encoder over a masked language model, its queries weighed by idf, not yet trained.

    Args:
        base: A model that SPLADE was trained with already, best of all.
        texts: What idf is counted on.
        longest: Word pieces of a text that are read at a time.

    Raises:
        UsageError: No such model.
    """
    backbone = base if isinstance(base, Backbone) else Backbone.load(base)
    return learned.build(backbone, "static", "mlm", table=idf_table(backbone, texts), longest=longest)


def train_tiny(
    encoder: learned.LearnedEncoder,
    groups: Sequence[Group],
    dense: DenseTeacher,
    sparse: SparseTeacher,
    lexical: SparseTeacher,
    recipe: Recipe | None = None,
    *,
    folder: str | PathLike[str] | None = None,
    watch: Callable[[Step], None] | None = None,
) -> list[Step]:
    """Train an encoder of :func:`student`, in place.

    Args:
        encoder: Its queries must not expand.
        groups: Queries with the one document that answers them.
        dense: The teacher that knows what means the same; it also says which pairs are neighbours.
        sparse: The teacher that knows which words matter.
        lexical: BM25 over the documents of ``groups``: what the encoder will be searched together with.
        recipe: None = :class:`Recipe`'s defaults.
        folder: Checkpoints are kept there; a run that was broken off goes on.
        watch: Called after every step.

    Returns:
        How each step went.

    Raises:
        UsageError: Too few groups for a batch, or a checkpoint of other settings.
        GossamerError: A loss that is no number, or vectors that became all zero.
    """
    recipe = recipe or Recipe()
    settings = recipe.settings()
    trainer = Trainer(
        encoder, recipe.losses, Penalty(document=recipe.penalty, ramp=50, words=recipe.words), [dense, sparse],
        [recipe.dense_weight, 1 - recipe.dense_weight], lexical,
    )  # fmt: skip
    places = dense.vectors([group.documents[0] for group in groups])
    batches = NearBatches(groups, recipe.batch, 0, recipe.seed, places, recipe.near)
    limits = encoder.document.limits
    encoder.document.limits = replace(limits, longest=recipe.longest)
    dropped = _without_dropout(encoder)
    try:
        return trainer.fit(groups, settings, batches=batches, folder=folder, watch=watch)
    finally:
        encoder.document.limits = limits
        for module, share in dropped:
            module.p = share


def steps_in(
    minutes: float,
    encoder: learned.LearnedEncoder,
    groups: Sequence[Group],
    dense: DenseTeacher,
    sparse: SparseTeacher,
    lexical: SparseTeacher,
    recipe: Recipe,
) -> int:
    """How many steps there is time for: a few are tried, and undone.

    Raises:
        UsageError: Not even a hundred.
    """
    kept = {name: one.detach().clone() for name, one in encoder.state_dict().items()}
    times: list[float] = []
    tried = replace(recipe, steps=_TRIED, average=1)
    train_tiny(encoder, groups, dense, sparse, lexical, tried, watch=lambda _: times.append(time.monotonic()))
    encoder.load_state_dict(kept)
    seconds = sorted(after - before for before, after in pairwise(times))[len(times) // 2]
    steps = int(60 * minutes / seconds)
    if steps < 100:
        raise UsageError(
            f"a step takes {seconds:.1f} s here: {minutes:g} minutes are {steps} steps, and 100 are needed"
        )
    return steps


def _without_dropout(encoder: learned.LearnedEncoder) -> list[tuple[torch.nn.Dropout, float]]:
    """Dropout costs a small model more than it gives; what was there, to put back."""
    found = [(module, module.p) for module in encoder.modules() if isinstance(module, torch.nn.Dropout)]
    for module, _ in found:
        module.p = 0.0
    return found
