"""``gossamer evaluate COLLECTION --encoder E``: as a person runs it, with what is wrong said in a line."""

import json

import pytest
from tests.retrieval.encoders.tiny_tokenizer import tokenizer_json

from gossamer.retrieval import BM25Encoder
from gossamer.retrieval.training.static_expansion import train_static_expansion
from gossamer.retrieval.vectors import SparseVectors

TEXTS = {"car": "a car engine", "auto": "an automobile engine", "boat": "a boat at sea", "tea": "a cup of tea"}
WORDS = ["[UNK]", *sorted({word for text in TEXTS.values() for word in text.split()})]


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A collection, BEIR's layout, and a saved encoder for which car and automobile are one; the cache beside them."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    folder = tmp_path / "set"
    (folder / "qrels").mkdir(parents=True)
    (folder / "corpus.jsonl").write_text("".join(json.dumps({"_id": i, "text": t}) + "\n" for i, t in TEXTS.items()))
    (folder / "queries.jsonl").write_text('{"_id": "1", "text": "car"}\n{"_id": "2", "text": "tea"}\n')
    (folder / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\n1\tcar\t2\n1\tauto\t1\n2\ttea\t1\n")
    seen = [{**dict.fromkeys(text.split(), 1.0)} for text in TEXTS.values()]
    for row in seen[:2]:
        row.update(car=1.0, automobile=1.0)
    vectors = SparseVectors.from_dicts(seen, WORDS)
    encoder = train_static_expansion(list(TEXTS.values()), vectors, tokenizer_json(WORDS), fewest=1, share=1.0)
    encoder.save_pretrained(tmp_path / "static")
    return tmp_path


def test_encoders_are_measured_and_compared(run, place):
    words = ["evaluate", "set", "--encoder", "bm25", "--encoder", "static", "--encoder", "static+bm25:0.5"]
    result = run(*words, "--json", "--plot", "f.svg", "--save-run", "runs")
    assert result.exit_code == 0, result.output
    report = json.loads(result.stdout)
    assert report["collection"] == "set/test"
    bm25, static, both = report["systems"]
    assert [one["name"] for one in report["systems"]] == ["bm25", "static", "static+bm25:0.5"]
    assert set(bm25["mean"]) == {"ndcg@10", "rr@10", "map", "recall@100", "recall@1000"}
    assert bm25["mean"]["recall@100"] == pytest.approx(0.75)  # "automobile" is another word
    assert static["mean"]["recall@100"] == both["mean"]["recall@100"] == 1
    assert both["costs"]["flops"] == pytest.approx(bm25["costs"]["flops"] + static["costs"]["flops"])
    assert len(report["comparisons"]) == 2 * 5
    assert all(one["b"] == "bm25" and one["p_holm"] >= one["p"] for one in report["comparisons"])
    assert (place / "f.svg").read_text().startswith("<?xml")
    assert sorted(path.name for path in (place / "runs").iterdir()) == [
        "bm25.trec", "static+bm25:0.5.trec", "static.trec",
    ]  # fmt: skip
    again = run(*words, "--cost", "latency")
    assert next(row for row in again.stdout.splitlines() if row.startswith("documents/s")).count("*") == 2
    for row in ("ndcg@10", "FLOPS", "terms a document", "vector to top 10", "static - bm25: map"):
        assert any(line.startswith(row) for line in again.stdout.splitlines())


def test_one_encoder_its_run_and_no_cache(run, place):
    BM25Encoder(k1=0.0).save_pretrained(place / "flat")
    result = run(
        "evaluate", "set", "--encoder", "flat", "--cache", "off", "--save-run", "x.trec", "-m", "p@1", "--binary",
        "--judged-only", "--per-query",
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    assert (place / "x.trec").read_text().startswith("1 Q0 car 1 ")
    assert not (place / "cache").exists()
    assert ["2", "1.0000"] in [line.split() for line in result.stdout.splitlines()]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["set"], "say what to evaluate over it"),
        (["--encoder", "bm25"], "goes with a COLLECTION"),
        (["set", "--encoder", "absent"], "absent: no such folder"),
        (["set", "--encoder", "static+bm25"], "static+bm25:WEIGHT"),
        (["set", "--encoder", "static+bm25:-1"], ">= 0"),
        (["set", "--encoder", "bm25", "--encoder", "bm25"], "given twice"),
        (["set", "--encoder", "bm25", "--cost", "money"], "flops, latency, bytes"),
        (["set", "--encoder", "bm25", "--split", "dev"], "no split 'dev'"),
        (["set", "--encoder", "bm25", "-m", "ndgc@10"], "ndgc"),
        (["nowhere", "--encoder", "bm25"], "nowhere"),
        (["--run", "x.trec", "--qrels", "set/qrels/test.tsv", "--plot", "f.svg"], "--plot goes with --encoder"),
    ],
)
def test_wrong_usage(run, place, words, message):
    result = run("evaluate", *words)
    assert result.exit_code == 2, result.output
    assert message in result.stderr
    assert "Traceback" not in result.output
