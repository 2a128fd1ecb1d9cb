"""The order in which rows are stored changes no answer, is a permutation, and brings rows alike together."""

from __future__ import annotations

import random

import numpy as np
import pytest
from brute_force import assert_same, brute_force, stored, topical
from hypothesis import given, settings, strategies as st

from gossamer.errors import UsageError
from gossamer.retrieval import BlockIndex, SparseVectors
from gossamer.retrieval.block_index import Order

ORDERS: list[Order] = ["bisect", "cluster"]


def order_of(index: BlockIndex) -> np.ndarray:
    """The input row of each stored row."""
    return np.frombuffer(memoryview(index._sections["order"][1]), np.uint32)


def bits_of_gaps(vectors: SparseVectors, order: np.ndarray) -> float:
    """Mean log2 of the gaps in the lists of all terms, when rows are stored in this order."""
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order))
    rows = place[np.repeat(np.arange(len(vectors)), np.diff(vectors.indptr))]
    sorted_by = np.lexsort((rows, vectors.indices))
    terms, rows = vectors.indices[sorted_by], rows[sorted_by]
    return float(np.log2(np.diff(rows)[np.diff(terms) == 0]).mean())


@given(seed=st.integers(0, 2**32), k=st.integers(1, 60), order=st.sampled_from(ORDERS), n=st.integers(1, 300))
@settings(max_examples=40)
def test_no_order_changes_the_answer(seed: int, k: int, order: Order, n: int) -> None:
    rng = random.Random(seed)
    rows = [
        {f"t{rng.randrange(8)}": rng.choice([0.5, 1.0, 1.0, 3.0]) for _ in range(rng.randrange(6))} for _ in range(n)
    ]
    vectors = SparseVectors.from_dicts(rows, [f"t{t}" for t in range(8)])
    queries = SparseVectors.from_dicts(rows[:10], [f"t{t}" for t in range(8)])
    where = np.array([rng.random() < 0.7 for _ in rows])
    index = BlockIndex.build(vectors, order=order, seed=seed)
    np.testing.assert_array_equal(np.sort(order_of(index)), np.arange(n))
    for rows_wanted in (None, where):
        want = brute_force(stored(vectors, "f32"), queries, k, rows_wanted)
        assert_same(index.search(queries, k, where=rows_wanted), want)
        assert_same(index.search(queries, k, where=rows_wanted, exhaustive=True), want)


@pytest.mark.parametrize("order", ORDERS)
def test_it_is_given_order_to_the_bit_over_several_windows(order: Order) -> None:
    vectors, queries = topical(70_000, 3, dim=3000, entries=12), topical(20, 4, dim=3000)
    where = np.random.default_rng(5).random(70_000) < 0.1
    there, here = (BlockIndex.build(vectors, values="u8", order=o) for o in ("given", order))
    for k in (1, 10, 1000):
        assert_same(here.search(queries, k), there.search(queries, k))
        assert_same(here.search(queries, k, where=where), there.search(queries, k, where=where))


def test_orders_bring_rows_alike_together() -> None:
    vectors = topical(6000, 21)
    by_chance = bits_of_gaps(vectors, np.random.default_rng(0).permutation(6000))
    bisected, clustered = (bits_of_gaps(vectors, order_of(BlockIndex.build(vectors, order=o))) for o in ORDERS)
    assert bisected < clustered < 0.9 * by_chance
    assert bisected < 0.8 * by_chance


@pytest.mark.parametrize("order", ORDERS)
def test_threads_change_no_order_and_a_seed_only_that_of_clusters(order: Order) -> None:
    vectors = topical(20_000, 22)
    first = order_of(BlockIndex.build(vectors, order=order, threads=1))
    np.testing.assert_array_equal(first, order_of(BlockIndex.build(vectors, order=order, threads=3)))
    other = order_of(BlockIndex.build(vectors, order=order, seed=1))
    assert np.array_equal(first, other) == (order == "bisect")


def test_rows_without_terms_and_few_rows() -> None:
    for n in (0, 1, 2, 40):
        nothing = SparseVectors([0] * (n + 1), [], [], 5)
        for order in ORDERS:
            index = BlockIndex.build(nothing, order=order)
            np.testing.assert_array_equal(np.sort(order_of(index)), np.arange(n))
            assert (index.search(SparseVectors([0, 1], [1], [1], 5), 3)[0] == -1).all()


def test_wrong_orders_are_refused() -> None:
    vectors = SparseVectors([0, 1], [1], [1], 5)
    with pytest.raises(UsageError, match="order='sorted'"):
        BlockIndex.build(vectors, order="sorted")  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="seed=-1"):
        BlockIndex.build(vectors, seed=-1)
