"""Measures against pytrec_eval, ir_measures, direct definitions, and the identities they must satisfy."""

from __future__ import annotations

import itertools
import math
import warnings

import ir_measures
import pytest
import pytrec_eval
from hypothesis import assume, given, strategies as st

from gossamer.errors import UsageError
from gossamer.retrieval.evaluation import evaluate, rank_biased_overlap
from gossamer.retrieval.measures import Judged, parse_measure

documents = st.sampled_from(["a", "b", "c", "d", "e", "10", "9", "é", "\uffff", "\U0001f600"])
# Few distinct scores make ties; the last two differ from 1 and 2**24 in double precision only.
tied_scores = st.sampled_from([0.0, -1.0, 1.0, 2.5, 16777216.0, 1.0 + 1e-12, 16777217.0])
results = st.dictionaries(documents, tied_scores, min_size=1)
runs = st.dictionaries(st.sampled_from(["q1", "q2", "q3"]), results)
grades = st.dictionaries(documents, st.integers(-1, 3), min_size=1)
judgements = st.dictionaries(st.sampled_from(["q1", "q2", "q3"]), grades, min_size=1)

TREC_NAMES = {
    "ndcg": "ndcg", "ndcg@3": "ndcg_cut_3", "map": "map", "map@3": "map_cut_3", "rr": "recip_rank", "p@3": "P_3",
    "recall@3": "recall_3", "success@3": "success_3", "rprec": "Rprec", "bpref": "bpref",
}  # fmt: skip
WITHOUT_LEVEL = ("ndcg", "ndcg@3")  # trec_eval's relevance level does not reach nDCG

ALL = [
    "ndcg", "ndcg@3", "ndcg(gain=exp)@3", "map", "map(norm=min)@3", "rr", "p@3", "recall@3", "success@3", "rprec",
    "bpref", "err", "rbp", "rbp_residual", "judged@3", "map(rel=2)",
]  # fmt: skip


def quiet(*args, **options):
    """``evaluate`` without its warning about missing queries."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        return evaluate(*args, **options)


def with_level(measure: str, level: int) -> str:
    name, _, cutoff = measure.partition("@")
    return f"{name}(rel={level})" + (f"@{cutoff}" if cutoff else "")


def assume_usable(run, qrels):
    assume(any(grade > 0 for judged in qrels.values() for grade in judged.values()))
    assume(not run or run.keys() & qrels.keys())


@pytest.mark.parametrize("level", [1, 2])
@given(run=runs, qrels=judgements)
def test_every_query_equals_pytrec_eval(level, run, qrels):
    assume_usable(run, qrels)
    ours = {with_level(m, level): t for m, t in TREC_NAMES.items() if m not in WITHOUT_LEVEL}
    ours |= {m: TREC_NAMES[m] for m in WITHOUT_LEVEL}
    found = quiet(run, qrels, ours, compat="trec")
    positive = {query: judged for query, judged in qrels.items() if max(judged.values()) > 0}
    theirs = pytrec_eval.RelevanceEvaluator(  # which can loop forever on a query with negative grades only
        positive, {name.replace("_3", ".3") for name in TREC_NAMES.values()},
        relevance_level=level,
    ).evaluate(run)  # fmt: skip
    for measure, trec_name in ours.items():
        for query, value in found.values(measure).items():
            expected = theirs[query][trec_name] if query in theirs else 0.0
            assert value == pytest.approx(expected, abs=1e-6), (measure, query)


@given(run=runs, qrels=judgements)
def test_a_mapping_without_close_scores_needs_no_compatibility(run, qrels):
    """In default mode only scores that collapse in 32 bits can be ordered differently."""
    assume_usable(run, qrels)
    coarse = {q: {d: float(int(s) % 1000) for d, s in results.items()} for q, results in run.items()}
    assert quiet(coarse, qrels, ALL).per_query == quiet(coarse, qrels, ALL, compat="trec").per_query


@given(run=runs, qrels=judgements)
def test_names_of_ir_measures_mean_the_same_here(run, qrels):
    names = ["nDCG@3", "AP", "AP(rel=2)@3", "RR", "P@3", "R@3", "Success@3", "Rprec", "Bpref"]
    objects = [ir_measures.parse_measure(name) for name in names]
    qrels = {query: judged for query, judged in qrels.items() if max(judged.values()) > 0}
    assume_usable(run, qrels)
    found, delegated = quiet(run, qrels, names, compat="trec"), quiet(run, qrels, objects)
    for name in names:
        assert found.per_query[name] == pytest.approx(delegated.per_query[name], abs=1e-6)


def test_measures_unknown_here_are_left_to_ir_measures():
    run, qrels = {"q": {"a": 3.0, "b": 2.0, "c": 1.0}}, {"q": {"a": 1, "c": 1, "d": 1}, "r": {"a": 1}}
    names = ["infAP", "IPrec@0.5", "nDCG(judged_only=True)@3"]
    found = quiet(run, qrels, names)
    assert found.per_query["infAP"]["r"] == 0.0
    for name in names:
        metrics = ir_measures.iter_calc([ir_measures.parse_measure(name)], qrels, run)
        expected = {metric.query_id: metric.value for metric in metrics}
        assert found.per_query[name] == expected
        assert found.mean[name] == pytest.approx(sum(expected.values()) / 2)


def definition(measure: str, order: str, qrels: dict[str, int]) -> float:
    """Each measure written from its formula over sets of documents, for one query."""
    name, _, cutoff = measure.partition("@")
    k = int(cutoff or len(order))
    rel = {d for d, g in qrels.items() if g > 0}
    if name.startswith("ndcg"):

        def gain(g: int) -> float:
            return 2 ** max(g, 0) - 1 if "exp" in name else max(g, 0)

        def dcg(gains: list[float]) -> float:
            return sum(g / math.log2(i + 2) for i, g in enumerate(gains))

        k = int(cutoff or 99)
        ideal = sorted(map(gain, qrels.values()), reverse=True)[:k]
        return dcg([gain(qrels.get(d, 0)) for d in order[:k]]) / dcg(ideal)
    if name.startswith("map"):
        precisions = [len(rel & set(order[: i + 1])) / (i + 1) for i, d in enumerate(order[:k]) if d in rel]
        return sum(precisions) / (min(len(rel), k) if "min" in name else len(rel))
    if name == "rr":
        return max((1 / (i + 1) for i, d in enumerate(order) if d in rel), default=0.0)
    if name == "rprec":
        return len(rel & set(order[: len(rel)])) / len(rel)
    if name == "err":
        top = max(qrels.values())
        stop = [(2 ** max(qrels.get(d, 0), 0) - 1) / 2**top for d in order]
        return sum(s * math.prod(1 - t for t in stop[:i]) / (i + 1) for i, s in enumerate(stop))
    if name == "rbp":
        return sum(0.2 * 0.8**i for i, d in enumerate(order) if d in rel)
    if name == "rbp_residual":
        unjudged = sum(0.2 * 0.8**i for i, d in enumerate(order) if d not in qrels)
        return unjudged + sum(0.2 * 0.8**i for i in range(len(order), 400))
    if name == "judged":
        return len([d for d in order[:k] if d in qrels]) / min(k, len(order))
    found = len(rel & set(order[:k]))
    return {"p": found / k, "recall": found / len(rel), "success": float(found > 0)}[name]


QRELS = {"a": 2, "b": 0, "c": 1, "d": 0, "x": 3, "e": -1}


@pytest.mark.parametrize("measure", [m for m in ALL if m not in ("bpref", "map(rel=2)")])
@pytest.mark.parametrize("length", [1, 3, 6])
def test_all_orders_of_up_to_six_documents_equal_the_definition(measure, length):
    for order in itertools.permutations("abcdfe", length):
        run = {"q": list(zip(order, range(length, 0, -1), strict=True))}
        assert evaluate(run, {"q": QRELS}, measure).mean[measure] == pytest.approx(
            definition(measure, "".join(order), QRELS), abs=1e-12
        )


def test_bpref_counts_the_judged_non_relevant_above_each_relevant():
    # R = 2, N = 3: a has none above, c has b and d above: (1 + 1 - 2/2) / 2; unjudged documents do not count.
    qrels = {"q": {"a": 1, "c": 1, "b": 0, "d": 0, "e": 0}}
    assert evaluate({"q": [(d, -i) for i, d in enumerate("aubvdc")]}, qrels, "bpref").mean["bpref"] == 0.5


@given(grades.filter(lambda g: max(g.values()) > 0))
def test_a_perfect_run_scores_one(judged):
    run = {"q": {d: float(g) for d, g in judged.items()}}
    values = evaluate(
        run, {"q": judged}, ["ndcg", "ndcg(gain=exp)@2", "map", "map(norm=min)@2", "rprec", "bpref", "rr"]
    )
    assert values.mean == pytest.approx(dict.fromkeys(values.mean, 1.0))


@given(results, grades.filter(lambda g: max(g.values()) > 0))
def test_unjudged_documents_below_change_nothing(ranked, judged):
    names = ["ndcg", "ndcg@3", "map", "rr", "recall@3", "bpref", "err", "rbp"]
    longer = {**ranked, **{f"new{i}": -5.0 - i for i in range(3)}}
    before, after = (evaluate({"q": r}, {"q": judged}, names).mean for r in (ranked, longer))
    assert after == pytest.approx(before)


@given(st.permutations("abcdefgh"), st.sets(st.sampled_from("abcdefgh")), st.integers(0, 6))
def test_moving_a_relevant_document_up_never_hurts(order, relevant, i):
    relevant = (relevant | {order[i + 1]}) - {order[i]}
    better = [*order[:i], order[i + 1], order[i], *order[i + 2 :]]
    qrels = {"q": {d: int(d in relevant) for d in order}}
    names = ["ndcg", "ndcg@3", "map", "rr", "p@3", "rprec", "bpref", "err", "rbp"]
    before, after = (evaluate({"q": [(d, -n) for n, d in enumerate(o)]}, qrels, names).mean for o in (order, better))
    assert all(after[name] >= before[name] - 1e-12 for name in names)
    assert after["ndcg"] > before["ndcg"]
    assert after["map"] > before["map"]


class TestQueries:
    QRELS = {"q1": {"a": 1}, "q2": {"a": 1}, "q3": {"a": 0, "b": -1}}  # noqa: RUF012

    def test_the_mean_is_over_all_queries_with_a_relevant_document(self):
        with pytest.warns(UserWarning, match="1 of 2 queries have no results and count as 0"):
            found = evaluate({"q1": {"a": 1.0}, "q3": {"a": 1.0}, "q9": {"a": 1.0}}, self.QRELS, ["map", "p@1"])
        assert found.mean == {"map": 0.5, "p@1": 0.5}
        assert found.count == 2
        assert found.missing == ("q2",)
        assert found.unjudged == ("q9",)
        assert found.without_relevant == ("q3",)
        assert found.to_dict()["per_query"]["map"] == {"q1": 1.0, "q2": 0.0}

    def test_no_warning_when_nothing_is_missing(self):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            evaluate({"q1": {"a": 1.0}, "q2": {"b": 1.0}}, self.QRELS)

    def test_a_mix_up_of_ids_is_an_error_not_a_zero(self):
        with pytest.raises(UsageError, match="share no query; the run has '1', the judgements have 'q1'"):
            evaluate({"1": {"a": 1.0}}, self.QRELS)

    def test_judgements_without_a_relevant_document_are_an_error(self):
        with pytest.raises(UsageError, match="no relevant document"):
            evaluate({"q3": {"a": 1.0}}, {"q3": {"a": 0}})

    def test_bad_scores_name_the_query(self):
        with pytest.raises(UsageError, match="query 'q1': document 'a' has the score NaN"):
            evaluate({"q1": {"a": math.nan}}, self.QRELS)


class TestSpelling:
    @pytest.mark.parametrize(
        ("spelled", "canonical"),
        [("ndcg@10", "ndcg@10"), (" nDCG @ 10", "ndcg@10"), ("MAP", "map"), ("AP(rel=2)@100", "map(rel=2)@100"),
         ("MRR@10", "rr@10"), ("R@100", "recall@100"), ("Recall@100", "recall@100"), ("Precision@5", "p@5"),
         ("nDCG(dcg='exp-log2')@20", "ndcg(gain=exp)@20"), ("rbp( p=0.5, rel=2 )", "rbp(p=0.5,rel=2)")],
    )  # fmt: skip
    def test_synonyms_have_one_canonical_form(self, spelled, canonical):
        assert str(parse_measure(spelled)) == canonical
        assert parse_measure(canonical) == parse_measure(spelled)

    @pytest.mark.parametrize(
        ("spelled", "message"),
        [("ndgc@10", r"unknown measure 'ndgc'; did you mean 'ndcg'\?"), ("zzz", "known are .*bpref"),
         ("p", "p needs a cutoff, for example p@10"), ("ndcg@0", "a cutoff is at least 1"),
         ("bpref@10", "bpref takes no cutoff"), ("map(level=2)", "unknown option 'level'"),
         ("map(rel=0)", "'0' is not a value of rel"), ("rbp(p=2.0)", "is not a value of p"), ("a b", "not a measure"),
         ("map(norm=R)", "'R' is not a value of norm"), ("judged(rel=1)@3", "judged has no options")],
    )  # fmt: skip
    def test_mistakes_are_explained(self, spelled, message):
        with pytest.raises(UsageError, match=message):
            parse_measure(spelled)
        with pytest.raises(UsageError, match=message):
            evaluate({"q": {"a": 1.0}}, {"q": {"a": 1}}, [spelled])

    def test_results_are_found_under_any_spelling(self):
        found = evaluate({"q": {"a": 1.0}}, {"q": {"a": 1}}, ["nDCG@10", "map"])
        assert found.values("ndcg@10") == found.values("nDCG@10") == {"q": 1.0}
        with pytest.raises(UsageError, match="was not evaluated; this evaluation holds nDCG@10, map"):
            found.values("ndcg@5")

    def test_a_measure_is_a_function_of_judgements(self):
        assert parse_measure("err(top=1)@1")(Judged([1, 1], [1, 1], highest=3)) == 0.5
        assert parse_measure("err@1")(Judged([1, 1], [1, 1], highest=3)) == 1 / 8


class TestRankBiasedOverlap:
    @staticmethod
    def by_summation(a: list[str], b: list[str], p: float, depth: int = 2000) -> float:
        """(1 - p) times the sum of p^(d-1) A_d, the agreement A_d extrapolated below the end of each list."""
        short, long = sorted((a, b), key=len)
        s, n = len(short), len(long)
        at_s = len(set(short) & set(long[:s]))
        total = 0.0
        for d in range(1, depth):
            seen = len(set(short[:d]) & set(long[:d]))
            if d <= s:
                agreement = seen / d
            elif d <= n:
                agreement = (seen + at_s / s * (d - s)) / d
            total += p ** (d - 1) * agreement
        return (1 - p) * total

    lists = st.lists(st.sampled_from("abcdefgh"), unique=True, min_size=1)

    @given(lists, lists, st.sampled_from([0.5, 0.9]))
    def test_equals_the_infinite_sum(self, a, b, p):
        as_pairs = [[(d, -i) for i, d in enumerate(x)] for x in (a, b)]
        assert rank_biased_overlap(*as_pairs, p) == pytest.approx(self.by_summation(a, b, p), abs=1e-9)
        assert rank_biased_overlap(*as_pairs, p) == pytest.approx(rank_biased_overlap(*reversed(as_pairs), p))

    def test_extremes(self):
        a = {"x": 2.0, "y": 1.0}
        assert rank_biased_overlap(a, a) == pytest.approx(1.0)
        assert rank_biased_overlap(a, {"z": 1.0}) == 0.0
        assert rank_biased_overlap({}, {}) == 1.0
        assert rank_biased_overlap(a, {}) == 0.0
        with pytest.raises(UsageError, match="p must lie between"):
            rank_biased_overlap(a, a, p=1.0)
