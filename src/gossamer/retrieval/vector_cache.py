"""Vectors of a collection's documents on disk: made part by part, so that an interrupted run goes on where it stopped.

The folder stands for what made them (an encoder's fingerprint) and of what (a collection's): either one changed, and
they are made anew. One part is in memory at a time; the whole is mapped.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import NamedTuple, cast

import numpy as np

from gossamer.errors import GossamerError
from gossamer.retrieval.vectors import FORMAT, SparseVectors

PART = 512  # texts that are encoded and kept at a time

Encode = Callable[[Sequence[str]], SparseVectors]
Progress = Callable[[int], None]


class Encoded(NamedTuple):
    """Vectors, and how long it took to make them.

    Args:
        vectors: Shape (n, dim).
        seconds: Of encoding alone, whenever that was.
        cached: Whether all were there already.
    """

    vectors: SparseVectors
    seconds: float
    cached: bool


def encoded(
    texts: Iterable[str], encode: Encode, folder: Path | None = None, progress: Progress | None = None
) -> Encoded:
    """Vectors of texts, from the folder as far as it has them.

    Args:
        texts: Gone through once.
        encode: Up to :data:`PART` texts to their vectors.
        folder: Of one encoder and these very texts; None keeps nothing.
        progress: Called with the number of texts done so far.

    Raises:
        GossamerError: The folder cannot be written, or what it holds is damaged.
    """
    if folder is None:
        made = list(_parts(texts, encode, None, progress))
        return Encoded(joined([part for part, _, _ in made]), sum(seconds for _, seconds, _ in made), False)
    whole, facts = folder / "documents.safetensors", folder / "documents.json"
    try:
        if facts.exists():
            return Encoded(SparseVectors.load(whole), json.loads(facts.read_text(encoding="utf-8"))["seconds"], True)
        folder.mkdir(parents=True, exist_ok=True)
        paths: list[Path] = []
        seconds = 0.0
        for _, took, path in _parts(texts, encode, folder, progress):
            paths.append(cast("Path", path))
            seconds += took
        _join_files(paths, whole)
        _write(facts, {"seconds": seconds, "parts": len(paths)})
        for path in paths:
            path.unlink()
            _facts_of(path).unlink()
        return Encoded(SparseVectors.load(whole), seconds, False)
    except OSError as error:
        raise GossamerError(f"{folder}: cannot keep vectors here: {error.strerror or error}; --cache DIR") from error


def joined(parts: Sequence[SparseVectors]) -> SparseVectors:
    """Rows of all parts, one after the other, over the columns and the vocabulary of the last."""
    counts = np.concatenate([[0], *(np.diff(part.indptr) for part in parts)])
    return SparseVectors(
        np.cumsum(counts),
        np.concatenate([np.empty(0, np.uint32), *(part.indices for part in parts)]),
        np.concatenate([np.empty(0, np.float32), *(part.values for part in parts)]),
        parts[-1].dim if parts else 0,
        parts[-1].vocabulary if parts else None,
    )


def _parts(
    texts: Iterable[str], encode: Encode, folder: Path | None, progress: Progress | None
) -> Iterator[tuple[SparseVectors, float, Path | None]]:
    """Each part with the seconds it took and, in a folder, its file."""
    rest, done, number = iter(texts), 0, 0
    while some := list(islice(rest, PART)):
        path = None if folder is None else folder / f"part-{number:06d}.safetensors"
        if path is not None and _facts_of(path).exists():
            part, seconds = SparseVectors.load(path), json.loads(_facts_of(path).read_text(encoding="utf-8"))["seconds"]
        else:
            begin = time.perf_counter()
            part = encode(some)
            seconds = time.perf_counter() - begin
            if path is not None:
                SparseVectors(part.indptr, part.indices, part.values, part.dim).save(path)
                _write(_facts_of(path), {"seconds": seconds})
        number, done = number + 1, done + len(some)
        yield part, seconds, path
        if progress is not None:
            progress(done)


def _join_files(paths: Sequence[Path], whole: Path) -> None:
    """What :meth:`SparseVectors.save` would write of all parts together, with one part in memory at a time."""
    parts = [SparseVectors.load(path) for path in paths]  # mapped
    rows, entries = sum(map(len, parts)), sum(part.nnz for part in parts)
    sizes = {"indptr": ("I64", rows + 1, 8), "indices": ("U32", entries, 4), "values": ("F32", entries, 4)}
    header: dict[str, object] = {"__metadata__": {"format": FORMAT, "dim": str(parts[-1].dim if parts else 0)}}
    at = 0
    for name, (kind, count, width) in sizes.items():
        header[name] = {"dtype": kind, "shape": [count], "data_offsets": [at, at + count * width]}
        at += count * width
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    beside = whole.with_suffix(".next")
    try:
        with open(beside, "wb") as file:
            file.write(len(text).to_bytes(8, "little") + text + np.zeros(1, np.int64).tobytes())
            before = 0
            for part in parts:
                file.write((part.indptr[1:] + before).tobytes())
                before += part.nnz
            for part in parts:
                file.write(part.indices.tobytes())
            for part in parts:
                file.write(part.values.tobytes())
        os.replace(beside, whole)
    except BaseException:
        with suppress(FileNotFoundError):
            beside.unlink()
        raise


def _facts_of(path: Path) -> Path:
    return path.with_suffix(".json")


def _write(path: Path, facts: object) -> None:
    """Whole or not at all: that the file is there says that what it speaks of is complete."""
    beside = path.with_suffix(".json.next")
    beside.write_text(json.dumps(facts) + "\n", encoding="utf-8")
    os.replace(beside, path)
