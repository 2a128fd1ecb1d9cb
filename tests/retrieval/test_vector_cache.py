"""Kept vectors: the same as made at once, made once, and made on where an earlier run stopped."""

import json

import numpy as np
import pytest

from gossamer.errors import GossamerError
from gossamer.retrieval import SparseVectors
from gossamer.retrieval.vector_cache import PART, encoded, joined

TEXTS = [f"{n} {n % 7}" for n in range(2 * PART + 10)]


class Encoder:
    """Counts how many texts it has seen, and may stop at one."""

    def __init__(self, stop=None):
        self.seen, self.stop = 0, stop

    def __call__(self, texts):
        if self.stop in texts:
            raise KeyboardInterrupt
        self.seen += len(texts)
        rows = [{"a": float(text.split()[0]), "b": float(text.split()[1])} for text in texts]
        return SparseVectors.from_dicts([{t: w for t, w in row.items() if w} for row in rows], ["a", "b", "c"])


def same(a, b):
    return a.shape == b.shape and all(
        np.array_equal(x, y)
        for x, y in ((a.indptr, b.indptr), (a.indices, b.indices), (a.values, b.values))
    )  # fmt: skip


def test_the_same_with_and_without_a_folder(tmp_path):
    at_once = Encoder()(TEXTS)
    assert same(encoded(TEXTS, Encoder()).vectors, at_once)
    kept = encoded(TEXTS, Encoder(), tmp_path / "x")
    assert same(kept.vectors, at_once)
    assert not kept.cached
    again = encoded(TEXTS, never := Encoder(), tmp_path / "x")
    assert same(again.vectors, at_once)
    assert (again.cached, never.seen, again.seconds) == (True, 0, kept.seconds)
    assert sorted(path.name for path in (tmp_path / "x").iterdir()) == ["documents.json", "documents.safetensors"]


def test_it_goes_on_where_it_was_interrupted(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        encoded(TEXTS, first := Encoder(stop=TEXTS[PART + 3]), tmp_path / "x")
    assert first.seen == PART
    told = []
    done = encoded(TEXTS, second := Encoder(), tmp_path / "x", told.append)
    assert second.seen == len(TEXTS) - PART
    assert same(done.vectors, Encoder()(TEXTS))
    assert told == [PART, 2 * PART, len(TEXTS)]


def test_a_part_that_is_not_whole_is_made_again(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        encoded(TEXTS, Encoder(stop=TEXTS[PART + 3]), tmp_path / "x")
    (part,) = (tmp_path / "x").glob("part-*.safetensors")
    part.write_bytes(part.read_bytes()[:100])
    part.with_suffix(".json").unlink()  # written last
    encoded(TEXTS, encoder := Encoder(), tmp_path / "x")
    assert encoder.seen == len(TEXTS)


def test_what_cannot_be_kept_is_said(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(GossamerError, match=r"cannot keep vectors here.*--cache"):
        encoded(TEXTS, Encoder(), tmp_path / "file")
    encoded(TEXTS[:3], Encoder(), tmp_path / "y")
    (tmp_path / "y" / "documents.safetensors").write_bytes(b"x")
    with pytest.raises(GossamerError, match="not a file of sparse vectors"):
        encoded(TEXTS[:3], Encoder(), tmp_path / "y")
    assert json.loads((tmp_path / "y" / "documents.json").read_text())["parts"] == 1


def test_nothing():
    assert joined([]).shape == (0, 0)
    assert encoded([], Encoder()).vectors.shape == (0, 0)
