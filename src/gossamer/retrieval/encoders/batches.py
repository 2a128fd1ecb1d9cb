"""Rows of word pieces through a torch model, so many at a time as memory allows."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator

import numpy as np
import torch
from torch import Tensor

from gossamer.errors import GossamerError
from gossamer.retrieval.encoders.encoding import Pieces, Row

log = logging.getLogger(__name__)


class Batches:
    """Batches that halve for good when memory runs out.

    Args:
        weights: Rows of word pieces to weights, (n, |V|).
        size: Rows at a time.
    """

    def __init__(self, weights: Callable[[Pieces], Tensor], size: int) -> None:
        self._weights, self._size = weights, max(1, size)

    def run(self, pieces: Pieces, order: list[int]) -> Iterator[tuple[list[int], list[Row]]]:
        """Places in ``pieces``, taken in this order, and their vectors.

        Raises:
            GossamerError: One row alone is too much for the memory.
        """
        waiting = list(order)
        while waiting:
            members = waiting[: self._size]
            vectors = self._try([pieces[at] for at in members])
            if vectors is None:
                continue
            del waiting[: len(members)]
            yield members, vectors

    def _try(self, pieces: Pieces) -> list[Row] | None:
        """Their vectors, or None when memory ran out: then the next batches are half as large."""
        try:
            weights = self._weights(pieces)
        except (MemoryError, RuntimeError) as error:
            if not _out_of_memory(error):
                raise
            if len(pieces) == 1:
                raise GossamerError(
                    f"no memory for a text of {len(pieces[0])} word pieces; give the encoder a smaller `longest`"
                ) from error
            self._size = max(1, len(pieces) // 2)
            log.warning("memory ran out; going on with batches of %d", self._size)
            return None
        return [_sparse(row) for row in weights.float().cpu().numpy()]


def _out_of_memory(error: Exception) -> bool:
    told = str(error).lower()
    known = isinstance(error, (MemoryError, torch.OutOfMemoryError))
    return known or "out of memory" in told or "can't allocate memory" in told


def _sparse(row: np.ndarray) -> Row:
    columns = row.nonzero()[0]
    return columns.astype(np.uint32), row[columns]
