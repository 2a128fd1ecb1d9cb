"""Training data: files, and batches that depend on the seed and the step alone."""

from __future__ import annotations

import json

import pytest

from gossamer.errors import UsageError
from gossamer.retrieval.training.groups import Batches, Group, read_groups


def many(sources: str = "", documents: int = 1) -> list[Group]:
    return [
        Group(f"q{at}", tuple(f"d{at}.{one}" for one in range(documents)), source=sources[at % 2 : at % 2 + 1])
        for at in range(10)
    ]


def test_an_epoch_holds_every_group_once_and_the_next_in_another_order():
    batches = Batches(many(), 3, 0, seed=0)
    assert batches.an_epoch == 4
    epochs = [[group.query for step in range(start, start + 4) for group in batches.batch(step)] for start in (0, 4)]
    assert sorted(epochs[0]) == sorted(epochs[1]) == [f"q{at}" for at in range(10)]
    assert epochs[0] != epochs[1]
    assert Batches(many(), 3, 0, seed=0).batch(6) == batches.batch(6)
    assert Batches(many(), 10, 0, seed=1).batch(0) != Batches(many(), 10, 0, seed=0).batch(0)


def test_a_batch_is_of_one_source():
    batches = Batches(many("ab"), 3, 0, seed=0)
    seen = [{group.source for group in batches.batch(step)} for step in range(batches.an_epoch)]
    assert all(len(one) == 1 for one in seen)
    assert {"a"} in seen
    assert {"b"} in seen


def test_negatives_are_drawn_and_the_positive_stays_first():
    group = Group("q", ("p", "a", "b", "c"), (9.0, 1.0, 2.0, 3.0), ("+p", "+a", "+b", "+c"))
    batches = Batches([group], 1, 2, seed=0)
    drawn = [batches.batch(step)[0] for step in range(20)]
    assert {one.documents[0] for one in drawn} == {"p"}
    assert {text for one in drawn for text in one.documents[1:]} == {"a", "b", "c"}
    scores = {"p": 9, "a": 1, "b": 2, "c": 3}
    assert all([scores[text] for text in one.documents] == list(one.scores) for one in drawn)
    assert drawn[0].texts[0] == "p +p"


def test_files_are_read_and_bad_lines_named(tmp_path):
    path = tmp_path / "pairs.jsonl"
    path.write_text(
        json.dumps({"query": "q", "positive": "p", "negatives": ["n"], "scores": [2, 1]})
        + "\n\n" + json.dumps({"query": "r", "pos": ["p1", "p2"], "negs": []}) + "\n"
    )  # fmt: skip
    assert read_groups(path) == [Group("q", ("p", "n"), (2.0, 1.0)), Group("r", ("p1",))]
    for line, said in (
        ("{", "line 1"),
        ('{"query": "q"}', 'not an object with "query" and "positive"'),
        ('["q"]', "not an object"),
        ('{"query": "q", "positive": "p", "scores": [1, 2]}', "1 documents, 2 scores"),
        ('{"query": "q", "positive": "p", "scores": ["x"]}', "line 1"),
    ):
        path.write_text(line + "\n")
        with pytest.raises(UsageError, match=said):
            read_groups(path)
    with pytest.raises(UsageError, match="No such file"):
        read_groups(tmp_path / "none")


def test_too_little_data_is_refused():
    with pytest.raises(UsageError, match="not one query"):
        Batches([], 1, 0, 0)
    with pytest.raises(UsageError, match="has 0 documents beside the positive, and 1 are wanted"):
        Batches(many(), 1, 1, 0)
    with pytest.raises(UsageError, match="has no document"):
        Group("q", ())
