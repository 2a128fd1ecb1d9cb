"""What a hit says of itself: highlights and intensities by definition, neighbours that are the document's own text."""

from __future__ import annotations

import math
from itertools import pairwise
from pathlib import Path
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from gossamer import Index
from gossamer.retrieval.encoders import BM25Encoder
from gossamer.text import analyzer
from gossamer.text.documents import Passage
from gossamer.text.passages import REACH, widened

english = analyzer("english")
PIECES = [
    "wing", "Wings", "WING’S", "lifted", "café", "cafe\u0301", "cafe\u0301\u0323", "ﬁns", "½", "Å", "A\u030a",
    "👩🏽\u200d🚀", "🪁kite", "\u202ewing\u202c", "\u2067lift\u2069", "\u200fwing", "wi\u00adng", "한국",
    "\u1112\u1161\u11ab", "the", ".", "?\r\n", "\r\n\r\n", "\n\n", "wing,lift", "x" * 40, "\ufeff", "\x00", "e\u0301",
]  # fmt: skip
texts = st.lists(st.sampled_from(PIECES), min_size=1, max_size=60).map(" ".join)
words = st.sampled_from(["wing", "lift", "cafe\u0301", "fins", "½", "kite", "å", "한국", "e\u0301"])
queries = st.lists(words, min_size=1, max_size=6).map(" ".join)


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(bodies=st.lists(texts, min_size=1, max_size=4), query=queries)
def test_highlights_are_places_of_the_document_that_hold_the_terms(
    memory_path: Path, bodies: list[str], query: str
) -> None:
    with Index.create(memory_path / uuid4().hex, passages=10, threads=1) as index:
        index.add({"id": str(n), "text": body} for n, body in enumerate(bodies))
    for hit in index.search(query, explain=True):
        text = hit.document.text
        assert text == bodies[int(hit.id)]
        assert text[hit.passage.start : hit.passage.end] == hit.passage.text
        added = {part.term: part.contribution for part in hit.explanation}
        assert len(hit.intensities) == len(hit.highlights) > 0
        assert all(a[1] <= b[0] for a, b in pairwise(hit.highlights))
        for (start, end), intensity in zip(hit.highlights, hit.intensities, strict=True):
            assert hit.passage.start <= start < end <= hit.passage.end
            shares = [added[term] for term in english.terms(text[start:end]) if term in added]
            assert intensity == math.ceil(4 * max(shares) / max(added.values()))


def test_the_four_steps(tmp_path: Path) -> None:
    with Index.create(tmp_path / "ix", encoder=None) as index:
        from gossamer.retrieval.vectors import SparseVectors
        from gossamer.text import Document

        weights = {"a": 1.0, "b": 0.75, "c": 0.5, "d": 0.25, "e": 0.125, "f": 0.76, "g": 4.0}
        index.add_vectors(["v"], SparseVectors.from_dicts([weights]), [Document("v", "a b c d e f h")])
    [hit] = index.search(dict.fromkeys("abcdefh", 1.0))
    assert hit.intensities == [4, 3, 2, 1, 1, 4]
    assert hit.to_dict()["intensities"] == hit.intensities


def test_terms_that_take_away_are_weakest(tmp_path: Path) -> None:
    with Index.create(tmp_path / "ix", BM25Encoder(variant="robertson")) as index:
        index.add(["wing sail", "wing", "wing"])
    hit = index.search("wing sail")[0]
    assert hit.intensities == [1, 4]
    assert index.search("wing")[0].intensities == [1]


SENTENCES = [f"Sentence {n} says so." for n in range(40)]


@pytest.mark.parametrize("between", [" ", "\n\n", "\r\n"])
@pytest.mark.parametrize(("before", "after"), [(0, 0), (1, 1), (3, 2), (100, 100)])
def test_neighbours_are_whole_sentences(tmp_path: Path, between: str, before: int, after: int) -> None:
    sentences = [*SENTENCES[:20], "A wing.", *SENTENCES[20:]]
    with Index.create(tmp_path / "ix", passages=4) as index:
        index.add([{"id": "one", "text": between.join(sentences)}])
    [hit] = index.search("wing")
    assert hit.passage.text.strip() == "A wing."
    expected = sentences[max(0, 20 - before) : 21 + after]
    around = hit.context(before, after)
    assert around.text == between.join(expected)
    assert around.text == hit.document.text[around.start : around.end]
    assert around.headings == hit.passage.headings


@given(
    text=st.text(alphabet="ab. \n?👩é", max_size=300),
    cut=st.tuples(st.integers(0, 300), st.integers(0, 300)),
    before=st.integers(0, 4),
    after=st.integers(0, 4),
)
def test_a_wider_passage_holds_the_passage(text: str, cut: tuple[int, int], before: int, after: int) -> None:
    start, end = sorted(min(one, len(text)) for one in cut)
    wide = widened(Passage(start, end, text[start:end]), text, before, after)
    assert 0 <= wide.start <= start <= end <= wide.end <= len(text)
    assert wide.text == text[wide.start : wide.end]
    assert (wide.start, wide.end) != (start, end) or not (before and text[:start].strip()) or start == 0


def test_a_text_without_sentences_is_cut() -> None:
    text = "x" * 10_000
    assert len(widened(Passage(5000, 5001, "x"), text, 5, 5).text) == 2 * REACH + 1
