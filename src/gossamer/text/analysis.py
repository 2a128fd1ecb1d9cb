"""Text to terms: NFKC, words, possessive, case folding, stop words, stemming, with offsets in the original text.

One native pipeline serves indexing, queries and highlights. Its JSON is stored with an index, so that queries are
analysed as the documents were. Stemmers: Porter, "An algorithm for suffix stripping" (1980), and Snowball English.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from gossamer import _native
from gossamer.errors import UsageError

STOP_WORDS = frozenset((
    "a", "an", "and", "are", "as", "at", "be", "but", "by", "for", "if", "in", "into", "is", "it", "no", "not", "of",
    "on", "or", "such", "that", "the", "their", "then", "there", "these", "they", "this", "to", "was", "will", "with",
))  # fmt: skip
STEMMERS = ("porter", "english")

_FORMAT = 1
_OPTIONS = ("normalize", "casefold", "possessive", "stop_words", "stemmer")


@dataclass(frozen=True, slots=True)
class Token:
    """One term of a text.

    Args:
        term: What is indexed.
        position: Number of the word in the text, from 0; stop words leave gaps.
        start, end: Code points of the original text; a possessive 's belongs to the range.
        kind: ``number`` for digits with . and , between them, else ``word``.
    """

    term: str
    position: int
    start: int
    end: int
    kind: Literal["word", "number"] = "word"


class Analyzer:
    """Turns text into terms; immutable, and safe to share between threads.

    A word is a maximal run of letters, marks and digits that starts with a letter or digit, joined by a single
    ``'`` ``.`` or ``_`` between letters and by ``.`` or ``,`` between digits: ``o'neil``, ``u.s.a``, ``3.5``.
    Everything else separates, hyphens too. A right single quotation mark counts as ``'``; invisible characters such as
    soft hyphens and joiners are ignored. A word ends after 255 code points; what follows is the next word.

    Args:
        name: How people call this configuration; two analysers are equal if their options are.
        normalize: Apply NFKC, so that every spelling of a character gives the same term.
        casefold: Fold case (full folding: ``ß`` to ``ss``).
        possessive: Drop a final ``'s``.
        stop_words: Words that give no term.
        stemmer: ``porter``, ``english`` (Snowball) or empty for none.

    Raises:
        UsageError: An unknown stemmer, or a stop word that is not one word.

    Example:
        >>> analyzer("english").terms("The wing's lift")
        ['wing', 'lift']
    """

    def __init__(
        self,
        name: str = "custom",
        *,
        normalize: bool = True,
        casefold: bool = True,
        possessive: bool = False,
        stop_words: Iterable[str] = (),
        stemmer: str = "",
    ) -> None:
        if stemmer and stemmer not in STEMMERS:
            raise UsageError(f"no stemmer {stemmer!r}; known: {', '.join(STEMMERS)}{_did_you_mean(stemmer, STEMMERS)}")
        folding: dict[str, Any] = {"normalize": normalize, "casefold": casefold, "possessive": possessive}
        self._name = name
        self._options: dict[str, Any] = {
            **folding,
            "stop_words": sorted(_one_word(word, _native.Analyzer(**folding)) for word in set(stop_words)),
            "stemmer": stemmer,
        }
        self._native = _native.Analyzer(**self._options)

    def __call__(self, text: str) -> list[Token]:
        """The tokens of ``text``, in order.

        Example:
            >>> analyzer("standard")("Wings!")
            [Token(term='wings', position=0, start=0, end=5, kind='word')]
        """
        return [
            Token(term, position, start, end, "number" if _is_number(term) else "word")
            for term, position, start, end in self._native.analyze(text)
        ]

    def terms(self, text: str) -> list[str]:
        """The terms of ``text``, in order, without their places: what BM25 counts."""
        return self._native.terms(text)

    @property
    def name(self) -> str:
        """The preset's name, or what the caller chose."""
        return self._name

    @property
    def native(self) -> _native.Analyzer:
        """The native analyser, for the index."""
        return self._native

    def to_dict(self) -> dict[str, Any]:
        """This analyser as JSON values; ``from_dict`` reads them.

        Example:
            >>> analyzer("standard").to_dict()["stemmer"]
            ''
        """
        return {"name": self._name, "format": _FORMAT, "unicode": _native.unicode_version(), **self._options}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Analyzer:
        """The analyser that ``to_dict`` described; absent options take their defaults.

        An older Unicode version is fine: normalisation and case folding never change for assigned characters.

        Raises:
            UsageError: An unknown key, a value of the wrong type, or a newer format or Unicode version than this one's.
        """
        known = ("name", "format", "unicode", *_OPTIONS)
        for key in values:
            if key not in known:
                raise UsageError(f"analyzer: no option {key!r}; known: {', '.join(known)}{_did_you_mean(key, known)}")
        _check_versions(values.get("format", _FORMAT), values.get("unicode", _native.unicode_version()))
        for key, value in values.items():
            _check_type(key, value)
        return cls(values.get("name", "custom"), **{key: values[key] for key in _OPTIONS if key in values})

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Analyzer) and self._options == other._options

    def __hash__(self) -> int:
        return hash(repr(self._options))

    def __reduce__(self) -> tuple[Any, ...]:
        return Analyzer.from_dict, (self.to_dict(),)

    def __repr__(self) -> str:
        options = ", ".join(f"{key}={value!r}" for key, value in self._options.items())
        return f"Analyzer({self._name!r}, {options})"


_PRESETS: dict[str, dict[str, Any]] = {
    "english": {"possessive": True, "stop_words": STOP_WORDS, "stemmer": "porter"},
    "english2": {"possessive": True, "stop_words": STOP_WORDS, "stemmer": "english"},
    "standard": {},
}


def analyzer(spec: str | Mapping[str, Any] | Analyzer) -> Analyzer:
    """The analyser that a name, its JSON or an analyser stands for.

    Args:
        spec: ``english`` (stop words, Porter's stemmer), ``english2`` (stop words, Snowball English), ``standard``
            (neither), the values of ``Analyzer.to_dict``, or an analyser, which is returned as it is.

    Raises:
        UsageError: An unknown name or option.

    Example:
        >>> analyzer("english2").terms("generously given")
        ['generous', 'given']
    """
    if isinstance(spec, Analyzer):
        return spec
    if isinstance(spec, Mapping):
        return Analyzer.from_dict(spec)
    if spec not in _PRESETS:
        raise UsageError(f"no analyzer {spec!r}; known: {', '.join(_PRESETS)}{_did_you_mean(spec, _PRESETS)}")
    return Analyzer(spec, **_PRESETS[spec])


def _one_word(word: str, folding: _native.Analyzer) -> str:
    terms = folding.terms(word)
    if len(terms) != 1:
        raise UsageError(f"stop word {word!r} is not one word; give each word of it on its own")
    return terms[0]


def _is_number(term: str) -> bool:
    return term.replace(".", "").replace(",", "").isdecimal()


def _check_versions(format_version: object, unicode_version: object) -> None:
    if format_version != _FORMAT:
        raise UsageError(
            f"analyzer: format {format_version!r}, but this gossamer reads format {_FORMAT}; update gossamer"
        )
    ours = _native.unicode_version()
    try:
        newer = _numbers(str(unicode_version)) > _numbers(ours)
    except ValueError:
        raise UsageError(f"analyzer: unicode {unicode_version!r} is no version such as {ours!r}") from None
    if newer:
        raise UsageError(f"analyzer: made with Unicode {unicode_version}, this gossamer has {ours}; update gossamer")


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))


def _check_type(key: str, value: object) -> None:
    if key == "stop_words":
        fits = not isinstance(value, str) and isinstance(value, Iterable) and all(isinstance(w, str) for w in value)
        expected = "a list of words"
    elif key in ("normalize", "casefold", "possessive"):
        fits, expected = isinstance(value, bool), "true or false"
    else:
        fits, expected = key == "format" or isinstance(value, str), "a string"
    if not fits:
        raise UsageError(f"analyzer: {key} is {value!r}, expected {expected}")


def _did_you_mean(word: object, known: Iterable[str]) -> str:
    from difflib import get_close_matches

    close = get_close_matches(str(word), list(known), n=1)
    return f". Did you mean {close[0]!r}?" if close else ""
