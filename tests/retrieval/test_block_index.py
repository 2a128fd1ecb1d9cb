"""BlockIndex gives what brute force over the stored values gives, whatever is pruned, filtered, rounded or damaged."""

from __future__ import annotations

import json
import random
import zlib
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from brute_force import assert_same, brute_force, stored, topical
from hypothesis import given, settings, strategies as st

from gossamer import _native
from gossamer.errors import IndexDamaged, IndexTooNew, NoSuchIndex, UsageError
from gossamer.retrieval import BlockIndex, SparseVectors
from gossamer.retrieval.block_index import Values
from gossamer.retrieval.traversals import TwoPhase


@pytest.mark.parametrize("values", ["f32", "f16", "u8"])
@pytest.mark.parametrize("k", [1, 10, 500])
def test_it_equals_brute_force(values: Values, k: int) -> None:
    vectors, queries = topical(400, 1), topical(25, 2, entries=20)
    index = BlockIndex.build(vectors, values=values)
    want = brute_force(stored(vectors, values), queries, k)
    assert_same(index.search(queries, k), want)
    assert_same(index.search(queries, k, exhaustive=True), want)


def test_pruned_search_is_exhaustive_search_to_the_bit_over_several_windows() -> None:
    vectors, queries = topical(140_000, 3, dim=3000, entries=12), topical(30, 4, dim=3000)
    index = BlockIndex.build(vectors)
    for k in (1, 10, 1000):
        assert_same(index.search(queries, k, threads=2), index.search(queries, k, exhaustive=True, threads=2))


def test_pruning_reads_fewer_postings() -> None:
    vectors, queries = topical(60_000, 5, dim=3000), topical(30, 6, dim=3000)
    space = BlockIndex.build(vectors)._space
    arrays = (queries.indptr, queries.indices, queries.values)
    *_, few, scored = _native.exact(space, share=0.2)(*arrays, 10)
    *_, every, _ = _native.exact(space, share=0.0)(*arrays, 10)
    assert few < 0.8 * every
    assert scored < 30 * 600


def test_a_query_costs_the_postings_of_its_terms_and_the_rows_that_are_scored() -> None:
    vectors, queries = topical(500, 5), topical(20, 6)
    index = BlockIndex.build(vectors, traversal="term-at-a-time")
    lengths = np.bincount(vectors.indices, minlength=max(vectors.dim, queries.dim))
    every = lengths[queries.indices].sum() / len(queries)
    assert index.cost(queries).postings == every
    exact, approximate = index.cost(queries, traversal="exact"), index.cost(queries, traversal=TwoPhase(postings=200))
    assert approximate.postings < exact.postings <= 2 * every
    assert 10 <= exact.scored < len(vectors)
    assert 10 <= approximate.scored <= TwoPhase().candidates
    none = index.cost(queries, traversal="exact", where=np.zeros(500, bool))
    assert none.scored == 0
    assert index.cost(SparseVectors.from_dicts([], [])) == (0, 0)


@given(seed=st.integers(0, 2**32), share=st.floats(0, 1), k=st.integers(1, 60))
@settings(max_examples=30, deadline=None)
def test_no_setting_changes_the_answer(seed: int, share: float, k: int) -> None:
    rng = random.Random(seed)
    rows = [
        {f"t{rng.randrange(8)}": rng.choice([1e-9, 0.5, 1.0, 1.0, 3.0, 1e6]) for _ in range(rng.randrange(6))}
        for _ in range(rng.randrange(1, 80))
    ]
    vectors = SparseVectors.from_dicts(rows, [f"t{t}" for t in range(8)])
    space = BlockIndex.build(vectors)._space
    where = np.array([rng.random() < 0.7 for _ in rows])
    arrays = (vectors.indptr, vectors.indices, vectors.values)
    search = _native.exact(space, share=share, postings=rng.randrange(1, 50), candidates=rng.randrange(1, 20))
    got = search(*arrays, k, where)
    assert_same(got[:2], brute_force(stored(vectors, "f32"), vectors, k, where))


@pytest.mark.parametrize("selectivity", [0.0, 0.001, 0.1, 0.9])
def test_filters_are_exact(selectivity: float) -> None:
    vectors, queries = topical(3000, 7), topical(10, 8)
    where = np.random.default_rng(9).random(3000) < selectivity
    index = BlockIndex.build(vectors)
    assert_same(index.search(queries, 10, where=where), brute_force(stored(vectors, "f32"), queries, 10, where))


def test_many_rows_within_one_quantum_of_the_threshold() -> None:
    base = {f"t{i}": 1.0 for i in range(20)}
    rows = [{**base, "x": 1.0 + i * 1e-7} for i in range(3000)]
    random.Random(0).shuffle(rows)
    vectors = SparseVectors.from_dicts(rows)
    index = BlockIndex.build(vectors)
    query = SparseVectors.from_dicts([{**base, "x": 1.0}], vectors.vocabulary)
    assert_same(index.search(query, 10), index.search(query, 10, exhaustive=True))


def test_threads_change_nothing() -> None:
    vectors, queries = topical(5000, 10), topical(40, 11)
    one, three = (BlockIndex.build(vectors, threads=threads) for threads in (1, 3))
    assert {n: bytes(memoryview(d)) for n, (_, d) in one._sections.items()} == {
        n: bytes(memoryview(d)) for n, (_, d) in three._sections.items()
    }
    assert_same(one.search(queries, 5), three.search(queries, 5, threads=3))


@pytest.mark.parametrize("threads", [1, 2, 7])
@pytest.mark.parametrize("traversal", ["exact", TwoPhase(postings=200)])
def test_a_batch_is_its_queries_one_by_one(threads: int, traversal: str | TwoPhase) -> None:
    vectors, queries = topical(3000, 12), topical(61, 13)
    index, where = BlockIndex.build(vectors), np.arange(3000) % 3 > 0
    ids, scores = index.search(queries, 5, where=where, traversal=traversal, threads=threads)
    for row in range(len(queries)):
        assert_same((ids[[row]], scores[[row]]), index.search(queries[row], 5, where=where, traversal=traversal))


@pytest.mark.parametrize("columns", [[0, 7, 2**32 - 1], [0, 2**25, 2**26 + 5]])
def test_columns_far_apart(columns: list[int]) -> None:
    vectors = SparseVectors([0, 2, 3], [columns[0], columns[2], columns[1]], [1, 2, 3], 2**32)
    ids, scores = BlockIndex.build(vectors).search(vectors, 2)
    np.testing.assert_array_equal(ids, [[0, -1], [1, -1]])
    np.testing.assert_array_equal(scores, [[5, -np.inf], [9, -np.inf]])


def test_more_columns_than_fit_16_bits() -> None:
    rng = np.random.default_rng(0)
    rows = [{int(c): float(rng.random() + 0.1) for c in rng.integers(0, 200_000, 40)} for _ in range(4000)]
    indptr = np.cumsum([0, *map(len, rows)])
    indices, values = ([x for row in rows for x in part(row)] for part in (dict.keys, dict.values))
    vectors = SparseVectors(indptr, indices, values, 200_000)
    for kind in ("f32", "f16", "u8"):
        index = BlockIndex.build(vectors, values=kind)
        assert index._space.terms > 65_536
        few = SparseVectors(vectors.indptr[:30], vectors.indices[: vectors.indptr[29]],
                            vectors.values[: vectors.indptr[29]], 200_000)  # fmt: skip
        assert_same(index.search(few, 5), index.search(few, 5, exhaustive=True))


def with_signs(vectors: SparseVectors, seed: int) -> SparseVectors:
    signs = np.random.default_rng(seed).choice([-1, 1], len(vectors.values))
    return SparseVectors(vectors.indptr, vectors.indices, vectors.values * signs, vectors.dim, vectors.vocabulary)


class TestSigned:
    @pytest.mark.parametrize("values", ["f32", "f16"])
    @pytest.mark.parametrize("k", [1, 10, 399])
    def test_it_equals_brute_force(self, values: Values, k: int) -> None:
        vectors, queries = with_signs(topical(400, 1), 7), with_signs(topical(25, 2, entries=20), 8)
        index = BlockIndex.build(vectors, values=values, signed=True, order="bisect")
        where = np.random.default_rng(9).random(400) < 0.6
        assert_same(index.search(queries, k), brute_force(stored(vectors, values), queries, k))
        assert_same(index.search(queries, k, where=where), brute_force(stored(vectors, values), queries, k, where))

    def test_it_equals_scoring_every_row_over_several_windows(self) -> None:
        vectors, queries = (
            with_signs(topical(70_000, 3, dim=3000, entries=12), 1),
            with_signs(topical(30, 4, dim=3000), 2),
        )
        index = BlockIndex.build(vectors, signed=True)
        assert_same(index.search(queries), index.search(queries, exhaustive=True))

    def test_what_it_does_not_go_with_is_refused(self) -> None:
        vectors = SparseVectors([0, 1], [1], [-1], 5)
        for arguments in ({"values": "u8"}, {"traversal": "wand"}):
            with pytest.raises(UsageError, match="signed"):
                BlockIndex.build(vectors, signed=True, **arguments)
        with pytest.raises(UsageError, match="row 0"):
            BlockIndex.build(SparseVectors([0, 1], [1], [1], 5)).tune(vectors)


class TestEdges:
    def test_nothing_to_search(self) -> None:
        empty = SparseVectors([0], [], [], 5)
        ids, scores = BlockIndex.build(empty).search(SparseVectors([0, 1], [1], [1], 5), 3)
        np.testing.assert_array_equal(ids, [[-1, -1, -1]])
        assert np.isneginf(scores).all()

    def test_empty_queries_and_unknown_terms(self) -> None:
        index = BlockIndex.build(SparseVectors([0, 1, 1], [1], [1], 5))
        ids, _ = index.search(SparseVectors([0, 0, 1, 2], [4, 1], [1, 1], 5), 2)
        np.testing.assert_array_equal(ids, [[-1, -1], [-1, -1], [0, -1]])

    def test_terms_are_matched_by_name(self) -> None:
        index = BlockIndex.build(SparseVectors.from_dicts([{"a": 1.0}, {"b": 2.0}]))
        ids, _ = index.search(SparseVectors.from_dicts([{"c": 1.0, "b": 1.0}]), 1)
        assert ids[0, 0] == 1

    def test_huge_queries_and_extreme_weights(self) -> None:
        n = 10_000
        rows = SparseVectors([0, n, n + 1], [*range(n), 3], [1.0] * (n + 1), n)
        ids, scores = BlockIndex.build(rows).search(rows, 2)
        np.testing.assert_array_equal(ids, [[0, 1], [0, 1]])
        assert scores[0, 0] == n
        large = SparseVectors([0, 1, 2], [0, 0], [1e38, 1e-38], 1)
        index = BlockIndex.build(large)
        assert_same(index.search(large, 2), index.search(large, 2, exhaustive=True))

    @pytest.mark.parametrize(
        ("call", "match"),
        [
            (lambda i, q: i.search(q, 0), "k=0"),
            (lambda i, q: i.search(q, where=[True]), "shape"),
            (lambda i, q: i.search(SparseVectors([0, 1], [1], [-1], 5)), "row 0.*-1"),
            (lambda i, q: BlockIndex.build(SparseVectors([0, 1], [1], [-1], 5)), "row 0.*-1"),
            (lambda i, q: BlockIndex.build(q, values="f8"), "f8"),
        ],
    )
    def test_wrong_arguments(self, call, match: str) -> None:
        vectors = SparseVectors([0, 1, 1], [1], [1], 5)
        with pytest.raises(UsageError, match=match):
            call(BlockIndex.build(vectors), vectors)


class TestFiles:
    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        BlockIndex.build(topical(300, 12), values="u8").save(tmp_path / "b")
        return tmp_path / "b"

    def test_a_saved_index_answers_alike(self, folder: Path) -> None:
        vectors, queries = topical(300, 12), topical(10, 13)
        index = BlockIndex.open(folder)
        assert index.shape == vectors.shape
        assert_same(index.search(queries), BlockIndex.build(vectors, values="u8").search(queries))
        index.save(folder)  # over itself
        assert BlockIndex.open(folder).stats() == index.stats()

    def test_what_is_no_index_is_refused(self, folder: Path, tmp_path: Path) -> None:
        with pytest.raises(NoSuchIndex):
            BlockIndex.open(tmp_path / "nowhere")
        line = (folder / "block.json").read_bytes().partition(b"\n")[0]
        newer = json.dumps({**json.loads(line), "format": 99}).encode()
        (folder / "block.json").write_bytes(newer + b"\n%08x\n" % zlib.crc32(newer))
        with pytest.raises(IndexTooNew):
            BlockIndex.open(folder)

    def test_a_truncated_file_is_refused(self, folder: Path) -> None:
        whole = (folder / "block.gsm").read_bytes()
        (folder / "block.gsm").write_bytes(whole[: len(whole) // 2])
        with pytest.raises(IndexDamaged):
            BlockIndex.open(folder)

    def test_flipped_bytes_give_an_error_or_an_answer(self, folder: Path) -> None:
        whole, queries, rng = (folder / "block.gsm").read_bytes(), topical(10, 13), random.Random(1)
        for _ in range(300):
            bad = bytearray(whole)
            for _ in range(rng.choice([1, 20])):
                bad[rng.randrange(len(bad))] ^= 1 << rng.randrange(8)
            (folder / "block.gsm").unlink()
            (folder / "block.gsm").write_bytes(bad)
            with suppress(IndexDamaged, IndexTooNew):
                BlockIndex.open(folder).search(queries)
