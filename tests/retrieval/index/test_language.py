"""The operators of a query find what plain Python finds in the analysed documents."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from gossamer import Index
from gossamer.errors import UsageError
from gossamer.retrieval.index.language import Part, parse
from gossamer.text import analyzer

WORDS = ["wing", "wings", "lift", "lifted", "the", "of", "sail", "sailing", "air"]
english = analyzer("english")
Rows = list[dict[int, str]]  # of each passage the term at each position


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> tuple[Index, dict[str, Rows], dict[str, dict[str, Any]]]:
    """Documents of several passages in three segments, some deleted or replaced."""
    rng = random.Random(3)
    documents: dict[str, dict[str, Any]] = {}
    with Index.create(tmp_path_factory.mktemp("language") / "ix", passages=8) as index:
        for part in range(3):
            for n in range(60):
                sentences = [" ".join(rng.choices(WORDS, k=rng.randint(1, 8))) + "." for _ in range(rng.randint(1, 3))]
                name = str(part * 50 + n)  # ten of the part before are replaced
                documents.pop(name, None)
                documents[name] = {"id": name, "text": " ".join(sentences), "kind": rng.choice(["a", "b", "two words"])}
                index.add([documents[name]])
            index.commit()
        index.delete(str(n) for n in range(0, 160, 10))
    for n in range(0, 160, 10):
        del documents[str(n)]
    rows = {
        name: [{t.position: t.term for t in english(p)} for p in _passages(document["text"])]
        for name, document in documents.items()
    }
    return index, rows, documents


def _passages(text: str) -> list[str]:
    from gossamer.text.passages import split

    return [passage.text for passage in split(text, 8)]


def has_phrase(rows: Rows, phrase: list[tuple[str, int]], slop: int) -> bool:
    for row in rows:
        places = [[p - offset for p, term in row.items() if term == wanted] for wanted, offset in phrase]
        if any(max(choice) - min(choice) <= slop for choice in product(*places)):
            return True
    return False


def found(index: Index, query: str) -> set[str]:
    ranked = index.rank([query], k=1000, operators=True)[0]
    assert [(hit.id, hit.score) for hit in index.search(query, k=1000)] == ranked
    return {name for name, _ in ranked}


def holding(rows: dict[str, Rows], test: Callable[[Rows], bool]) -> set[str]:
    return {name for name, of in rows.items() if test(of)}


def has_terms(rows: Rows, terms: Iterable[str]) -> bool:
    return set(terms) <= {term for row in rows for term in row.values()}


@settings(max_examples=150)
@given(words=st.lists(st.sampled_from(WORDS), min_size=2, max_size=4), slop=st.sampled_from([0, 0, 1, 2, 5]))
def test_phrases(shelf: Any, words: list[str], slop: int) -> None:
    index, rows, _ = shelf
    text = " ".join(words)
    phrase = [(t.term, t.position) for t in english(text)]
    terms = [term for term, _ in phrase]
    if len(phrase) < 2 or (slop and len(set(terms)) < len(terms)):
        return
    query = f'"{text}"~{slop}' if slop else f'"{text}"'
    wanted = holding(rows, lambda of: has_phrase(of, phrase, slop))
    assert found(index, query) == wanted
    assert found(index, f"air -{query}") == holding(rows, lambda of: has_terms(of, ["air"])) - wanted


def test_a_position_serves_one_word_of_a_phrase(tmp_path: Path) -> None:
    with Index.create(tmp_path / "ix") as index:
        index.add([{"id": "one", "text": "a wing alone"}, {"id": "two", "text": "wing and wing"}])
    assert found(index, '"wing wing"~2') == {"two"}


@pytest.mark.parametrize("word", ["wing", "lifting", "sailing-lift"])
@pytest.mark.parametrize("other", ["air", "wing", "nothing"])
def test_must_and_must_not(shelf: Any, word: str, other: str) -> None:
    index, rows, _ = shelf
    must, others = english.terms(word), english.terms(other)
    having = holding(rows, lambda of: has_terms(of, must))
    assert found(index, f"+{word} {other}") == having
    assert found(index, f"{other} -{word}") == holding(rows, lambda of: has_terms(of, others)) - having
    assert found(index, f"-{word}") == set(rows) - having


@pytest.mark.parametrize("prefix", ["wi", "sail", "sailing", "l", "zz", "LIF"])
def test_prefixes(shelf: Any, prefix: str) -> None:
    index, rows, _ = shelf
    terms = {t for of in rows.values() for row in of for t in row.values()}
    wanted = {t for t in terms if t.startswith(prefix.lower())} | set(english.terms(prefix))
    if len(prefix) == 1:  # too short: a word
        wanted = set(english.terms(prefix))
    assert found(index, f"{prefix}*") == holding(rows, lambda of: any(t in wanted for row in of for t in row.values()))
    assert found(index, f"+{prefix}* -{prefix}*") == set()


def test_fields(shelf: Any) -> None:
    index, rows, documents = shelf
    having = {name for name, document in documents.items() if document["kind"] == "two words"}
    assert found(index, 'kind:"two words"') == having
    assert found(index, "-kind:a -kind:b") == having
    assert found(index, "+wing kind:a") == {
        n for n, of in rows.items() if has_terms(of, ["wing"]) and documents[n]["kind"] == "a"
    }
    assert found(index, "sort:air") == holding(rows, lambda of: has_terms(of, ["air"]))  # no such field: words


def test_scores_are_those_of_the_words(shelf: Any) -> None:
    index, _, _ = shelf
    plain = dict(index.rank(["wing air sail"], k=1000)[0])
    for query in ["wing +air sail", "wing air sail -lift", "wing air sail kind:a", '"wing air" sail']:
        assert all(plain[name] == score for name, score in index.rank([query], k=1000, operators=True)[0])


def test_words_only_where_operators_are_off(shelf: Any) -> None:
    index, _, _ = shelf
    assert index.rank(['-wing "air'], k=1000) == index.rank(["wing air"], k=1000)
    assert index.search("+zebra -wing", k=5, operators=False) == index.search("zebra wing", k=5)


@pytest.mark.parametrize("query", ["", " ", '"', '""', "+", "- +", "*", "a*", '"the of"', "+the", "~3", '"~3'])
def test_what_asks_for_nothing_finds_nothing(shelf: Any, query: str) -> None:
    assert found(shelf[0], query) == set()


def test_a_filter_without_words_lists_what_passes_with_and_without_operators(shelf: Any) -> None:
    index, _, documents = shelf
    wanted = {name for name, document in documents.items() if document["kind"] == "a"}
    for query in ("", {}):
        listed = index.rank([query, "wing"], k=1000, where="kind = a")[0]
        assert {name for name, _ in listed} == wanted
        assert [hit.id for hit in index.search(query, k=1000, where="kind = a", operators=False)] == [
            n for n, _ in listed
        ]


def test_operators_only_at_the_start_of_a_word() -> None:
    parsed = parse('state-of-the-art c++ 3-4 a*b "unclosed quote')
    assert not parsed.operators
    assert parsed.words == "state-of-the-art c++ 3-4 a*b unclosed quote"
    assert parse("+x").must == [Part("words", "x")]
    assert parse("http://a.b/c", {"http"}).filters == []


@given(st.text(alphabet=st.sampled_from('ab "+-*:~()2\\ü\n'), max_size=40))
def test_any_text_is_a_query(shelf: Any, query: str) -> None:
    shelf[0].search(query, k=3)


def test_long_phrases_and_queries(shelf: Any) -> None:
    with pytest.raises(UsageError, match="a phrase of 600 words; the limit is 500"):
        shelf[0].search('"' + "wing " * 600 + '"')
    with pytest.raises(UsageError, match="the limit is 1,048,576"):
        shelf[0].search("-x " * 500_000)
    assert found(shelf[0], '-"wing" ' * 2000 + "+air " * 2000) == found(shelf[0], "-wing +air")
    with pytest.raises(UsageError, match="the query has 260 operators; the limit is 100"):
        shelf[0].search(" ".join(f"-w{n} {n}x*" for n in range(130)))
    assert shelf[0].search('"a' * 100_000) is not None
