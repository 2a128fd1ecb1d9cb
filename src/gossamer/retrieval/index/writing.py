"""Filters as text: what :mod:`gossamer.retrieval.index.where` parses, written back, so that conditions can be added to
a filter and taken out of it without touching strings.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from gossamer.errors import UsageError
from gossamer.retrieval.index.where import KEYWORDS, Comparison, Either, Every, Exists, Node, Not, Value

_BARE = re.compile(r"""[^\s()<>=!,"'`]+""")


def written(node: Node) -> str:
    """The text of a filter: ``parse`` gives the same tree back.

    Raises:
        UsageError: A field's name is empty or holds a backquote, which the language cannot write.

    Example:
        >>> written(Every((Exists("year"), Comparison("kind of", "=", Value("long report", quoted=True)))))
        'exists(year) and `kind of` = "long report"'
    """
    if isinstance(node, Comparison):
        return f"{_name(node.field)} {node.operator} {_value(node.value)}"
    if isinstance(node, Exists):
        return f"exists({_name(node.field)})"
    if isinstance(node, Not):
        return f"not {_operand(node.part)}" if not isinstance(node.part, Not) else f"not ({written(node.part)})"
    if isinstance(node, Every):
        return " and ".join(map(_operand, node.parts))
    return _choice(node) or " or ".join(map(_operand, node.parts))


def having(field: str, value: str | float | bool) -> Comparison:
    """The condition that a field has a value; a text in quotes, so that it stands for nothing but itself.

    Example:
        >>> written(having("kind", "a b")), written(having("year", 1999.0)), written(having("new", True))
        ('kind = "a b"', 'year = 1999', 'new = true')
    """
    if isinstance(value, str):
        return Comparison(field, "=", Value(value, quoted=True))
    if isinstance(value, bool):
        return Comparison(field, "=", Value(str(value).lower()))
    whole = value.is_integer() and abs(value) < 1e15
    return Comparison(field, "=", Value(str(int(value)) if whole else repr(value)))


def conjuncts(node: Node) -> tuple[Node, ...]:
    """The conditions of a filter that all have to hold.

    Example:
        >>> from gossamer.retrieval.index.where import parse
        >>> [written(part) for part in conjuncts(parse("a = 1 and (b = 2 or c = 3)"))]
        ['a = 1', 'b = 2 or c = 3']
    """
    return node.parts if isinstance(node, Every) else (node,)


def conjunction(parts: Sequence[Node]) -> str:
    """The text of the filter that all of ``parts`` make; empty for none."""
    return written(parts[0] if len(parts) == 1 else Every(tuple(parts))) if parts else ""


def _operand(part: Node) -> str:
    """In parentheses unless nothing can come apart."""
    whole = isinstance(part, (Comparison, Exists, Not)) or (isinstance(part, Either) and bool(_choice(part)))
    return written(part) if whole else f"({written(part)})"


def _choice(node: Either) -> str:
    """``field in (a, b)``, or nothing where the parts are not that."""
    parts = [part for part in node.parts if isinstance(part, Comparison) and part.operator == "="]
    if len(parts) < len(node.parts) or len({part.field for part in parts}) != 1:
        return ""
    return f"{_name(parts[0].field)} in ({', '.join(_value(part.value) for part in parts)})"


def _name(field: str) -> str:
    if _BARE.fullmatch(field) and field.lower() not in KEYWORDS:
        return field
    if not field or "`" in field:
        raise UsageError(f"a filter cannot name the field {field!r}")
    return f"`{field}`"


def _value(value: Value) -> str:
    if not value.quoted and _BARE.fullmatch(value.text):
        return value.text
    escaped = value.text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
