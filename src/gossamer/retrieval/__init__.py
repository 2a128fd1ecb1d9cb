"""Text to sparse vectors to the best k: vectors, encoders, the index, fusion and evaluation."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gossamer.retrieval.encoders import BM25, BM25Encoder, SparseEncoder
    from gossamer.retrieval.evaluation import Evaluation, evaluate
    from gossamer.retrieval.fusion import fuse
    from gossamer.retrieval.index import Contribution, Hit, Index, Problem, Verification, salvage, verify
    from gossamer.retrieval.significance import Comparison, compare
    from gossamer.retrieval.vectors import SparseVectors

_MODULES = {
    "BM25": "encoders",
    "BM25Encoder": "encoders",
    "Comparison": "significance",
    "Contribution": "index",
    "Evaluation": "evaluation",
    "Hit": "index",
    "Index": "index",
    "Problem": "index",
    "SparseEncoder": "encoders",
    "SparseVectors": "vectors",
    "Verification": "index",
    "compare": "significance",
    "evaluate": "evaluation",
    "fuse": "fusion",
    "salvage": "index",
    "verify": "index",
}

__all__ = sorted(_MODULES)  # noqa: PLE0605


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_MODULES[name]}"), name)


def __dir__() -> list[str]:
    return list(__all__)
