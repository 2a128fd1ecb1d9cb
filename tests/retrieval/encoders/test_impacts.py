"""BM25 as impact vectors: the index's own scores, the formula worked out term by term, and sums side by side."""

import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, strategies as st

from gossamer import Index
from gossamer.errors import UsageError
from gossamer.retrieval import BM25Encoder, SparseVectors
from gossamer.retrieval.encoders.impacts import Impacts
from gossamer.retrieval.vectors import beside

TEXTS = [
    "swept wings at high speed", "wings, wings and more wings", "boundary layer flow over a flat plate", "",
    "heat transfer in a boundary layer", "speed", "flow flow heat heat heat plate",
]  # fmt: skip
QUERIES = ["wings speed", "heat heat flow", "boundary zeppelin", "zeppelin"]
VARIANTS = ["lucene", "atire", "bm25l", "bm25plus", "tfidf"]


def scores(words, queries):
    return (words.encode_queries(queries).to_scipy() @ words.documents.to_scipy().T).toarray()


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize(("k1", "b"), [(1.2, 0.75), (0.9, 0.4), (0.0, 1.0)])
def test_scores_are_those_of_the_index(tmp_path, variant, k1, b):
    encoder = BM25Encoder(k1, b, variant, analyzer="standard")
    with Index.create(tmp_path / "x", encoder=encoder, passages=None) as index:
        index.add({"id": str(n), "text": text} for n, text in enumerate(TEXTS))
    with Index.open(tmp_path / "x") as index:
        found = index.rank(QUERIES, k=10)
    ours = scores(Impacts(TEXTS, encoder), QUERIES)
    for row, ranked in zip(ours, found, strict=True):
        assert {int(name): pytest.approx(score, rel=1e-5) for name, score in ranked} == {
            n: score for n, score in enumerate(row) if score
        }


def test_lucene_by_hand():
    texts = [text.split() for text in TEXTS]
    mean = sum(map(len, texts)) / len(texts)
    df = Counter(word for text in texts for word in set(text))

    def score(query, text):
        total = 0.0
        for word in query.split():
            f, n = text.count(word), df[word]
            norm = 1 - 0.75 + 0.75 * len(text) / mean
            total += math.log1p((len(texts) - n + 0.5) / (n + 0.5)) * f / (f + 1.2 * norm)
        return total

    ours = scores(Impacts([" ".join(text) for text in texts], BM25Encoder(analyzer="standard")), ["heat flow"])
    plain = [" ".join(text).replace(",", "").split() for text in texts]
    assert ours[0] == pytest.approx([score("heat flow", text) for text in plain], rel=1e-6)


@pytest.mark.parametrize("settings", [{"variant": "robertson"}, {"variant": "ql_dirichlet"}, {"compat": "lucene"}])
def test_what_no_vector_can_say_is_refused(settings):
    with pytest.raises(UsageError, match="impact vectors"):
        Impacts(TEXTS, BM25Encoder(**settings))


def test_words_of_other_texts_count_nothing_but_their_length():
    bm25 = Impacts(TEXTS, BM25Encoder(analyzer="standard"))
    assert bm25.encode_documents(["zebra"]).nnz == bm25.encode_queries(["zebra"]).nnz == 0
    (alone,), (longer,) = (bm25.encode_documents([text]).values for text in ("speed", "speed zebra zebra zebra"))
    assert longer < alone
    assert bm25.encode_documents(TEXTS).to_dicts() == bm25.documents.to_dicts()
    assert Impacts(["", "the"]).documents.nnz == 0


rows = st.lists(st.dictionaries(st.integers(0, 5), st.floats(0.125, 8, width=32), max_size=4), min_size=1, max_size=6)


def vectors(given_rows, dim=6):
    indptr = np.cumsum([0, *map(len, given_rows)])
    return SparseVectors(
        indptr, [c for row in given_rows for c in row], [v for row in given_rows for v in row.values()], dim
    )


@given(st.data(), rows, st.floats(0, 4, width=32))
def test_beside_adds_inner_products(data, left, weight):
    right = data.draw(st.lists(rows.map(lambda r: r[0]), min_size=len(left), max_size=len(left)))
    a, b = vectors(left), vectors(right)
    both = beside(a, b, weight)
    expected = np.hstack([a.to_scipy().toarray(), np.float32(weight) * b.to_scipy().toarray()])
    assert np.array_equal(both.to_scipy().toarray(), expected)


def test_beside_needs_the_same_texts():
    with pytest.raises(UsageError, match="2 vectors beside 1"):
        beside(vectors([{}, {}]), vectors([{}]))
