"""Exact search equals brute force: every variant, passages, ties, several segments, weighted queries."""

from __future__ import annotations

import math
import random
from pathlib import Path

import pytest
from hypothesis import given, settings, strategies as st
from oracle import Corpus, lucene_length

from gossamer import Index
from gossamer.errors import UsageError
from gossamer.retrieval import BM25, BM25Encoder

VARIANTS = ["robertson", "lucene", "atire", "bm25l", "bm25plus", "tfidf", "ql_dirichlet"]


def random_rows(n: int, seed: int, words: int = 60, longest: int = 40) -> list[list[str]]:
    rng = random.Random(seed)
    weights = [1 / (i + 2) for i in range(words)]
    return [rng.choices([f"w{i}" for i in range(words)], weights, k=rng.randint(0, longest)) for _ in range(n)]


def random_queries(n: int, seed: int, words: int = 66) -> list[list[str]]:
    rng = random.Random(seed)
    return [[f"w{rng.randrange(words)}" for _ in range(rng.randint(1, 9))] for _ in range(n)]


def build(path: Path, rows: list[list[str]], encoder: BM25Encoder, parts: int = 1) -> Index:
    index = Index.create(path, encoder, passages=None)
    for part in range(parts):
        index.add({"id": str(i), "text": " ".join(rows[i])} for i in range(len(rows)) if i % parts == part)
        index.commit()
    return index


def assert_same_ranking(got: list[tuple[str, float]], want: list[tuple[int, float]]) -> None:
    assert [score for _, score in got] == pytest.approx([score for _, score in want], rel=1e-6, abs=1e-6)
    # where two scores differ only by rounding, either order is right
    for (identifier, score), (number, wanted) in zip(got, want, strict=True):
        if identifier != str(number):
            assert any(
                identifier == str(n) and math.isclose(s, wanted, rel_tol=1e-6) for n, s in want
            ) or score == pytest.approx(want[-1][1])


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize(("k1", "b"), [(1.2, 0.75), (0.9, 0.4), (0.0, 0.5), (2.0, 0.0), (1.5, 1.0)])
def test_every_variant_equals_its_formula(tmp_path: Path, variant: str, k1: float, b: float) -> None:
    rows = random_rows(300, seed=1)
    encoder = BM25Encoder(k1, b, variant, mu=50, analyzer="standard")  # type: ignore[arg-type]
    index = build(tmp_path / "ix", rows, encoder)
    corpus = Corpus(rows)
    queries = random_queries(25, seed=2)
    ranked = index.rank([" ".join(q) for q in queries], k=15)
    for query, got in zip(queries, ranked, strict=True):
        assert_same_ranking(got, corpus.rank(encoder.scoring, query, 15))


@pytest.mark.parametrize("variant", VARIANTS)
def test_pruned_and_exhaustive_traversal_agree_to_the_bit(tmp_path: Path, variant: str) -> None:
    rows = random_rows(3000, seed=3, words=400)
    index = build(tmp_path / "ix", rows, BM25Encoder(variant=variant, analyzer="standard"), parts=3)  # type: ignore[arg-type]
    queries = [" ".join(q) for q in random_queries(120, seed=4, words=420)]
    for k in (1, 10, 200, 5000):
        assert index.rank(queries, k=k) == index.rank(queries, k=k, exhaustive=True)


def test_pruning_visits_fewer_postings(tmp_path: Path) -> None:
    rows = random_rows(40_000, seed=3, words=400, longest=8)
    index = build(tmp_path / "ix", rows, BM25Encoder(analyzer="standard"))
    native = index._snapshot.native
    query = [(t, 1.0) for t in ("w0", "w1", "w300", "w350")]
    _, pruned, scored = native.top_k(query, 10, False)
    _, everything, everyone = native.top_k(query, 10, True)
    assert pruned < 0.9 * everything
    assert scored < everyone / 50


def test_more_rows_than_a_window(tmp_path: Path) -> None:
    rng = random.Random(5)
    rows = [[f"w{int(rng.paretovariate(0.5)) % 900}" for _ in range(6)] for _ in range(140_000)]
    index = build(tmp_path / "ix", rows, BM25Encoder(analyzer="standard"))
    corpus = Corpus(rows)
    queries = [["w1"], ["w2", "w17"], ["w899", "w500", "w3"], ["w40", "w41", "w42", "w43"]]
    ranked = index.rank([" ".join(q) for q in queries])
    assert ranked == index.rank([" ".join(q) for q in queries], exhaustive=True)
    for query, got in zip(queries, ranked, strict=True):
        assert_same_ranking(got, corpus.rank(BM25(), query, 10))


def test_threads_do_not_change_the_answer(tmp_path: Path) -> None:
    rows = random_rows(70_000, seed=6, words=300, longest=8)
    answers = []
    for threads in (1, 3):
        with Index.create(
            tmp_path / str(threads), BM25Encoder(analyzer="standard"), passages=None, threads=threads
        ) as index:
            index.add(" ".join(row) for row in rows)
        answers.append(index.rank([" ".join(q) for q in random_queries(60, seed=7, words=300)], k=20))
        assert index.verify().ok
    assert answers[0] == answers[1]


def test_equal_scores_come_in_insertion_order_whatever_the_segments(tmp_path: Path) -> None:
    index = build(tmp_path / "ix", [["same", "text"]] * 40, BM25Encoder(analyzer="standard"), parts=4)
    expected = [str(i) for i in sorted(range(40), key=lambda i: (i % 4, i))]
    assert [i for i, _ in index.rank(["same"], k=7)[0]] == expected[:7]
    index.add([{"id": "0", "text": "same text"}])  # replaced: now the youngest
    index.merge()
    assert [i for i, _ in index.rank(["text same"], k=50)[0]] == [*expected[1:], "0"]


def test_a_document_scores_by_its_best_passage(tmp_path: Path) -> None:
    rng = random.Random(8)
    texts, rows, owner = [], [], []
    for number in range(60):
        sentences = [[f"w{rng.randrange(40)}" for _ in range(5)] for _ in range(rng.randint(1, 6))]
        texts.append(" ".join(f"{' '.join(s)}." for s in sentences))
        for sentence in sentences:  # passages of 5 words, too short for an overlap
            rows.append(sentence)
            owner.append(number)
    with Index.create(tmp_path / "ix", BM25Encoder(analyzer="standard"), passages=5) as index:
        index.add({"id": str(i), "text": t} for i, t in enumerate(texts))
    assert index.stats()["passages"] == len(rows)
    corpus = Corpus(rows, owner)
    queries = random_queries(40, seed=9, words=40)
    for query, got in zip(queries, index.rank([" ".join(q) for q in queries], k=12), strict=True):
        assert_same_ranking(got, corpus.rank(BM25(), query, 12))
    assert index.rank([" ".join(q) for q in queries], k=12) == index.rank(
        [" ".join(q) for q in queries], k=12, exhaustive=True
    )


@settings(max_examples=60, deadline=None)
@given(
    rows=st.lists(st.lists(st.sampled_from("abcdef"), max_size=300), min_size=1, max_size=30),
    query=st.lists(st.sampled_from("abcdefg"), min_size=1, max_size=6),
    k=st.integers(1, 12),
)
def test_any_small_corpus(
    tmp_path_factory: pytest.TempPathFactory, rows: list[list[str]], query: list[str], k: int
) -> None:
    index = build(tmp_path_factory.mktemp("ix") / "ix", rows, BM25Encoder(analyzer="standard"))
    assert_same_ranking(index.rank([" ".join(query)], k=k)[0], Corpus(rows).rank(BM25(), query, k))


def test_long_documents_count_beyond_a_byte(tmp_path: Path) -> None:
    rows = [["a"] * 254 + ["b"], ["a"] * 255, ["a"] * 256 + ["c"], ["a"] * 70_000, ["b", "c"]]
    index = build(tmp_path / "ix", rows, BM25Encoder(analyzer="standard"))
    assert_same_ranking(index.rank(["a"])[0], Corpus(rows).rank(BM25(), ["a"], 10))
    index.add([{"id": "x", "text": "b"}])
    index.delete(["x"])
    index.merge()
    assert_same_ranking(index.rank(["a b"])[0], Corpus(rows).rank(BM25(), ["a", "b"], 10))


def test_lucene_lengths(tmp_path: Path) -> None:
    assert [lucene_length(n) for n in (39, 40, 41, 42, 60, 72, 1000)] == [39, 40, 40, 42, 60, 72, 984]
    rows = random_rows(200, seed=11, longest=400)
    encoder = BM25Encoder(compat="lucene", analyzer="standard")
    index = build(tmp_path / "ix", rows, encoder)
    corpus = Corpus(rows)
    for query in random_queries(20, seed=12):
        assert_same_ranking(index.rank([" ".join(query)])[0], corpus.rank(encoder.scoring, query, 10))
    exact = build(tmp_path / "exact", rows, BM25Encoder(analyzer="standard"))
    assert exact.rank(["w1 w2"]) != index.rank(["w1 w2"])


def test_statistics_follow_every_commit(tmp_path: Path) -> None:
    rows = random_rows(400, seed=13)
    index = Index.create(tmp_path / "ix", BM25Encoder(analyzer="standard"), passages=None)
    for end in (50, 51, 300, 400):  # the mean length drifts from segment to segment
        start = len(index)
        index.add({"id": str(i), "text": " ".join(rows[i] * (1 + end // 100))} for i in range(start, end))
        index.commit()
        grown = [rows[i] * (1 + next(e for e in (50, 51, 300, 400) if i < e) // 100) for i in range(end)]
        corpus = Corpus(grown)
        for query in random_queries(15, seed=end):
            assert_same_ranking(index.rank([" ".join(query)])[0], corpus.rank(BM25(), query, 10))


def test_weighted_queries(tmp_path: Path) -> None:
    rows = random_rows(200, seed=14)
    index = build(tmp_path / "ix", rows, BM25Encoder(analyzer="standard"))
    corpus = Corpus(rows)
    scores = {
        i: 2.5 * corpus.weight(BM25(), "w3", i) * ("w3" in corpus.counts[i]) + 0.5 * corpus.weight(BM25(), "w9", i)
        for i in range(200)
        if "w9" in corpus.counts[i]
    }
    best = max(scores, key=lambda i: (scores[i], -i))
    got = dict(index.rank([{"w3": 2.5, "w9": 0.5}], k=200)[0])
    assert got[str(best)] == pytest.approx(scores[best], rel=1e-6)
    lowered = dict(index.rank([{"w3": 2.5, "w9": -0.5}], k=200)[0])
    assert lowered[str(best)] < got[str(best)]
    assert index.rank([{"unknown": 1.0}, {}]) == [[], []]


@pytest.mark.parametrize(
    ("k1", "b", "variant"), [(-1, 0.5, "lucene"), (1, 1.5, "lucene"), (float("nan"), 0.5, "lucene"), (1, 0.5, "bm26")]
)
def test_parameters_out_of_range_are_refused(k1: float, b: float, variant: str) -> None:
    with pytest.raises(UsageError):
        BM25Encoder(k1, b, variant)  # type: ignore[arg-type]


class TestIdentities:
    """Published identities of the family."""

    def scores(self, path: Path, rows: list[list[str]], query: str, **parameters: object) -> dict[str, float]:
        return dict(build(path, rows, BM25Encoder(analyzer="standard", **parameters)).rank([query], k=1000)[0])  # type: ignore[arg-type]

    def test_k1_zero_sums_idf(self, tmp_path: Path) -> None:
        rows = [["a", "a", "b"], ["a"], ["b", "c"], ["d"]]
        got = self.scores(tmp_path / "x", rows, "a b", k1=0)
        idf = math.log(1 + (4 - 2 + 0.5) / 2.5)
        assert got == pytest.approx({"0": 2 * idf, "1": idf, "2": idf}, rel=1e-6)

    def test_b_zero_ignores_length(self, tmp_path: Path) -> None:
        rows = [["a", *["x"] * 50], ["a"], ["b"]]
        got = self.scores(tmp_path / "x", rows, "a", b=0)
        assert got["0"] == got["1"]

    def test_duplicating_every_document_keeps_atire_ranks(self, tmp_path: Path) -> None:
        rows = random_rows(80, seed=20)
        once = self.scores(tmp_path / "1", rows, "w1 w5 w9", variant="atire")
        twice = self.scores(tmp_path / "2", [r for r in rows for _ in range(2)], "w1 w5 w9", variant="atire")
        assert list(once) == [str(int(i) // 2) for i in list(twice)[::2]]

    def test_bm25plus_without_delta_is_atire_but_for_idf(self, tmp_path: Path) -> None:
        rows = random_rows(80, seed=21)
        plus = self.scores(tmp_path / "1", rows, "w4", variant="bm25plus", delta=0)
        atire = self.scores(tmp_path / "2", rows, "w4", variant="atire")
        n = sum("w4" in r for r in rows)
        assert plus == pytest.approx({i: s * math.log(81 / n) / math.log(80 / n) for i, s in atire.items()}, rel=1e-5)

    def test_an_unrelated_document_keeps_the_order_of_one_term_queries_at_b_zero(self, tmp_path: Path) -> None:
        rows = random_rows(80, seed=22)
        before = self.scores(tmp_path / "1", rows, "w4", b=0)
        after = self.scores(tmp_path / "2", [*rows, ["unrelated"] * 9], "w4", b=0)
        assert list(before) == list(after)
