"""The fields of documents as columns of a segment, for filters, facets and sorting.

A column holds each distinct value once, ascending: texts, then numbers, then false, true, and one code for what can
only exist. For every value of a document it holds the document's number and the value's code. A condition is evaluated
once for each distinct value, whatever the number of documents.
"""

from __future__ import annotations

import json
import math
from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from gossamer import _native
from gossamer.retrieval.index.where import (
    Comparison,
    Either,
    Every,
    Exists,
    Node,
    Not,
    Operator,
    Value,
    to_number,
    to_period,
)

if TYPE_CHECKING:
    from gossamer.retrieval.index.container import Container

PREFIX = "columns"
LONGEST_TEXT = 1000  # characters; a longer text can only exist
_OUTLINED = 20  # texts
_OTHERS = 3  # codes behind texts and numbers: false, true, exists

Mask = NDArray[np.bool_]
Section = tuple[str, str, NDArray[Any]]  # name, kind, values
_COMPARE: dict[Operator, Callable[[Any, Any], Any]] = {
    "<": np.less, "<=": np.less_equal, ">": np.greater, ">=": np.greater_equal,
}  # fmt: skip


def scalars(value: object) -> Iterator[str | float | bool | None]:
    """The values of a field that a column keeps: of a list each element, None for what can only exist.

    Example:
        >>> list(scalars(["a", 3, None]))
        ['a', 3.0]
    """
    for one in value if isinstance(value, (list, tuple)) else (value,):
        if isinstance(one, bool):
            yield one
        elif isinstance(one, (int, float)):
            try:
                number = float(one)
            except OverflowError:
                number = math.inf
            yield number if math.isfinite(number) else None
        elif isinstance(one, str):
            yield one if len(one) <= LONGEST_TEXT else None
        elif one is not None:
            yield None


class ColumnBuilder:
    """Collects the fields of pending documents."""

    def __init__(self) -> None:
        self._columns: dict[str, _Pending] = {}

    def add(self, insertion: int, fields: Mapping[str, Any]) -> None:
        """Take the fields of the document with this insertion number."""
        for name, value in fields.items():
            column = self._columns.get(name)
            if column is None:
                column = self._columns[name] = _Pending()
            for one in scalars(value):
                column.add(insertion, one)

    @property
    def memory(self) -> int:
        """Bytes, about."""
        return sum(column.memory for column in self._columns.values())

    def sections(self, orders: NDArray[np.uint64], documents: NDArray[np.uint32]) -> list[Section]:
        """The sections of a segment.

        Args:
            orders, documents: Insertion number and document number of every row.
        """
        sections = _Sections()
        by_order = np.argsort(orders, kind="stable")
        for name in sorted(self._columns):
            pending = self._columns[name]
            places = np.searchsorted(orders, np.frombuffer(pending.insertions, np.uint64), sorter=by_order)
            values = pending.values()
            sections.add(name, documents[by_order[places]], values.codes, values.texts, values.numbers)
        return sections.all()


@dataclass
class _Coded:
    codes: NDArray[np.uint32]
    texts: list[bytes]
    numbers: NDArray[np.float64]


class _Pending:
    """One field's values: provisional codes in the order of arrival."""

    def __init__(self) -> None:
        self.insertions = array("Q")
        self._codes = array("I")
        self._known: dict[tuple[type, Any], int] = {}
        self.memory = 0

    def add(self, insertion: int, value: str | float | bool | None) -> None:
        code = self._known.get((type(value), value))
        if code is None:
            code = self._known[type(value), value] = len(self._known)
            self.memory += 200 + (len(value) if isinstance(value, str) else 0)
        self.insertions.append(insertion)
        self._codes.append(code)
        self.memory += 12

    def values(self) -> _Coded:
        texts = sorted(v.encode("utf-8", "replace") for kind, v in self._known if kind is str)
        texts = [t for i, t in enumerate(texts) if not i or t != texts[i - 1]]
        numbers = np.unique(np.array([v for kind, v in self._known if kind is float], np.float64))
        place = {text: code for code, text in enumerate(texts)}
        final = np.zeros(len(self._known), np.uint32)
        for (kind, value), code in self._known.items():
            if kind is str:
                final[code] = place[value.encode("utf-8", "replace")]
            elif kind is float:
                final[code] = len(texts) + np.searchsorted(numbers, value)
            else:
                final[code] = len(texts) + len(numbers) + (2 if value is None else int(value))
        return _Coded(final[np.frombuffer(self._codes, np.uint32)], texts, numbers)


class _Sections:
    """Lays columns out as sections."""

    def __init__(self) -> None:
        self._head: list[dict[str, Any]] = []
        self._sections: list[Section] = []

    def add(
        self, name: str, documents: NDArray[np.uint32], codes: NDArray[np.uint32], texts: Sequence[bytes],
        numbers: NDArray[np.float64],
    ) -> None:  # fmt: skip
        """Append a column; (document, code) pairs in any order, twice the same pair counts once."""
        pairs = np.unique(documents.astype(np.uint64) << np.uint64(32) | codes)
        at = f"{PREFIX}.{len(self._head)}"
        self._head.append({"name": name, "values": len(pairs), "texts": len(texts), "numbers": len(numbers)})
        lengths = np.array([0, *(len(t) for t in texts)], np.uint64)
        self._sections += [
            (f"{at}.documents", "u32", (pairs >> np.uint64(32)).astype(np.uint32)),
            (f"{at}.codes", "u32", pairs.astype(np.uint32)),
            (f"{at}.offsets", "u64", np.cumsum(lengths, dtype=np.uint64)),
            (f"{at}.texts", "u8", np.frombuffer(b"".join(texts), np.uint8)),
            (f"{at}.numbers", "f64", numbers),
        ]

    def all(self) -> list[Section]:
        """Everything, the table of names first; nothing where no document has a field."""
        if not self._head:
            return []
        head = np.frombuffer(json.dumps(self._head, ensure_ascii=False).encode("utf-8", "replace"), np.uint8)
        return [(PREFIX, "u8", head), *self._sections]


class Column:
    """One field of a segment.

    Args:
        size: Documents of the segment.
        documents, codes: Parallel; documents ascending. Shape (values,).
        texts: Distinct texts, ascending by UTF-8 bytes.
        numbers: Distinct numbers, ascending.
    """

    def __init__(
        self, size: int, documents: NDArray[np.uint32], codes: NDArray[np.uint32], texts: Sequence[bytes],
        numbers: NDArray[np.float64],
    ) -> None:  # fmt: skip
        self.size, self.documents, self.codes, self.texts, self.numbers = size, documents, codes, texts, numbers
        if len(documents) and int(documents.max()) >= size:
            raise _native.Damaged("section columns: no such document")
        if len(codes) and int(codes.max()) >= len(texts) + len(numbers) + _OTHERS:
            raise _native.Damaged("section columns: no such value")

    def value(self, code: int) -> str | float | bool | None:
        """The value with a code."""
        if code < len(self.texts):
            return self.texts[code].decode("utf-8", "replace")
        if code < len(self.texts) + len(self.numbers):
            return float(self.numbers[code - len(self.texts)])
        return (False, True, None)[code - len(self.texts) - len(self.numbers)]

    def having(self, wanted: Mask) -> Mask:
        """Documents with at least one of the wanted codes; shape (size,)."""
        mask = np.zeros(self.size, np.bool_)
        mask[self.documents[wanted[self.codes]]] = True
        return mask

    def exists(self) -> Mask:
        """Documents with any value; shape (size,)."""
        mask = np.zeros(self.size, np.bool_)
        mask[self.documents] = True
        return mask

    def matches(self, operator: Operator, value: Value) -> Mask:
        """Documents of which some value compares so; shape (size,)."""
        if operator == "!=":
            return ~self.matches("=", value)
        wanted = np.zeros(len(self.texts) + len(self.numbers) + _OTHERS, np.bool_)
        wanted[: len(self.texts)] = self._texts_that_match(operator, value)
        if (number := value.number) is not None:
            wanted[len(self.texts) : len(self.texts) + len(self.numbers)] = _compare(self.numbers, operator, number)
        if operator == "=" and value.boolean is not None:
            wanted[len(self.texts) + len(self.numbers) + int(value.boolean)] = True
        return self.having(wanted)

    def _texts_that_match(self, operator: Operator, value: Value) -> Mask:
        """A text counts as the date or number that it spells where the value is one; else bytes are compared."""
        text = value.text.encode("utf-8", "replace")
        mask = np.zeros(len(self.texts), np.bool_)
        low, high = _place(self.texts, text)
        if operator == "=":
            mask[low:high] = True
        elif value.number is None and value.period is None:
            if operator in (">", ">="):
                mask[high if operator == ">" else low :] = True
            else:
                mask[: low if operator == "<" else high] = True
        if value.number is not None:
            mask |= _compare(self._spelt_numbers, operator, value.number)
        if value.period is not None:
            starts, ends = self._spelt_dates if value.dated else self._spelt_periods
            first, after = value.period
            mask |= {
                "=": (starts >= first) & (ends <= after), "<": starts < first, "<=": starts < after,
                ">": starts >= after, ">=": starts >= first,
            }[operator]  # fmt: skip
        return mask

    @cached_property
    def _spelt_numbers(self) -> NDArray[np.float64]:
        spelt = (to_number(text.decode("utf-8", "replace")) for text in self.texts)
        return np.array([math.nan if number is None else number for number in spelt], np.float64)

    @cached_property
    def _spelt_periods(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        # A text of four digits is a number, though a filter may mean a year by it.
        starts, ends = self._spelt_dates
        is_number = ~np.isnan(self._spelt_numbers)
        return np.where(is_number, math.nan, starts), np.where(is_number, math.nan, ends)

    @cached_property
    def _spelt_dates(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        periods = [to_period(text.decode("utf-8", "replace")) or (math.nan, math.nan) for text in self.texts]
        both = np.array(periods, np.float64).reshape(-1, 2)
        return both[:, 0], both[:, 1]


class Columns(Mapping[str, Column]):
    """The columns of a segment, read when asked for.

    Args:
        container: The segment's file.
        size: Its documents.
    """

    def __init__(self, container: Container, size: int) -> None:
        self._container, self._size = container, size
        self._open: dict[str, Column] = {}
        head = json.loads(bytes(container.section(PREFIX))) if PREFIX in container.sections else []
        self._places = {entry["name"]: (number, entry) for number, entry in enumerate(head)}

    def __getitem__(self, name: str) -> Column:
        if name not in self._open:
            number, entry = self._places[name]
            self._open[name] = self._read(number, entry)
        return self._open[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)

    def outline(self, name: str) -> tuple[int, int, int, list[str]]:
        """What is known of a column without reading it: values, distinct texts and numbers, and the first few texts."""
        number, entry = self._places[name]
        offsets = np.frombuffer(self._container.section(f"{PREFIX}.{number}.offsets"), np.uint64)[:_OUTLINED].tolist()
        data = self._container.section(f"{PREFIX}.{number}.texts")
        texts = [bytes(data[a:b]).decode("utf-8", "replace") for a, b in pairwise(offsets)]
        return entry["values"], entry["texts"], entry["numbers"], texts

    def _read(self, number: int, entry: dict[str, Any]) -> Column:
        def array_of(part: str, kind: type[np.generic], size: int) -> NDArray[Any]:
            values = np.frombuffer(self._container.section(f"{PREFIX}.{number}.{part}"), kind)
            if len(values) != size:
                raise _native.Damaged(f"section {PREFIX}.{number}.{part}: wrong size")
            return values

        offsets = array_of("offsets", np.uint64, entry["texts"] + 1).astype(np.int64)
        data = bytes(self._container.section(f"{PREFIX}.{number}.texts"))
        if offsets[0] != 0 or offsets[-1] != len(data) or (np.diff(offsets) < 0).any():
            raise _native.Damaged(f"section {PREFIX}.{number}.offsets: out of order")
        texts = [data[a:b] for a, b in zip(offsets[:-1].tolist(), offsets[1:].tolist(), strict=True)]
        documents = array_of("documents", np.uint32, entry["values"])
        codes = array_of("codes", np.uint32, entry["values"])
        return Column(self._size, documents, codes, texts, array_of("numbers", np.float64, entry["numbers"]))

    def mask(self, node: Node) -> Mask:
        """Which documents a filter lets through; shape (documents,). A field that no document has matches nothing."""
        if isinstance(node, (Every, Either)):
            combine = np.logical_and if isinstance(node, Every) else np.logical_or
            return combine.reduce([self.mask(part) for part in node.parts])  # type: ignore[no-any-return]
        if isinstance(node, Not):
            return ~self.mask(node.part)
        if node.field not in self:
            negative = isinstance(node, Comparison) and node.operator == "!="
            return np.full(self._size, negative, np.bool_)
        column = self[node.field]
        return column.exists() if isinstance(node, Exists) else column.matches(node.operator, node.value)


def merged(sources: Iterable[tuple[Columns, NDArray[np.int64]]]) -> list[Section]:
    """The column sections of a merge.

    Args:
        sources: Each segment's columns, and for each of its documents its number in the merge, or -1.
    """
    sections, sources = _Sections(), list(sources)
    for name in sorted({name for columns, _ in sources for name in columns}):
        parts = [(columns[name], numbers) for columns, numbers in sources if name in columns]
        kept = [(column, numbers[column.documents] >= 0) for column, numbers in parts]
        used = [np.unique(column.codes[keep]) for column, keep in kept]
        texts = sorted(
            {c.texts[i] for (c, _), codes in zip(kept, used, strict=True) for i in codes if i < len(c.texts)}
        )
        numbers_ = np.unique(np.concatenate([_numbers_of(c, codes) for (c, _), codes in zip(kept, used, strict=True)]))
        place = {text: code for code, text in enumerate(texts)}
        documents, codes_ = [], []
        for (column, keep), (_, new) in zip(kept, parts, strict=True):
            n, m = len(column.texts), len(column.numbers)
            table = np.zeros(n + m + _OTHERS, np.uint32)
            table[:n] = [place.get(text, 0) for text in column.texts]
            table[n : n + m] = len(texts) + np.searchsorted(numbers_, column.numbers)
            table[n + m :] = len(texts) + len(numbers_) + np.arange(_OTHERS)
            documents.append(new[column.documents[keep]].astype(np.uint32))
            codes_.append(table[column.codes[keep]])
        if sum(map(len, codes_)):
            sections.add(name, np.concatenate(documents), np.concatenate(codes_), texts, numbers_)
    return sections.all()


def _numbers_of(column: Column, codes: NDArray[np.uint32]) -> NDArray[np.float64]:
    n = len(column.texts)
    return column.numbers[codes[(codes >= n) & (codes < n + len(column.numbers))] - n]


def _compare(values: NDArray[np.float64], operator: Operator, number: float) -> Mask:
    compare = _COMPARE.get(operator, np.equal)
    return compare(values, number)  # type: ignore[no-any-return]


def _place(texts: Sequence[bytes], text: bytes) -> tuple[int, int]:
    from bisect import bisect_left, bisect_right

    return bisect_left(texts, text), bisect_right(texts, text)


def fields_of(node: Node) -> set[str]:
    """The fields that a filter names."""
    if isinstance(node, (Every, Either)):
        return set().union(*(fields_of(part) for part in node.parts))
    return fields_of(node.part) if isinstance(node, Not) else {node.field}


def known_fields(columns: Iterable[Columns]) -> list[str]:
    """Every field of some segments, ascending."""
    return sorted({name for one in columns for name in one})
