"""The languages that have an analyser: Snowball stemmers, stop lists, spelling and elision; and which one a text is in.

Stemmers: Porter, "Snowball: A language for stemming algorithms" (2001); Savoy, "A Stemming Procedure and Stopword List
for General French Corpora" (1999). Origins of the stop lists: ``stop_words.json``.
A language of a text is guessed by py3langid (extra ``languages``) or else by stop words.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources, util
from typing import Any

from gossamer.errors import UsageError

ENGLISH_STOP_WORDS = frozenset((
    "a", "an", "and", "are", "as", "at", "be", "but", "by", "for", "if", "in", "into", "is", "it", "no", "not", "of",
    "on", "or", "such", "that", "the", "their", "then", "there", "these", "they", "this", "to", "was", "will", "with",
))  # fmt: skip


@dataclass(frozen=True, slots=True)
class Language:
    """What an analyser needs to know of a language.

    Args:
        code: ISO 639-1, also a name of the analyser.
        script: The script its words are written in.
        letters: Spellings that are made one, such as ``ue`` and ``ü``; empty for none.
        elisions: Words that lose a vowel and are written with an apostrophe before the next word, as ``l'``.
        stemmed: Is there a Snowball stemmer?
    """

    code: str
    script: str = "latin"
    letters: str = ""
    elisions: tuple[str, ...] = ()
    stemmed: bool = True


_FRENCH = ("c", "d", "j", "jusqu", "l", "lorsqu", "m", "n", "puisqu", "qu", "quoiqu", "s", "t")
_ITALIAN = (
    "agl", "all", "c", "coll", "d", "dagl", "dall", "degl", "dell", "gl", "l", "m", "negl", "nell", "s", "sugl", "sull",
    "t", "un", "v",
)  # fmt: skip
LANGUAGES = {
    "arabic": Language("ar", "arabic", "arabic"),
    "basque": Language("eu"),
    "catalan": Language("ca", elisions=("d", "l", "m", "n", "s", "t")),
    "danish": Language("da"),
    "dutch": Language("nl"),
    "english": Language("en"),
    "finnish": Language("fi"),
    "french": Language("fr", letters="french", elisions=_FRENCH),
    "german": Language("de", letters="german"),
    "greek": Language("el", "greek", "greek"),
    "hindi": Language("hi", "devanagari", "hindi"),
    "hungarian": Language("hu"),
    "indonesian": Language("id"),
    "irish": Language("ga", elisions=("b", "d", "m")),
    "italian": Language("it", elisions=_ITALIAN),
    "lithuanian": Language("lt"),
    "nepali": Language("ne", "devanagari"),
    "norwegian": Language("no"),
    "persian": Language("fa", "arabic", "persian", stemmed=False),
    "portuguese": Language("pt"),
    "romanian": Language("ro", letters="romanian"),
    "russian": Language("ru", "cyrillic", "russian"),
    "spanish": Language("es"),
    "swedish": Language("sv"),
    "tamil": Language("ta", "tamil"),
    "turkish": Language("tr", letters="turkish"),
}
LIGHT = {"french": "french_light"}
"""Stemmers instead of Snowball's, which in these languages makes one word of too many to find the better pages."""

# Of py3langid: characters that are read first, and differences of log-likelihoods.
_SAMPLE = 400
_SURE = 60  # from the second language on, the first is right without reading on
_PLAUSIBLE = 6
NAMES = {language.code: name for name, language in LANGUAGES.items()} | {name: name for name in LANGUAGES}


def stop_words(name: str) -> frozenset[str]:
    """The stop list of a language.

    Example:
        >>> "aber" in stop_words("german")
        True
    """
    return ENGLISH_STOP_WORDS if name == "english" else frozenset(_stop_lists()[name].split())


def options(name: str) -> dict[str, Any]:
    """The options of a language's analyser, as :class:`~gossamer.text.analysis.Analyzer` takes them.

    Example:
        >>> options("french")["stemmer"]
        'french_light'
    """
    language = LANGUAGES[name]
    return {
        "stop_words": stop_words(name),
        "stemmer": LIGHT.get(name, name) if language.stemmed else "",
        "letters": language.letters,
        "elisions": language.elisions,
    }


def detectors() -> tuple[str, ...]:
    """How this install can tell the language of a text, best first."""
    return ("py3langid", "stop words") if util.find_spec("py3langid") else ("stop words",)


def detector(how: str, names: Sequence[str]) -> Callable[[str, bool], list[int]] | None:
    """The function that ranks ``names`` by how likely a text is written in them, or None to go by stop words.

    Args:
        how: One of ``detectors()``.
        names: Languages; the function returns places in this sequence, likeliest first, and of a short text (its
            second argument) only those that may well be its language.

    Raises:
        UsageError: The detector is not installed.
    """
    if how not in detectors():
        raise UsageError(f"analyzer: languages are told by {how}, missing here; pip install gossamer[languages]")
    if how == "stop words":
        return None
    codes = tuple(LANGUAGES[name].code for name in names)
    places = {code: place for place, code in enumerate(codes)}

    def rank(text: str, is_short: bool) -> list[int]:
        ranked = _identifier(codes).rank(text[:_SAMPLE])
        if not is_short and len(text) > _SAMPLE and ranked[0][1] - ranked[1][1] < _SURE:
            ranked = _identifier(codes).rank(text)
        return [places[code] for code, score in ranked if not is_short or score >= ranked[0][1] - _PLAUSIBLE]

    return rank


@cache
def _identifier(codes: tuple[str, ...]) -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE)
    identifier.set_languages(codes)
    return identifier


@cache
def _stop_lists() -> dict[str, str]:
    text = resources.files("gossamer.text").joinpath("stop_words.json").read_text("utf-8")
    lists: dict[str, str] = json.loads(text)["words"]
    return lists
