"""Seismic keeps what its options say, prunes as its papers claim, and is brute force where its summaries are bounds."""

from __future__ import annotations

import random
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from seismic_sections import lists, row_order, section, stored
from zipfian import zipfian

from gossamer.errors import UsageError
from gossamer.retrieval import BlockIndex, SparseVectors
from gossamer.retrieval.traversals import Seismic
from gossamer.retrieval.traversals.seismic import Blocking, Ordered

ALL_BLOCKS = {"query_cut": None, "heap_factor": 0.0}
ORDERS: list[Ordered] = ["none", "first", "all"]
BLOCKINGS: list[Blocking] = ["inverted-approx", "inverted-pruned", "exact", "random", "value-order"]


def answer(index: BlockIndex, queries: SparseVectors, traversal: Seismic, k: int = 10) -> tuple[float, float]:
    """Recall, ties allowed, and the number of rows that were scored for a query."""
    _, scores = index.search(queries, k, traversal=traversal)
    scored = index.cost(queries, k, traversal=traversal).scored
    _, exact = index.search(queries, k, traversal="exact")
    wanted = np.isfinite(exact)
    return float(((scores >= exact[:, -1:]) & wanted).sum() / wanted.sum()), scored


def recall(index: BlockIndex, queries: SparseVectors, traversal: Seismic) -> float:
    return answer(index, queries, traversal)[0]


def topical(n: int, seed: int, entries: int = 40) -> SparseVectors:
    """Vectors of 100 topics with 60 terms each, whose weights a topic sets; a tenth of the entries are noise."""
    fixed, rng = np.random.default_rng(1), np.random.default_rng(seed)
    terms, gains = fixed.integers(0, 2000, (100, 60)), fixed.lognormal(0, 0.7, (100, 60))
    topic, slot = rng.integers(0, 100, (n, 1)), rng.integers(0, 60, (n, entries))
    noise = rng.random((n, entries)) < 0.1
    term = np.where(noise, rng.integers(0, 2000, (n, entries)), terms[topic, slot])
    value = np.where(noise, 0.3, gains[topic, slot]) * rng.lognormal(0, 0.4, (n, entries))
    cells, first = np.unique(np.arange(n)[:, None] * 2000 + term, return_index=True)
    return SparseVectors(np.searchsorted(cells, np.arange(n + 1) * 2000), cells % 2000, value.ravel()[first], 2000)


def assert_same(got: Any, want: Any) -> None:
    np.testing.assert_array_equal(got[0], want[0])
    np.testing.assert_array_equal(got[1], want[1])


def assert_equals_brute_force(index: BlockIndex, queries: SparseVectors, k: int, traversal: Seismic) -> None:
    assert_same(index.search(queries, k, traversal=traversal), index.search(queries, k, exhaustive=True))


class TestPruning:
    def test_a_threshold_over_all_lists_and_a_cap_on_each(self) -> None:
        index = BlockIndex.build(zipfian(600, 1, dim=60), traversal=Seismic(n_postings=40, max_fraction=2))
        dense = stored(index)
        least = np.sort(dense[dense > 0])[-40 * dense.shape[1]]
        lengths = []
        for term, blocks in enumerate(lists(index)):
            kept = np.concatenate([b.rows for b in blocks]) if blocks else np.zeros(0, int)
            want = np.argsort(-dense[:, term], kind="stable")[: min(80, int((dense[:, term] >= least).sum()))]
            np.testing.assert_array_equal(np.sort(kept), np.sort(want))
            lengths.append(len(kept))
        assert max(lengths) == 80 > 40 > min(lengths)

    def test_a_fixed_size(self) -> None:
        index = BlockIndex.build(zipfian(600, 1, dim=60), traversal=Seismic(n_postings=30, pruning="fixed"))
        dense = stored(index)
        for term, blocks in enumerate(lists(index)):
            want = np.argsort(-dense[:, term], kind="stable")[: min(30, int((dense[:, term] > 0).sum()))]
            np.testing.assert_array_equal(np.sort(np.concatenate([b.rows for b in blocks])), np.sort(want))

    @pytest.mark.parametrize("blocking", BLOCKINGS)
    def test_without_it_every_row_stands_in_one_block_of_its_terms(self, blocking: Blocking) -> None:
        index = BlockIndex.build(zipfian(400, 2, dim=60), traversal=Seismic(n_postings=None, blocking=blocking))
        dense = stored(index)
        for term, blocks in enumerate(lists(index)):
            np.testing.assert_array_equal(
                np.sort(np.concatenate([b.rows for b in blocks])), np.nonzero(dense[:, term])[0]
            )


class TestBlocks:
    def test_whole_vectors_are_what_all_entries_are(self) -> None:
        vectors, exact = zipfian(500, 3, dim=80), Seismic(n_postings=None, blocking="exact")
        same = [
            replace(exact, blocking="inverted-approx", doc_cut=1000),
            replace(exact, blocking="inverted-pruned", doc_cut=1000, centroid_share=1),
        ]
        want = BlockIndex.build(vectors, traversal=exact)
        cut = BlockIndex.build(vectors, traversal=replace(exact, blocking="inverted-approx", doc_cut=2))
        for option in same:
            got = BlockIndex.build(vectors, traversal=option)
            np.testing.assert_array_equal(section(got, "rows"), section(want, "rows"))
        assert (section(cut, "rows") != section(want, "rows")).any()

    def test_rows_go_to_the_closest_centroid(self) -> None:
        """With as many centroids as rows and no small blocks dissolved, each row that is closest to itself is alone."""
        vectors = zipfian(120, 4, dim=60)
        index = BlockIndex.build(
            vectors,
            traversal=Seismic(n_postings=None, blocking="exact", centroid_fraction=1, min_cluster_size=0),
        )
        dense = stored(index)
        products = dense @ dense.T
        for blocks in lists(index):
            rows = np.concatenate([b.rows for b in blocks])
            for block in blocks:  # all rows of a block are closest to one row of the list
                best = products[np.ix_(block.rows, rows)].max(axis=1)
                assert any(np.allclose(products[block.rows, c], best, rtol=1e-5) for c in rows)

    def test_small_blocks_are_dissolved(self) -> None:
        option = Seismic(n_postings=None, min_cluster_size=4, centroid_fraction=0.3)
        index = BlockIndex.build(zipfian(500, 5, dim=60), traversal=option)
        sizes = [[len(b.rows) for b in blocks] for blocks in lists(index)]
        assert any(len(one) > 3 for one in sizes)
        assert all(min(one) > 4 for one in sizes if max(one) > 4)

    def test_blocks_in_value_order(self) -> None:
        option = Seismic(n_postings=None, blocking="value-order", block_size=7)
        index = BlockIndex.build(zipfian(400, 6, dim=60), traversal=option)
        dense = stored(index)
        for term, blocks in enumerate(lists(index)):
            assert [len(b.rows) for b in blocks[:-1]] == [7] * (len(blocks) - 1)
            weakest = [dense[b.rows, term].min() for b in blocks]
            strongest = [dense[b.rows, term].max() for b in blocks]
            assert all(low >= high for low, high in zip(weakest, strongest[1:], strict=False))

    def test_random_blocks_are_as_large_but_hold_other_rows(self) -> None:
        vectors = zipfian(500, 7, dim=60)
        geometric = Seismic(n_postings=None)
        close = BlockIndex.build(vectors, traversal=geometric)
        naive = BlockIndex.build(vectors, traversal=replace(geometric, blocking="random"))
        np.testing.assert_array_equal(section(close, "ends"), section(naive, "ends"))
        assert (section(close, "rows") != section(naive, "rows")).mean() > 0.5

    def test_more_blocks_than_16_bits_count(self) -> None:
        n = 70_000
        vectors = SparseVectors(range(n + 1), [0] * n, np.linspace(1, 2, n, dtype=np.float32), 1)
        option = replace(Seismic.exact(), blocking="value-order", block_size=1)
        index = BlockIndex.build(vectors, traversal=option)
        assert 30_000 < len(section(index, "ends")) <= 65_535
        assert_equals_brute_force(index, SparseVectors([0, 1], [0], [1], 1), 5, option)


class TestSummaries:
    def test_ceiled_codes_bound_every_vector_of_the_block(self) -> None:
        index = BlockIndex.build(zipfian(500, 8, dim=60), traversal=replace(Seismic.exact(), n_postings=40))
        dense = stored(index)
        for block in (b for blocks in lists(index) for b in blocks):
            largest = dense[block.rows].max(axis=0)
            assert (block.summary >= largest).all()
            assert (block.summary <= largest + block.step * 1.001 + 1e-6).all()

    @pytest.mark.parametrize("kind", ["max", "mean"])
    def test_the_nearest_code_of_the_entries_that_hold_the_energy(self, kind: Any) -> None:
        index = BlockIndex.build(zipfian(500, 9, dim=60), traversal=Seismic(n_postings=40, energy=0.6, summary=kind))
        dense = stored(index)
        for block in (b for blocks in lists(index) for b in blocks):
            whole = dense[block.rows].max(axis=0) if kind == "max" else dense[block.rows].mean(axis=0)
            kept = block.summary > 0
            np.testing.assert_allclose(block.summary[kept], whole[kept], atol=block.step / 2 + 1e-6)
            assert whole[kept].min() >= whole[~kept].max(initial=0) * (1 - 1e-6)
            held = whole[kept].sum() / whole.sum()
            assert held >= 0.6 - 1e-5 > held - whole[kept].min() / whole.sum() - 2e-5

    def test_a_fixed_number_of_entries(self) -> None:
        index = BlockIndex.build(zipfian(500, 10, dim=60), traversal=Seismic(n_postings=40, entries=5))
        dense = stored(index)
        for block in (b for blocks in lists(index) for b in blocks):
            whole = dense[block.rows].max(axis=0)
            assert (block.summary > 0).sum() == min(5, (whole > 0).sum())
            assert whole[block.summary > 0].min() >= whole[block.summary == 0].max()

    @pytest.mark.parametrize("rounding", ["nearest", "ceil"])
    def test_equal_entries(self, rounding: Any) -> None:
        rows = [{f"t{(i + j) % 9}": 1.5 for j in range(3)} for i in range(60)]
        vectors = SparseVectors.from_dicts(rows)
        option = replace(Seismic.exact(), rounding=rounding)
        index = BlockIndex.build(vectors, traversal=option)
        assert not section(index, "steps").reshape(-1, 2)[:, 1].any()
        assert_equals_brute_force(index, vectors, 10, option)


class TestExactness:
    @given(seed=st.integers(0, 2**32), k=st.integers(1, 40), compressed=st.booleans(), ordered=st.sampled_from(ORDERS))
    @settings(max_examples=40, deadline=None)
    def test_whole_ceiled_summaries_are_safe(self, seed: int, k: int, compressed: bool, ordered: Ordered) -> None:
        rng = random.Random(seed)
        weights = [1e-9, 0.5, 1.0, 1.0, 3.0, rng.random(), 1e6]
        rows = [
            {f"t{rng.randrange(12)}": rng.choice(weights) for _ in range(rng.randrange(7))}
            for _ in range(rng.randrange(1, 90))
        ]
        vectors = SparseVectors.from_dicts(rows, [f"t{t}" for t in range(12)])
        option = replace(
            Seismic.exact(), compressed=compressed, blocking=rng.choice(BLOCKINGS), ordered=ordered, min_cluster_size=0,
            centroid_fraction=0.4, block_size=3, seed=seed,
        )  # fmt: skip
        index = BlockIndex.build(vectors, traversal=option, values=rng.choice(["f32", "f16", "u8"]))
        assert_equals_brute_force(index, vectors, k, option)

    def test_all_blocks_of_all_lists(self) -> None:
        option = Seismic(n_postings=None, query_cut=None, heap_factor=0)
        assert_equals_brute_force(BlockIndex.build(zipfian(2000, 11), traversal=option), zipfian(30, 12), 10, option)

    def test_means_fall_below(self) -> None:
        vectors, queries = zipfian(3000, 13), zipfian(60, 14)
        safe = Seismic.exact()
        index = BlockIndex.build(vectors, traversal=replace(safe, summary="mean"))
        assert recall(BlockIndex.build(vectors, traversal=safe), queries, safe) == 1
        assert recall(index, queries, replace(safe, summary="mean")) < 0.9

    def test_every_column_number_of_16_bits(self) -> None:
        """None of 65,536 columns is passed over, however few or many of them a query has."""
        rng = np.random.default_rng(3)
        sizes = np.repeat([1, 31, 32, 33, 64, 96, 767], 64)  # of the rows, which share no column
        ends = sizes.cumsum()
        columns = [np.sort(part) for part in np.split(rng.permutation(65_536), ends[:-1])]
        vectors = SparseVectors([0, *ends], np.concatenate(columns), rng.random(65_536) + 0.1, 65_536)
        option = Seismic(n_postings=1, pruning="fixed", compressed=True, query_cut=None, heap_factor=0)
        index = BlockIndex.build(vectors, traversal=option)
        for size, traversal in ((40, "exact"), (500, "exact"), (30_000, "exact"), (40, option), (500, option)):
            asked = np.stack([np.sort(rng.permutation(65_536)[:size]) for _ in range(10)])
            queries = SparseVectors(np.arange(11) * size, asked.ravel(), rng.random(asked.size) + 0.1, 65_536)
            want = (queries.to_scipy().astype(float) @ vectors.to_scipy().astype(float).T).toarray()
            ids, scores = index.search(queries, len(vectors), traversal=traversal)
            got = np.zeros_like(want)
            for query in range(10):
                met = ids[query] >= 0
                got[query, ids[query, met]] = scores[query, met]
            np.testing.assert_allclose(got, want, rtol=1e-6)

    def test_more_than_16_bits_of_terms(self) -> None:
        rng = np.random.default_rng(0)
        cells = np.unique(np.arange(1500)[:, None] * 200_000 + rng.integers(0, 200_000, (1500, 60)))
        indptr = np.searchsorted(cells, np.arange(1501) * 200_000)
        vectors = SparseVectors(indptr, cells % 200_000, rng.random(len(cells)) + 0.1, 200_000)
        index = BlockIndex.build(vectors, traversal=Seismic.exact())
        assert index._space.terms > 65_536
        few = SparseVectors(vectors.indptr[:21], vectors.indices[: indptr[20]], vectors.values[: indptr[20]], 200_000)
        assert_equals_brute_force(index, few, 5, Seismic.exact())
        with pytest.raises(UsageError, match="at most 65536"):
            BlockIndex.build(vectors, traversal=Seismic(compressed=True))


@pytest.fixture(scope="module")
def index() -> BlockIndex:
    return BlockIndex.build(topical(6000, 15), traversal=Seismic(n_postings=None))


@pytest.fixture(scope="module")
def queries() -> SparseVectors:
    return topical(150, 16, entries=16)


class TestSearch:
    def test_close_blocks_score_fewer_rows_than_random_ones(self, queries: SparseVectors) -> None:
        vectors, safe = topical(6000, 15), Seismic.exact()
        scored = {}
        for blocking in ("inverted-approx", "random"):
            option = replace(safe, blocking=blocking)
            found, scored[blocking] = answer(BlockIndex.build(vectors, traversal=option), queries, option)
            assert found == 1
        assert scored["inverted-approx"] < 0.8 * scored["random"]

    def test_recall_grows_with_lists_and_falls_with_the_heap_factor(
        self, index: BlockIndex, queries: SparseVectors
    ) -> None:
        build = Seismic(n_postings=None)
        by_cut = [recall(index, queries, replace(build, query_cut=cut)) for cut in (1, 2, 4, 8, 16)]
        by_heap = [recall(index, queries, replace(build, heap_factor=h)) for h in (1.0, 0.8, 0.6, 0.3, 0.0)]
        for series in (by_cut, by_heap):
            assert all(later >= earlier - 0.005 for earlier, later in pairwise(series))
            assert series[-1] > series[0]

    def test_a_query_cut_reads_the_heaviest_terms(self, index: BlockIndex) -> None:
        """Every row of the one list that is read, and no other."""
        query = SparseVectors([0, 3], [3, 40, 41], [0.5, 2.0, 1.0], 2000)
        option = Seismic(n_postings=None, query_cut=1, heap_factor=0)
        ids, _ = index.search(query, 6000, traversal=option)
        vectors = topical(6000, 15)
        of_row = np.repeat(np.arange(6000), np.diff(vectors.indptr))
        assert set(ids[ids >= 0]) == set(of_row[vectors.indices == 40])

    def test_ordered_blocks_score_fewer_rows(self, index: BlockIndex, queries: SparseVectors) -> None:
        build = Seismic(n_postings=None, query_cut=3)
        scored = [answer(index, queries, replace(build, ordered=o))[1] for o in ("none", "first", "all")]
        assert scored[0] > scored[1] > scored[2]

    def test_filters(self, index: BlockIndex, queries: SparseVectors) -> None:
        where = np.random.default_rng(17).random(6000) < 0.05
        option = Seismic(n_postings=None, **ALL_BLOCKS)
        assert_same(index.search(queries, 10, where=where, traversal=option),
                    index.search(queries, 10, where=where, exhaustive=True))  # fmt: skip
        ids, _ = index.search(queries, 10, where=where)
        assert where[ids[ids >= 0]].all()

    def test_more_wanted_than_there_is(self, index: BlockIndex, queries: SparseVectors) -> None:
        assert_equals_brute_force(index, queries[5], 7000, Seismic(n_postings=None, **ALL_BLOCKS))

    def test_nothing_to_find(self, index: BlockIndex) -> None:
        ids, scores = index.search(SparseVectors([0, 0, 1], [1999], [1], 2001), 3)
        assert (ids[0] == -1).all()
        assert np.isneginf(scores[0]).all()
        empty = SparseVectors([0], [], [], 5)
        ids, _ = BlockIndex.build(empty, traversal=Seismic(neighbours=2, compressed=True)).search(empty, 3)
        assert ids.shape == (0, 3)


class TestGraph:
    build = Seismic(n_postings=60, neighbours=5, query_cut=1, heap_factor=1)

    def test_neighbours_are_what_the_index_finds(self) -> None:
        vectors = zipfian(800, 18)
        index = BlockIndex.build(vectors, traversal=self.build)
        graph = section(index, "neighbours").reshape(800, 5)
        ids, _ = index.search(vectors, 6, traversal=replace(self.build, query_cut=10, heap_factor=0.7, hop=0))
        place = np.argsort(row_order(index))
        for row in range(800):
            want = [place[i] for i in ids[row] if i not in (row, -1)][:5]
            got = graph[place[row]]
            assert got[got != 2**32 - 1].tolist() == want

    def test_they_raise_recall(self) -> None:
        queries = zipfian(150, 19)
        index = BlockIndex.build(zipfian(3000, 20), traversal=self.build)
        without, few, all_ = (recall(index, queries, replace(self.build, hop=hop)) for hop in (0, 1, None))
        assert without < few < all_
        assert all_ > without + 0.05

    def test_under_a_filter(self) -> None:
        index = BlockIndex.build(zipfian(800, 18), traversal=self.build)
        where = np.random.default_rng(21).random(800) < 0.2
        ids, _ = index.search(zipfian(50, 22), 10, where=where)
        assert where[ids[ids >= 0]].all()
