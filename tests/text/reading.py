"""Runs one reader on some bytes."""

from __future__ import annotations

import io

import pytest

from gossamer.errors import Unreadable
from gossamer.text.readers.registry import Options, readers


def read(name, data, *, path="file", **options):
    """The documents of some bytes, and the records left out."""
    skipped = []
    reader = next(reader for reader in readers() if reader.name == name)
    options = Options(**options, skip=lambda where, reason: skipped.append((where, reason)))
    return list(reader.read(io.BytesIO(data), path, options)), skipped


def read_one(name, data, **options):
    (document,), skipped = read(name, data, **options)
    assert skipped == []
    return document


def reason(name, data, **options):
    with pytest.raises(Unreadable) as caught:
        read(name, data, **options)
    assert caught.value.path == "file"
    return caught.value.reason


def spanned(document, kind):
    """What the spans of a kind cover, with their values and levels."""
    return [(document.text[s.start : s.end], s.value, s.level) for s in document.spans if s.kind == kind]
