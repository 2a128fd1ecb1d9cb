"""Synonyms: which rules a file holds, and what a query with them finds and weighs."""

from __future__ import annotations

from pathlib import Path

import pytest

from gossamer import Index
from gossamer.errors import UsageError
from gossamer.retrieval import Synonyms

RULES = """
# vehicles
car, automobile, motor car   # equal
uav, drone => unmanned aircraft
the, a => an
"""


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Index:
    with Index.create(tmp_path_factory.mktemp("synonyms") / "ix") as index:
        index.add([
            {"id": "car", "text": "red cars"},
            {"id": "motor", "text": "a motor with a car"},
            {"id": "auto", "text": "an old automobile"},
            {"id": "aircraft", "text": "unmanned aircraft"},
            {"id": "drone", "text": "drones"},
        ])  # fmt: skip
    return index


def found(index: Index, query: str, rules: str = RULES) -> dict[str, dict[str, float]]:
    synonyms = Synonyms.parse(rules)
    hits = index.search(query, synonyms=synonyms, explain=True)
    assert [(h.id, h.score) for h in hits] == index.rank([query], operators=True, synonyms=synonyms)[0]
    assert len(hits) == index.count(query, synonyms=synonyms)
    return {hit.id: {one.term: one.query_weight for one in hit.explanation} for hit in hits}


def test_equal_words_find_each_other_at_half_weight(index: Index) -> None:
    assert found(index, "automobiles")["car"] == {"car": 0.5}
    assert found(index, "automobiles")["auto"] == {"automobil": 1}
    assert found(index, "car")["auto"] == {"automobil": 0.5}
    assert found(index, "car", "") == {"car": {"car": 1}, "motor": {"car": 1}}


def test_several_words_share_the_weight_of_what_they_stand_for(index: Index) -> None:
    assert found(index, "uav") == {"aircraft": {"aircraft": 0.25, "unman": 0.25}}
    assert found(index, "red motor cars")["auto"] == {"automobil": 1.0}  # two words: the longest match, not "car" too
    assert found(index, "motor red car")["auto"] == {"automobil": 0.5}


def test_an_arrow_points_one_way(index: Index) -> None:
    assert set(found(index, "drone")) == {"drone", "aircraft"}
    assert set(found(index, "unmanned aircraft")) == {"aircraft"}


def test_a_word_of_the_query_keeps_its_weight(index: Index) -> None:
    assert found(index, "car automobile")["auto"] == {"automobil": 1}


@pytest.mark.parametrize("query", ['"automobile"', "+automobile", "auto*", "red -automobile"])
def test_operators_mean_what_they_say(index: Index, query: str) -> None:
    assert found(index, query) == found(index, query, "")


def test_a_word_with_a_synonym_is_no_typing_error(index: Index) -> None:
    synonyms = Synonyms.parse("dronse => automobile")
    assert [c.word for c in index.corrections("dronse")] == ["dronse"]
    assert index.corrections("dronse", synonyms=synonyms) == []
    assert [hit.id for hit in index.search("dronse", synonyms=synonyms)] == ["auto"]


def test_rules_with_words_that_are_dropped_do_nothing(index: Index) -> None:
    assert found(index, "the", "the => car") == {}
    assert found(index, "drone", "drone => the") == {"drone": {"drone": 1}}


@pytest.mark.parametrize(
    ("rules", "line", "reason"),
    [
        ("car", 1, "a word alone"),
        ("a, b\n\ncar,, automobile", 3, "without a word"),
        ("a => b => c", 1, 'more than one "=>"'),
        ("# x\n=> b", 2, "without a word"),
        ("a =>", 1, "without a word"),
        ("a, ...", 1, "without a word"),
    ],
)
def test_an_error_names_file_line_and_reason(tmp_path: Path, rules: str, line: int, reason: str) -> None:
    path = tmp_path / "words.txt"
    path.write_text(rules, encoding="utf-8")
    with pytest.raises(UsageError, match=rf"words\.txt, line {line}: .*{reason}"):
        Synonyms.read(path)


def test_a_file_that_is_no_text(tmp_path: Path) -> None:
    (tmp_path / "bad").write_bytes(b"car, auto\n\xff\xfe, b\n")
    with pytest.raises(UsageError, match="line 2: not UTF-8"):
        Synonyms.read(tmp_path / "bad")
    for path in (tmp_path, tmp_path / "none"):
        with pytest.raises(UsageError, match="cannot read synonyms"):
            Synonyms.read(path)
    (tmp_path / "bom").write_bytes("\ufeffcar, auto\r\n".encode())
    assert Synonyms.read(tmp_path / "bom").rules == (("car", ("auto",)), ("auto", ("car",)))
