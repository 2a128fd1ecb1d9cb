"""Typing errors: similar words equal a plain alignment table, and corrections never stand before what was typed."""

from __future__ import annotations

import random
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from gossamer import Index, _native
from gossamer.errors import IndexDamaged, UsageError
from gossamer.retrieval.index.container import Container
from gossamer.text import read

LETTERS = "abé\u0307ж"  # one to two bytes; a mark that composes with none of the others


def optimal_string_alignment(a: str, b: str) -> int:
    table = [[i + j if not i * j else 0 for j in range(len(b) + 1)] for i in range(len(a) + 1)]
    for i in range(1, len(a) + 1):
        for j in range(1, len(b) + 1):
            table[i][j] = min(table[i - 1][j] + 1, table[i][j - 1] + 1, table[i - 1][j - 1] + (a[i - 1] != b[j - 1]))
            if i > 1 and j > 1 and a[i - 1] == b[j - 2] and a[i - 2] == b[j - 1]:
                table[i][j] = min(table[i][j], table[i - 2][j - 2] + 1)
    return table[-1][-1]


def test_the_oracle_knows_the_published_distances() -> None:
    pairs = [("ca", "abc", 3), ("lfit", "lift", 1), ("kitten", "sitting", 3), ("", "ab", 2)]
    assert [optimal_string_alignment(a, b) for a, b, _ in pairs] == [d for *_, d in pairs]


def random_word(rng: random.Random, letters: str = LETTERS) -> str:
    word = unicodedata.normalize("NFC", rng.choice("abж") + "".join(rng.choices(letters, k=rng.randint(2, 8))))
    return word if len(word) >= 4 else random_word(rng, letters)


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Index:
    """Random words and words that are no words, in four segments; some documents are deleted."""
    rng = random.Random(1)
    words = [random_word(rng) for _ in range(900)] + ["a1bc", "ab.ab", "ab", "本本本本", "a" * 41]
    with Index.create(tmp_path_factory.mktemp("typos") / "ix", analyzer="standard") as index:
        for _ in range(4):
            index.add(" ".join(rng.choices(words, k=20)) for _ in range(40))
            index.commit()
        index.delete(str(n) for n in range(0, 160, 3))
    return index


def expected(index: Index, counted: Counter[str], word: str, edits: int) -> list[tuple[str, int, int]]:
    live = {word for document in index.documents() for word in document.text.split()}
    near = [(w, optimal_string_alignment(word, w), n) for w, n in counted.items() if w in live]
    return sorted((one for one in near if one[1] <= edits), key=lambda one: (one[1], -one[2], one[0].encode()))


def is_word(word: str) -> bool:
    return 4 <= len(word) <= 40 and all(unicodedata.category(c)[0] in "LM" for c in word) and "本" not in word


@settings(max_examples=60)
@given(seed=st.integers(0, 10**6), edits=st.integers(0, 2))
def test_similar_words_equal_the_alignment_table(shelf: Index, seed: int, edits: int) -> None:
    word = random_word(random.Random(seed))
    counted: Counter[str] = Counter()
    for segment in shelf._snapshot.segments:
        for number in range(segment.native.documents):
            counted.update(filter(is_word, segment.document(number).text.split()))
    assert _native.similar_words(shelf._snapshot.native, word, edits, 10**6) == expected(shelf, counted, word, edits)


def test_a_merge_forgets_the_words_of_deleted_documents(shelf: Index) -> None:
    with Index.open(shelf.path) as copy:
        copy.merge()
    counted = Counter(word for d in copy.documents() for word in d.text.split() if is_word(word))
    for seed in range(30):
        word = random_word(random.Random(seed))
        found = _native.similar_words(copy._snapshot.native, word, 2, 10**6)
        assert found == expected(copy, counted, word, 2)


def test_a_stem_of_several_words_keeps_them_apart(tmp_path: Path) -> None:
    with Index.create(tmp_path / "ix") as index:
        index.add(["lifts lifted lifting lifting", "their wings", "lift"])
    native = index._snapshot.native
    assert _native.similar_words(native, "liftign", 1, 9) == [("lifting", 1, 2)]
    assert _native.similar_words(native, "theri", 1, 9) == [("their", 1, 1)]  # a stop word
    [correction] = index.corrections("liftign")
    assert index.search("liftign") == index.search("lifting")
    assert correction.replacements == (("lifting", 1),)


@pytest.fixture(scope="module")
def wings(tmp_path_factory: pytest.TempPathFactory) -> Index:
    with Index.create(tmp_path_factory.mktemp("wings") / "ix") as index:
        index.add([
            {"id": "lift", "text": "lift of a wing", "kind": "note"},
            {"id": "drag", "text": "drag of a wing: dragging boundaries"},
            {"id": "boundary", "text": "the boundary layer and the boundaries of tests", "kind": "report"},
            {"id": "left", "text": "left and right, left or right"},
        ])  # fmt: skip
    return index


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("lfit", {"lfit": ["lift"]}),
        ("LFIT of wnig", {"LFIT": ["lift"], "wnig": ["wing"]}),
        ("wigns", {}),  # one edit in five letters, but "wings" stands nowhere
        ("budnaries", {"budnaries": ["boundaries"]}),  # two edits in nine
        ("lefft", {"lefft": ["left"]}),
        ("lft", {}),  # three letters
        ("lift left", {}),  # both occur
        ("liftt-wingg", {"liftt": ["lift"], "wingg": ["wing"]}),
        ("lf1t lif_t liFt2 lfit9", {}),
        ("getLfit lfit@wing.org http://lfit", {}),
        ('"lfit wnig" +wnig -lfit lfi* kind:ntoe', {}),
        ("knid:lfit", {}),
    ],
)
def test_only_words_that_occur_nowhere_are_corrected(wings: Index, query: str, words: dict[str, list[str]]) -> None:
    found = wings.corrections(query)
    assert {one.word: [word for word, _ in one.replacements] for one in found} == words
    assert all(query[one.start : one.end] == one.word for one in found)
    assert wings.corrections(query, typos=0) == []
    put_right = query
    for one in found:
        put_right = put_right.replace(one.word, one.replacements[0][0])
    assert wings.did_you_mean(query, typos=0) == (put_right if found else None)
    assert wings.did_you_mean(query) is None


def test_a_corrected_query_finds_marks_and_explains_what_was_meant(wings: Index) -> None:
    meant, typed = (wings.search(query, explain=True) for query in ("lift wing", "lfit wnig"))
    assert [hit.to_dict() for hit in typed] == [hit.to_dict() for hit in meant]
    assert wings.rank(["lfit wnig"], operators=True) == wings.rank(["lift wing"])
    assert wings.rank(["lfit"]) == [[]]  # words are words there
    assert wings.search("lfit", typos=0) == []
    assert wings.count("lfit") == 1
    assert wings.facets("lfit", ["kind"]) == {"kind": [("note", 1)]}


def test_several_candidates_weigh_less_and_less(tmp_path: Path) -> None:
    with Index.create(tmp_path / "ix") as index:
        index.add(["sail sail sail", "mail mail", "tail", "rail fail"])
    [correction] = index.corrections("xail")
    assert [word for word, _ in correction.replacements] == ["sail", "mail", "fail"]
    weights = {c.term: c.query_weight for hit in index.search("xail", explain=True) for c in hit.explanation}
    assert weights == {"sail": 1, "mail": 1 / 2, "fail": 1 / 3}


WORDS = ["sail", "sails", "mail", "snail", "tail", "sand", "hand", "a1b2", "harbour", "harbor", "the"]


@settings(max_examples=150)
@given(
    words=st.lists(st.sampled_from(WORDS), min_size=1, max_size=3, unique=True),
    typos=st.sampled_from([1, 2]),
    k=st.integers(1, 60),
)
def test_forced_corrections_never_stand_before_what_was_typed(
    varied: Index, words: list[str], typos: int, k: int
) -> None:
    query = " ".join(words)
    typed = {term for word in words for term in varied._encoder.analyzer.terms(word)}  # type: ignore[union-attr]
    plain = [name for name, _ in varied.rank([query], 1000)[0]]
    hits = varied.search(query, k, typos=typos, explain=True)
    if not varied.corrections(query, typos=typos):
        assert hits == varied.search(query, k, typos=0, explain=True)
        return
    holding = {d.id for d in varied.documents() if typed <= set(varied._encoder.analyzer.terms(d.text))}  # type: ignore[union-attr]
    whole = [hit for hit in hits if hit.id in holding]
    assert hits[: len(whole)] == whole
    assert len(whole) == min(k, len(holding))
    assert set(plain) <= {hit.id for hit in varied.search(query, 1000, typos=typos)}
    for part in (whole, hits[len(whole) :]):
        assert [hit.score for hit in part] == sorted((hit.score for hit in part), reverse=True)
    assert [(hit.id, hit.score) for hit in hits] == varied.rank([query], k, operators=True, typos=typos)[0]
    near = {t for w in words for o in WORDS if is_word(o) and is_word(w) and optimal_string_alignment(w, o) <= typos
            for t in varied._encoder.analyzer.terms(o)}  # type: ignore[union-attr]  # fmt: skip
    for hit in hits:
        for part in hit.explanation:
            assert part.term in near | typed
            assert len(words) > 1 or part.query_weight in (1 / 2, 1 / 3) or part.term in typed


@pytest.fixture(scope="module")
def varied(tmp_path_factory: pytest.TempPathFactory) -> Index:
    rng = random.Random(5)
    with Index.create(tmp_path_factory.mktemp("varied") / "ix") as index:
        for _ in range(2):
            index.add(" ".join(rng.choices(WORDS, k=rng.randint(1, 5))) for _ in range(40))
            index.commit()
    return index


def test_a_rare_word_beside_a_frequent_one_is_asked_about(tmp_path: Path) -> None:
    with Index.create(tmp_path / "ix") as index:
        index.add(["boundary layer " * 100, "boundray layers"])
    assert index.did_you_mean("the boundray") == "the boundary"
    assert index.did_you_mean("the boundary") is None
    assert index.did_you_mean("layers") is None  # the same term
    assert index.did_you_mean('"boundray"') is None
    assert index.corrections("boundray") == []
    assert index.did_you_mean("boundray", typos=1) is None  # searched


@pytest.mark.parametrize("typos", [3, -1, True, "1"])
def test_other_numbers_of_edits_are_refused(wings: Index, typos: Any) -> None:
    with pytest.raises(UsageError, match=r"typos=.* must be None"):
        wings.search("lfit", typos=typos)
    with pytest.raises(UsageError, match="operators=False"):
        wings.search("lfit", operators=False, typos=1)


HOSTILE = [
    " ".join("".join(random.Random(n).choices("abcdefgh", k=9)) for n in range(30_000)),
    "x" * 100_000,
    "ab" * 20,
    " ".join(["boundarie"] * 5000),
    "\u0301" * 1000 + " a\u0301\u0302\u0303bcd",
    "\ud800\udfff lfit\x00",
]


@pytest.mark.parametrize("query", HOSTILE, ids=["words", "letters", "pattern", "repeated", "marks", "surrogates"])
@pytest.mark.parametrize("typos", [None, 2])
def test_hostile_queries_are_answered(wings: Index, query: str, typos: int | None) -> None:
    assert len(wings.corrections(query, typos=typos)) <= 32
    wings.search(query, typos=typos)
    wings.did_you_mean(query, typos=0)


def flipped(places: dict[str, tuple[int, int]]) -> Iterator[int]:
    for name in ("bm25.words.starts", "bm25.words.bytes"):
        offset, length = places[name]
        yield from range(offset, offset + length)


def test_damaged_words_give_an_error_or_other_words(tmp_path: Path) -> None:
    with Index.create(tmp_path / "ix") as index:
        index.add(
            f"lift wing drag sails boundary {word} {word}s" for word in ("airfoil", "airfield", "airframe", "stall")
        )
    [path] = (tmp_path / "ix").glob("segment-*")
    data = path.read_bytes()
    places = index._snapshot.segments[0].container.places()
    outcomes = Counter()
    for at in flipped(places):
        for bit in (0, 7):
            path.write_bytes(data[:at] + bytes([data[at] ^ 1 << bit]) + data[at + 1 :])
            try:
                Index.open(tmp_path / "ix").search("airfiol stal", typos=2)
                outcomes["found"] += 1
            except IndexDamaged:
                outcomes["damaged"] += 1
    assert min(outcomes["found"], outcomes["damaged"]) > 10


def test_an_index_without_words_still_works(wings: Index, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    places = Container.places
    with Index.create(tmp_path / "ix") as index:
        for text in ("lift", "wing"):
            index.add([{"id": text, "text": text}])
            index.commit()
    with monkeypatch.context() as patch:
        patch.setattr(Container, "places", lambda self: {n: p for n, p in places(self).items() if ".words." not in n})
        older = Index.open(tmp_path / "ix")
        assert older.search("lfit") == []
        assert [hit.id for hit in older.search("lift")] == ["lift"]
        with older:
            older.merge()
    assert "bm25.words.bytes" not in older._snapshot.segments[0].container.places()
    assert Index.open(tmp_path / "ix").corrections("lfit") == []


@pytest.mark.parametrize("analyzer", ["ngram(3, 3)", "edge(1, 8)", "cjk", "auto", "german", "code"])
def test_every_analyser(tmp_path: Path, analyzer: str) -> None:
    with Index.create(tmp_path / "ix", analyzer=analyzer) as index:
        index.add(["Der Auftrieb trägt das Flugzeug durch die Luft.", "本書は翼の揚力を扱う。"])
    found = [hit.id for hit in index.search("Fluzgeug")]
    pieces = analyzer.startswith(("ngram", "edge"))
    assert [one.replacements for one in index.corrections("Fluzgeug")] == ([] if pieces else [(("flugzeug", 1),)])
    assert pieces or found == ["0"]


def test_titles_with_swapped_letters_are_found_as_well_as_right_ones(tmp_path: Path) -> None:
    """The benchmark of typing errors, on the docstrings of a few modules."""
    rng, titles = random.Random(0), {}
    for module in ("argparse", "asyncio", "calendar", "collections", "email", "logging", "pathlib", "sqlite3"):
        for one in read([f"python:{module}"]):
            first = next(iter(re.findall(r"(?m)^[A-Z][a-z]+(?: [a-z]+){4,}\b", one.text)), None)
            if first and first not in titles.values():
                titles[one.id] = first
    with Index.create(tmp_path / "ix") as index:
        index.add({"id": name, "text": title} for name, title in titles.items())
    mistyped = [re.sub(r"[^\W\d_]{5,}", lambda word: swapped(word[0], rng), title) for title in titles.values()]
    found = {
        typos: [ranked and ranked[0][0] for ranked in index.rank(mistyped, 1, operators=True, typos=typos)]
        for typos in (None, 0)
    }
    right = {typos: sum(a == b for a, b in zip(names, titles, strict=True)) for typos, names in found.items()}
    assert right[None] >= 0.97 * len(titles) > 150
    assert right[0] < 0.7 * len(titles)


def swapped(word: str, rng: random.Random) -> str:
    places = [i for i in range(len(word) - 1) if word[i].lower() != word[i + 1].lower()]
    at = rng.choice(places) if places else 0
    return word[:at] + word[at + 1] + word[at] + word[at + 2 :] if places else word
