"""Reads the stored lists of Seismic in Python, as native/block/traversals/seismic_lists.h describes them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gossamer.retrieval import BlockIndex


@dataclass(frozen=True)
class Block:
    rows: NDArray[np.uint32]
    summary: NDArray[np.float32]  # (terms,)
    step: float  # of its codes


def section(index: BlockIndex, name: str) -> NDArray:
    kind, data = index._sections[f"seismic.{name}"]
    return np.frombuffer(data, {"u8": "u1", "u16": "<u2", "u32": "<u4", "u64": "<u8", "f32": "<f4"}[kind])


def lists(index: BlockIndex) -> list[list[Block]]:
    """The blocks of each term."""
    starts = {name: section(index, name) for name in ("postings", "blocks", "directory", "summaries.start")}
    terms = len(starts["postings"]) - 1
    found = []
    for t in range(terms):
        own = {name: slice(*map(int, start[t : t + 2])) for name, start in starts.items()}
        rows, ends = section(index, "rows")[own["postings"]], section(index, "ends")[own["blocks"]]
        steps = section(index, "steps").reshape(-1, 2)[own["blocks"]]
        summaries = np.zeros((len(ends), terms), np.float32)
        data, held = section(index, "summaries")[own["summaries.start"]], section(index, "terms")[own["directory"]]
        width = 2 if len(ends) > 255 else 1
        anchors = -(-len(held) // 32) * 4
        counts = np.frombuffer(data[anchors : anchors + width * len(held)].tobytes(), f"<u{width}").astype(int)
        before = np.concatenate([[0], np.cumsum(counts)])
        np.testing.assert_array_equal(np.frombuffer(data[:anchors].tobytes(), "<u4"), before[: len(held) : 32])
        at = anchors + width * len(held)
        for term, count in zip(held, counts, strict=True):
            blocks = np.frombuffer(data[at : at + width * count].tobytes(), f"<u{width}")
            codes = data[at + width * count : at + (width + 1) * count]
            summaries[blocks, term] = steps[blocks, 0] + codes.astype(np.float32) * steps[blocks, 1]
            at += (width + 1) * count
        assert at == len(data)
        parts = np.split(rows, ends[:-1]) if len(ends) else []
        found.append([Block(r, s, float(step[1])) for r, s, step in zip(parts, summaries, steps, strict=True)])
    return found


def columns(index: BlockIndex) -> list[list[int]]:
    """The compressed columns of each row."""
    starts, codes = section(index, "columns.start"), section(index, "columns")
    sizes = np.diff(np.frombuffer(memoryview(index._sections["forward.offsets"][1]), "<u8"))
    rows = []
    for start, n in zip(starts.tolist(), sizes.tolist(), strict=False):
        two = np.unpackbits(codes[start : start + -(-n // 8)], bitorder="little")[:n]
        at, gaps = start + -(-n // 8), []
        for wide in two.tolist():
            gaps.append(int.from_bytes(codes[at : at + 1 + wide].tobytes(), "little"))
            at += 1 + wide
        rows.append(np.cumsum(gaps).tolist())
    return rows


def stored(index: BlockIndex) -> np.ndarray:
    """The vectors of an index as it stores them, over its terms, in the order of its rows."""
    sections = {name: memoryview(data) for name, (_, data) in index._sections.items()}
    offsets = np.frombuffer(sections["forward.offsets"], "<u8").astype(int)
    dense = np.zeros((len(offsets) - 1, index._space.terms), np.float32)
    rows = np.repeat(np.arange(len(dense)), np.diff(offsets))
    dense[rows, np.frombuffer(sections["forward.columns"], "<u2")] = np.frombuffer(sections["forward.values"], "<f4")
    return dense


def row_order(index: BlockIndex) -> np.ndarray:
    """The row of the input that stands at each row of the index."""
    if "order" in index._sections:
        return np.frombuffer(memoryview(index._sections["order"][1]), "<u4")
    return np.arange(len(index))
