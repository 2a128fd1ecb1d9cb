"""What is shown of a passage: highlighted words, and the one or two windows that best tell why it was found.

Windows are whole sentences of at most 240 characters. Ranges are code points of the original text, never markup:
whoever renders them escapes each piece first and wraps it afterwards.
"""

from __future__ import annotations

import html
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from gossamer.text.analysis import Analyzer, Token
from gossamer.text.documents import Passage

WINDOW = 240  # characters

_BEFORE = 80  # characters kept before the match where a window starts within a long sentence
_APART = 4  # words from one term of a pair to the next: at most three stop words between them

Range = tuple[int, int]
_Match = tuple[int, int, int, int]  # index of the term, position, start, end
_Pair = tuple[int, int, int]  # indices of two terms, and how many words the second stands after the first


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
    """

    highlights: list[Range]
    snippet: Snippet


def highlights(
    analyzer: Analyzer, text: str, terms: Iterable[str], start: int = 0, end: int | None = None
) -> list[Range]:
    """The words of ``text[start:end]`` whose term is in ``terms``, as (start, end) code points of ``text``.

    Example:
        >>> from gossamer.text.analysis import analyzer
        >>> highlights(analyzer("english"), "A wing. Two wings!", ["wing"])
        [(2, 6), (12, 17)]
    """
    [(matches, _)] = analyzer.native.matches([text[start:end]], list(terms))
    return _ranges(matches, start)


def excerpts(
    analyzer: Analyzer, passages: Sequence[Passage], weights: Mapping[str, float], query: str = ""
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

    Example:
        >>> from gossamer.text.analysis import analyzer
        >>> excerpts(analyzer("english"), [Passage(10, 15, "Wings")], {"wing": 1.0})[0].highlights
        [(10, 15)]
    """
    terms, values = list(weights), list(weights.values())
    pairs = _query_pairs(analyzer(query), terms, values)
    found = analyzer.native.matches([passage.text for passage in passages], terms)
    result = []
    for passage, (matches, sentences) in zip(passages, found, strict=True):
        choice = _Choice(passage.text, matches, sentences, values, pairs)
        windows = tuple((start + passage.start, end + passage.start) for start, end in choice.best())
        result.append(Excerpt(_ranges(matches, passage.start), Snippet(windows)))
    return result


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


class _Choice:
    """Finds the windows of one text."""

    def __init__(
        self,
        text: str,
        matches: list[_Match],
        sentences: list[Range],
        weights: list[float],
        pairs: Mapping[_Pair, float],
    ) -> None:
        self._text, self._matches, self._sentences, self._weights = text, matches, sentences, weights
        self._starts = [match[2] for match in matches]
        self._pairs = pairs
        self._neighbours = list(_neighbours(matches, pairs))
        self._early = 1e-3 * max(weights, default=0.0) / max(len(text), 1)

    def best(self) -> list[Range]:
        """One or two windows, ascending."""
        candidates = [(window, *self._contents(window)) for window in self._windows()]
        if not candidates:
            return [self._opening()]
        first, terms, _ = max(candidates, key=lambda c: self._score(*c))
        others = [
            (window, window_terms - terms, pairs)
            for window, window_terms, pairs in candidates
            if (window[1] <= first[0] or window[0] >= first[1]) and not window_terms <= terms
        ]
        if not others:
            return [first]
        second = max(others, key=lambda c: self._score(*c))[0]
        (start, middle), (resume, end) = sorted((first, second))
        return [(start, end)] if not self._text[middle:resume].strip() else [(start, middle), (resume, end)]

    def _windows(self) -> Iterator[Range]:
        """From every sentence with a match as many whole sentences as fit; around every match of a longer one."""
        ends = [end for _, end in self._sentences]
        for start, end in self._sentences:
            low, high = bisect_left(self._starts, start), bisect_left(self._starts, end)
            if low == high:
                continue
            if end - start <= WINDOW:
                yield start, ends[bisect_right(ends, start + WINDOW) - 1]
            else:
                for _, _, match_start, match_end in self._matches[low:high]:
                    yield self._around(match_start, match_end, start, end)

    def _around(self, match_start: int, match_end: int, low: int, high: int) -> Range:
        """A window about one match in text[low:high], cut at spaces where there are any."""
        start = max(low, min(match_start - _BEFORE, high - WINDOW))
        if start > low:
            start = max(start, self._text.find(" ", start - 1, match_start) + 1)
        end = min(high, max(start + WINDOW, match_end))
        if end < high:
            space = self._text.rfind(" ", match_end, end + 1)
            end = space if space > 0 else end
        return start, end

    def _opening(self) -> Range:
        """What is shown of a text without a match."""
        if not self._sentences:
            return 0, 0
        start, end = self._sentences[0]
        if end - start > WINDOW:
            return self._around(start, start, start, end)
        ends = [end for _, end in self._sentences]
        return start, ends[bisect_right(ends, start + WINDOW) - 1]

    def _contents(self, window: Range) -> tuple[set[int], float]:
        """The distinct terms in a window, and the weight of its pairs."""
        start, end = window
        low, high = bisect_left(self._starts, start), bisect_left(self._starts, end)
        pairs = {pair for pair, first, last in self._neighbours if start <= first and last <= end}
        return {match[0] for match in self._matches[low:high]}, sum(self._pairs[pair] for pair in pairs)

    def _score(self, window: Range, terms: set[int], pairs: float) -> float:
        return sum(self._weights[term] for term in terms) + 0.5 * pairs - self._early * window[0]


def _query_pairs(tokens: list[Token], terms: list[str], weights: list[float]) -> dict[_Pair, float]:
    """Neighbouring terms of a query, and the weight of both."""
    index = {term: i for i, term in enumerate(terms)}
    known = [(index[token.term], token.position) for token in tokens if token.term in index]
    return {
        (a, b, later - earlier): weights[a] + weights[b]
        for (a, earlier), (b, later) in pairwise(known)
        if later - earlier <= _APART
    }


def _neighbours(matches: list[_Match], pairs: Mapping[_Pair, float]) -> Iterator[tuple[_Pair, int, int]]:
    """Where pairs occur: (pair, start of the first word, end of the second)."""
    if not pairs:
        return
    for i, (term, position, start, _) in enumerate(matches):
        for other, later, _, end in matches[i + 1 : i + 1 + _APART]:
            if (pair := (term, other, later - position)) in pairs:
                yield pair, start, end


def _ranges(matches: Iterable[_Match], offset: int) -> list[Range]:
    """Ranges of matches; words that share an original character, as the two of ½ do, make one range."""
    ranges: list[Range] = []
    for _, _, start, end in matches:
        if ranges and start + offset < ranges[-1][1]:
            ranges[-1] = (ranges[-1][0], max(ranges[-1][1], end + offset))
        else:
            ranges.append((start + offset, end + offset))
    return ranges
