"""Sparse vectors to search, kept under out/vectors/: synthetic ones, and those of a real encoder over real texts."""

from __future__ import annotations

import argparse
import random
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks import splade_tiny
from benchmarks.corpora import passages, real_queries
from benchmarks.report import OUT
from gossamer.retrieval.synthetic import learned_sparse
from gossamer.retrieval.vectors import SparseVectors

_HELD_OUT = 1_600
_FIRST_SENTENCE = re.compile(r".{20,}?[.!?](?=\s|$)", re.DOTALL)


@dataclass(frozen=True)
class Vectors:
    """Documents, queries to measure with, and other queries of the same kind to choose settings with."""

    name: str
    documents: SparseVectors  # (n, 30522)
    queries: SparseVectors
    calibration: SparseVectors


def named(name: str) -> Vectors:
    """``real``, or ``synthetic:N`` with N documents."""
    return real() if name == "real" else synthetic(int(name.removeprefix("synthetic:")))


def synthetic(n_docs: int, n_queries: int = 1_000, seed: int = 0) -> Vectors:
    """Vectors by chance, as :mod:`gossamer.retrieval.synthetic` has them; as many other queries are for calibration."""
    return _kept(f"synthetic-{n_docs}-{n_queries}-{seed}", lambda: learned_sparse(n_docs, 2 * n_queries, seed))


def real(seed: int = 0) -> Vectors:
    """Abstracts and product descriptions of ``../shared/data`` as SPLADE-tiny encodes them.

    Queries are the collections' own, and titles (first sentences where there is none) of documents that are held out.
    """

    def make() -> tuple[SparseVectors, SparseVectors]:
        texts = passages()
        random.Random(seed).shuffle(texts)
        held_out = (title or _first_sentence(text) for title, text in texts[:_HELD_OUT])
        asked = [*real_queries(), *(text for text in held_out if text)]
        random.Random(seed).shuffle(asked)
        bodies = [f"{title}. {text.removeprefix(title)}" if title else text for title, text in texts[_HELD_OUT:]]
        return splade_tiny.encode(bodies), splade_tiny.encode(asked)

    return _kept(f"real-{seed}", make)


def _kept(name: str, make: Callable[[], tuple[SparseVectors, SparseVectors]]) -> Vectors:
    """Vectors from out/vectors/, made on the first use; the queries are halved."""
    folder = OUT / "vectors"
    paths = [folder / f"{name}.{part}.safetensors" for part in ("documents", "queries")]
    if not all(path.exists() for path in paths):
        folder.mkdir(parents=True, exist_ok=True)
        for vectors, path in zip(make(), paths, strict=True):
            vectors.save(path.with_suffix(".part"))
            path.with_suffix(".part").rename(path)
    documents, queries = map(SparseVectors.load, paths)
    middle = len(queries) // 2
    return Vectors(name, documents, rows(queries, 0, middle), rows(queries, middle, len(queries)))


def rows(vectors: SparseVectors, start: int, stop: int) -> SparseVectors:
    """Rows ``start`` to ``stop``."""
    indptr = vectors.indptr[start : stop + 1]
    part = slice(indptr[0], indptr[-1])
    return SparseVectors(
        indptr - indptr[0], vectors.indices[part], vectors.values[part], vectors.dim, vectors.vocabulary
    )


def _first_sentence(text: str) -> str:
    found = _FIRST_SENTENCE.match(text)
    return found.group() if found else text[:120]


def statistics(vectors: SparseVectors, heaviest: int) -> dict[str, Any]:
    """Terms a row, and the share of a row's mass that its ``heaviest`` terms hold (mean of 500 rows)."""
    shares = []
    for row in range(0, len(vectors), max(1, len(vectors) // 500)):
        weights = np.sort(vectors.values[vectors.indptr[row] : vectors.indptr[row + 1]])[::-1]
        if len(weights):
            shares.append(float(weights[:heaviest].sum() / weights.sum()))
    return {
        "rows": len(vectors),
        "terms_a_row": vectors.nnz / max(1, len(vectors)),
        f"mass_of_{heaviest}": np.mean(shares),
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "names", nargs="+", metavar="real|synthetic:N", help="make and keep these, and say how they look"
    )
    for one in parser.parse_args().names:
        made = named(one)
        print(made.name, statistics(made.documents, 50), statistics(made.queries, 10))
