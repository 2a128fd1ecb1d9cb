"""Inputs of native/fuzz/block.cpp: the sections of a BlockIndex and a query in one file, taken apart and put together.

As a program, it writes small intact indexes to a folder, from which fuzzing starts: block_corpus.py FOLDER
"""

from __future__ import annotations

import struct
import sys
from pathlib import Path
from typing import Any

import numpy as np

from gossamer.retrieval import BlockIndex, SparseVectors

SECTIONS = [
    "columns", "layers", "lists.offsets", "lists", "steps.offsets", "steps",
    "forward.offsets", "forward.columns", "forward.values", "forward.scales", "order",
]  # fmt: skip
KINDS = ["f32", "f16", "u8"]
MISSING = 2**32 - 1


def put_together(index: BlockIndex, query: SparseVectors, k: int, every: int) -> bytes:
    """An input: an index, one query, how many rows, and that only every so manieth row may be returned (0: all)."""
    out = struct.pack("<BBBBI", KINDS.index(index._facts["values"]), k, every, query.nnz, len(index))
    out += b"".join(struct.pack("<If", c, w) for c, w in zip(query.indices, query.values, strict=True))
    for name in SECTIONS:
        if name not in index._sections:
            out += struct.pack("<I", MISSING)
            continue
        data = bytes(memoryview(index._sections[name][1]))
        out += struct.pack("<I", len(data)) + data
    return out


def take_apart(data: bytes) -> tuple[dict[str, Any], int, str, dict[int, float], int, int]:
    """Sections (each in memory of its own), rows, kind, query, k and every; what is cut off is 0 or empty."""
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
        query[column] = abs(weight) if np.isfinite(weight) and weight != 0 else 1.0
    sections = {}
    for name in SECTIONS:
        (length,) = struct.unpack("<I", take(4).ljust(4, b"\0"))
        if length != MISSING:
            sections[name] = np.frombuffer(take(length), np.uint8).copy()
    return sections, rows, KINDS[kind % 3], query, k, every


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
    return seeds


if __name__ == "__main__":
    for name, content in _seeds().items():
        (Path(sys.argv[1]) / name).write_bytes(content)
