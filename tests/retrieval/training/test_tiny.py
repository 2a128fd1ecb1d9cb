"""The small encoder: it learns from two teachers, stops and goes on, and asks its teachers once."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from gossamer.errors import GossamerError, UsageError
from gossamer.retrieval.encoders.impacts import Impacts
from gossamer.retrieval.training import planted, tiny
from gossamer.retrieval.training.teachers import DenseTeacher, SparseTeacher
from gossamer.retrieval.training.tiny import Recipe, steps_in, student, train_tiny

WORLD = planted.world(train=256, documents=32, queries=16)
DOCUMENTS = list(dict.fromkeys(group.documents[0] for group in WORLD.train))
RECIPE = Recipe(
    steps=60,
    batch=32,
    near=4,
    longest=64,
    columns=200,
    words=150.0,
    rate=2e-3,
    word_rate=2e-3,
    average=2,
    keep_every=20,
)
CONCEPTS = {word: number for number, word in enumerate(sorted({word[:-1] for word in planted.words()}))}


def by_concept(texts):
    """Knows that c1x and c1y are one thing."""
    found = np.zeros((len(texts), len(CONCEPTS)))
    for row, text in enumerate(texts):
        for word in text.split():
            if word[:-1] in CONCEPTS:
                found[row, CONCEPTS[word[:-1]]] += 1
    return found


def teachers(keep=None):
    bm25 = Impacts(DOCUMENTS)
    return (
        DenseTeacher(by_concept, keep / "dense" if keep else None),
        SparseTeacher(bm25, keep / "sparse" if keep else None),
        SparseTeacher(bm25),
    )


def fresh():
    torch.set_num_threads(1)
    return student(planted.backbone(layers=1, width=32), DOCUMENTS, longest=None)


def test_the_student_comes_nearer_to_the_ensemble():
    encoder = fresh()
    longest = encoder.document.limits.longest
    steps = train_tiny(encoder, WORLD.train, *teachers(), RECIPE)
    first, last = (np.mean([step.ranking for step in part]) for part in (steps[:5], steps[-5:]))
    assert last < 0.7 * first
    assert encoder.document.limits.longest == longest  # what training read of a text is the recipe's affair
    asked = encoder.encode_queries(["c1x n1 A"])
    assert asked.nnz == 3
    table = {encoder.terms[column]: value for column, value in zip(asked.indices, asked.values, strict=True)}
    held = sum("A" in text.split() for text in DOCUMENTS)
    assert table["A"] == pytest.approx(np.log1p((len(DOCUMENTS) - held + 0.5) / (held + 0.5)), rel=1e-5)


def test_a_run_that_was_broken_off_goes_on(tmp_path):
    class Killed(Exception):
        pass

    def kill(step):
        if step.number == 30:
            raise Killed

    whole, again = fresh(), fresh()
    expected = train_tiny(whole, WORLD.train, *teachers(), RECIPE)
    with pytest.raises(Killed):
        train_tiny(fresh(), WORLD.train, *teachers(), RECIPE, folder=tmp_path, watch=kill)
    assert train_tiny(again, WORLD.train, *teachers(), RECIPE, folder=tmp_path) == expected
    for one, other in zip(whole.parameters(), again.parameters(), strict=True):
        assert torch.equal(one, other)


def test_trying_how_long_a_step_takes_leaves_the_encoder_as_it_was():
    encoder = fresh()
    before = [one.detach().clone() for one in encoder.parameters()]
    assert steps_in(1, encoder, WORLD.train, *teachers(), RECIPE) >= 100
    assert all(map(torch.equal, before, encoder.parameters()))
    with pytest.raises(UsageError, match="100 are needed"):
        steps_in(1e-4, encoder, WORLD.train, *teachers(), RECIPE)


def test_teachers_are_asked_once(tmp_path, monkeypatch):
    asked = []

    def embed(texts):
        asked.append(len(texts))
        return by_concept(texts)

    seen = []
    DenseTeacher(embed, tmp_path).prepare(DOCUMENTS[:9], lambda done, of: seen.append((done, of)))
    again = DenseTeacher(embed, tmp_path)
    again.prepare(DOCUMENTS[:9])
    assert (asked, seen) == ([9], [(9, 9)])
    np.testing.assert_array_equal(again.vectors(DOCUMENTS[:9]), DenseTeacher(by_concept).vectors(DOCUMENTS[:9]))
    assert asked == [9]

    bm25 = Impacts(DOCUMENTS)
    queries = [group.query for group in WORLD.train[:5]]
    once = SparseTeacher(bm25, tmp_path / "sparse")(queries, DOCUMENTS[:9])
    monkeypatch.setattr(bm25, "encode_documents", None)  # nothing is asked any more
    assert torch.equal(SparseTeacher(bm25, tmp_path / "sparse")(queries, DOCUMENTS[:9]), once)


def test_a_folder_that_cannot_be_written_is_said(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(GossamerError, match="cannot keep a teacher's vectors"):
        DenseTeacher(by_concept, tmp_path / "file").prepare(DOCUMENTS[:2])


def test_few_pairs_are_refused():
    with pytest.raises(UsageError, match="batches of 32 cannot be made"):
        train_tiny(fresh(), WORLD.train[:8], *teachers(), RECIPE)
    assert tiny.Recipe().settings().average == 5
