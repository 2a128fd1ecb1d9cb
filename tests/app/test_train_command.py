"""``gossamer train lsr``: what it refuses, what it leaves in the folder, and how a broken run goes on."""

from __future__ import annotations

import json
import sys

import pytest
import torch

from gossamer.retrieval import SparseEncoder
from gossamer.retrieval.training import planted
from gossamer.retrieval.training.groups import Group

WORLD = planted.world(train=64, documents=8, queries=4)


def rows(groups: list[Group], negatives: int, **more) -> list[dict]:
    texts = [group.documents[0] for group in groups]
    return [
        {
            "query": group.query, "positive": group.documents[0],
            "negatives": [texts[(at + one) % len(texts)] for one in range(1, negatives + 1)],
            **{key: value(negatives + 1) for key, value in more.items()},
        }
        for at, group in enumerate(groups)
    ]  # fmt: skip


def write(path, lines):
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


@pytest.fixture(scope="module")
def backbone(tmp_path_factory):
    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp("backbone")
    planted.backbone(layers=1, width=16).save(folder)
    return folder


@pytest.fixture
def pairs(tmp_path):
    return write(tmp_path / "pairs.jsonl", rows(WORLD.train, 1))


@pytest.fixture
def train(run, backbone):
    def call(method, data, *more, output="out"):
        base = ["--method", method, "--data", data, "-o", output, "--backbone", backbone, "--threads", 1]
        return run("train", "lsr", *base, "--steps", 6, "--batch", 4, "--rate", 2e-3, *more)

    return call


def log(folder):
    return [json.loads(line)["loss"] for line in (folder / "log.jsonl").read_text().splitlines()]


def test_it_leaves_an_encoder_its_plan_its_log_and_figures(train, pairs, tmp_path):
    held_out = write(tmp_path / "held-out.jsonl", rows(WORLD.train[:8], 3))
    result = train("splade-doc", pairs, "--validate", held_out, "--json")
    assert result.exit_code == 0, result.stderr
    said = json.loads(result.stdout)
    folder = tmp_path / "out"
    assert said["steps"] == len(log(folder)) == 6
    assert said["held_out"]["documents"] == 8
    assert 0 <= said["held_out"]["mrr"] <= said["held_out"]["ndcg"] + 1e-9 <= 1 + 1e-9
    assert {"mrr", "ndcg", "postings"} <= said["held_out_bm25"].keys()
    encoder = SparseEncoder.from_pretrained(folder)
    assert encoder.encode_documents([WORLD.documents[0]]).nnz
    plan = json.loads((folder / "training.json").read_text())["plan"]
    assert plan["method"] == "splade-doc"
    assert plan["settings"]["steps"] == 6
    assert plan["penalty"]["ramp"] == 2  # of fifty thousand steps none would be felt
    assert not (folder / "checkpoint").exists()
    again = train("splade-doc", pairs, "--validate", held_out, "--json")
    assert "nothing is left to do" in again.stderr
    assert json.loads(again.stdout) == said


def test_people_see_how_it_goes(train, pairs):
    result = train("unicoil", pairs)
    assert "training: 1 of 6, loss " in result.stderr
    assert "query/document words" in result.stderr
    assert "6 steps over 64 groups, loss" in result.stdout
    assert "training:" not in train("unicoil", pairs, "--quiet", output="quiet").stderr


def test_interrupted_means_130_and_what_to_do(train, pairs, tmp_path, backbone, monkeypatch):
    from gossamer.retrieval.encoders.transformer.encoder import NativeEncoder
    from gossamer.retrieval.training.trainer import Trainer

    step = Trainer._step

    def interrupted(self, number, *rest):
        if number == 5:
            raise KeyboardInterrupt
        return step(self, number, *rest)

    more = ["--keep-every", 2, "--teacher", f"sparse:{backbone}"]
    with monkeypatch.context() as patch:
        patch.setattr(Trainer, "_step", interrupted)
        result = train("distilsplade-max", pairs, *more)
    assert result.exit_code == 130
    assert "the same command again goes on" in result.stderr
    with monkeypatch.context() as patch:  # a teacher is not asked again for what it has said
        patch.setattr(NativeEncoder, "encode_documents", None)
        result = train("distilsplade-max", pairs, *more)
    assert "going on from the last checkpoint" in result.stderr
    assert "training: 5 of 6" in result.stderr
    assert "training: 4 of 6" not in result.stderr
    train("distilsplade-max", pairs, *more, output="whole")
    assert log(tmp_path / "out") == log(tmp_path / "whole")


@pytest.mark.parametrize(
    ("method", "more", "said"),
    [
        ("splade-max", {"negatives": 0}, "mine them from BM25 (--mine)"),
        ("distilsplade-max", {}, "learns from a teacher (margin_mse)"),
        ("inference-free", {}, "learns from a teacher (ensemble)"),
        ("deepimpact", {}, "name what lengthens them (--expander queries:DIR"),
        ("unicoil-tilde", {}, "--expander tilde:DIR"),
        ("splade-maks", {}, "did you mean 'splade-max'?"),
    ],
)
def test_what_does_not_fit_is_refused_before_work_starts(train, tmp_path, method, more, said):
    data = write(tmp_path / "data.jsonl", rows(WORLD.train, more.get("negatives", 1)))
    result = train(method, data)
    assert result.exit_code == 2
    assert said in result.stderr
    assert not (tmp_path / "out").exists()


def test_losses_over_a_querys_own_documents_need_a_negative(train, tmp_path):
    data = write(tmp_path / "data.jsonl", rows(WORLD.train, 0))
    result = train("sparta", data, "--negatives", 0)
    assert result.exit_code == 2
    assert "at least one negative" in result.stderr
    assert train("splade-doc", data, "--negatives", 0).exit_code == 0


def test_a_folder_of_something_else_is_left_alone(train, pairs, tmp_path):
    assert train("unicoil", pairs).exit_code == 0
    result = train("unicoil", pairs, "--seed", 7)
    assert result.exit_code == 2
    assert "other settings (settings.seed)" in result.stderr
    pairs.write_text(pairs.read_text() + pairs.read_text().splitlines()[0] + "\n")
    assert "other settings (data.data)" in train("unicoil", pairs).stderr
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("x")
    assert "not empty (thesis.txt)" in train("unicoil", pairs, output="mine").stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--mine", "--teacher", "oracle:x"], "write dense:DIR, sparse:DIR or bm25"),
        (["--mine", "--teacher", "dense:./empty"], "not a dense model"),
        (["--teacher", "bm25"], "splade-max (contrastive) learns from no teacher"),
        (["--penalty", "1"], "two weights"),
        (["--penalty", "0,x"], "two weights"),
        (["--rate", "0"], "must be positive"),
        (["--backbone", "./empty"], "no tokenizer"),
        (["--device", "abacus"], "cpu, cuda or auto"),
        (["--expander", "magic"], "write queries:DIR, tilde:DIR or pairs"),
    ],
)
def test_errors_are_lines_and_not_tracebacks(train, pairs, tmp_path, words, said):
    (tmp_path / "empty").mkdir()
    result = train("splade-max", pairs, *words)
    assert result.exit_code in (1, 2)
    assert said in result.stderr
    assert result.stderr.count("\n") == 1
    assert "Traceback" not in result.output


def test_without_torch_the_extra_is_named(train, pairs, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    rooms = ("gossamer.retrieval.training", "gossamer.retrieval.encoders")
    for name in [name for name in sys.modules if name.startswith(rooms)]:
        monkeypatch.delitem(sys.modules, name)
    result = train("splade-max", pairs)
    assert result.exit_code == 2
    assert "needs torch; pip install 'gossamer[encoders]'" in result.stderr


def test_teachers_mined_negatives_and_expansion_go_together(train, tmp_path, backbone):
    data = write(tmp_path / "bare.jsonl", rows(WORLD.train, 0))
    assert train("tilde", data, "--negatives", 0, output="tilde").exit_code == 0
    result = train(
        "inference-free", data, "--mine", "--negatives", 2, "--teacher", "bm25", "--teacher", f"sparse:{backbone}"
    )
    assert result.exit_code == 0, result.stderr
    assert not (tmp_path / "out" / "teachers").exists()  # their vectors are kept as long as they may be asked for
    result = train(
        "tilde-v2", data, "--mine", "--negatives", 1, "--expander", "tilde:tilde", "--additions", 5, output="v2"
    )
    assert result.exit_code == 0, result.stderr
    encoder = SparseEncoder.from_pretrained(tmp_path / "v2")
    assert encoder.expander.settings() == {"kind": "tilde", "words": 5}
    assert train("unicoil-dt5q", data, "--negatives", 0, "--expander", "pairs", output="dt5q").exit_code == 0
    # An encoder is something to begin from, too.
    assert train("unicoil", data, "--negatives", 0, "--backbone", tmp_path / "v2", output="next").exit_code == 0


def test_the_ladder_says_its_verdicts_and_goes_on(run, monkeypatch):
    from gossamer.retrieval.training import trials

    tiny = trials.Scale(train=48, documents=12, queries=5, steps=2, batch=4)
    monkeypatch.setattr(trials, "QUICK", tiny)
    result = run("bench", "lsr-ladder", "--quick", "--json", "--threads", 1)
    assert result.exit_code == 0, result.stderr
    said = json.loads(result.stdout)
    assert len(said["cells"]) == 18 + 3
    assert {one["verdict"].split(",")[0] for one in said["claims"]} <= {"held", "not held"}
    assert [one["finding"] for one in said["claims"]] == [1, 1, 2, 3, 3, 3, 3]

    def refuse(*_, **__):
        raise AssertionError("trained again")

    monkeypatch.setattr(trials, "Trainer", refuse)
    again = run("bench", "lsr-ladder", "--quick", "--threads", 1)
    assert again.exit_code == 0
    assert "mlp x expanded mlp" in again.stdout
    assert "query weighting at mlp documents" in again.stdout
    assert "far too little" in again.stderr
