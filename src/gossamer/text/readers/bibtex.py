"""BibTeX: a document an entry, by its grammar (Patashnik, "BibTeXing", 1988); a broken entry costs itself."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import BinaryIO

from gossamer.errors import Unreadable
from gossamer.text.documents import Document
from gossamer.text.readers.bibliography import to_document
from gossamer.text.readers.encoding import is_binary, read_text
from gossamer.text.readers.latex import plain
from gossamer.text.readers.records import RecordError
from gossamer.text.readers.registry import MIB, Options, Reader, register

_ENTRY = re.compile(r"@[ \t]*([a-zA-Z]+)\s*[{(]")
_NEXT = re.compile(r"\n[ \t]*@")
_KEY = re.compile(r"\s*([^\s,{}\"#%=]*)\s*(?:,|(?=[)}]))")
_NAME = re.compile(r"[\s,]*([^\s,=(){}\"#%']+)\s*=")
_END = re.compile(r"[\s,]*[)}]")
_ATOM = re.compile(r"\s*(?:(\d+)|([^\s,=(){}\"#%']+)|([{\"]))")
_JOIN = re.compile(r"\s*#")
# A new entry at the start of a line within a value means that the value has no end.
_MARK = re.compile(r"\\.|[{}\"]|\n[ \t]*@[a-zA-Z]+[ \t]*\{", re.DOTALL)
_AND = re.compile(r"[{}]|\s+and\s+", re.IGNORECASE)
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
_RAW = ("doi", "eprint", "file", "isbn", "issn", "url")
_MAX_VALUE = MIB


@register
class BibtexReader(Reader):
    """A document an entry; its id is the citation key, else ``file#line``."""

    name = "bibtex"
    whole = False
    extensions = (".bib", ".bibtex")

    def matches(self, head: bytes, path: str) -> float:
        """0.9 by name; an at-sign alone is no signature."""
        return 0.9 if self.named(path) and not is_binary(head) else 0.0

    def read(self, stream: BinaryIO, path: str, options: Options) -> Iterator[Document]:
        """A document an entry; a broken one is reported to ``options.skip`` with its line and left out."""
        text = read_text(stream, path, options)
        strings = {month[:3].lower(): month for month in _MONTHS}
        at, line, counted, found = 0, 1, 0, False
        while start := _ENTRY.search(text, at):
            line, counted = line + text.count("\n", counted, start.start()), start.start()
            kind = start[1].lower()
            at = start.end()
            found = True
            try:
                if kind in ("comment", "preamble"):
                    at = _closing(text, at, "{", kind)
                    continue
                key, fields, at = _entry(text, at, kind == "string", strings)
                if kind != "string":
                    yield to_document(key or f"{options.document_id or path}#{line}", kind, _readable(fields))
            except RecordError as error:
                options.skip(f"{path}:{line}", str(error))
                following = _NEXT.search(text, at)
                at = following.start() if following else len(text)
        if not found:
            raise Unreadable(path, "no entry, which starts with an at-sign")


def _entry(text: str, at: int, is_string: bool, strings: dict[str, str]) -> tuple[str, dict[str, str], int]:
    """Key and fields of the entry whose brace is open before ``at``, and where it ends; a string is defined."""
    key = None if is_string else _KEY.match(text, at)
    if key:
        at = key.end()
    elif not is_string:
        raise RecordError("an entry without a key")
    fields: dict[str, str] = {}
    while not (end := _END.match(text, at)):
        name = _NAME.match(text, at)
        if not name:
            raise RecordError(f"neither a field nor the end of the entry {key[1] if key else ''}".rstrip())
        value, at = _value(text, name.end(), name[1], strings)
        fields.setdefault(name[1].lower(), value)
    if is_string:
        strings.update(fields)
    return key[1] if key else "", fields, end.end()


def _value(text: str, at: int, name: str, strings: dict[str, str]) -> tuple[str, int]:
    """Numbers, names of strings, and quoted or braced texts, joined by ``#``."""
    parts: list[str] = []
    size = 0
    while True:
        atom = _ATOM.match(text, at)
        if not atom:
            raise RecordError(f"field {name!r} has no value")
        at = atom.end()
        if atom[3]:
            end = _closing(text, at, atom[3], name)
            parts.append(text[at : end - 1])
            at = end
        else:
            parts.append(atom[1] or strings.get(atom[2].lower(), atom[2]))
        size += len(parts[-1])
        if size > _MAX_VALUE:
            raise RecordError(f"field {name!r} is longer than {_MAX_VALUE / MIB:g} Mi characters")
        join = _JOIN.match(text, at)
        if not join:
            return "".join(parts), at
        at = join.end()


def _closing(text: str, at: int, opening: str, name: str) -> int:
    """Where the value that starts at ``at`` ends, behind its quote or brace."""
    depth = 0
    for mark in _MARK.finditer(text, at):
        if mark[0] == "{":
            depth += 1
        elif mark[0] == "}" and depth:
            depth -= 1
        elif depth == 0 and mark[0] == ('"' if opening == '"' else "}"):
            return mark.end()
        elif mark[0][0] == "\n" or (mark[0] == "}" and opening == '"'):
            break
    raise RecordError(f"field {name!r} has no end")


def _readable(fields: dict[str, str]) -> dict[str, str | list[str]]:
    """Values as text, people and keywords as lists."""
    entry: dict[str, str | list[str]] = {}
    for name, value in fields.items():
        if name in ("author", "editor"):
            entry[f"{name}s"] = [_in_order(person) for person in _people(value)]
        elif name == "keywords":
            entry[name] = [word for part in re.split("[,;]", value) if (word := plain(part))]
        else:
            entry[name] = value.strip() if name in _RAW else " ".join(plain(value).split())
    return entry


def _people(names: str) -> Iterator[str]:
    """What ``and`` separates outside braces."""
    depth = start = 0
    for mark in _AND.finditer(names):
        if mark[0] in "{}":
            depth += 1 if mark[0] == "{" else -1
        elif depth == 0:
            yield names[start : mark.start()]
            start = mark.end()
    yield names[start:]


def _in_order(person: str) -> str:
    """``Ada Byron`` for ``Byron, Ada``; ``Jr.`` stands last, as in ``Byron, Jr., Ada``."""
    last, *middle, first = ("", person) if person.lstrip().startswith("{") else ("", *person.split(","))[-3:]
    return " ".join(part for part in map(plain, (first, last, *middle)) if part)
