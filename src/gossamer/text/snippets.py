"""What is shown of a passage: highlighted words, and the one or two windows that best tell why it was found.

Windows are whole sentences of at most 240 characters. Ranges are code points of the original text, never markup:
whoever renders them escapes each piece first and wraps it afterwards.
"""

from __future__ import annotations

import html
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gossamer.text.analysis import Analyzer
from gossamer.text.documents import Passage

Range = tuple[int, int]

STEPS = 4
"""How many steps of intensity there are."""


@dataclass(frozen=True, slots=True)
class Snippet:
    """The windows of a text that are shown, ascending and apart.

    Args:
        windows: (start, end) in code points of the document's text.
    """

    windows: tuple[Range, ...]

    @property
    def start(self) -> int:
        """Where the first window starts."""
        return self.windows[0][0]

    @property
    def end(self) -> int:
        """Where the last window ends."""
        return self.windows[-1][1]

    def text(self, text: str) -> str:
        """The windows of ``text`` with an ellipsis between them.

        Example:
            >>> Snippet(((0, 3), (8, 11))).text("one two three")
            'one … thr'
        """
        return " … ".join(text[start:end] for start, end in self.windows)


@dataclass(frozen=True, slots=True)
class Excerpt:
    """What is shown of one passage.

    Args:
        highlights: Matched words as (start, end) in code points of the document's text, ascending, never overlapping.
        snippet: The windows to show.
        intensities: For each highlight how much its term counts here, in ``STEPS`` equal steps of the greatest share.
    """

    highlights: list[Range]
    snippet: Snippet
    intensities: list[int]


def highlights(
    analyzer: Analyzer, text: str, terms: Iterable[str], start: int = 0, end: int | None = None
) -> list[Range]:
    """The words of ``text[start:end]`` whose term is in ``terms``, as (start, end) code points of ``text``.

    Example:
        >>> from gossamer.text.analysis import analyzer
        >>> highlights(analyzer("english"), "A wing. Two wings!", ["wing"])
        [(2, 6), (12, 17)]
    """
    return _shifted(analyzer.native.highlights(text[start:end], list(terms)), start)


def excerpts(
    analyzer: Analyzer,
    passages: Sequence[Passage],
    weights: Mapping[str, float],
    query: str = "",
    shares: list[list[tuple[Any, ...]]] | None = None,
) -> list[Excerpt]:
    """What to show of each passage.

    A window's score is the sum of the weights of the distinct terms in it, half the weights of both terms for each
    pair of neighbours in the query that stand as far apart in it as in the query, and a tiny bonus for standing early.
    The best window is shown, and a second one if it holds a term that the first lacks.

    Args:
        analyzer: The index's analyser.
        passages: Passages of any documents.
        weights: Weight of each query term, not negative.
        query: The query's text, for its pairs; without it only terms count.
        shares: For each passage what its terms count there, as tuples that start with the term and end with the share;
            without it every term counts its weight.

    Example:
        >>> from gossamer.text.analysis import analyzer
        >>> excerpts(analyzer("english"), [Passage(10, 15, "Wings")], {"wing": 1.0})[0].highlights
        [(10, 15)]
    """
    terms = list(weights.items())
    found = analyzer.native.excerpts([p.text for p in passages], terms, query, shares or [terms] * len(passages))
    return [
        Excerpt(_shifted(ranges, passage.start), Snippet(tuple(_shifted(windows, passage.start))), steps)
        for passage, (ranges, windows, steps) in zip(passages, found, strict=True)
    ]


def render(
    text: str,
    ranges: Iterable[Range],
    before: str = "<mark>",
    after: str = "</mark>",
    escape: Callable[[str], str] = html.escape,
) -> str:
    """``text`` with each range wrapped; every piece is escaped on its own, so that no entity or tag is ever cut.

    Args:
        text: The raw text.
        ranges: Ascending (start, end) code points that do not overlap.
        before, after: What a range is wrapped in; not escaped.
        escape: Applied to every piece; ``str`` for none.

    Example:
        >>> render("a < b", [(4, 5)])
        'a &lt; <mark>b</mark>'
    """
    pieces: list[str] = []
    done = 0
    for start, end in ranges:
        pieces += (escape(text[done:start]), before, escape(text[start:end]), after)
        done = end
    pieces.append(escape(text[done:]))
    return "".join(pieces)


def _shifted(ranges: list[Range], offset: int) -> list[Range]:
    return [(start + offset, end + offset) for start, end in ranges] if offset else ranges
