"""SPLADE-tiny itself, which the package index has: `make torture` fetches it, `make test` does not."""

from __future__ import annotations

import json
import random
import shutil
from pathlib import Path

import numpy as np
import pytest
from benchmarks.corpora import RETRIEVAL, collection
from benchmarks.encoding import CONFIG
from benchmarks.splade_tiny import _downloaded
from scipy.stats import spearmanr
from tokenizers import Tokenizer

from gossamer.retrieval import SparseEncoder
from gossamer.retrieval.encoders.transformer import WordPiece
from gossamer.retrieval.encoders.transformer.encoder import NativeEncoder


@pytest.mark.slow
@pytest.mark.shared_data
def test_ids_of_every_real_text_equal_those_of_tokenizers() -> None:
    _, file = _downloaded()
    pieces, expected = WordPiece.from_file(file), Tokenizer.from_file(str(file))
    expected.no_truncation()
    expected.no_padding()
    texts = [text for name in RETRIEVAL for text in collection(name).documents.values()]
    rng = random.Random(0)
    letters = sorted({c for text in texts for c in text})
    # And letters of all of them in any order, with beginnings and ends of words cut off.
    texts += ["".join(rng.choices(letters, k=40)) for _ in range(5000)]
    texts += [text[rng.randrange(20) : rng.randrange(20, 200)] for text in texts[:5000]]
    found = pieces.encode(texts, threads=2)
    assert all(ids.tolist() == one.ids for ids, one in zip(found, expected.encode_batch(texts), strict=True))


@pytest.mark.slow
@pytest.mark.shared_data
def test_every_runtime_gives_its_vectors(tmp_path: Path) -> None:
    for file in _downloaded():
        shutil.copy(file, tmp_path)
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "bert", **CONFIG}))
    texts = list(collection("scifact").documents.values())[:100]
    by_torch = SparseEncoder.from_pretrained(tmp_path, runtime="torch")
    expected = by_torch.encode_documents(texts).to_scipy().toarray()
    native = SparseEncoder.from_pretrained(tmp_path, runtime="native")
    assert isinstance(native, NativeEncoder)
    native.save_pretrained(tmp_path / "ours", onnx=True)
    for encoder in (native, SparseEncoder.from_pretrained(tmp_path / "ours", runtime="onnx")):
        np.testing.assert_allclose(encoder.encode_documents(texts).to_scipy().toarray(), expected, atol=1e-4)
    native.quantise().save_pretrained(tmp_path / "int8", onnx=True)
    assert sum(file.stat().st_size for file in (tmp_path / "int8").iterdir() if file.is_file()) < 5_300_000
    for runtime in ("native", "onnx"):
        small = SparseEncoder.from_pretrained(tmp_path / "int8", runtime=runtime)  # type: ignore[arg-type]
        found = small.encode_documents(texts).to_scipy().toarray()
        kept = [(a > 0) | (b > 0) for a, b in zip(found, expected, strict=True)]
        ranks = [spearmanr(a[k], b[k]).statistic for a, b, k in zip(found, expected, kept, strict=True)]
        assert np.abs(found - expected).max() < 0.25
        assert np.mean(ranks) > 0.99
