"""Synonyms from a file, on the side of the query only: the index does not change.

One rule a line: ``car, automobile, motor car`` are equal; ``uav, drone => unmanned aircraft`` works in this direction
only. ``#`` begins a comment. Entries of several words are fine.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

from gossamer.errors import UsageError

if TYPE_CHECKING:
    from gossamer import _native
    from gossamer.retrieval.index.words import Word

WEIGHT = 0.5
MOST_BYTES = 64 << 20

_Terms = tuple[tuple[str, ...], ...]  # for each word of an entry what the analyser makes of it


@dataclass(frozen=True, slots=True)
class Match:
    """Words of a query with the synonyms that stand for them.

    Args:
        first, last: Number of the first word, and one past that of the last.
        terms: Of all synonyms, with their weights.
    """

    first: int
    last: int
    terms: dict[str, float]


class Synonyms:
    """Rules that say which words also find which others.

    Args:
        rules: (entries, synonyms): each entry also finds each synonym.

    Example:
        >>> Synonyms.parse("car, automobile").rules
        (('car', ('automobile',)), ('automobile', ('car',)))
    """

    def __init__(self, rules: Iterable[tuple[str, Sequence[str]]]) -> None:
        self.rules = tuple((entry, tuple(others)) for entry, others in rules)
        self._compiled: tuple[_native.QueryParser, _Compiled] | None = None

    @classmethod
    def read(cls, path: str | PathLike[str]) -> Synonyms:
        """The rules in a file.

        Raises:
            UsageError: It cannot be read, or a line is no rule; path, line and reason are named.
        """
        try:
            with Path(path).open("rb") as file:
                content = file.read(MOST_BYTES + 1)
            if len(content) > MOST_BYTES:
                raise UsageError(f"{path}: more than {MOST_BYTES >> 20} MiB of synonyms")
            text = content.decode("utf-8-sig")
        except OSError as error:
            raise UsageError(f"{path}: cannot read synonyms: {error.strerror or error}") from None
        except UnicodeDecodeError as error:
            line = content[: error.start].count(b"\n") + 1
            raise UsageError(f"{path}, line {line}: not UTF-8; save the file as UTF-8") from None
        return cls.parse(text, str(path))

    @classmethod
    def parse(cls, text: str, name: str = "synonyms") -> Synonyms:
        """The rules of a text, which errors call ``name``.

        Raises:
            UsageError: A line is no rule; it is named with the reason.
        """
        rules: list[tuple[str, Sequence[str]]] = []
        for number, line in enumerate(text.splitlines(), start=1):
            try:
                rules += _rules(line.partition("#")[0].strip())
            except ValueError as error:
                raise UsageError(f"{name}, line {number}: {error}") from None
        return cls(rules)

    def matches(self, parser: _native.QueryParser, words: Sequence[Word]) -> list[Match]:
        """Where the words of a query have synonyms; the longest match first, from left to right.

        A synonym weighs ``WEIGHT`` times as much as the words it stands for, shared out among its own terms. Words
        that the analyser drops do not count.
        """
        if self._compiled is None or self._compiled[0] is not parser:
            self._compiled = parser, _Compiled(parser, self.rules)
        return self._compiled[1].matches(words)


class _Compiled:
    """Rules over the terms of one analyser."""

    def __init__(self, parser: _native.QueryParser, rules: Iterable[tuple[str, Sequence[str]]]) -> None:
        self._parser = parser
        self._found: dict[_Terms, dict[_Terms, None]] = {}  # synonyms of an entry, in the order of the rules
        for entry, others in rules:
            synonyms = [terms for other in others if (terms := self._terms(other))]
            if terms := self._terms(entry):
                self._found.setdefault(terms, {}).update(dict.fromkeys(synonyms))
        self._longest = max(map(len, self._found), default=0)

    def matches(self, words: Sequence[Word]) -> list[Match]:
        found = []
        kept = [(number, word.terms) for number, word in enumerate(words) if word.terms]
        at = 0
        while at < len(kept):
            for size in range(min(self._longest, len(kept) - at), 0, -1):
                synonyms = self._found.get(tuple(terms for _, terms in kept[at : at + size]))
                if synonyms:
                    last = at + size
                    found.append(Match(kept[at][0], kept[last - 1][0] + 1, _weights(synonyms, size)))
                    at = last
                    break
            else:
                at += 1
        return found

    def _terms(self, entry: str) -> _Terms:
        from gossamer.retrieval.index.words import bare_words

        return tuple(word.terms for word in bare_words(self._parser, entry, [(0, len(entry))]) if word.terms)


def _weights(synonyms: Iterable[_Terms], size: int) -> dict[str, float]:
    weights: dict[str, float] = {}
    for synonym in synonyms:
        for terms in synonym:
            for term in terms:
                weights[term] = max(weights.get(term, 0.0), WEIGHT * size / len(synonym))
    return weights


def _rules(line: str) -> Iterator[tuple[str, Sequence[str]]]:
    """The rules of a line without its comment."""
    if not line:
        return
    sides = [[entry.strip() for entry in side.split(",")] for side in line.split("=>")]
    if len(sides) > 2:
        raise ValueError('more than one "=>"')
    if not all(any(char.isalnum() for char in entry) for side in sides for entry in side):
        raise ValueError("an entry without a word; write such as 'car, automobile' or 'uav => drone'")
    if len(sides) == 2:
        yield from ((entry, sides[1]) for entry in sides[0])
    elif len(sides[0]) < 2:
        raise ValueError("a word alone has no synonym; write such as 'car, automobile' or 'uav => drone'")
    else:
        yield from ((entry, [other for other in sides[0] if other != entry]) for entry in sides[0])
