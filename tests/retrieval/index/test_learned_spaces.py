"""A learned encoder in an index: remembered by reference, found again, and scored with BM25 as one sum."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, ClassVar

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from learned_model import IDF, WORDS, Row, document_vector, encoder, query_vector

from gossamer import Index, SparseEncoder, SparseVectors
from gossamer.errors import GossamerError, UsageError
from gossamer.retrieval import BM25Encoder
from gossamer.retrieval.encoders import origin
from gossamer.text.documents import Document

FUSION = 0.25


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The model's folder, with the weight that its training found."""
    folder = tmp_path_factory.mktemp("models") / "tiny"
    encoder().save_pretrained(folder)
    config = folder / "gossamer.json"
    config.write_text(json.dumps(json.loads(config.read_text()) | {"fusion_weight": FUSION, "card": {"version": 7}}))
    return folder


@pytest.fixture
def model(saved: Path, tmp_path: Path) -> Path:
    """A copy that a test may move and damage."""
    return Path(shutil.copytree(saved, tmp_path / "model"))


def filled(path: Path, asked: Any, **options: Any) -> Index:
    with Index.create(path, asked, **options) as index:
        index.add(
            [Document("a", "The wing of the keel."), Document("b", "Lift, drag."), Document("c", "A boat, a sail.")]
        )
    return Index.open(path)


# --- remembered by reference ---------------------------------------------------------------------------------------


def test_a_folder_is_found_again(tmp_path: Path, model: Path) -> None:
    index = filled(tmp_path / "ix", model)
    [(first, score)] = index.rank(["airfoil"])[0]
    assert (first, score) == ("a", pytest.approx(IDF["airfoil"] * np.log1p(3.0)))
    assert index.search("boat")[0].id == "a"  # through the keel
    told = index.stats()["spaces"][0]
    assert (told["encoder"], told["model"], told["weight"]) == ("learned", str(model), 1.0)
    assert told["entries"] == sum(len(document_vector(t)) for t in ("the wing of the keel", "lift drag", "boat sail"))
    assert told["entries_per_passage"] == pytest.approx(told["entries"] / 3)
    with Index.open(tmp_path / "ix") as again:
        assert again.add([Document("b", "An airfoil.")]) == 1
    assert {i for i, _ in Index.open(tmp_path / "ix").rank(["airfoil"])[0]} == {"a", "b"}


def test_an_encoder_object_is_remembered_by_its_folder_until_it_is_trained(tmp_path: Path, model: Path) -> None:
    loaded = SparseEncoder.from_pretrained(model, runtime="torch")
    filled(tmp_path / "ix", loaded)
    assert Index.open(tmp_path / "ix").rank(["airfoil"])[0][0][0] == "a"
    loaded.train()
    loaded.eval()
    filled(tmp_path / "trained", loaded)
    assert Index.open(tmp_path / "trained").stats()["spaces"][0]["encoder"] == "unsaved"
    with pytest.raises(UsageError, match="open it with encoder="):
        Index.open(tmp_path / "trained").search("airfoil")
    assert Index.open(tmp_path / "trained", encoder=loaded).search("airfoil")[0].id == "a"


def test_without_the_model_all_but_texts_works(tmp_path: Path, model: Path) -> None:
    filled(tmp_path / "alone", model)
    filled(tmp_path / "both", {"bm25": "bm25", "learned": model})
    shutil.rmtree(model)
    alone, both = Index.open(tmp_path / "alone"), Index.open(tmp_path / "both")
    assert alone.rank([{"airfoil": 1.0}])[0][0][0] == "a"
    assert alone.search(SparseVectors.from_dicts([{"boat": 1.0}]))[0].id == "a"
    assert [hit.id for hit in both.search("wings", weights={"learned": 0})] == ["a"]
    assert both.search(like="a", weights={"learned": 0}) == []
    assert alone.verify().ok
    assert alone.stats()["spaces"][0]["model"] == str(model)
    assert [one.id for one in both.documents()] == ["a", "b", "c"]
    assert alone.delete(["b"]) == 1
    alone.merge()
    said = rf"the encoder {model}, which is gone; say where .*Index.open\(path, encoder=DIR\).*--encoder DIR"
    for index in (alone, both):
        with pytest.raises(GossamerError, match=said) as raised:
            index.search("airfoil")
        assert raised.value.exit_code == 1
    with pytest.raises(GossamerError, match="which is gone"):
        alone.add(["more"])
    assert len(alone) == 2


def test_a_moved_model_is_told_once(tmp_path: Path, model: Path) -> None:
    filled(tmp_path / "ix", {"bm25": "bm25", "learned": model})
    moved = model.rename(tmp_path / "elsewhere")
    for place in (moved, str(moved), {"learned": moved}, SparseEncoder.from_pretrained(moved)):
        assert Index.open(tmp_path / "ix", encoder=place).search("airfoil")[0].id == "a"
    with pytest.raises(GossamerError, match="which is gone"):
        Index.open(tmp_path / "ix").search("airfoil")
    with Index.open(tmp_path / "ix", encoder=moved) as index:
        index.delete(["c"])
    assert Index.open(tmp_path / "ix").search("airfoil")[0].id == "a"
    assert Index.open(tmp_path / "ix").stats()["spaces"][1]["model"] == str(moved)


def test_a_changed_model_is_refused(tmp_path: Path, model: Path) -> None:
    filled(tmp_path / "ix", model)
    encoder({"wing": {"boat": 1.0}}).save_pretrained(model)
    with pytest.raises(GossamerError, match=f"{model}: not the encoder any more that the index was made with"):
        Index.open(tmp_path / "ix").search("airfoil")
    (model / "README.md").write_text("A model card is no part of the encoder.")


def test_another_model_is_refused(tmp_path: Path, model: Path) -> None:
    filled(tmp_path / "ix", model)
    encoder({"wing": {"boat": 1.0}}).save_pretrained(tmp_path / "other")
    others = [tmp_path / "other", SparseEncoder.from_pretrained(tmp_path / "other"), encoder(), BM25Encoder()]
    for other in others:
        with pytest.raises(UsageError, match=r"made with another encoder: .*fingerprint") as raised:
            Index.open(tmp_path / "ix", encoder=other)
        assert raised.value.exit_code == 2
    (model / "README.md").write_text("A model card is no part of the encoder.")
    (model / "checkpoint-100").mkdir()
    (model / "checkpoint-100" / "state.safetensors").write_bytes(b"of a training")
    assert Index.open(tmp_path / "ix").search("airfoil")[0].id == "a"


@pytest.mark.parametrize(
    ("name", "match"),
    [
        ("no/such/model", "no such folder"),
        ("/no/such", "no such folder"),
        ("bm52", "no such folder"),
        (".", "not found"),
    ],
)
def test_what_is_no_encoder_makes_no_index(tmp_path: Path, name: str, match: str) -> None:
    with pytest.raises(UsageError, match=match):
        Index.create(tmp_path / "ix", name)
    assert not (tmp_path / "ix").exists()


# --- beside BM25 ---------------------------------------------------------------------------------------------------


def test_our_model_stands_beside_bm25_with_the_weight_of_its_training(
    tmp_path: Path, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(origin, "_OUR_FOLDER", model)
    index = filled(tmp_path / "ix", "gossamer")
    spaces = index.stats()["spaces"]
    assert [(s["name"], s["weight"]) for s in spaces] == [("bm25", 1.0), ("learned", FUSION)]
    assert (spaces[1]["model"], spaces[1]["version"]) == ("gossamer", "7")
    hit = index.search("airfoil", explain=True)[0]
    assert hit.id == "a"
    assert hit.score == pytest.approx(FUSION * IDF["airfoil"] * np.log1p(3.0))
    given = filled(tmp_path / "given", {"bm25": "bm25", "learned": "gossamer"}, weights={"learned": 2})
    assert [s["weight"] for s in given.stats()["spaces"]] == [1.0, 2.0]
    assert filled(tmp_path / "fields", "gossamer", fields="maker^2").stats()["fields"]["maker"]["weight"] == 2
    encoder({"wing": {"boat": 1.0}}).save_pretrained(model)
    with pytest.raises(GossamerError, match=r"another release of the model 'gossamer' \(version 7, .*install that"):
        Index.open(tmp_path / "ix").search("airfoil")
    monkeypatch.setattr(origin, "_OUR_FOLDER", tmp_path / "none")
    with pytest.raises(UsageError, match="this installation has no model 'gossamer'"):
        Index.create(tmp_path / "new", "gossamer")


texts = st.lists(st.sampled_from([word for word in WORDS if word.isalpha()]), max_size=6).map(" ".join)
ids = st.sampled_from("abcdef")
steps = st.lists(
    st.one_of(
        st.tuples(st.just("add"), st.lists(st.tuples(ids, texts), min_size=1, max_size=5)),
        st.tuples(st.just("delete"), st.lists(ids, max_size=2)),
        st.tuples(st.sampled_from(["commit", "merge", "reopen"]), st.none()),
    ),
    max_size=10,
)


@settings(max_examples=25, deadline=None)
@given(steps=steps, queries=st.lists(texts, min_size=1, max_size=3), weight=st.sampled_from([0.25, 1.0, 7.0]))
def test_whatever_changes_it_is_one_sum_of_both(saved: Path, steps, queries: list[str], weight: float) -> None:
    """``saved`` is only read; BM25's part is that of an index of its own."""
    rows: dict[str, tuple[str, int]] = {}
    with TemporaryDirectory() as place:
        path = f"{place}/both"
        both = Index.create(path, {"bm25": "bm25", "learned": saved}, weights={"learned": weight}, passages=None)
        alone = Index.create(f"{place}/alone", passages=None)
        for number, (action, argument) in enumerate([*steps, ("commit", None)]):
            if action == "add":
                documents = [Document(i, text, fields={"n": number}) for i, text in argument]
                assert both.add(documents) == alone.add(documents)
                for i, text in argument:
                    rows.pop(i, None)
                    rows[i] = text, number
            elif action == "delete":
                assert both.delete(argument) == alone.delete(argument)
                for i in argument:
                    rows.pop(i, None)
            else:
                for index in (both, alone):
                    index.merge() if action == "merge" else index.commit()
                both = Index.open(path) if action == "reopen" else both
                for query in queries:
                    check(both, alone, {i: text for i, (text, _) in rows.items()}, query, weight)
                    if rows:
                        late = {i: text for i, (text, n) in rows.items() if 2 * n >= number}
                        check(both, alone, late, query, weight, where=f"n >= {number / 2}")
        assert both.verify().ok


def check(both: Index, alone: Index, rows: dict[str, str], query: str, weight: float, where: str | None = None) -> None:
    words = {hit.id: hit for hit in (alone.search(query, 99, operators=False, explain=True) if query else [])}
    want: Row = {}
    for i, text in rows.items():
        shared = query_vector(query).keys() & document_vector(text).keys()
        learned = sum(query_vector(query)[t] * document_vector(text)[t] for t in shared)
        if shared or i in words:
            of_words = sum(part.contribution for part in words[i].explanation) if i in words else 0.0
            want[i] = of_words + weight * learned
    for k in (2, 9):
        for options in ({}, {"exhaustive": True}):
            found = both.rank([query], k, where=where, **options)[0]
            if not query_vector(query):
                continue  # lists what passes
            assert [score for _, score in found] == pytest.approx(sorted(want.values(), reverse=True)[:k], rel=1e-5)
            assert dict(found) == pytest.approx({i: want[i] for i, _ in found}, rel=1e-5)
    for hit in both.search(query, 9, where=where, explain=True, operators=False) if query_vector(query) else []:
        assert np.float32(sum(part.contribution for part in hit.explanation)) == hit.score


def test_passages_of_a_document_count_by_the_best(tmp_path: Path, saved: Path) -> None:
    index = filled(tmp_path / "ix", {"bm25": "bm25", "learned": saved}, passages=3)
    with index:
        index.add([Document("long", "The wing of drag. The keel of the boat. Lift of the sail.")])
    for query in ("airfoil", "boat lift", "wing drag keel"):
        assert index.rank([query], 9) == index.rank([query], 9, exhaustive=True)
    assert next(hit for hit in index.search("airfoil") if hit.id == "long").passage.text == "The wing of"


def test_whole_documents_are_read_in_windows(tmp_path: Path, saved: Path) -> None:
    text = "drag " * 100 + "wing " + "of " * 100  # of 62 pieces at a time
    with Index.create(tmp_path / "ix", saved, passages=None) as index:
        index.add([Document("a", text)])
    hit = Index.open(tmp_path / "ix").search("airfoil drag", explain=True)[0]
    assert {part.term: part.document_weight for part in hit.explanation} == pytest.approx(
        {term: document_vector(text)[term] for term in ("airfoil", "drag")}
    )
    assert {part.term: (part.literal, part.through) for part in hit.explanation} == {
        "airfoil": (False, "wing"), "drag": (True, "")
    }  # fmt: skip


class Watched(SparseEncoder):
    """Remembers how much it was given at a time, and how many threads it may use."""

    terms: ClassVar[list[str]] = ["x"]
    threads = 0

    def __init__(self) -> None:
        self.seen: list[int] = []

    def encode_documents(self, texts: Sequence[str]) -> SparseVectors:
        self.seen.append(sum(map(len, texts)))
        return SparseVectors.from_dicts([{"x": 1.0} for _ in texts], self.terms)

    encode_queries = encode_documents

    def use_threads(self, threads: int) -> None:
        self.threads = threads


def test_an_encoder_is_given_little_at_a_time(tmp_path: Path) -> None:
    watched = Watched()
    with Index.create(tmp_path / "ix", watched, threads=1, passages=100) as index:
        assert index.add(Document(str(i), "word " * 2000) for i in range(100)) == 100
    assert watched.threads == 1
    assert len(watched.seen) > 5
    assert max(watched.seen) < 200_000
    assert sum(watched.seen) > 900_000


def test_long_texts_are_told_of_once(tmp_path: Path, saved: Path, caplog: pytest.LogCaptureFixture) -> None:
    with Index.create(tmp_path / "ix", saved, passages=None) as index:
        for i in range(3):
            index.add([Document(str(i), "wing " * 200)])
    assert [one.getMessage() for one in caplog.records if one.levelname == "WARNING"] == [
        "1 of 1 texts are longer than 62 word pieces: they were read in windows"
    ]


def test_queries_without_known_words(tmp_path: Path, saved: Path) -> None:
    alone, both = filled(tmp_path / "alone", saved), filled(tmp_path / "both", {"bm25": "bm25", "learned": saved})
    assert alone.search("Flügel 翼") == []
    assert alone.search("") == alone.search("  ") == both.search("") == []
    assert [hit.id for hit in both.search("Flügel boat")] == ["c", "a"]
    assert [(hit.id, hit.score) for hit in both.search("-boat")] == [
        ("a", 0.0),
        ("b", 0.0),
    ]  # lists, and scores nothing
    assert [hit.id for hit in both.search("boat -keel")] == ["c"]
    assert [i for i, _ in both.rank([{"bm25": "lift", "learned": "airfoil"}])[0]] == ["a", "b"]


# --- explained -------------------------------------------------------------------------------------------------------


def test_an_expansion_names_the_word_through_which_it_came(tmp_path: Path, saved: Path) -> None:
    with Index.create(tmp_path / "ix", {"bm25": "bm25", "learned": saved}) as index:
        index.add([Document("a", "Of lift: the Wings and keels; drag.", title="Sail")])
    query = "airfoil boat keel drag zebra"
    hit = Index.open(tmp_path / "ix").search(query, explain=True)[0]
    told = {(part.space, part.term): (part.literal, part.through, part.origin) for part in hit.explanation}
    assert told == {
        ("bm25", "drag"): (None, "", ""),
        ("bm25", "keel"): (None, "", ""),
        ("learned", "boat"): (False, "keels", "through keels"),  # 2.0 through it, and 1.0 through the title's sail
        ("learned", "drag"): (True, "", ""),
        ("learned", "keel"): (True, "keels", "in keels"),
    }
    assert [hit.document.text[a:b] for a, b in hit.highlights] == ["keels", "drag"]
    [boat] = [part.to_dict() for part in hit.explanation if part.term == "boat"]
    assert (boat["literal"], boat["through"]) == (False, "keels")
    assert hit.score == np.float32(sum(part.contribution for part in hit.explanation))


def test_words_of_expansions_are_highlighted_where_they_are_explained(tmp_path: Path, saved: Path) -> None:
    with Index.create(tmp_path / "ix", saved) as index:
        index.add([Document("a", "The wing, of lift."), Document("b", "The sail of the boat")])
    index = Index.open(tmp_path / "ix")

    def marked(query: str, explain: bool) -> list[list[str]]:
        hits = index.search(query, explain=explain)
        return [[hit.document.text[a:b] for a, b in hit.highlights] for hit in hits]

    assert marked("airfoil lift", explain=True) == [["wing", "lift"]]
    assert marked("airfoil lift", explain=False) == [["lift"]]
    assert marked("boat", explain=True) == [["boat"]]


def test_the_source_is_the_position_with_the_largest_logit() -> None:
    """Against the logits of all positions, with a network that reads the context."""
    import torch

    from gossamer.retrieval.encoders.learned import build
    from gossamer.retrieval.training.planted import untrained

    words = [f"w{i}" for i in range(40)]
    model = build(untrained(words, layers=2, seed=3), "static", "mlm", shared=True, table=torch.ones(45))
    rng = np.random.default_rng(0)
    texts = [" ".join(rng.choice(words, size=n)) for n in (3, 20, 50, 150)]
    rows = model.encode_documents(texts).to_dicts()
    with torch.no_grad():
        for text, row, sources in zip(texts, rows, model.sources(texts, rows), strict=True):
            assert sources.keys() == row.keys()
            spoken = text.split()
            pieces = model.document.backbone.pieces([text])[0]
            room, peaks = model.document.room, []
            for start in range(0, max(1, len(pieces) - room // 8), room - room // 8):
                part = model.document.backbone.tokens([pieces[start : start + room]], special_positions=True)
                logits = model.document.backbone.vocabulary(model.document.backbone(part).transformed)[0, 1:-1]
                peaks.append((start, logits))
            for term, source in sources.items():
                assert source.literal == (term in spoken)
                column = model.terms.index(term)
                best = max(
                    ((logits[:, column].max(), start, logits) for start, logits in peaks), key=lambda one: one[0]
                )
                place = best[1] + int(best[2][:, column].argmax())
                assert source.word == (term if source.literal else spoken[place])
    assert sum(not one.literal for found in model.sources(texts, rows) for one in found.values()) > 20
