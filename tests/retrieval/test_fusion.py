"""Fusion: figures worked by hand, and the identities of each method and norm."""

from __future__ import annotations

import math
from typing import get_args

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from gossamer.errors import UsageError
from gossamer.retrieval.fusion import Method, Norm, fuse, normalise
from gossamer.retrieval.runs import ranking

METHODS = get_args(Method)
NORMS = get_args(Norm)
documents = st.sampled_from("abcdefghij")
# Whole numbers keep the arithmetic of the identities clear of rounding; above 0 because norm="max" needs it.
results = st.dictionaries(documents, st.integers(1, 50).map(float), min_size=1)
lists = st.lists(results, min_size=1, max_size=4)


def fused(results_lists, **options):
    return fuse([{"q": results} for results in results_lists], **options)["q"]


A = {"a": 10.0, "b": 6.0, "c": 2.0}
B = {"b": 0.9, "d": 0.5}


class TestByHand:
    @pytest.mark.parametrize(
        ("options", "expected"),
        [({"method": "rrf"}, {"a": 1 / 61, "b": 1 / 62 + 1 / 61, "c": 1 / 63, "d": 1 / 62}),
         ({"method": "rrf", "k": 0}, {"a": 1, "b": 1 / 2 + 1, "c": 1 / 3, "d": 1 / 2}),
         ({"method": "rrf", "weights": [2, 1]}, {"a": 2 / 61, "b": 2 / 62 + 1 / 61, "c": 2 / 63, "d": 1 / 62}),
         ({"method": "isr"}, {"a": 1, "b": 2 * (1 / 4 + 1), "c": 1 / 9, "d": 1 / 4}),
         ({"method": "borda"}, {"a": 1, "b": 2 / 3 + 1, "c": 1 / 3, "d": 1 / 2}),
         ({"method": "linear"}, {"a": 1, "b": 0.5 + 1, "c": 0, "d": 0}),
         ({"method": "linear", "weights": [1, 3]}, {"a": 1, "b": 0.5 + 3, "c": 0, "d": 0}),
         ({"method": "linear", "norm": "none"}, {"a": 10.5, "b": 6.9, "c": 2.5, "d": 2.5}),
         ({"method": "linear", "norm": "theoretical"}, {"a": 1, "b": 0.6 + 1, "c": 0.2, "d": 5 / 9}),
         ({"method": "linear", "norm": "theoretical", "lower": [0, -1]},
          {"a": 1, "b": 0.6 + 1, "c": 0.2, "d": 1.5 / 1.9}),
         ({"method": "combsum", "norm": "max"}, {"a": 1, "b": 0.6 + 1, "c": 0.2, "d": 5 / 9}),
         ({"method": "combmnz", "norm": "max"}, {"a": 1, "b": 2 * (0.6 + 1), "c": 0.2, "d": 5 / 9}),
         ({"method": "combmax", "norm": "max"}, {"a": 1, "b": 1, "c": 0.2, "d": 5 / 9}),
         ({"method": "combsum", "norm": "sum"}, {"a": 2 / 3, "b": 1 / 3 + 1, "c": 0, "d": 0}),
         ({"method": "combsum", "norm": "rank"}, {"a": 1, "b": 2 / 3 + 1, "c": 1 / 3, "d": 1 / 2})],
    )  # fmt: skip
    def test_methods(self, options, expected):
        assert fused([A, B], **options) == pytest.approx(expected)

    def test_zscore_and_softmax_equal_numpy(self):
        x = np.array([10.0, 6.0, 2.0])
        z = (x - x.mean()) / x.std()
        assert list(normalise(ranking(A), "zscore").values()) == pytest.approx(list(z))
        e = np.exp(x / 5)
        assert list(normalise(ranking(A), "softmax", temperature=5).values()) == pytest.approx(list(e / e.sum()))
        # d is absent from A and gets the lowest z there.
        assert fused([A, B], method="linear", norm="zscore")["d"] == pytest.approx(z.min() - 1)

    def test_dbsf_cuts_outliers_at_three_standard_deviations(self):
        x = {f"d{i}": float(i % 3) for i in range(40)} | {"far": 100.0}
        values = np.array(list(x.values()))
        low, high = values.mean() - 3 * values.std(), values.mean() + 3 * values.std()
        assert high < 100
        normed = normalise(ranking(x), "dbsf")
        assert normed["far"] == 1.0
        assert normed["d1"] == pytest.approx((1 - low) / (high - low))

    def test_equal_scores_are_ordered_by_best_rank_then_id(self):
        # At k=0: z has 1/2 + 1/2, c has 1/1, and e 1/1 in the other list.
        order = list(fused([{"c": 9.0, "z": 8.0}, {"e": 9.0, "z": 8.0}], k=0))
        assert order == ["e", "c", "z"]

    def test_queries_are_the_union(self):
        runs = [{"q1": {"a": 1.0}, "q2": {"b": 1.0}}, {"q2": {"b": 2.0}, "q3": {}}]
        assert {q: list(r) for q, r in fuse(runs).items()} == {"q1": ["a"], "q2": ["b"], "q3": []}


@pytest.mark.parametrize("method", METHODS)
class TestEveryMethod:
    @pytest.mark.parametrize("norm", NORMS)
    @settings(max_examples=20)  # for each of 63 combinations
    @given(one=results)
    def test_one_list_keeps_its_order(self, method, norm, one):
        assert list(fused([one], method=method, norm=norm)) == [d for d, _ in ranking(one)]

    @settings(max_examples=40)
    @given(many=lists, data=st.data())
    def test_the_order_of_the_lists_does_not_matter(self, method, many, data):
        weights = data.draw(st.lists(st.floats(0.1, 3), min_size=len(many), max_size=len(many)))
        order = data.draw(st.permutations(range(len(many))))
        first = fused(many, method=method, weights=weights)
        second = fused([many[i] for i in order], method=method, weights=[weights[i] for i in order])
        assert list(first.items()) == list(second.items())

    @settings(max_examples=40)
    @given(many=lists, power=st.integers(-4, 4))
    def test_scaling_all_weights_keeps_the_order(self, method, many, power):
        first, second = (fused(many, method=method, weights=[w] * len(many)) for w in (1.0, 2.0**power))
        assert list(first) == list(second)
        assert {d: s * 2.0**power for d, s in first.items()} == second

    @settings(max_examples=40)
    @given(many=lists)
    def test_the_result_holds_the_union_in_falling_order(self, method, many):
        out = fused(many, method=method)
        assert out.keys() == {d for results in many for d in results}
        assert list(out.values()) == sorted(out.values(), reverse=True)


@pytest.mark.parametrize("method", ["rrf", "isr", "borda"])
@given(many=lists)
def test_rank_methods_ignore_monotone_maps_of_the_scores(method, many):
    mapped = [{d: math.exp(s / 7) - 40 for d, s in results.items()} for results in many]
    assert fused(mapped, method=method) == fused(many, method=method)


@pytest.mark.parametrize("norm", ["minmax", "zscore", "dbsf", "sum"])
@given(many=lists, data=st.data())
def test_shifting_and_stretching_a_list_changes_nothing(norm, many, data):
    stretch = data.draw(st.sampled_from([0.25, 2.0, 1024.0]))
    shift = data.draw(st.integers(-100, 100))
    changed = [{d: s * stretch + shift for d, s in results.items()} for results in many]
    assert fused(changed, method="linear", norm=norm) == pytest.approx(
        fused(many, method="linear", norm=norm), abs=1e-9
    )


@given(results, st.integers(1, 9))
def test_theoretical_minmax_does_not_depend_on_the_depth(one, depth):
    ranked = ranking(one)
    whole, top = (normalise(r, "theoretical") for r in (ranked, ranked[:depth]))
    assert {d: whole[d] for d in top} == top


@given(lists)
def test_borda_is_linear_in_the_rank_norm(many):
    """But for lists of equal scores, to which every norm gives 1 throughout."""
    varied = [{**results, "z": 99.0} for results in many if set(results.values()) != {99.0}]
    assert fused(varied, method="borda") == pytest.approx(fused(varied, method="combsum", norm="rank"))


@pytest.mark.parametrize("norm", [n for n in NORMS if n != "none"])
@pytest.mark.parametrize("scores", [{"a": 3.0}, {"a": 3.0, "b": 3.0}, {"a": -2.0}])
def test_single_and_constant_lists_get_one(norm, scores):
    assert set(normalise(ranking(scores), norm, lower=-5).values()) == {1.0}


@given(lists, st.integers(0, 100))
def test_a_document_at_the_top_of_every_list_wins(many, k):
    many = [{**results, "z": 99.0} for results in many]
    for method in METHODS:
        assert next(iter(fused(many, method=method, k=k))) == "z"


def test_mistakes_are_explained():
    for arguments, message in [
        ({"method": "rff"}, r"unknown method 'rff'; did you mean 'rrf'\?"),
        ({"method": "linear", "norm": "min-max"}, r"unknown norm 'min-max'; did you mean 'minmax'\?"),
        ({"weights": [1]}, "1 weights for 2 runs"),
        ({"weights": [1, -1]}, "not negative"),
        ({"weights": [0, 0]}, "not all 0"),
        ({"k": -1}, "k of rrf must not be negative"),
        ({"lower": [0]}, "1 lower bounds for 2 runs"),
        ({"method": "linear", "norm": "theoretical", "lower": 1}, "document 'd' has the score 0.5, below"),
        ({"method": "linear", "norm": "softmax", "temperature": 0}, "temperature must be positive"),
        ({"complete": True}, "run 1 has no score for document 'd' of query 'q'"),
    ]:
        with pytest.raises(UsageError, match=message):
            fused([A, B], **arguments)
    with pytest.raises(UsageError, match="nothing to fuse"):
        fuse([])
    with pytest.raises(UsageError, match="divides by the highest score"):
        fused([{"a": -1.0, "b": -2.0}], method="linear", norm="max")
    with pytest.raises(UsageError, match="infinite score"):
        fused([{"a": math.inf, "b": 1.0}], method="linear")


def test_complete_lists_need_no_assumption():
    full = {"a": 0.1, "b": 0.9, "c": 0.2, "d": 0.5}
    assert fused([{**A, "d": 1.0}, full], method="linear", norm="none", complete=True)["d"] == 1.5
