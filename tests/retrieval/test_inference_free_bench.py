"""What the benchmark of inference-free retrieval compares: curves at equal cost, and teachers with known faults."""

from __future__ import annotations

import pytest
from benchmarks.inference_free import Blind, Noisy, at_equal_cost


def test_curves_are_compared_where_both_are():
    ours = [(10.0, 0.2), (1000.0, 0.6)]  # 0.2 a decade
    theirs = [(100.0, 0.3), (10_000.0, 0.5)]  # 0.1 a decade
    compared = at_equal_cost(ours, theirs)
    assert compared[0] == pytest.approx((100, 0.4, 0.3))
    assert compared[-1] == pytest.approx((1000, 0.6, 0.4))
    assert at_equal_cost(ours[::-1], theirs) == compared
    assert at_equal_cost([(1.0, 0.1), (2.0, 0.2)], theirs) is None


def test_teachers_err_as_they_are_said_to():
    query = "A c2x B c9x A c3x n4"
    synonyms, words, mentioned = "A c2y A c3y", "A c2x A c3x", "B c2x B c3x c3x"
    blind = Blind()([query], [synonyms, words, mentioned])[0].tolist()
    assert blind == [1, 2, 0]  # the even concept's synonym alone; what is merely mentioned never counts
    noisy = Noisy()([query], [synonyms, words, mentioned])[0].tolist()
    assert noisy[0] == 200
    assert noisy[1] != 200
    assert noisy[2] == 0
