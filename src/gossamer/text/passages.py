"""Passages: what is scored of a document, cut at sentence and heading borders, each knowing where it stands."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import replace

from gossamer import _native
from gossamer.errors import UsageError
from gossamer.text.documents import Document, Passage, Span

REACH = 2000
"""How many characters on either side of a passage its context may take."""


def split(document: Document | str, words: int | None = 180) -> list[Passage]:
    """The passages of a document, in order.

    Whole sentences are packed to at most ``words`` words. Neighbours share one sentence where it fits; no passage
    crosses the start of a heading. A sentence longer than a passage is cut at white space. An empty text gives one
    empty passage, so that a document always has one.

    Args:
        document: A document, or a bare text without headings, pages and times.
        words: Most white-space-separated words in a passage; ``None`` keeps the whole text in one.

    Raises:
        UsageError: ``words`` is less than 1.

    Example:
        >>> [p.text for p in split("One wing. Two wings. Three.", words=4)]
        ['One wing. Two wings.', 'Two wings. Three.']
    """
    if words is not None and words < 1:
        raise UsageError(f"passages of {words} words; give at least 1, or None for whole documents")
    text, spans = (document, ()) if isinstance(document, str) else (document.text, document.spans)
    headings = [span.start for span in spans if span.kind == "heading"]
    ranges = _native.split_passages(text, words or 0, headings)
    return _Locator(spans).passages([(start, end, text[start:end]) for start, end, *_ in ranges])


def locate(spans: Sequence[Span], start: int, end: int, text: str) -> Passage:
    """The passage ``text`` at ``start:end`` of a document with these spans.

    Example:
        >>> locate([Span("page", 0, 9, "iv")], 3, 7, "wing").page
        'iv'
    """
    return _Locator(spans).passages([(start, end, text)])[0]


def widened(passage: Passage, text: str, before: int = 1, after: int = 1) -> Passage:
    """The passage with up to so many sentences before it and after it, of at most ``REACH`` characters on either side.

    Args:
        passage: Part of ``text``.
        text: The document's.
        before, after: How many sentences.

    Example:
        >>> widened(Passage(10, 20, "Two wings."), "One wing. Two wings. Three. Four.", after=2).text
        'One wing. Two wings. Three. Four.'
    """
    start, end = passage.start, passage.end
    earlier = _native.split_sentences(text[max(0, start - REACH) : start])[-before:] if before > 0 else []
    later = _native.split_sentences(text[end : end + REACH])[:after] if after > 0 else []
    if earlier:
        start = max(0, start - REACH) + earlier[0][0]
    if later:
        end += later[-1][1]
    return replace(passage, start=start, end=end, text=text[start:end])


def prefix(document: Document, passage: Passage) -> str:
    """What is scored with a passage though it stands elsewhere: the document's title and the headings above.

    The title is left out where the passage starts with it or the first heading repeats it.

    Example:
        >>> prefix(Document("a", "Lift is ...", title="Wings"), Passage(0, 11, "Lift is ...", ("Basics",)))
        'Wings\\nBasics'
    """
    title = document.title
    shown = not title or passage.text.startswith(title) or passage.headings[:1] == (title,)
    return "\n".join(passage.headings if shown else (title, *passage.headings))


class _Locator:
    """Where passages stand among a document's spans."""

    def __init__(self, spans: Sequence[Span]) -> None:
        self._headings = [span for span in spans if span.kind == "heading"]
        self._pages, self._times = _Places(spans, "page"), _Places(spans, "time")

    def passages(self, cuts: Sequence[tuple[int, int, str]]) -> list[Passage]:
        """A passage for each (start, end, text), ascending by start."""
        located = []
        path: list[Span] = []
        read = 0
        for start, end, text in cuts:
            for heading in self._headings[read : bisect_right(self._headings, start, lo=read, key=_start)]:
                path = [above for above in path if above.level < heading.level]
                path.append(heading)
                read += 1
            above = tuple(span.value for span in path if span.start < start)
            time = self._times.at(start)
            page = self._pages.at(start)
            located.append(Passage(start, end, text, above, page, None if time is None else float(time)))
        return located


class _Places:
    """Values of the spans of one kind, found by offset."""

    def __init__(self, spans: Sequence[Span], kind: str) -> None:
        chosen = [span for span in spans if span.kind == kind]
        self._starts = [span.start for span in chosen]
        self._values = [span.value for span in chosen]

    def at(self, offset: int) -> str | None:
        """The value of the last span that starts at or before ``offset``."""
        i = bisect_right(self._starts, offset)
        return self._values[i - 1] if i else None


def _start(span: Span) -> int:
    return span.start
