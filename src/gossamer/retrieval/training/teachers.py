"""Teachers: whatever scores every query of a batch with every document, its vectors kept once made.

An ensemble of a dense and a sparse one is what Geng et al., "Towards Competitive Search Relevance For Inference-Free
Learned Sparse Retrievers" (2024), distil.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from gossamer.errors import UsageError
from gossamer.retrieval.encoders.base import SparseEncoder
from gossamer.retrieval.vectors import SparseVectors

Embed = Callable[[Sequence[str]], npt.NDArray[np.floating]]


class DenseTeacher:
    """Cosine of dense vectors.

    Args:
        embed: n texts to (n, width).

    Example:
        >>> teacher = DenseTeacher(lambda texts: np.array([[len(text), 1.0] for text in texts]))
        >>> teacher(["a"], ["b", "cccc"]).round(decimals=2)
        tensor([[1.0000, 0.8600]])
    """

    def __init__(self, embed: Embed) -> None:
        self._embed = embed
        self._known: dict[str, npt.NDArray[np.float16]] = {}

    def prepare(self, texts: Sequence[str]) -> None:
        """Make the vectors of texts that will be asked for.

        Raises:
            UsageError: A vector that is not finite.
        """
        new = [text for text in dict.fromkeys(texts) if text not in self._known]
        if not new:
            return
        vectors = np.asarray(self._embed(new), np.float32)
        if not np.isfinite(vectors).all():
            raise UsageError("the dense teacher gives vectors that are not finite numbers")
        vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
        self._known.update(zip(new, vectors.astype(np.float16), strict=True))

    def __call__(self, queries: Sequence[str], documents: Sequence[str]) -> Tensor:
        """Cosines, (queries, documents)."""
        self.prepare([*queries, *documents])
        sides = [np.stack([self._known[text] for text in texts]).astype(np.float32) for texts in (queries, documents)]
        return torch.from_numpy(sides[0] @ sides[1].T)


class SparseTeacher:
    """Inner products of another sparse encoder's vectors.

    Args:
        encoder: BM25's values are raw term frequencies, so it is no teacher by itself.

    Raises:
        UsageError: The encoder does not score by inner product.
    """

    def __init__(self, encoder: SparseEncoder) -> None:
        if encoder.scoring != "dot":
            raise UsageError("a sparse teacher scores by inner product; this encoder does not")
        self._encoder = encoder
        self._queries: dict[str, SparseVectors] = {}
        self._documents: dict[str, SparseVectors] = {}

    def prepare(self, queries: Sequence[str], documents: Sequence[str]) -> None:
        """Make the vectors of texts that will be asked for."""
        for known, texts, encode in (
            (self._queries, queries, self._encoder.encode_queries),
            (self._documents, documents, self._encoder.encode_documents),
        ):
            new = [text for text in dict.fromkeys(texts) if text not in known]
            if new:
                vectors = encode(new)
                known.update({text: vectors[row] for row, text in enumerate(new)})

    def __call__(self, queries: Sequence[str], documents: Sequence[str]) -> Tensor:
        """Scores, (queries, documents)."""
        self.prepare(queries, documents)
        asked = np.zeros((len(queries), len(self._encoder.terms)), np.float32)
        for row, text in enumerate(queries):
            vector = self._queries[text]
            asked[row, vector.indices] = vector.values
        found = np.empty((len(queries), len(documents)), np.float32)
        for column, text in enumerate(documents):
            vector = self._documents[text]
            found[:, column] = asked[:, vector.indices] @ vector.values
        return torch.from_numpy(found)
