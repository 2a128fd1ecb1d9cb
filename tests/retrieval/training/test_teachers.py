"""Teachers score as their encoders do, each text once."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import pytest

from gossamer.errors import UsageError
from gossamer.retrieval import BM25Encoder, SparseEncoder, SparseVectors
from gossamer.retrieval.training.teachers import DenseTeacher, SparseTeacher

TEXTS = ["wing lift", "wing wing drag", "", "tea"]


class Counting(SparseEncoder):
    """Words of a text and how often each is there; in queries twice that."""

    terms: ClassVar[list[str]] = ["wing", "lift", "drag", "tea"]

    def __init__(self) -> None:
        self.seen: list[str] = []

    def encode_documents(self, texts):
        self.seen += texts
        rows = [{word: float(text.split().count(word)) for word in text.split()} for text in texts]
        return SparseVectors.from_dicts(rows, self.terms)

    def encode_queries(self, texts):
        found = self.encode_documents(texts)
        return SparseVectors(found.indptr, found.indices, 2 * found.values, found.dim, self.terms)


def test_sparse_scores_are_inner_products():
    encoder = Counting()
    teacher = SparseTeacher(encoder)
    assert teacher(TEXTS[:2], TEXTS).tolist() == [[4, 4, 0, 0], [4, 10, 0, 0]]
    teacher(TEXTS[:2], TEXTS)
    assert sorted(encoder.seen) == sorted([*TEXTS, *TEXTS[:2]])  # once a side


def test_dense_scores_are_cosines():
    asked = []

    def embed(texts):
        asked.extend(texts)
        return np.array([[len(text), 1.0, 0.0] for text in texts])

    teacher = DenseTeacher(embed)
    vectors = np.array([[len(text), 1.0] for text in TEXTS])
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    np.testing.assert_allclose(teacher(TEXTS[:2], TEXTS).numpy(), unit[:2] @ unit.T, atol=1e-3)
    teacher(TEXTS, TEXTS)
    assert asked == TEXTS


def test_what_is_no_teacher_is_refused():
    with pytest.raises(UsageError, match="inner product"):
        SparseTeacher(BM25Encoder())
    with pytest.raises(UsageError, match="not finite"):
        DenseTeacher(lambda texts: np.full((len(texts), 2), np.nan))(["a"], ["b"])
