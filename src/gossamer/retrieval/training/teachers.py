"""Teachers: whatever scores every query of a batch with every document, its vectors kept once made.

An ensemble of a dense and a sparse one is what Geng et al., "Towards Competitive Search Relevance For Inference-Free
Learned Sparse Retrievers" (2024), distil.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from gossamer.errors import UsageError
from gossamer.retrieval.encoders.base import SparseEncoder
from gossamer.retrieval.training.kept import Watch, kept
from gossamer.retrieval.vectors import SparseVectors

Embed = Callable[[Sequence[str]], npt.NDArray[np.floating]]


class DenseTeacher:
    """Cosine of dense vectors.

    Args:
        embed: n texts to (n, width).
        keep: Folder of this teacher's vectors; None keeps them in memory alone.

    Example:
        >>> teacher = DenseTeacher(lambda texts: np.array([[len(text), 1.0] for text in texts]))
        >>> teacher(["a"], ["b", "cccc"]).round(decimals=2)
        tensor([[1.0000, 0.8600]])
    """

    def __init__(self, embed: Embed, keep: Path | None = None) -> None:
        self._embed, self._keep = embed, keep
        self._known: dict[str, npt.NDArray[np.float16]] = {}

    def prepare(self, texts: Sequence[str], watch: Watch | None = None) -> None:
        """Make the vectors of texts that will be asked for.

        Raises:
            UsageError: A vector that is not finite.
        """
        new = [text for text in dict.fromkeys(texts) if text not in self._known]
        for part, vectors in kept(new, self._made, self._keep, _save, _load, watch):
            self._known.update(zip(part, vectors, strict=True))

    def _made(self, texts: Sequence[str]) -> npt.NDArray[np.float16]:
        vectors = np.asarray(self._embed(texts), np.float32)
        if not np.isfinite(vectors).all():
            raise UsageError("the dense teacher gives vectors that are not finite numbers")
        vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
        return vectors.astype(np.float16)

    def vectors(self, texts: Sequence[str]) -> npt.NDArray[np.float16]:
        """Unit vectors, (n, width)."""
        self.prepare(texts)
        return np.stack([self._known[text] for text in texts])

    def __call__(self, queries: Sequence[str], documents: Sequence[str]) -> Tensor:
        """Cosines, (queries, documents)."""
        self.prepare([*queries, *documents])
        sides = [self.vectors(texts).astype(np.float32) for texts in (queries, documents)]
        return torch.from_numpy(sides[0] @ sides[1].T)


class SparseTeacher:
    """Inner products of another sparse encoder's vectors.

    Args:
        encoder: BM25's values are raw term frequencies, so it is no teacher by itself.
        keep: Folder of this teacher's vectors; None keeps them in memory alone.

    Raises:
        UsageError: The encoder does not score by inner product.
    """

    def __init__(self, encoder: SparseEncoder, keep: Path | None = None) -> None:
        if encoder.scoring != "dot":
            raise UsageError("a sparse teacher scores by inner product; this encoder does not")
        self._encoder, self._keep = encoder, keep
        self._queries: dict[str, SparseVectors] = {}
        self._documents: dict[str, SparseVectors] = {}

    def prepare(self, queries: Sequence[str], documents: Sequence[str], watch: Watch | None = None) -> None:
        """Make the vectors of texts that will be asked for."""
        for side, known, texts, encode in (
            ("queries", self._queries, queries, self._encoder.encode_queries),
            ("documents", self._documents, documents, self._encoder.encode_documents),
        ):
            new = [text for text in dict.fromkeys(texts) if text not in known]
            folder = self._keep / side if self._keep is not None else None
            for part, vectors in kept(new, encode, folder, SparseVectors.save, SparseVectors.load, watch):
                known.update({text: vectors[row] for row, text in enumerate(part)})

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


def _save(vectors: npt.NDArray[np.float16], path: Path) -> None:
    from safetensors.numpy import save_file

    save_file({"vectors": vectors}, path)


def _load(path: Path) -> npt.NDArray[np.float16]:
    from safetensors.numpy import load_file

    return load_file(path)["vectors"]
