"""What is known of a file from outside, added to the document that it became."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import PurePath

from gossamer.text.documents import Document
from gossamer.text.readers.registry import Reader


def described(
    document: Document, reader: Reader, *, path: str, name: str, size: int, modified: float | None
) -> Document:
    """The document of a whole file with its path, size and time as fields, and its name for a title if it has none.

    Args:
        document: As ``reader`` gave it.
        path: Where it lies.
        name: Its path without the ending of a packed file.
        size: Bytes.
        modified: Seconds since 1970, UTC.
    """
    about: dict[str, object] = {"path": utf8(path), "size": size}
    if modified is not None:
        about["modified"] = moment(modified)
    inner = PurePath(utf8(name))
    title = document.title or (inner.stem if reader.named(name) else inner.name)
    return replace(document, title=title, fields={**about, **document.fields})


def moment(seconds: float) -> str:
    """A time as the field ``modified`` has it.

    Example:
        >>> moment(0)
        '1970-01-01T00:00:00Z'
    """
    return datetime.fromtimestamp(int(seconds), timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def utf8(name: str) -> str:
    """The name of a file, which need not be UTF-8, as text, which must."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")
