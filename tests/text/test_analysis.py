"""The native analyser against a plain one, its stemmers against their authors' code, its offsets against the text."""

from __future__ import annotations

import json
import pickle
import re
import sys
import sysconfig
import unicodedata
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, strategies as st
from naive_analysis import ignorable, kind, words

from gossamer import _native
from gossamer.errors import UsageError
from gossamer.text import Analyzer, Token, analyzer

# Assigned characters keep their normalisation and folding in every later version, so the interpreter's tables, older
# than ours, agree with ours on whatever is assigned in them.
assigned = st.characters(exclude_categories=("Cs", "Cn", "Co"))
tricky = st.sampled_from([
    *"aAzZ09iIsS'._,- \t\n\r", "’", "é", "e\u0301", "ß", "İ", "ı", "ﬁ", "Ａ", "½", "²", "Ⅷ", "ﷺ", "Å", "ᾼ", "\u0345",
    "ά", "ς", "Σ", "\u0301", "\u0323", "\u0307", "\u0338", "\u20e3", "\u00ad", "\u200d", "\u200b", "\ufe0f", "\u034f",
    "👩", "🏽", "🎉", "가", "ᄀ", "ᅡ", "ᆨ", "한", "ㅏ", "ｶ", "ﾞ", "漢", "字", "\U0002f800", "か", "\u3099", "ك", "\u064e",
    "ক", "\u09be", "\u09c7", "न", "\u093c", "ไทย", "…", "。", "\u2024", "\ufe33", "＇", "．", "'s", "’S", "x'y",
    "1,2.3", "U.S.A.", "a_b",
])  # fmt: skip
texts = st.lists(st.one_of(tricky, tricky, assigned, st.just(" ")), max_size=40).map("".join)


def analyse(text: str, **options: bool) -> list[tuple[str, int, int, int]]:
    return [found[:4] for found in Analyzer(**options).native.analyze(text)]


@pytest.mark.parametrize("normalize", [True, False])
@pytest.mark.parametrize("casefold", [True, False])
@pytest.mark.parametrize("possessive", [True, False])
@given(text=texts)
def test_agrees_with_the_plain_analyser(normalize: bool, casefold: bool, possessive: bool, text: str) -> None:
    options = {"normalize": normalize, "casefold": casefold, "possessive": possessive}
    assert analyse(text, **options) == words(text, **options)


def test_agrees_on_every_character() -> None:
    # Hangul syllables and Han ideographs go by rule: a sample of them is enough.
    bulk = (range(0x3400, 0xD7A4), range(0x17000, 0x18D00), range(0x20000, 0x2F800), range(0x30000, sys.maxunicode + 1))
    codes = [c for c in range(sys.maxunicode + 1) if not any(c in block for block in bulk)]
    codes += [c for block in bulk for c in block[::101]]
    characters = [chr(c) for c in codes if unicodedata.category(chr(c)) not in ("Cs", "Cn", "Co")]
    text = " ".join(f"q{c}q {c}" for c in characters)
    assert analyse(text) == words(text)


@pytest.mark.parametrize(
    "text",
    [
        "a\u0305\u0301",  # a mark of the same class stands between, so nothing composes
        "a\u0301\u0305 a\u0323\u0307 a\u0307\u0323",
        "\u1100\u1161\u11a8 \uac00\u11a8 \uac01\u11a8 \uac00\u11a7 \u1100\u11a8",
        "\u03b1\u0345\u0301 \u03b1\u0301\u0345 \u1fbc\u0301 \u0345\u0345",
        "\u09c7\u09be \u09c7\u0301\u09be",
        "fi\u0301 \ufb01\u0301 \uff76\uff9e",
        "a" + "\u0301\u0323" * 300,
    ],
)
def test_agrees_on_clusters(text: str) -> None:
    assert analyse(text) == words(text)
    assert analyse(text, casefold=False) == words(text, casefold=False)


@given(text=texts)
def test_a_range_of_the_text_gives_its_term(text: str) -> None:
    for preset in ("english", "standard"):
        a = analyzer(preset)
        for token in a(text):
            assert token.term in a.terms(text[token.start : token.end])


@given(text=texts)
def test_ranges_advance_and_stay_inside(text: str) -> None:
    tokens = analyzer("standard")(text)
    assert [t.position for t in tokens] == list(range(len(tokens)))
    end = 0
    for token in tokens:
        assert 0 <= token.start < token.end <= len(text)
        # Words overlap only where one original character holds a border of words, as ½ does for 1⁄2.
        assert token.start >= end or len(words(text[token.start : end])) > 1
        assert token.end >= end
        end = token.end


@given(text=texts)
def test_spelling_changes_no_term(text: str) -> None:
    visible = "".join(c for c in text if not ignorable(c))
    terms = analyzer("standard").terms(visible)
    for form in ("NFC", "NFD", "NFKC", "NFKD"):
        assert analyzer("standard").terms(unicodedata.normalize(form, visible)) == terms


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Wings' lift", ["wings", "lift"]),
        ("O'Neil’s", ["o'neil’s".replace("’", "'")]),
        ("in the u.s.a. now", ["in", "the", "u.s.a", "now"]),
        ("3.5 and 1,000.25, or 3.", ["3.5", "and", "1,000.25", "or", "3"]),
        ("snake_case_name a__b", ["snake_case_name", "a", "b"]),
        ("well-known x.1 1.x", ["well", "known", "x", "1", "1", "x"]),
        ("a..b a.'b 1..2 '' ._.", ["a", "b", "a", "b", "1", "2"]),
        ("ＦＵＬＬ ﬁne ½ m²", ["full", "fine", "1", "2", "m2"]),
        ("Straße ΣΊΣΥΦΟΣ İ", ["strasse", "σίσυφοσ", "i̇"]),
        ("co\u00adop\u200der\ufeffate zero\u200bwidth", ["cooperate", "zero", "width"]),
        ("👩🏽‍🚀 1️⃣ ❤️", ["1\u20e3"]),
        ("한국어", ["한국어"]),
        ("", []),
        ("\u0301\u0301 \u0301a", ["a"]),
    ],
)
def test_words_by_example(text: str, expected: list[str]) -> None:
    assert analyzer("standard").terms(text) == expected


@pytest.mark.parametrize(
    "prefix", ["naïve ", "nai\u0308ve ", "🎉🎉 ", "a\r\n\r\n", "e\u0301\u0323 ", "👩🏽‍🚀 ", "각 \u1100\u1161\u11a8 "]
)
def test_nothing_before_a_word_shifts_it(prefix: str) -> None:
    token = analyzer("standard")(prefix + "Wing\r\n")[-1]
    assert (token.term, token.start, token.end) == ("wing", len(prefix), len(prefix) + 4)


@pytest.mark.parametrize("letter", ["x", "é", "e\u0301", "漢", "\U00010400"])
def test_a_long_word_goes_on_in_the_next(letter: str) -> None:
    tokens = analyzer("standard")(letter * 600)
    composed = unicodedata.normalize("NFC", letter.casefold())
    assert [t.term for t in tokens] == [composed * 255, composed * 255, composed * 90]
    assert (tokens[0].start, tokens[-1].end) == (0, len(letter) * 600)
    assert all(a.end == b.start for a, b in pairwise(tokens))


def test_a_joiner_at_the_limit_separates() -> None:
    assert analyzer("standard").terms("x" * 253 + ".y") == ["x" * 253 + ".y"]
    assert analyzer("standard").terms("x" * 254 + ".y") == ["x" * 254, "y"]


@given(data=st.binary(max_size=60))
def test_any_bytes_are_a_text(data: bytes) -> None:
    text = data.decode("utf-8", "surrogateescape")
    replaced = re.sub("[\udc80-\udcff]", "?", text)
    assert analyzer("english")(text) == analyzer("english")(replaced)


@pytest.mark.parametrize("unit", ["\u0301", "e\u0301", "x", "x'", "ᄀ", "\u00ad", "'", "½\u0301", "\u0345"])
def test_a_megabyte_of_anything_ends(unit: str) -> None:
    tokens = analyzer("english")(unit * 300_000)
    assert all(len(t.term) <= 255 for t in tokens)


def test_the_stop_words() -> None:
    listed = "a an and are as at be but by for if in into is it no not of on or such that the their then there these "
    expected = f"{listed}they this to was will with".split()
    assert len(expected) == 33
    assert analyzer("english").to_dict()["stop_words"] == expected
    assert analyzer("english").terms(" ".join(expected).upper()) == []
    assert analyzer("standard").terms(" ".join(expected)) == expected
    assert [t.position for t in analyzer("english")("the wing of a bird")] == [1, 4]


def test_possessives() -> None:
    assert analyzer("english").terms("bird's BIRD’S dogs' 's s") == ["bird", "bird", "dog", "s", "s"]
    assert analyzer("english")("bird's")[0] == Token("bird", 0, 0, 6)
    assert analyzer("standard").terms("bird's") == ["bird's"]


def test_kinds() -> None:
    kinds = {t.term: t.kind for t in analyzer("standard")("3.5 1,000 x 3d ٣")}
    assert kinds == {"3.5": "number", "1,000": "number", "x": "word", "3d": "word", "٣": "number"}


@pytest.fixture(scope="module")
def vocabulary() -> list[str]:
    """Lower-case words of the standard library's sources."""
    found: set[str] = set()
    for path in Path(sysconfig.get_paths()["stdlib"]).glob("*.py"):
        found.update(re.findall(r"[a-z]+", path.read_text("utf-8", "replace").lower()))
    assert len(found) > 5_000
    return sorted(found)


def stems(stemmer: str, vocabulary: list[str]) -> list[str]:
    a = Analyzer(stemmer=stemmer)
    return [a.terms(word)[0] for word in vocabulary]


def test_porter_is_porters(vocabulary: list[str]) -> None:
    stemmer = pytest.importorskip("Stemmer").Stemmer("porter")
    theirs = [stem or word for word, stem in zip(vocabulary, stemmer.stemWords(vocabulary), strict=True)]
    assert stems("porter", vocabulary) == theirs


def test_english_is_snowballs(vocabulary: list[str]) -> None:
    from snowballstemmer.english_stemmer import EnglishStemmer

    assert stems("english", vocabulary) == EnglishStemmer().stemWords(vocabulary)


def test_stems_by_example() -> None:
    # From Porter's paper (1980), steps 1a to 5b.
    pairs = "caresses caress ponies poni feed feed agreed agre plastered plaster motoring motor hopping hop fall fall "
    pairs += "falling fall happy happi sky sky relational relat conditional condit vietnamization vietnam hopeful hope "
    pairs += "triplicate triplic revival reviv adjustable adjust effective effect probate probat cease ceas roll roll "
    pairs += "controlling control rolling roll"
    given_and_stem = pairs.split()
    assert stems("porter", given_and_stem[::2]) == given_and_stem[1::2]


def test_json_keeps_everything() -> None:
    for name in ("english", "english2", "standard"):
        a = analyzer(name)
        again = analyzer(json.loads(json.dumps(a.to_dict())))
        assert again == a
        assert again.to_dict() == a.to_dict()
        assert hash(again) == hash(a)
        assert pickle.loads(pickle.dumps(a)) == a
        assert analyzer(a) is a
    assert analyzer("english") != analyzer("english2") != analyzer("standard")
    assert analyzer("english").to_dict()["unicode"] == _native.unicode_version()
    assert analyzer({"casefold": False}).terms("Wing") == ["Wing"]


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("englich", "no analyzer 'englich'; known: english, .*Did you mean 'english'"),
        ({"stemer": "porter"}, "no option 'stemer'.*Did you mean 'stemmer'?"),
        ({"stemmer": "portr"}, "no stemmer 'portr'; known: porter, .*Did you mean 'porter'?"),
        ({"format": 2}, "format 2, but this gossamer reads format 1; update gossamer"),
        ({"unicode": "99.0.0"}, "made with Unicode 99.0.0"),
        ({"unicode": "new"}, "unicode 'new' is no version"),
        ({"casefold": "yes"}, "casefold is 'yes', expected true or false"),
        ({"stop_words": "the"}, "stop_words is 'the', expected a list of words"),
        ({"stop_words": ["of the"]}, "stop word 'of the' is not one word"),
        ({"stop_words": ["-"]}, "stop word '-' is not one word"),
    ],
)
def test_a_wrong_description_is_refused(spec: str | dict, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        analyzer(spec)


def test_an_older_unicode_version_is_read() -> None:
    assert analyzer({**analyzer("english").to_dict(), "unicode": "13.0.0"}) == analyzer("english")


def test_the_oracle_sees_classes() -> None:
    assert [kind(c) for c in "aé٣\u0301Ⅷ. "] == ["L", "L", "N", "M", "N", "", ""]
