"""The ladder: its cells, its arithmetic, its verdicts, and that nothing is trained twice."""

from __future__ import annotations

from dataclasses import asdict

import numpy as np
import pytest
import torch

from gossamer.retrieval import SparseVectors
from gossamer.retrieval.training import ladder
from gossamer.retrieval.training.held_out import Collection, measure, postings_read
from gossamer.retrieval.training.ladder import DOCUMENT_HEADS, QUERY_HEADS, RUNGS, Claim, Ladder, cells
from gossamer.retrieval.training.trials import Scale, Shelf, Trial, measured, run

TINY = Scale(train=64, documents=20, queries=6, steps=3, batch=8)


def test_every_pair_of_heads_is_there_and_every_rung_changes_one_thing():
    known = {trial.name: trial for trial in cells(TINY, 0)}
    assert {f"{query} x {document}" for query in QUERY_HEADS for document in DOCUMENT_HEADS} <= known.keys()
    assert len(known) == len(cells(TINY, 0)) == 18
    for what, before, after in RUNGS:
        a, b = asdict(known[before]), asdict(known[after])
        changed = {key for key in a if a[key] != b[key]} - {"name"}
        if what == "no penalty":
            assert changed == {"penalty"}
        elif what == "where expansion is":
            assert changed == {"query", "expanded", "penalty"}
        elif "weighting" in what:
            assert changed == {what.split()[0]}
        else:  # a head that expands brings the penalty that keeps it short
            assert changed - {"penalty"} in ({what.split()[0]}, {"expanded"})


def outcomes(**values):
    """Two seeds around each value, ten queries; a query's values differ."""
    wobble = np.linspace(-0.01, 0.01, 10)
    return {
        name.replace("_x_", " x "): [
            {"ndcg": (value + shift + wobble).tolist(), "postings": 100.0 * value + shift} for shift in (-0.02, 0.02)
        ]
        for name, value in values.items()
    }


PUBLISHED = {
    "binary_x_binary": 0.2, "binary_x_mlp": 0.5, "mlp_x_binary": 0.21, "mlp_x_mlp": 0.52, "mlm_x_mlp": 0.75,
    "mlp_x_mlm": 0.76, "mlm_x_mlm": 0.77,
}  # fmt: skip


def verdicts(**changed):
    found = outcomes(**{**PUBLISHED, **changed})
    found["mlm x mlm"] = [{**one, "postings": 300.0} for one in found["mlm x mlm"]]
    return [(claim.finding, claim.held) for claim in Ladder(found).claims()]


def test_the_published_findings_hold_where_the_numbers_say_so():
    assert verdicts() == [(1, True), (1, True), (2, True), (3, True), (3, True), (3, True), (3, True)]
    # Query weighting as strong as document weighting breaks the first two.
    assert [held for finding, held in verdicts(binary_x_mlp=0.3) if finding < 3] == [False, False, False]
    # Expansion of both sides better than of one breaks the third, and that alone.
    assert verdicts(mlm_x_mlm=0.82)[:5] == verdicts()[:5]
    assert verdicts(mlm_x_mlm=0.82)[5] == (3, False)
    assert verdicts(mlm_x_mlp=0.6)[3] == (3, False)


def test_gains_are_paired_by_query_and_spread_over_seeds():
    found = Ladder(outcomes(**PUBLISHED))
    gain, (low, high) = found.gain("binary x mlp", "mlp x mlp")
    assert gain == pytest.approx(0.02)
    assert low == pytest.approx(0.02)  # the same for every query: pairing leaves no noise
    assert high == pytest.approx(0.02)
    assert found.spread("binary x mlp", "mlp x mlp") == pytest.approx((0.02, 0.02))
    assert found.figure("mlp x mlp", "postings") == pytest.approx(52)


@pytest.mark.parametrize(
    ("value", "interval", "verdict"),
    [
        (0.1, (0.05, 0.2), "held"),
        (0.1, (-0.05, 0.2), "held, within the noise"),
        (-0.1, (-0.2, 0.1), "not held, within the noise"),
        (-0.1, (-0.2, -0.05), "not held"),
        (0.1, None, "held"),
    ],
)
def test_a_verdict_says_whether_the_interval_agrees(value, interval, verdict):
    claim = Claim(1, "at least 0", value, interval, low=0.0)
    assert claim.verdict == verdict
    assert claim.to_dict()["high"] is None


def test_costs_are_counted():
    queries = SparseVectors([0, 2, 3], [0, 2, 2], [1, 1, 1], 3)
    documents = SparseVectors([0, 1, 3, 4, 4], [0, 0, 2, 1], [1, 1, 1, 1], 3)
    dense = [one.to_scipy().toarray() != 0 for one in (queries, documents)]
    expected = sum((q & d).sum() for q in dense[0] for d in dense[1]) / 2
    assert postings_read(queries, documents) == expected
    world = TINY.world()
    torch.set_num_threads(1)
    from gossamer.retrieval.encoders.bm25 import BM25Encoder
    from gossamer.retrieval.encoders.impacts import Impacts

    bm25 = Impacts(world.documents, BM25Encoder(analyzer="standard"))
    found = measured(bm25.encode_queries(world.queries), bm25.encode_documents(world.documents), world)
    collection = Collection(world.documents, world.queries, [[row] for row in world.relevant])
    figures = measure(bm25, collection)
    assert np.mean(found["ndcg"]) == pytest.approx(figures.ndcg)
    assert found["postings"] == pytest.approx(figures.postings)
    assert found["flops"] == pytest.approx(figures.postings / 20)


def test_what_was_done_is_not_done_again(tmp_path, monkeypatch):
    torch.set_num_threads(1)
    trained = []

    def counting(trial, world, **more):
        trained.append(trial.name)
        return run(trial, world, **more)

    monkeypatch.setattr(ladder, "run", counting)
    names = ["binary x binary", "mlp x expanded mlp"]
    first = ladder.climb(TINY, 1, Shelf(tmp_path), only=names[:1])
    assert trained == names[:1]
    both = ladder.climb(TINY, 1, Shelf(tmp_path), only=names)
    assert trained == names
    assert both.outcomes["binary x binary"] == first.outcomes["binary x binary"]
    again = ladder.climb(TINY, 1, Shelf(tmp_path), only=names)
    assert trained == names
    assert again.outcomes["mlp x expanded mlp"] == both.outcomes["mlp x expanded mlp"]
    # Another number of steps is another trial.
    assert not Shelf(tmp_path).holds(cells(Scale(steps=4), 0)[0])
    assert len(again.frontier()) == len(names) + 3  # and the baselines


def test_a_trial_comes_out_the_same_again_and_expansion_adds_words():
    torch.set_num_threads(1)
    world = TINY.world()
    plain, longer = (Trial("t", "binary", "mlp", TINY, expanded=expanded) for expanded in (False, True))
    one, other = run(plain, world), run(plain, world)
    assert one["ndcg"] == other["ndcg"]
    assert one["loss"] == other["loss"]
    assert run(longer, world)["document_words"] > one["document_words"] + 10


def test_generated_queries_leave_the_rest_of_the_world_as_it_was():
    from gossamer.retrieval.training import planted

    bare, more = (planted.world(train=5, documents=5, queries=3, generated=n) for n in (0, 2))
    assert [one.query for one in bare.train] == [one.query for one in more.train]
    assert bare.documents == more.documents
    assert bare.queries == more.queries
    assert bare.additions == []
    assert len(more.additions) == 5
    assert all(group.additions for group in more.train)
