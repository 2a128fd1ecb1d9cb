"""Jupyter notebooks (nbformat 3 and 4): Markdown with its headings, code as code, and what the code printed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, BinaryIO

from gossamer.errors import Unreadable
from gossamer.text.documents import Document
from gossamer.text.readers.composition import Composition
from gossamer.text.readers.encoding import decode, read_bytes
from gossamer.text.readers.markdown import structure
from gossamer.text.readers.registry import Options, Reader, register


@register
class NotebookReader(Reader):
    """One document with all cells."""

    name = "notebook"
    extensions = (".ipynb",)

    def read(self, stream: BinaryIO, path: str, options: Options) -> Iterator[Document]:
        """One document; its title is that of its metadata, else its first heading.

        Of the output only text is taken: not pictures, and not the text that stands for a picture.
        """
        text = decode(read_bytes(stream, path, options), path)
        try:
            notebook = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise Unreadable(path, f"not a notebook: no JSON ({error})") from None
        # Version 3 keeps its cells in sheets.
        cells = [cell for sheet in [notebook, *_list(notebook, "worksheets")] for cell in _list(sheet, "cells")]
        if not cells:
            raise Unreadable(path, "no cells in it, or not a notebook")
        metadata = _value(notebook, "metadata")
        language = _text(_value(_value(metadata, "language_info"), "name"))
        language = language or _text(_value(_value(metadata, "kernelspec"), "language"))
        made = Composition(path, options)
        made.title = _text(_value(metadata, "title")) or _text(_value(metadata, "name"))
        for cell in cells:
            _write(cell, language or _text(_value(cell, "language")), made)
        yield made.document()


def _write(cell: Any, language: str, made: Composition) -> None:
    source, kind = _text(_value(cell, "source")), _value(cell, "cell_type")
    if kind == "code":
        made.code(source or _text(_value(cell, "input")), language)
        for output in _list(cell, "outputs"):
            data = _value(output, "data") or output  # version 3 has no `data`
            if isinstance(data, dict) and not any(key.startswith("image/") or key in ("png", "jpeg") for key in data):
                made.block(_text(_value(output, "text") or _value(data, "text/plain")))
    elif kind == "heading":  # version 3
        level = _value(cell, "level")
        made.heading(source, level if isinstance(level, int) else 1)
    elif kind == "markdown":
        text = source.strip("\n")
        made.composed(text, structure(text)[1])
    else:
        made.block(source)


def _value(container: Any, key: str) -> Any:
    return container.get(key) if isinstance(container, dict) else None


def _list(container: Any, key: str) -> list[Any]:
    value = _value(container, key)
    return value if isinstance(value, list) else []


def _text(value: Any) -> str:
    """A text, which notebooks may keep as a list of lines, fit to be written to a file."""
    joined = "".join(line for line in value if isinstance(line, str)) if isinstance(value, list) else value
    if not isinstance(joined, str):
        return ""
    return joined.replace("\r\n", "\n").encode("utf-8", "replace").decode("utf-8")
