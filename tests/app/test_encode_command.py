"""Texts to a file of vectors: the encoder's own, whatever comes between."""

import json
import signal
import time

import numpy as np
import pytest
from tests.retrieval.encoders.conftest import made

from gossamer.app import encoding
from gossamer.retrieval import BM25Encoder, SparseEncoder, SparseVectors, read_ids
from gossamer.retrieval.encoders.learned import preset
from gossamer.retrieval.encoders.transformer.encoder import NativeEncoder

TEXTS = ["wing of air", "the wings lift", "air", "", "lift the wing", "of the air", "wing wing"]


@pytest.fixture
def corpus(tmp_path):
    path = tmp_path / "corpus.jsonl"
    path.write_text("".join(json.dumps({"id": f"d{i}", "text": text}) + "\n" for i, text in enumerate(TEXTS) if text))
    return path


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models") / "tiny"
    preset("distilsplade-qmlp", made()).save_pretrained(folder)
    return folder


@pytest.fixture(autouse=True)
def _small_parts(monkeypatch):
    monkeypatch.setattr(encoding, "_DOCUMENTS", 2)


@pytest.mark.parametrize("side", ["query", "document"])
@pytest.mark.parametrize("runtime", ["native", "torch"])
def test_the_file_holds_the_encoders_vectors(run, corpus, model, tmp_path, side, runtime):
    done = run(
        "encode", corpus, "-o", "v.safetensors", "--encoder", model, "--side", side, "--runtime", runtime, "--json"
    )
    assert done.exit_code == 0, done.stderr
    encoder = SparseEncoder.from_pretrained(model, runtime=runtime)
    texts = [text for text in TEXTS if text]
    expected = (encoder.encode_queries if side == "query" else encoder.encode_documents)(texts)
    found = SparseVectors.load(tmp_path / "v.safetensors")
    assert found.vocabulary == encoder.terms
    np.testing.assert_allclose(found.to_scipy().toarray(), expected.to_scipy().toarray(), atol=1e-5)
    assert read_ids(tmp_path / "v.safetensors") == ["d0", "d1", "d2", "d4", "d5", "d6"]
    told = json.loads(done.stdout)
    assert (told["documents"], told["resumed"], told["weights"], told["dim"]) == (6, 0, found.nnz, 11)
    assert not (tmp_path / "v.safetensors.parts").exists()


@pytest.mark.parametrize("kind", ["bm25", "model"])
def test_an_interrupted_run_goes_on_to_the_same_bytes(run, corpus, model, tmp_path, kind, monkeypatch):
    encoder = model if kind == "model" else "bm25"
    assert run("encode", corpus, "-o", "whole", "--encoder", encoder).exit_code == 0
    cls = NativeEncoder if kind == "model" else BM25Encoder
    encode, calls = cls.encode_documents, []

    def interrupted(self, texts, **options):
        calls.append(texts)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return encode(self, texts, **options)

    monkeypatch.setattr(cls, "encode_documents", interrupted)
    stopped = run("encode", corpus, "-o", "v", "--encoder", encoder)
    assert stopped.exit_code == 130
    assert stopped.stderr == (
        "error: interrupted; what was encoded is in v.parts, and the same command goes on from there\n"
    )
    assert not (tmp_path / "v").exists()
    done = run("encode", corpus, "-o", "v", "--encoder", encoder, "--json")
    assert json.loads(done.stdout)["resumed"] == 4
    assert len(calls) == 4  # the last part alone
    assert (tmp_path / "v").read_bytes() == (tmp_path / "whole").read_bytes()


def test_parts_of_something_else_are_refused(run, corpus, model, tmp_path, monkeypatch):
    def stop(self, path):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(encoding.VectorParts, "join", stop)
        assert run("encode", corpus, "-o", "v", "--encoder", model).exit_code == 130
    for options, said in (
        (["--encoder", "bm25"], "another encoder"),
        (["--encoder", model, "--side", "query"], "another side"),
        (["--encoder", model, "--runtime", "torch"], "another encoder"),
    ):
        refused = run("encode", corpus, "-o", "v", *options)
        assert refused.exit_code == 1
        assert said in refused.stderr
    lines = corpus.read_text().splitlines(keepends=True)
    corpus.write_text("".join([*lines[:2], lines[3], lines[2], *lines[4:]]))
    refused = run("encode", corpus, "-o", "v", "--encoder", model)
    assert refused.exit_code == 1
    assert "00000001.safetensors: made of other documents than those at this place of the input now" in refused.stderr
    (tmp_path / "v.parts" / "00000000.safetensors").write_bytes(b"torn")
    assert "a damaged part" in run("encode", corpus, "-o", "v", "--encoder", model).stderr


def test_standard_input_holds_lines_or_json_lines(run, corpus, tmp_path):
    lines = "wing of air\n\nthe wings lift\n"
    for given, ids in ((lines, ["0", "2"]), (corpus.read_text(), ["d0", "d1", "d2", "d4", "d5", "d6"])):
        assert run("encode", "-", "-o", "v", "--encoder", "bm25", "--side", "query", input=given).exit_code == 0
        assert read_ids(tmp_path / "v") == ids
    assert SparseVectors.load(tmp_path / "v").to_dicts()[:2] == [{"wing": 1, "air": 1}, {"wing": 1, "lift": 1}]


def test_long_texts_are_said_once_and_wrong_words_refused(run, model, tmp_path):
    (tmp_path / "long.jsonl").write_text("".join(json.dumps({"id": i, "text": "wing " * 30}) + "\n" for i in range(5)))
    done = run("encode", "long.jsonl", "-o", "v", "--encoder", model)
    assert done.stderr == "5 texts are longer than 14 word pieces: they were read in windows\n"
    assert done.stdout.startswith("v: 5 documents, ")
    refused = run("encode", "long.jsonl", "-o", "v", "--encoder", model, "--side", "both")
    assert (refused.exit_code, refused.stderr) == (2, "error: --side 'both': write query or document\n")
    refused = run("encode", "long.jsonl", "-o", "v", "--encoder", tmp_path / "nothing")
    assert refused.exit_code == 2
    assert "no such folder" in refused.stderr
    (tmp_path / "no-vectors").write_text("x")
    with pytest.raises(Exception, match="no file of vectors with ids"):
        read_ids(tmp_path / "no-vectors")


def test_ctrl_c_in_the_middle(start, tmp_path):
    (tmp_path / "many.jsonl").write_text(
        "".join(json.dumps({"id": str(i), "text": f"document {i} " + "word " * 200}) + "\n" for i in range(20_000))
    )
    process = start("encode", tmp_path / "many.jsonl", "-o", tmp_path / "v", "--encoder", "bm25")
    deadline = time.monotonic() + 60
    while len(list((tmp_path / "v.parts").glob("*.safetensors"))) < 2 and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=60) == 130
    assert b"Traceback" not in process.stderr.read()
    assert len(list((tmp_path / "v.parts").glob("*.safetensors"))) >= 2
