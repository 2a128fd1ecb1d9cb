"""What BlockIndex must give: topical vectors to search, and their inner products by the definition."""

from __future__ import annotations

import numpy as np

from gossamer.retrieval import SparseVectors
from gossamer.retrieval.block_index import Values


def topical(n: int, seed: int, dim: int = 400, entries: int = 30) -> SparseVectors:
    """Vectors of a few topics with log-normal weights, as learned sparse encoders give them."""
    rng = np.random.default_rng(seed)
    topics = rng.integers(0, dim, (12, 60))
    own = topics[rng.integers(0, 12, n)[:, None], rng.integers(0, 60, (n, entries))]
    terms = np.concatenate([own, rng.integers(0, dim, (n, 4))], axis=1)
    kept = rng.random(terms.shape) < rng.random((n, 1))
    kept[:, -1] |= rng.random(n) < 0.9
    cells = np.unique((np.arange(n)[:, None] * dim + terms)[kept])
    indptr = np.searchsorted(cells, np.arange(n + 1) * dim)
    values = np.minimum(rng.lognormal(-0.6, 0.8, len(cells)), 3.5)
    return SparseVectors(indptr, cells % dim, values, dim, [f"t{t}" for t in range(dim)])


def stored(vectors: SparseVectors, values: Values) -> np.ndarray:
    """The vectors as an index keeps them, dense."""
    dense = np.zeros(vectors.shape, np.float32)
    for row in range(len(vectors)):
        part = slice(vectors.indptr[row], vectors.indptr[row + 1])
        kept = vectors.values[part]
        if values == "f16":
            kept = kept.astype(np.float16).astype(np.float32)
        elif values == "u8" and len(kept):
            scale = np.float32(kept.max() / np.float32(255))
            kept = np.clip(np.rint(kept / scale), 1, 255).astype(np.float32) * scale
        dense[row, vectors.indices[part]] = kept
    return dense


def brute_force(dense: np.ndarray, queries: SparseVectors, k: int, where: np.ndarray | None = None):
    """Ids and scores by the definition: float64 sums over ascending columns, ties by row."""
    ids, scores = np.full((len(queries), k), -1), np.full((len(queries), k), -np.inf, np.float32)
    for i in range(len(queries)):
        part = slice(queries.indptr[i], queries.indptr[i + 1])
        columns, weights = queries.indices[part], queries.values[part].astype(np.float64)
        found = []
        for row in range(len(dense)):
            if (where is None or where[row]) and dense[row, columns].any():
                total = 0.0
                for column, weight in zip(columns, weights, strict=True):
                    total += weight * float(dense[row, column])
                found.append((-np.float32(total), row))
        for place, (score, row) in enumerate(sorted(found)[:k]):
            ids[i, place], scores[i, place] = row, -score
    return ids, scores


def assert_same(got, want) -> None:
    np.testing.assert_array_equal(got[0], want[0])
    np.testing.assert_array_equal(got[1], want[1])
