"""The encoder that needs no torch against the one that does: every method, every limit; int8, and its folder."""

from __future__ import annotations

import json
import logging
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from tests.retrieval.encoders.conftest import made

from gossamer.errors import UsageError
from gossamer.retrieval import SparseVectors
from gossamer.retrieval.encoders import SparseEncoder, encoding, origin
from gossamer.retrieval.encoders.learned import LearnedEncoder, build, preset
from gossamer.retrieval.encoders.methods import METHODS
from gossamer.retrieval.encoders.parts import Inexpressible
from gossamer.retrieval.encoders.transformer.encoder import NativeEncoder

TEXTS = [
    "wings of the air", "lift", "", "the wing the wing zebra", "[SEP] wing [CLS] lift", "air " * 40,
    "the wing lifts the air of the wing " * 3,
]  # fmt: skip


def dense(vectors: SparseVectors) -> np.ndarray:
    return vectors.to_scipy().toarray()


def both(encoder: LearnedEncoder, folder: Path) -> tuple[NativeEncoder, SparseEncoder]:
    """The same encoder from disk, run by the native core and by torch."""
    encoder.save_pretrained(folder)
    native = SparseEncoder.from_pretrained(folder, runtime="native")
    assert isinstance(native, NativeEncoder)
    return native, SparseEncoder.from_pretrained(folder, runtime="torch")


def agree(native: SparseEncoder, other: SparseEncoder, atol: float = 1e-4) -> None:
    assert native.terms == other.terms
    for texts in (TEXTS, TEXTS[:1], []):
        for encode in ("encode_queries", "encode_documents"):
            found, expected = getattr(native, encode)(texts), getattr(other, encode)(texts)
            assert found.vocabulary == expected.vocabulary
            np.testing.assert_allclose(dense(found), dense(expected), atol=atol)


@pytest.mark.parametrize("name", sorted(METHODS))
def test_every_method_gives_the_vectors_of_torch(name, tmp_path):
    table = {"table": torch.linspace(-0.1, 1, 11)} if METHODS[name].query == "static" else {}
    native, other = both(preset(name, made(), **table), tmp_path)
    agree(native, other)
    assert native.encode_documents(TEXTS).nnz > len(TEXTS)


def test_what_it_cannot_run_is_named_and_left_to_torch(tmp_path):
    preset("splade-doc", made(hidden_act="gelu_new")).save_pretrained(tmp_path)
    with pytest.raises(Inexpressible, match="activation 'gelu_new' is not supported without torch"):
        SparseEncoder.from_pretrained(tmp_path, runtime="native")
    assert isinstance(SparseEncoder.from_pretrained(tmp_path), LearnedEncoder)
    with pytest.raises(UsageError, match="runtime='jax' is unknown; known: auto, native, torch, onnx"):
        SparseEncoder.from_pretrained(tmp_path, runtime="jax")  # type: ignore[arg-type]


def test_a_process_that_works_on_a_gpu_gets_torch(tmp_path, monkeypatch):
    preset("splade-doc", made()).save_pretrained(tmp_path)
    assert isinstance(SparseEncoder.from_pretrained(tmp_path), NativeEncoder)
    monkeypatch.setattr(torch.cuda, "is_initialized", lambda: True)
    assert isinstance(SparseEncoder.from_pretrained(tmp_path), LearnedEncoder)


@pytest.mark.parametrize("head", ["binary", "static", "mlp", "mlm", "cls-mlm"])
@pytest.mark.parametrize(
    "limits",
    [
        {"special_positions": True},
        {"special_columns": True},
        {"special_positions": True, "special_columns": True, "longest": 6},
        {"longest": 8, "top_k": 3},
        {"prune": 0.5, "norm": "identity", "activation": "identity"},
        {"top_k": 6, "activation": "softplus", "norm": "log1p_log1p", "quality": True},
        {"pool": "sum", "special_positions": True, "activation": "softplus", "prune": 0.3},
    ],
    ids=lambda limits: " ".join(limits),
)
def test_every_limit_means_the_same(head, limits, tmp_path):
    table = torch.linspace(0.1, 1, 11) if head == "static" else None
    if head == "binary":  # all its weights are the largest
        limits = {name: value for name, value in limits.items() if name != "top_k"}
    native, other = both(build(made(), head, head, table=table, **limits), tmp_path)
    agree(native, other)
    cut = [one.encode_documents(TEXTS, long="truncate") for one in (native, other)]  # type: ignore[attr-defined]
    np.testing.assert_allclose(*map(dense, cut), atol=1e-4)


@pytest.mark.parametrize("document", ["mlm", "cls-mlm", "mlp"])
@pytest.mark.parametrize("special", [False, True])
def test_expansions_come_through_the_same_words(document, special, tmp_path):
    limits = {"special_positions": special, "special_columns": special, "longest": 10}
    native, other = both(build(made(), "binary", document, **limits), tmp_path)
    terms = [list(row) for row in native.encode_documents(TEXTS).to_dicts()]
    assert native.sources(TEXTS, terms) == other.sources(TEXTS, terms)
    words = {source.word for text in native.sources(TEXTS, terms) for source in text.values() if not source.literal}
    assert bool(words - {""}) == (document == "mlm")


@pytest.mark.parametrize("counts", [False, True])
def test_a_table_counts_words_once_or_each_time(counts, tmp_path):
    encoder = build(made(), "static", "mlm", table=torch.linspace(0.1, 1.1, 11), top_k=2)
    encoder.query.head.counts = counts  # type: ignore[assignment]
    native, other = both(encoder, tmp_path)
    agree(native, other)
    twice = native.encode_queries(["wing wing lift"]).to_dicts()[0]
    assert twice == {"wing": pytest.approx(1.2 if counts else 0.6), "lift": pytest.approx(0.7)}


def test_long_texts_are_read_in_windows_and_said_once(tmp_path, caplog, monkeypatch):
    monkeypatch.setattr(encoding, "_TOGETHER", 3)
    native, _ = both(build(made(), longest=10), tmp_path)
    text = "wing lift of the air wing wing the of lift air the of wing lift lift the"
    seen: list[tuple[int, int]] = []
    caplog.clear()
    with caplog.at_level(logging.WARNING):
        found = native.encode_documents([text, "air", text, ""], progress=lambda *at: seen.append(at))
    assert [record.getMessage() for record in caplog.records] == [
        "2 of 4 texts are longer than 8 word pieces: they were read in windows"
    ]
    parts = text.split()
    windows = [" ".join(parts[start : start + 8]) for start in (0, 7, 14)]
    expected = dense(native.encode_documents(windows)).max(0)
    np.testing.assert_array_equal(dense(found)[[0, 2]], [expected, expected])
    assert seen == sorted(seen)
    assert seen[-1][0] <= seen[-1][1] == 4


def test_it_runs_without_torch_transformers_and_tokenizers(tmp_path):
    _, other = both(preset("inference-free", made(), table=torch.linspace(0.1, 1, 11)), tmp_path)
    script = (
        "import sys\nfor name in ('torch', 'transformers', 'tokenizers', 'scipy'): sys.modules[name] = None\n"
        "from gossamer import SparseEncoder\n"
        f"encoder = SparseEncoder.from_pretrained({str(tmp_path)!r})\n"
        "import json\n"
        "print(json.dumps([encoder.encode_queries(['wings of air']).to_dicts(),\n"
        "                  encoder.encode_documents(['wings of air']).to_dicts()]))\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    expected = [other.encode_queries(["wings of air"]), other.encode_documents(["wings of air"])]
    for found, vectors in zip(json.loads(done.stdout), expected, strict=True):
        assert found == [{term: pytest.approx(weight, abs=1e-4) for term, weight in vectors.to_dicts()[0].items()}]


def test_int8_lies_in_a_small_folder_with_all_that_was_said_of_it(tmp_path):
    table = torch.linspace(0.1, 9, 11)
    encoder = preset("inference-free-l0", made(hidden_size=64, intermediate_size=128), table=table)
    encoder.card, encoder.fusion_weight = {"licence": "CC0", "figures": {"ndcg@10": 0.5}}, 0.25
    native, _ = both(encoder, tmp_path / "exact")
    assert (native.card, native.fusion_weight) == (encoder.card, 0.25)
    small = native.quantise("int8")
    small.save_pretrained(tmp_path / "small")
    assert {path.name for path in (tmp_path / "small").iterdir()} == {
        "gossamer.json", "heads.safetensors", "transformer.json", "transformer.safetensors", "vocab.txt",
        "tokenizer_config.json",
    }  # fmt: skip
    again = SparseEncoder.from_pretrained(tmp_path / "small")
    assert isinstance(again, NativeEncoder)
    assert (again.card, again.fusion_weight) == (encoder.card, 0.25)
    for encode in ("encode_queries", "encode_documents"):
        assert getattr(again, encode)(TEXTS) == getattr(small, encode)(TEXTS)
    exact, rounded = (dense(one.encode_documents(TEXTS)) for one in (native, again))
    assert 0 < np.abs(exact - rounded).max() < exact.max() / 15
    assert again.quantise().encode_documents(TEXTS) == small.encode_documents(TEXTS)  # rounded once
    agree(again, SparseEncoder.from_pretrained(tmp_path / "small", runtime="torch"), atol=0.1)
    with pytest.raises(UsageError, match="rounded to 'int8', not 'int4'"):
        native.quantise("int4")  # type: ignore[arg-type]


def test_a_float32_folder_of_ours_gives_the_same_vectors(tmp_path):
    for name in ("distilsplade-sep", "unicoil"):
        native, _ = both(preset(name, made()), tmp_path / name)
        native.save_pretrained(tmp_path / f"{name} again")
        agree(SparseEncoder.from_pretrained(tmp_path / f"{name} again", runtime="native"), native, atol=0)


def test_the_model_of_the_package_is_found_by_its_name(tmp_path, monkeypatch):
    native, _ = both(preset("splade-doc", made()), tmp_path / "ours")
    monkeypatch.setattr(origin, "_OUR_FOLDER", tmp_path / "ours")
    agree(SparseEncoder.from_pretrained("gossamer"), native, atol=0)
    shutil.rmtree(tmp_path / "ours")
    with pytest.raises(UsageError, match="this installation has no model 'gossamer'"):
        SparseEncoder.from_pretrained("gossamer")
