"""The naive rankers do what their names say, over the same documents and through the same call as an index."""

from __future__ import annotations

import scipy.stats
from hypothesis import given, strategies as st

from gossamer.retrieval.naive import RandomRanking, SubstringCount
from gossamer.text.documents import Document

DOCUMENTS = [
    "start the art",
    {"id": "cart", "text": "a cart", "title": "Art"},
    Document("mixed", "ART, art, aRt"),
    {"id": "other", "text": "nothing"},
]


def test_every_kind_of_document_is_counted_with_its_title():
    assert SubstringCount(DOCUMENTS).rank(["Art", "nothing", "zebra"]) == [
        [("mixed", 3.0), ("0", 2.0), ("cart", 2.0)],
        [("other", 1.0)],
        [],
    ]


@given(st.lists(st.text("ab ", max_size=8), max_size=8), st.text("ab ", max_size=4), st.integers(1, 5))
def test_counts_equal_a_sum_over_words_with_ties_in_order(texts, query, k):
    (found,) = SubstringCount(texts).rank([query], k)
    counts = [(sum(text.count(word) for word in query.split()), -i) for i, text in enumerate(texts)]
    expected = sorted((c for c in counts if c[0]), reverse=True)[:k]
    assert found == [(str(-i), float(n)) for n, i in expected]


def test_random_rankings_are_reproducible_and_differ_by_seed_and_query():
    documents = [str(i) for i in range(100)]
    first, again, other = (RandomRanking(documents, seed).rank(["a", "b"]) for seed in (1, 1, 2))
    assert first == again
    assert first[0] != first[1]
    assert first != other
    for ranked in first:
        scores = [score for _, score in ranked]
        assert len({document for document, _ in ranked}) == 10
        assert scores == sorted(scores, reverse=True)
    assert len(RandomRanking(["x"]).rank(["a"])[0]) == 1


def test_every_document_comes_first_equally_often():
    ranker = RandomRanking([str(i) for i in range(10)])
    first = [ranked[0][0] for ranked in ranker.rank([f"q{i}" for i in range(2000)], k=1)]
    counts = [first.count(str(i)) for i in range(10)]
    assert scipy.stats.chisquare(counts).pvalue > 0.001
