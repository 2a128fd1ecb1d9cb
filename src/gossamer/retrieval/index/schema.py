"""Declared fields: text that is searched with a weight and an analyser of its own, or values of a type.

Fields that nobody declared are kept as they come; a filter then takes a text that spells a number or a date as one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

from gossamer.errors import UsageError
from gossamer.retrieval.encoders.bm25 import OWN_FIELDS, TextField
from gossamer.retrieval.index.where import Comparison, Either, Every, Node, Not, Value, to_number, to_period
from gossamer.text.documents import Document

FieldType = Literal["text", "keyword", "integer", "float", "date", "boolean"]

_DECLARATION = re.compile(
    r"(?P<name>[\w.-]+)(?::(?P<type>\w+)(?:\((?P<analyzer>(?:[^()]|\([^()]*\))*)\))?)?(?:\^(?P<weight>[\d.]+))?"
)


@dataclass(frozen=True, slots=True)
class Field:
    """One declared field.

    Args:
        type: ``text`` is analysed and searched; the others are for filters, facets and sorting.
        weight, b, analyzer: Of text: see :class:`~gossamer.retrieval.encoders.bm25.TextField`.

    Raises:
        UsageError: The type is unknown, or something of text is said of another type.
    """

    type: FieldType = "text"
    weight: float = 1.0
    b: float | None = None
    analyzer: str | None = None

    def __post_init__(self) -> None:
        known = get_args(FieldType)
        if self.type not in known:
            raise UsageError(f"{self.type!r} is not a type of field; known: {', '.join(known)}")
        if self.type != "text" and (self.weight, self.b, self.analyzer) != (1.0, None, None):
            raise UsageError(f"a weight, b or analyzer is for text; the field is {self.type}")


def declared(fields: str | Mapping[str, str | Field] | None) -> dict[str, Field]:
    """Fields by name.

    Args:
        fields: A mapping of names to fields or types; or a line such as
            ``title^3, brand^2, abstract:text(german), year:integer, tags:keyword``, where no type means text.

    Raises:
        UsageError: It is neither, or a declaration is wrong.

    Example:
        >>> declared("title^3, year:integer")
        {'title': Field(type='text', weight=3.0, b=None, analyzer=None), 'year': \
Field(type='integer', weight=1.0, b=None, analyzer=None)}
    """
    if isinstance(fields, str):
        return dict(_parse(fields))
    return {name: one if isinstance(one, Field) else Field(one) for name, one in (fields or {}).items()}  # type: ignore[arg-type]


def _parse(line: str) -> Iterator[tuple[str, Field]]:
    at, seen = 0, set[str]()
    while line[at:].strip():
        start = at + len(line[at:]) - len(line[at:].lstrip())
        match = _DECLARATION.match(line, start)
        end = match.end() if match else start
        if match is None or not re.match(r"\s*(,|$)", line[end:]):
            raise UsageError(
                f"fields: cannot read {line[start : start + 30]!r} at character {start + 1}; "
                "write name, name^2, name:text(german)^2 or name:integer, with commas between"
            )
        name = match["name"]
        if name in seen:
            raise UsageError(f"fields: {name!r} is declared twice")
        seen.add(name)
        weight = to_number(match["weight"] or "1")
        if weight is None:
            raise UsageError(f"fields: {name}^{match['weight']}: the weight is not a number")
        try:
            yield name, Field(match["type"] or "text", weight, None, match["analyzer"])  # type: ignore[arg-type]
        except UsageError as error:
            raise UsageError(f"fields: {name}: {error}") from None
        at = end + len(line[end:]) - len(line[end:].lstrip().removeprefix(","))


def text_fields(fields: Mapping[str, Field]) -> dict[str, TextField]:
    """Those that are searched, as an encoder takes them."""
    return {
        name: TextField(field.weight, field.b, field.analyzer) for name, field in fields.items() if field.type == "text"
    }


def value_types(fields: Mapping[str, Field]) -> dict[str, FieldType]:
    """Types of those that are not text.

    Raises:
        UsageError: Title, headings or body is given another type than text.
    """
    types: dict[str, FieldType] = {name: field.type for name, field in fields.items() if field.type != "text"}
    for name in OWN_FIELDS:
        if name in types:
            raise UsageError(f"fields: {name} is text of the document; it cannot be {types[name]}")
    return types


def described(encoder: Mapping[str, Any], types: Mapping[str, FieldType]) -> dict[str, dict[str, Any]]:
    """Declared fields as JSON values.

    Args:
        encoder: Settings of the index's encoder.
        types: Of fields that are not text.
    """
    texts = {
        name: {"type": "text", "weight": one["weight"], "b": one["b"], "analyzer": (one["analyzer"] or {}).get("name")}
        for name, one in encoder.get("fields", {}).items()
    }
    return texts | {name: {"type": kind} for name, kind in types.items()}


def conform(document: Document, types: Mapping[str, FieldType]) -> Document:
    """The document with the values of declared fields as their types want them; of a list each element.

    Raises:
        UsageError: A value cannot be one of its type; the message names document, field and value.

    Example:
        >>> conform(Document("a", "", fields={"year": "1984"}), {"year": "integer"}).fields
        {'year': 1984}
    """
    changed = {}
    for name, kind in types.items():
        value = document.fields.get(name)
        if value is None or value == "":
            continue
        try:
            changed[name] = (
                [_CONVERT[kind](one) for one in value] if isinstance(value, (list, tuple)) else _CONVERT[kind](value)
            )
        except ValueError as error:
            raise UsageError(f"document {document.id!r}: field {name}: {str(value)[:80]!r} is {error}") from None
    return replace(document, fields={**document.fields, **changed}) if changed else document


def bind(node: Node, types: Mapping[str, FieldType]) -> Node:
    """The filter with its values taken as the types of their fields say.

    Raises:
        UsageError: A value cannot be compared with its field.

    Example:
        >>> bind(Comparison("sku", "=", Value("007")), {"sku": "keyword"}).value.quoted
        True
    """
    if isinstance(node, (Every, Either)):
        return replace(node, parts=tuple(bind(part, types) for part in node.parts))
    if isinstance(node, Not):
        return Not(bind(node.part, types))
    if isinstance(node, Comparison) and node.field in types:
        kind, value = types[node.field], node.value
        if kind == "keyword":
            return replace(node, value=Value(value.text, quoted=True))
        plain = Value(value.text, dated=kind == "date")
        meant: object = plain.period if kind == "date" else plain.boolean if kind == "boolean" else plain.number
        if meant is None:
            raise UsageError(f"filter: {node.field} is {_ARTICLE[kind]}; {value.text!r} is none")
        return replace(node, value=plain)
    return node


def _integer(value: object) -> int:
    if isinstance(value, (int, str)) and re.fullmatch(r"[+-]?\d{1,300}", str(value).strip(), re.ASCII):
        return int(value)  # exact, however long
    number = to_number(str(value).strip())
    if number is None or not number.is_integer():
        raise ValueError("not an integer")
    return int(number)


def _float(value: object) -> float:
    number = to_number(str(value).strip())
    if number is None:
        raise ValueError("not a number")
    return number


def _date(value: object) -> str:
    text = str(value).strip()
    if to_period(text) is None:
        raise ValueError("not a date such as 2024, 2024-03 or 2024-03-05T10:30")
    return text


def _boolean(value: object) -> bool:
    known = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
    if isinstance(value, bool):
        return value
    if str(value).strip().lower() not in known:
        raise ValueError("neither true nor false")
    return known[str(value).strip().lower()]


def _keyword(value: object) -> str:
    if isinstance(value, (dict, list)):
        raise ValueError("not a single value")
    return value if isinstance(value, str) else str(value).lower() if isinstance(value, bool) else str(value)


_CONVERT: Mapping[FieldType, Callable[[object], Any]] = {
    "keyword": _keyword, "integer": _integer, "float": _float, "date": _date, "boolean": _boolean,
}  # fmt: skip
_ARTICLE = {"integer": "an integer", "float": "a number", "date": "a date", "boolean": "true or false"}
