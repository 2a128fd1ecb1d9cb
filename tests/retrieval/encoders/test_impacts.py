"""BM25 as an inner product: what an index scores, to the digit."""

from __future__ import annotations

import numpy as np
import pytest

import gossamer
from gossamer.errors import UsageError
from gossamer.retrieval.encoders.impacts import Impacts

TEXTS = ["wings and wings make lift", "tea leaves in a cup", "the wing of a goose, a long goose", "", "cup of lift"]


@pytest.mark.parametrize("query", ["wing lift", "goose goose cup", "unheard of leaves"])
def test_scores_are_those_of_an_index(tmp_path, query):
    with gossamer.Index.create(tmp_path / "index", passages=None) as index:
        index.add([text for text in TEXTS if text])  # an index drops empty texts from N; so does this test
    bm25 = Impacts([text for text in TEXTS if text])
    scores = (bm25.encode_queries([query]).to_scipy() @ bm25.encode_documents(TEXTS).to_scipy().T).toarray()[0]
    with gossamer.Index.open(tmp_path / "index") as index:
        found = dict(index.rank([query], k=9)[0])
    ids = [str(row) for row in range(4)]
    expected = [found.get(one, 0.0) for one in ids]
    np.testing.assert_allclose(np.delete(scores, 3), expected, rtol=1e-5)


def test_words_of_other_texts_count_nothing():
    bm25 = Impacts(TEXTS)
    assert bm25.encode_documents(["zebra"]).nnz == bm25.encode_queries(["zebra"]).nnz == 0
    with pytest.raises(UsageError, match="no document has a word"):
        Impacts(["", "the"])
