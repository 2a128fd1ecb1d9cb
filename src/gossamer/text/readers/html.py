"""HTML: the main content without navigation and boilerplate, headings and code as spans.

The extractor is resiliparse's, which keeps a little markup on request; that markup becomes the spans.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from typing import TYPE_CHECKING, BinaryIO

from gossamer.errors import Unreadable
from gossamer.text.documents import Document, Span
from gossamer.text.readers.encoding import decode_markup, is_binary, read_bytes
from gossamer.text.readers.registry import Options, Reader, register

if TYPE_CHECKING:
    from resiliparse.parse.html import HTMLTree

_SIGNATURE = re.compile(rb"<(?:!doctype\s+html|html|head|body)[\s>]", re.IGNORECASE)
_PROLOGUE_BYTES = 1024
_BLOCK = re.compile(r"<(h[1-6]|pre)>(.*?)</\1>", re.DOTALL)
_TAG = re.compile(r"</?(?:h[1-6]|pre|p|br|ul|ol|li|a)\b[^<>]*>")
_PERMALINKS = ("a.headerlink", "a.anchor", "a.mark", "a.doc-anchor", "a.anchorjs-link")
_BLANK_LINES = re.compile(r"\n{3,}")

_MIN_SHARE = 0.25
"""Main content that is less than this share of all text was not found; then all text is taken."""


@register
class HtmlReader(Reader):
    """One document: what a person came to the page to read."""

    name = "html"
    extensions = (".html", ".htm", ".xhtml")
    risky = True  # deep nesting takes the parser time quadratic in its depth

    def matches(self, head: bytes, path: str) -> float:
        """0.9 by name, 0.95 with a signature as well, 0.5 with the signature alone."""
        if is_binary(head):
            return 0.0
        signed = head.lstrip().startswith(b"<") and _SIGNATURE.search(head[:_PROLOGUE_BYTES]) is not None
        return (0.95 if signed else 0.9) if self.named(path) else (0.5 if signed else 0.0)

    def read(self, stream: BinaryIO, path: str, options: Options) -> Iterator[Document]:
        """One document; its title is the page's."""
        tree = _parse(decode_markup(read_bytes(stream, path, options), path), path)
        # An author who marks the main content knows better than heuristics, which still clean what is inside it.
        marked = tree.body.query_selector("main, [role=main]") if tree.body else None
        text, spans = _extract(marked.html if marked else tree, main_content=True)
        whole = _extract(tree, main_content=False)
        if len(text) < _MIN_SHARE * len(whole[0]):
            text, spans = whole
        if not text:
            raise Unreadable(path, "no text in the page")
        title = " ".join((tree.title or "").split()) or next((s.value for s in spans if s.kind == "heading"), "")
        yield Document(options.document_id or path, text, title, spans=spans)


def everything(page: str, path: str) -> tuple[str, list[Span]]:
    """All text of a page and its spans, for the pages of a book, where nothing is boilerplate.

    Raises:
        Unreadable: The parser fails.
    """
    return _extract(_parse(page, path), main_content=False)


def _parse(page: str, path: str) -> HTMLTree:
    from resiliparse.parse.html import HTMLParserException, HTMLTree

    try:
        return HTMLTree.parse(page)
    except HTMLParserException:
        raise Unreadable(path, "the HTML parser gives up on this page") from None


def _extract(part: HTMLTree | str, main_content: bool) -> tuple[str, list[Span]]:
    from resiliparse.extract.html2text import extract_plain_text

    return _structure(
        extract_plain_text(
            part, preserve_formatting="minimal_html", main_content=main_content, skip_elements=_PERMALINKS
        )
    )


def _structure(markup: str) -> tuple[str, list[Span]]:
    """Text and spans of resiliparse's minimal HTML."""
    parts: list[str] = []
    spans: list[Span] = []
    length = position = 0
    for block in [*_BLOCK.finditer(markup), None]:
        before = _prose(markup[position : block.start() if block else len(markup)])
        parts.append(before if length else before.lstrip())
        length += len(parts[-1])
        if block is None:
            break
        position = block.end()
        content = unescape(_TAG.sub("", block[2]))
        content = content.strip("\n").rstrip() if block[1] == "pre" else " ".join(content.split())
        if content:
            start, length = length, length + len(content)
            parts.append(content)
            if block[1] == "pre":
                spans.append(Span("code", start, length, ""))
            else:
                spans.append(Span("heading", start, length, content, int(block[1][1])))
    return "".join(parts).rstrip(), spans


def _prose(markup: str) -> str:
    lines = [line.strip() for line in unescape(_TAG.sub("", markup)).split("\n")]
    return _BLANK_LINES.sub("\n\n", "\n".join(lines))
