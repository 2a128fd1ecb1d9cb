"""Paired tests against scipy and against exact enumeration; what each test must and must not find."""

from __future__ import annotations

import itertools
import json

import numpy as np
import pytest
import scipy.stats
from hypothesis import given, strategies as st

from gossamer.errors import UsageError
from gossamer.intervals import bootstrap_interval
from gossamer.retrieval.evaluation import evaluate
from gossamer.retrieval.significance import compare, equivalence, holm, randomisation_p


def systems(n: int = 40, shift: float = 0.05, seed: int = 0) -> tuple[dict[str, float], dict[str, float]]:
    rng = np.random.default_rng(seed)
    base = rng.uniform(0.2, 0.8, n)
    other = base + shift + rng.normal(0, 0.1, n)
    return tuple({f"q{i}": float(x) for i, x in enumerate(values)} for values in (other, base))  # type: ignore


class TestRandomisation:
    @pytest.mark.parametrize("seed", range(3))
    def test_equals_the_exact_share_of_all_sign_vectors(self, seed):
        d = np.random.default_rng(seed).normal(0.3, 1, 10)
        signs = np.array(list(itertools.product([-1, 1], repeat=10)))
        exact = np.mean(np.abs(signs @ d) >= abs(d.sum()) - 1e-9)
        # 20,000 draws: the standard error of a share is at most 0.0036.
        assert randomisation_p(d) == pytest.approx(exact, abs=0.015)

    def test_the_smallest_p_is_one_over_flips_plus_one(self):
        assert randomisation_p([0.5] * 60, flips=999) == 1 / 1000

    def test_no_difference_has_p_one(self):
        assert randomisation_p([0.0, 0.0, 0.0]) == 1.0
        assert randomisation_p([0.3, -0.3]) == 1.0

    def test_rounding_does_not_hide_equal_sums(self):
        """0.1 + 0.2 + 0.3 - 0.4 and -0.1 + 0.2 - 0.3 + 0.4 are both 0.2, but not in binary: 14 of 16 sums reach it."""
        d = [0.1, 0.2, 0.3, -0.4]
        assert sum(d) > -0.1 + 0.2 - 0.3 + 0.4
        assert randomisation_p(d) == pytest.approx(14 / 16, abs=0.015)

    @given(st.lists(st.floats(-1, 1), min_size=2, max_size=30))
    def test_swapping_the_systems_changes_nothing(self, d):
        assert randomisation_p(d, flips=200) == randomisation_p([-x for x in d], flips=200)

    def test_p_is_uniform_when_nothing_differs(self):
        rng = np.random.default_rng(5)
        p = [randomisation_p(rng.normal(0, 1, 25), flips=500, seed=i) for i in range(300)]
        assert scipy.stats.kstest(p, "uniform").pvalue > 0.001


class TestCompare:
    def test_the_t_test_equals_scipy(self):
        a, b = systems()
        expected = scipy.stats.ttest_rel(list(a.values()), list(b.values()))
        assert compare(a, b, "map", test="t").p == pytest.approx(expected.pvalue, rel=1e-9)

    def test_the_two_tests_agree_on_ordinary_data(self):
        a, b = systems(n=80, shift=0.02)
        assert compare(a, b, "map").p == pytest.approx(compare(a, b, "map", test="t").p, abs=0.02)

    def test_everything_that_is_reported(self):
        a, b = systems()
        b["q0"] = a["q0"]
        found = compare(a, b, "map")
        d = [a[q] - b[q] for q in a]
        assert found.delta == pytest.approx(np.mean(d))
        assert found.delta == pytest.approx(found.mean_a - found.mean_b)
        assert found.interval == bootstrap_interval(d)
        assert (found.wins, found.losses, found.ties) == (sum(x > 0 for x in d), sum(x < 0 for x in d), 1)
        assert found.n == 40
        assert found.wins + found.losses + found.ties == found.n
        assert json.loads(json.dumps(found.to_dict()))["interval"] == list(found.interval)
        assert str(found).startswith("map: Δ +0.0")
        back = compare(b, a, "map")
        assert (back.delta, back.p, back.wins) == (-found.delta, found.p, found.losses)

    def test_queries_are_paired_by_name_not_by_position(self):
        a, b = systems()
        shuffled = dict(sorted(b.items(), reverse=True))
        assert compare(a, shuffled, "map") == compare(a, b, "map")

    def test_evaluations_are_compared_in_any_spelling(self):
        qrels = {f"q{i}": {"x": 1} for i in range(6)}
        first = evaluate({q: {"x": 2.0, "y": 1.0} for q in qrels}, qrels, ["rr@10"])
        second = evaluate({q: {"x": 1.0, "y": 2.0} for q in qrels}, qrels, ["RR@10"])
        assert compare(first, second, "MRR@10").delta == 0.5
        with pytest.raises(UsageError, match="was not evaluated"):
            compare(first, second, "map")

    def test_mistakes_are_explained(self):
        a, b = systems()
        with pytest.raises(UsageError, match="query 'q9' is in one only"):
            compare(a, {q: v for q, v in b.items() if q != "q9"}, "map")
        with pytest.raises(UsageError, match="at least two queries"):
            compare({"q": 1.0}, {"q": 0.0}, "map")
        with pytest.raises(UsageError, match="test is one of randomisation, t"):
            compare(a, b, "map", test="z")  # type: ignore[arg-type]

    def test_no_spread_at_all(self):
        a, b = {"q1": 0.5, "q2": 0.6}, {"q1": 0.25, "q2": 0.35}
        a2 = {"q1": 0.5, "q2": 0.5}
        assert compare(a2, {"q1": 0.25, "q2": 0.25}, "map", test="t").p == 0.0
        assert compare(a, a, "map", test="t").p == 1.0
        assert compare(a, b, "map").interval == pytest.approx((0.25, 0.25))


class TestHolm:
    def test_worked_by_hand(self):
        assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
        assert holm([]) == []
        assert holm([0.6, 0.9]) == [1.0, 1.0]

    @given(st.lists(st.floats(0, 1), min_size=1, max_size=8))
    def test_rejects_exactly_what_the_step_down_procedure_rejects(self, p_values):
        for alpha in (0.01, 0.05, 0.5):
            rejected = set()
            for step, i in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
                if p_values[i] * (len(p_values) - step) > alpha:
                    break
                rejected.add(i)
            assert {i for i, p in enumerate(holm(p_values)) if p <= alpha} == rejected


class TestEquivalence:
    @pytest.mark.parametrize("margin", [0.01, 0.05, 0.2])
    def test_equals_two_one_sided_tests_of_scipy(self, margin):
        a, b = systems(shift=0.01)
        d = np.array([a[q] - b[q] for q in a])
        found = equivalence(a, b, "map", margin)
        assert found.p_worse == pytest.approx(scipy.stats.ttest_1samp(d, -margin, alternative="greater").pvalue)
        assert found.p_better == pytest.approx(scipy.stats.ttest_1samp(d, margin, alternative="less").pvalue)

    @given(st.integers(0, 200), st.sampled_from([-0.05, 0.0, 0.05]), st.sampled_from([0.01, 0.05, 0.1]))
    def test_the_verdict_is_the_interval_inside_the_margin(self, seed, shift, margin):
        found = equivalence(*systems(shift=shift, seed=seed), "map", margin)
        low, high = found.interval
        assert found.equivalent == (-margin <= low and high <= margin)
        assert found.no_worse == (low >= -margin)

    def test_noise_shows_neither_difference_nor_equivalence(self):
        a, b = systems(n=8, shift=0.0, seed=1)
        assert compare(a, b, "map").p > 0.05
        assert not equivalence(a, b, "map", margin=0.01).equivalent

    def test_a_better_system_is_no_worse_but_not_equivalent(self):
        found = equivalence(*systems(n=200, shift=0.1), "map", margin=0.01)
        assert found.no_worse
        assert not found.equivalent
        assert found.to_dict()["no_worse"] is True

    def test_identical_systems_are_equivalent(self):
        a, _ = systems()
        found = equivalence(a, a, "map")
        assert found.equivalent
        assert found.interval == (0.0, 0.0)

    def test_mistakes_are_explained(self):
        a, b = systems()
        with pytest.raises(UsageError, match="margin must be positive"):
            equivalence(a, b, "map", margin=0)
        with pytest.raises(UsageError, match="confidence"):
            equivalence(a, b, "map", alpha=0.5)
