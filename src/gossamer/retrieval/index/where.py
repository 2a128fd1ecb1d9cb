"""The filter language: ``year >= 1980 and (kind = "report" or not exists(withdrawn))``.

Operators are ``=  !=  <  <=  >  >=  in (a, b)  exists(field)  and  or  not`` and parentheses. A value is a number, true
or false, a date such as ``2024``, ``2024-03`` or ``2024-03-05T10:30``, or text, in quotes where it has other characters
than letters, digits and ``. _ : -``. A field name with others stands in backquotes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Literal as OneOf, get_args

from gossamer.errors import UsageError

Operator = OneOf["=", "!=", "<", "<=", ">", ">="]
MAX_CHARACTERS = 100_000
MAX_DEPTH = 20

_TOKEN = re.compile(
    r"""\s*(?:(?P<operator><=|>=|!=|=|<|>)|(?P<mark>[(),])|"(?P<double>(?:[^"\\]|\\.)*)"|'(?P<single>(?:[^'\\]|\\.)*)'
    |`(?P<name>[^`]+)`|(?P<bare>[^\s()<>=!,"'`]+))""",
    re.VERBOSE | re.DOTALL,
)
_DATE = re.compile(r"(\d{4})(?:-(\d\d)(?:-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:\.\d+)?)?(Z|[+-]\d\d:\d\d)?)?)?)?")
KEYWORDS = ("and", "or", "not", "in", "exists")


@dataclass(frozen=True, slots=True)
class Value:
    """A value of the language and everything it may stand for.

    Args:
        text: As written, without quotes.
        quoted: Quoted values are text and nothing else.
        dated: It is a date and nothing else, also where it could be a number.
    """

    text: str
    quoted: bool = False
    dated: bool = False

    @property
    def number(self) -> float | None:
        """The number it is, or None."""
        return None if self.quoted or self.dated else to_number(self.text)

    @property
    def boolean(self) -> bool | None:
        """True, False, or None where it is neither."""
        return None if self.quoted or self.dated else {"true": True, "false": False}.get(self.text.lower())

    @property
    def period(self) -> tuple[float, float] | None:
        """The stretch of time that it names, as seconds since 1970 in UTC: the first, and the first after it."""
        return None if self.quoted else to_period(self.text)


@dataclass(frozen=True, slots=True)
class Comparison:
    """Some value of the field compares so; ``!=`` holds where ``=`` does not, so also where there is no value."""

    field: str
    operator: Operator
    value: Value


@dataclass(frozen=True, slots=True)
class Exists:
    """The field has a value."""

    field: str


@dataclass(frozen=True, slots=True)
class Not:
    """The part does not hold."""

    part: Node


@dataclass(frozen=True, slots=True)
class Every:
    """All parts hold."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Either:
    """At least one part holds."""

    parts: tuple[Node, ...]


Node = Comparison | Exists | Not | Every | Either


def parse(text: str) -> Node:
    """The tree of a filter.

    Raises:
        UsageError: It is no filter; the message shows where.

    Example:
        >>> parse("year >= 1980")
        Comparison(field='year', operator='>=', value=Value(text='1980', quoted=False, dated=False))
    """
    if len(text) > MAX_CHARACTERS:
        raise UsageError(f"the filter has {len(text):,} characters; the limit is {MAX_CHARACTERS:,}")
    return _Parser(text).parse()


def to_number(text: str) -> float | None:
    """The finite number that a text spells, or None."""
    if not re.fullmatch(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", text, re.ASCII):
        return None
    number = float(text)
    return number if abs(number) != float("inf") else None


def to_period(text: str) -> tuple[float, float] | None:
    """The stretch of time that an ISO 8601 date or time names; without a zone it is UTC.

    Example:
        >>> start, end = to_period("2024-02")
        >>> (end - start) / 86400
        29.0
    """
    match = _DATE.fullmatch(text)
    if match is None:
        return None
    year, month, day, hour, minute, second, zone = match.groups()
    try:
        start = datetime.fromisoformat(
            f"{year}-{month or '01'}-{day or '01'}T{hour or '00'}:{minute or '00'}:{second or '00'}"
            f"{(zone or '+00:00').replace('Z', '+00:00')}"
        )
        if month is None:
            end = start.replace(year=start.year + 1)
        elif day is None:
            end = start.replace(year=start.year + start.month // 12, month=start.month % 12 + 1)
        else:
            end = start + timedelta(seconds=1 if second else 60 if minute else 86400)
    except (ValueError, OverflowError):
        return None
    return _seconds(start), _seconds(end)


def _seconds(moment: datetime) -> float:
    return (moment - datetime(1970, 1, 1, tzinfo=timezone.utc)).total_seconds()


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str  # operator, mark, text (quoted), name (backquoted), bare or end
    text: str
    at: int

    def is_word(self, word: str) -> bool:
        return self.kind == "bare" and self.text.lower() == word


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = list(self._split())
        self._next = 0
        self._depth = 0

    def _split(self) -> Iterator[_Token]:
        at = 0
        end = len(self._text.rstrip())
        while at < end:
            match = _TOKEN.match(self._text, at)
            if match is None:
                at += len(self._text[at:]) - len(self._text[at:].lstrip())
                raise self._error(at, "no value, name or operator starts here")
            kind = match.lastgroup or ""
            text = match[kind]
            if kind in ("double", "single"):
                kind, text = "text", re.sub(r"\\(.)", r"\1", text, flags=re.DOTALL)
            yield _Token(kind, text, match.end() - len(match[0].lstrip()))
            at = match.end()
        yield _Token("end", "", end)

    def parse(self) -> Node:
        node = self._either()
        if self._peek().kind != "end":
            raise self._error(self._peek().at, "expected 'and', 'or' or the end")
        return node

    def _either(self) -> Node:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise self._error(self._peek().at, f"more than {MAX_DEPTH} levels of parentheses")
        parts = [self._every()]
        while self._take_word("or"):
            parts.append(self._every())
        self._depth -= 1
        return parts[0] if len(parts) == 1 else Either(tuple(parts))

    def _every(self) -> Node:
        parts = [self._negation()]
        while self._take_word("and"):
            parts.append(self._negation())
        return parts[0] if len(parts) == 1 else Every(tuple(parts))

    def _negation(self) -> Node:
        negative = False
        while self._take_word("not"):
            negative = not negative
        part = self._part()
        return Not(part) if negative else part

    def _part(self) -> Node:
        token = self._take()
        if token.kind == "mark" and token.text == "(":
            node = self._either()
            self._expect(")")
            return node
        if token.is_word("exists") and self._peek().text == "(" and self._peek().kind == "mark":
            self._take()
            field = self._field(self._take())
            self._expect(")")
            return Exists(field)
        field = self._field(token)
        if self._take_word("in"):
            return self._in(field)
        operator = self._take()
        if operator.kind != "operator":
            raise self._error(operator.at, f"expected one of {' '.join(get_args(Operator))} or 'in' after {field!r}")
        return Comparison(field, operator.text, self._value())  # type: ignore[arg-type]

    def _in(self, field: str) -> Node:
        self._expect("(")
        parts = [Comparison(field, "=", self._value())]
        while self._peek().kind == "mark" and self._peek().text == ",":
            self._take()
            parts.append(Comparison(field, "=", self._value()))
        self._expect(")")
        return Either(tuple(parts))

    def _field(self, token: _Token) -> str:
        if token.kind == "name" or (token.kind == "bare" and token.text.lower() not in KEYWORDS):
            return token.text
        raise self._error(token.at, "expected the name of a field")

    def _value(self) -> Value:
        token = self._take()
        if token.kind not in ("text", "bare"):
            raise self._error(token.at, "expected a value; put text with other characters in quotes")
        return Value(token.text, token.kind == "text")

    def _peek(self) -> _Token:
        return self._tokens[self._next]

    def _take(self) -> _Token:
        token = self._tokens[self._next]
        self._next = min(self._next + 1, len(self._tokens) - 1)
        return token

    def _take_word(self, word: str) -> bool:
        if not self._peek().is_word(word):
            return False
        self._take()
        return True

    def _expect(self, mark: str) -> None:
        token = self._take()
        if token.kind != "mark" or token.text != mark:
            raise self._error(token.at, f"expected {mark!r}")

    def _error(self, at: int, problem: str) -> UsageError:
        line = self._text.replace("\n", " ").replace("\t", " ")
        start = max(0, at - 40)
        return UsageError(f"filter, character {at + 1}: {problem}\n  {line[start : at + 40]}\n  {' ' * (at - start)}^")
