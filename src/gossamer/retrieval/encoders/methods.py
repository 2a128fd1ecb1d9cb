"""Published learned sparse retrievers as points: head of queries, head of documents, regulariser, supervision.

Nguyen, MacAvaney & Yates, "A Unified Framework for Learned Sparse Retrieval" (2023). Nothing here imports torch.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any, Literal

from gossamer.errors import UsageError
from gossamer.retrieval.encoders.parts import Activation, Kind, Norm

Head = Kind
Expansion = Literal["queries", "tilde"]
LOSSES = (
    "contrastive", "cross_entropy", "negative_likelihood", "infonce", "margin_mse", "kl", "ensemble", "residual",
    "term_recall",
)  # fmt: skip


@dataclass(frozen=True)
class Penalty:
    """What keeps vectors short: ``lambda(t) = weight * (min(t, ramp) / ramp) ** 2``.

    Args:
        query: lambda of queries.
        document: lambda of documents.
        ramp: Steps until it is in full force.
        kind: ``flops``, ``df-flops`` or ``l1``, of documents.
        of_queries: The same of queries; None = as of documents.
        l0: Documents with at most so many words are left alone.
        slots: FLOPS of all positives, all first negatives, ... each by itself, added up.
        words: Words with weight that documents are to have: lambda of documents is turned up and down until they do.
    """

    query: float = 0.0
    document: float = 0.0
    ramp: int = 50_000
    kind: Literal["flops", "df-flops", "l1"] = "flops"
    of_queries: Literal["flops", "df-flops", "l1"] | None = None
    l0: int | None = None
    slots: bool = False
    words: float | None = None


@dataclass(frozen=True)
class LearnedMethod:
    """A published method.

    Args:
        name: As the command line takes it.
        query: Head of queries.
        document: Head of documents.
        losses: Loss to its weight.
        penalty: None = nothing is penalised.
        activation: Of the heads.
        norm: Of the heads.
        shared: One network for both sides.
        pool: Of ``mlm`` heads.
        quality: EPIC's importance and quality.
        top_k: Weights of a document that are kept when indexing.
        prune: Share of the largest weight below which weights are dropped when indexing.
        expansion: Documents are lengthened before they are read: by generated ``queries``, or by ``tilde``'s words.
        negatives: Documents beside the positive that each query brings.
    """

    name: str
    query: Head
    document: Head
    losses: Mapping[str, float]
    penalty: Penalty | None = None
    activation: Activation = "relu"
    norm: Norm = "log1p"
    shared: bool = False
    pool: Literal["max", "sum"] = "max"
    quality: bool = False
    top_k: int | None = None
    prune: float = 0.0
    expansion: Expansion | None = None
    negatives: int = 1
    settings: Mapping[str, float] = field(default_factory=dict)

    def parts(self) -> dict[str, Any]:
        """Arguments of :func:`gossamer.retrieval.encoders.learned.build`."""
        return {
            "query_head": self.query, "document_head": self.document, "shared": self.shared,
            "activation": self.activation, "norm": self.norm, "pool": self.pool, "quality": self.quality,
            "top_k": self.top_k, "prune": self.prune,
        }  # fmt: skip

    @property
    def expands(self) -> Literal["none", "documents", "queries", "both"]:
        """Which side's heads may give weight to words that the text does not hold."""
        documents, queries = (head in ("mlm", "cls-mlm") for head in (self.document, self.query))
        if documents and queries:
            return "both"
        return "documents" if documents else "queries" if queries else "none"


_CONTRASTIVE, _DISTILLED = {"contrastive": 1.0}, {"margin_mse": 1.0}
_V3 = {"kl": 1.0, "margin_mse": 0.05}

_ALL = (
    LearnedMethod("deepct", "mlp", "mlp", {"term_recall": 1.0}, None, "identity", "identity", shared=True),
    LearnedMethod("unicoil", "mlp", "mlp", _CONTRASTIVE, None, norm="identity", shared=True),
    LearnedMethod("unicoil-dt5q", "mlp", "mlp", _CONTRASTIVE, None, norm="identity", shared=True, expansion="queries"),
    LearnedMethod("unicoil-tilde", "mlp", "mlp", _CONTRASTIVE, None, norm="identity", shared=True, expansion="tilde"),
    LearnedMethod("deepimpact", "binary", "mlp", {"cross_entropy": 1.0}, None, norm="identity", expansion="queries"),
    LearnedMethod("tilde-v2", "binary", "mlp", _CONTRASTIVE, None, norm="identity", expansion="tilde"),
    LearnedMethod("tilde", "binary", "cls-mlm", _CONTRASTIVE),
    LearnedMethod("sparta", "binary", "mlm", {"cross_entropy": 1.0}, top_k=400, negatives=3),
    LearnedMethod(
        "epic", "mlp", "mlm", {"negative_likelihood": 1.0}, None, "softplus", "log1p", quality=True, top_k=1000
    ),
    LearnedMethod("splade", "mlm", "mlm", _CONTRASTIVE, Penalty(0.01, 0.05), shared=True, pool="sum"),
    LearnedMethod("splade-max", "mlm", "mlm", _CONTRASTIVE, Penalty(0.01, 0.05), shared=True),
    LearnedMethod("splade-doc", "binary", "mlm", _CONTRASTIVE, Penalty(0.0, 0.05)),
    LearnedMethod("distilsplade-max", "mlm", "mlm", _DISTILLED, Penalty(0.1, 0.08), shared=True),
    LearnedMethod("distilsplade-sep", "mlm", "mlm", _DISTILLED, Penalty(0.1, 0.08)),
    LearnedMethod("distilsplade-qmlp", "mlp", "mlm", _DISTILLED, Penalty(0.0, 0.08)),
    LearnedMethod("efficient-splade", "mlm", "mlm", _DISTILLED, Penalty(0.005, 0.08, of_queries="l1")),
    LearnedMethod("splade-v3", "mlm", "mlm", _V3, Penalty(0.01, 0.008), shared=True, negatives=8),
    LearnedMethod("splade-v3-doc", "binary", "mlm", _V3, Penalty(0.0, 0.008), negatives=8),
    LearnedMethod("inference-free", "static", "mlm", {"ensemble": 1.0}, Penalty(0.0, 0.002, 200, slots=True)),
    LearnedMethod(
        "inference-free-l0", "static", "mlm", {"ensemble": 1.0}, Penalty(0.0, 0.002, 200, l0=150, slots=True),
        norm="log1p_log1p", prune=0.1,
    ),
    LearnedMethod(
        "inference-free-df", "static", "mlm", {"ensemble": 1.0}, Penalty(0.0, 0.002, 200, "df-flops", slots=True)
    ),
)  # fmt: skip
METHODS: Mapping[str, LearnedMethod] = {method.name: method for method in _ALL}


def get(name: str) -> LearnedMethod:
    """The method of this name.

    Raises:
        UsageError: There is none, with the nearest.
    """
    if name not in METHODS:
        close = get_close_matches(name, METHODS, n=1)
        raise UsageError(
            f"unknown method {name!r}"
            + (f"; did you mean {close[0]!r}?" if close else f"; known: {', '.join(METHODS)}")
        )
    return METHODS[name]
