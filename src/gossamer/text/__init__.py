"""Documents in: readers, passages, analysis, and what is shown of a text."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gossamer.text.analysis import Analyzer, Token, analyzer
    from gossamer.text.documents import Document, Passage, Span
    from gossamer.text.readers import Options, Reader, register
    from gossamer.text.snippets import Excerpt, Snippet
    from gossamer.text.sources import Skipped, read

_MODULES = {
    "Analyzer": "analysis",
    "Document": "documents",
    "Excerpt": "snippets",
    "Options": "readers",
    "Passage": "documents",
    "Reader": "readers",
    "Skipped": "sources",
    "Snippet": "snippets",
    "Span": "documents",
    "Token": "analysis",
    "analyzer": "analysis",
    "read": "sources",
    "register": "readers",
}

__all__ = sorted(_MODULES)


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_MODULES[name]}"), name)


def __dir__() -> list[str]:
    return list(__all__)
