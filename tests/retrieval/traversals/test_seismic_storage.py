"""What Seismic stores: columns in fewer bytes, sections that do not change with threads, and damage that is refused."""

from __future__ import annotations

import random
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from seismic_sections import columns, row_order, section
from zipfian import zipfian

from gossamer import _native
from gossamer.errors import UsageError
from gossamer.retrieval import BlockIndex, SparseVectors
from gossamer.retrieval.traversals import Seismic


def assert_same(got: Any, want: Any) -> None:
    np.testing.assert_array_equal(got[0], want[0])
    np.testing.assert_array_equal(got[1], want[1])


class TestCompressedColumns:
    @given(seed=st.integers(0, 2**32), dim=st.sampled_from([9, 300, 3000]))
    @settings(max_examples=10, deadline=None)
    def test_they_decode_to_the_columns(self, seed: int, dim: int) -> None:
        rng = np.random.default_rng(seed)
        sizes = rng.integers(0, 40, 12)
        rows = [np.unique(rng.integers(0, dim, size)) for size in sizes] + [np.arange(dim)]
        flat = np.concatenate(rows)
        vectors = SparseVectors(np.cumsum([0, *map(len, rows)]), flat, rng.random(len(flat)) + 0.1, dim)
        index = BlockIndex.build(vectors, traversal=Seismic(n_postings=1, pruning="fixed", compressed=True, entries=1))
        decoded = columns(index)
        for stored_row, row in enumerate(row_order(index)):
            assert decoded[stored_row] == rows[row].tolist()

    @pytest.mark.parametrize("values", ["f32", "f16", "u8"])
    def test_they_change_no_answer(self, values: Any) -> None:
        vectors, queries, plain = zipfian(2000, 23, dim=20_000), zipfian(60, 24, dim=20_000), Seismic(n_postings=None)
        coded = replace(plain, compressed=True)
        assert_same(
            BlockIndex.build(vectors, traversal=coded, values=values).search(queries),
            BlockIndex.build(vectors, traversal=plain, values=values).search(queries),
        )

    def test_they_are_smaller(self) -> None:
        index = BlockIndex.build(zipfian(2000, 25, dim=5000, entries=60), traversal=Seismic(compressed=True))
        assert len(section(index, "columns")) < 0.75 * len(memoryview(index._sections["forward.columns"][1]))


def own_sections(index: BlockIndex) -> dict[str, bytes]:
    return {n: bytes(memoryview(d)) for n, (_, d) in index._sections.items() if n.startswith("seismic.")}


class TestStorage:
    option = Seismic(n_postings=50, neighbours=3, compressed=True)

    def test_threads_change_nothing(self) -> None:
        one, three = (BlockIndex.build(zipfian(900, 26), traversal=self.option, threads=t) for t in (1, 3))
        assert {n: bytes(memoryview(d)) for n, (_, d) in one._sections.items()} == {
            n: bytes(memoryview(d)) for n, (_, d) in three._sections.items()
        }
        other = BlockIndex.build(zipfian(900, 26), traversal=replace(self.option, seed=1))
        assert (section(one, "ends").shape != section(other, "ends").shape) or (
            section(one, "rows") != section(other, "rows")
        ).any()

    def test_a_saved_index_answers_alike(self, tmp_path: Path) -> None:
        index, queries = BlockIndex.build(zipfian(900, 26), traversal=self.option), zipfian(20, 27)
        index.save(tmp_path / "b")
        assert_same(BlockIndex.open(tmp_path / "b").search(queries), index.search(queries))

    def test_damaged_sections_give_an_error_or_an_answer(self) -> None:
        index, queries = BlockIndex.build(zipfian(300, 28), traversal=self.option), zipfian(6, 29)
        rng = random.Random(1)
        whole = own_sections(index)
        refused = 0
        for _ in range(600):
            name = rng.choice(sorted(whole))
            bad = bytearray(whole[name])
            if rng.random() < 0.1:
                del bad[rng.randrange(len(bad)) :]
            for _ in range(rng.choice([1, 20])) if bad else ():
                bad[rng.randrange(len(bad))] = rng.choice([0, 1, 0x7F, 0xFF])
            with suppress(_native.Damaged):
                refused += 1
                read = _native.open_seismic(index._space, {**whole, name: bytes(bad)})
                for cut in (3, 100):
                    _native.seismic(read, query_cut=cut, heap_factor=0.5, ordered="all", hop=3)(
                        queries.indptr, queries.indices, queries.values, 10, None, 1
                    )
                refused -= 1
        assert 100 < refused < 550

    @pytest.mark.parametrize("name", ["rows", "postings", "steps", "terms", "summaries", "columns.start", "neighbours"])
    def test_a_shorter_section_is_refused(self, name: str) -> None:
        index = BlockIndex.build(zipfian(300, 28), traversal=self.option)
        whole = own_sections(index)
        whole[f"seismic.{name}"] = whole[f"seismic.{name}"][:-8]
        with pytest.raises(_native.Damaged, match=r"seismic\."):
            _native.open_seismic(index._space, whole)

    @pytest.mark.parametrize(
        ("options", "match"),
        [
            ({"n_postings": 0}, "n_postings=0"),
            ({"heap_factor": 1.5}, "heap_factor=1.5 must be from 0 to 1"),
            ({"blocking": "kmeans"}, "blocking='kmeans' must be one of inverted-approx"),
            ({"energy": -0.1}, "energy"),
            ({"query_cut": 0}, "query_cut"),
        ],
    )
    def test_wrong_options(self, options: dict[str, Any], match: str) -> None:
        with pytest.raises(UsageError, match=match):
            Seismic(**options)
