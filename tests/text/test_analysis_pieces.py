"""Analysers that cut words, against plain ones: bigrams, identifiers, n-grams, accents, compounds, WordPiece."""

from __future__ import annotations

import json
import unicodedata

import naive_pieces as naive
import pytest
from hypothesis import assume, given, strategies as st

from gossamer.errors import UsageError
from gossamer.text import Analyzer, analyzer, compounds
from gossamer.text.snippets import highlights

assigned = st.characters(exclude_categories=("Cs", "Cn", "Co"))
asian = st.sampled_from([*"東京の天気カー々ｶﾞabcA1.'_ 。、한국어", "か\u3099", "ไทย", "\u0301", "漢.字", "〆"])
code = st.sampled_from([*"abXYZ019_. ", "camel", "Case", "HTTP", "É", "e\u0301", "ß", "ς", "'", "__"])
german = st.sampled_from(["haus", "tür", "dampf", "schiff", "fahrt", "arbeit", "amt", "s", "es", "n", "en", "er", "a"])


@given(text=st.lists(st.one_of(asian, asian, assigned), max_size=30).map("".join))
def test_bigrams(text: str) -> None:
    tokens = analyzer("cjk")(text)
    assert [(t.term, t.start, t.end) for t in tokens] == naive.cjk(text)
    assert [t.position for t in tokens] == list(range(len(tokens)))


def test_a_long_run_has_every_bigram() -> None:
    run = "".join(chr(0x4E00 + i) for i in range(700))
    tokens = analyzer("cjk")(f"x {run} y")
    assert [t.term for t in tokens[1:-1]] == [run[i : i + 2] for i in range(699)]
    assert all(t.end - t.start == 2 and t.kind == "cjk" for t in tokens[1:-1])
    assert analyzer("cjk").terms("字 " + "漢") == ["字", "漢"]


@given(text=st.lists(st.one_of(code, code, assigned), max_size=12).map("".join))
def test_identifiers(text: str) -> None:
    for word in {text, *text.split()}:
        tokens = analyzer("code")(word)
        for position in {t.position for t in tokens}:
            whole, *parts = (t for t in tokens if t.position == position)
            exact = unicodedata.normalize("NFKC", word[whole.start : whole.end])
            if exact.casefold() != whole.term:  # an invisible character, or half of a character such as ½
                continue
            expected = naive.identifier_parts(exact)
            number = all(part[0].isnumeric() for part in expected)
            expected = [] if number or len(expected) == 1 else [part.casefold() for part in expected]
            assert [t.term for t in parts] == expected


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("camelCaseName", "camelcasename camel case name"),
        ("snake_case_2", "snake_case_2 snake case 2"),
        ("HTTPServer2", "httpserver2 http server 2"),
        ("utf8 3.5 os.path", "utf8 utf 8 3.5 os.path os path"),
        ("__init__ X", "init x"),
    ],
)
def test_identifiers_by_example(text: str, terms: str) -> None:
    assert analyzer("code").terms(text) == terms.split()


@given(word=st.text("abcdé漢", min_size=1, max_size=12), first=st.integers(1, 5), more=st.integers(0, 4))
def test_grams(word: str, first: int, more: int) -> None:
    for name, edge in (("ngram", False), ("edge", True)):
        tokens = analyzer(f"{name}({first}, {first + more})")(f"! {word}")
        assert sorted(t.term for t in tokens) == sorted(naive.grams(word, first, first + more, edge))
        assert all(word[t.start - 2 : t.end - 2] == t.term and t.position == 0 for t in tokens)
        assert [t.start for t in tokens] == sorted(t.start for t in tokens)


@given(text=st.lists(st.one_of(assigned, st.sampled_from("éàçñøæłΆΐйё가ー")), max_size=20).map("".join))
def test_accents(text: str) -> None:
    exact = analyzer("standard")(text)
    assert Analyzer(accents="fold").terms(text) == [naive.without_accents(t.term) for t in exact]
    both = [(t.term, t.position, t.start, t.end) for t in Analyzer(accents="both")(text)]
    expected = []
    for t in exact:
        forms = dict.fromkeys((t.term, naive.without_accents(t.term)))
        expected += [(form, t.position, t.start, t.end) for form in forms]
    assert both == expected


def test_accents_beside_a_stemmer() -> None:
    a = Analyzer(accents="both", stemmer="french", stop_words=["été"])
    assert a.terms("café été ete") == ["caf", "ete"]  # equal stems once; a stop word gives neither form


@given(
    word=st.lists(german, min_size=1, max_size=5).map("".join),
    table=st.dictionaries(german.filter(lambda w: len(w) > 2), st.integers(1, 99), min_size=1),
    whole=st.integers(0, 50),
)
def test_compounds_have_the_best_mean(word: str, table: dict[str, int], whole: int) -> None:
    table = {**table, **({word: whole} if whole else {})}
    found = compounds.split(word, table)
    every = naive.splits(word, table)
    if not every:
        assert found == [word]
        return
    best = max(naive.mean(parts, table) for parts in every)
    if found == [word]:
        assert all(len(parts) == 1 or naive.mean(parts, table) <= best + 1e-12 for parts in every)
        assert word not in table or naive.mean([word], table) >= best - 1e-12
    else:
        assert found in every
        assert naive.mean(found, table) == pytest.approx(best)


@given(words=st.dictionaries(st.lists(german, min_size=1, max_size=3).map("".join), st.integers(1, 40), min_size=1))
def test_what_is_learnt_splits_as_everything_does(words: dict[str, int]) -> None:
    usable = {w: n for w, n in words.items() if len(w) >= 3 and n >= 2}
    learnt = compounds.learn(words, shortest=3, at_least=2)
    assert learnt.items() <= usable.items()
    for word in words:
        if len(word) >= 6:
            assert compounds.split(word, learnt) == compounds.split(word, usable)


def test_parts_of_compounds_stand_at_their_place() -> None:
    text = "Die Donaudampfschiffsfahrten"
    table = {"donau": 4, "dampf": 9, "schiff": 9, "fahrten": 5}
    tokens = Analyzer(compounds=table, stemmer="german", stop_words=["die"])(text)
    assert [t.term for t in tokens] == ["donaudampfschiffsfahrt", "donau", "dampf", "schiff", "fahrt"]
    assert [text[t.start : t.end] for t in tokens[1:]] == ["Donau", "dampf", "schiff", "fahrten"]
    assert {t.position for t in tokens} == {1}
    assert highlights(Analyzer(compounds=table), text, ["schiff"]) == [(14, 20)]
    assert compounds.frequencies(["Dampf, dampf!"]) == {"dampf": 2}
    assert analyzer(json.loads(json.dumps(Analyzer(compounds=table).to_dict()))) == Analyzer(compounds=table)


pieces = st.sampled_from([*"abeh漢。,!- \t\u0301", "é", "ß", "İ", "한", "\u200d", "aa", "ab", "\u00a0", "#", "１"])

plain = st.sampled_from(["a", "b", "e", "é", " ", "\u200d", "\u0301"])


@given(text=st.lists(st.one_of(plain, plain, plain, pieces, assigned), max_size=12).map("".join))
def test_word_pieces(text: str) -> None:
    vocabulary = {"a", "##a", "ab", "##b", "b", "e", "##e", "!", "漢", "ß", "i", "ᄒ", "##ᅡ", "##ᆫ", "#", ",", "[UNK]"}
    # Combining marks of other classes would be reordered by NFD; the native code reads character by character.
    assume(unicodedata.normalize("NFD", text) == "".join(unicodedata.normalize("NFD", c) for c in text))
    a = Analyzer(tokens="wordpiece", vocabulary=vocabulary)
    assert a.terms(text) == naive.word_pieces(text, vocabulary)
    for token in a(text):
        assert 0 <= token.start < token.end <= len(text)


def test_word_pieces_lower_as_python_does() -> None:
    characters = [chr(c) for c in range(0x80, 0x30000) if unicodedata.category(chr(c))[0] == "L"]

    def bare(c: str) -> str:
        return "".join(d for d in unicodedata.normalize("NFD", c.lower()) if unicodedata.category(d) != "Mn")

    vocabulary = {piece for c in characters for d in bare(c) for piece in (d, "##" + d)}
    a = Analyzer(tokens="wordpiece", vocabulary=vocabulary)
    assert not [c for c in characters if "".join(a.terms(c)).replace("##", "") != bare(c)]


@pytest.mark.parametrize("unit", ["漢", "か\u3099", "aB", "a_", "é", "\u0301", "字a", "ไ", "haus"])
@pytest.mark.parametrize("name", ["cjk", "code", "ngram(1, 3)", "edge(2, 4)", "auto", "german"])
def test_much_of_anything_ends(unit: str, name: str) -> None:
    text = unit * 20_000
    for token in analyzer(name)(text):
        assert 0 <= token.start < token.end <= len(text)


@pytest.mark.parametrize("name", ["cjk", "code", "ngram(2, 3)", "edge(1, 4)", "auto"])
@given(text=st.lists(st.one_of(asian, code, assigned), max_size=20).map("".join))
def test_ranges_ascend_and_give_their_terms(name: str, text: str) -> None:
    a = analyzer(name)
    tokens = a(text)
    assert [t.start for t in tokens] == sorted(t.start for t in tokens)
    assert [t.position for t in tokens] == sorted(t.position for t in tokens)
    for t in tokens:
        assert 0 <= t.start < t.end <= len(text)
        if name in ("cjk", "code"):
            assert t.term in a.terms(text[t.start : t.end])


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("ngram", "give the shortest and the longest"),
        ("ngram(3)", "give the shortest and the longest"),
        ("edge(4, 2)", "grams are 4 to 2"),
        ("ngram(1, 300)", "grams are 1 to 300; give 1 to 255"),
        ("wordpiece(nowhere.txt)", "no vocabulary in nowhere.txt"),
        ({"tokens": "code", "accents": "both"}, "need tokens 'words' or 'cjk'"),
        ({"accents": "bth"}, "no accents 'bth'; known: keep, fold, both. Did you mean 'both'?"),
        ({"compounds": {"haus": 0}}, "compounds is .*expected positive whole numbers"),
        ({"grams": [1]}, "grams is .*expected the shortest and the longest"),
    ],
)
def test_wrong_pieces_are_refused(spec: str | dict, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        analyzer(spec)
