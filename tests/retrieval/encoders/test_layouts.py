"""Published layouts read as they are, and written so that sentence-transformers, old and new, agrees."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from tests.retrieval.encoders.conftest import made

from gossamer.errors import UsageError
from gossamer.retrieval.encoders import SparseEncoder, layouts, learned
from gossamer.retrieval.encoders.layouts import by_torch
from gossamer.retrieval.encoders.methods import METHODS

TEXTS = ["wings of the air", "lift", "", "the wing the wing zebra", "the wing lifts the air of the wing"]
OLD = Path(sys.prefix) / "old-sentence-transformers"  # put there by `make install`
RUNTIMES = ["native", "torch"]
KINDS = ["splade", "sum", "inference-free", "two networks"]


def peer(version: str, *arguments: str) -> str:
    """What sentence-transformers says in a process of its own."""
    path = [str(OLD)] if version == "old" else []
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([*path, *filter(None, [os.environ.get("PYTHONPATH")])])}
    command = [sys.executable, str(Path(__file__).with_name("peer.py")), *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def encoded(encoder: SparseEncoder) -> dict[str, np.ndarray]:
    found = {"query": encoder.encode_queries(TEXTS), "document": encoder.encode_documents(TEXTS)}
    return {side: vectors.to_scipy().toarray() for side, vectors in found.items()}


@pytest.fixture(scope="module", params=["old", "new"])
def written(request, tmp_path_factory) -> tuple[Path, dict[str, dict[str, list[list[float]]]]]:
    """Folders that a version of sentence-transformers wrote, and the vectors that it finds with each."""
    folder = tmp_path_factory.mktemp(request.param)
    made().save(folder / "checkpoint")
    return folder, json.loads(peer(request.param, "write", str(folder / "checkpoint"), str(folder), json.dumps(TEXTS)))


@pytest.mark.parametrize("runtime", RUNTIMES)
@pytest.mark.parametrize("kind", KINDS)
def test_what_sentence_transformers_wrote_gives_the_same_vectors(written, kind, runtime):
    folder, vectors = written
    found = encoded(SparseEncoder.from_pretrained(folder / kind, runtime=runtime))
    for side, expected in vectors[kind].items():
        np.testing.assert_allclose(found[side], expected, atol=1e-5)
    assert np.count_nonzero(found["document"]) > len(TEXTS)


def test_what_we_write_it_reads_alike(written, tmp_path):
    folder, vectors = written
    for kind in KINDS:
        assert by_torch.save(SparseEncoder.from_pretrained(folder / kind, runtime="torch"), tmp_path / kind) == []
    assert json.loads(peer("new", "encode", str(tmp_path), json.dumps(TEXTS))) == {
        kind: {side: [pytest.approx(row, abs=1e-5) for row in rows] for side, rows in sides.items()}
        for kind, sides in vectors.items()
    }
    for kind in KINDS:
        expected = encoded(SparseEncoder.from_pretrained(tmp_path / kind))
        (tmp_path / kind / "gossamer.json").unlink()  # the layout alone says as much
        for side, found in encoded(SparseEncoder.from_pretrained(tmp_path / kind)).items():
            np.testing.assert_allclose(found, expected[side], atol=1e-6)


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_plain_splade_checkpoints_let_special_tokens_count(checkpoint, runtime):
    row = encoded(SparseEncoder.from_pretrained(checkpoint, runtime=runtime))["document"][0]
    with torch.no_grad():
        backbone = made()
        tokens = backbone.tokens(backbone.pieces(TEXTS[:1]), special_positions=True)
        logits = backbone.vocabulary(backbone(tokens).transformed)[0]
    np.testing.assert_allclose(row, torch.log1p(torch.relu(logits.amax(0))).numpy(), atol=1e-5)


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_opensearch_checkpoints_weigh_queries_by_idf_json(checkpoint, runtime):
    (checkpoint / "idf.json").write_text(json.dumps({"wing": 7.0, "of": 0.5, "[SEP]": 3.0, "no such word": 1.0}))
    encoder = SparseEncoder.from_pretrained(checkpoint, runtime=runtime)
    assert encoder.encode_queries(["wing of wings lift"]).to_dicts() == [{"wing": 7.0, "of": 0.5}]
    assert not encoded(encoder)["document"][:, :5].any()  # special columns


@pytest.mark.parametrize("name", METHODS)
def test_every_method_comes_back_as_it_was_saved(name, tmp_path, caplog):
    backbone = made()
    table = {"table": torch.linspace(0.1, 1, backbone.size)} if METHODS[name].query == "static" else {}
    encoder = learned.preset(name, backbone, **table)
    encoder.save_pretrained(tmp_path / "encoder")
    assert "sentence-transformers" in caplog.text  # it lets special tokens count; each method says at least that
    again = SparseEncoder.from_pretrained(tmp_path / "encoder", runtime="torch")
    assert again.encode_queries(TEXTS) == encoder.encode_queries(TEXTS)
    assert again.encode_documents(TEXTS) == encoder.encode_documents(TEXTS)
    assert (again.query.backbone is again.document.backbone) == (encoder.query.backbone is encoder.document.backbone)


def damaged(folder: Path, how: str) -> None:
    weights = folder / "model.safetensors"
    match how:
        case "no weights":
            weights.unlink()
        case "pickled":
            weights.unlink()
            (folder / "heads.pt").write_bytes(b"\x80\x04N.")
        case "truncated":
            weights.write_bytes(weights.read_bytes()[:-64])
        case "nan":
            tensors = load_file(weights)
            tensors["bert.embeddings.LayerNorm.weight"][0] = float("nan")
            save_file(tensors, weights, {"format": "pt"})
        case "missing tensor":
            tensors = load_file(weights)
            del tensors["bert.encoder.layer.0.output.dense.weight"]
            save_file(tensors, weights, {"format": "pt"})
        case "other shape":
            config = json.loads((folder / "config.json").read_text())
            (folder / "config.json").write_text(json.dumps({**config, "hidden_size": 32}))
        case "other vocabulary":
            config = json.loads((folder / "config.json").read_text())
            (folder / "config.json").write_text(json.dumps({**config, "vocab_size": 7}))
            tensors = load_file(weights)
            tensors = {key: one[:7] if len(one) == 11 else one for key, one in tensors.items()}
            save_file({key: one.contiguous() for key, one in tensors.items()}, weights, {"format": "pt"})
        case "no tokenizer":
            for path in folder.glob("tokenizer*"):
                path.unlink()
        case "broken config":
            (folder / "config.json").write_text("{")
        case "nothing":
            shutil.rmtree(folder)
            folder.mkdir()


@pytest.mark.parametrize("runtime", RUNTIMES)
@pytest.mark.parametrize(
    ("how", "said"),
    [
        ("no weights", "no weights; looked for model.safetensors"),
        ("pickled", "no weights"),
        ("truncated", "not a model that can be loaded"),
        ("nan", r"LayerNorm.weight holds weights that are not finite|embeddings.norm.weight holds nan at \[0\]"),
        ("missing tensor", r"lacks? (bert.encoder.layer.0.output.dense.weight|layers.0.down.weight)"),
        ("other shape", "not a model that can be loaded"),
        ("other vocabulary", "the tokenizer knows 11 words, the model 7"),
        ("no tokenizer", "no tokenizer; looked for tokenizer.json"),
        ("broken config", "not a model that can be loaded"),
        ("nothing", "holds gossamer.json, modules.json or config.json"),
    ],
)
def test_a_broken_folder_is_refused_with_the_reason(checkpoint, how, said, runtime):
    damaged(checkpoint, how)
    with pytest.raises(UsageError, match=said) as caught:
        SparseEncoder.from_pretrained(checkpoint, runtime=runtime)
    assert str(checkpoint) in str(caught.value)


def test_broken_layouts_say_which_file(written, tmp_path):
    folder, _ = written
    broken = shutil.copytree(folder / "inference-free", tmp_path / "broken")
    router = broken / "router_config.json"
    config = json.loads(router.read_text())
    router.write_text(json.dumps({**config, "structure": {"document": config["structure"]["document"]}}))
    with pytest.raises(UsageError, match=r"router_config.json: no modules for query"):
        SparseEncoder.from_pretrained(broken)
    router.unlink()
    with pytest.raises(UsageError, match=r"router_config.json: not found"):
        SparseEncoder.from_pretrained(broken)
    (broken / "modules.json").write_text(json.dumps([{"type": "x.Dense", "path": ""}]))
    with pytest.raises(UsageError, match="modules Dense; a sparse encoder has"):
        SparseEncoder.from_pretrained(broken)


def test_our_folder_of_a_newer_version_or_with_heads_of_another_is_refused(backbone, tmp_path):
    encoder = learned.preset("unicoil", backbone)
    encoder.save_pretrained(tmp_path)
    path = tmp_path / "gossamer.json"
    whole = json.loads(path.read_text())
    path.write_text(json.dumps({**whole, "format": 99}))
    with pytest.raises(UsageError, match="format 99; this gossamer reads up to"):
        SparseEncoder.from_pretrained(tmp_path)
    path.write_text(json.dumps(whole))
    save_file({"document.linear.weight": torch.ones(1, 3)}, tmp_path / "heads.safetensors")
    learned.preset("epic", made()).save_pretrained(tmp_path / "epic")
    save_file({"document.importance.weight": torch.ones(1, 16)}, tmp_path / "epic" / "heads.safetensors")
    for runtime in RUNTIMES:
        for folder in (tmp_path, tmp_path / "epic"):
            with pytest.raises(UsageError, match="do not fit together"):
                SparseEncoder.from_pretrained(folder, runtime=runtime)


def test_an_encoder_that_needs_packages_says_what_to_install(checkpoint, tmp_path, monkeypatch):
    learned.preset("splade", made(hidden_act="gelu_new")).save_pretrained(tmp_path / "other")
    monkeypatch.delattr(layouts, "by_torch")
    monkeypatch.setitem(sys.modules, "gossamer.retrieval.encoders.layouts.by_torch", None)
    monkeypatch.setitem(sys.modules, "gossamer.retrieval.encoders.learned", None)
    for make in (
        lambda: SparseEncoder.from_pretrained(tmp_path / "other"),
        lambda: SparseEncoder.from_pretrained(checkpoint, runtime="torch"),
        lambda: SparseEncoder.preset("unicoil", checkpoint),
    ):
        with pytest.raises(UsageError, match=r"pip install 'gossamer\[encoders\]'"):
            make()


def test_the_public_class_builds_and_presets(backbone):
    assert SparseEncoder.build(backbone, query_head="mlp").encode_documents(["wing"]).shape == (1, backbone.size)
    assert SparseEncoder.preset("splade-doc", backbone).encode_queries(["wing"]).to_dicts() == [
        {"wing": pytest.approx(0.3)}
    ]
