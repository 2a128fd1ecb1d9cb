"""How good is a run? Every measure averaged over the judged queries, by trec_eval's rules; and how alike are two runs.

What trec_eval, pytrec_eval and home-made scripts disagree about most is which queries the mean is over. Here it is over
all queries with at least one relevant document; a query without results counts as 0 and is reported.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, get_args

from gossamer.errors import UsageError
from gossamer.retrieval.measures import Judged, Measure, parse_measure
from gossamer.retrieval.runs import Compat, Results, RunLike, ranking

DEFAULT_MEASURES = ("ndcg@10", "map", "recall@100")


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What ``evaluate`` found.

    Args:
        mean: Measure, as it was asked for, to its mean over the queries.
        per_query: Measure to query to value.
        count: The number of queries in each mean.
        missing: Queries that have relevant documents but no results; they count as 0.
        unjudged: Queries of the run without judgements; they are ignored.
        without_relevant: Queries that are judged but have no relevant document; they are ignored.
    """

    mean: Mapping[str, float]
    per_query: Mapping[str, Mapping[str, float]]
    count: int
    missing: tuple[str, ...] = ()
    unjudged: tuple[str, ...] = ()
    without_relevant: tuple[str, ...] = ()

    def values(self, measure: str) -> Mapping[str, float]:
        """The value of each query; ``measure`` in any spelling that means the same.

        Raises:
            UsageError: The evaluation does not hold this measure.
        """
        if measure in self.per_query:
            return self.per_query[measure]
        for spelled, values in self.per_query.items():
            if _same(spelled, measure):
                return values
        raise UsageError(f"measure {measure!r} was not evaluated; this evaluation holds {', '.join(self.per_query)}")

    def to_dict(self) -> dict[str, Any]:
        """This evaluation as JSON values."""
        return {
            "mean": dict(self.mean), "count": self.count, "missing": list(self.missing),
            "unjudged": list(self.unjudged), "without_relevant": list(self.without_relevant),
            "per_query": {measure: dict(values) for measure, values in self.per_query.items()},
        }  # fmt: skip


def evaluate(
    run: RunLike,
    qrels: Mapping[str, Mapping[str, int]],
    measures: Iterable[Any] = DEFAULT_MEASURES,
    compat: Compat = "gossamer",
) -> Evaluation:
    """Measure a run against relevance judgements.

    A grade above 0 is relevant unless a measure sets a level (``map(rel=2)``); negative grades and unjudged documents
    give no gain. The mean is over all queries with a grade above 0.

    Args:
        run: Query to results: ``{document: score}``, or the (document, score) pairs of ``Index.rank``.
        qrels: Query to document to grade.
        measures: Spellings that ``measures.parse_measure`` reads. With the extra ``eval`` also every other name that
            ir_measures knows, and its measure objects, which are then computed by ir_measures.
        compat: ``trec`` compares scores as 32-bit floats, as trec_eval and pytrec_eval do, so that scores which differ
            only in double precision tie; ``gossamer`` keeps 64 bits. See ``runs.ranking`` for ties.

    Raises:
        UsageError: An unknown measure, judgements without any relevant document, or a run and judgements that share no
            query (which is nearly always a mix-up of ids).

    Warns:
        UserWarning: Queries with relevant documents are missing from the run.

    Example:
        >>> evaluate({"q": {"a": 2.0, "b": 1.0}}, {"q": {"b": 1}}, ["rr", "p@2"]).mean
        {'rr': 0.5, 'p@2': 0.5}
    """
    if compat not in get_args(Compat):
        raise UsageError(f'compat is "gossamer" or "trec", not {compat!r}')
    wanted = [measures] if isinstance(measures, str) else list(measures)
    ours, delegated = _split(wanted)
    queries = [query for query, grades in qrels.items() if any(grade > 0 for grade in grades.values())]
    if not queries:
        raise UsageError("the judgements hold no relevant document (no grade above 0), so there is nothing to measure")
    if run and not any(query in qrels for query in run):
        raise UsageError(
            f"the run and the judgements share no query; the run has {next(iter(run))!r}, "
            f"the judgements have {queries[0]!r}: are these the same query ids?"
        )
    judged_queries = set(queries)
    highest = max(grade for query in queries for grade in qrels[query].values())
    per_query: dict[str, dict[str, float]] = {str(measure): {} for measure in wanted}
    for query in queries:
        grades = qrels[query]
        try:
            order = ranking(run.get(query, {}), compat)
        except UsageError as error:
            raise UsageError(f"query {query!r}: {error}") from None
        judged = Judged([grades.get(document) for document, _ in order], list(grades.values()), highest)
        for spelled, measure in ours.items():
            per_query[spelled][query] = measure(judged)
    for spelled, foreign in delegated.items():
        per_query[spelled] = _by_ir_measures(foreign, run, qrels, queries)
    missing = tuple(query for query in queries if not run.get(query))
    if missing:
        warnings.warn(
            f"{len(missing)} of {len(queries)} queries have no results and count as 0 (the first is {missing[0]!r}); "
            "tools that average over the queries of the run will show higher figures",
            stacklevel=2,
        )
    return Evaluation(
        mean={measure: math.fsum(values.values()) / len(queries) for measure, values in per_query.items()},
        per_query=per_query,
        count=len(queries),
        missing=missing,
        unjudged=tuple(query for query in run if query not in qrels),
        without_relevant=tuple(query for query in qrels if query not in judged_queries),
    )


def rank_biased_overlap(a: Results, b: Results, p: float = 0.9) -> float:
    """How alike two ranked lists are, the top counting most: 1 the same, 0 disjoint; lists may differ in length.

    Source: Webber, Moffat & Zobel, "A Similarity Measure for Indefinite Rankings" (2010), equation 32: the overlap seen
    so far is extrapolated below the ends of the lists.

    Args:
        a, b: Results of one query from two runs.
        p: Between 0 and 1; the first ten ranks hold 86 % of the weight at 0.9.

    Example:
        >>> round(rank_biased_overlap({"x": 3, "y": 2, "z": 1}, {"y": 3, "x": 2, "z": 1}), 6)
        0.9
    """
    if not 0 < p < 1:
        raise UsageError(f"p must lie between 0 and 1, got {p}")
    short, long = sorted(([document for document, _ in ranking(r)] for r in (a, b)), key=len)
    if not short:
        return float(not long)
    s, depth = len(short), len(long)
    seen_short: set[str] = set()
    seen_long: set[str] = set()
    overlap, overlap_at_s, total = 0, 0, 0.0  # |common documents| down to rank d, and down to the end of the short list
    for d, below in enumerate(long, start=1):
        if d <= s:
            above = short[d - 1]
            overlap += 1 if above == below else (above in seen_long) + (below in seen_short)
            seen_short.add(above)
            seen_long.add(below)
            overlap_at_s = overlap
            total += overlap / d * p**d
        else:
            overlap += below in seen_short
            total += (overlap + overlap_at_s * (d - s) / s) / d * p**d
    beyond = (overlap - overlap_at_s) / depth + overlap_at_s / s
    return (1 - p) / p * total + beyond * p**depth


def _split(wanted: Sequence[Any]) -> tuple[dict[str, Measure], dict[str, Any]]:
    """Measures that are computed here, and those left to ir_measures, by their spelling."""
    ours: dict[str, Measure] = {}
    delegated: dict[str, Any] = {}
    for measure in wanted:
        if isinstance(measure, Measure):
            ours[str(measure)] = measure
        elif not isinstance(measure, str):
            delegated[str(measure)] = measure
        else:
            try:
                ours[measure] = parse_measure(measure)
            except UsageError as error:
                delegated[measure] = _known_to_ir_measures(measure, error)
    return ours, delegated


def _known_to_ir_measures(spelled: str, unknown: UsageError) -> Any:
    try:
        import ir_measures
    except ImportError:
        raise UsageError(f"{unknown}. More measures come with: pip install 'gossamer[eval]'") from None
    try:
        measure: Any = ir_measures.parse_measure(spelled)
        measure.validate_params()
        return measure
    except (NameError, ValueError, TypeError, AssertionError, SyntaxError):
        raise unknown from None


def _by_ir_measures(
    measure: Any, run: RunLike, qrels: Mapping[str, Mapping[str, int]], queries: Sequence[str]
) -> dict[str, float]:
    import ir_measures

    plain_run = {query: dict(results) for query, results in run.items() if results}
    plain_qrels = {query: dict(qrels[query]) for query in queries}
    try:
        found = {metric.query_id: metric.value for metric in ir_measures.iter_calc([measure], plain_qrels, plain_run)}
    except (NameError, ValueError, RuntimeError, AssertionError) as error:
        raise UsageError(f"ir_measures cannot compute {measure}: {error}") from error
    return {query: float(found.get(query, 0.0)) for query in queries}


def _same(spelled: str, other: str) -> bool:
    try:
        return parse_measure(spelled) == parse_measure(other)
    except UsageError:
        return False
