"""Inputs of native/fuzz/block.cpp: the sections of a BlockIndex and a query in one file, taken apart and put together.

As a program, it writes small intact indexes to a folder, from which fuzzing starts: block_corpus.py FOLDER
"""

from __future__ import annotations

import struct
import sys
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from gossamer import _native
from gossamer.retrieval import BlockIndex, SparseVectors
from gossamer.retrieval.block_index import Values
from gossamer.retrieval.traversals import Seismic

SECTIONS = [
    "columns", "layers", "lists.offsets", "lists", "steps.offsets", "steps",
    "forward.offsets", "forward.columns", "forward.values", "forward.scales", "order",
]  # fmt: skip
SEISMIC = [
    f"seismic.{name}"
    for name in (
        "postings", "rows", "blocks", "ends", "steps", "directory", "terms", "summaries.start", "summaries",
        "neighbours", "columns.start", "columns",
    )
]  # fmt: skip
KINDS = ["f32", "f16", "u8"]
MISSING = 2**32 - 1


class Input(NamedTuple):
    """What an input says; ``how``, ``size`` and ``share`` are of a named traversal, ``own`` Seismic's sections."""

    sections: dict[str, Any]
    rows: int
    kind: Values
    query: dict[int, float]
    k: int
    every: int
    how: int
    size: int
    share: int
    own: dict[str, Any]

    def traverse(self, space: _native.BlockSpace) -> _native.Search:
        """The named traversal, as in native/fuzz/block.cpp."""
        part, rows = (1 + self.share) / 256, max(self.size, 8)
        match self.how:
            case 1:
                return _native.term_at_a_time(_native.BlockPostings(space))
            case 2:
                return _native.maxscore(_native.BlockPostings(space))
            case 3:
                return _native.wand(_native.BlockPostings(space))
            case 4:
                return _native.block_max_wand(_native.BlockMaxPostings(space, self.size + 1))
            case 5:
                return _native.bmp(_native.BmpIndex(space, rows, self.size % 2 == 0, self.share % 4 == 1), part, 1)
            case 6:
                return _native.superblock(_native.SuperblockIndex(space, rows, 2 + self.share % 8), part, 1)
        return _native.seismic(
            _native.open_seismic(space, self.own),
            query_cut=1 + self.size, heap_factor=part, ordered=["none", "first", "all"][self.share % 3],
            hop=self.share % 5,
        )  # fmt: skip


def put_together(
    index: BlockIndex, query: SparseVectors, k: int, every: int, how: int = 0, size: int = 0, share: int = 0
) -> bytes:
    """An input: an index, one query, how many rows, and that only every so manieth row may be returned (0: all)."""
    out = struct.pack("<BBBBI", KINDS.index(index._facts["values"]), k, every, query.nnz, len(index))
    out += b"".join(struct.pack("<If", c, w) for c, w in zip(query.indices, query.values, strict=True))
    for name in [*SECTIONS, None, *SEISMIC]:
        if name is None:
            out += struct.pack("<BBB", how, size, share)
        elif name not in index._sections:
            out += struct.pack("<I", MISSING)
        else:
            data = bytes(memoryview(index._sections[name][1]))
            out += struct.pack("<I", len(data)) + data
    return out


def take_apart(data: bytes) -> Input:
    """Its sections have memory of their own each; what is cut off is 0 or empty."""
    at = 0

    def take(n: int) -> bytes:
        nonlocal at
        part = data[at : at + n]
        at += len(part)
        return part

    kind, k, every, terms, rows = struct.unpack("<BBBBI", take(8).ljust(8, b"\0"))
    query: dict[int, float] = {}
    for _ in range(terms):
        column, weight = struct.unpack("<If", take(8).ljust(8, b"\0"))
        query[column] = weight if np.isfinite(weight) and weight != 0 else 1.0

    def take_sections(names: list[str]) -> dict[str, Any]:
        taken = {}
        for name in names:
            (length,) = struct.unpack("<I", take(4).ljust(4, b"\0"))
            if length != MISSING:
                taken[name] = np.frombuffer(take(length), np.uint8).copy()
        return taken

    sections = take_sections(SECTIONS)
    how, size, share = struct.unpack("<BBB", take(3).ljust(3, b"\0"))
    return Input(sections, rows, KINDS[kind % 3], query, k, every, how % 8, size, share, take_sections(SEISMIC))


def _seeds() -> dict[str, bytes]:
    rng = np.random.default_rng(0)
    seeds = {}
    for number in range(12):
        rows = [
            {int(t): float(rng.choice([0.1, 0.5, 1.0, 3.0])) for t in rng.integers(0, 6, rng.integers(0, 5))}
            for _ in range(rng.integers(1, 24))
        ]
        indptr = np.cumsum([0, *map(len, rows)])
        terms = [t for row in rows for t in row]
        vectors = SparseVectors(indptr, terms, [w for row in rows for w in row.values()], 6)
        index = BlockIndex.build(
            vectors, values=KINDS[number % 3], order=["given", "bisect", "cluster"][number // 3 % 3]
        )
        query = SparseVectors([0, 3], [0, 2, 5], [1.0, 0.5, 2.0], 6)
        seeds[f"intact-{number}"] = put_together(index, query, k=number + 1, every=number % 4)
        seismic = Seismic(n_postings=8, block_size=3, neighbours=number % 3, compressed=number % 2 == 0)
        for how in range(1, 8):
            if how == 7:
                index = BlockIndex.build(vectors, traversal=seismic, values=KINDS[number % 3])
            if how == 7 or number == how:
                seeds[f"traversal-{how}-{number}"] = put_together(index, query, 5, number % 4, how, number, 20 * number)
    return seeds


if __name__ == "__main__":
    for name, content in _seeds().items():
        (Path(sys.argv[1]) / name).write_bytes(content)
