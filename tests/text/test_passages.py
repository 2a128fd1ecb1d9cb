"""Sentences by example; passages by the properties that indexing relies on."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from hypothesis import given, strategies as st

from gossamer import _native
from gossamer.errors import UsageError
from gossamer.text import Document, Passage, Span
from gossamer.text.passages import prefix, split

pieces = st.sampled_from([
    "wing", "lift", "a", "3.5", "Mr.", "e.g.", "J.", "end.", "What?", "No!", '"so."', "(yes.)", "…", "飛ぶ。",
    "「鳥」", "é", "👩🏽", " ", " ", " ", "\n", "\r\n", "\n\n", "\r\n\r\n", "\t", "\u00a0", "\u3000", "\f",
    "\u2029", "- ", "\n- ", "\n1. ",
])  # fmt: skip
texts = st.lists(pieces, max_size=80).map("".join)
prose = st.lists(st.sampled_from(["wing", "lift", "bird", "end.", "stop!"]), min_size=1, max_size=120).map(" ".join)
limits = st.integers(1, 12)


def sentences(text: str) -> list[str]:
    return [text[start:end] for start, end, *_ in _native.split_sentences(text)]


@pytest.mark.parametrize(
    "text",
    [
        "One wing. | Two wings! | Three? | Four… | Five",
        "He said “stop.” | She left. | (All did.) | [Yes!] | *Bold.* | End",
        "Dr. Smith met Mr. J. P. Jones, e.g. here, i.e. there, vs. them, cf. Fig. 3, et al. too. | So",
        "The U.S. Army paid approx. 3.5 dollars. | Then more.",
        "See no. 5 and pp. 3, sec. 2. | No. | Then yes.",
        "Apples, pears etc. are fruit. | Apples, pears etc. | Then more. | By Acme Inc. | The end",
        "What?! | Really... | Yes . | no . | ok",
        "一つの文。|「そうか？」|はい！|終わり",
        "A heading\n\n|A line\nthat goes on.\r\n\r\n|Next\f|page\u2029|paragraph",
        "Items:\n|- one\n|- two\n|* three\n|• four\n|1. five is. | Six\n|2) seven\n|a) eight\n|(iv) nine\n|# Ten",
        "It is - as\n-1 is - small\nand 3) not. | So",
        "3. Results follow. | 2.1. Method and data. | It was 3. | Then 4.",
        "Émile Zola and É. Zola. | Next",
        "Version 2.0.1 of a.b.c runs. | So it does.",
        "",
    ],
)
def test_sentences_by_example(text: str) -> None:
    expected = [part.strip() for part in text.split("|") if part.strip()]
    assert sentences(re.sub(r"\s*\|\s*", _gap, text)) == expected


def _gap(match: re.Match[str]) -> str:
    """The white space around a bar, without the bar."""
    space = match.group().replace("|", "")
    return space if space in ("", "\n") or space.strip(" ") else " "


@given(text=texts)
def test_sentences_hold_every_word_once(text: str) -> None:
    ranges = _native.split_sentences(text)
    visible = [c for start, end, *_ in ranges for c in text[start:end] if not c.isspace()]
    assert visible == [c for c in text if not c.isspace()]
    assert all(text[start:end].strip() == text[start:end] != "" for start, end, *_ in ranges)
    assert all(a[1] <= b[0] for a, b in pairwise(ranges))


@given(text=texts | prose, words=limits, marks=st.lists(st.integers(0, 200), max_size=4))
def test_passages_cover_and_fit(text: str, words: int, marks: list[int]) -> None:
    headings = sorted({mark for mark in marks if mark < len(text)})
    ranges = _native.split_passages(text, words, headings)
    covered = {i for start, end, *_ in ranges for i in range(start, end)}
    assert all(c.isspace() or i in covered for i, c in enumerate(text))
    for start, end, byte_start, byte_end in ranges:
        passage = text[start:end]
        assert passage == passage.strip()
        assert passage or not text.strip()
        assert len(passage.split()) <= words
        assert text.encode()[byte_start:byte_end].decode() == passage
        assert not any(start < heading < end for heading in headings)
    for heading in headings:  # what stands at a heading opens a passage
        follows = heading + len(text[heading:]) - len(text[heading:].lstrip())
        assert follows == len(text) or follows in {r[0] for r in ranges}


@given(text=prose, words=limits)
def test_packing_is_greedy_with_one_sentence_of_overlap(text: str, words: int) -> None:
    units: list[tuple[int, int, int]] = []  # start, end and words; longer sentences cut
    for start, end, *_ in _native.split_sentences(text):
        spans = [(start + m.start(), start + m.end()) for m in re.finditer(r"\S+", text[start:end])]
        chunks = [spans[i : i + words] for i in range(0, len(spans), words)]
        units += [(chunk[0][0], chunk[-1][1], len(chunk)) for chunk in chunks]
    expected, current = [], [units[0]]
    for unit in units[1:]:
        if sum(u[2] for u in current) + unit[2] > words:
            expected.append((current[0][0], current[-1][1]))
            current = current[-1:] if current[-1][2] + unit[2] <= words else []
        current.append(unit)
    expected.append((current[0][0], current[-1][1]))
    assert [(p.start, p.end) for p in split(text, words)] == expected


@given(text=texts)
def test_whole_documents(text: str) -> None:
    [passage] = split(text, None)
    assert passage.text == text.strip()
    assert text[passage.start : passage.end] == passage.text


@pytest.mark.parametrize("text", ["", " \n\t\u3000", "\r\n"])
def test_blank_texts_have_one_empty_passage(text: str) -> None:
    assert split(text) == [Passage(0, 0, "")]
    assert split(text, None) == [Passage(0, 0, "")]


@pytest.mark.parametrize("letter", ["x", "é", "👩", "漢"])
def test_a_long_run_is_cut(letter: str) -> None:
    text = f"one two {letter * 10_000} three. Four."
    passages = split(text, 180)
    assert [(p.start, p.end) for p in passages] == [
        (0, 7), (8, 8 + 4096), (8 + 4096, 8 + 8192), (8 + 8192, len(text)),
    ]  # fmt: skip
    assert split(letter * 4096) == [Passage(0, 4096, letter * 4096)]


def test_no_passages_of_no_words() -> None:
    with pytest.raises(UsageError, match="passages of 0 words"):
        split("text", 0)


def test_lone_surrogates_keep_offsets() -> None:
    assert [p.text for p in split("a\ud800. b", 1)] == ["a\ud800.", "b"]


@pytest.fixture
def report() -> Document:
    parts = [
        ("Report", 1),
        ("Birds", 2),
        ("They fly. Far.", 0),
        ("Bats", 2),
        ("They too.", 0),
        ("Notes", 1),
        ("No.", 0),
    ]
    text, spans = "", []
    for part, level in parts:
        if level:
            spans.append(Span("heading", len(text), len(text) + len(part), part, level))
        text += part + "\n\n"
    spans += [Span("page", 0, 30, "i", 0), Span("page", 30, len(text), "ii", 0), Span("time", 24, 60, "12.5")]
    return Document("r", text, title="Report", spans=sorted(spans, key=lambda span: span.start))


def test_passages_know_where_they_stand(report: Document) -> None:
    found = [(" ".join(p.text.split()), p.headings, p.page, p.time) for p in split(report)]
    assert found == [
        ("Report", (), "i", None),
        ("Birds They fly. Far.", ("Report",), "i", None),
        ("Bats They too.", ("Report",), "ii", 12.5),
        ("Notes No.", (), "ii", 12.5),
    ]
    headings = {p.text: p.headings for p in split(report, words=2)}
    assert headings["Far."] == ("Report", "Birds")
    assert split(report, None)[0].headings == ()


def test_the_prefix_says_what_the_passage_does_not(report: Document) -> None:
    assert [prefix(report, p) for p in split(report)] == ["", "Report", "Report", "Report"]
    other = Document("o", report.text, title="Zoo", spans=report.spans)
    assert [prefix(other, p) for p in split(other)] == ["Zoo", "Zoo\nReport", "Zoo\nReport", "Zoo"]
    assert prefix(Document("o", "text"), Passage(0, 4, "text")) == ""
