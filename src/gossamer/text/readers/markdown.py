"""Markdown: the text as it stands, its headings and fenced code as spans, its title from the front matter.

Block structure follows CommonMark 0.31 as far as it decides what is a heading or a fence; one pass, linear in the text.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from typing import BinaryIO

from gossamer.text.documents import Document, Span
from gossamer.text.readers.encoding import is_binary, read_text
from gossamer.text.readers.registry import Options, Reader, register

_FRONT_MATTER = re.compile(r"---[ \t]*\n(?:.*\n)*?(?:---|\.\.\.)[ \t]*(?:\n|\Z)")
_FRONT_TITLE = re.compile(r"^title[ \t]*:[ \t]*(\S.*)$", re.MULTILINE | re.IGNORECASE)
_HEADING = re.compile(r"(#{1,6})(?:[ \t]+(.*))?$")
_CLOSING_MARKS = re.compile(r"(?:^|[ \t])#+$")
_UNDERLINE = re.compile(r"(?:=+|-+)$")
_FENCE = re.compile(r"(`{3,})([^`]*)$|(~{3,})(.*)$")
_LIST_ITEM = re.compile(r"(?:[-+*]|\d{1,9}[.)])(?:[ \t]+|$)")
_RULE = re.compile(r"(?:(?:\*[ \t]*){3,}|(?:-[ \t]*){3,}|(?:_[ \t]*){3,})$")
_RAW_HTML = re.compile(r"<!--|<(pre|script|style)\b", re.IGNORECASE)
_NO_PARAGRAPH = re.compile("|".join(block.pattern for block in (_HEADING, _FENCE, _RULE, _RAW_HTML)), re.IGNORECASE)
_INTERRUPTS = re.compile(f"{_NO_PARAGRAPH.pattern}|{_LIST_ITEM.pattern}|>", re.IGNORECASE)
_LINK = re.compile(r"!?\[([^\[\]]*)\](?:\([^()]*\)|\[[^\[\]]*\])")
_MARKUP = re.compile(r"<[^<>]*>|\*+|(?<!\w)_+|_+(?!\w)|\\(?=[!-/:-@\[-`{-~])")


_MAX_DEPTH = 32
"""List items one inside the other that are followed."""
_MAX_HEADING = 1000
"""Characters; what is longer is prose whatever its marks."""


@register
class MarkdownReader(Reader):
    """One document with its structure."""

    name = "markdown"
    extensions = (".md", ".markdown", ".mdown", ".mkd")

    def matches(self, head: bytes, path: str) -> float:
        """0.9 by name; Markdown has no signature."""
        return 0.9 if self.named(path) and not is_binary(head) else 0.0

    def read(self, stream: BinaryIO, path: str, options: Options) -> Iterator[Document]:
        """One document; its title is that of the front matter, else its first heading of the first level."""
        text = read_text(stream, path, options)
        title, spans = structure(text)
        yield Document(options.document_id or path, text, title, spans=spans)


def structure(text: str) -> tuple[str, list[Span]]:
    """Title and spans of a Markdown text with ``\\n`` line ends.

    Spans cover whole lines: a heading with its marks or underline, a code block with its fences.

    Example:
        >>> structure("# Wings\\n\\nLift is ...")
        ('Wings', [Span(kind='heading', start=0, end=7, value='Wings', level=1)])
    """
    front = _FRONT_MATTER.match(text)
    start = front.end() if front else 0
    named = _FRONT_TITLE.search(text, 0, start)
    spans = sorted(_Blocks().scan(text, start), key=lambda span: span.start)
    first = next((span.value for span in spans if span.kind == "heading" and span.level == 1), "")
    return named[1].strip().strip("'\"") if named else first, spans


class _Blocks:
    """The state between lines: open list items, an open fence or raw HTML block, an open paragraph."""

    def __init__(self) -> None:
        self._items: list[int] = []  # columns at which the content of the open list items starts
        self._fence = ""
        self._fence_start = 0
        self._language = ""
        self._html_end = ""
        self._paragraph: int | None = None  # where it starts
        self._in_quote = False  # whether a paragraph is open in a block quote

    def scan(self, text: str, position: int) -> Iterator[Span]:
        for line in text[position:].split("\n"):
            yield from self._line(line.expandtabs(4).rstrip(" "), text, position, position + len(line))
            position += len(line) + 1
        if self._fence:
            yield Span("code", self._fence_start, len(text), self._language)

    def _line(self, line: str, text: str, start: int, end: int) -> Iterator[Span]:
        content = line.lstrip(" ")
        indent = len(line) - len(content)
        leaves = bool(content and self._items and indent < self._items[-1])
        if self._fence:
            closes = content.startswith(self._fence) and not content.strip(self._fence[0]) and self._depth(indent) < 4
            if closes or leaves:
                yield Span("code", self._fence_start, start - 1 if leaves else end, self._language)
                self._fence = ""
            if not leaves:
                return
        if self._html_end:
            if leaves or self._html_end in line.lower():
                self._html_end = ""
            if not leaves:
                return
        if not content:
            self._paragraph, self._in_quote = None, False
            return
        if self._in_quote and not _INTERRUPTS.match(content):
            return  # a lazy continuation of the quoted paragraph
        self._in_quote = False
        if leaves:
            if self._paragraph is not None and not _INTERRUPTS.match(content):
                return  # a lazy continuation of the item's paragraph
            while self._items and indent < self._items[-1]:
                self._items.pop()
            self._paragraph = None
        if self._depth(indent) > 3:
            return  # indented code, or the continuation of a paragraph
        while len(self._items) < _MAX_DEPTH and (item := _LIST_ITEM.match(content)) and not _RULE.match(content):
            if self._paragraph is not None and item.end() == len(content):
                break  # an empty item does not end a paragraph; it may be its underline
            self._paragraph = None
            indent, content = indent + item.end(), content[item.end() :]
            self._items.append(indent)
        yield from self._block(content, text, start, end)

    def _depth(self, indent: int) -> int:
        """How far a line is indented within the innermost list item."""
        return indent - (self._items[-1] if self._items else 0)

    def _block(self, content: str, text: str, start: int, end: int) -> Iterator[Span]:
        paragraph, self._paragraph = self._paragraph, None
        if (heading := _HEADING.match(content)) and len(content) <= _MAX_HEADING:
            value = _CLOSING_MARKS.sub("", (heading[2] or "").rstrip())
            yield Span("heading", start, end, _plain(value), len(heading[1]))
        elif paragraph is not None and start - paragraph <= _MAX_HEADING and _UNDERLINE.match(content):
            title = " ".join(line.strip() for line in text[paragraph:start].split("\n")).strip()
            yield Span("heading", paragraph, end, _plain(title), 1 if content[0] == "=" else 2)
        elif fence := _FENCE.match(content):
            self._fence, info = fence[1] or fence[3], (fence[2] or fence[4] or "").split()
            self._fence_start, self._language = start, info[0] if info else ""
        elif raw := _RAW_HTML.match(content):
            closing = "-->" if raw[0] == "<!--" else f"</{raw[1].lower()}>"
            self._html_end = "" if closing in content.lower() else closing
        elif content.startswith(">"):
            quoted = content.lstrip("> ")
            self._in_quote = bool(quoted) and not _NO_PARAGRAPH.match(quoted)
        elif content and not _RULE.match(content):
            self._paragraph = start if paragraph is None else paragraph


def _plain(heading: str) -> str:
    """A heading without its inline markup; what stands between backticks stays as it is."""
    parts = heading.split("`")
    parts[::2] = [html.unescape(_MARKUP.sub("", _LINK.sub(r"\1", part))) for part in parts[::2]]
    return "".join(parts).strip()
