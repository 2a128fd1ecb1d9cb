"""What people see of a hit: where it stands, and its snippet cut at the highlights.

A text is cut first; whoever shows it then escapes each piece on its own and wraps it, so that a highlight
never ends inside markup. Offsets are code points of the raw text: joined, the pieces are the text.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gossamer.retrieval.index import Hit
    from gossamer.text.documents import Passage, Span

_NAMES_SHOWN = 2


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of text that is shown in one manner.

    Args:
        text: The stretch itself.
        marked: Whether it is a highlight.
        kind: ``heading``, ``code``, or empty for running text.
        level: Depth of the heading, else 0.
        intensity: How much the highlight counted, from 1 to 4; 0 where that is not known.
    """

    text: str
    marked: bool = False
    kind: str = ""
    level: int = 0
    intensity: int = 0


@dataclass(frozen=True, slots=True)
class Window:
    """A part of a snippet, and whether text was left out before it and after it."""

    pieces: list[Piece]
    gap: bool
    gap_after: bool


def whereabouts(hit: Hit) -> list[str]:
    """Where a hit stands: its id unless that is its title, the place in it, and other files with the same bytes."""
    named = [hit.id] if hit.title and hit.title != hit.id else []
    more = len(hit.also) - _NAMES_SHOWN
    also = ", ".join(map(str, hit.also[:_NAMES_SHOWN])) + (f" and {more} more" if more > 0 else "")
    return named + location(hit.passage) + ([f"also at {also}"] if also else [])


def location(passage: Passage) -> list[str]:
    """Where in its document a passage stands: page, time, heading path.

    Example:
        >>> from gossamer.text.documents import Passage
        >>> location(Passage(0, 4, "Lift", headings=("Wings", "Lift"), page="3"))
        ['page 3', 'Wings › Lift']
    """
    where = [f"page {passage.page}"] if passage.page is not None else []
    if passage.time is not None:
        minutes, seconds = divmod(int(passage.time), 60)
        where.append(f"{minutes}:{seconds:02}")
    if passage.headings:
        where.append(" › ".join(passage.headings))
    return where


def pieces(
    text: str,
    start: int,
    end: int,
    marks: Iterable[tuple[int, int]] = (),
    spans: Iterable[Span] = (),
    intensities: Sequence[int] = (),
) -> list[Piece]:
    """Cut ``text[start:end]`` where a mark, a heading or a stretch of code begins or ends.

    Args:
        text: The whole text.
        start, end: The part to show, in code points.
        marks: (start, end) of each highlight, anywhere in the text and in any order; they may overlap.
        spans: Those of the document; headings and code count, other kinds do not.
        intensities: Of marks that are in order and apart.

    Returns:
        Pieces whose texts joined are ``text[start:end]``; none is empty.

    Example:
        >>> [(p.text, p.marked) for p in pieces("thin wings lift", 0, 15, [(5, 10)])]
        [('thin ', False), ('wings', True), (' lift', False)]
    """
    start, end = max(start, 0), min(end, len(text))
    marked = _union(marks)
    styled = sorted((span for span in spans if span.kind in ("heading", "code")), key=lambda span: span.start)
    borders = {start, end}
    for low, high in (*marked, *((span.start, span.end) for span in styled)):
        borders.update(at for at in (low, high) if start < at < end)
    cuts = sorted(borders)
    starts = [low for low, _ in marked], [span.start for span in styled]
    result = []
    for low, high in pairwise(cuts):
        mark, style = (bisect_right(one, low) - 1 for one in starts)
        is_marked = mark >= 0 and low < marked[mark][1]
        if style >= 0 and low < styled[style].end:
            piece = Piece(text[low:high], is_marked, styled[style].kind, styled[style].level)
        else:
            piece = Piece(text[low:high], is_marked)
        result.append(replace(piece, intensity=intensities[mark]) if is_marked and intensities else piece)
    return result


def windows(hit: Hit) -> list[Window]:
    """The snippet of a hit, window by window, cut at its highlights; needs no more than the passage."""
    shown = hit.snippet.windows
    return [
        Window(
            marked(hit, start, end),
            gap=start > 0,
            gap_after=at == len(shown) - 1 and end < hit.passage.end,
        )
        for at, (start, end) in enumerate(shown)
    ]


def marked(hit: Hit, start: int | None = None, end: int | None = None) -> list[Piece]:
    """The passage of a hit, or ``start:end`` of its document in it, cut at the highlights."""
    passage, at = hit.passage, hit.passage.start
    marks = [(low - at, high - at) for low, high in hit.highlights]
    low, high = (at if start is None else start), (passage.end if end is None else end)
    return pieces(passage.text, low - at, high - at, marks, intensities=hit.intensities)


def neighbours(hit: Hit, sentences: int) -> tuple[str, str]:
    """Up to so many sentences before the passage and after it; reads the document."""
    passage, around = hit.passage, hit.context(sentences, sentences)
    return around.text[: passage.start - around.start], around.text[passage.end - around.start :]


def _union(marks: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """The marks in order, overlapping ones joined, empty ones left out."""
    joined: list[tuple[int, int]] = []
    for low, high in sorted(marks):
        if joined and low < joined[-1][1]:
            joined[-1] = (joined[-1][0], max(high, joined[-1][1]))
        elif low < high:
            joined.append((low, high))
    return joined
