"""An encoder of vectors in BM25's place, and vectors made elsewhere: the score is the inner product."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

from gossamer import Index, SparseEncoder, SparseVectors
from gossamer.errors import UsageError
from gossamer.retrieval import BM25Encoder


class Squares(SparseEncoder):
    """Every word weighs the square of its length."""

    @property
    def terms(self) -> list[str]:
        return ["a", "bb", "ccc", "dddd"]

    def encode_documents(self, texts: Sequence[str]) -> SparseVectors:
        return SparseVectors.from_dicts(
            [{w: float(len(w)) ** 2 for w in set(t.split()) if w in self.terms} for t in texts], vocabulary=self.terms
        )

    encode_queries = encode_documents


class Saved(Squares):
    def to_dict(self) -> dict[str, Any]:
        return {"type": "squares"}

    @classmethod
    def from_dict(cls, settings: dict[str, Any]) -> Saved:
        return cls()


def random_vectors(n: int, dim: int, seed: int) -> SparseVectors:
    rng = random.Random(seed)
    return SparseVectors.from_dicts(
        [{f"t{c}": rng.lognormvariate(0, 1) for c in rng.sample(range(dim), rng.randint(0, 12))} for _ in range(n)],
        vocabulary=[f"t{c}" for c in range(dim)],
    )


@pytest.mark.parametrize("n", [500, 70_000])
def test_rank_is_the_inner_product(tmp_path: Path, n: int) -> None:
    documents, queries = random_vectors(n, 200, 1), random_vectors(20, 200, 2)
    with Index.create(tmp_path / "ix", encoder=None) as index:
        index.add_vectors([str(i) for i in range(n)], documents)
    scores = (queries.to_scipy().astype(np.float64) @ documents.to_scipy().astype(np.float64).T).toarray()
    asked = [queries[i] for i in range(20)]
    ranked = index.rank(asked, k=20)
    assert ranked == index.rank(asked, k=20, exhaustive=True)
    for row, got in zip(scores, ranked, strict=True):
        wanted = sorted((-s, i) for i, s in enumerate(row) if s > 0)[:20]
        assert [s for _, s in got] == pytest.approx([-s for s, _ in wanted], rel=1e-6)
    for _ in range(2):  # the same after a merge, and after one that drops documents
        index.merge()
        assert index.rank(asked, k=20) == ranked
    gone = {i for got in ranked for i, _ in got[:1]}
    index.delete(gone)
    index.merge()
    assert not gone & {i for got in index.rank(asked, k=20) for i, _ in got}


def test_an_encoder_stands_in_for_bm25(tmp_path: Path) -> None:
    with Index.create(tmp_path / "ix", Squares(), passages=3) as index:
        index.add([{"id": "x", "text": "a a bb. ccc ccc a."}, {"id": "ÿ", "text": "Ünïcode ÿ a. ccc dddd bb."}])
    [first, second] = index.search("ccc dddd", explain=True)
    assert (first.id, first.score, first.passage.text) == ("ÿ", 81.0 + 256.0, "ccc dddd bb.")
    assert (second.id, second.score, second.passage.text) == ("x", 81.0, "ccc ccc a.")
    assert [(c.term, c.query_weight, c.document_weight, c.contribution) for c in second.explanation] == [
        ("ccc", 9, 9, 81)
    ]
    assert [first.document.text[a:b] for a, b in first.highlights] == ["ccc", "dddd"]
    reopened = Index.open(tmp_path / "ix", encoder=Squares())
    assert reopened.rank(["ccc"]) == index.rank(["ccc"])
    with pytest.raises(UsageError, match="encoder="):
        Index.open(tmp_path / "ix").search("ccc")
    assert Index.open(tmp_path / "ix").rank([{"ccc": 9.0}]) == index.rank(["ccc"])


def test_an_encoder_that_can_be_saved_is_found_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(SparseEncoder.types, "squares", f"{__name__}:Saved")
    with Index.create(tmp_path / "ix", Saved()) as index:
        index.add(["bb", "ccc"])
    assert Index.open(tmp_path / "ix").rank(["ccc"]) == [[("1", 81.0)]]
    with pytest.raises(UsageError, match="another encoder"):
        Index.open(tmp_path / "ix", encoder=BM25Encoder())


def test_bm25_saves_and_loads(tmp_path: Path) -> None:
    encoder = BM25Encoder(0.9, 0.4, "bm25l", delta=0.7, analyzer="standard")
    encoder.save_pretrained(tmp_path / "e")
    loaded = SparseEncoder.from_pretrained(tmp_path / "e")
    assert isinstance(loaded, BM25Encoder)
    assert loaded.to_dict() == encoder.to_dict()
    assert loaded.encode_documents(["B a b"]).to_dicts() == [{"b": 2.0, "a": 1.0}]
    with pytest.raises(UsageError, match="not found"):
        SparseEncoder.from_pretrained(tmp_path)


def test_what_add_vectors_refuses(tmp_path: Path) -> None:
    index = Index.create(tmp_path / "ix", encoder=None)
    with pytest.raises(UsageError, match=r"row 1: the weight of 'wing' is -0\.5"):
        index.add_vectors(["a", "b"], SparseVectors.from_dicts([{"wing": 1}, {"wing": -0.5}]))
    with pytest.raises(UsageError, match="1 ids, 2 vectors"):
        index.add_vectors(["a"], SparseVectors.from_dicts([{"wing": 1}, {"wing": 2}]))
    with pytest.raises(UsageError, match="one row"):
        index.rank([SparseVectors.from_dicts([{"wing": 1}, {"wing": 2}])])
    with pytest.raises(UsageError, match="add_vectors"):
        index.add(["text"])
    text = Index.create(tmp_path / "text")
    with pytest.raises(UsageError, match="encoder=None"):
        text.add_vectors(["a"], SparseVectors.from_dicts([{"wing": 1}]))
    assert len(index) == len(text) == 0


def test_vocabularies_may_differ_from_call_to_call(tmp_path: Path) -> None:
    with Index.create(tmp_path / "ix", encoder=None) as index:
        index.add_vectors(["1"], SparseVectors.from_dicts([{"wing": 1, "lift": 2}]))
        index.add_vectors(["2"], SparseVectors.from_dicts([{"lift": 3, "drag": 1}]))
    assert index.rank([{"lift": 1.0}]) == [[("2", 3.0), ("1", 2.0)]]


def test_columns_without_names_are_called_by_number_however_far_apart(tmp_path: Path) -> None:
    """Below 2**20 they are numbered by a table, beyond by a map; each row is found by its own column."""
    columns = [0, 7, 2**20 - 1, 2**20, 2**31, 2**32 - 2]
    with Index.create(tmp_path / "ix", encoder=None) as index:
        for part in (columns[:4], columns[2:]):
            ids = [f"{column}.{len(part)}.{part[0]}" for column in part]
            index.add_vectors(ids, SparseVectors(range(len(part) + 1), part, [1.0] * len(part), 2**32 - 1))
        index.add_vectors(["named"], SparseVectors.from_dicts([{"wing": 1, "#7": 2}]))
    for column in columns:
        query = SparseVectors([0, 1], [column], [1.0], 2**32 - 1)
        found = [name for name, _ in index.rank([query])[0] if name != "named"]
        assert {name.split(".")[0] for name in found} == {str(column)}
        assert len(found) == (2 if column in columns[2:4] else 1)
    assert index.rank([{"#7": 1.0}])[0] == [("named", 2.0), ("7.4.0", 1.0)]


def test_an_encoder_sees_all_queries_at_once(tmp_path: Path) -> None:
    class Counting(Squares):
        calls: ClassVar[list[int]] = []

        def encode_queries(self, texts: Sequence[str]) -> SparseVectors:
            self.calls.append(len(texts))
            return self.encode_documents(texts)

    with Index.create(tmp_path / "ix", Counting()) as index:
        index.add(["a bb", "ccc"])
    index.rank(["a", {"ccc": 1.0}, "bb"])
    index.search_batch(["a", "bb", "ccc"])
    assert Counting.calls == [2, 3]
