"""Every exact traversal gives what scoring every row gives, to the bit."""

from __future__ import annotations

import random
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from zipfian import zipfian

from gossamer.errors import IndexDamaged, IndexTooNew, UsageError
from gossamer.retrieval import BlockIndex, SparseVectors
from gossamer.retrieval.block_index import Order, Values
from gossamer.retrieval.traversals import (
    BlockMaxPruning,
    BlockMaxWand,
    MaxScore,
    Seismic,
    SuperblockPruning,
    TermAtATime,
    Traversal,
    Wand,
)

EXACT: list[Traversal] = [
    TermAtATime(),
    MaxScore(),
    Wand(),
    BlockMaxWand(),
    BlockMaxWand(block_size=3),
    BlockMaxPruning(),
    BlockMaxPruning(block_size=100, compressed=False),
    SuperblockPruning(),
    SuperblockPruning(block_size=32, superblock=5),
    Seismic.exact(),
]
each_exact = pytest.mark.parametrize("traversal", EXACT, ids=str)


Answer = tuple[np.ndarray, np.ndarray]
Windows = tuple[BlockIndex, SparseVectors, np.ndarray, Answer, Answer]


@pytest.fixture(scope="module")
def windows() -> Windows:
    """More rows than one window of a bitmap, queries, a filter, and the truth without and with it."""
    index, queries = BlockIndex.build(zipfian(140_000, 6, entries=8)), zipfian(8, 8)
    where = np.random.default_rng(7).random(140_000) < 0.1
    return (
        index,
        queries,
        where,
        index.search(queries, 10, exhaustive=True),
        index.search(queries, 10, exhaustive=True, where=where),
    )


def assert_equals_brute_force(
    index: BlockIndex, queries: SparseVectors, k: int, where: np.ndarray | None = None
) -> None:
    got = index.search(queries, k, where=where)
    want = index.search(queries, k, where=where, exhaustive=True)
    np.testing.assert_array_equal(got[0], want[0])
    np.testing.assert_array_equal(got[1], want[1])


@each_exact
class TestExactness:
    @pytest.mark.parametrize("values", ["f32", "f16", "u8"])
    def test_any_k_and_kind_of_value(self, traversal: Traversal, values: Values) -> None:
        index = BlockIndex.build(zipfian(3000, 1), traversal=traversal, values=values)
        for k in (1, 10, 1000):
            assert_equals_brute_force(index, zipfian(20, 2), k)

    @pytest.mark.parametrize("selectivity", [0.0, 0.01, 0.3])
    def test_filters(self, traversal: Traversal, selectivity: float) -> None:
        index = BlockIndex.build(zipfian(3000, 3), traversal=traversal)
        where = np.random.default_rng(4).random(3000) < selectivity
        assert_equals_brute_force(index, zipfian(20, 5), 10, where)

    @pytest.mark.parametrize("order", ["bisect", "cluster"])
    def test_any_order_of_the_rows(self, traversal: Traversal, order: Order) -> None:
        index = BlockIndex.build(zipfian(2000, 18), traversal=traversal, order=order)
        where = np.random.default_rng(19).random(2000) < 0.3
        assert_equals_brute_force(index, zipfian(10, 20), 10)
        assert_equals_brute_force(index, zipfian(10, 20), 10, where)

    def test_several_windows(self, traversal: Traversal, windows: Windows) -> None:
        index, queries, where, everything, filtered = windows
        arrays = queries.indptr, queries.indices, queries.values
        native = traversal.over(traversal.structure(index._space, traversal.sections(index._space, 1)))
        for k, accepted, want in ((10, None, everything), (10, where, filtered)):
            ids, scores, *_ = native(*arrays, k, accepted, 1)
            np.testing.assert_array_equal(ids, want[0])
            np.testing.assert_array_equal(scores, want[1])

    def test_ties_go_to_the_first_row(self, traversal: Traversal) -> None:
        rng = random.Random(9)
        rows = [{f"t{rng.randrange(6)}": 1.0 for _ in range(3)} for _ in range(600)]
        vectors = SparseVectors.from_dicts(rows, [f"t{t}" for t in range(6)])
        assert_equals_brute_force(BlockIndex.build(vectors, traversal=traversal), vectors[3], 40)

    def test_many_rows_within_rounding_of_the_threshold(self, traversal: Traversal) -> None:
        base = {f"t{i}": 1.0 for i in range(20)}
        rows = [{**base, "x": 1.0 + i * 1e-7} for i in range(2000)]
        random.Random(0).shuffle(rows)
        vectors = SparseVectors.from_dicts(rows)
        query = SparseVectors.from_dicts([{**base, "x": 1.0}], vectors.vocabulary)
        assert_equals_brute_force(BlockIndex.build(vectors, traversal=traversal), query, 10)

    @pytest.mark.parametrize("weights", [[1e38, 3e38, 1e-38], [1e-38, 1e-30, 3e-39], [1e-20, 1e-25, 1e-26]])
    def test_weights_at_the_ends_of_float32(self, traversal: Traversal, weights: list[float]) -> None:
        rng = random.Random(10)
        rows = [{f"t{rng.randrange(5)}": rng.choice(weights) for _ in range(3)} for _ in range(200)]
        vectors = SparseVectors.from_dicts(rows, [f"t{t}" for t in range(5)])
        index = BlockIndex.build(vectors, traversal=traversal)
        for k in (1, 20, 300):
            assert_equals_brute_force(index, vectors, k)

    def test_edges(self, traversal: Traversal) -> None:
        empty = SparseVectors([0], [], [], 5)
        ids, _ = BlockIndex.build(empty, traversal=traversal).search(SparseVectors([0, 1], [1], [1], 5), 3)
        assert ids.tolist() == [[-1, -1, -1]]
        index = BlockIndex.build(SparseVectors([0, 1, 1], [1], [1], 5), traversal=traversal)
        ids, _ = index.search(SparseVectors([0, 0, 1, 2], [4, 1], [1, 1], 5), 2)
        assert ids.tolist() == [[-1, -1], [-1, -1], [0, -1]]

    def test_more_columns_than_fit_16_bits(self, traversal: Traversal) -> None:
        rng = np.random.default_rng(11)
        columns = np.arange(40) * 5000 + rng.integers(0, 5000, (2000, 40))
        vectors = SparseVectors(np.arange(2001) * 40, columns.ravel(), rng.random(80_000) + 0.1, 200_000)
        queries = SparseVectors(np.arange(6) * 40, columns[:5].ravel(), rng.random(200) + 0.1, 200_000)
        assert_equals_brute_force(BlockIndex.build(vectors, traversal=traversal), queries, 5)

    def test_saved_and_opened_it_answers_alike(self, traversal: Traversal, tmp_path: Path) -> None:
        queries = zipfian(10, 13)
        index = BlockIndex.build(zipfian(500, 12), traversal=traversal)
        index.save(tmp_path / "ix")
        opened = BlockIndex.open(tmp_path / "ix")
        assert opened.stats() == index.stats()
        np.testing.assert_array_equal(opened.search(queries)[1], index.search(queries)[1])
        assert_equals_brute_force(opened, queries, 10)

    def test_flipped_bytes_give_an_error_or_an_answer(self, traversal: Traversal, tmp_path: Path) -> None:
        BlockIndex.build(zipfian(200, 31), traversal=traversal, values="f16").save(tmp_path)
        whole, queries, rng = (tmp_path / "block.gsm").read_bytes(), zipfian(5, 32), random.Random(33)
        for _ in range(30):
            bad = bytearray(whole)
            for _ in range(20):
                bad[rng.randrange(len(bad))] ^= 1 << rng.randrange(8)
            (tmp_path / "block.gsm").unlink()
            (tmp_path / "block.gsm").write_bytes(bad)
            with suppress(IndexDamaged, IndexTooNew):
                BlockIndex.open(tmp_path).search(queries)

    def test_threads_change_nothing(self, traversal: Traversal) -> None:
        index = BlockIndex.build(zipfian(2000, 14), traversal=traversal)
        queries = zipfian(40, 15)
        one, three = index.search(queries, threads=1), index.search(queries, threads=3)
        np.testing.assert_array_equal(one[0], three[0])


@pytest.mark.parametrize("traversal", [t for t in EXACT if not isinstance(t, Seismic)], ids=str)  # its lists are stored
def test_values_that_bounds_cannot_hold_are_damage(traversal: Traversal) -> None:
    built = BlockIndex.build(zipfian(20, 34), traversal=traversal)
    values = np.frombuffer(built._sections["forward.values"][1], np.float32).copy()
    values[3] = -1
    index = BlockIndex({**built._sections, "forward.values": ("u8", values.view(np.uint8))}, built._facts)
    with pytest.raises(IndexDamaged, match=r"forward\.values: negative or not finite"):
        index.search(zipfian(2, 35))


@each_exact
@given(seed=st.integers(0, 2**32), k=st.integers(1, 60))
@settings(max_examples=25, deadline=None)
def test_small_random_vectors(traversal: Traversal, seed: int, k: int) -> None:
    rng = random.Random(seed)
    rows = [
        {f"t{rng.randrange(8)}": rng.choice([1e-9, 0.5, 1.0, 1.0, 3.0, 1e6]) for _ in range(rng.randrange(6))}
        for _ in range(rng.randrange(1, 80))
    ]
    vectors = SparseVectors.from_dicts(rows, [f"t{t}" for t in range(8)])
    where = np.array([rng.random() < 0.7 for _ in rows])
    index = BlockIndex.build(vectors, traversal=traversal)
    assert_equals_brute_force(index, vectors, k)
    assert_equals_brute_force(index, vectors, k, where)


class TestSizes:
    """What stats() says is in memory is what the vectors need in each layout, counted from the vectors."""

    vectors = zipfian(900, 36)
    nnz = vectors.nnz
    lengths = np.unique(vectors.indices, return_counts=True)[1]
    terms = len(lengths)
    postings = nnz * 8 + terms * 4 + (terms + 1) * 8

    def memory(self, traversal: Traversal | str) -> dict[str, int]:
        index = BlockIndex.build(self.vectors, traversal=traversal)
        before = index.stats()
        index.search(zipfian(2, 37))
        assert index.stats() == before
        assert before["bytes"] == sum(before["parts"].values())
        return dict(before["memory"])

    def blocks(self, rows: int) -> int:
        """Rows in blocks of so many, each an inverted file: its terms with their places, and one byte more an entry."""
        block = np.repeat(np.arange(900), np.diff(self.vectors.indptr)) // rows
        pairs = len(set(zip(block.tolist(), self.vectors.indices.tolist(), strict=True)))
        return pairs * 8 + self.nnz * 5 + (-(-900 // rows) + 1) * 16

    @pytest.mark.parametrize("traversal", [TermAtATime(), MaxScore(), Wand()], ids=str)
    def test_lists(self, traversal: Traversal) -> None:
        assert self.memory(traversal) == {f"{traversal.NAME}.postings": self.postings}

    @pytest.mark.parametrize("size", [1, 7, 64])
    def test_maxima_of_blocks_of_postings(self, size: int) -> None:
        maxima = int(np.ceil(self.lengths / size).sum()) * 8 + (self.terms + 1) * 8
        assert self.memory(BlockMaxWand(block_size=size)) == {"bmw.postings": self.postings, "bmw.maxima": maxima}

    @pytest.mark.parametrize("rows", [8, 100])
    def test_blocks_of_rows(self, rows: int) -> None:
        memory = self.memory(BlockMaxPruning(block_size=rows, compressed=False))
        assert (memory["bmp.blocks"], memory["bmp.impacts"]) == (self.blocks(rows), self.terms * 12)
        assert memory["bmp.maxima"] >= self.terms * -(-900 // rows)
        assert self.memory(BlockMaxPruning(block_size=8))["bmp.maxima"] < 0.6 * self.terms * -(-900 // 8)

    def test_superblocks(self) -> None:
        memory = self.memory(SuperblockPruning(block_size=10, superblock=4))
        assert memory.keys() == {f"superblock.{part}" for part in ("blocks", "maxima", "superblocks", "impacts")}
        assert memory["superblock.blocks"] == self.blocks(10)
        assert memory["superblock.maxima"] > memory["superblock.superblocks"] > 0

    @pytest.mark.parametrize("traversal", ["exact", "two-phase", "seismic"])
    def test_what_is_stored_counts_once(self, traversal: str) -> None:
        assert self.memory(traversal) == {}
        parts = BlockIndex.build(self.vectors, traversal=traversal).stats()["parts"]
        assert any(name.startswith("seismic.") for name in parts) == (traversal == "seismic")


class TestChoosing:
    vectors = zipfian(200, 16)

    def test_a_name_is_the_method_with_its_defaults(self) -> None:
        index = BlockIndex.build(self.vectors, traversal="term-at-a-time")
        assert index.stats()["traversal"] == {"name": "term-at-a-time", "options": {}}
        assert "traversal" not in BlockIndex.build(self.vectors).stats()

    def test_exact_search_is_always_there(self) -> None:
        index, queries = BlockIndex.build(self.vectors, traversal="term-at-a-time"), zipfian(5, 17)
        for name in (None, "exact", "auto", "term-at-a-time", TermAtATime()):
            np.testing.assert_array_equal(index.search(queries, traversal=name)[0], index.search(queries)[0])

    def test_what_was_not_built_is_refused(self) -> None:
        with pytest.raises(UsageError, match=r"no traversal of its own.*build it with.*traversal='term-at-a-time'"):
            BlockIndex.build(self.vectors).search(self.vectors, traversal="term-at-a-time")

    def test_an_unknown_name_is_refused(self) -> None:
        with pytest.raises(UsageError, match="traversal='wnd' must be one of auto, exact, "):
            BlockIndex.build(self.vectors, traversal="wnd")
