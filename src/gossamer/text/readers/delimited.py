"""Tables of text: CSV, TSV and their relatives with a header row (RFC 4180), read as a stream."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from itertools import chain
from typing import BinaryIO

from gossamer.errors import Unreadable
from gossamer.text.documents import Document
from gossamer.text.readers.lines import read_lines
from gossamer.text.readers.records import TEXT_FIELDS, RecordError, find_field, listed, to_document
from gossamer.text.readers.registry import Options, Reader, register

_DELIMITERS = ",;|"


@register
class DelimitedReader(Reader):
    """One document a row; the header row names the fields."""

    name = "delimited"
    whole = False
    extensions = (".csv", ".tsv", ".tab")
    light = True

    def read(self, stream: BinaryIO, path: str, options: Options) -> Iterator[Document]:
        """A document a row; a bad row is reported to ``options.skip`` and left out."""
        lines = _Lines(stream, path, options.text_limit)
        first = next(lines, "")
        delimiter = "\t" if "\t" in first else max(_DELIMITERS, key=first.count)
        # The limit is global to the csv module and by default shorter than many documents.
        csv.field_size_limit(max(csv.field_size_limit(), options.text_limit))
        rows = csv.reader(chain([first], lines), delimiter=delimiter)
        header = _header(rows, lines, path, options)
        prefix, start = options.document_id or path, lines.number + 1
        row: list[str] | None = []
        while row is not None:
            try:
                row = next(rows, None)
                if lines.error is not None:
                    raise RecordError(lines.error)
                if row:
                    yield to_document(_record(header, row), f"{prefix}#{start}", options)
            except (RecordError, csv.Error) as error:
                options.skip(f"{path}:{start}", str(error))
            lines.error, start = None, lines.number + 1
        if lines.number == 1:
            raise Unreadable(path, "no rows below the header")


def _header(rows: Iterator[list[str]], lines: _Lines, path: str, options: Options) -> list[str]:
    try:
        header = [name.strip() for name in next(rows, [])]
    except csv.Error as error:
        raise Unreadable(path, f"header row: {error}") from None
    if lines.error is not None:
        raise Unreadable(path, f"header row: {lines.error}")
    if not any(header):
        raise Unreadable(path, "empty file")
    if options.text_field is None and find_field(header, TEXT_FIELDS) is None:
        raise Unreadable(path, f"no text column among {listed(header)} of the first row; name it with --text-field")
    return header


def _record(header: list[str], row: list[str]) -> dict[str, str | None]:
    if len(row) != len(header):
        raise RecordError(f"{len(row)} values for {len(header)} columns")
    return {name: value or None for name, value in zip(header, row, strict=True) if name}


class _Lines:
    """The lines as `csv.reader` wants them; remembers the last number, and the first error until it is cleared."""

    def __init__(self, stream: BinaryIO, path: str, limit: int) -> None:
        self._lines = read_lines(stream, path, limit)
        self.number = 0
        self.error: str | None = None

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = next(self._lines)
        self.number = line.number
        self.error = self.error or line.error
        return line.text
