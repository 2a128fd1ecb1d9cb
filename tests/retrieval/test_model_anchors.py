"""Figures of real models that were measured elsewhere, reproduced by our runtime: `make torture` fetches the models."""

import pytest
from benchmarks.judged import Judged, Tables, largest, min_max, products

from gossamer.retrieval import evaluate, fuse

MEASURES = ("ndcg@10", "map", "recall@100")
TOLERANCE, FUSED = 0.003, 0.005
# Cranfield, grades above 0 as 1, of independent code over torch.
ANCHORS = {
    "SPLADE-tiny, both sides": (0.3760, 0.2933, 0.728),
    "SPLADE-tiny, documents cut to 128": (0.3745, 0.2957, 0.729),
    "SPLADE-tiny, documents cut to 64": (0.3626, 0.2850, 0.741),
    "SPLADE-tiny, binary queries": (0.3406, 0.2673, 0.702),
    "SPLADE-tiny, the collection's idf": (0.3604, 0.2841, 0.716),
    "MiniLM": (0.3955, 0.3231, 0.776),
}
FUSIONS = {
    "min-max of SPLADE and BM25": (0.3976, 0.3183, 0.754),
    "rrf of SPLADE and BM25": (0.3971, 0.3174, 0.752),
    "min-max of MiniLM and BM25": (0.4229, 0.3433, 0.789),
    "min-max of MiniLM at .7 and BM25": (0.4309, 0.3524, 0.797),
    "rrf of MiniLM and BM25": (0.4251, 0.3468, 0.794),
    "rrf of all three": (0.4267, 0.3469, 0.787),
    "min-max of both": (0.4189, 0.3389, 0.794),
}


@pytest.fixture(scope="module")
def cranfield():
    return Judged("cranfield")


@pytest.fixture(scope="module")
def runs(cranfield):
    asked, documents = cranfield.splade
    tables = Tables()
    binary = tables.queries(cranfield.queries, (tables.own > 0).astype("f"))
    idf = tables.queries(cranfield.queries, tables.of(cranfield.documents))
    return {
        "SPLADE-tiny, both sides": cranfield.by_vectors((asked, documents)),
        "SPLADE-tiny, documents cut to 128": cranfield.by_vectors((asked, largest(documents, 128))),
        "SPLADE-tiny, documents cut to 64": cranfield.by_vectors((asked, largest(documents, 64))),
        "SPLADE-tiny, binary queries": cranfield.by_vectors((binary, documents)),
        "SPLADE-tiny, the collection's idf": cranfield.by_vectors((idf, documents)),
        "MiniLM": cranfield.by_scores(cranfield.dense),
        "BM25": cranfield.by_vectors(cranfield.words),
    }


@pytest.fixture(scope="module")
def fused(cranfield, runs):
    splade, minilm, bm25 = runs["SPLADE-tiny, both sides"], runs["MiniLM"], runs["BM25"]
    words, sparse, dense = (
        min_max(scores) for scores in (products(*cranfield.words), products(*cranfield.splade), cranfield.dense)
    )
    return {
        "min-max of SPLADE and BM25": cranfield.by_scores(sparse + words),
        "rrf of SPLADE and BM25": fuse([splade, bm25]),
        "min-max of MiniLM and BM25": cranfield.by_scores(dense + words),
        "min-max of MiniLM at .7 and BM25": cranfield.by_scores(0.7 * dense + 0.3 * words),
        "rrf of MiniLM and BM25": fuse([minilm, bm25]),
        "rrf of all three": fuse([splade, minilm, bm25]),
        "min-max of both": cranfield.by_scores(dense + sparse),
    }


def check(cranfield, found, name, expected, tolerance):
    mean = evaluate(found[name], cranfield.data.qrels, MEASURES).mean
    for measure, value in zip(MEASURES, expected, strict=True):
        assert mean[measure] == pytest.approx(value, abs=tolerance), f"{name}: {measure}"


@pytest.mark.slow
@pytest.mark.shared_data
@pytest.mark.parametrize("name", ANCHORS)
def test_models(cranfield, runs, name):
    check(cranfield, runs, name, ANCHORS[name], TOLERANCE)


@pytest.mark.slow
@pytest.mark.shared_data
@pytest.mark.parametrize("name", FUSIONS)
def test_fusions(cranfield, fused, name):
    check(cranfield, fused, name, FUSIONS[name], FUSED)


@pytest.mark.slow
@pytest.mark.shared_data
def test_the_order_of_systems(cranfield, runs, fused):
    names = {"hybrid": fused["min-max of MiniLM and BM25"], "dense": runs["MiniLM"], "bm25": runs["BM25"]}
    precision = {name: evaluate(run, cranfield.data.qrels, ["map"]).mean["map"] for name, run in names.items()}
    assert precision["hybrid"] > precision["dense"] > precision["bm25"]
