"""``gossamer bench``: what it finds can be worked out; what it times only has to be a time."""

import json

import pytest

import gossamer
from gossamer.app.cli.bench import _known_items, _p50_p95, _read


def test_it_finds_what_it_must_and_says_so(run, library):
    result = run("bench", library, "--rounds", "1", "--json")
    assert result.exit_code == 0, result.output
    report = json.loads(result.stdout)
    points = {point["name"]: point for point in report["points"]}
    assert set(points) == {"random", "pruned", "exhaustive", "search", "substring scan"}
    assert report["exact"] is True
    assert report["queries"] == 5
    assert (report["quality"], report["cost"]) == ("rr@10", "latency_us")
    # Six words in a row of a document find it again before any other.
    assert points["pruned"]["quality"] == points["exhaustive"]["quality"] == points["search"]["quality"] == 1.0
    assert {name for name, point in points.items() if point["naive"]} == {"random", "substring scan"}
    assert all(0 < point["cost"] <= point["facts"]["p95_us"] for point in points.values())


def test_own_queries_are_judged_by_own_judgements(run, library, tmp_path):
    (tmp_path / "q.tsv").write_text("q1\tstall\nq2\twing stall\nq3\tnobody judged this\n")
    (tmp_path / "r.txt").write_text("q1 0 wings.md 1\nq2 0 birds.md 1\n")
    result = run("bench", library, "--queries", "q.tsv", "--qrels", "r.txt", "--rounds", "1", "--json")
    assert result.exit_code == 0, result.output
    report = json.loads(result.stdout)
    ranked = [name for name, _ in gossamer.Index.open(library).rank(["wing stall"])[0]]
    expected = (1 + 1 / (ranked.index("birds.md") + 1)) / 2
    assert report["queries"] == 2
    assert next(one for one in report["points"] if one["name"] == "pruned")["quality"] == pytest.approx(expected)


def test_for_people(run, library, tmp_path):
    result = run("bench", library, "--rounds", "1", "--plot", "frontier.svg")
    assert result.exit_code == 0, result.output
    assert "pruned and exhaustive traversal agree on every result" in result.stdout
    assert result.stdout.startswith("5 documents, 6 passages; ")
    assert "<svg" in (tmp_path / "frontier.svg").read_text()


@pytest.mark.parametrize(
    ("words", "message"),
    [(["--queries", "q.tsv"], "go together"), (["--rounds", "0"], "--rounds"), (["--count", "0"], "--count")],
)
def test_wrong_usage(run, library, words, message):
    result = run("bench", library, *words)
    assert result.exit_code == 2
    assert message in result.stderr


def test_an_empty_index(run, tmp_path):
    gossamer.Index.create(tmp_path / "empty.gossamer").close()
    result = run("bench", "empty.gossamer")
    assert result.exit_code == 2
    assert "no documents" in result.stderr


def test_the_sample_is_fair_and_the_same_each_time(tmp_path):
    with gossamer.Index.create(tmp_path / "i") as index:
        index.add(f"number {number} in a row of many words" for number in range(400))
    with gossamer.Index.open(tmp_path / "i") as index:
        drawn = [[int(one.id) for one in _read(index, 40, seed).sample] for seed in range(50)]
        assert drawn[0] == [int(one.id) for one in _read(index, 40, 0).sample]
    assert all(len(set(one)) == 40 for one in drawn)
    # The mean of 2,000 draws from 0..399 is 199.5 with a standard error of 2.6.
    assert abs(sum(map(sum, drawn)) / 2000 - 199.5) < 13


def test_queries_come_from_the_middle():
    asked, judged = _known_items(
        [gossamer.Document("d", "one two three four five six seven eight"), gossamer.Document("e", " ")]
    )
    assert asked == {"0": "two three four five six seven"}
    assert judged == {"0": {"d": 1}}


def test_percentiles():
    assert _p50_p95([float(n) for n in range(101)]) == (50.0, 95.0)
    assert _p50_p95([7.0]) == (7.0, 7.0)
