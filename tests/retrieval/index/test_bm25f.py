"""BM25F equals its formula over fields, and declared fields are text or values as declared."""

from __future__ import annotations

import json
import math
import random
from collections import Counter
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings, strategies as st

from gossamer import Index
from gossamer.errors import UsageError
from gossamer.retrieval import BM25Encoder, Field, TextField
from gossamer.retrieval.index.schema import declared
from gossamer.text import passages
from gossamer.text.analysis import analyzer
from gossamer.text.documents import Document, Span

STANDARD = analyzer("standard")


def rows_by_field(document: Document, encoder: BM25Encoder, words: int | None) -> list[dict[str, list[str]]]:
    """The terms of each field of each passage: the definition that the index is held against."""
    rows = []
    headings = {s.start: s for s in document.spans if s.kind == "heading"}
    for passage in passages.split(document, words):
        fields = {name: a.terms(str(document.fields.get(name, ""))) for name, a in encoder.field_analyzers.items()}
        shows_title = bool(document.title) and passage.text.startswith(document.title)
        fields["title"] = [] if shows_title else encoder.analyzer.terms(document.title)
        fields["headings"] = [t for h in passage.headings if h != document.title for t in encoder.analyzer.terms(h)]
        own = headings.get(passage.start)
        border = len(document.title) if shows_title else own.end - own.start if own else 0
        tokens = encoder.analyzer(passage.text)
        fields["title" if shows_title else "headings"] += [t.term for t in tokens if t.start < border]
        fields["body"] = [t.term for t in tokens if t.start >= border]
        rows.append(fields)
    return rows


def oracle(documents: list[Document], encoder: BM25Encoder, words: int | None, query: list[str]) -> dict[str, float]:
    """Scores of the documents that hold a word, by the formula."""
    scoring = encoder.scoring
    rows = [(d.id, row) for d in documents for row in rows_by_field(d, encoder, words)]
    means = {}
    for name, _, _ in scoring.fields:
        lengths = [len(row[name]) for _, row in rows if row[name]]
        means[name] = sum(lengths) / len(lengths) if lengths else 0
    best: dict[str, float] = {}
    for identifier, row in rows:
        score, matched = 0.0, False
        for term, count in sorted(Counter(query).items()):
            df = sum(any(term in terms for terms in other.values()) for _, other in rows)
            frequency = 0.0
            for name, weight, b in scoring.fields:
                if row[name]:
                    norm = 1 - b + b * len(row[name]) / means[name]
                    frequency += weight * row[name].count(term) / norm
            if any(term in terms for terms in row.values()):
                matched = True
                idf = math.log(1 + (len(rows) - df + 0.5) / (df + 0.5))
                score += count * idf * frequency / (frequency + scoring.k1)
        if matched:
            best[identifier] = max(score, best.get(identifier, 0.0))
    return best


def some_documents(n: int, seed: int) -> list[Document]:
    rng = random.Random(seed)

    def words(most: int) -> str:
        return " ".join(rng.choice("abcdefghij") * rng.randint(1, 2) for _ in range(rng.randint(0, most)))

    documents = []
    for i in range(n):
        title, text, spans = words(3), words(30), []
        if rng.random() < 0.3 and title:
            text = f"{title}\n{text}"
        for level in (1, 2):
            if rng.random() < 0.5 and (heading := words(2)):
                start = len(text) + 2
                text += f"\n\n{heading}\n\n{words(25)}."
                spans.append(Span("heading", start, start + len(heading), heading, level))
        documents.append(Document(str(i), text, title, {"brand": words(2), "note": words(6)}, spans))
    return documents


def assert_ranks_as(index: Index, want: dict[str, float], query: list[str]) -> None:
    got = index.rank([" ".join(query)], k=1000)[0]
    assert dict(got) == pytest.approx(want, rel=1e-6, abs=1e-9)
    assert [s for _, s in got] == sorted((s for _, s in got), reverse=True)


@pytest.mark.parametrize("passage_words", [None, 12])
@pytest.mark.parametrize("threads", [1, 3])
def test_it_equals_the_formula(tmp_path: Path, passage_words: int | None, threads: int) -> None:
    fields = {"brand": 2.5, "note": TextField(0.5, b=0.1), "title": 4, "headings": TextField(1.5, b=1.0)}
    encoder = BM25Encoder(1.1, 0.6, analyzer="standard", fields=fields)
    documents = some_documents(60, seed=1)
    index = Index.create(tmp_path / "ix", encoder, passages=passage_words, threads=threads)
    for part in (documents[:25], documents[25:]):
        index.add(part)
        index.commit()
    rng = random.Random(2)
    for _ in range(25):
        query = [rng.choice("abcdefghijk") * rng.randint(1, 2) for _ in range(rng.randint(1, 5))]
        assert_ranks_as(index, oracle(documents, encoder, passage_words, query), query)


@given(seed=st.integers(0, 2**32), weights=st.lists(st.floats(0, 9), min_size=3, max_size=3))
@settings(max_examples=15, deadline=None)
def test_pruning_deletion_and_merging_change_nothing(seed: int, weights: list[float], tmp_path_factory) -> None:
    folder = tmp_path_factory.mktemp("ix")
    encoder = BM25Encoder(analyzer="standard", fields=dict(zip(("brand", "title", "headings"), weights, strict=True)))
    documents = some_documents(40, seed)
    index = Index.create(folder / "a", encoder, passages=15)
    for part in (documents[:15], documents[15:]):
        index.add(part)
        index.commit()
    queries = ["a bb c", "aa", "j jj a b", "title:a b"]
    for k in (1, 7, 100):
        assert index.rank(queries[:3], k) == index.rank(queries[:3], k, exhaustive=True)
    index.delete([str(i) for i in range(0, 40, 3)])
    index.commit()
    index.merge()
    with Index.create(folder / "b", encoder, passages=15) as fresh:
        fresh.add(d for d in documents if int(d.id) % 3)
    fresh = Index.open(folder / "b")
    assert index.rank(queries, 100, operators=True) == fresh.rank(queries, 100, operators=True)


def test_with_nothing_but_a_body_it_is_lucene(tmp_path: Path) -> None:
    texts = [" ".join(random.Random(i).choices("abcdefg", k=i % 9 + 1)) for i in range(50)]
    ranked = []
    for name, fields in (("plain", None), ("fields", {"title": 3.0})):
        with Index.create(tmp_path / name, BM25Encoder(analyzer="standard", fields=fields)) as index:
            index.add(texts)
        ranked.append(Index.open(tmp_path / name).rank(["a b", "c", "g a f"], 50))
    assert ranked[0] == ranked[1]


def test_a_word_in_the_title_counts_more(tmp_path: Path) -> None:
    with Index.create(tmp_path / "ix", fields="title^5") as index:
        index.add(
            [
                {"id": "body", "title": "Sails", "text": "wing of cloth"},
                {"id": "title", "title": "Wing", "text": "sails of cloth"},
            ]
        )
    assert [one for one, _ in Index.open(tmp_path / "ix").rank(["wing"])[0]] == ["title", "body"]


def test_each_field_has_its_analyser(tmp_path: Path) -> None:
    with Index.create(tmp_path / "ix", fields="maker:text(standard)^2, note:text(german)") as index:
        index.add(
            [
                {"id": "1", "text": "flying wings", "maker": "Wings", "note": "Häuser"},
                {"id": "2", "text": "flying", "maker": ["Wing", "Sail"], "note": ""},
            ]
        )
    index = Index.open(tmp_path / "ix")
    queries = {"maker:wings": "1", "maker:wing": "2", "note:haus": "1", "body:wing": "1", "-maker:sail": "1"}
    assert {query: index.search(query)[0].id for query in queries} == queries
    assert {len(index.search(query)) for query in queries} == {1}
    [hit] = index.search("wings", explain=True, where='maker = "Wings"')
    assert [c.term for c in hit.explanation] == ["wing", "wings"]
    assert sum(c.contribution for c in hit.explanation) == pytest.approx(hit.score)
    assert index.plan("maker:wings -maker:sail").required == ['maker:"wings"']
    stats = index.stats()["fields"]
    assert stats["maker"] == {"type": "text", "weight": 2.0, "b": 0.75, "analyzer": "standard"}
    assert list(stats) == ["maker", "note", "title", "headings", "body"]


class TestValues:
    @pytest.fixture
    def index(self, tmp_path: Path) -> Index:
        fields = "year:integer, price:float, sku:keyword, on:date, new:boolean"
        with Index.create(tmp_path / "ix", fields=fields) as index:
            index.add(
                [
                    {"id": "1", "text": "a", "year": "1984", "price": "2.5", "sku": "007", "on": "2024", "new": "yes"},
                    {
                        "id": "2",
                        "text": "a",
                        "year": [1990, "1991"],
                        "price": 3,
                        "sku": 7,
                        "on": "2024-03-05",
                        "new": 0,
                    },
                    {"id": "3", "text": "a", "year": "", "price": None},
                ]
            )
        return Index.open(tmp_path / "ix")

    @pytest.mark.parametrize(
        ("where", "ids"),
        [
            ("year < 1985", ["1"]), ("year = 1991", ["2"]), ("price >= 2.5", ["1", "2"]), ("sku = 7", ["2"]),
            ("sku = 007", ["1"]), ("on = 2024", ["1", "2"]), ("on >= 2024-02", ["2"]), ("on < 2024-02", ["1"]),
            ("new = true", ["1"]), ("new = false", ["2"]), ("not exists(price)", ["3"]),
        ],
    )  # fmt: skip
    def test_are_compared_as_their_type(self, index: Index, where: str, ids: list[str]) -> None:
        assert [hit.id for hit in index.search("a", where=where)] == ids

    def test_of_another_type_in_a_filter_are_refused(self, index: Index) -> None:
        for where in ("year = abc", "on > soon", "new = 3", "price < cheap"):
            with pytest.raises(UsageError, match=where.split()[2]):
                index.search("a", where=where)

    def test_of_another_type_in_a_document_are_refused_or_reported(self, index: Index) -> None:
        bad = {"id": "x", "text": "a", "year": "19x4"}
        with pytest.raises(UsageError, match=r"document 'x': field year: '19x4' is not an integer"):
            index.add([{"id": "y", "text": "a"}, bad])
        refused = []
        assert index.add([{"id": "y", "text": "a"}, bad], on_refused=lambda *one: refused.append(one)) == 1
        index.commit()
        assert [one for one, _ in refused] == ["x"]
        assert "y" in index
        assert "x" not in index

    def test_long_integers_stay_exact_in_the_document(self, tmp_path: Path) -> None:
        with Index.create(tmp_path / "long", fields="n:integer") as index:
            index.add([{"id": "1", "text": "a", "n": str(10**30)}])
        assert Index.open(tmp_path / "long").get("1").fields["n"] == 10**30


class TestDeclarations:
    def test_a_line_reads_as_the_mapping(self) -> None:
        line = "title^3, brand:text^2.5 ,abstract:text(ngram(3, 3)), year:integer"
        assert declared(line) == {
            "title": Field(weight=3), "brand": Field(weight=2.5), "abstract": Field(analyzer="ngram(3, 3)"),
            "year": Field("integer"),
        }  # fmt: skip

    @pytest.mark.parametrize(
        ("line", "message"),
        [
            ("title^^3", "character 1"), ("a:int", "int"), ("a:integer^2", "weight"), ("a, a", "twice"),
            ("a b", "cannot read"), ("title:keyword", "title"), ("title:text(german)", "analyzer"),
            ("a^1.2.3", "not a number"), ("a:text(klingon)", "klingon"),
            (",".join(f"f{i}" for i in range(30)), "limit is 32"),
        ],
    )  # fmt: skip
    def test_wrong_ones_are_refused(self, tmp_path: Path, line: str, message: str) -> None:
        with pytest.raises(UsageError, match=message):
            Index.create(tmp_path / "ix", fields=line)
        assert not (tmp_path / "ix" / "manifest.json").exists()

    @given(st.text(max_size=40))
    @settings(max_examples=200, deadline=None)
    def test_any_line_parses_or_is_refused(self, line: str) -> None:
        with suppress(UsageError):
            declared(line)

    def test_an_encoder_keeps_them(self) -> None:
        encoder = BM25Encoder(fields={"brand": TextField(2, 0.3, "german"), "title": 3})
        again = BM25Encoder.from_dict(json.loads(json.dumps(encoder.to_dict())))
        assert again.scoring == encoder.scoring
        assert again.field_analyzers == encoder.field_analyzers
