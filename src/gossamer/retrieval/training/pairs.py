"""Queries for passages that nobody has asked for yet: titles, sentences, crops, keywords and questions made of them."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from gossamer.errors import UsageError
from gossamer.retrieval.training.groups import Group
from gossamer.text import Analyzer, Document, analyzer
from gossamer.text.languages import LANGUAGES, stop_words

SHARES: Mapping[str, float] = {"title": 0.30, "cloze": 0.20, "crop": 0.15, "keywords": 0.25, "question": 0.10}
SYNONYMS = 0.05  # the share of keywords with a synonym among them, taken from the titles', where synonyms are suggested
REMOVED = 0.9  # how often a sentence that became the query is taken out of its passage
_SENTENCE = re.compile(r".{30,400}?[.!?](?=\s|$)", re.DOTALL)
_FRAMES = ("how to {}", "what is {}", "{} example", "why {}", "{} explained", "when to use {}")
_SHORTEST = 12  # words of a passage that says enough
_LIKELY = 5  # suggested words that one is drawn from
_TOGETHER = 256  # passages that words are suggested for at a time

Suggest = Callable[[Sequence[str]], Sequence[Sequence[str]]]


@dataclass(frozen=True)
class _Passage:
    title: str
    text: str
    source: str
    words: list[str]


def make_pairs(
    documents: Iterable[Document],
    *,
    kinds: Sequence[str] = tuple(SHARES),
    each: int = 1,
    suggest: Suggest | None = None,
    language: str | None = None,
    exclude: Iterable[str] = (),
    source: Callable[[Document], str] = lambda document: str(document.fields.get("source", "")),
    seed: int = 0,
) -> list[Group]:
    """Pairs of a query-like text and the passage that answers it.

    Args:
        documents: With titles where they have one.
        kinds: Of :data:`SHARES`, which says how often each is drawn.
        each: Queries for a document.
        suggest: Texts to words that each does not hold and a teacher finds likely, the likeliest first, such as
            :meth:`LikelyWords.words <gossamer.retrieval.encoders.expansion.LikelyWords.words>`. Some keyword queries
            then hold one of them in place of a word of the text (kind ``synonyms``).
        language: Only passages that are written in it, as their stop words tell; of those without any, all.
        exclude: Texts not to learn from: a pair that has eight words in a row in common with one is dropped.
        source: What a document belongs to; batches hold pairs of one source.
        seed: Of what is drawn.

    Raises:
        UsageError: An unknown kind, or an unknown language.

    Example:
        >>> text = "Lift grows with the square of speed. Drag grows with it as well, and so does the noise of the wing."
        >>> make_pairs([Document("1", text, title="Lift and drag")], kinds=["title"])[0].query
        'Lift and drag'
    """
    unknown = [kind for kind in kinds if kind not in SHARES]
    if unknown or not kinds:
        raise UsageError(f"unknown kind of query {', '.join(unknown)!r}; known: {', '.join(SHARES)}")
    if language is not None and language not in LANGUAGES:
        raise UsageError(f"unknown language {language!r}; known: {', '.join(LANGUAGES)}")
    english = analyzer("english")
    passages = [
        _Passage(one.title.strip(), one.text.strip(), source(one), english.terms(one.text))
        for one in documents
        if len(one.text.split()) >= _SHORTEST and (language is None or _is_written_in(language, one.text))
    ]
    frequency = Counter(word for passage in passages for word in set(passage.words))
    seen = _grams(exclude, english)
    of = {kind: SHARES[kind] for kind in kinds}
    made_by: dict[str, Maker] = dict(_MADE)
    if suggest is not None:
        of |= {"title": of.get("title", SYNONYMS) - SYNONYMS, "synonyms": SYNONYMS}
        made_by["synonyms"] = _synonyms(dict(_suggested(suggest, passages)))
    shares = np.array(list(of.values()))
    pairs = []
    for at, passage in enumerate(passages):
        rng = np.random.default_rng([seed, at])
        for kind in rng.choice(list(of), each, p=shares / shares.sum()).tolist():
            made = made_by[kind](passage, rng, frequency, len(passages))
            if made is not None and not (seen and _grams(made, english) & seen):
                pairs.append(Group(made[0], (made[1],), source=passage.source))
    return pairs


Made = tuple[str, str] | None
Maker = Callable[[_Passage, np.random.Generator, Counter[str], int], Made]


def _title(passage: _Passage, rng: np.random.Generator, frequency: Counter[str], n: int) -> Made:
    """The title, and the text without it."""
    if not passage.title:
        return _cloze(passage, rng, frequency, n)
    return passage.title, passage.text.removeprefix(passage.title).strip() or passage.text


def _cloze(passage: _Passage, rng: np.random.Generator, frequency: Counter[str], n: int) -> Made:
    """A sentence, most often taken out of the passage (Lee, Chang & Toutanova, "Latent Retrieval ...", 2019)."""
    sentences = list(_SENTENCE.finditer(passage.text))
    if len(sentences) < 2:
        return None
    one = sentences[int(rng.integers(len(sentences)))]
    rest = passage.text[: one.start()] + passage.text[one.end() :] if rng.random() < REMOVED else passage.text
    return one.group().strip(), rest.strip()


def _crop(passage: _Passage, rng: np.random.Generator, frequency: Counter[str], n: int) -> Made:
    """Four to twelve words in a row."""
    words = passage.text.split()
    length = int(rng.integers(4, 13))
    start = int(rng.integers(max(1, len(words) - length)))
    return " ".join(words[start : start + length]), passage.text


def _keywords(passage: _Passage, rng: np.random.Generator, frequency: Counter[str], n: int) -> Made:
    """Three to six words as the text writes them, drawn by tf x idf."""
    written: dict[str, str] = {}
    english = analyzer("english")
    for word in re.findall(r"\w[\w'-]*\w", passage.text):
        for term in english.terms(word):
            written.setdefault(term, word.lower())
    counts = Counter(term for term in passage.words if term in written)
    if len(counts) < 6:
        return None
    terms = list(counts)
    weights = np.array([counts[term] * math.log(1 + n / frequency[term]) for term in terms])
    drawn = rng.choice(len(terms), int(rng.integers(3, 7)), replace=False, p=weights / weights.sum())
    return " ".join(written[terms[at]] for at in drawn.tolist()), passage.text


def _question(passage: _Passage, rng: np.random.Generator, frequency: Counter[str], n: int) -> Made:
    """Keywords in a frame."""
    made = _keywords(passage, rng, frequency, n)
    if made is None:
        return None
    words = " ".join(made[0].split()[:4])
    return _FRAMES[int(rng.integers(len(_FRAMES)))].format(words), made[1]


def _synonyms(suggested: Mapping[str, Sequence[str]]) -> Maker:
    """Keywords, one of them given up for a likely word that the text does not hold."""

    def make(passage: _Passage, rng: np.random.Generator, frequency: Counter[str], n: int) -> Made:
        made = _keywords(passage, rng, frequency, n)
        likely = suggested.get(passage.text, ())[:_LIKELY]
        if made is None or not likely:
            return made
        words = made[0].split()
        words[int(rng.integers(len(words)))] = likely[int(rng.integers(len(likely)))]
        return " ".join(words), made[1]

    return make


def _suggested(suggest: Suggest, passages: Sequence[_Passage]) -> Iterator[tuple[str, Sequence[str]]]:
    for start in range(0, len(passages), _TOGETHER):
        texts = [passage.text for passage in passages[start : start + _TOGETHER]]
        yield from zip(texts, suggest(texts), strict=True)


_MADE: Mapping[str, Maker] = {
    "title": _title,
    "cloze": _cloze,
    "crop": _crop,
    "keywords": _keywords,
    "question": _question,
}


@cache
def _stop_words() -> Mapping[str, frozenset[str]]:
    return {name: stop_words(name) for name in LANGUAGES}


def _is_written_in(language: str, text: str) -> bool:
    """No other language's stop words are more frequent in it."""
    words = Counter(re.findall(r"\w+", text.lower()))
    found = {name: sum(words[word] for word in words.keys() & of) for name, of in _stop_words().items()}
    return found[language] == max(found.values())


def _grams(texts: Iterable[str], english: Analyzer, length: int = 8) -> set[tuple[str, ...]]:
    """Every run of eight terms; a shorter text as a whole."""
    found = set()
    for text in texts:
        terms = english.terms(text)
        if terms:
            found |= {tuple(terms[at : at + length]) for at in range(max(1, len(terms) - length + 1))}
    return found
