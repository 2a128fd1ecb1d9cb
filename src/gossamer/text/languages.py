"""The languages that have an analyser: Snowball stemmers, stop lists, spelling and elision; and which one a text is in.

Stemmers: Porter, "Snowball: A language for stemming algorithms" (2001). Origins of the stop lists: ``stop_words.json``.
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
        'french'
    """
    language = LANGUAGES[name]
    return {
        "stop_words": stop_words(name),
        "stemmer": name if language.stemmed else "",
        "letters": language.letters,
        "elisions": language.elisions,
    }


def detectors() -> tuple[str, ...]:
    """How this install can tell the language of a text, best first."""
    return ("py3langid", "stop words") if util.find_spec("py3langid") else ("stop words",)


def detector(how: str, names: Sequence[str]) -> Callable[[str], list[int]] | None:
    """The function that ranks ``names`` by how likely a text is written in them, or None to go by stop words.

    Args:
        how: One of ``detectors()``.
        names: Languages; the function returns places in this sequence, likeliest first.

    Raises:
        UsageError: The detector is not installed.
    """
    if how not in detectors():
        raise UsageError(f"analyzer: languages are told by {how}, missing here; pip install gossamer[languages]")
    if how == "stop words":
        return None
    codes = tuple(LANGUAGES[name].code for name in names)

    def rank(text: str) -> list[int]:
        return [codes.index(code) for code, _ in _identifier(codes).rank(text)]

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
