"""Confidence intervals of a mean: Student's t for a few seeds, the BCa bootstrap for many queries.

The t distribution is computed here (regularised incomplete beta function), so that the core needs no scipy.
Bootstrap: Efron, "Better Bootstrap Confidence Intervals" (1987).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import NormalDist, fmean, stdev

from gossamer.errors import UsageError

_TINY = 1e-300


def t_tail(t: float, df: float) -> float:
    """P(T > t) of Student's t distribution with ``df`` degrees of freedom.

    Example:
        >>> round(t_tail(2.0, 10), 6)
        0.036694
    """
    if math.isinf(t):
        return 0.0 if t > 0 else 1.0
    half = 0.5 * _incomplete_beta(df / 2, 0.5, df / (df + t * t), t * t / (df + t * t))
    return half if t >= 0 else 1.0 - half


def t_quantile(p: float, df: float) -> float:
    """The t with P(T <= t) = p, for 0 < p < 1.

    Example:
        >>> round(t_quantile(0.975, 2), 4)
        4.3027
    """
    if not 0 < p < 1:
        raise UsageError(f"a quantile needs a probability between 0 and 1, got {p}")
    if p < 0.5:
        return -t_quantile(1 - p, df)
    low, high = 0.0, 1.0
    while t_tail(high, df) > 1 - p:
        low, high = high, high * 2
    while high - low > 1e-14 * high:
        middle = (low + high) / 2
        if middle in (low, high):
            break
        low, high = (middle, high) if t_tail(middle, df) > 1 - p else (low, middle)
    return (low + high) / 2


def t_interval(values: Sequence[float], confidence: float = 0.95) -> tuple[float, float]:
    """The interval mean ± t · s / sqrt(n): right for a few seeds whose spread is roughly normal.

    Args:
        values: At least two numbers, one for each seed or query.
        confidence: Between 0 and 1.

    Example:
        >>> low, high = t_interval([0.71, 0.74, 0.73])
        >>> round(low, 3), round(high, 3)
        (0.689, 0.765)
    """
    check_confidence(confidence)
    if len(values) < 2:
        raise UsageError(f"an interval needs at least two values, got {len(values)}")
    half = t_quantile((1 + confidence) / 2, len(values) - 1) * stdev(values) / math.sqrt(len(values))
    return fmean(values) - half, fmean(values) + half


def bootstrap_interval(
    values: Sequence[float], confidence: float = 0.95, *, resamples: int = 10_000, seed: int = 0
) -> tuple[float, float]:
    """The bias-corrected and accelerated (BCa) bootstrap interval of the mean.

    Source: Efron, "Better Bootstrap Confidence Intervals" (1987), equations 2.3 and 6.6.

    Args:
        values: At least two numbers, shape (n,): for example the per-query differences of two systems.
        confidence: Between 0 and 1.
        resamples: How many samples of size n are drawn with replacement.
        seed: The same seed gives the same interval.

    Example:
        >>> low, high = bootstrap_interval([0.0, 0.1, 0.2, 0.3, 0.4])
        >>> 0.0 < low < 0.2 < high < 0.4
        True
    """
    import numpy as np

    check_confidence(confidence)
    x = np.asarray(values, dtype=np.float64)
    n = x.size
    if n < 2:
        raise UsageError(f"an interval needs at least two values, got {n}")
    if x.min() == x.max():
        return float(x[0]), float(x[0])
    rng = np.random.default_rng(seed)
    rows = max(1, min(resamples, 2**20 // n))  # bounds the memory of one draw to a few megabytes
    means = np.concatenate([
        x[rng.integers(0, n, size=(min(rows, resamples - done), n))].mean(axis=1) for done in range(0, resamples, rows)
    ])  # fmt: skip
    means.sort()
    normal = NormalDist()
    # Ties with the mean count half, and the share stays inside (0, 1) where its quantile is finite.
    below = (np.count_nonzero(means < x.mean()) + np.count_nonzero(means <= x.mean())) / 2
    z0 = normal.inv_cdf(min(max(below, 0.5), resamples - 0.5) / resamples)
    jackknife = x.mean() - (x.sum() - x) / (n - 1)
    squares = float((jackknife**2).sum())  # 0 where values differ by less than their rounding
    acceleration = float((jackknife**3).sum() / (6 * squares**1.5)) if squares > 0 else 0.0
    bounds = []
    for p in ((1 - confidence) / 2, (1 + confidence) / 2):
        z = z0 + normal.inv_cdf(p)
        bounds.append(normal.cdf(z0 + z / (1 - acceleration * z)))
    low, high = np.quantile(means, bounds)
    return float(low), float(high)


def check_confidence(confidence: float) -> None:
    """Raise ``UsageError`` unless 0 < confidence < 1."""
    if not 0 < confidence < 1:
        raise UsageError(f"confidence must lie between 0 and 1, for example 0.95; got {confidence}")


def _incomplete_beta(a: float, b: float, x: float, y: float) -> float:
    """The regularised incomplete beta function I_x(a, b), by its continued fraction (modified Lentz).

    ``y`` is 1 - x, given apart because the difference would lose the digits of a small one.
    """
    if x <= 0 or y <= 0:
        return 0.0 if x <= 0 else 1.0
    if x > (a + 1) / (a + b + 2):  # the fraction converges fast only below this point
        return 1.0 - _incomplete_beta(b, a, y, x)
    log_front = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log(y)
    front = math.exp(log_front) / a
    c, d = 1.0, 1 / _away_from_zero(1 - (a + b) * x / (a + 1))
    fraction = d
    for m in range(1, 10_000):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        for term in (even, odd):
            d = 1 / _away_from_zero(1 + term * d)
            c = _away_from_zero(1 + term / c)
            fraction *= c * d
        if abs(c * d - 1) < 1e-16:
            break
    return front * fraction


def _away_from_zero(x: float) -> float:
    return x if abs(x) > _TINY else _TINY
