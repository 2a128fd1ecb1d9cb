"""The options of an analyser: their defaults, what they may be, and how they read as JSON and as a name.

A name is a preset (``english``), a language or its ISO code (``german``, ``de``), or a preset with arguments
(``auto(de, en)``, ``ngram(2, 3)``, ``wordpiece(vocab.txt)``).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from gossamer import _native
from gossamer.errors import UsageError
from gossamer.text import languages

FORMAT = 1
STEMMERS = ("porter", *languages.LIGHT.values(), *(name for name, one in languages.LANGUAGES.items() if one.stemmed))
TOKENS = ("words", "cjk", "auto", "code", "ngram", "edge", "wordpiece")
ACCENTS = ("keep", "fold", "both")
LETTERS = tuple(name for name, language in languages.LANGUAGES.items() if language.letters)
_GRAM_LIMIT = 255

BASIC: dict[str, Any] = {"normalize": True, "casefold": True, "possessive": False, "stop_words": (), "stemmer": ""}
# Left out of an analyser's JSON where they have these values.
FURTHER: dict[str, Any] = {
    "letters": "", "elisions": [], "accents": "keep", "tokens": "words", "grams": [0, 0], "compounds": {},
    "vocabulary": [], "languages": [], "detect": "",
}  # fmt: skip
_CHOICES = {"stemmer": ("", *STEMMERS), "letters": ("", *LETTERS), "accents": ACCENTS, "tokens": TOKENS}


def preset(name: str) -> dict[str, Any]:
    """The options that a name stands for.

    Raises:
        UsageError: An unknown name, or arguments it does not take.

    Example:
        >>> preset("edge(1, 8)")
        {'tokens': 'edge', 'grams': [1, 8]}
    """
    base, _, rest = name.partition("(")
    arguments = [part.strip() for part in rest.removesuffix(")").split(",") if part.strip()]
    if base in _WITH_ARGUMENTS and (not rest or rest.endswith(")")):
        return _WITH_ARGUMENTS[base](name, arguments)
    if name in _PRESETS:
        return _PRESETS[name]
    if name in languages.NAMES:
        return languages.options(languages.NAMES[name])
    known = (*_PRESETS, *languages.LANGUAGES, *_WITH_ARGUMENTS)
    raise UsageError(f"no analyzer {name!r}; known: {', '.join(dict.fromkeys(known))}{did_you_mean(name, known)}")


def check(options: Mapping[str, Any]) -> None:
    """Refuse options of a wrong type or value, and pairs of options that do not work together.

    Raises:
        UsageError: Naming the option and what it may be.
    """
    for key, value in options.items():
        if not _FITS[key](value):
            raise UsageError(f"analyzer: {key} is {value!r}, expected {_EXPECTED[key]}")
    for key, choices in _CHOICES.items():
        value = options.get(key, "")
        if key in options and value not in choices:
            known = ", ".join(filter(None, choices))
            raise UsageError(f"no {key} {value!r}; known: {known}{did_you_mean(value, choices)}")
    tokens = options.get("tokens", "words")
    first, last = options.get("grams", (0, 0))
    if tokens in ("ngram", "edge") and not 1 <= first <= last <= _GRAM_LIMIT:
        raise UsageError(f"analyzer: grams are {first} to {last}; give 1 to {_GRAM_LIMIT}, the shorter first")
    if tokens not in ("words", "cjk") and (options.get("accents", "keep") == "both" or options.get("compounds")):
        raise UsageError(f"analyzer: accents 'both' and compounds need tokens 'words' or 'cjk', not {tokens!r}")
    if (tokens == "auto") != bool(options.get("languages")):
        raise UsageError("analyzer: languages go with tokens 'auto', and tokens 'auto' with languages")
    for name in options.get("languages", ()):
        if name not in languages.LANGUAGES:
            raise UsageError(f"no language {name!r}{did_you_mean(name, languages.LANGUAGES)}")


def check_versions(values: Mapping[str, Any]) -> None:
    """Refuse a description that is newer than this gossamer.

    Raises:
        UsageError: A newer format or Unicode version.
    """
    ours = _native.unicode_version()
    stated, unicode = values.get("format", FORMAT), str(values.get("unicode", ours))
    if stated != FORMAT:
        raise UsageError(f"analyzer: format {stated!r}, but this gossamer reads format {FORMAT}; update gossamer")
    try:
        newer = _numbers(unicode) > _numbers(ours)
    except ValueError:
        raise UsageError(f"analyzer: unicode {unicode!r} is no version such as {ours!r}") from None
    if newer:
        raise UsageError(f"analyzer: made with Unicode {unicode}, this gossamer has {ours}; update gossamer")


def native(options: Mapping[str, Any]) -> _native.Analyzer:
    """The native analyser of complete options."""
    names = options["languages"]
    return _native.Analyzer(
        {
            **options,
            "stop_words": list(options["stop_words"]),
            "elisions": list(options["elisions"]),
            "grams": tuple(options["grams"]),
            "compounds": list(options["compounds"].items()),
            "languages": [_language(name) for name in names],
            "detect": languages.detector(options["detect"], names) if names else None,
        }
    )


def folding(options: Mapping[str, Any]) -> _native.Analyzer:
    """The same analyser without stop words, stemmer and splitting: what a stop word looks like when it is compared."""
    kept = ("normalize", "casefold", "possessive", "letters")
    return native({**BASIC, **FURTHER, **{key: options[key] for key in kept if key in options}})


def did_you_mean(word: object, known: Iterable[str]) -> str:
    """A hint for a mistyped name, or nothing."""
    from difflib import get_close_matches

    close = get_close_matches(str(word), list(known), n=1)
    return f". Did you mean {close[0]!r}?" if close else ""


def _language(name: str) -> dict[str, Any]:
    # Porter's second stemmer drops the possessive itself, so no language here needs more than its own filter.
    chosen = languages.options(name)
    return {
        **chosen,
        "stop_words": sorted(chosen["stop_words"]),
        "elisions": list(chosen["elisions"]),
        "script": languages.LANGUAGES[name].script,
    }


def _auto(name: str, arguments: list[str]) -> dict[str, Any]:
    unknown = [language for language in arguments if language not in languages.NAMES]
    if unknown:
        raise UsageError(f"{name}: no language {unknown[0]!r}{did_you_mean(unknown[0], languages.NAMES)}")
    chosen = sorted({languages.NAMES[language] for language in arguments} or languages.LANGUAGES)
    return {"tokens": "auto", "languages": chosen, "detect": languages.detectors()[0]}


def _grams(name: str, arguments: list[str]) -> dict[str, Any]:
    if len(arguments) != 2 or not all(argument.isdecimal() for argument in arguments):
        raise UsageError(f"analyzer {name!r}: give the shortest and the longest, such as ngram(3, 3) or edge(1, 8)")
    return {"tokens": name.partition("(")[0], "grams": [int(argument) for argument in arguments]}


def _word_piece(name: str, arguments: list[str]) -> dict[str, Any]:
    if len(arguments) != 1:
        raise UsageError(f"analyzer {name!r}: give a file, such as wordpiece(vocab.txt) or wordpiece(tokenizer.json)")
    path = Path(arguments[0])
    try:
        text = path.read_text("utf-8")
        pieces = json.loads(text)["model"]["vocab"] if path.suffix == ".json" else text.split("\n")
    except (OSError, UnicodeDecodeError, json.JSONDecodeError, KeyError, TypeError) as problem:
        raise UsageError(f"analyzer {name!r}: no vocabulary in {path}: {problem}") from problem
    return {"tokens": "wordpiece", "vocabulary": sorted(filter(None, pieces))}


_PRESETS: dict[str, dict[str, Any]] = {
    "english": {"possessive": True, "stop_words": languages.ENGLISH_STOP_WORDS, "stemmer": "porter"},
    "english2": {"possessive": True, "stop_words": languages.ENGLISH_STOP_WORDS, "stemmer": "english"},
    "standard": {},
    "cjk": {"tokens": "cjk"},
    "code": {"tokens": "code"},
}
_PRESETS["en"] = _PRESETS["english"]
_WITH_ARGUMENTS: dict[str, Callable[[str, list[str]], dict[str, Any]]] = {
    "auto": _auto, "ngram": _grams, "edge": _grams, "wordpiece": _word_piece,
}  # fmt: skip


def _is_words(value: object) -> bool:
    return not isinstance(value, str) and isinstance(value, Iterable) and all(isinstance(w, str) for w in value)


def _is_grams(value: object) -> bool:
    return isinstance(value, (list, tuple)) and len(value) == 2 and all(type(n) is int for n in value)


def _is_table(value: object) -> bool:
    try:
        pairs = list(value.items() if isinstance(value, Mapping) else value)  # type: ignore[call-overload]
        return all(isinstance(word, str) and type(frequency) is int and frequency > 0 for word, frequency in pairs)
    except (TypeError, ValueError):
        return False


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))


_SWITCHES = ("normalize", "casefold", "possessive")
_LISTS = ("stop_words", "elisions", "vocabulary", "languages")
_STRINGS = ("stemmer", "letters", "accents", "tokens", "detect", "name")
_FITS: dict[str, Callable[[object], bool]] = {
    **dict.fromkeys(_SWITCHES, lambda value: isinstance(value, bool)),
    **dict.fromkeys(_LISTS, _is_words),
    **dict.fromkeys(_STRINGS, lambda value: isinstance(value, str)),
    "grams": _is_grams,
    "compounds": _is_table,
}
_EXPECTED = {
    **dict.fromkeys(_SWITCHES, "true or false"),
    **dict.fromkeys(_LISTS, "a list of words"),
    **dict.fromkeys(_STRINGS, "a string"),
    "grams": "the shortest and the longest, such as [3, 3]",
    "compounds": "positive whole numbers by word, as gossamer.text.compounds.learn gives them",
}
