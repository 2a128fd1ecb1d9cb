"""Several spaces in one index: a score is one sum over the terms of all, whatever is added, deleted or merged."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, ClassVar

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from oracle import Corpus
from test_block_spaces import TERMS, Row, sections, stored, topical, vectors as rows_of_weights
from test_formats import put_manifest

from gossamer import Index, SparseEncoder, SparseVectors
from gossamer.errors import UsageError
from gossamer.retrieval import BM25Encoder, Uncalibrated
from gossamer.text.documents import Document

WORDS = ["wing", "lift", "drag", "keel", "sail"]
Explained = dict[str, list[tuple[str, float, float, float]]]


def two_spaces(path: Path | str, **options: Any) -> Index:
    """Text, and vectors made elsewhere."""
    return Index.create(path, {"bm25": "bm25", "made": None}, passages=None, **options)


texts = st.lists(st.sampled_from(WORDS), max_size=6).map(" ".join)
ids = st.sampled_from("abcdefgh")
steps = st.lists(
    st.one_of(
        st.tuples(st.just("add"), st.lists(st.tuples(ids, texts, rows_of_weights), min_size=1, max_size=5)),
        st.tuples(st.just("delete"), st.lists(ids, max_size=3)),
        st.tuples(st.sampled_from(["commit", "merge"]), st.none()),
    ),
    max_size=12,
)
queries = st.tuples(texts, rows_of_weights, st.sampled_from([0.0, 1.0, 0.25, 1e6]), st.sampled_from([0.0, 1.0, 3.0]))


@settings(max_examples=40, deadline=None)
@given(steps=steps, asked=st.lists(queries, min_size=1, max_size=4))
def test_any_sequence_of_changes_ranks_as_brute_force(steps, asked) -> None:
    rows: dict[str, Row] = {}
    added: dict[str, int] = {}
    with TemporaryDirectory() as path:
        both, text = two_spaces(f"{path}/both"), Index.create(f"{path}/text", passages=None)
        for number, (action, argument) in enumerate([*steps, ("commit", None)]):
            if action == "add":
                fresh = {i: (words, row) for i, words, row in argument}
                documents = [Document(i, words, fields={"n": number}) for i, (words, _) in fresh.items()]
                vectors = SparseVectors.from_dicts([row for _, row in fresh.values()], TERMS)
                both.add_vectors(fresh, vectors, documents)
                text.add(documents)
                for i, (_, row) in fresh.items():
                    rows.pop(i, None)
                    rows[i], added[i] = stored(row, "f32"), number
            elif action == "delete":
                assert both.delete(argument) == text.delete(argument)
                for i in argument:
                    rows.pop(i, None)
            else:
                for index in (both, text):
                    index.commit() if action == "commit" else index.merge()
                for query in asked:
                    check(both, text, rows, *query)
                    if rows:
                        late = {i: row for i, row in rows.items() if added[i] >= number // 2}
                        check(both, text, late, *query, where=f"n >= {number // 2}")
        assert both.verify().ok


def check(
    both: Index, text: Index, rows: dict[str, Row], words: str, vector: Row, w_made: float, w_text: float,
    where: str | None = None,
) -> None:  # fmt: skip
    """``rows`` in order of insertion; what text adds is what it adds in an index of its own."""
    weights = {"made": w_made, "bm25": w_text}
    of_text: Explained = {
        hit.id: [(c.term, c.query_weight, c.document_weight, c.contribution) for c in hit.explanation]
        for hit in (text.search(words, 99, explain=True, operators=False) if words and w_text else [])
    }
    found = []
    for i, row in rows.items():
        parts = [w_text * q * d for _, q, d, _ in of_text.get(i, [])]
        shared = sorted(vector.keys() & row.keys(), key=str.encode) if w_made else []
        parts += [float(np.float32(w_made * vector[t])) * row[t] for t in shared]
        if parts:
            found.append((float(np.float32(sum(parts))), i))
    query = {"bm25": words, "made": vector}
    for k in (2, 9):
        want = [(i, s) for s, i in sorted(found, key=lambda one: -one[0])[:k]]
        for exhaustive in (False, True):
            options = {"where": where, "weights": weights, "exhaustive": exhaustive}
            if want or where is None:
                assert both.rank([query], k, **options) == [want]
    scores = {i: s for s, i in found}
    for hit in both.search(query, 9, where=where, weights=weights, explain=True, operators=False) if scores else []:
        assert hit.score == scores[hit.id]
        assert np.float32(sum(c.contribution for c in hit.explanation)) == hit.score
        assert [c.term for c in hit.explanation if c.space == "bm25"] == [t for t, *_ in of_text.get(hit.id, [])]
        assert all(c.contribution == c.query_weight * c.document_weight for c in hit.explanation)


def corpus(n: int, seed: int) -> tuple[list[str], SparseVectors]:
    """Texts of a few of a hundred words, the first the most frequent, and vectors."""
    rng = np.random.default_rng(seed)
    words = [f"w{i}" for i in range(100)]
    texts = [" ".join(words[w] for w in rng.zipf(1.2, rng.integers(1, 20)) % 100) for _ in range(n)]
    return texts, topical(n, seed)


def filled(path: Path, parts: list[tuple[list[str], SparseVectors]], **options: Any) -> Index:
    """An index with a segment for each part."""
    index = two_spaces(path, **options)
    for number, (texts, vectors) in enumerate(parts):
        names = [f"{number}.{i}" for i in range(len(texts))]
        index.add_vectors(names, vectors, [Document(i, text) for i, text in zip(names, texts, strict=True)])
        index.commit()
    return index


def asked(n: int, seed: int) -> list[dict[str, Any]]:
    texts, vectors = corpus(n, seed)
    rows = [{t: -w if i % 7 == 6 else w for i, (t, w) in enumerate(row.items())} for row in vectors.to_dicts()]
    return [{"bm25": " ".join(text.split()[:5]), "made": row} for text, row in zip(texts, rows, strict=True)]


@pytest.mark.parametrize("variant", ["robertson", "lucene", "bm25l", "bm25plus", "tfidf", "ql_dirichlet"])
def test_every_scoring_of_text_is_one_sum_with_vectors(tmp_path: Path, variant: str) -> None:
    encoder = BM25Encoder(variant=variant, analyzer="standard")
    texts, vectors = corpus(300, 1)
    with Index.create(tmp_path / "ix", {"text": encoder, "made": None}, passages=None, weights={"made": 0.3}) as index:
        names = [str(i) for i in range(300)]
        index.add_vectors(names, vectors, [Document(i, t) for i, t in zip(names, texts, strict=True)])
    oracle, rows = Corpus([text.split() for text in texts]), vectors.to_dicts()
    for query in asked(10, 2):
        words, weights, of_text = query["bm25"].split(), query["made"], []
        want = []
        for i, row in enumerate(rows):
            shared = weights.keys() & row.keys()
            of_text = oracle.score(encoder.scoring, words, i)
            if of_text is None and not shared:
                continue
            if of_text is None:
                of_text = 0.0
                if variant == "ql_dirichlet":  # what a passage owes to its length alone
                    of_text = len(words) * np.log(encoder.scoring.mu / (oracle.lengths[i] + encoder.scoring.mu))
            want.append((-(of_text + sum(0.3 * weights[t] * row[t] for t in shared)), i))
        got = index.rank([{"text": query["bm25"], "made": weights}], 20)[0]
        assert [s for _, s in got] == pytest.approx([-s for s, _ in sorted(want)[:20]], rel=1e-5)
        assert got == index.rank([{"text": query["bm25"], "made": weights}], 20, exhaustive=True)[0]


def test_it_prunes_and_is_exact_over_windows_and_segments(tmp_path: Path) -> None:
    index = filled(tmp_path / "ix", [corpus(40_000, 1), corpus(3000, 2)], values="f16")
    index.delete([f"0.{i}" for i in range(0, 40_000, 3)])
    index.commit()
    queries = asked(12, 3)
    for weights in ({"made": 1.0}, {"made": 0.01}, {"made": 30.0, "bm25": 2.0}):
        for k in (1, 10, 200):
            assert index.rank(queries, k, weights=weights) == index.rank(queries, k, weights=weights, exhaustive=True)
    plans = [index.plan(query) for query in queries]
    assert {plan.traversal for plan in plans} == {"pruned"}
    assert sum(plan.scored for plan in plans) < 0.05 * sum(index.count(query) for query in queries)
    assert {one.space for one in plans[0].terms} == {"bm25", "made"}
    merged = index.rank(queries, 10, weights={"bm25": 0.0})  # statistics of text count what a merge drops
    index.merge()
    assert index.rank(queries, 10, weights={"bm25": 0.0}) == merged
    assert index.rank(queries, 10) == index.rank(queries, 10, exhaustive=True)


def test_passages_of_a_document_count_by_the_best(tmp_path: Path) -> None:
    index = Index.create(tmp_path / "ix", {"bm25": "bm25", "counts": Counts()}, passages=4)
    rng = np.random.default_rng(5)
    for number in range(200):
        index.add([Document(str(number), ". ".join(" ".join(rng.choice(WORDS, 3)) for _ in range(rng.integers(1, 5))))])
    index.commit()
    for query in (["wing lift"], ["sail keel drag"], ["drag drag wing"]):
        for k in (1, 7, 300):
            assert index.rank(query, k) == index.rank(query, k, exhaustive=True)
    parts = {c.space for c in index.search("wing lift", explain=True)[0].explanation}
    assert parts == {"bm25", "counts"}


class Counts(SparseEncoder):
    """Half of how often each word stands in a text; another word for every word of a query, too."""

    terms: ClassVar[list[str]] = WORDS

    def encode_documents(self, texts: Sequence[str]) -> SparseVectors:
        return SparseVectors.from_dicts(
            [{w: t.split().count(w) / 2 for w in WORDS} for t in (text.lower().replace(".", " ") for text in texts)],
            WORDS,
        )

    def encode_queries(self, texts: Sequence[str]) -> SparseVectors:
        self.asked = list(texts)
        return SparseVectors.from_dicts(
            [{one: 1.0 for w in t.split() if w in WORDS for one in (w, WORDS[WORDS.index(w) - 1])} for t in texts],
            WORDS,
        )

    def to_dict(self) -> dict[str, Any]:
        return {"type": "counts"}

    @classmethod
    def from_dict(cls, settings: dict[str, Any]) -> Counts:
        return cls()


@pytest.fixture
def mixed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Index:
    monkeypatch.setitem(SparseEncoder.types, "counts", f"{__name__}:Counts")
    with Index.create(tmp_path / "mixed", {"learned": Counts(), "bm25": "bm25"}, weights={"learned": 0.5}) as index:
        index.add(["The wing makes lift.", "A keel stops drift.", "Sails lift the keel."])
    return Index.open(tmp_path / "mixed")


def test_a_text_query_asks_every_space(mixed: Index) -> None:
    first, second = mixed.search("lift", explain=True)
    assert (first.id, second.id) == ("0", "2")
    assert [(c.space, c.term) for c in first.explanation] == [
        ("bm25", "lift"),
        ("learned", "lift"),
        ("learned", "wing"),
    ]
    assert first.explanation[2].to_dict() == {
        "term": "wing", "query_weight": 0.5, "document_weight": 0.5, "contribution": 0.25, "space": "learned"
    }  # fmt: skip
    assert [first.document.text[a:b] for a, b in first.highlights] == ["wing", "lift"]
    assert first.score == np.float32(sum(c.contribution for c in first.explanation))
    alone = mixed.search("lift", weights={"learned": 0}, explain=True)
    assert {c.space for hit in alone for c in hit.explanation} == {"bm25"}


def test_operators_restrict_and_the_rest_is_encoded(mixed: Index) -> None:
    encoder = mixed._encoders[1]
    assert [hit.id for hit in mixed.search("lift -keel")] == ["0"]
    assert encoder.asked == ["lift"]
    assert {hit.id for hit in mixed.search('"lift the keel" wing')} == {"2"}
    assert mixed.count("drift") == 1
    assert mixed.count("lift") == 2  # "wing" joins it, of whose documents one holds "lift"
    assert [hit.id for hit in mixed.search("lfit")] == [
        hit.id for hit in mixed.search("lift")
    ]  # put right, then encoded
    assert encoder.asked == ["lift"]
    assert mixed.search(like="0")[0].id == "2"


def test_queries_say_what_they_ask_of_which_space(mixed: Index) -> None:
    by_space = mixed.rank([{"learned": {"wing": 2.0}}, {"bm25": "drift"}, {"bm25": {"keel": 1.0}, "learned": "wing"}])
    assert by_space[0] == [("0", 0.5)]
    assert [i for i, _ in by_space[1]] == ["1"]
    assert by_space == mixed.rank(
        [{"learned": {"wing": 2.0}}, {"bm25": "drift"}, {"bm25": {"keel": 1.0}, "learned": "wing"}], exhaustive=True
    )
    for wrong in ({"wing": 1.0}, {"other": "wing"}, SparseVectors.from_dicts([{"wing": 1.0}])):
        with pytest.raises(UsageError, match="this index has the spaces bm25, learned: a query is text"):
            mixed.search(wrong)
    with pytest.raises(UsageError, match="no space 'x'; it has bm25, learned"):
        mixed.search("wing", weights={"x": 1})
    with pytest.raises(UsageError, match="'learned' is -1"):
        mixed.search("wing", weights={"learned": -1})


def test_several_spaces_are_searched_exactly_whatever_recall_is_asked(mixed: Index) -> None:
    with pytest.warns(Uncalibrated, match="proven over several spaces: this one is exact"):
        assert mixed.rank(["lift"], recall=0.9) == mixed.rank(["lift"])
    with pytest.raises(UsageError, match="several spaces are always searched exactly"):
        mixed.tune()


def test_an_index_of_one_space_takes_no_query_by_space(tmp_path: Path) -> None:
    with Index.create(tmp_path / "ix", encoder=None) as index:
        index.add_vectors("a", SparseVectors.from_dicts([{"wing": 1.0}]))
    with pytest.raises(UsageError, match="this index has one space"):
        index.search({"vectors": {"wing": 1.0}})


def test_stats_tell_what_each_space_takes(mixed: Index) -> None:
    stats = mixed.stats()
    text, learned = stats["spaces"]
    assert (text["name"], text["kind"], text["weight"], text["terms"]) == ("bm25", "text", 1.0, stats["terms"])
    assert (learned["name"], learned["encoder"], learned["weight"], learned["terms"]) == ("learned", "counts", 0.5, 3)
    for space in stats["spaces"]:
        own = [length for name, length in stats["parts"].items() if name.startswith(space["name"])]
        assert space["bytes"] == sum(own) > 0


def test_vectors_given_and_encoded_stand_side_by_side(tmp_path: Path) -> None:
    spaces = {"bm25": "bm25", "made": None, "learned": Counts()}
    index = Index.create(tmp_path / "ix", spaces, weights={"made": 2.0})
    documents = [Document("a", "wing"), Document("b", "lift", title="wing wing")]
    with pytest.raises(UsageError, match=r"give vectors=\{name: vectors\} for the spaces made, learned"):
        index.add_vectors("ab", SparseVectors.from_dicts([{}, {}]), documents)
    index.add_vectors("ab", {"made": SparseVectors.from_dicts([{"x": 1.0}, {"x": 3.0}])}, documents)
    index.commit()
    with pytest.raises(UsageError, match="use add_vectors"):
        index.add(["more"])
    with pytest.raises(UsageError, match="'made' are made elsewhere: give the query as"):
        index.search("wing")
    opened = Index.open(tmp_path / "ix", encoder={"learned": Counts()})
    first = opened.search({"bm25": "wing", "made": {"x": 1.0}, "learned": "wing"}, explain=True)[0]
    assert first.id == "b"
    assert [(c.space, c.contribution) for c in first.explanation][1:] == [("made", 6.0), ("learned", 1.0)]
    assert [hit.id for hit in opened.search("wing", weights={"made": 0})] == ["b", "a"]
    with pytest.raises(UsageError, match="another encoder"):
        Index.open(tmp_path / "ix", encoder={"bm25": BM25Encoder(k1=9)})
    with pytest.raises(UsageError, match=r"give encoder=\{name: encoder\}"):
        Index.open(tmp_path / "ix", encoder=Counts())


@pytest.mark.parametrize(
    ("encoder", "match"),
    [
        ({}, "at least one space"),
        ({"a": "bm25", "b": "bm25"}, "at most one of text; not a, b"),
        ({"rows": "bm25"}, "'rows' is no name for a space"),
        ({"a.b": None}, "no name for a space"),
        ({"a": "x"}, "x: no such folder; an encoder is a folder"),
    ],
)
def test_impossible_spaces_are_refused(tmp_path: Path, encoder: dict[str, Any], match: str) -> None:
    with pytest.raises(UsageError, match=match):
        Index.create(tmp_path / "ix", encoder)
    assert not (tmp_path / "ix").exists()


def test_a_merge_equals_a_fresh_build_to_the_byte(tmp_path: Path) -> None:
    parts = [corpus(n, seed) for seed, n in enumerate((2000, 700, 1))]
    gone = {f"{number}.{i}" for number, (texts, _) in enumerate(parts) for i in range(0, len(texts), 3 + number)}
    merged = filled(tmp_path / "merged", parts, memory=1)
    merged.delete(gone)
    merged.merge()
    rows = {f"{n}.{i}": row for n, (texts, vectors) in enumerate(parts) for i, row in enumerate(vectors.to_dicts())}
    texts = {f"{n}.{i}": text for n, (texts, _) in enumerate(parts) for i, text in enumerate(texts)}
    kept = [i for i in rows if i not in gone]
    with two_spaces(tmp_path / "fresh", threads=1) as fresh:
        vectors = SparseVectors.from_dicts([rows[i] for i in kept])
        fresh.add_vectors(kept, vectors, [Document(i, texts[i]) for i in kept])
    got, want = sections(merged), sections(fresh)
    apart = {name for name in want if name.startswith("bm25.words")}  # occurrences are those of all segments
    assert {name: got[name] for name in want.keys() - apart} == {name: want[name] for name in want.keys() - apart}


def test_an_index_of_format_3_had_one_space(tmp_path: Path) -> None:
    with Index.create(tmp_path / "ix", passages=None) as index:
        index.add(["A wing makes lift.", "A keel stops drift."])
    ranked = index.rank(["wing keel"])
    [space] = index._snapshot.manifest.spaces
    old = {key: value for key, value in space.items() if key != "weight"}
    put_manifest(tmp_path / "ix", format=3, spaces=None, space=old)
    opened = Index.open(tmp_path / "ix")
    assert opened.rank(["wing keel"]) == ranked
    with opened:
        opened.add(["More lift."])
    assert [i for i, _ in Index.open(tmp_path / "ix").rank(["lift"])[0]] == ["2", "0"]
    assert "space" not in (tmp_path / "ix" / "manifest.json").read_text().replace("spaces", "")
