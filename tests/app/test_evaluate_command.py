"""``gossamer evaluate``: figures worked out by hand, and what two runs differ by."""

import json

import pytest

QRELS = "q1 0 a 1\nq2 0 b 1\nq3 0 c 1\n"


@pytest.fixture
def trec(tmp_path):
    """Judgements and two runs: `good` puts the right document first, `late` second for two of three queries."""
    (tmp_path / "qrels.txt").write_text(QRELS)
    (tmp_path / "good.trec").write_text("".join(f"q{n} Q0 {d} 1 2.0 good\n" for n, d in enumerate("abc", start=1)))
    (tmp_path / "late.trec").write_text(
        "q1 Q0 a 1 2.0 late\n"
        + "".join(f"q{n} Q0 x 1 2.0 late\nq{n} Q0 {d} 2 1.0 late\n" for n, d in ((2, "b"), (3, "c")))
    )
    return tmp_path


def test_one_run(run, trec):
    result = run("evaluate", "--run", "late.trec", "--qrels", "qrels.txt", "-m", "rr", "--json")
    assert result.exit_code == 0, result.output
    report = json.loads(result.stdout)
    (system,) = report["systems"]
    assert system["name"] == "late.trec"
    assert system["mean"]["rr"] == pytest.approx((1 + 0.5 + 0.5) / 3)
    assert system["per_query"]["rr"] == {"q1": 1.0, "q2": 0.5, "q3": 0.5}
    assert report["comparisons"] == []


def test_two_runs_are_compared(run, trec):
    words = ["evaluate", "--run", "good.trec", "--run", "late.trec", "--qrels", "qrels.txt", "-m", "rr"]
    (comparison,) = json.loads(run(*words, "--json").stdout)["comparisons"]
    assert (comparison["a"], comparison["b"]) == ("late.trec", "good.trec")
    assert comparison["delta"] == pytest.approx(-1 / 3)
    assert comparison["test"] == "randomisation"
    assert 0 < comparison["p"] <= 1
    assert (comparison["wins"], comparison["losses"], comparison["ties"]) == (0, 2, 1)
    shown = run(*words, "--per-query").stdout
    assert "late.trec - good.trec: rr: Δ -0.3333" in shown
    rows = [line.split() for line in shown.splitlines()]
    assert ["q2", "1.0000", "0.5000", "-0.5000"] in rows
    assert ["q1", "1.0000", "1.0000", "+0.0000"] in rows


def test_an_index(run, library, tmp_path):
    (tmp_path / "queries.tsv").write_text("q1\tstall\nq2\tkeel boat\nq3\tzeppelin\n")
    (tmp_path / "qrels.txt").write_text("q1 0 wings.md 1\nq2 0 boats.md 1\nq3 0 birds.md 1\n")
    result = run(
        "evaluate", library, "--queries", "queries.tsv", "--qrels", "qrels.txt", "-m", "p@1", "--save-run", "ours.trec",
        "--json",
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    (system,) = json.loads(result.stdout)["systems"]
    assert system["mean"]["p@1"] == pytest.approx(2 / 3)
    assert system["missing"] == ["q3"]
    assert "q3" in result.stderr
    assert (tmp_path / "ours.trec").read_text().startswith("q1 Q0 wings.md 1 ")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--qrels", "qrels.txt"], "nothing to evaluate"),
        (["x.gossamer", "--qrels", "qrels.txt"], "--queries"),
        (["--run", "good.trec", "--queries", "q.tsv", "--qrels", "qrels.txt"], "go with an INDEX"),
        (["--run", "good.trec", "--qrels", "absent.txt"], "absent.txt"),
        (["--run", "good.trec", "--run", "good.trec", "--qrels", "qrels.txt"], "given twice"),
        (["--run", "good.trec", "--qrels", "qrels.txt", "-m", "ndgc@10"], "ndgc"),
        (["--run", "good.trec"], "--qrels"),
    ],
)
def test_wrong_usage(run, trec, words, message):
    result = run("evaluate", *words)
    assert result.exit_code == 2
    assert message in result.stderr
    assert "Traceback" not in result.output
