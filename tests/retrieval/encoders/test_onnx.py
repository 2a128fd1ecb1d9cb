"""Graphs of ours, and published ones, by onnxruntime: the vectors of torch and of the native core."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch
from tests.retrieval.encoders.conftest import made
from tests.retrieval.encoders.test_native_encoder import TEXTS, agree, dense
from transformers import DistilBertConfig, DistilBertForMaskedLM

from gossamer.errors import UsageError
from gossamer.retrieval import SparseEncoder
from gossamer.retrieval.encoders import onnx_graph
from gossamer.retrieval.encoders.backbone import Backbone
from gossamer.retrieval.encoders.learned import build, preset
from gossamer.retrieval.encoders.methods import METHODS
from gossamer.retrieval.encoders.transformer import Checkpoint


def distil() -> Backbone:
    config = DistilBertConfig(
        vocab_size=11, dim=16, n_layers=2, n_heads=2, hidden_dim=32, max_position_embeddings=16, initializer_range=0.5
    )
    torch.manual_seed(1)
    return Backbone(DistilBertForMaskedLM(config).eval(), made().tokenizer)


@pytest.mark.parametrize("name", ["distilsplade-qmlp", "unicoil", "tilde", "inference-free-l0", "splade", "epic"])
@pytest.mark.parametrize("below", [made, distil])
def test_our_graphs_give_the_vectors_of_the_others(name, below, tmp_path):
    table = {"table": torch.linspace(0.1, 1, 11)} if METHODS[name].query == "static" else {}
    preset(name, below(), **table).save_pretrained(tmp_path, onnx=True)
    found = SparseEncoder.from_pretrained(tmp_path, runtime="onnx")
    assert found.runtime == "onnx"
    for runtime in ("torch", "native"):
        other = SparseEncoder.from_pretrained(tmp_path, runtime=runtime)
        agree(found, other)
        terms = [list(row) for row in found.encode_documents(TEXTS).to_dicts()]
        assert found.sources(TEXTS, terms) == other.sources(TEXTS, terms)


def test_int8_graphs_hold_the_same_weights(tmp_path):
    exact = preset("splade-doc", made(hidden_size=64, intermediate_size=128, hidden_act="relu"))
    exact.save_pretrained(tmp_path / "exact")
    native = SparseEncoder.from_pretrained(tmp_path / "exact", runtime="native").quantise()
    native.save_pretrained(tmp_path / "small", onnx=True)
    by = {one: SparseEncoder.from_pretrained(tmp_path / "small", runtime=one) for one in ("torch", "native", "onnx")}
    agree(by["onnx"], by["torch"], atol=2e-2)  # our head rounds the states that it is given
    documents = [dense(by[one].encode_documents(TEXTS)) for one in ("native", "onnx")]  # the core those between layers
    assert 1e-4 < np.abs(documents[0] - documents[1]).max() < documents[1].max() / 15
    sizes = [(tmp_path / "small" / place).stat().st_size for place in (onnx_graph.PLACE, "transformer.safetensors")]
    assert sizes[0] < 1.2 * sizes[1]


def published(folder: Path, outputs: dict[str, str]) -> None:
    """A checkpoint whose graph has other outputs: states renamed, or multiplied to logits, as optimum writes it."""
    checkpoint = Checkpoint.from_folder(folder)
    graph = onnx_graph._Graph(checkpoint)
    graph._build()
    arrays = checkpoint.arrays
    states = "last_hidden_state"
    for name, kind in outputs.items():
        if kind == "states":
            graph._node("Identity", [states], to=name)
            continue
        x = graph._norm(graph._activation(graph._linear(states, "head.transform")), "head.norm")
        words = arrays["embeddings.words.weight"].T.copy()
        x = graph._node("MatMul", [x, graph._constant("words", words)])
        x = graph._node("Add", [x, graph._constant("head.words.bias")])
        graph._node("Identity", [x], to=name)
    dims = lambda name: ["batch", "length", 16 if outputs[name] == "states" else 11]  # noqa: E731
    message = [
        *((1, node) for node in graph._nodes), (2, "published"),
        *((5, tensor) for tensor in graph._constants.values()),
        *((11, onnx_graph._value(name, "int64", ["batch", "length"])) for name in ("input_ids", "attention_mask")),
        (11, onnx_graph._value("token_type_ids", "int64", ["batch", "length"])),
        *((12, onnx_graph._value(name, "float32", dims(name))) for name in outputs),
    ]  # fmt: skip
    whole = onnx_graph._message((1, 8), (7, onnx_graph._message(*message)), (8, onnx_graph._message((1, ""), (2, 17))))
    (folder / "onnx").mkdir()
    (folder / "onnx" / "model.onnx").write_bytes(whole)


@pytest.mark.parametrize("outputs", [{"logits": "logits"}, {"token_embeddings": "states"}])
def test_published_graphs_end_at_logits_or_states(checkpoint, outputs):
    published(checkpoint, outputs)
    expected = SparseEncoder.from_pretrained(checkpoint, runtime="torch")
    found = SparseEncoder.from_pretrained(checkpoint, runtime="onnx")
    agree(found, expected)
    if "logits" in outputs:  # which need no weights beside the graph
        (checkpoint / "model.safetensors").rename(checkpoint / "model.other")
        with pytest.raises(UsageError, match="no weights"):
            SparseEncoder.from_pretrained(checkpoint, runtime="onnx")
        (checkpoint / "gossamer.json").write_text(json.dumps(OURS))
        from safetensors.numpy import save_file

        save_file({}, checkpoint / "heads.safetensors")
        agree(SparseEncoder.from_pretrained(checkpoint, runtime="onnx"), expected)


LIMITS = {"special_positions": True, "special_columns": True}
OURS = {
    "format": 1,
    "encoder": {
        "type": "learned", "one_head": True,
        "query": {"network": "", "repeats": "sum", "limits": LIMITS, "head": "mlm"},
        "document": {"network": "", "repeats": "max", "limits": LIMITS, "head": "mlm"},
    },
}  # fmt: skip


def test_what_a_graph_cannot_do_is_said(checkpoint, tmp_path, monkeypatch):
    with pytest.raises(UsageError, match=r"model.onnx: not found; save_pretrained\(\.\.\., onnx=True\) writes it"):
        SparseEncoder.from_pretrained(checkpoint, runtime="onnx")
    published(checkpoint, {"pooled": "states"})
    with pytest.raises(UsageError, match="a graph with the outputs pooled; last_hidden_state"):
        SparseEncoder.from_pretrained(checkpoint, runtime="onnx")
    (checkpoint / "onnx" / "model.onnx").write_bytes(b"torn")
    with pytest.raises(UsageError, match=r"model.onnx: not a graph that onnxruntime runs"):
        SparseEncoder.from_pretrained(checkpoint, runtime="onnx")
    build(made(), "mlp", "mlp").save_pretrained(tmp_path / "mlp", onnx=True)
    encoder = SparseEncoder.from_pretrained(tmp_path / "mlp", runtime="onnx")
    with pytest.raises(UsageError, match="load the encoder with runtime='native' to round it"):
        encoder.quantise()
    with pytest.raises(UsageError, match="load the encoder with another runtime to save it"):
        encoder.save_pretrained(tmp_path / "again")
    monkeypatch.setattr(onnx_graph, "_LARGEST", 1000)
    with pytest.raises(UsageError, match="GB, and one ONNX file holds 2"):
        SparseEncoder.from_pretrained(tmp_path / "mlp").save_pretrained(tmp_path / "large", onnx=True)
    monkeypatch.setitem(sys.modules, "gossamer.retrieval.encoders.onnx", None)
    with pytest.raises(UsageError, match=r"pip install 'gossamer\[onnx\]'"):
        SparseEncoder.from_pretrained(tmp_path / "mlp", runtime="onnx")
    assert onnxruntime.get_available_providers()
