"""reStructuredText: the text as it stands, its sections as headings, literal and code blocks as spans.

Sections are found as docutils finds them, by adornments whose rank is the order in which they first appear. Nothing is
run: no file is included and no role or directive executed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import BinaryIO
from unicodedata import combining, east_asian_width

from gossamer.text.documents import Document, Span
from gossamer.text.readers.encoding import is_binary, read_text
from gossamer.text.readers.registry import Options, Reader, register

_ADORNMENT = re.compile(r"([!-/:-@\[-`{-~])\1*$")
_CODE = re.compile(r" *\.\. (?:code|code-block|sourcecode|parsed-literal)[ ]?::[ ]*(\S*)")
_COMMENT = re.compile(r" *\.\.(?: (?!\[|_|\||[\w:.+-]+[ ]?::)|$)")
_OPTION = re.compile(r" +:[\w-]+:(?: |$)")
_DOCTEST = re.compile(r" *>>>(?: |$)")
_ITEM = re.compile(r" *(?:[-+*•‣⁃]|\(?(?:\d+|[a-zA-Z#])[.)])(?: +|$)")
# What a line at the margin may start with that is neither a title nor a paragraph.
_BODY = re.compile(r"(?:[-+*•‣⁃|]|\.\.|__|>>>|:(?! )[^:]+(?<! ):)(?: |$)|\+-[-+]+-\+$|=+(?: +=+)+$")
_ROLE = re.compile(r":[\w:.+-]+:(?=`)")
_INLINE = re.compile(r"``(.+?)``|`([^`<]+?)(?: *<[^<>`]*>)?`_{0,2}|\*{1,2}(?=\S)([^*]+)\*{1,2}|\|([^|]+)\|_{0,2}")
_REFERENCE = re.compile(r"(?<=\w)__?(?!\w)|\\(\S)")

_SHORT = 4
"""An adornment of fewer characters must be as wide as its title."""
_MAX_HEADING = 1000


@register
class RstReader(Reader):
    """One document with its structure."""

    name = "rst"
    extensions = (".rst", ".rest")

    def matches(self, head: bytes, path: str) -> float:
        """0.9 by name; reStructuredText has no signature."""
        return 0.9 if self.named(path) and not is_binary(head) else 0.0

    def read(self, stream: BinaryIO, path: str, options: Options) -> Iterator[Document]:
        """One document; its title is that of its first section."""
        text = read_text(stream, path, options)
        spans = structure(text)
        title = next((span.value for span in spans if span.kind == "heading"), "")
        yield Document(options.document_id or path, text, title, spans=spans)


def structure(text: str) -> list[Span]:
    """The spans of a reStructuredText with ``\\n`` line ends: headings with their adornments, blocks of code.

    Example:
        >>> structure("Wings\\n=====\\n\\nLift is ...")
        [Span(kind='heading', start=0, end=11, value='Wings', level=1)]
    """
    return list(_Lines(text).spans())


class _Lines:
    """The lines of a text, without white space at their ends, and where each starts and ends in it."""

    def __init__(self, text: str) -> None:
        raw = text.split("\n")
        self._lines = [line.expandtabs(8).rstrip() for line in raw]
        self._indents = [len(line) - len(line.lstrip(" ")) for line in self._lines]
        self._places: list[tuple[int, int]] = []
        position = 0
        for line in raw:
            self._places.append((position, position + len(line)))
            position += len(line) + 1
        self._styles: list[tuple[str, bool]] = []  # adornments in the order in which they appeared: their rank

    def spans(self) -> Iterator[Span]:
        at, in_paragraph = 0, False
        while at < len(self._lines):
            line = self._lines[at]
            height = 0 if in_paragraph or not line else self._title_height(at)
            if height:
                yield self._heading(at, height)
                at += height
                continue
            after = at + 1
            goes_on = in_paragraph and not line.startswith(" ")
            if goes_on and not line.endswith("::"):
                pass
            elif code := _CODE.match(line):
                after, first = self._block_end(at), at + 1
                while first < after and _OPTION.match(self._lines[first]):
                    first += 1
                yield from self._code(first, after, code[1])
            elif _COMMENT.match(line):
                after = self._block_end(at)
            elif line.endswith("::") and not line.lstrip(" ").startswith(".. ") and not self._line(after):
                after = self._block_end(at)
                yield from self._code(at + 1, after, "")
            elif _DOCTEST.match(line) and not in_paragraph:
                while self._line(after):
                    after += 1
                yield from self._code(at, after, "pycon")
            in_paragraph = goes_on or (after == at + 1 and line[:1] not in ("", " ") and not _BODY.match(line))
            in_paragraph &= bool(line)
            at = after

    def _line(self, at: int) -> str:
        return self._lines[at] if at < len(self._lines) else ""

    def _title_height(self, at: int) -> int:
        """How many lines the title at a line has; 0 where there is none."""
        line, below, last = self._lines[at], self._line(at + 1), self._line(at + 2)
        if _ADORNMENT.match(line):
            fits = len(line) >= _SHORT or _width(below.strip()) <= len(line)
            if below and not _ADORNMENT.match(below) and last == line and fits and len(below) <= _MAX_HEADING:
                return 3
            if len(line) >= _SHORT:
                return 0
        if line[0] == " " or len(line) > _MAX_HEADING or _BODY.match(line) or not _ADORNMENT.match(below):
            return 0
        return 2 if len(below) >= _SHORT or _width(line) <= len(below) else 0

    def _heading(self, at: int, height: int) -> Span:
        style = (self._lines[at + height - 1][0], height == 3)
        if style not in self._styles:
            self._styles.append(style)
        title = _plain(self._lines[at + height - 2].strip())
        end = self._places[at + height - 1][1]
        return Span("heading", self._places[at][0], end, title, self._styles.index(style) + 1)

    def _block_end(self, at: int) -> int:
        """The first line after ``at`` that is not indented more than it."""
        line = self._lines[at]
        item = _ITEM.match(line)
        indent = item.end() if item and item.end() < len(line) else self._indents[at]
        end = at + 1
        while end < len(self._lines) and (not self._lines[end] or self._indents[end] > indent):
            end += 1
        return end

    def _code(self, first: int, end: int, language: str) -> Iterator[Span]:
        while first < end and not self._lines[first]:
            first += 1
        while first < end and not self._lines[end - 1]:
            end -= 1
        if first < end:
            yield Span("code", self._places[first][0], self._places[end - 1][1], language)


def _width(line: str) -> int:
    """Columns of a line on a terminal, in which East Asian characters take two."""
    return sum(0 if combining(char) else 1 + (east_asian_width(char) in "WF") for char in line)


def _plain(title: str) -> str:
    """A title without its inline markup."""
    text = _INLINE.sub(lambda match: next(group for group in match.groups() if group), _ROLE.sub("", title))
    return _REFERENCE.sub(r"\1", text).strip()
