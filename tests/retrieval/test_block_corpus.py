"""What fuzzing found is read and searched without a crash; `make sanitize` replays it under ASan and UBSan."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from block_corpus import put_together, take_apart
from brute_force import topical

from gossamer import _native
from gossamer.retrieval import BlockIndex

INPUTS = sorted((Path(__file__).parent / "corpus_block").iterdir())


def replay(data: bytes) -> np.ndarray:
    """Rows for the query of an input.

    Raises:
        _native.Damaged: Its sections do not fit.
    """
    sections, rows, kind, query, k, every = take_apart(data)
    space = _native.open_block(sections, rows, kind)
    arrays = (
        np.array([0, len(query)], np.int64),
        np.array(sorted(query), np.uint32),
        np.array([query[c] for c in sorted(query)], np.float32),
    )
    accepted = np.arange(rows) % every == 0 if every else None
    _native.exhaustive(space)(*arrays, k, accepted)
    _native.two_phase(space, 3000, 16)(*arrays, k, accepted)
    return _native.exact(space)(*arrays, k, accepted)[0]


def test_the_corpus_is_damaged_or_answers() -> None:
    answered = 0
    for path in INPUTS:
        with suppress(_native.Damaged):
            replay(path.read_bytes())
            answered += 1
    assert 0 < answered < len(INPUTS)


def test_an_input_is_the_index_and_the_query_that_it_was_made_of() -> None:
    index, queries = BlockIndex.build(topical(300, 1), values="u8", order="bisect"), topical(5, 2)
    for i in range(5):
        np.testing.assert_array_equal(
            replay(put_together(index, queries[i], k=7, every=3)),
            index.search(queries[i], 7, where=np.arange(300) % 3 == 0)[0],
        )


def test_negative_layers_are_refused() -> None:
    sections = take_apart(put_together(BlockIndex.build(topical(30, 1)), topical(1, 2), 3, 0))[0]
    for wrong in (-1.0, np.nan, np.inf):
        sections["layers"].view(np.float32)[5] = wrong
        with pytest.raises(_native.Damaged, match="layers: out of order"):
            _native.open_block(sections, 30, "f32")


def test_more_entries_than_there_are_bytes_are_refused() -> None:
    sections = take_apart((INPUTS[0].parent / "entries-wrap").read_bytes())[0]
    with pytest.raises(_native.Damaged, match="more entries"):
        _native.open_block(sections, 20, "f32")
