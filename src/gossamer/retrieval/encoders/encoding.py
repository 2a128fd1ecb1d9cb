"""Many texts through one side of an encoder, whatever runs it: windows of long texts, one row for each text."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Literal, Protocol
from weakref import WeakSet

import numpy as np
from numpy.typing import NDArray

from gossamer.retrieval.vectors import SparseVectors

Progress = Callable[[int, int], None]
Row = tuple[NDArray[np.uint32], NDArray[np.float32]]
Pieces = Sequence[Any]  # ids of each text, in a list or an array
Long = Literal["windows", "truncate"]

_TOGETHER = 4096  # texts that are sorted by length at a time

log = logging.getLogger(__name__)
_told: WeakSet[Runnable] = WeakSet()  # of long texts, which is enough once


class Runnable(Protocol):
    """A side of an encoder, as :func:`encode` needs it."""

    @property
    def terms(self) -> list[str]:
        """Column to word."""

    @property
    def room(self) -> int:
        """Word pieces of a text that are read at a time."""

    @property
    def contextual(self) -> bool:
        """Whether a window sees only itself; a head that does not is given texts of any length."""

    def pieces(self, texts: Sequence[str]) -> Pieces:
        """Word pieces of each text, without special tokens and of any length."""

    def run(self, pieces: Pieces, batch: int) -> Iterator[tuple[list[int], list[Row]]]:
        """Places in ``pieces`` and the vectors there, in any order; empty ones may be left out."""


def encode(
    side: Runnable, texts: Sequence[str], *, batch: int, long: Long, progress: Progress | None = None
) -> SparseVectors:
    """Vectors of texts, shape (n, |V|), in their order.

    Raises:
        GossamerError: One text alone is too much for the memory.
    """
    rows: list[Row] = []
    cut = 0
    for start in range(0, len(texts), _TOGETHER):
        pieces = side.pieces(texts[start : start + _TOGETHER])
        whole = not side.contextual and long == "windows"
        room = max(map(len, pieces), default=1) if whole else side.room
        cut += sum(len(row) > room for row in pieces)
        windows = [(at, part) for at, row in enumerate(pieces) for part in _read(row, room, long)]
        found: list[list[Row]] = [[] for _ in pieces]
        left = len(windows)
        for members, vectors in side.run([part for _, part in windows], batch):
            for member, vector in zip(members, vectors, strict=True):
                found[windows[member][0]].append(vector)
            left -= len(members)
            if progress is not None:
                progress(start + len(pieces) - min(left, len(pieces)), len(texts))
        rows += map(_largest, found)
    if cut:
        did = "the rest was left out" if long == "truncate" else "they were read in windows"
        level = logging.INFO if side in _told else logging.WARNING
        _told.add(side)
        log.log(level, "%d of %d texts are longer than %d word pieces: %s", cut, len(texts), side.room, did)
    terms = side.terms
    return SparseVectors(
        np.cumsum([0, *(len(columns) for columns, _ in rows)]),
        np.concatenate([np.empty(0, np.uint32), *(columns for columns, _ in rows)]),
        np.concatenate([np.empty(0, np.float32), *(values for _, values in rows)]),
        len(terms),
        terms,
    )


def by_length(pieces: Pieces, *, empty: bool) -> list[int]:
    """Places of the rows, longest first; those without pieces only if ``empty``."""
    order = sorted(range(len(pieces)), key=lambda at: -len(pieces[at]))
    return order if empty else [at for at in order if len(pieces[at])]


def in_windows(row: Any, room: int) -> Iterator[Any]:
    """Parts of at most ``room`` pieces; each shares a few with the one before, lest a phrase be torn."""
    step = room - room // 8
    for start in range(0, max(1, len(row) - room // 8), step):
        yield row[start : start + room]


def _read(row: Any, room: int, long: str) -> Iterator[Any]:
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
