"""The plan says what the search does: its numbers are those that plain Python counts."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from gossamer import Index
from gossamer.retrieval.encoders import BM25Encoder

WORDS = ["wing", "wings", "winged", "lift", "sail", "sailing", "air", "keel"]
KINDS = ["report", "note", "two words"]


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> tuple[Index, dict[str, dict[str, Any]]]:
    rng = random.Random(5)
    documents = {
        str(n): {"text": " ".join(rng.choices(WORDS, k=6)), "kind": rng.choice(KINDS), "year": 1980 + n % 30}
        for n in range(200)
    }
    with Index.create(tmp_path_factory.mktemp("plan") / "ix", analyzer="standard") as index:
        for start in (0, 100):
            index.add({"id": n, **d} for n, d in list(documents.items())[start : start + 100])
            index.commit()
        index.delete(map(str, range(0, 200, 10)))
    for n in range(0, 200, 10):
        del documents[str(n)]
    index.merge()
    return index, documents


def test_words_operators_and_terms(shelf: tuple[Index, dict[str, dict[str, Any]]]) -> None:
    index, documents = shelf
    plan = index.plan('Wing lift wing wing* "sail air"~3 +keel -sailing kind:"two words" zeppelin')
    assert plan.words == [
        ("Wing", "wing"), ("lift", "lift"), ("wing", "wing"), ("sail", "sail"), ("air", "air"), ("keel", "keel"),
        ("zeppelin", "zeppelin"),
    ]  # fmt: skip
    assert plan.prefixes == {"wing": 3}
    assert (plan.required, plan.excluded) == (['"sail air"~3', "keel"], ["sailing"])
    assert [one.text for one in plan.conditions] == ['kind = "two words"']
    frequencies = {word: sum(word in d["text"].split() for d in documents.values()) for word in (*WORDS, "zeppelin")}
    assert {one.term: (one.weight, one.passages) for one in plan.terms} == {
        word: (2.0 if word == "wing" else 1.0, frequencies[word]) for word in frequencies if word != "sailing"
    }
    assert [one.term for one in plan.terms] == sorted(one.term for one in plan.terms)


def test_conditions_tell_what_each_lets_through(shelf: tuple[Index, dict[str, dict[str, Any]]]) -> None:
    index, documents = shelf
    plan = index.plan("wing -keel kind:report", where="year >= 1990 and (kind = note or kind = report)")
    tests = {
        "year >= 1990": lambda d: d["year"] >= 1990,
        "kind in (note, report)": lambda d: d["kind"] in ("note", "report"),
        "kind = report": lambda d: d["kind"] == "report",
    }
    assert {one.text: one.documents for one in plan.conditions} == {
        text: sum(test(d) for d in documents.values()) for text, test in tests.items()
    }
    wanted = [
        d for d in documents.values() if all(test(d) for test in tests.values()) and "keel" not in d["text"].split()
    ]
    assert (plan.passing, plan.documents) == (len(wanted), len(documents))
    assert index.count("wing -keel kind:report", where="year >= 1990 and (kind = note or kind = report)") == sum(
        "wing" in d["text"].split() for d in wanted
    )


@pytest.mark.parametrize(
    ("query", "more", "traversal", "order"),
    [
        ("wing sail", {}, "pruned", "score"),
        ("wing sail", {"where": "year > 1990"}, "pruned", "score"),
        ("wing", {"sort": "-year"}, "listing", "-year"),
        ("kind:report", {}, "listing", "insertion"),
        ("", {"where": "year > 1990"}, "listing", "insertion"),
        ("", {"where": "year > 1990", "sort": "year"}, "listing", "year"),
    ],
)
def test_how_it_is_run(
    shelf: tuple[Index, dict[str, dict[str, Any]]], query: str, more: dict[str, str], traversal: str, order: str
) -> None:
    index, documents = shelf
    plan = index.plan(query, **more)  # type: ignore[arg-type]
    assert (plan.traversal, plan.order, plan.segments) == (traversal, order, 1)
    held = sum(sum(word in d["text"].split() for d in documents.values()) for word in query.split())
    assert plan.postings == held if traversal == "pruned" or plan.terms else plan.postings == 0
    assert plan.scored <= len(documents)
    assert bool(plan.scored) == (traversal == "pruned")


def test_deleted_documents_pass_nothing(tmp_path: Path) -> None:
    with Index.create(tmp_path / "ix") as index:
        index.add({"id": str(n), "text": "a wing", "year": n} for n in range(5))
        index.commit()
        index.delete(["1", "4"])
    plan = index.plan("wing", where="year > 0")
    assert [one.documents for one in plan.conditions] == [2]
    assert (plan.passing, plan.documents, index.count("wing")) == (2, 3, 3)


def test_corrections_are_told(shelf: tuple[Index, dict[str, dict[str, Any]]]) -> None:
    index, _ = shelf
    plan = index.plan("zeel kee1")
    assert plan.corrections == {"zeel": ["keel"]}
    assert [term for _, term in plan.words] == ["keel", "kee1"]


def test_what_comes_first_is_searched_first(tmp_path: Path) -> None:
    with Index.create(tmp_path / "ix") as index:
        index.add(["a wing", "a wing", "a wing", "a ring", "a ring"])
    plan = index.plan("wing", typos=1)
    assert (plan.corrections, plan.scored) == ({"wing": ["ring"]}, 5)
    assert plan.postings == 10  # each of two traversals reads the lists of both terms
    assert index.plan("wing", 3, typos=1).scored == 3


def test_scores_without_a_bound_are_exhaustive(tmp_path: Path) -> None:
    with Index.create(tmp_path / "ix", BM25Encoder(variant="robertson")) as index:
        index.add(["a wing", "a sail"])
    plan = index.plan("wing")
    assert (plan.traversal, plan.postings, plan.scored) == ("exhaustive", 1, 1)


def test_what_is_not_text(tmp_path: Path) -> None:
    with Index.create(tmp_path / "ix") as index:
        index.add(["a wing", "a sail"])
    plan = index.plan({"wing": 2.0})
    assert (plan.words, [one.weight for one in plan.terms]) == ([], [2.0])
    assert index.plan("the of").terms == []
    assert index.plan("the of").passing == 2
    assert index.count("the of") == 0
