"""Vectors in topics whose terms are as unevenly frequent as words, with log-normal weights."""

from __future__ import annotations

import numpy as np

from gossamer.retrieval import SparseVectors


def zipfian(n: int, seed: int, dim: int = 2000, entries: int = 24, topics: int = 20) -> SparseVectors:
    """Half of a row's terms come from its topic, half from a Zipfian vocabulary; a few rows are empty."""
    rng = np.random.default_rng(seed)
    shared = np.random.default_rng(1234).integers(0, dim, (topics, 60))
    own = shared[rng.integers(0, topics, n)[:, None], rng.integers(0, 60, (n, entries // 2))]
    common = np.minimum(rng.zipf(1.2, (n, entries - entries // 2)), dim) - 1
    terms = np.concatenate([own, common], axis=1)
    kept = rng.random(terms.shape) < rng.random((n, 1))
    cells = np.unique((np.arange(n)[:, None] * dim + terms)[kept])
    indptr = np.searchsorted(cells, np.arange(n + 1) * dim)
    values = np.minimum(rng.lognormal(-0.6, 0.8, len(cells)), 3.5)
    return SparseVectors(indptr, cells % dim, values, dim)
