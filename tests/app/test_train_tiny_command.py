"""``gossamer train tiny``: from files of text to an encoder that an index can be made with."""

from __future__ import annotations

import json

import pytest
import torch

from gossamer.retrieval import SparseEncoder
from gossamer.retrieval.encoders import learned
from gossamer.retrieval.training import planted

WORLD = planted.world(train=8, documents=400, queries=4)


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """A network to begin from that is a sparse teacher, too, and a dense teacher."""
    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp("models")
    network = planted.backbone(layers=1, width=32)
    learned.build(network, "mlm", "mlm", shared=True).save_pretrained(folder / "sparse")
    network.save(folder / "dense")
    return folder


@pytest.fixture
def corpus(tmp_path):
    lines = [json.dumps({"id": str(at), "text": text + "."}) for at, text in enumerate(WORLD.documents)]
    (tmp_path / "corpus.jsonl").write_text("\n".join(lines) + "\n")
    return "corpus.jsonl"


@pytest.fixture
def tiny(run, models, corpus):
    def call(*more, output="out"):
        named = ["--dense", models / "dense", "--sparse", models / "sparse", "--base", models / "sparse"]
        return run("train", "tiny", corpus, "-o", output, *named, "--threads", 1, *more)

    return call


def test_it_leaves_an_encoder_in_int8_with_its_weight(tiny, run, tmp_path, corpus):
    result = tiny("--steps", 8, "--json")
    assert result.exit_code == 0, result.stderr
    said = json.loads(result.stdout)
    assert (said["steps"], said["passages"]) == (8, 400)
    assert 0 < said["bm25"] <= said["together"] + 1e-9
    encoder = SparseEncoder.from_pretrained(tmp_path / "out", runtime="native")
    assert encoder.fusion_weight == said["weight"]
    assert encoder.document.backbone.checkpoint.rounded
    assert not (tmp_path / "out" / "work").exists()

    again = tiny("--steps", 8, "--json")
    assert again.exit_code == 0
    assert json.loads(again.stdout) == said
    assert "nothing is left to do" in again.stderr
    other = tiny("--steps", 9)
    assert other.exit_code == 2
    assert "other settings (steps)" in other.stderr


def test_a_broken_run_goes_on_to_the_same_encoder(tiny, tmp_path, monkeypatch):
    from gossamer.retrieval.training import trainer

    whole = json.loads(tiny("--steps", 8, "--json", output="whole").stdout)
    step = trainer.Trainer._step

    def broken(self, number, *given):
        if number == 5:
            raise KeyboardInterrupt
        return step(self, number, *given)

    monkeypatch.setattr(trainer.Trainer, "_step", broken)
    result = tiny("--steps", 8)
    assert result.exit_code == 130
    assert "the same command goes on" in result.stderr
    monkeypatch.setattr(trainer.Trainer, "_step", step)
    again = json.loads(tiny("--steps", 8, "--json").stdout)
    assert {**again, "encoder": ""} == {**whole, "encoder": ""}
    weights = [(tmp_path / name / "transformer.safetensors").read_bytes() for name in ("whole", "out")]
    assert weights[0] == weights[1]


def test_what_cannot_be_is_said(tiny, run, tmp_path):
    assert "give one" in tiny("--steps", 3, "--minutes", 3).stderr
    assert tiny("--minutes", -1).exit_code == 2
    (tmp_path / "short.txt").write_text("Too short a text to learn anything from, with its twelve words and more.")
    result = run("train", "tiny", "short.txt", "-o", "none", "--dense", "x", "--sparse", "y", "--base", "z")
    assert result.exit_code == 2
    assert "pairs of query and answer" in result.stderr
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "letter.txt").write_text("mine")
    assert "not empty (letter.txt)" in tiny(output="full").stderr
