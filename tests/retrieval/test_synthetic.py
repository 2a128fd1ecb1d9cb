"""Synthetic vectors: they look as learned ones do, and a seed says all about them."""

import numpy as np
import pytest

from gossamer.retrieval import synthetic
from gossamer.retrieval.synthetic import TERMS, learned_sparse


@pytest.fixture(scope="module")
def made():
    return learned_sparse(2_000, 300)


def mass(vectors, heaviest):
    """Mean share of a row's sum that its largest entries hold."""
    each = [np.sort(vectors[row].values)[::-1] for row in range(len(vectors))]
    return np.mean([weights[:heaviest].sum() / weights.sum() for weights in each])


def test_the_statistics_are_those_of_an_encoder(made):
    documents, queries = made
    assert documents.shape == (2_000, TERMS)
    assert 115 < documents.nnz / len(documents) < 130
    assert 36 < queries.nnz / len(queries) < 42
    assert 0.70 < mass(documents, 50) < 0.80
    assert 0.68 < mass(queries, 10) < 0.78
    assert 0 < documents.values.min() <= documents.values.max() <= 3.5


def test_a_query_finds_its_source_far_above_the_rest(made):
    documents, queries = made
    scores = np.sort((queries.to_scipy() @ documents.to_scipy().T).toarray())
    assert np.median(scores[:, -1] / scores[:, -100]) > 1.5


def test_documents_have_topics(made):
    """A document is closer to its nearest neighbour than the same words, dealt out anew, would make it."""
    unit = made[0].to_scipy()[:500].toarray()
    unit = unit[:, unit.any(axis=0)]
    unit /= np.linalg.norm(unit, axis=1, keepdims=True)
    dealt = np.random.default_rng(0).permuted(unit, axis=0)
    dealt /= np.linalg.norm(dealt, axis=1, keepdims=True)
    nearest = [np.median(np.sort(rows @ rows.T)[:, -2]) for rows in (unit, dealt)]
    assert nearest[0] > 1.5 * nearest[1]


def test_a_seed_says_it_all(made):
    again, queries = learned_sparse(2_000, 300)
    assert again == made[0]
    assert queries == made[1]
    assert learned_sparse(2_000, 300, seed=1)[0] != made[0]


def test_blocks_make_up_the_whole(monkeypatch):
    monkeypatch.setattr(synthetic, "_BLOCK", 40)
    parts = list(synthetic.blocks(90))
    whole = learned_sparse(90, 1)[0].to_dicts()
    assert [len(part) for part in parts] == [40, 40, 10]
    assert [row for part in parts for row in part.to_dicts()] == whole
    assert parts[0] != parts[1]
