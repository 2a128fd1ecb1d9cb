"""Text to sparse vectors to the best k: vectors, encoders, the index, fusion and evaluation."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gossamer.retrieval.encoders import BM25, BM25Encoder, SparseEncoder
    from gossamer.retrieval.evaluation import Evaluation, evaluate, rank_biased_overlap
    from gossamer.retrieval.fusion import fuse
    from gossamer.retrieval.index import Contribution, Hit, Index, Problem, Verification, salvage, verify
    from gossamer.retrieval.runs import read_qrels, read_queries, read_run, write_qrels, write_run
    from gossamer.retrieval.significance import Comparison, Equivalence, compare, equivalence, holm
    from gossamer.retrieval.vectors import SparseVectors

_MODULES = {
    "BM25": "encoders",
    "BM25Encoder": "encoders",
    "Comparison": "significance",
    "Contribution": "index",
    "Equivalence": "significance",
    "Evaluation": "evaluation",
    "Hit": "index",
    "Index": "index",
    "Problem": "index",
    "SparseEncoder": "encoders",
    "SparseVectors": "vectors",
    "Verification": "index",
    "compare": "significance",
    "equivalence": "significance",
    "evaluate": "evaluation",
    "fuse": "fusion",
    "holm": "significance",
    "rank_biased_overlap": "evaluation",
    "read_qrels": "runs",
    "read_queries": "runs",
    "read_run": "runs",
    "salvage": "index",
    "verify": "index",
    "write_qrels": "runs",
    "write_run": "runs",
}

__all__ = sorted(_MODULES)


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_MODULES[name]}"), name)


def __dir__() -> list[str]:
    return list(__all__)
