"""Pieces of a text: nothing lost, nothing added, marked exactly where the marks are."""

from hypothesis import given, strategies as st

from gossamer.app.hits import location, pieces
from gossamer.text.documents import Passage, Span

TEXT = st.text(alphabet=st.characters(), max_size=60)


@st.composite
def cases(draw):
    text = draw(TEXT)
    position = st.integers(0, len(text))
    span = st.tuples(position, position).map(lambda pair: (min(pair), max(pair)))
    start, end = draw(span)
    return text, start, end, draw(st.lists(span, max_size=6)), draw(st.lists(span, max_size=1))


@given(cases())
def test_joined_pieces_are_the_text_and_marks_are_where_they_should_be(case):
    text, start, end, marks, headings = case
    cut = pieces(text, start, end, marks, [Span("heading", low, high, "", 2) for low, high in headings])
    assert "".join(piece.text for piece in cut) == text[start:end]
    assert all(piece.text for piece in cut)
    marked = [piece.marked for piece in cut for _ in piece.text]
    assert marked == [any(low <= at < high for low, high in marks) for at in range(start, end)]
    levels = [piece.level for piece in cut for _ in piece.text]
    assert levels == [2 * any(low <= at < high for low, high in headings) for at in range(start, end)]


def test_neighbouring_marks_stay_apart():
    assert [piece.text for piece in pieces("abcd", 0, 4, [(0, 2), (2, 4)])] == ["ab", "cd"]


def test_code_is_told_apart_and_pages_do_not_cut():
    spans = [Span("page", 1, 2, "7"), Span("code", 2, 4, "python")]
    assert [(piece.text, piece.kind) for piece in pieces("abcdef", 0, 6, (), spans)] == [
        ("ab", ""), ("cd", "code"), ("ef", ""),
    ]  # fmt: skip


def test_location_says_page_time_and_headings():
    assert location(Passage(0, 1, "x")) == []
    passage = Passage(0, 1, "x", headings=("Wings", "Lift"), page="iv", time=75.4)
    assert location(passage) == ["page iv", "1:15", "Wings › Lift"]


@given(st.lists(st.integers(1, 4), min_size=1, max_size=6))
def test_marks_keep_their_intensities(steps):
    text = "ab" * len(steps)
    cut = pieces(text, 0, len(text), [(2 * n, 2 * n + 1) for n in range(len(steps))], intensities=steps)
    assert [piece.intensity for piece in cut if piece.marked] == steps
    assert not any(piece.intensity for piece in cut if not piece.marked)
