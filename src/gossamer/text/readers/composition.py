"""Text put together block by block, with spans whose offsets are exact because the text is written along with them."""

from __future__ import annotations

import re
from collections.abc import Iterable

from gossamer.errors import Unreadable
from gossamer.text.documents import Document, Span, SpanKind
from gossamer.text.readers.registry import MIB, Options

# What XML and JSON may hold and no text should: controls and halves of surrogate pairs.
_NO_TEXT = re.compile("[\0-\x08\x0b-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")
_MAX_LEVEL = 9


class Composition:
    """The text of one document in the making.

    Example:
        >>> made = Composition("a.docx", Options())
        >>> made.heading("Wings", 1)
        >>> made.block("Lift is a force.")
        7
        >>> made.document().text
        'Wings\\n\\nLift is a force.'
    """

    def __init__(self, path: str, options: Options) -> None:
        self._path, self._options = path, options
        self._parts: list[str] = []
        self._spans: list[Span] = []
        self.length = 0
        self.title = ""

    def block(self, text: str, gap: str = "\n\n") -> int:
        """Add some text, set off by ``gap`` from what stands before; says at which offset it starts.

        Raises:
            Unreadable: The text is longer than one document may be.
        """
        text = _NO_TEXT.sub(" ", text).strip("\n")
        if text.strip():
            if self.length:
                self._write(gap)
            self._write(text)
            return self.length - len(text)
        return self.length

    def heading(self, text: str, level: int) -> None:
        """Add a heading; white space in it is collapsed, and an empty one is left out."""
        value = " ".join(_NO_TEXT.sub(" ", text).split())
        if value:
            start = self.block(value)
            self._spans.append(Span("heading", start, self.length, value, min(max(level, 1), _MAX_LEVEL)))

    def table(self, rows: Iterable[Iterable[str]]) -> None:
        """Add a table: a line for each row, a tab between cells."""
        gap = "\n\n"
        for row in rows:
            before = self.length
            self.block("\t".join(" ".join(cell.split()) for cell in row), gap)
            gap = "\n" if self.length > before else gap

    def code(self, text: str, language: str = "") -> None:
        """Add a block of code; an empty one is left out."""
        before, start = self.length, self.block(text)
        if self.length > before:
            self._spans.append(Span("code", start, self.length, language))

    def composed(self, text: str, spans: Iterable[Span], gap: str = "\n\n") -> None:
        """Add a text that has spans of its own."""
        if text:
            if self.length:
                self._write(gap)
            offset = self.length
            self._write(text)
            self._spans += (Span(s.kind, s.start + offset, s.end + offset, s.value, s.level) for s in spans)

    def span(self, kind: SpanKind, start: int, value: str) -> None:
        """Mark what was added since ``start``."""
        self._spans.append(Span(kind, min(start, self.length), self.length, value))

    def document(self, **fields: str) -> Document:
        """The document; its title is ``title``, else its first heading. Empty fields are left out.

        Raises:
            Unreadable: No text was added.
        """
        if not self.length:
            raise Unreadable(self._path, "no text in it")
        # A page starts where its first heading does and comes first; empty pages before it stay before it.
        spans = tuple(sorted(self._spans, key=lambda span: (span.start, span.kind != "page")))
        title = " ".join(_NO_TEXT.sub(" ", self.title).split())
        title = title or next((span.value for span in spans if span.kind == "heading"), "")
        about = {name: clean for name, value in fields.items() if (clean := _NO_TEXT.sub(" ", value).strip())}
        return Document(self._options.document_id or self._path, "".join(self._parts), title, about, spans)

    def _write(self, text: str) -> None:
        self._parts.append(text)
        self.length += len(text)
        if self.length > self._options.text_limit:
            limit = f"{self._options.text_limit / MIB:g} MiB"
            raise Unreadable(self._path, f"more than {limit} of text, the limit of one document: split it")
