"""Query by document: the terms are those that tf-idf, worked out word by word, puts first."""

from __future__ import annotations

import math
import random
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gossamer import Index
from gossamer.errors import UsageError
from gossamer.retrieval.index.likeness import MOST_TERMS
from gossamer.retrieval.vectors import SparseVectors
from gossamer.text import Document, analyzer
from gossamer.text.passages import split

WORDS = [f"{stem}{number}x" for stem in "abcdef" for number in range(12)]
english = analyzer("english")


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> tuple[Index, dict[str, str]]:
    """Documents of several passages in three segments, none deleted, so that statistics are those of the texts."""
    rng = random.Random(1)
    texts = {}
    with Index.create(tmp_path_factory.mktemp("likeness") / "ix", passages=12) as index:
        for number in range(90):
            topic = rng.choices(WORDS, k=4)
            sentences = [
                " ".join(rng.choices(topic, k=3) + rng.choices(WORDS, k=4)) + "." for _ in range(rng.randint(1, 5))
            ]
            texts[str(number)] = f"Only{number}. " + " ".join(sentences)
            index.add([{"id": str(number), "text": texts[str(number)], "half": number % 2}])
            if number % 30 == 29:
                index.commit()
    return index, texts


def by_definition(texts: dict[str, str], names: list[str]) -> dict[str, float]:
    rows = {name: [Counter(english.terms(p.text)) for p in split(text, 12)] for name, text in texts.items()}
    everywhere = [row for parts in rows.values() for row in parts]
    total: Counter[str] = Counter()
    for name in names:
        tf = sum(rows[name], Counter())
        weights = {}
        for term, count in tf.items():
            df = sum(term in row for row in everywhere)
            if df > sum(term in row for row in rows[name]):
                weights[term] = count * math.log((len(everywhere) + 1) / df)
        for term, weight in weights.items():
            total[term] += weight / max(weights.values())
    best = sorted(total.items(), key=lambda one: (-one[1], one[0]))[:MOST_TERMS]
    return {term: weight / best[0][1] for term, weight in best}


@pytest.mark.parametrize("names", [["0"], ["45"], ["7", "88"], ["3", "3", "30", "60"]])
def test_the_terms_are_those_of_the_definition(shelf: tuple[Index, dict[str, str]], names: list[str]) -> None:
    index, texts = shelf
    expected = by_definition(texts, list(dict.fromkeys(names)))
    plan = index.plan(like=names)
    assert dict(plan.liked) == pytest.approx(expected)
    assert [weight for _, weight in plan.liked] == sorted(expected.values(), reverse=True)
    everything = index.rank([expected], k=200)[0]
    wanted = [one for one in everything if one[0] not in names]
    assert [(hit.id, hit.score) for hit in index.search(like=names, k=200)] == [
        (identifier, pytest.approx(score, rel=1e-6)) for identifier, score in wanted
    ]
    assert index.count(like=names) == len(wanted)


def test_weights_are_added_to_those_of_a_query(shelf: tuple[Index, dict[str, str]]) -> None:
    index, texts = shelf
    liked = by_definition(texts, ["12"])
    word = next(iter(liked))
    expected = Counter(liked) + Counter({word: 2.0, "zeppelin": 1.0})
    terms = {one.term: one.weight for one in index.plan(f"{word} {word} zeppelin", like="12").terms}
    assert terms == pytest.approx(dict(expected))


def test_filters_and_operators_hold(shelf: tuple[Index, dict[str, str]]) -> None:
    index, texts = shelf
    found = {hit.id for hit in index.search(like="12", k=100)}
    halves = {hit.id for hit in index.search(like="12", k=100, where="half = 0")}
    assert halves == {name for name in found if int(name) % 2 == 0}
    word = texts["12"].split()[0]
    without = {hit.id for hit in index.search(f"-{word}", like="12", k=100)}
    assert without == {name for name in found if word not in texts[name].replace(".", "").split()}
    assert index.facets("", ["half"], like="12")["half"][0][1] == max(Counter(int(n) % 2 for n in found).values())


def test_an_unknown_document_is_named(shelf: tuple[Index, dict[str, str]]) -> None:
    with pytest.raises(UsageError, match="no document 'nobody' in this index"):
        shelf[0].search(like=["0", "nobody"])


def test_a_document_that_shares_no_word_is_like_nothing(tmp_path: Path) -> None:
    with Index.create(tmp_path / "ix") as index:
        index.add([{"id": "empty", "text": ""}, {"id": "alone", "text": "zeppelin"}, {"id": "wing", "text": "wing"}])
    for name in ("empty", "alone"):
        assert index.search(like=name) == []
        assert index.count(like=name) == 0


def test_a_replaced_document_counts_as_it_is_now(tmp_path: Path) -> None:
    with Index.create(tmp_path / "ix") as index:
        index.add([{"id": "a", "text": "sail"}, {"id": "b", "text": "sail"}, {"id": "c", "text": "kite"}])
        index.commit()
        index.add([{"id": "a", "text": "kite"}])
    assert [hit.id for hit in index.search(like="a")] == ["c"]


def test_vectors_stand_for_themselves(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    rows: list[dict[str, float]] = [
        {word: float(rng.uniform(0.1, 2)) for word in rng.choice(WORDS, 6, replace=False)} for _ in range(40)
    ]
    with Index.create(tmp_path / "ix", encoder=None) as index:
        documents = [Document(str(n), "", fields={"half": n % 2}) for n in range(40)]
        index.add_vectors([str(n) for n in range(40)], SparseVectors.from_dicts(rows), documents)
    others = {word for row in rows[1:] for word in row}
    shared = {word: float(np.float32(weight)) for word, weight in rows[0].items() if word in others}
    expected: dict[str, Any] = {word: weight / max(shared.values()) for word, weight in shared.items()}
    assert dict(index.plan(like="0").liked) == pytest.approx(expected)
    assert [hit.id for hit in index.search(like="0")] == [
        identifier for identifier, _ in index.rank([expected], k=11)[0] if identifier != "0"
    ][:10]
    assert index.search() == []
    assert [hit.id for hit in index.search(where="half = 1", k=3)] == ["1", "3", "5"]
