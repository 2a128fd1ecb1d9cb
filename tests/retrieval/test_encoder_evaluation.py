"""Encoders over a collection: runs against brute force, costs against counts, and what is compared with what."""

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from gossamer import Index
from gossamer.errors import UsageError
from gossamer.retrieval import BM25Encoder, Collection, SparseEncoder, SparseVectors, evaluate
from gossamer.retrieval.encoder_evaluation import System, evaluate_encoders, flops
from gossamer.retrieval.encoders.impacts import Impacts
from gossamer.retrieval.significance import holm

rng = np.random.default_rng(3)
WORDS = [f"w{n}" for n in range(40)]
DOCUMENTS = {f"d{n}": " ".join(rng.choice(WORDS, 12)) for n in range(60)}
QUERIES = {f"q{n}": " ".join(rng.choice(WORDS, 3)) for n in range(8)}
QRELS = {
    q: {f"d{n}": int(g) for n, g in zip(rng.choice(60, 6, False), (0, 0, 1, 1, 2, 3), strict=True)} for q in QUERIES
}
COLLECTION = Collection.of(DOCUMENTS, QUERIES, QRELS, name="drawn")


class Lengths(SparseEncoder):
    """The words of a text, each by its number; counts what it was given."""

    def __init__(self):
        self.encoded = 0

    @property
    def terms(self):
        return WORDS

    def encode_documents(self, texts):
        self.encoded += len(texts)
        return SparseVectors.from_dicts([{w: 1 + WORDS.index(w) / 7 for w in text.split()} for text in texts], WORDS)

    def encode_queries(self, texts):
        return SparseVectors.from_dicts([dict.fromkeys(text.split(), 1.0) for text in texts], WORDS)


def brute_force(judged_only=False, weight=None):
    """Query to (document, score), best first; of equal scores the document that came first."""
    learned = Lengths()
    texts, asked = list(DOCUMENTS.values()), list(QUERIES.values())
    scores = (learned.encode_queries(asked).to_scipy() @ learned.encode_documents(texts).to_scipy().T).toarray()
    if weight is not None:
        words = Impacts(texts)
        scores = weight * scores + (words.encode_queries(asked).to_scipy() @ words.documents.to_scipy().T).toarray()
    return {
        query: sorted(
            (
                (name, float(np.float32(score)))
                for name, score in zip(DOCUMENTS, row, strict=True)
                if score > 0 and (not judged_only or name in QRELS[query])
            ),
            key=lambda pair: -pair[1],
        )
        for query, row in zip(QUERIES, scores, strict=True)
    }


def scores_of(run):
    return {query: dict(found) for query, found in run.items()}


@pytest.mark.parametrize("judged_only", [False, True])
@pytest.mark.parametrize("weight", [None, 0.4])
def test_runs_are_those_of_brute_force(judged_only, weight):
    collection = Collection.of(DOCUMENTS, QUERIES, QRELS, judged_only=judged_only)
    system = Lengths() if weight is None else System(Lengths(), BM25Encoder(), weight)
    report = evaluate_encoders(collection, {"x": system}, ["ndcg@10", "map"])
    expected = brute_force(judged_only, weight)
    assert scores_of(expected) == {
        q: pytest.approx(row, rel=1e-5) for q, row in scores_of(report.systems["x"].run).items()
    }
    assert report.systems["x"].quality.mean == pytest.approx(evaluate(expected, QRELS, ["ndcg@10", "map"]).mean)


def test_bm25_is_that_of_an_index(tmp_path):
    report = evaluate_encoders(COLLECTION, {"bm25": BM25Encoder()})
    with Index.create(tmp_path / "x", passages=None) as index:
        index.add({"id": name, "text": text} for name, text in DOCUMENTS.items())
    with Index.open(tmp_path / "x") as index:
        ranked = dict(zip(QUERIES, index.rank(list(QUERIES.values()), k=1000), strict=True))
    assert report.systems["bm25"].quality.mean == pytest.approx(
        evaluate(ranked, QRELS, report.systems["bm25"].quality.mean).mean
    )


sets = st.lists(st.frozensets(st.integers(0, 5)), min_size=1, max_size=6)


@settings(max_examples=50)
@given(sets, sets)
def test_flops_are_the_terms_that_pairs_share(asked, held):
    def vectors(rows):
        flat = [column for row in rows for column in sorted(row)]
        return SparseVectors(np.cumsum([0, *map(len, rows)]), flat, np.ones(len(flat)), 6)

    shared = [len(query & document) for query in asked for document in held]
    assert flops(vectors(asked), vectors(held)) == pytest.approx(np.mean(shared))


def test_costs():
    costs = evaluate_encoders(COLLECTION, {"x": Lengths()}, ["rr"]).systems["x"].costs
    distinct = [len(set(text.split())) for text in DOCUMENTS.values()]
    assert costs.document_terms == pytest.approx(np.mean(distinct))
    assert costs.query_terms == pytest.approx(np.mean([len(set(text.split())) for text in QUERIES.values()]))
    assert costs.documents_per_second > 0
    assert costs.index_bytes > 0
    for pair in (costs.encode_us, costs.search_us, costs.latency_us):
        assert 0 < pair[0] <= pair[1]


def test_documents_are_encoded_once(tmp_path):
    systems = {"x": System(first := Lengths(), fingerprint="f"), "x+": System(Lengths(), BM25Encoder(), 0.4, "f")}
    report = evaluate_encoders(COLLECTION, systems, ["map"], cache=tmp_path)
    assert first.encoded == len(DOCUMENTS)
    assert systems["x+"].encoder.encoded == 0
    assert [one.costs.cached for one in report.systems.values()] == [False, True]
    assert scores_of(report.systems["x+"].run) == {
        q: pytest.approx(row, rel=1e-5) for q, row in scores_of(brute_force(weight=0.4)).items()
    }
    other = Collection.of({**DOCUMENTS, "d0": "w1"}, QUERIES, QRELS)
    evaluate_encoders(other, {"x": System(again := Lengths(), fingerprint="f")}, ["map"], cache=tmp_path)
    assert again.encoded == len(DOCUMENTS)  # of another collection


def test_each_is_compared_with_the_first():
    told = []
    report = evaluate_encoders(
        COLLECTION, {"bm25": BM25Encoder(), "x": Lengths(), "k1=0": BM25Encoder(k1=0)}, ["map", "rr"],
        progress=lambda *words: told.append(words),
    )  # fmt: skip
    assert [(name, one.measure) for name, one, _ in report.comparisons] == [
        ("x", "map"), ("x", "rr"), ("k1=0", "map"), ("k1=0", "rr"),
    ]  # fmt: skip
    assert [p for _, _, p in report.comparisons] == holm([one.p for _, one, _ in report.comparisons])
    assert told[-1][2] == len(DOCUMENTS)
    written = report.to_dict()
    assert written["comparisons"][0]["b"] == "bm25"
    assert written["systems"][1]["costs"]["flops"] == report.systems["x"].costs.flops


def test_names_of_systems(tmp_path):
    BM25Encoder(k1=0.9).save_pretrained(tmp_path / "k1")
    assert System.named("bm25").words is None
    assert System.named(str(tmp_path / "k1")).encoder.scoring.k1 == 0.9
    for spec, message in [
        (f"{tmp_path / 'k1'}+bm25:0.5", "BM25 beside BM25"),
        (f"{tmp_path / 'k1'}+bm25:much", "write the weight"),
        (f"{tmp_path / 'k1'}+bm25", "does not say what it counts"),
        (str(tmp_path / "absent"), "no such folder"),
    ]:
        with pytest.raises(UsageError, match=message):
            System.named(spec)
    with pytest.raises(UsageError, match="must be a number >= 0"):
        System(Lengths(), BM25Encoder(), -1.0)
    with pytest.raises(UsageError, match="give an encoder"):
        evaluate_encoders(COLLECTION, {})
