"""The query language: words, ``"exact phrases"``, ``"near"~2``, ``+must``, ``-not``, ``prefix*``, ``field:value``.

Every text parses: what is no operator where it stands is a word, and words only score.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Literal

from gossamer.retrieval.index.where import Comparison, Node, Not, Value

SHORTEST_PREFIX = 2  # characters
MOST_SLOP = 1000

_CLAUSE = re.compile(
    r"""(?P<sign>[+-]?)(?:(?P<field>[\w.-]+|`[^`]+`):(?=[^\s:/]))?
    (?:"(?P<phrase>[^"]*)"(?:~(?P<slop>\d{1,4}))?|(?P<word>[^\s"]+))""",
    re.VERBOSE,
)
_PREFIX = re.compile(r"(\w[\w'’.-]*)\*")


@dataclass(frozen=True, slots=True)
class Part:
    """Something that a document must have or must not have.

    Args:
        kind: ``words`` (all of them), ``phrase`` or ``prefix``.
        text: As written, without operators.
        slop: Of a phrase: by how many words its words may be moved in all.
        field: The field of text that must hold the words; empty for anywhere.
    """

    kind: Literal["words", "phrase", "prefix"]
    text: str
    slop: int = 0
    field: str = ""


@dataclass(slots=True)
class Parsed:
    """A query.

    Args:
        words: What scores, as plain text.
        prefixes: Beginnings of words that score.
        must, must_not: What documents are required to have, or not to have.
        filters: Conditions on fields.
        bare: Where words without any operator stand in the query, in code points.

    Each of these operators stands in its list once.
    """

    words: str = ""
    prefixes: list[str] = field(default_factory=list)
    must: list[Part] = field(default_factory=list)
    must_not: list[Part] = field(default_factory=list)
    filters: list[Node] = field(default_factory=list)
    bare: list[tuple[int, int]] = field(default_factory=list)

    @property
    def operators(self) -> int:
        """How many operators it has; 0 where it is nothing but words."""
        return len(self.prefixes) + len(self.must) + len(self.must_not) + len(self.filters)


def parse(query: str, fields: Collection[str] = (), texts: Collection[str] = ()) -> Parsed:
    """What a query asks for.

    Args:
        query: As typed.
        fields: Names that ``name:value`` may use; any other ``name:`` is a word.
        texts: Names of fields of text: ``name:word`` and ``name:"some words"`` must stand there, and score.

    Example:
        >>> parsed = parse('wing "angle of attack" -stall')
        >>> parsed.words, [part.text for part in parsed.must], [part.text for part in parsed.must_not]
        ('wing angle of attack', ['angle of attack'], ['stall'])
    """
    parsed = Parsed()
    words: list[str] = []
    for match in _CLAUSE.finditer(query):
        sign, phrase, word = match["sign"], match["phrase"], match["word"]
        if sign and match.start() and not query[match.start() - 1].isspace():
            sign = ""  # a hyphen within a word
        name = (match["field"] or "").strip("`")
        if name and name in texts:
            part = Part("words", word if phrase is None else phrase, field=name)
            if sign == "-":
                parsed.must_not.append(part)
            else:
                parsed.must.append(part)
                words.append(part.text)
            continue
        if name and name in fields:
            condition = Comparison(name, "=", Value(word if phrase is None else phrase, phrase is not None))
            parsed.filters.append(Not(condition) if sign == "-" else condition)
            continue
        if name:
            words.append(name)
        if phrase is not None:
            part = Part("phrase", phrase, min(int(match["slop"] or 0), MOST_SLOP))
        elif (prefix := _PREFIX.fullmatch(word)) and len(prefix[1]) >= SHORTEST_PREFIX:
            part = Part("prefix", prefix[1])
        else:
            part = Part("words", word)
        if not any(char.isalnum() for char in part.text):
            continue
        if sign == "-":
            parsed.must_not.append(part)
            continue
        if sign == "+" or part.kind == "phrase":
            parsed.must.append(part)
        if part.kind == "prefix":
            parsed.prefixes.append(part.text)
        else:
            words.append(part.text)
        if not sign and not name and part.kind == "words":
            parsed.bare.append(match.span("word"))
    parsed.words = " ".join(words)
    parsed.prefixes, parsed.must = list(dict.fromkeys(parsed.prefixes)), list(dict.fromkeys(parsed.must))
    parsed.must_not, parsed.filters = list(dict.fromkeys(parsed.must_not)), list(dict.fromkeys(parsed.filters))
    return parsed
