"""How rare word pieces are: the table of weights of queries that need no model.

Geng et al., "Towards Competitive Search Relevance For Inference-Free Learned Sparse Retrievers" (2024).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from typing import Any

import numpy as np
import numpy.typing as npt

_TOGETHER = 1024  # texts that are tokenised at a time


def idf(
    pieces: Callable[[Sequence[str]], Sequence[Any]], size: int, special: Sequence[int], texts: Iterable[str]
) -> npt.NDArray[np.float32]:
    """``ln(1 + (N - n + 0.5) / (n + 0.5))`` of every word piece that n of N texts hold, shape (size,); special ones 0.

    A piece that no text holds counts as one that a single text holds: it is not rarer than anything can be known to be.

    Args:
        pieces: Texts to the ids of their word pieces.
        size: |V|.
        special: Ids that are no words.
        texts: Any number.

    Example:
        >>> idf(lambda texts: [[0, 1], [0], [0, 0]], 3, [], ["a b", "a", "a a"]).round(2)
        array([0.13, 0.98, 0.98], dtype=float32)
    """
    held = np.zeros(size, np.int64)
    count, rest = 0, iter(texts)
    while some := list(islice(rest, _TOGETHER)):
        count += len(some)
        for row in pieces(some):
            held[np.unique(np.asarray(row, np.int64))] += 1
    held = np.maximum(held, 1)
    table = np.maximum(np.log1p((count - held + 0.5) / (held + 0.5)), 0).astype(np.float32)
    table[list(special)] = 0
    return table
