"""Student's t and the bootstrap against scipy, and their behaviour at the edges."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.stats
from hypothesis import given, strategies as st

from gossamer.errors import UsageError
from gossamer.intervals import bootstrap_interval, t_interval, t_quantile, t_tail


@given(st.floats(-50, 50).filter(lambda t: abs(t) > 1e-6), st.floats(1, 5000))
def test_the_tail_equals_scipy(t, df):
    assert t_tail(t, df) == pytest.approx(scipy.stats.t.sf(t, df), rel=1e-9, abs=1e-300)


@given(st.floats(1e-6, 1 - 1e-6), st.integers(1, 2000))
def test_the_quantile_equals_scipy(p, df):
    assert t_quantile(p, df) == pytest.approx(scipy.stats.t.ppf(p, df), rel=1e-8, abs=1e-9)


@given(st.floats(-1e-6, 1e-6))
def test_the_tail_near_zero_is_that_of_cauchy(t):
    assert t_tail(t, 1) == pytest.approx(0.5 - np.arctan(t) / np.pi, rel=1e-12)  # scipy gives 0.5 here


def test_the_tail_at_infinity():
    assert t_tail(float("inf"), 3) == 0.0
    assert t_tail(float("-inf"), 3) == 1.0
    assert t_tail(0.0, 3) == 0.5


@given(st.lists(st.floats(-10, 10), min_size=2, max_size=8).filter(lambda x: max(x) - min(x) > 1e-3))
def test_the_t_interval_equals_scipy(values):
    expected = scipy.stats.t.interval(0.9, len(values) - 1, np.mean(values), scipy.stats.sem(values))
    assert t_interval(values, 0.9) == pytest.approx(expected, rel=1e-8, abs=1e-9)


@pytest.mark.parametrize("seed", range(4))
def test_the_bootstrap_interval_equals_scipy_but_for_its_own_noise(seed):
    values = np.random.default_rng(seed).exponential(size=60) - 0.5  # skewed, so that plain percentiles would differ
    ours = bootstrap_interval(values, 0.95, resamples=60_000)
    theirs = scipy.stats.bootstrap(
        (values,), np.mean, confidence_level=0.95, n_resamples=60_000, method="BCa", rng=1
    ).confidence_interval  # fmt: skip
    percentile = scipy.stats.bootstrap(
        (values,), np.mean, confidence_level=0.95, n_resamples=60_000, method="percentile", rng=1
    ).confidence_interval  # fmt: skip
    width = theirs.high - theirs.low
    assert ours == pytest.approx((theirs.low, theirs.high), abs=0.015 * width)
    assert max(abs(ours[0] - percentile.low), abs(ours[1] - percentile.high)) > 0.02 * width


def test_the_bootstrap_is_reproducible_and_survives_no_spread():
    values = list(np.random.default_rng(0).normal(size=25))
    assert bootstrap_interval(values, seed=3) == bootstrap_interval(values, seed=3)
    assert bootstrap_interval(values, seed=3) != bootstrap_interval(values, seed=4)
    assert bootstrap_interval([0.2, 0.2, 0.2]) == (0.2, 0.2)
    last_digits = [0.25 - ulps * 2**-54 for ulps in (0, 0, 0, 0, 0, 2, 1, 1, 0, 0)]
    assert bootstrap_interval(last_digits) == pytest.approx((0.25, 0.25))
    low, high = bootstrap_interval([0.0] * 50 + [1.0])
    assert 0 <= low < 1 / 51 < high <= 1


@pytest.mark.parametrize("interval", [t_interval, bootstrap_interval])
def test_what_cannot_have_an_interval_is_refused(interval):
    with pytest.raises(UsageError, match="at least two values, got 1"):
        interval([0.5])
    with pytest.raises(UsageError, match="confidence must lie between 0 and 1"):
        interval([0.5, 0.6], 95)
    with pytest.raises(UsageError, match="probability between 0 and 1"):
        t_quantile(1.0, 3)
