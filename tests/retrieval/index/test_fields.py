"""Filters, facets and order by a field equal what plain Python says of the documents' fields."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from gossamer import Index
from gossamer.errors import UsageError
from gossamer.retrieval.index.columns import scalars
from gossamer.retrieval.index.where import Either, Every, Exists, Node, Not, Value, parse, to_period

FIELDS: dict[str, list[Any]] = {
    "year": [1907, 1988, 2001.5, -3, "1988", "about 1900", True],
    "kind": ["report", "note", "Note", "ö", "two words", ["note", "report"], [], None],
    "when": ["2024-03-05", "2024-03", "2023-12-31T23:59:59Z", "2024-04-01T00:30:00+02:00", "later", ["2020", "2025"]],
    "done": [True, False, None, "true"],
    "nested": [{"a": 1}, 7],
}  # fmt: skip
LITERALS = [
    "1907", "1988", "-3", "2001.5", "1e3", "true", "false", "report", '"two words"', "'1988'", "ö", "2024", "2024-03",
    "2024-03-31T22:30", "2024-12-31", "later", '""',
]  # fmt: skip


def random_document(rng: random.Random, number: int) -> dict[str, Any]:
    fields = {name: rng.choice(values) for name, values in FIELDS.items() if rng.random() < 0.7}
    return {"id": str(number), "text": " ".join(rng.choices(["wing", "sail", "kite", "air"], k=5)), **fields}


def holds(node: Node, fields: dict[str, Any]) -> bool:
    """A filter by its definition."""
    if isinstance(node, Every):
        return all(holds(part, fields) for part in node.parts)
    if isinstance(node, Either):
        return any(holds(part, fields) for part in node.parts)
    if isinstance(node, Not):
        return not holds(node.part, fields)
    values = [value for name, field in fields.items() if name == node.field for value in plain(field)]
    if isinstance(node, Exists):
        return bool(values)
    if node.operator == "!=":
        return not any(compares(value, "=", node.value) for value in values)
    return any(compares(value, node.operator, node.value) for value in values)


def plain(field: Any) -> Iterator[Any]:
    yield from (value for value in (field if isinstance(field, list) else [field]) if value is not None)


def compares(value: Any, operator: str, wanted: Value) -> bool:
    def test(a: Any, b: Any) -> bool:
        return {"=": a == b, "<": a < b, "<=": a <= b, ">": a > b, ">=": a >= b}[operator]

    if isinstance(value, bool):
        return operator == "=" and wanted.boolean is value
    if isinstance(value, (int, float)):
        return wanted.number is not None and test(value, wanted.number)
    if not isinstance(value, str):
        return False
    if operator == "=" and value == wanted.text:
        return True
    if wanted.number is None and wanted.period is None:
        return test(value.encode(), wanted.text.encode())
    try:
        if wanted.number is not None and test(float(value), wanted.number):
            return True
    except ValueError:
        pass
    mine = to_period(value)
    if wanted.period is None or mine is None or value.isdecimal():
        return False
    (first, after), (start, end) = wanted.period, mine
    return {
        "=": first <= start and end <= after, "<": start < first, "<=": start < after,
        ">": start >= after, ">=": start >= first,
    }[operator]  # fmt: skip


names = st.sampled_from([*FIELDS])
comparisons = st.builds(
    "{} {} {}".format, names, st.sampled_from(["=", "!=", "<", "<=", ">", ">="]), st.sampled_from(LITERALS)
)
filters = st.recursive(
    comparisons
    | names.map("exists({})".format)
    | st.builds("{} in ({}, {})".format, names, st.sampled_from(LITERALS), st.sampled_from(LITERALS)),
    lambda part: (
        st.builds("({} {} {})".format, part, st.sampled_from(["and", "or", "AND"]), part) | part.map("not {}".format)
    ),
    max_leaves=5,
)


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> tuple[Index, Index, dict[str, dict[str, Any]]]:
    """The same documents in four segments with deletions, and merged."""
    rng = random.Random(0)
    path = tmp_path_factory.mktemp("fields")
    documents = {str(n): random_document(rng, n) for n in range(300)}
    indexes = []
    for name in ("segments", "merged"):
        with Index.create(path / name, passages=3) as index:
            for part in range(4):
                index.add(d for n, d in enumerate(documents.values()) if n % 4 == part)
                index.commit()
            index.add([{**documents["7"], "text": "wing"}, {"id": "gone", "text": "wing", "year": 4444}])
            index.commit()
            index.delete(["gone", *map(str, range(0, 300, 9))])
        indexes.append(index)
    indexes[1].merge()
    for number in range(0, 300, 9):
        del documents[str(number)]
    documents["7"]["text"] = "wing"
    return indexes[0], indexes[1], documents


def fields_of(document: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in document.items() if name not in ("id", "text")}


@settings(max_examples=150)
@given(where=filters, k=st.sampled_from([1, 5, 1000]))
def test_a_filter_lets_through_what_its_definition_says(shelf: Any, where: str, k: int) -> None:
    *indexes, documents = shelf
    node = parse(where)
    wanted = {name for name, document in documents.items() if holds(node, fields_of(document))}
    for index in indexes:
        everything = index.rank(["wing sail"], k=1000)[0]
        found = index.rank(["wing sail"], k=k, where=where)[0]
        assert found == [one for one in everything if one[0] in wanted][:k]
        assert [(hit.id, hit.score) for hit in index.search("wing sail", k=k, where=where)] == found
        assert index.rank(["wing sail"], k=k, where=where, exhaustive=True)[0] == found


@pytest.mark.parametrize("field", [*FIELDS])
def test_facets_count_matching_documents(shelf: Any, field: str) -> None:
    *indexes, documents = shelf
    for index in indexes:
        for where in (None, "done = true or year > 1950"):
            matching = {name for name, _ in index.rank(["sail"], k=1000, where=where)[0]}
            counts: Counter[Any] = Counter()
            for name in matching:
                values = scalars(documents[name].get(field))
                counts.update({(type(value), value) for value in values if value is not None})
            found = index.facets("sail", [field], where=where, limit=100)[field]
            assert {(type(value), value): count for value, count in found} == dict(counts)
            assert [count for _, count in found] == sorted((count for _, count in found), reverse=True)


@pytest.mark.parametrize("sort", ["year", "-year", "when", "-when", "-kind", "done"])
def test_order_by_a_field(shelf: Any, sort: str) -> None:
    *indexes, documents = shelf
    sign = -1 if sort.startswith("-") else 1
    order = {name: number for number, name in enumerate(d.id for d in indexes[0].documents())}

    def rank(value: Any) -> Any:
        text = value.encode() if isinstance(value, str) else b""
        return (isinstance(value, bool), isinstance(value, str), value if isinstance(value, (bool, float)) else 0, text)

    every = sorted({rank(v) for d in documents.values() for v in scalars(d.get(sort.lstrip("-"))) if v is not None})

    def place(name: str) -> tuple[float, int]:
        values = [v for v in scalars(documents[name].get(sort.lstrip("-"))) if v is not None]
        return min((sign * every.index(rank(v)) for v in values), default=float("inf")), order[name]

    for index in indexes:
        scores = dict(index.rank(["kite"], k=1000, where="not year = 1988")[0])
        for k in (1, 7, 1000):
            hits = index.search("kite", k, where="not year = 1988", sort=sort)
            assert [hit.id for hit in hits] == sorted(scores, key=place)[:k]
            assert all(hit.score == scores[hit.id] for hit in hits)


@pytest.fixture(scope="module")
def two_windows(tmp_path_factory: pytest.TempPathFactory) -> Index:
    rng = random.Random(1)
    with Index.create(tmp_path_factory.mktemp("windows") / "ix", passages=None) as index:
        index.add(
            {
                "id": str(n),
                "text": " ".join(f"w{int(rng.paretovariate(0.6)) % 300}" for _ in range(6)),
                "n": n * 7919 % 70_000,
            }
            for n in range(70_000)
        )
    return index


@pytest.mark.parametrize("share", [1e-4, 1e-3, 0.01, 0.1, 0.5, 0.9])
def test_pruning_keeps_the_ranking_at_any_selectivity(two_windows: Index, share: float) -> None:
    rng = random.Random(2)
    queries = [" ".join(f"w{rng.randrange(1, 40)}" for _ in range(5)) for _ in range(5)]
    where = f"n < {int(70_000 * share)}"
    pruned = two_windows.rank(queries, where=where)
    assert pruned == two_windows.rank(queries, where=where, exhaustive=True)
    assert any(pruned)


@pytest.mark.parametrize(
    ("where", "problem"),
    [
        ("yaer = 3", "did you mean 'year'"),
        ("year", "expected one of"),
        ("year = ", "expected a value"),
        ("(year = 3", "expected ')'"),
        ("year = 'x", "character 8"),
        ("year = 3 kind = 4", "expected 'and', 'or' or the end"),
        ("(" * 30 + "year = 3" + ")" * 30, "levels of parentheses"),
        ("year = 3" + " or year = 3" * 20_000, "characters"),
        ("", "expected the name of a field"),
    ],
)
def test_what_is_no_filter_is_refused_with_the_place(shelf: Any, where: str, problem: str) -> None:
    with pytest.raises(UsageError, match=problem.replace("(", r"\(").replace(")", r"\)")):
        shelf[0].rank(["wing"], where=where)


@given(st.text(max_size=60))
def test_any_text_is_a_filter_or_refused(where: str) -> None:
    with suppress(UsageError):
        parse(where)


def test_periods() -> None:
    def seconds(*parts: int) -> float:
        return datetime(*parts, tzinfo=timezone.utc).timestamp()  # type: ignore[misc, arg-type]

    assert to_period("2024") == (seconds(2024, 1, 1), seconds(2025, 1, 1))
    assert to_period("2023-12") == (seconds(2023, 12, 1), seconds(2024, 1, 1))
    assert to_period("2024-02-29") == (seconds(2024, 2, 29), seconds(2024, 3, 1))
    assert to_period("2024-02-29T10:30+02:00") == (seconds(2024, 2, 29, 8, 30), seconds(2024, 2, 29, 8, 31))
    assert to_period("2023-02-29") is None
    assert to_period("20240229") is None
    assert to_period("9999") is None  # its end is no date


def test_fields_of_any_kind_and_of_replaced_documents(tmp_path: Path) -> None:
    odd = {"long": "x" * 2000, "big": 10**400, "": "empty", "a b": "\ud800", "n": 1}
    with Index.create(tmp_path / "ix") as index:
        index.add([{"id": "a", "text": "wing", **odd}, {"id": "c", "text": "wing", **odd}])
        index.commit()
        index.add([{"id": "a", "text": "wing", "n": 2}, {"id": "b", "text": "wing", "n": float("inf")}])
        index.add([{"id": "b", "text": "wing", "n": 3}])

    def found(where: str) -> list[str]:
        return [name for name, _ in index.rank(["wing"], where=where)[0]]

    for _ in range(2):
        assert found("n = 1") == ["c"]
        assert found("n >= 2") == ["a", "b"]
        assert found("exists(long) and exists(big) and exists(`a b`)") == ["c"]
        assert found('long = "xx"') == []
        index.merge()
    index.delete(["c"])
    index.merge()
    with pytest.raises(UsageError, match="no document has a field 'long'; known: n"):
        found("exists(long)")
