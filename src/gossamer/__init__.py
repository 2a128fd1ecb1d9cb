"""Sparse machine learning end to end: index, search and explain; make models sparse and really faster."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gossamer.errors import GossamerError
    from gossamer.frontier import Frontier
    from gossamer.retrieval import Hit, Index, SparseEncoder, SparseVectors
    from gossamer.text import Document, Passage, Span

__version__ = "0.1.0"

_MODULES = {
    "Document": "text",
    "Frontier": "frontier",
    "GossamerError": "errors",
    "Hit": "retrieval",
    "Index": "retrieval",
    "Passage": "text",
    "Span": "text",
    "SparseEncoder": "retrieval",
    "SparseVectors": "retrieval",
}

__all__ = sorted(_MODULES)  # noqa: PLE0605


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_MODULES[name]}"), name)


def __dir__() -> list[str]:
    return list(__all__)
