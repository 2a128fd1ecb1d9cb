"""Sparse vectors: what is refused, what is normalised, round trips."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, strategies as st

from gossamer.errors import GossamerError
from gossamer.retrieval import SparseVectors

weights = st.floats(-1e6, 1e6, width=32)
rows = st.lists(st.dictionaries(st.text(min_size=1, max_size=4), weights, max_size=6), max_size=6)


@given(rows)
def test_dicts_come_back_without_zeros(given_rows: list[dict[str, float]]) -> None:
    vectors = SparseVectors.from_dicts(given_rows)
    assert vectors.to_dicts() == [{t: w for t, w in row.items() if w != 0} for row in given_rows]
    assert all(
        (np.diff(vectors.indices[a:b].astype(int)) > 0).all()
        for a, b in zip(vectors.indptr, vectors.indptr[1:], strict=False)
    )


@given(st.integers(0, 5), st.integers(1, 9), st.integers(0, 2**32 - 1))
def test_scipy_round_trip(n: int, dim: int, seed: int) -> None:
    matrix = sp.random_array((n, dim), density=0.4, rng=seed, dtype=np.float32, format="coo")
    vectors = SparseVectors.from_scipy(matrix)
    assert vectors.shape == (n, dim)
    assert (vectors.to_scipy() != matrix).nnz == 0
    assert [len(vectors[i]) for i in range(n)] == [1] * n


def test_save_and_load(tmp_path: Path) -> None:
    vectors = SparseVectors.from_dicts([{"wing": 1.5, "größe": 0.25}, {}, {"wing": 3}])
    vectors.save(tmp_path / "v.safetensors")
    assert SparseVectors.load(tmp_path / "v.safetensors") == vectors
    (tmp_path / "bad").write_bytes(b"not safetensors")
    with pytest.raises(GossamerError, match="bad: not a file of sparse vectors"):
        SparseVectors.load(tmp_path / "bad")


def test_jsonl(tmp_path: Path) -> None:
    path = tmp_path / "v.jsonl"
    path.write_text('{"id": 7, "vector": {"a": 1}}\n{"id": "x", "vector": {"b": 2.5}}\n')
    ids, vectors = SparseVectors.from_jsonl(path)
    assert ids == ["7", "x"]
    assert vectors.to_dicts() == [{"a": 1.0}, {"b": 2.5}]
    path.write_text('{"id": 7, "vector": {"a": 1}}\n{"id": 8}\n')
    with pytest.raises(GossamerError, match=r"v\.jsonl:2"):
        SparseVectors.from_jsonl(path)


@pytest.mark.parametrize(
    ("indptr", "indices", "values", "message"),
    [
        ([0, 1, 2], [0, 1], [1.0, float("nan")], "row 1: the weight of 'b' is nan"),
        ([0, 1, 2], [0, 1], [1.0, 1e39], "row 1: the weight of 'b' is inf"),
        ([0, 0, 2], [1, 1], [1.0, 2.0], "row 1: 'b' appears twice"),
        ([0, 2], [0, 2], [1.0, 2.0], "row 0: column 2 is out of range"),
        ([0, 2], [0], [1.0], "indptr"),
        ([1, 1], [0], [1.0], "indptr"),
        ([0, 1], [0], [1.0, 2.0], "shapes disagree"),
    ],
)
def test_what_is_refused(indptr: list[int], indices: list[int], values: list[float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        SparseVectors(indptr, indices, values, 2, ["a", "b"])


def test_a_term_outside_a_fixed_vocabulary_is_refused() -> None:
    with pytest.raises(ValueError, match="row 1: term 'z' is not in the vocabulary"):
        SparseVectors.from_dicts([{"a": 1}, {"z": 1}], vocabulary=["a"])


def test_a_loaded_file_is_mapped_and_may_be_saved_over_itself(tmp_path: Path) -> None:
    vectors = SparseVectors([0, 2, 2, 3], [0, 3, 1], [1.0, 2.0, 3.0], 4)
    vectors.save(tmp_path / "v")
    loaded = SparseVectors.load(tmp_path / "v")
    for array in (loaded.indptr, loaded.indices, loaded.values):
        assert isinstance(array.base, np.memmap)
    loaded.save(tmp_path / "v")
    assert loaded == vectors
    assert SparseVectors.load(tmp_path / "v") == vectors
    assert [path.name for path in tmp_path.iterdir()] == ["v"]


@given(seed=st.integers(0, 2**32), together=st.integers(1, 9))
def test_checks_do_not_depend_on_how_many_entries_are_looked_at(seed: int, together: int) -> None:
    rng = np.random.default_rng(seed)
    counts = rng.integers(0, 4, 6)
    indices = np.concatenate([rng.permutation(5)[:n] for n in counts])
    values = rng.integers(0, 3, counts.sum())
    dense = np.zeros((6, 5), np.float32)
    dense[np.repeat(np.arange(6), counts), indices] = values
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("gossamer.retrieval.vectors._TOGETHER", together)
        vectors = SparseVectors(np.cumsum([0, *counts]), indices, values, 5)
        np.testing.assert_array_equal(vectors.to_scipy().toarray(), dense)
        assert (vectors.values != 0).all()
        for row in range(6):
            assert (np.diff(vectors.indices[vectors.indptr[row] : vectors.indptr[row + 1]].astype(int)) > 0).all()
