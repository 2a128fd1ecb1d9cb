"""The catalogue's integrity: closed lists, entry points that run, paths that exist, baselines that are naive."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from tests.retrieval.encoders.tiny_tokenizer import tokenizer_json

from gossamer import catalog
from gossamer.catalog import learned, retrieval, text, traversals
from gossamer.errors import UsageError

ROOT = Path(__file__).parents[1]
METHODS = catalog.methods()
DOCUMENTS = [
    {"id": "sail", "text": "a sail is a wing in the wind"},
    {"id": "lift", "text": "the lift of a wing grows with speed"},
    {"id": "tea", "text": "how to make tea"},
]
QUERY = "lift"


def ranked_by(method: catalog.Method, folder: Path) -> list[str]:
    """Run a method on three documents and one query; the ids it returns, best first."""
    from gossamer.retrieval import BlockIndex, BM25Encoder, Index, SparseVectors
    from gossamer.text import analyzer

    entry = method.load()
    if method.entry_point.endswith(":fuse"):
        run = {"q": {"lift": 2.0, "sail": 1.0}}
        return list(entry([run, {"q": {"lift": 9.0, "tea": 4.0}}], **method.arguments)["q"])
    if method.entry_point.startswith("gossamer.text."):
        made = (
            analyzer("german").replace(compounds=entry({"lift": 9, "wing": 9}))
            if method.paper
            else entry(**method.arguments)
        )
        with Index.create(folder / "ix", analyzer=made) as index:
            index.add(DOCUMENTS)
        (found,) = index.rank([QUERY])
    elif method.entry_point.endswith(":BM25Encoder"):
        with Index.create(folder / "ix", entry(**method.arguments)) as index:
            index.add(DOCUMENTS)
        (found,) = index.rank([QUERY])
    elif method.entry_point.endswith(":Index.rank"):
        with Index.create(folder / "ix", BM25Encoder()) as index:
            index.add(DOCUMENTS)
        (found,) = entry(index, [QUERY], **method.arguments)
    elif method.entry_point.startswith("gossamer.retrieval.traversals:"):
        words = [dict.fromkeys(document["text"].split(), 1.0) for document in DOCUMENTS]
        vectors = SparseVectors.from_dicts(words)
        query = SparseVectors.from_dicts([{QUERY: 1.0}], vectors.vocabulary)
        ids, _ = BlockIndex.build(vectors, traversal=entry(**method.arguments)).search(query, 1)
        return [DOCUMENTS[ids[0, 0]]["id"]]
    elif method.entry_point.endswith("learned:preset"):
        return ranked_by_learned(method)
    elif method.entry_point.endswith(":train_static_expansion"):
        return ranked_by_associations(entry)
    else:
        (found,) = entry(DOCUMENTS, **method.arguments).rank([QUERY])
    return [document for document, _ in found]


def ranked_by_learned(method: catalog.Method) -> list[str]:
    """Teach it by heart which document each of three words asks for."""
    import torch

    from gossamer.retrieval.training.groups import Group
    from gossamer.retrieval.training.planted import untrained
    from gossamer.retrieval.training.trainer import Settings, Trainer

    texts = [document["text"] for document in DOCUMENTS]
    backbone = untrained(sorted({word for text in texts for word in text.split()}))
    table = {"table": torch.ones(backbone.size)} if method.axes["query head"] == ("static",) else {}
    encoder = method.load()(backbone=backbone, **method.arguments, **table)
    groups = [Group(word, (text,)) for word, text in zip(("wind", QUERY, "tea"), texts, strict=True)]
    Trainer(encoder).fit(groups, Settings(steps=20, batch=3, rate=3e-3))
    scores = encoder.encode_queries([QUERY]).to_scipy() @ encoder.encode_documents(texts).to_scipy().T
    return [DOCUMENTS[at]["id"] for at in (-scores.toarray()[0]).argsort()]


def ranked_by_associations(train) -> list[str]:
    """The teacher sees words alone; a word then stands for those it is beside."""
    from gossamer.retrieval import SparseVectors

    texts = [document["text"] for document in DOCUMENTS]
    words = ["[UNK]", *sorted({word for text in texts for word in text.split()})]
    vectors = SparseVectors.from_dicts([dict.fromkeys(text.split(), 1.0) for text in texts], words)
    encoder = train(texts, vectors, tokenizer_json(words), fewest=1)
    scores = encoder.encode_queries([QUERY]).to_scipy() @ encoder.encode_documents(texts).to_scipy().T
    return [DOCUMENTS[at]["id"] for at in (-scores.toarray()[0]).argsort()]


@pytest.mark.parametrize("method", METHODS, ids=lambda m: m.id)
class TestEveryMethod:
    def test_it_runs_and_finds_the_document(self, method, tmp_path):
        found = ranked_by(method, tmp_path)
        if method.id == "random-ranking":
            assert sorted(found) == ["lift", "sail", "tea"]
        else:
            assert found[0] == "lift"

    def test_its_places_are_in_the_closed_lists(self, method):
        for axis, values in method.axes.items():
            assert values
            assert set(values) <= set(catalog.axes()[axis])
        assert method.axes.keys() >= {"what", "needs", "buys", "runs_on"}

    def test_its_baselines_exist_and_one_is_naive(self, method):
        baselines = [catalog.get(name) for name in method.baselines]
        assert method.naive or any(baseline.naive for baseline in baselines)
        assert method.id not in method.baselines

    def test_its_files_exist(self, method):
        assert method.tests
        for path in (f"docs/methods/{method.card}.md", *method.tests, *filter(None, [method.benchmark])):
            assert (ROOT / path).is_file(), path

    def test_its_record_is_complete(self, method):
        assert 0 < len(method.summary) <= 200
        assert method.card
        assert re.fullmatch(r"\d+\.\d+\.\d+", method.since)
        assert re.fullmatch(r"[a-z0-9-]+", method.id)
        if method.paper is None:
            assert method.naive
        else:
            assert 1960 <= method.paper.year <= 2100
            assert method.paper.title
            assert method.paper.authors
            assert re.fullmatch(
                r"doi:10\.\d{4,}/\S+|arXiv:\d{4}\.\d{5}|NIST Special Publication 500-\d+", method.paper.identifier
            )

    def test_its_record_is_json(self, method):
        record = json.loads(json.dumps(method.to_dict()))
        assert record["id"] == method.id
        assert record["axes"] == {axis: list(values) for axis, values in method.axes.items()}
        if method.paper and method.paper.identifier.startswith("doi:"):
            assert record["paper"]["url"] == "https://doi.org/" + method.paper.identifier[4:]


def test_ids_are_unique_and_every_scoring_and_fusion_method_is_there():
    from typing import get_args

    from gossamer.retrieval.encoders.bm25 import Variant
    from gossamer.retrieval.fusion import Method
    from gossamer.retrieval.traversals.traversal import classes

    rows = [
        row.id for room in (retrieval, text, traversals, learned) for row in room.METHODS
    ]  # before they are kept by id
    assert len(set(rows)) == len(rows)
    assert {method.id for method in METHODS} == set(rows)
    assert {m.arguments["variant"] for m in METHODS if "variant" in m.arguments} == set(get_args(Variant))
    assert {m.id for m in METHODS if m.entry_point.startswith("gossamer.retrieval.traversals:")} >= set(classes())
    assert {m.arguments["method"] for m in METHODS if "method" in m.arguments} == set(get_args(Method))


class TestQueries:
    def test_axes_select_and_combine(self):
        naive = catalog.methods(criterion="random")
        assert [m.id for m in naive] == ["random-ranking"]
        both = catalog.methods(criterion=["random", "tf-idf-like"])
        assert len(both) == 9
        assert catalog.methods(criterion="tf-idf-like", traversal="exact") == []
        plain = catalog.methods(traversal="exact", quantisation="none", summary="none")
        assert {m.id for m in plain} == {"exhaustive-traversal", "term-at-a-time"}

    @pytest.mark.parametrize(
        ("ask", "message"),
        [(lambda: catalog.get("rff"), r"unknown method 'rff'; did you mean 'rrf'\?"),
         (lambda: catalog.get("zzzz"), "known: .*bm25"),
         (lambda: catalog.nearest("rff"), "did you mean 'rrf'"),
         (lambda: catalog.methods(traversl="exact"), r"unknown axis 'traversl'; did you mean 'traversal'\?"),
         (lambda: catalog.methods(traversal="exactly"), "unknown value of the axis traversal 'exactly'; did you mean")],
    )  # fmt: skip
    def test_mistakes_are_explained(self, ask, message):
        with pytest.raises(UsageError, match=message):
            ask()

    def test_the_nearest_differ_on_the_fewest_axes(self):
        neighbours = catalog.nearest("exact-traversal", limit=99)
        assert len(neighbours) == len(METHODS) - 1
        assert neighbours[0].method.id == "maxscore"
        assert neighbours[0].differs == {"quantisation": (("8-bit bounds",), ("none",))}
        distances = [len(neighbour.differs) for neighbour in neighbours]
        assert distances == sorted(distances)
        for neighbour in neighbours:
            back = {n.method.id: n for n in catalog.nearest(neighbour.method.id, limit=99)}["exact-traversal"]
            assert back.differs == {axis: (b, a) for axis, (a, b) in neighbour.differs.items()}

    def test_axes_can_be_listed(self):
        listed = catalog.axes()
        assert "random" in listed["criterion"]
        for values in listed.values():
            assert len(set(values)) == len(values)


def test_reading_the_catalogue_imports_nothing_heavy():
    code = (
        "import sys; from gossamer import catalog; catalog.methods(); catalog.nearest('rrf'); "
        "print([m for m in sys.modules if m.startswith(('numpy', 'scipy', 'gossamer.retrieval', 'gossamer.text'))])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
