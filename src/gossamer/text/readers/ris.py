"""RIS, the tagged format that reference managers exchange: a document an entry, read as a stream."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import BinaryIO

from gossamer.errors import Unreadable
from gossamer.text.documents import Document
from gossamer.text.readers.bibliography import to_document
from gossamer.text.readers.encoding import is_binary
from gossamer.text.readers.lines import read_lines
from gossamer.text.readers.records import RecordError
from gossamer.text.readers.registry import MIB, Options, Reader, register

_TAG = re.compile(r"[ \t]*([A-Z][A-Z0-9]) {1,2}-(?: (.*)|$)", re.DOTALL)
_SIGNATURE = re.compile(rb"(?:\xef\xbb\xbf)?\s*TY {1,2}- [A-Z]+\s")
_FIELDS = {
    "TI": "title", "T1": "title", "CT": "title", "AU": "authors", "A1": "authors", "AB": "abstract", "N2": "abstract",
    "PY": "year", "Y1": "year", "DA": "date", "JO": "journal", "JF": "journal", "T2": "journal", "JA": "journal",
    "PB": "publisher", "KW": "keywords", "DO": "doi", "UR": "url", "SN": "isbn", "VL": "volume", "IS": "number",
    "N1": "note", "LA": "language", "A2": "editors", "ED": "editors", "ID": "id",
}  # fmt: skip
_LISTS = ("authors", "keywords", "editors")
_KINDS = {"JOUR": "article", "BOOK": "book", "CHAP": "incollection", "CONF": "inproceedings", "CPAPER": "inproceedings",
          "THES": "thesis", "RPRT": "techreport"}  # fmt: skip

_Entry = dict[str, list[list[str]]]
"""Field -> values -> the lines of each."""


@register
class RisReader(Reader):
    """A document an entry; its id is the entry's own, else ``file#line``."""

    name = "ris"
    whole = False
    extensions = (".ris",)
    light = True

    def matches(self, head: bytes, path: str) -> float:
        """0.9 by name, 0.8 where an entry starts."""
        if is_binary(head):
            return 0.0
        return 0.9 if self.named(path) else (0.8 if _SIGNATURE.match(head) else 0.0)

    def read(self, stream: BinaryIO, path: str, options: Options) -> Iterator[Document]:
        """A document an entry; a broken one is reported to ``options.skip`` with its line and left out."""
        entry: _Entry = {}
        kind, name, start, size, found, error = "", "", 0, 0, False, ""
        for line in read_lines(stream, path, options.text_limit):
            tagged = _TAG.match(line.text)
            tag, value = (tagged[1], (tagged[2] or "").strip()) if tagged else ("", line.text.strip())
            error = error or line.error or ""
            if tag == "TY":
                entry, kind, start, size, name = {}, _KINDS.get(value, value.lower()), line.number, 0, ""
            elif tag == "ER" and start:
                found = True
                try:
                    if error or size > options.text_limit:
                        raise RecordError(error or f"larger than {options.text_limit / MIB:g} MiB")
                    fields = _fields(entry)
                    own = str(fields.pop("id", ""))
                    yield to_document(own or f"{options.document_id or path}#{start}", kind, fields)
                except RecordError as problem:
                    options.skip(f"{path}:{start}", str(problem))
                start, error = 0, ""
            elif start and size <= options.text_limit:
                size += len(value)
                name = _FIELDS.get(tag, "") if tag else name  # a line without a tag goes on with the last field
                _add(entry, name, value, goes_on=not tag)
        if start:
            options.skip(f"{path}:{start}", "an entry without its end, the tag ER")
        elif not found:
            raise Unreadable(path, "no entry, which starts with the tag TY")


def _add(entry: _Entry, name: str, value: str, goes_on: bool) -> None:
    if name and value:
        values = entry.setdefault(name, [])
        if goes_on and values:
            values[-1].append(value)
        else:
            values.append([value])


def _fields(entry: _Entry) -> dict[str, str | list[str]]:
    """The fields as texts, those of people in the order of speech; of what may stand once only the first counts."""
    texts = {name: [" ".join(pieces) for pieces in values] for name, values in entry.items()}
    return {
        name: values if name == "keywords" else [*map(_in_order, values)] if name in _LISTS else values[0]
        for name, values in texts.items()
    }


def _in_order(name: str) -> str:
    """``Ada Byron`` for ``Byron, Ada``."""
    last, _, first = name.partition(",")
    return f"{first.strip()} {last.strip()}".strip()
