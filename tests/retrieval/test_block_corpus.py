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
from gossamer.retrieval.traversals import Seismic

INPUTS = sorted((Path(__file__).parent / "corpus_block").iterdir())


def replay(data: bytes) -> tuple[np.ndarray, np.ndarray | None]:
    """Rows for the query of an input, by exact search and by its named traversal.

    Raises:
        _native.Damaged: Its sections do not fit.
    """
    one = take_apart(data)
    space = _native.open_block(one.sections, one.rows, one.kind)
    columns = sorted(one.query)
    weights = np.array([one.query[c] for c in columns], np.float32)
    offsets, terms = np.array([0, len(columns)], np.int64), np.array(columns, np.uint32)
    accepted = np.arange(one.rows) % one.every == 0 if one.every else None
    effort = {"postings": one.size, "candidates": one.share}
    for search in (
        _native.exhaustive(space),
        _native.exact(space, share=one.share / 255, **effort),
        _native.two_phase(space, **effort),
    ):
        search(offsets, terms, weights, one.k, accepted)
    exact = _native.exact(space)(offsets, terms, weights, one.k, accepted)[0]
    if one.how == 0:
        return exact, None
    return exact, one.traverse(space)(offsets, terms, np.abs(weights), one.k, accepted)[0]


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
            replay(put_together(index, queries[i], k=7, every=3))[0],
            index.search(queries[i], 7, where=np.arange(300) % 3 == 0)[0],
        )


@pytest.mark.parametrize("how", range(1, 8))
def test_a_named_traversal_of_an_input_is_exact_where_its_options_are(how: int) -> None:
    traversal = Seismic.exact() if how == 7 else "exact"
    index, queries = BlockIndex.build(topical(300, 1), traversal=traversal), topical(5, 2)
    for i in range(5):
        exact, named = replay(put_together(index, queries[i], 7, 3, how, size=254, share=255))
        np.testing.assert_array_equal(named, exact)


def test_negative_layers_are_refused() -> None:
    sections = take_apart(put_together(BlockIndex.build(topical(30, 1)), topical(1, 2), 3, 0)).sections
    for wrong in (-1.0, np.nan, np.inf):
        sections["layers"].view(np.float32)[5] = wrong
        with pytest.raises(_native.Damaged, match="layers: out of order"):
            _native.open_block(sections, 30, "f32")


def test_more_entries_than_there_are_bytes_are_refused() -> None:
    sections = take_apart((INPUTS[0].parent / "entries-wrap").read_bytes()).sections
    with pytest.raises(_native.Damaged, match="more entries"):
        _native.open_block(sections, 20, "f32")
