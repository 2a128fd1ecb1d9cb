"""Fusion: one ranking out of several, by ranks (rrf, isr, borda) or by normalised scores (linear, CombSUM and kin).

Ranks follow ``runs.ranking``; sums are exact before rounding, so the order of the lists never matters.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from statistics import fmean
from typing import Literal, TypeAlias, get_args

from gossamer.errors import UsageError
from gossamer.retrieval.measures import did_you_mean
from gossamer.retrieval.runs import Run, RunLike, ranking

Method: TypeAlias = Literal["rrf", "isr", "borda", "linear", "combsum", "combmax", "combmnz"]
Norm: TypeAlias = Literal["none", "minmax", "theoretical", "zscore", "dbsf", "sum", "max", "softmax", "rank"]

_Ranked: TypeAlias = Sequence[tuple[str, float]]


def fuse(
    runs: Iterable[RunLike],
    method: Method = "rrf",
    weights: Sequence[float] | None = None,
    k: float = 60,
    *,
    norm: Norm = "minmax",
    lower: float | Sequence[float] = 0.0,
    temperature: float = 1.0,
    complete: bool = False,
) -> Run:
    """Fuse the ranked lists that several systems give for the same queries.

    ===========  =====================================================================================
    ``rrf``      sum of w / (k + rank), rank from 1. Cormack, Clarke & Büttcher, "Reciprocal Rank Fusion
                 Outperforms Condorcet and Individual Rank Learning Methods" (2009)
    ``isr``      number of lists that hold the document, times the sum of w / rank². Mourão, Martins &
                 Magalhães, "Multimodal Medical Information Retrieval with Unsupervised Rank Fusion" (2015)
    ``borda``    sum of w (n - rank + 1) / n over lists of n. Aslam & Montague, "Models for Metasearch" (2001)
    ``linear``   sum of w norm(score). Bruch, Gai & Ingber, "An Analysis of Fusion Functions for Hybrid
                 Retrieval" (2023)
    ``combsum``  the same by the name of Fox & Shaw, "Combination of Multiple Searches" (1994), whose are also
    ``combmnz``  combsum times the number of lists that hold the document, and
    ``combmax``  the largest w norm(score) in any list that holds it
    ===========  =====================================================================================

    Args:
        runs: Query to results, one mapping for each system; a query may be absent from some.
        method: See the table.
        weights: One for each run, not negative; all 1 by default.
        k: The constant of ``rrf``.
        norm: How ``linear`` and the comb methods bring the scores of one list to a common scale; see ``normalise``.
            A document that a list does not hold gets 0 from it, with ``none`` and ``zscore`` the list's minimum.
        lower: The lowest score that each system can give, for ``norm="theoretical"``: 0 for sparse vectors and BM25,
            -1 for the cosine; one number for all runs or one for each.
        temperature: Of ``norm="softmax"``.
        complete: The caller scored every document of the union in every list, so nothing has to be assumed about
            absent documents; one that is absent after all is an error.

    Returns:
        ``{query: {document: score}}``, documents in order: score, then the better of their best ranks, then the
        greater id.

    Raises:
        UsageError: An unknown method or norm, weights that do not fit, or scores below ``lower``.

    Example:
        >>> fused = fuse([{"q": {"a": 9.1, "b": 8.7}}, {"q": {"b": 0.9, "c": 0.2}}])
        >>> list(fused["q"])
        ['b', 'a', 'c']
    """
    systems = list(runs)
    weights = _checked_weights(weights, len(systems))
    bounds = [float(lower)] * len(systems) if isinstance(lower, (int, float)) else [float(x) for x in lower]
    if len(bounds) != len(systems):
        raise UsageError(f"{len(bounds)} lower bounds for {len(systems)} runs; give one number, or one for each run")
    _check_choice("method", method, get_args(Method))
    _check_choice("norm", norm, get_args(Norm))
    if k < 0:
        raise UsageError(f"k of rrf must not be negative, got {k}")
    queries = dict.fromkeys(query for run in systems for query in run)
    fused: Run = {}
    for query in queries:
        lists = [ranking(run.get(query, {})) for run in systems]
        if complete:
            _check_complete(query, lists)
        if method in ("rrf", "isr", "borda"):
            scores = _by_rank(lists, method, weights, k)
        else:
            normed = [normalise(ranked, norm, low, temperature) for ranked, low in zip(lists, bounds, strict=True)]
            scores = _by_score(normed, method, weights, fill_minimum=norm in ("none", "zscore"))
        best = _best_ranks(lists)
        order = sorted(scores, reverse=True)
        order.sort(key=lambda document: (-scores[document], best[document]))
        fused[query] = {document: scores[document] for document in order}
    return fused


def normalise(ranked: _Ranked, norm: Norm, lower: float = 0.0, temperature: float = 1.0) -> dict[str, float]:
    """The scores of one list on a common scale.

    ================  ======================================================================
    ``none``          s
    ``minmax``        (s - min) / (max - min)
    ``theoretical``   (s - lower) / (max - lower): does not depend on how deep the list is
    ``zscore``        (s - mean) / standard deviation (of the list, not of a sample)
    ``dbsf``          s cut to mean ± 3 standard deviations, this range mapped to 0 .. 1
    ``sum``           s - min, divided by the sum of all s - min
    ``max``           s / max
    ``softmax``       exp(s / temperature) / sum of all
    ``rank``          (n - rank + 1) / n
    ================  ======================================================================

    A list of one document or of equal scores gives 1 to all (except ``none``). Source of zscore and sum: Montague &
    Aslam, "Relevance Score Normalization for Metasearch" (2001).

    Args:
        ranked: (document, score), best first.
        norm: See the table.
        lower: For ``theoretical``.
        temperature: For ``softmax``, positive.

    Example:
        >>> normalise([("a", 4.0), ("b", 3.0), ("c", 2.0)], "minmax")
        {'a': 1.0, 'b': 0.5, 'c': 0.0}
    """
    if norm == "none" or not ranked:
        return dict(ranked)
    scores = [score for _, score in ranked]
    if not math.isfinite(scores[0]) or not math.isfinite(scores[-1]):
        raise UsageError("an infinite score cannot be normalised")
    if norm == "theoretical" and scores[-1] < lower:
        document, score = ranked[-1]
        raise UsageError(f"document {document!r} has the score {score}, below the stated lower bound {lower}")
    if scores[0] == scores[-1]:
        return dict.fromkeys((document for document, _ in ranked), 1.0)
    scale = _scale(norm, scores, lower, temperature)
    return {document: scale(rank, score) for rank, (document, score) in enumerate(ranked, start=1)}


_Scale: TypeAlias = Callable[[int, float], float]  # (rank, score) -> normalised score


def _scale(norm: Norm, scores: Sequence[float], lower: float, temperature: float) -> _Scale:
    highest, lowest, n = scores[0], scores[-1], len(scores)
    mean = fmean(scores)
    spread = math.sqrt(math.fsum((score - mean) ** 2 for score in scores) / n)
    match norm:
        case "theoretical":
            return _affine(lower, highest - lower)
        case "zscore":
            return _affine(mean, spread)
        case "dbsf":
            floor, ceiling = mean - 3 * spread, mean + 3 * spread
            return lambda rank, score: (min(max(score, floor), ceiling) - floor) / (ceiling - floor)
        case "sum":
            return _affine(lowest, math.fsum(score - lowest for score in scores))
        case "max":
            if highest <= 0:
                raise UsageError(f'norm="max" divides by the highest score, which is {highest}; use "minmax"')
            return _affine(0.0, highest)
        case "softmax":
            if temperature <= 0:
                raise UsageError(f"the temperature must be positive, got {temperature}")
            total = math.fsum(math.exp((score - highest) / temperature) for score in scores)
            return lambda rank, score: math.exp((score - highest) / temperature) / total
        case "rank":
            return lambda rank, score: (n - rank + 1) / n
        case _:
            return _affine(lowest, highest - lowest)


def _affine(offset: float, divisor: float) -> _Scale:
    return lambda rank, score: (score - offset) / divisor


def _by_rank(lists: Sequence[_Ranked], method: str, weights: Sequence[float], k: float) -> dict[str, float]:
    parts: dict[str, list[float]] = {}
    for ranked, weight in zip(lists, weights, strict=True):
        for rank, (document, _) in enumerate(ranked, start=1):
            if method == "rrf":
                part = 1 / (k + rank)
            else:
                part = 1 / rank**2 if method == "isr" else (len(ranked) - rank + 1) / len(ranked)
            parts.setdefault(document, []).append(weight * part)
    return {document: math.fsum(values) * (len(values) if method == "isr" else 1) for document, values in parts.items()}


def _by_score(
    lists: Sequence[Mapping[str, float]], method: str, weights: Sequence[float], *, fill_minimum: bool
) -> dict[str, float]:
    fills = [min(scores.values()) if fill_minimum and scores else 0.0 for scores in lists]
    fused = {}
    for document in {document for scores in lists for document in scores}:
        held = [weight * scores[document] for weight, scores in zip(weights, lists, strict=True) if document in scores]
        if method == "combmax":
            fused[document] = max(held)
            continue
        absent = [
            weight * fill for weight, scores, fill in zip(weights, lists, fills, strict=True) if document not in scores
        ]
        fused[document] = math.fsum(held + absent) * (len(held) if method == "combmnz" else 1)
    return fused


def _best_ranks(lists: Sequence[_Ranked]) -> dict[str, int]:
    best: dict[str, int] = {}
    for ranked in lists:
        for rank, (document, _) in enumerate(ranked, start=1):
            best[document] = min(rank, best.get(document, rank))
    return best


def _checked_weights(weights: Sequence[float] | None, runs: int) -> list[float]:
    if runs == 0:
        raise UsageError("nothing to fuse: give at least one run")
    if weights is None:
        return [1.0] * runs
    if len(weights) != runs:
        raise UsageError(f"{len(weights)} weights for {runs} runs; give one for each")
    if not all(math.isfinite(weight) and weight >= 0 for weight in weights) or not any(weights):
        raise UsageError(f"weights must be finite and not negative, and not all 0; got {list(weights)}")
    return [float(weight) for weight in weights]


def _check_choice(what: str, value: str, known: Sequence[str]) -> None:
    if value not in known:
        raise UsageError(f"unknown {what} {value!r}{did_you_mean(value, known)}")


def _check_complete(query: str, lists: Sequence[_Ranked]) -> None:
    union = {document for ranked in lists for document, _ in ranked}
    for number, ranked in enumerate(lists, start=1):
        absent = union - {document for document, _ in ranked}
        if absent:
            raise UsageError(
                f"complete=True, but run {number} has no score for document {min(absent)!r} of query {query!r}"
            )
