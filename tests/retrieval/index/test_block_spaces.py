"""Spaces of vectors: whatever is added, deleted, committed, merged and filtered, an index ranks as brute force does."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import ClassVar

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from test_formats import put_manifest

from gossamer import Index, SparseVectors
from gossamer.errors import GossamerError, UsageError
from gossamer.retrieval import BlockIndex, SparseEncoder
from gossamer.retrieval.index.spaces import Values
from gossamer.text.documents import Document

TERMS = ["wing", "lift", "äther", "Wing", "日本", "a b", "z", "drag"]  # their bytes are in another order
Row = dict[str, float]


def stored(row: Row, values: Values) -> Row:
    """A row as an index keeps it."""
    kept = {term: np.float32(weight) for term, weight in row.items()}
    if values == "f16":
        kept = {term: np.float32(np.float16(weight)) for term, weight in kept.items()}
    if values == "u8" and kept:
        scale = np.float32(max(kept.values()) / np.float32(255))
        kept = {t: np.float32(np.clip(np.rint(w / scale), 1, 255)) * scale for t, w in kept.items()}
    return {term: float(weight) for term, weight in kept.items()}


def score(query: Row, row: Row) -> float | None:
    """The sum over the terms in both, ascending by bytes, in float64, then float32; None where there are none."""
    shared = sorted(query.keys() & row.keys(), key=str.encode)
    return float(np.float32(sum(float(np.float32(query[t])) * row[t] for t in shared))) if shared else None


def brute_force(query: Row, rows: dict[str, Row], k: int) -> list[tuple[str, float]]:
    """``rows`` in order of insertion."""
    found = [(s, i) for i, row in rows.items() if (s := score(query, row)) is not None]
    return [(i, s) for s, i in sorted(found, key=lambda one: -one[0])[:k]]


weights = st.floats(2**-6, 8, width=32)
vectors = st.dictionaries(st.sampled_from(TERMS), weights, max_size=6)
signed_vectors = st.dictionaries(st.sampled_from(TERMS), weights | weights.map(lambda w: -w), max_size=6)
ids = st.sampled_from("abcdefgh")
steps = st.lists(
    st.one_of(
        st.tuples(st.just("add"), st.lists(st.tuples(ids, vectors), min_size=1, max_size=5)),
        st.tuples(st.just("delete"), st.lists(ids, max_size=3)),
        st.tuples(st.sampled_from(["commit", "merge"]), st.none()),
    ),
    max_size=14,
)


@settings(max_examples=30, deadline=None)
@given(
    steps=steps, values=st.sampled_from(["f32", "f16", "u8"]), queries=st.lists(signed_vectors, min_size=1, max_size=4)
)
def test_any_sequence_of_changes_ranks_as_brute_force(steps, values: Values, queries: list[Row]) -> None:
    rows: dict[str, Row] = {}
    fields: dict[str, int] = {}
    with TemporaryDirectory() as path:
        index = Index.create(f"{path}/ix", encoder=None, values=values)
        for number, (action, argument) in enumerate([*steps, ("commit", None)]):
            if action == "add":
                fresh = dict(argument)
                documents = [Document(i, "", fields={"n": number}) for i in fresh]
                vocabulary = TERMS if number % 2 else TERMS[::-1]  # another one starts another segment
                index.add_vectors(fresh, SparseVectors.from_dicts(fresh.values(), vocabulary), documents)
                for i, row in fresh.items():
                    rows.pop(i, None)
                    rows[i], fields[i] = stored(row, values), number
            elif action == "delete":
                assert index.delete(argument) == len([rows.pop(i) for i in dict.fromkeys(argument) if i in rows])
            else:
                index.commit() if action == "commit" else index.merge()
                check(index, rows, queries)
                if fields.keys() & rows.keys():
                    late = {i: row for i, row in rows.items() if fields[i] >= number // 2}
                    check(index, late, queries, where=f"n >= {number // 2}")
        assert index.verify().ok


def check(index: Index, rows: dict[str, Row], queries: list[Row], where: str | None = None) -> None:
    asked = [query for query in queries if query]
    for k in (2, 9):
        want = [brute_force(query, rows, k) for query in asked]
        for exhaustive in (False, True):
            assert index.rank(asked, k, where=where, exhaustive=exhaustive) == want
    for query in asked:
        for hit in index.search(query, 9, where=where, explain=True):
            parts = {c.term: (c.query_weight, c.document_weight) for c in hit.explanation}
            assert parts == {t: (query[t], rows[hit.id][t]) for t in query.keys() & rows[hit.id].keys()}
            assert np.float32(sum(c.contribution for c in hit.explanation)) == hit.score
        assert index.count(query, where=where) == len(brute_force(query, rows, 9))


class Written(SparseEncoder):
    """A text says its own vector: ``wing=0.5 lift=2``."""

    terms: ClassVar[list[str]] = TERMS[:2]

    def encode_documents(self, texts):
        pairs = [[word.split("=") for word in text.split()] for text in texts]
        return SparseVectors.from_dicts([{t: float(w) for t, w in row} for row in pairs], self.terms)

    encode_queries = encode_documents


@given(
    documents=st.lists(st.lists(st.tuples(weights, weights), min_size=1, max_size=4), min_size=1, max_size=30),
    k=st.integers(1, 12),
)
@settings(max_examples=25, deadline=None)
def test_documents_count_with_their_best_passage(documents, k: int) -> None:
    with TemporaryDirectory() as path:
        with Index.create(path, Written(), passages=2) as index:
            for number, passages in enumerate(documents):
                index.add([Document(str(number), " ".join(f"wing={a!r} lift={b!r}" for a, b in passages))])
                if number % 7 == 6:
                    index.commit()
        query = {"wing": 1.0, "lift": 0.75}
        best = [max(score(query, stored({"wing": a, "lift": b}, "f32")) for a, b in ps) for ps in documents]
        want = sorted(((str(i), s) for i, s in enumerate(best)), key=lambda one: -one[1])[:k]
        assert index.rank([query], k) == [want]
        assert index.rank([query], k, exhaustive=True) == [want]


def topical(n: int, seed: int, dim: int = 300, entries: int = 25) -> SparseVectors:
    rng = np.random.default_rng(seed)
    rows = [
        dict(zip((rng.zipf(1.3, entries) % dim).tolist(), rng.lognormal(0, 0.7, entries), strict=True))
        for _ in range(n)
    ]
    return SparseVectors.from_dicts([{f"t{t}": w for t, w in row.items()} for row in rows])


def filled(path: Path, parts: list[SparseVectors], **options) -> Index:
    """An index with a segment for each part."""
    index = Index.create(path, encoder=None, **options)
    for number, part in enumerate(parts):
        index.add_vectors([f"{number}.{i}" for i in range(len(part))], part)
        index.commit()
    return index


def cost(index: Index, queries: SparseVectors) -> tuple[int, int]:
    """Postings read and rows scored."""
    plans = [index.plan(queries[i]) for i in range(len(queries))]
    return sum(plan.postings for plan in plans), sum(plan.scored for plan in plans)


def test_segments_share_one_threshold(tmp_path: Path) -> None:
    parts, queries = [topical(3000, 1), topical(3000, 2)], topical(20, 3, entries=12)
    alone = [cost(filled(tmp_path / str(i), [part]), queries) for i, part in enumerate(parts)]
    both = cost(filled(tmp_path / "both", parts), queries)
    assert both[0] < 0.95 * (alone[0][0] + alone[1][0])
    assert both[1] < 0.85 * (alone[0][1] + alone[1][1])


def sections(index: Index) -> dict[str, str]:
    """What each section but the insertion numbers holds, in brief."""
    [segment] = index._snapshot.segments
    assert index.verify().ok
    contents = {name: segment.container.section(name) for name in segment.container.sections if name != "order"}
    return {name: f"{len(data)} bytes, {sha256(data).hexdigest()}" for name, data in contents.items()}


def wide(n: int, seed: int) -> SparseVectors:
    """More terms than two bytes can number; rows of two terms."""
    rng = np.random.default_rng(seed)
    terms = np.sort(rng.permutation(4 * n)[: 2 * n].reshape(n, 2))
    return SparseVectors(np.arange(n + 1) * 2, terms.ravel(), rng.lognormal(0, 1, 2 * n), 4 * n)


TWO_WINDOWS = (32_000, 20_000, 10)


@pytest.mark.parametrize(
    ("values", "make", "sizes"),
    [("f32", topical, (4000, 700, 1)), ("f16", topical, (1, 900)), ("u8", wide, TWO_WINDOWS)],
)
def test_a_merge_equals_a_fresh_build_to_the_byte(
    tmp_path: Path, values: Values, make: Callable[[int, int], SparseVectors], sizes: tuple[int, ...]
) -> None:
    parts = [make(n, seed) for seed, n in enumerate(sizes)]
    gone = {f"{number}.{i}" for number, part in enumerate(parts) for i in range(0, len(part), 3 + number)}
    merged = filled(tmp_path / "merged", parts, values=values, memory=1)
    merged.delete(gone)
    merged.merge()
    rows = {f"{n}.{i}": row for n, part in enumerate(parts) for i, row in enumerate(part.to_dicts())}
    kept = {i: row for i, row in rows.items() if i not in gone}
    with Index.create(tmp_path / "fresh", encoder=None, values=values, threads=1) as fresh:
        fresh.add_vectors(kept, SparseVectors.from_dicts(kept.values()))
    assert sections(merged) == sections(fresh)
    assert merged._snapshot.segments[0].container.facts == fresh._snapshot.segments[0].container.facts


def test_it_ranks_as_a_block_index_does(tmp_path: Path) -> None:
    vectors, queries = topical(5000, 1), topical(30, 2, entries=12)
    index = filled(tmp_path / "ix", [vectors])
    wanted, scores = BlockIndex.build(vectors).search(queries, 10)
    got = index.rank([queries[i] for i in range(30)], 10)
    assert [[int(i.removeprefix("0.")) for i, _ in ranked] for ranked in got] == wanted.tolist()
    np.testing.assert_array_max_ulp(np.array([[s for _, s in ranked] for ranked in got], np.float32), scores, 1)


def test_negative_weights_of_a_query(tmp_path: Path) -> None:
    index = filled(tmp_path / "ix", [SparseVectors.from_dicts([{"wing": 1, "lift": 2}, {"wing": 3}, {"lift": 1}])])
    assert index.rank([{"wing": 1.0, "lift": -1.0}]) == [[("0.1", 3.0), ("0.0", -1.0), ("0.2", -1.0)]]
    assert index.rank([{"wing": -1.0, "lift": -1.0}]) == [[("0.2", -1.0), ("0.0", -3.0), ("0.1", -3.0)]]


def test_negative_weights_are_pruned_too(tmp_path: Path) -> None:
    index = filled(tmp_path / "ix", [topical(3000, 1), topical(3000, 2)])
    index.delete([f"0.{i}" for i in range(0, 3000, 3)])
    index.commit()
    rows = [
        {t: -w if i % 3 == 2 else w for i, (t, w) in enumerate(row.items())}
        for row in topical(20, 3, entries=12).to_dicts()
    ]
    assert index.rank(rows) == index.rank(rows, exhaustive=True)
    plans = [index.plan(row) for row in rows]
    assert {plan.traversal for plan in plans} == {"pruned"}
    matching = sum(index.count(row) for row in rows)
    assert sum(plan.scored for plan in plans) < 0.2 * matching


@pytest.mark.parametrize("sign", [1, -1])
def test_weights_too_small_for_float32_match_all_the_same(tmp_path: Path, sign: int) -> None:
    rows = [{"wing": 1.0}] * 5000 + [{"lift": 1e-30}, {"drag": 1e-30, "lift": 2e-30}]
    index = Index.create(tmp_path / "ix", encoder=None)
    ids = [str(i) for i in range(len(rows))]
    documents = [Document(i, "", fields={"tiny": int(i) >= 5000}) for i in ids]
    index.add_vectors(ids, SparseVectors.from_dicts(rows), documents)
    index.commit()
    query = {"wing": 1.0, "lift": sign * 1e-44, "drag": sign * 1e-44}
    assert index.rank([query], where="tiny = true") == [[("5000", 0.0), ("5001", 0.0)]]
    assert index.rank([query], 1, where="tiny = true") == [[("5000", 0.0)]]


def test_values_are_checked(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="values='f8' must be one of f32, f16, u8"):
        Index.create(tmp_path / "ix", encoder=None, values="f8")
    with pytest.raises(UsageError, match="BM25 keeps counts"):
        Index.create(tmp_path / "ix", values="u8")
    assert not (tmp_path / "ix").exists()


def test_an_index_of_vectors_of_an_older_format_is_refused(tmp_path: Path) -> None:
    filled(tmp_path / "ix", [topical(3, 1)])
    put_manifest(tmp_path / "ix", format=2)
    with pytest.raises(GossamerError, match=r"format 2; vectors .* since format 3. Make the index again"):
        Index.open(tmp_path / "ix")
