"""The gate of the default model: each demand alone decides, and its figures are those worked out by hand."""

import pytest
from benchmarks.gate import judge, mean_relative_gain, share_of_ceiling


def of(*means, n=40, spread=0.05):
    """Sets a, b, ... with these means over n queries, half of them above and half below by `spread`."""
    return {
        name: {str(q): mean + (spread if q % 2 else -spread) for q in range(n)}
        for name, mean in zip("abcd", means, strict=False)
    }


BASE = of(0.5, 0.4)
CEILING = of(0.7, 0.5)


def test_figures_by_hand():
    verdict = judge(of(0.55, 0.42), BASE, of(0.51, 0.41), CEILING)
    assert verdict.gain == pytest.approx((0.1 + 0.05) / 2)
    assert verdict.worst == ("b", pytest.approx(0.02))
    assert verdict.over_zero_shot == pytest.approx((0.1 + 0.05) / 2 - (0.02 + 0.025) / 2)
    assert verdict.ceiling == pytest.approx((0.05 / 0.2 + 0.02 / 0.1) / 2)
    assert verdict.passed
    assert share_of_ceiling(CEILING, BASE, CEILING) == pytest.approx(1)
    assert mean_relative_gain(BASE, BASE) == 0


def test_a_gain_that_is_the_same_for_every_query_has_no_width():
    """However the queries are drawn again: both systems are averaged over the same ones."""
    ours = {name: {query: 1.1 * value for query, value in values.items()} for name, values in BASE.items()}
    assert judge(ours, BASE, BASE, CEILING).interval == pytest.approx((0.1, 0.1))


def test_the_interval_covers_as_often_as_it_says():
    """Two equal systems with noise: the true gain, nought, lies outside about one time in twenty."""
    import numpy as np

    rng = np.random.default_rng(0)
    missed = 0
    for seed in range(60):
        base = {"a": {str(q): 0.5 + 0.1 * rng.standard_normal() for q in range(60)}}
        ours = {"a": {q: value + 0.1 * rng.standard_normal() for q, value in base["a"].items()}}
        low, high = judge(ours, base, base, {"a": dict.fromkeys(base["a"], 1.0)}, seed=seed).interval
        missed += not low <= 0 <= high
    assert missed <= 9  # 3 expected


@pytest.mark.parametrize(
    ("ours", "zero_shot", "failed"),
    [
        (of(0.515, 0.412), BASE, "at least"),
        (of(0.58, 0.385), BASE, "worse by more"),
        (of(0.55, 0.42), of(0.56, 0.43), "zero-shot"),
    ],
)
def test_each_demand_decides(ours, zero_shot, failed):
    verdict = judge(ours, BASE, zero_shot, CEILING)
    assert not verdict.passed
    assert [test for test, met in verdict.tests.items() if not met] == [next(t for t in verdict.tests if failed in t)]


def test_a_gain_by_chance_does_not_pass():
    ours = {name: dict(values) for name, values in BASE.items()}
    for name in ours:
        ours[name]["0"] = 3.0  # one query carries all of it
    verdict = judge(ours, BASE, BASE, CEILING)
    assert verdict.gain >= 0.04
    assert [test for test, met in verdict.tests.items() if not met] == ["its paired 95 % interval above 0"]
