"""Many texts, long texts, no text, and too little memory."""

from __future__ import annotations

import logging

import numpy as np
import pytest
import torch

from gossamer.errors import GossamerError
from gossamer.retrieval.encoders import encoding
from gossamer.retrieval.encoders.learned import Side, build

WORDS = ["wing", "lift", "of", "the", "air", "wings"]


@pytest.fixture
def texts() -> list[str]:
    rng = np.random.default_rng(0)
    return [" ".join(rng.choice(WORDS, rng.integers(0, 12)).tolist()) for _ in range(40)]


def test_order_and_batches_do_not_matter(backbone, texts, monkeypatch):
    encoder = build(backbone)
    one_by_one = np.vstack([encoder.encode_documents([text]).to_scipy().toarray() for text in texts])
    monkeypatch.setattr(encoding, "_TOGETHER", 7)
    seen: list[tuple[int, int]] = []
    found = encoder.encode_documents(texts, batch=5, progress=lambda done, total: seen.append((done, total)))
    np.testing.assert_allclose(found.to_scipy().toarray(), one_by_one, atol=1e-5)
    assert seen[-1] == (40, 40)
    assert seen == sorted(seen)
    assert found.vocabulary == encoder.terms


def test_no_texts_and_empty_texts_give_empty_rows(backbone):
    encoder = build(backbone)
    assert encoder.encode_documents([]).shape == (0, 11)
    assert encoder.encode_queries(["", "  "]).nnz == 0
    seen = build(backbone, special_positions=True).encode_documents([""])
    assert seen.nnz > 0  # [CLS] and [SEP] speak, as they do in the library the checkpoint comes from


def test_a_long_text_is_read_in_windows_and_said_once(backbone, caplog):
    encoder = build(backbone, longest=10)
    text = "wing lift of the air wing wing the of lift air the of wing lift lift the"
    with caplog.at_level(logging.WARNING):
        found = encoder.encode_documents([text, "air", text])
    assert [record.getMessage() for record in caplog.records] == [
        "2 of 3 texts are longer than 8 word pieces: they were read in windows"
    ]
    parts = text.split()
    windows = [" ".join(parts[start : start + 8]) for start in (0, 7, 14)]
    expected = encoder.encode_documents(windows).to_scipy().toarray().max(0)
    np.testing.assert_allclose(found.to_scipy().toarray()[[0, 2]], [expected, expected], atol=1e-5)
    cut = encoder.encode_documents([text], long="truncate")
    assert cut == encoder.encode_documents([windows[0]])


def test_when_memory_runs_out_batches_are_halved(backbone, texts, monkeypatch, caplog):
    encoder = build(backbone)
    expected = encoder.encode_documents(texts)
    sizes = []
    whole = Side.weights

    def weights(self, pieces):
        sizes.append(len(pieces))
        if len(pieces) > 4:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return whole(self, pieces)

    monkeypatch.setattr(Side, "weights", weights)
    found = encoder.encode_documents(texts, batch=16)
    np.testing.assert_allclose(found.to_scipy().toarray(), expected.to_scipy().toarray(), atol=1e-5)
    assert sizes[:3] == [16, 8, 4]
    assert set(sizes[3:]) <= {1, 2, 3, 4}
    assert "batches of 4" in caplog.text

    monkeypatch.setattr(Side, "weights", lambda self, pieces: (_ for _ in ()).throw(MemoryError()))
    with pytest.raises(GossamerError, match="smaller `longest`"):
        encoder.encode_documents(["wing of air"])


def test_other_errors_are_not_taken_for_lack_of_memory(backbone, monkeypatch):
    monkeypatch.setattr(Side, "weights", lambda self, pieces: (_ for _ in ()).throw(RuntimeError("shapes differ")))
    with pytest.raises(RuntimeError, match="shapes differ"):
        build(backbone).encode_documents(["wing"])
