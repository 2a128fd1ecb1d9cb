"""The weight of a learned encoder beside BM25: found where it is known, and nowhere where it cannot help."""

import math

import pytest

from gossamer.errors import UsageError
from gossamer.retrieval import BM25Encoder, SparseEncoder, SparseVectors
from gossamer.retrieval.mixing import Choice, choose_weight, common_weight

DOCUMENTS = {"car": "car engine", "auto": "automobile engine", "boat": "boat engine", "tree": "tree leaf"}


class Synonyms(SparseEncoder):
    """Knows one concept, and that `wrong` documents have it as well, less of it."""

    terms = ("vehicle",)

    def __init__(self, weights):
        self.weights = weights

    def encode_queries(self, texts):
        return self.encode_documents(texts)

    def encode_documents(self, texts):
        rows = [{"vehicle": max(self.weights.get(word, 0) for word in text.split())} for text in texts]
        return SparseVectors.from_dicts([{t: w for t, w in row.items() if w} for row in rows], self.terms)


def choose(weights, queries, qrels, **options):
    return choose_weight(queries, DOCUMENTS, qrels, BM25Encoder(), Synonyms(weights), **options)


def test_it_counts_where_words_fail():
    # "boat" is a word of the query and wrong; the concept outweighs it once w * 1 * 1 > BM25's score for "boat".
    choice = choose({"car": 1.0, "automobile": 1.0}, {"q": "automobile boat"}, {"q": {"car": 1}}, measure="rr")
    assert choice.quality[0.0] == 0
    assert choice.quality[choice.weight] == max(choice.quality.values()) > choice.quality[0.0]


def test_it_is_left_out_where_it_misleads():
    choice = choose({"boat": 5.0, "car": 1.0}, {"q": "car"}, {"q": {"car": 1}}, measure="rr")
    assert choice.weight == 0.0
    assert min(choice.quality.values()) < 1


def test_even_weight_makes_the_best_scores_alike():
    choice = choose({"car": 2.0}, {"q": "car"}, {"q": {"car": 1}}, grid=[0, 1])
    # BM25 of "car" in a document of two words, all of which have two: idf / (1 + 1.2); the concept gives 2 x 2.
    idf = math.log(1 + 3.5 / 1.5)
    assert choice.even == pytest.approx(idf / 2.2 / 4, rel=1e-6)
    assert list(choice.quality) == [0.0, 1.0]
    assert choice.weight == 0.0  # of equally good ones the smallest


@pytest.mark.parametrize("grid", [[-1.0], [float("nan")], []])
def test_wrong_grids(grid):
    with pytest.raises(UsageError, match="weights"):
        choose({"car": 1.0}, {"q": "car"}, {"q": {"car": 1}}, grid=grid)


def test_bm25_is_the_other_side():
    with pytest.raises(UsageError, match="inner product"):
        choose_weight({"q": "car"}, DOCUMENTS, {"q": {"car": 1}}, None, BM25Encoder())


def test_one_weight_for_several_collections():
    def choice(**quality):
        return Choice(0.0, 1.0, {float(w[1:]): q for w, q in quality.items()}, "ndcg@10", 10)

    found = common_weight([choice(w0=0.5, w1=0.6, w2=0.7), choice(w0=0.9, w1=0.9, w2=0.7)])
    assert (found.weight, found.queries) == (1.0, 20)
    assert found.quality == pytest.approx({0.0: 0.7, 1.0: 0.75, 2.0: 0.7})
    with pytest.raises(UsageError, match="one grid"):
        common_weight([choice(w0=0.5), choice(w1=0.5)])
