"""A filter written from its tree parses to the same tree, whatever its names and values hold."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from gossamer import Index
from gossamer.errors import UsageError
from gossamer.retrieval.index.where import Comparison, Either, Every, Exists, Not, Value, parse
from gossamer.retrieval.index.writing import conjunction, conjuncts, having, written
from gossamer.text import Document

texts = st.text(max_size=8) | st.sampled_from(
    ["and", "in", "a b", '"', "\\", "\\\"'", "x) or (y", "`", "<b>", "2024-03"]
)
names = texts.filter(lambda name: name != "" and "`" not in name)
bare = st.text(min_size=1, max_size=8).filter(re.compile(r"""[^\s()<>=!,"'`]+""").fullmatch)
values = st.builds(Value, texts, st.just(True)) | st.builds(Value, bare)
conditions = st.builds(Comparison, names, st.sampled_from(["=", "!=", "<", "<=", ">", ">="]), values) | st.builds(
    Exists, names
)


def groups(part: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    several = st.lists(part, min_size=2, max_size=3).map(tuple)
    negated = part.filter(lambda one: not isinstance(one, Not)).map(Not)  # the parser drops double negations
    return several.map(Every) | several.map(Either) | negated


nodes = st.recursive(conditions, groups, max_leaves=6)


@given(nodes)
def test_what_is_written_parses_to_the_same(node: Any) -> None:
    assert parse(written(node)) == node


@given(nodes)
def test_conjuncts_make_the_filter_again(node: Any) -> None:
    assert parse(conjunction(conjuncts(node))) == node


def test_taking_out_and_adding() -> None:
    parts = conjuncts(parse("year >= 1990 and (kind = a or kind = b or x > 1) and not exists(y)"))
    assert [written(part) for part in parts] == ["year >= 1990", "kind = a or kind = b or x > 1", "not exists(y)"]
    assert conjunction([*parts[1:], having("z", "d e")]) == (
        '(kind = a or kind = b or x > 1) and not exists(y) and z = "d e"'
    )
    assert conjunction([]) == ""
    assert written(parse("kind = a or kind = b")) == "kind in (a, b)"


def test_double_negation_is_kept_apart() -> None:
    node = Not(Not(Exists("a")))
    assert written(node) == "not (not exists(a))"
    assert parse(written(node)) == node


@pytest.mark.parametrize("name", ["", "a`b"])
def test_names_that_cannot_be_written(name: str) -> None:
    with pytest.raises(UsageError, match="cannot name the field"):
        written(Exists(name))


scalars = texts | st.booleans() | st.floats(-1e18, 1e18) | st.integers(-(10**12), 10**12).map(float)


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(fields=st.dictionaries(names, scalars, min_size=1, max_size=8))
def test_having_finds_exactly_the_document_with_the_value(fields: dict[str, Any], memory_path: Path) -> None:
    with Index.create(memory_path / uuid4().hex, threads=1) as index:
        index.add(
            [Document("it", "wing", fields=fields), Document("other", "wing", fields=dict.fromkeys(fields, "0 x"))]
        )
    for name, value in fields.items():
        assert [identifier for identifier, _ in index.rank(["wing"], where=written(having(name, value)))[0]] == ["it"]
