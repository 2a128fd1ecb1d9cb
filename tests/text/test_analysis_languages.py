"""The languages: their stemmers against other code, spellings, stop lists, and texts of any language."""

from __future__ import annotations

import importlib
import json
import re
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

import gossamer
from gossamer.errors import UsageError
from gossamer.text import Analyzer, analyzer, languages

LANGUAGES = languages.LANGUAGES
STEMMED = [name for name, language in LANGUAGES.items() if language.stemmed]
PRESETS = ["cjk", "code", "ngram(2, 3)", "edge(1, 4)", "auto", "auto(de, en)", *LANGUAGES]


@pytest.mark.parametrize("name", STEMMED)
def test_stemmers_are_snowballs(name: str) -> None:
    theirs = getattr(importlib.import_module(f"snowballstemmer.{name}_stemmer"), f"{name.capitalize()}Stemmer")()
    ours = Analyzer(stemmer=name)
    words = [word for word in languages.stop_words(name) if Analyzer().terms(word) == [word]]
    assert [ours.terms(word)[0] for word in words] == [theirs.stemWord(word) or word for word in words]


def naive_french_light(word: str) -> str:
    if len(word) >= 4:
        word = re.sub("aux$", "al", word) if word.endswith("aux") else re.sub("[sx]$", "", word)
    if len(word) < 6:
        return word
    return re.sub(r"([a-z])\1$", r"\1", re.sub("é$", "", re.sub("e$", "", re.sub("r$", "", word))))


@given(word=st.from_regex(r"[a-zéèçœ]{1,7}(aux|e|s|es|ées|ée|é|r|er|x|ll|ss)?", fullmatch=True))
def test_the_light_stemmer_of_french_takes_number_and_gender_alone(word: str) -> None:
    assert Analyzer(stemmer="french_light").terms(word) == [naive_french_light(word)]


@pytest.mark.parametrize("name", LANGUAGES)
def test_stop_lists(name: str) -> None:
    words = languages.stop_words(name)
    a = analyzer(name)
    assert 30 <= len(words) < 800
    assert a.terms(" ".join(words)) == []
    capitals = " ".join(words).replace("i", "İ") if name == "turkish" else " ".join(words)
    assert a.terms(capitals.upper()) == []
    assert all(unicodedata.is_normalized("NFC", word) and word == word.strip() for word in words)


@pytest.mark.parametrize(
    ("name", "same"),
    [
        ("german", "Häuser haeuser HAUS Haus"),
        ("german", "Straße STRASSE strasse"),
        ("french", "l'école écoles L’ÉCOLE"),
        ("french", "cœur coeur Cœurs"),
        ("french", "cheval chevaux Chevals"),
        ("italian", "dell'acqua acqua"),
        ("catalan", "l'home homes"),
        ("irish", "d'fhear fear"),
        ("greek", "Άνθρωποι ΑΝΘΡΩΠΟΣ άνθρωπος"),
        ("arabic", "الكِتاب كتاب"),
        ("arabic", "أحمد احمد"),
        ("persian", "كتابي کتابی"),
        ("romanian", "științei ştiinţei"),
        ("russian", "Ёлка елки"),
        ("turkish", "IŞIK ışık"),
        ("turkish", "İSTANBUL'DA istanbul"),
        ("hindi", "किताबें किताब"),
        ("hungarian", "házakban ház"),
        ("finnish", "taloissa talo"),
        ("tamil", "வீடுகள் வீடு"),
        ("nepali", "घरहरू घर"),
    ],
)
def test_one_word_in_many_forms(name: str, same: str) -> None:
    a = analyzer(name)
    assert len({tuple(a.terms(word)) for word in same.split()}) == 1
    assert a.terms(same)


def test_letters_that_stay() -> None:
    assert analyzer("german").terms("neue Quelle") == ["neu", "quell"]  # no umlaut is written there
    assert analyzer("french").terms("aujourd'hui") == ["aujourd'hui"]
    assert analyzer("french")("l'avion")[0].start == 0
    assert analyzer("turkish").replace(casefold=False).terms("IŞIK") == ["IŞIK"]


@pytest.mark.parametrize("name", PRESETS)
def test_json_keeps_every_preset(name: str) -> None:
    a = analyzer(name)
    again = analyzer(json.loads(json.dumps(a.to_dict())))
    assert again == a
    assert again.to_dict() == a.to_dict()
    text = "Die Häuser des Königs, the king's houses camelCase 東京 ไทย l'avion"
    assert again(text) == a(text)


def test_names_of_languages() -> None:
    for name, language in LANGUAGES.items():
        assert analyzer(language.code) == analyzer(name)
    assert len({language.code for language in LANGUAGES.values()}) == len(LANGUAGES) >= 25
    assert "letters" not in analyzer("english").to_dict()


WORDS = ["Häuser", "l'avion", "cœur", "IŞIK", "ёлка", "كتاب", "Άνθρωποι", "किताबें", "x1", "東京", "ไทย", "e\u0301"]
texts = st.lists(st.sampled_from(WORDS), max_size=12).map(" ".join)


@pytest.mark.parametrize("name", ["auto", "turkish", "french", "greek", "hindi", "persian"])
@given(text=texts)
def test_ranges_give_their_terms(name: str, text: str) -> None:
    a = analyzer(name)
    for t in a(text):
        assert 0 <= t.start < t.end <= len(text)
        if t.kind == "word":
            assert t.term in a.terms(text[t.start : t.end])


GERMAN = "Die alten Häuser der Stadt wurden im letzten Jahr von den Bürgern mit großer Mühe erneuert."
ENGLISH = "The old houses of the city have been renewed with great effort by its citizens over the last year."


@pytest.mark.parametrize("detect", languages.detectors())
def test_auto_takes_the_language_of_the_text(detect: str) -> None:
    a = Analyzer(tokens="auto", languages=["english", "french", "german"], detect=detect)
    assert a.terms(GERMAN) == analyzer("german").terms(GERMAN)
    assert a.terms(ENGLISH) == Analyzer(stemmer="english", stop_words=languages.stop_words("english")).terms(ENGLISH)


def test_auto_takes_the_language_of_a_script() -> None:
    a = analyzer("auto(en, ru, el, ar)")
    mixed = "Книги Άνθρωποι الكِتاب houses"
    expected = [analyzer(name).terms(word)[0] for name, word in zip(("ru", "el", "ar"), mixed.split(), strict=False)]
    assert a.terms(mixed) == [*expected, "hous"]
    assert analyzer("auto").terms("東京の ภาษา 3.5 ქართული") == ["東京", "京の", "ภา", "าษ", "ษา", "3.5", "ქართული"]


def test_a_query_gives_the_terms_of_every_language() -> None:
    a = analyzer("auto(de, en, fr)")
    tokens = a("Häuser")
    assert {t.term for t in tokens} >= {"haus", "häuser"}
    assert {(t.position, t.start, t.end) for t in tokens} == {(0, 0, 6)}
    assert a.terms("wie alt ist der Mond") == ["alt", "mond"]  # its stop words tell
    assert "les" not in a.terms("Afficher les identifiants")
    assert a.terms("les") == ["les"]  # nothing else to search for


SENTENCES = {
    "german": "Wie man Dateien und Verzeichnisse rekursiv kopiert und umbenennt",
    "english": "How files and folders are copied and renamed with one command",
    "french": "Comment copier et renommer des fichiers dans plusieurs répertoires",
    "spanish": "Cómo copiar y renombrar los archivos de varios directorios",
    "russian": "Как копировать и переименовать файлы в разных каталогах",
}


@pytest.mark.skipif("py3langid" not in languages.detectors(), reason="needs py3langid")
@pytest.mark.parametrize("name", SENTENCES)
@pytest.mark.parametrize("times", [1, 8], ids=["a query", "a document"])
def test_a_sentence_is_analysed_in_its_own_language_alone(name: str, times: int) -> None:
    text = " ".join([SENTENCES[name]] * times)
    assert analyzer("auto").terms(text) == Analyzer(**languages.options(name)).terms(text)


REAL = {
    "th": ("ภาษาไทยเป็นภาษาราชการของประเทศไทย", "ภาษาไทย"),
    "lo": ("ພາສາລາວເປັນພາສາທາງການຂອງປະເທດລາວ", "ພາສາລາວ"),
    "km": ("ភាសាខ្មែរជាភាសាផ្លូវការរបស់ប្រទេសកម្ពុជា", "កម្ពុជា"),
    "zh": ("北京是中华人民共和国的首都，历史悠久。", "首都"),
    "ja": ("吾輩は猫である。名前はまだ無い。", "名前"),
    "ko": ("대한민국의 수도는 서울이다.", "서울"),
}


def test_words_are_found_in_sentences_without_spaces(tmp_path: Path) -> None:
    with gossamer.Index.create(tmp_path / "ix", analyzer="auto") as made:
        made.add({"id": name, "text": text} for name, (text, _) in REAL.items())
    with gossamer.Index.open(tmp_path / "ix") as index:
        for name, (_, word) in REAL.items():
            hit = index.search(word, k=1)[0]
            assert hit.id == name
            (first, *_), (*_, last) = hit.highlights[0], hit.highlights[-1]
            assert hit.document.text[first:last].startswith(word)


def test_search_in_any_language(tmp_path: Path) -> None:
    documents = {
        "de": f"{GERMAN} Ein Bahnhof liegt am Rand.",
        "en": f"{ENGLISH} A station lies at the edge.",
        "ja": "東京の駅は古い建物です。",
        "th": "สถานีรถไฟเก่า",
    }
    with gossamer.Index.create(tmp_path / "ix", analyzer="auto") as made:
        made.add({"id": name, "text": text} for name, text in documents.items())
    with gossamer.Index.open(tmp_path / "ix") as index:
        for query, found in (("Haus", "de"), ("station", "en"), ("建物", "ja"), ("รถไฟ", "th")):
            hit = index.search(query)[0]
            assert hit.id == found
            assert all(hit.document.text[a:b] for a, b in hit.highlights)
        assert index.search("建物")[0].highlights == [(7, 9)]
        assert index.stats()["analyzer"]["tokens"] == "auto"


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("germn", "no analyzer 'germn'.*Did you mean 'german'?"),
        ("auto(xx)", r"auto\(xx\): no language 'xx'"),
        ({"tokens": "auto"}, "languages go with tokens 'auto'"),
        ({"tokens": "auto", "languages": ["klingon"], "detect": "stop words"}, "no language 'klingon'"),
        ({"tokens": "auto", "languages": ["german"], "detect": "dice"}, "languages are told by dice"),
        ({"letters": "germn"}, "no letters 'germn'.*Did you mean 'german'?"),
        ({"elisions": "l"}, "elisions is 'l', expected a list of words"),
    ],
)
def test_a_wrong_language_is_refused(spec: str | dict, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        analyzer(spec)
