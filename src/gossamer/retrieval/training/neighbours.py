"""Batches of pairs that are near each other, so that the documents of a batch are hard to tell apart.

Among documents by chance a teacher has little to say: one is right and the others are not. Among neighbours its scores
are worth learning (Hofstätter et al., "Efficiently Teaching an Effective Dense Retriever with Balanced Topic Aware
Sampling", 2021). Neighbours come from a tree of hyperplanes, each half way between two members drawn by chance, as in
Annoy; every epoch grows another one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from gossamer.errors import UsageError
from gossamer.retrieval.training.groups import Batches, Group

Rows = npt.NDArray[np.int64]


class NearBatches(Batches):
    """Batches made of runs of neighbours.

    Args:
        groups: All of them.
        size: Groups of a batch; a multiple of ``near``.
        negatives: As of :class:`Batches`.
        seed: Of the trees and the order.
        places: (len(groups), width) where each group lies: the dense vector of its positive.
        near: Neighbours of a run.

    Raises:
        UsageError: Sizes that do not go together.
    """

    def __init__(
        self, groups: Sequence[Group], size: int, negatives: int, seed: int, places: npt.NDArray[Any], near: int
    ) -> None:
        super().__init__(groups, size, negatives, seed)
        if near < 1 or size % near or len(groups) < size:
            raise UsageError(f"batches of {size} cannot be made of runs of {near} from {len(groups)} groups")
        if len(places) != len(groups):
            raise UsageError(f"{len(groups)} groups, and places of {len(places)}")
        self._places, self._near = places, near

    @property
    def an_epoch(self) -> int:
        """Batches until nearly every group was seen; what does not fill a run waits for the next epoch."""
        return self._runs // (self._size // self._near)

    @property
    def _runs(self) -> int:
        return len(self._groups) // self._near

    def _shuffled(self, epoch: int) -> list[Rows]:
        rng = np.random.default_rng([self._seed, 2, epoch])
        order = np.concatenate(list(neighbourhoods(self._places, self._near, rng)))
        runs = order[: self._runs * self._near].reshape(-1, self._near)
        runs = runs[rng.permutation(len(runs))][: self.an_epoch * (self._size // self._near)]
        return list(runs.reshape(self.an_epoch, self._size))


def neighbourhoods(places: npt.NDArray[Any], size: int, rng: np.random.Generator) -> Iterator[Rows]:
    """Rows of ``places`` in sets of neighbours, each of a multiple of ``size`` but the last.

    Example:
        >>> places = np.array([[0.0], [9.0], [0.1], [9.1]])
        >>> sorted(sorted(one.tolist()) for one in neighbourhoods(places, 2, np.random.default_rng(0)))
        [[0, 2], [1, 3]]
    """
    waiting: list[Rows] = [np.arange(len(places))]
    while waiting:
        members = waiting.pop()
        if len(members) <= size:
            yield members
            continue
        a, b = rng.choice(members, 2, replace=False)
        along = places[members].astype(np.float32) @ (places[a].astype(np.float32) - places[b].astype(np.float32))
        half = max(size, len(members) // 2 // size * size)
        parted = np.argpartition(along, half)
        waiting += [members[parted[half:]], members[parted[:half]]]
