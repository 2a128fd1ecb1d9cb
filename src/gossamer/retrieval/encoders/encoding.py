"""Many texts through one side of an encoder: batches by length, windows of long texts, bounded memory."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np
import torch
from numpy.typing import NDArray

from gossamer.errors import GossamerError
from gossamer.retrieval.vectors import SparseVectors

if TYPE_CHECKING:
    from gossamer.retrieval.encoders.learned import Side

Progress = Callable[[int, int], None]
Row = tuple[NDArray[np.uint32], NDArray[np.float32]]

_TOGETHER = 4096  # texts that are sorted by length at a time

log = logging.getLogger(__name__)


def encode(
    side: Side,
    texts: Sequence[str],
    *,
    batch: int,
    long: Literal["windows", "truncate"],
    progress: Progress | None = None,
) -> SparseVectors:
    """Vectors of texts, shape (n, |V|), in their order.

    Raises:
        GossamerError: One text alone is too much for the memory.
    """
    rows: list[Row] = []
    work = _Batches(side, batch)
    cut = 0
    for start in range(0, len(texts), _TOGETHER):
        pieces = side.backbone.pieces(texts[start : start + _TOGETHER])
        cut += sum(len(row) > side.room for row in pieces)
        windows = [(at, part) for at, row in enumerate(pieces) for part in _read(row, side.room, long)]
        found: list[list[Row]] = [[] for _ in pieces]
        left = len(windows)
        for members, vectors in work.run([part for _, part in windows]):
            for member, vector in zip(members, vectors, strict=True):
                found[windows[member][0]].append(vector)
            left -= len(members)
            if progress is not None:
                progress(start + len(pieces) - min(left, len(pieces)), len(texts))
        rows += map(_largest, found)
    if cut:
        did = "the rest was left out" if long == "truncate" else "they were read in windows"
        log.warning("%d of %d texts are longer than %d word pieces: %s", cut, len(texts), side.room, did)
    return SparseVectors(
        np.cumsum([0, *(len(columns) for columns, _ in rows)]),
        np.concatenate([np.empty(0, np.uint32), *(columns for columns, _ in rows)]),
        np.concatenate([np.empty(0, np.float32), *(values for _, values in rows)]),
        side.backbone.size,
        side.backbone.terms,
    )


class _Batches:
    """Rows of word pieces through a side, so many at a time as memory allows."""

    def __init__(self, side: Side, size: int) -> None:
        self._side, self._size = side, max(1, size)

    def run(self, pieces: Sequence[Sequence[int]]) -> Iterator[tuple[list[int], list[Row]]]:
        """Places in ``pieces`` and their vectors, rows of about one length together."""
        empty = self._side.limits.special_positions  # only the tokens around a text say something about an empty one
        by_length = sorted(range(len(pieces)), key=lambda at: -len(pieces[at]))
        waiting = [at for at in by_length if pieces[at] or empty]
        while waiting:
            members = waiting[: self._size]
            vectors = self._try([pieces[at] for at in members])
            if vectors is None:
                continue
            del waiting[: len(members)]
            yield members, vectors

    def _try(self, pieces: Sequence[Sequence[int]]) -> list[Row] | None:
        """Their vectors, or None when memory ran out: then the next batches are half as large."""
        try:
            weights = self._side.weights(pieces)
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


def _sparse(row: NDArray[np.float32]) -> Row:
    columns = row.nonzero()[0]
    return columns.astype(np.uint32), row[columns]


def in_windows(row: Sequence[int], room: int) -> Iterator[Sequence[int]]:
    """Parts of at most ``room`` pieces; each shares a few with the one before, lest a phrase be torn."""
    step = room - room // 8
    for start in range(0, max(1, len(row) - room // 8), step):
        yield row[start : start + room]


def _read(row: Sequence[int], room: int, long: str) -> Iterator[Sequence[int]]:
    return iter([row[:room]]) if long == "truncate" or len(row) <= room else in_windows(row, room)


def _largest(rows: Sequence[Row]) -> Row:
    """The larger weight of every column."""
    if len(rows) == 1:
        return rows[0]
    if not rows:
        return np.empty(0, np.uint32), np.empty(0, np.float32)
    columns, place = np.unique(np.concatenate([columns for columns, _ in rows]), return_inverse=True)
    values = np.full(len(columns), -np.inf, np.float32)
    np.maximum.at(values, place, np.concatenate([values for _, values in rows]))
    return columns, values
