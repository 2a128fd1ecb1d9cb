"""What is shown of a passage: highlighted words, and the one or two windows that best tell why it was found.

Windows are whole sentences of at most 240 characters. Ranges are code points of the original text, never markup:
whoever renders them escapes each piece first and wraps it afterwards.
"""

from __future__ import annotations

import html
import math
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
    wanted = _Wanted(weights, analyzer(query))
    found = analyzer.native.matches([passage.text for passage in passages], list(weights))
    result = []
    for passage, (matches, sentences) in zip(passages, found, strict=True):
        choice = _Choice(passage.text, matches, sentences, wanted)
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


class _Wanted:
    """What a query wants to see: its terms, and its pairs of neighbours.

    A set of them is an integer; bit i is term i, and the bits of the pairs follow.
    """

    def __init__(self, weights: Mapping[str, float], tokens: Iterable[Token]) -> None:
        index = {term: i for i, term in enumerate(weights)}
        known = [(token.term, token.position) for token in tokens if token.term in index]
        pairs = {
            (index[a], index[b], later - earlier): 0.5 * (weights[a] + weights[b])
            for (a, earlier), (b, later) in pairwise(known)
            if later - earlier <= _APART
        }
        self._weights = [*weights.values(), *pairs.values()]
        self._known: dict[int, float] = {}
        self.heaviest = max(weights.values(), default=0.0)
        self.terms = (1 << len(weights)) - 1
        self.pairs = {pair: i for i, pair in enumerate(pairs, start=len(weights))}

    def weight(self, wanted: int) -> float:
        """The weight of a set; the passages of one answer ask for the same sets again and again."""
        known = self._known.get(wanted)
        if known is None:
            known, rest = 0.0, wanted
            while rest:  # a long query has many more bits than a passage sets
                known += self._weights[(rest & -rest).bit_length() - 1]
                rest &= rest - 1
            self._known[wanted] = known
        return known


class _Choice:
    """Finds the windows of one text."""

    def __init__(self, text: str, matches: list[_Match], sentences: list[Range], wanted: _Wanted) -> None:
        self._text, self._matches, self._sentences, self._wanted = text, matches, sentences, wanted
        self._starts = [match[2] for match in matches]
        self._bits = [1 << match[0] for match in matches]
        self._pairs = list(_pairs(matches, wanted.pairs))
        self._early = 1e-3 * wanted.heaviest / max(len(text), 1)

    def best(self) -> list[Range]:
        """One or two windows, ascending."""
        weight, early, best, second = self._wanted.weight, self._early, -math.inf, -math.inf
        first: Range | None = None
        other: Range | None = None
        shown = 0
        candidates = [(window, self._contents(window)) for window in self._windows()]
        for window, contents in candidates:
            if (score := weight(contents) - early * window[0]) > best:
                best, first, shown = score, window, contents & self._wanted.terms
        if first is None:
            return [self._opening()]
        for window, contents in candidates:
            lacking = contents & ~shown
            if not lacking & self._wanted.terms or not (window[1] <= first[0] or window[0] >= first[1]):
                continue
            if (score := weight(lacking) - early * window[0]) > second:
                second, other = score, window
        if other is None:
            return [first]
        (start, middle), (resume, end) = sorted((first, other))
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

    def _contents(self, window: Range) -> int:
        """The set of the terms and pairs in a window."""
        start, end = window
        contents = 0
        for bit in self._bits[bisect_left(self._starts, start) : bisect_left(self._starts, end)]:
            contents |= bit
        for bit, first, last in self._pairs:
            if start <= first and last <= end:
                contents |= bit
        return contents


def _pairs(matches: list[_Match], pairs: Mapping[_Pair, int]) -> Iterator[tuple[int, int, int]]:
    """Where pairs occur: (the pair as a set, start of the first word, end of the second)."""
    if not pairs:
        return
    for i, (term, position, start, _) in enumerate(matches):
        for other, later, _, end in matches[i + 1 : i + 1 + _APART]:
            if later - position > _APART:
                break
            pair = pairs.get((term, other, later - position))
            if pair is not None:
                yield 1 << pair, start, end


def _ranges(matches: Iterable[_Match], offset: int) -> list[Range]:
    """Ranges of matches; words that share an original character, as the two of ½ do, make one range."""
    ranges: list[Range] = []
    last = -1
    for _, _, start, end in matches:
        if start < last:
            start, end = ranges.pop()[0] - offset, max(last, end)
        ranges.append((start + offset, end + offset))
        last = end
    return ranges
