"""Text to terms: NFKC, words, possessive, case folding, stop words, stemming, with offsets in the original text.

One native pipeline serves indexing, queries and highlights. Its JSON is stored with an index, so that queries are
analysed as the documents were. Stemmers: Porter, "An algorithm for suffix stripping" (1980), and Snowball's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from gossamer import _native
from gossamer.errors import UsageError
from gossamer.text import analysis_options as known
from gossamer.text.languages import ENGLISH_STOP_WORDS as STOP_WORDS

__all__ = ["STOP_WORDS", "Analyzer", "Token", "analyzer"]


@dataclass(frozen=True, slots=True)
class Token:
    """One term of a text.

    Args:
        term: What is indexed.
        position: Number of the word in the text, from 0; stop words leave gaps, and pieces of a word share its number.
        start, end: Code points of the original text; a possessive 's belongs to the range.
        kind: ``number`` for digits with . and , between them, ``cjk`` for a character or bigram, ``ngram``, ``code``
            for an identifier and its parts, else ``word``.
    """

    term: str
    position: int
    start: int
    end: int
    kind: Literal["word", "number", "cjk", "ngram", "code"] = "word"


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
        stemmer: ``porter``, a language of Snowball, ``french_light`` (only number and gender) or empty for none.
        letters: A language whose spellings are made one before stop words and stemming: ``german`` for ``ue`` and
            ``ü``, ``arabic``, ``french``, ``greek``, ``hindi``, ``persian``, ``romanian``, ``russian``, ``turkish``.
        elisions: What is dropped with the apostrophe after it: ``l`` for ``l'avion``.
        accents: ``keep``, ``fold`` (``é`` is ``e``, ``ø`` is ``o``), or ``both`` at one position.
        tokens: ``words``; ``cjk`` (overlapping bigrams of Han, Kana and Hangul, words of the rest); ``auto``
            (``languages``, and bigrams of Thai, Lao, Khmer and Burmese too); ``code`` (an identifier and its parts);
            ``ngram`` and ``edge`` (pieces or beginnings of words); ``wordpiece`` (BERT's uncased tokens).
        grams: Code points of the shortest and the longest piece.
        compounds: What ``gossamer.text.compounds.learn`` found: parts of compounds are terms beside the whole word.
        vocabulary: The pieces of ``wordpiece``.
        languages: Of ``auto``, each word is analysed in the language of its script or, where several share it, of its
            text; a text of at most eight words (a query) in each that it may well be in, of at most two in all of them.
        detect: How ``auto`` tells the language of a text: ``py3langid`` or ``stop words``.

    Raises:
        UsageError: An unknown or unfit option, or a stop word that is not one word.

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
        letters: str = "",
        elisions: Iterable[str] = (),
        accents: str = "keep",
        tokens: str = "words",
        grams: Sequence[int] = (0, 0),
        compounds: Mapping[str, int] | Iterable[tuple[str, int]] = (),
        vocabulary: Iterable[str] = (),
        languages: Iterable[str] = (),
        detect: str = "",
    ) -> None:
        options: dict[str, Any] = {
            "normalize": normalize, "casefold": casefold, "possessive": possessive, "stop_words": list(stop_words),
            "stemmer": stemmer, "letters": letters, "elisions": sorted(elisions), "accents": accents, "tokens": tokens,
            "grams": list(grams), "compounds": compounds, "vocabulary": list(vocabulary),
            "languages": list(languages), "detect": detect,
        }  # fmt: skip
        known.check(options)
        options["compounds"] = dict(compounds)
        options["languages"], options["vocabulary"] = sorted(options["languages"]), sorted(set(options["vocabulary"]))
        folding = known.folding(options)
        options["stop_words"] = sorted({_one_word(word, folding) for word in options["stop_words"]})
        self._name = name
        self._options = options
        self._native = known.native(options)

    def __call__(self, text: str) -> list[Token]:
        """The tokens of ``text``, in order.

        Example:
            >>> analyzer("standard")("Wings!")
            [Token(term='wings', position=0, start=0, end=5, kind='word')]
        """
        return [
            Token(term, position, start, end, "number" if kind == "word" and _is_number(term) else kind)
            for term, position, start, end, kind in self._native.analyze(text)
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

    def replace(self, **options: Any) -> Analyzer:
        """This analyser with other options.

        Raises:
            UsageError: As the constructor does.

        Example:
            >>> analyzer("german").replace(stemmer="").terms("Häuser")
            ['hauser']
        """
        return Analyzer.from_dict({**self.to_dict(), **options})

    def to_dict(self) -> dict[str, Any]:
        """This analyser as JSON values; ``from_dict`` reads them.

        Example:
            >>> analyzer("standard").to_dict()["stemmer"]
            ''
        """
        said = {key: value for key, value in self._options.items() if value != known.FURTHER.get(key)}
        if "compounds" in said:
            said["compounds"] = [list(pair) for pair in said["compounds"].items()]
        return {"name": self._name, "format": known.FORMAT, "unicode": _native.unicode_version(), **said}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Analyzer:
        """The analyser that ``to_dict`` described; absent options take their defaults.

        An older Unicode version is fine: normalisation and case folding never change for assigned characters.

        Raises:
            UsageError: An unknown key, a value of the wrong type, or a newer format or Unicode version than this one's.
        """
        keys = ("name", "format", "unicode", *known.BASIC, *known.FURTHER)
        for key in values:
            if key not in keys:
                hint = known.did_you_mean(key, keys)
                raise UsageError(f"analyzer: no option {key!r}; known: {', '.join(keys)}{hint}")
        known.check_versions(values)
        options = {key: value for key, value in values.items() if key not in ("format", "unicode")}
        known.check(options)
        return cls(**options)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Analyzer) and self._options == other._options

    def __hash__(self) -> int:
        return hash(repr(self._options))

    def __reduce__(self) -> tuple[Any, ...]:
        return Analyzer.from_dict, (self.to_dict(),)

    def __repr__(self) -> str:
        said = {key: value for key, value in self.to_dict().items() if key in self._options}
        return f"Analyzer({self._name!r}, {', '.join(f'{key}={value!r}' for key, value in said.items())})"


def analyzer(spec: str | Mapping[str, Any] | Analyzer) -> Analyzer:
    """The analyser that a name, its JSON or an analyser stands for.

    Args:
        spec: ``english`` (stop words, Porter's stemmer), ``english2`` (stop words, Snowball English), ``standard``
            (neither), a language such as ``german`` or ``de``, ``cjk``, ``auto`` or ``auto(de, en)``, ``code``,
            ``ngram(3, 3)``, ``edge(1, 8)``, ``wordpiece(vocab.txt)``; the values of ``Analyzer.to_dict``; or an
            analyser, which is returned as it is.

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
    return Analyzer(spec, **known.preset(spec))


def _one_word(word: str, folding: _native.Analyzer) -> str:
    terms = folding.terms(word)
    if len(terms) != 1:
        raise UsageError(f"stop word {word!r} is not one word; give each word of it on its own")
    return terms[0]


def _is_number(term: str) -> bool:
    return term.replace(".", "").replace(",", "").isdecimal()
