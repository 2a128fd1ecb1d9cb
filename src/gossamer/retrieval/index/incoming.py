"""What :meth:`Index.add` takes, as documents and as the native core wants them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from gossamer.errors import UsageError
from gossamer.text import passages
from gossamer.text.documents import Document, Passage


def as_document(item: str | dict[str, Any] | Document, insertion: int) -> Document:
    """A document from what :meth:`Index.add` takes."""
    if isinstance(item, Document):
        document = item
    elif isinstance(item, str):
        return Document(str(insertion), item)
    elif isinstance(item, dict):
        identifier, text, title = item.get("id"), item.get("text"), item.get("title") or ""
        fields = {key: value for key, value in item.items() if key not in ("id", "text", "title")}
        if not isinstance(identifier, (str, int)) or not isinstance(text, str):
            raise UsageError(
                f"document {insertion}: a dict needs 'id' and 'text' as strings; its keys are {sorted(map(str, item))}"
            )
        document = Document(str(identifier), text, title, fields)
    else:
        raise UsageError(
            f"document {insertion}: expected a str, a dict with 'id' and 'text', or a Document, "
            f"not {type(item).__name__}"
        )
    if not document.id or not isinstance(document.id, str):
        raise UsageError(f"document {insertion}: its id is {document.id!r}; an id is a string that is not empty")
    if not isinstance(document.text, str) or not isinstance(document.title, str):
        raise UsageError(f"document {document.id!r}: text and title must be strings")
    return document


# Shared: a list for every document is work for the garbage collector.
_NO_HEADINGS: list[tuple[int, int, int, str]] = []
_NO_TEXTS: list[str] = []


NativeDocument = tuple[str, str, str, bytes, list[tuple[int, int, int, str]], list[str]]


def native_document(document: Document, declared: Sequence[str] = ()) -> NativeDocument:
    """Id, title, text, metadata, headings (start, end, level, value) and the texts of declared fields.

    Raises:
        UsageError: A field is no JSON value.
    """
    more: dict[str, Any] = {}
    headings = _NO_HEADINGS
    if document.title:
        more["title"] = document.title
    if document.fields:
        more["fields"] = dict(document.fields)
    if document.spans:
        more["spans"] = [(s.kind, s.start, s.end, s.value, s.level) for s in document.spans]
        headings = [(s.start, s.end, s.level, s.value) for s in document.spans if s.kind == "heading"]
    try:
        metadata = json.dumps(more, ensure_ascii=False).encode("utf-8", "replace") if more else b""
    except (TypeError, ValueError) as error:
        raise UsageError(f"document {document.id!r}: its fields are not JSON values: {error}") from None
    texts = [_text(document, name) for name in declared] if declared else _NO_TEXTS
    return document.id, document.title, document.text, metadata, headings, texts


def _text(document: Document, name: str) -> str:
    value = document.fields.get(name)
    parts = value if isinstance(value, (list, tuple)) else () if value is None else (value,)
    return "\n".join(part if isinstance(part, str) else json.dumps(part, ensure_ascii=False) for part in parts)


def scored_text(document: Document, passage: Passage) -> str:
    """The text of a passage with what is scored with it, as encoders see it."""
    return f"{passages.prefix(document, passage)}\n{passage.text}".strip()


def ranges(document: Document, cuts: list[tuple[int, int]]) -> list[tuple[int, int, int, int]]:
    """Code-point ranges with their UTF-8 byte ranges. Cuts may overlap but start in ascending order."""
    text = document.text
    if text.isascii():
        return [(start, end, start, end) for start, end in cuts]
    return list(_byte_ranges(text, cuts))


def _byte_ranges(text: str, cuts: list[tuple[int, int]]) -> Iterator[tuple[int, int, int, int]]:
    at, byte = 0, 0
    for start, end in cuts:
        byte += len(text[at:start].encode("utf-8", "replace"))
        at = start
        yield start, end, byte, byte + len(text[start:end].encode("utf-8", "replace"))
