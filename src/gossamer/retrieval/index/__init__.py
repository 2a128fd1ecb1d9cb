"""The index: immutable segments, one atomic commit point, exact search over a snapshot."""

from gossamer.retrieval.index.approximation import Approximation, Uncalibrated
from gossamer.retrieval.index.container import Problem
from gossamer.retrieval.index.corrections import Correction
from gossamer.retrieval.index.hits import Hit
from gossamer.retrieval.index.index import Index
from gossamer.retrieval.index.plan import Plan
from gossamer.retrieval.index.schema import Field
from gossamer.retrieval.index.synonyms import Synonyms
from gossamer.retrieval.index.tracing import Contribution
from gossamer.retrieval.index.verification import Verification, salvage, verify

__all__ = [
    "Approximation",
    "Contribution",
    "Correction",
    "Field",
    "Hit",
    "Index",
    "Plan",
    "Problem",
    "Synonyms",
    "Uncalibrated",
    "Verification",
    "salvage",
    "verify",
]
