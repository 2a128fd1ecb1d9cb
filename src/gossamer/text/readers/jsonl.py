"""JSON Lines (also called NDJSON): one document a line, read as a stream."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, BinaryIO, NoReturn

from gossamer.errors import Unreadable
from gossamer.text.documents import Document
from gossamer.text.readers.lines import read_lines
from gossamer.text.readers.records import NoTextError, RecordError, to_document
from gossamer.text.readers.registry import Options, Reader, register

_DEPTH = 100
_NO_DOCUMENTS = 10
"""A file that starts with so many objects without a text holds something else than documents."""
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


@register
class JsonLinesReader(Reader):
    """Every line is an object with a text field, or a bare JSON string."""

    name = "jsonl"
    whole = False
    extensions = (".jsonl", ".ndjson", ".jsonlines")
    light = True

    def matches(self, head: bytes, path: str) -> float:
        """0.9 by name; 0.6 where the first of several lines is a whole object."""
        if self.named(path):
            return 0.9
        first, line_end, _ = head.lstrip().partition(b"\n")
        if not line_end or not first.startswith(b"{"):
            return 0.0
        try:
            return 0.6 if isinstance(json.loads(first), dict) else 0.0
        except (ValueError, RecursionError):
            return 0.0

    def read(self, stream: BinaryIO, path: str, options: Options) -> Iterator[Document]:
        """A document a line; a bad line is reported to ``options.skip`` and left out."""
        prefix = options.document_id or path
        found = False
        # Objects without a text, until a first document shows that they are the exception.
        held_back: list[tuple[str, str]] | None = []
        for line in read_lines(stream, path, options.text_limit):
            if line.error is None and not line.text.strip():
                continue
            found, where = True, f"{path}:{line.number}"
            try:
                if line.error is not None:
                    raise RecordError(line.error)
                document = to_document(_parse(line.text.strip()), f"{prefix}#{line.number}", options)
            except NoTextError as error:
                if held_back is None:
                    options.skip(where, str(error))
                    continue
                held_back.append((where, str(error)))
                if len(held_back) == _NO_DOCUMENTS:
                    raise Unreadable(path, f"{error}; no line up to {line.number} is a document") from None
            except RecordError as error:
                options.skip(where, str(error))
            else:
                for bad in held_back or ():
                    options.skip(*bad)
                held_back = None
                yield document
        for bad in held_back or ():
            options.skip(*bad)
        if not found:
            raise Unreadable(path, "empty file")


def _parse(line: str) -> dict[str, Any]:
    try:
        record = _DECODER.decode(line)
        if _SURROGATE.search(line):
            json.dumps(record, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise RecordError("half of a surrogate pair, which is no character") from None
    except json.JSONDecodeError as error:
        raise RecordError(f"not JSON: {error.msg.removesuffix(' at')} at column {error.colno}") from None
    except ValueError as error:
        raise RecordError(f"not JSON: {error}") from None
    except RecursionError:
        raise RecordError(f"nested deeper than {_DEPTH} levels") from None
    if line.count("[") + line.count("{") > _DEPTH and _is_deeper(record, _DEPTH):
        raise RecordError(f"nested deeper than {_DEPTH} levels")
    if isinstance(record, str):
        return {"text": record}
    if not isinstance(record, dict):
        raise RecordError("neither an object nor a string")
    return record


def _is_deeper(value: Any, levels: int) -> bool:
    # A value that json can just read at this depth of the stack could fail to be written at another.
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return bool(inner) and (levels == 0 or any(_is_deeper(part, levels - 1) for part in inner))


def _not_json(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")


_DECODER = json.JSONDecoder(parse_constant=_not_json)
