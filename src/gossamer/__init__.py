"""Sparse machine learning end to end: index, search and explain; make models sparse and really faster."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gossamer._exports import on_first_use

if TYPE_CHECKING:
    from gossamer.errors import GossamerError as GossamerError
    from gossamer.frontier import Frontier as Frontier
    from gossamer.retrieval import (
        Hit as Hit,
        Index as Index,
        SparseEncoder as SparseEncoder,
        SparseVectors as SparseVectors,
    )
    from gossamer.text import Document as Document, Passage as Passage, Span as Span

__version__ = "0.1.0"

__all__, __getattr__, __dir__ = on_first_use(
    __name__,
    {
        "errors": ["GossamerError"],
        "frontier": ["Frontier"],
        "retrieval": ["Hit", "Index", "SparseEncoder", "SparseVectors"],
        "text": ["Document", "Passage", "Span"],
    },
)
