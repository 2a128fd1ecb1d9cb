"""Records (a line of JSON, a row of a table) to documents: which field is the text, the id, the title."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, get_args

from gossamer.text.documents import Document, Span, SpanKind
from gossamer.text.readers.registry import Options

TEXT_FIELDS = ("text", "contents", "content", "body", "abstract", "passage", "description")
ID_FIELDS = ("id", "_id", "docid", "doc_id", "docno")
TITLE_FIELDS = ("title", "headline")

_MAX_NAMES = 8
_MAX_NAME = 40


class RecordError(ValueError):
    """A record that makes no document; the message is the reason."""


class NoTextError(RecordError):
    """A record without the field that holds the text."""


def find_field(names: Iterable[str], usual: tuple[str, ...]) -> str | None:
    """The first of the usual names, whatever its case, that the record has.

    Example:
        >>> find_field(["Title", "Body"], TEXT_FIELDS)
        'Body'
    """
    by_name = {name.strip().casefold(): name for name in names}
    return next((by_name[name] for name in usual if name in by_name), None)


def listed(names: Iterable[str]) -> str:
    """The names of fields as a message shows them: not too many, none too long.

    Example:
        >>> listed(["id", "question"])
        "'id', 'question'"
    """
    first = [repr(name if len(name) <= _MAX_NAME else f"{name[:_MAX_NAME]}...") for name in names]
    return ", ".join(first[:_MAX_NAMES]) + (", ..." if len(first) > _MAX_NAMES else "") if first else "no fields"


def to_document(record: Mapping[str, Any], fallback_id: str, options: Options) -> Document:
    """One record as a document; every field that is not its id, title or text is kept as a field.

    A record that `Document.to_dict` made, as in an export, gives that document again.

    Args:
        record: Field names to JSON values.
        fallback_id: The id where the record has none: ``file#line``.
        options: Names of the text and id fields, if the user gave them.

    Raises:
        RecordError: The record lacks a text or an id that was asked for by name, or has one that is no text.

    Example:
        >>> to_document({"_id": 7, "title": "Wings", "text": "Lift is ...", "year": 1903}, "a.jsonl#1", Options())
        Document(id='7', text='Lift is ...', title='Wings', fields={'year': 1903}, spans=())
    """
    text_field, id_field, title_field = _usual_fields(tuple(record))
    text_field, id_field = options.text_field or text_field, options.id_field or id_field
    if text_field is None:
        raise NoTextError(f"no text field among {listed(record)}; name it with --text-field")
    if text_field not in record:
        raise NoTextError(f"no field {text_field!r} among {listed(record)}")
    if id_field is not None and id_field not in record:
        raise RecordError(f"no field {id_field!r} among {listed(record)}")
    text = _as_text(record, text_field)
    title = "" if title_field in (None, text_field) else _as_text(record, title_field)
    identifier = fallback_id if id_field is None else _as_text(record, id_field).strip()
    if not identifier:
        raise RecordError(f"the id field {id_field!r} is empty")
    inner, spans = record.get("fields"), record.get("spans")
    if isinstance(inner, Mapping) and isinstance(spans, list):  # `Document.to_dict` wrote it
        return Document(identifier, text, title, inner, _spans(spans, len(text)))
    used = (text_field, id_field, title_field)
    fields = {name: value for name, value in record.items() if name not in used and value is not None}
    return Document(identifier, text, title, fields)


def _spans(values: list[Any], length: int) -> tuple[Span, ...]:
    try:
        spans = [Span(**value) for value in values]
    except TypeError:
        raise RecordError("the field 'spans' holds no spans") from None
    for span in spans:
        numbers = all(type(number) is int for number in (span.start, span.end, span.level))
        if not numbers or not isinstance(span.value, str) or span.kind not in get_args(SpanKind):
            raise RecordError("the field 'spans' holds no spans")
        if not 0 <= span.start <= span.end <= length:
            raise RecordError("the field 'spans' holds a span outside the text")
    return tuple(sorted(spans, key=lambda span: span.start))


@lru_cache(maxsize=64)  # the records of a file have the same few sets of fields
def _usual_fields(names: tuple[str, ...]) -> tuple[str | None, str | None, str | None]:
    return find_field(names, TEXT_FIELDS), find_field(names, ID_FIELDS), find_field(names, TITLE_FIELDS)


def _as_text(record: Mapping[str, Any], field: str) -> str:
    value = record[field]
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, list) and all(isinstance(part, str) for part in value):
        return " ".join(value)
    raise RecordError(f"field {field!r} is neither text nor a list of texts")
