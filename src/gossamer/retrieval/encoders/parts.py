"""What a learned encoder is made of, as its folder says it: where every runtime starts, without torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from gossamer.errors import UsageError

Activation = Literal["relu", "softplus", "identity"]
Norm = Literal["log1p", "log1p_log1p", "identity"]
Repeats = Literal["sum", "max"]
Kind = Literal["binary", "static", "mlp", "mlm", "cls-mlm"]
Floats = npt.NDArray[np.float32]


class Inexpressible(UsageError):
    """A sound encoder that this runtime cannot run; another may."""


@dataclass(frozen=True)
class Limits:
    """What of a vector counts; the two flags are those of a loaded checkpoint, ours leave both off.

    Args:
        longest: Word pieces of a text, special tokens included, that are read at a time; None = what the model can.
        top_k: The largest weights that are kept when encoding.
        prune: Weights up to this share of the largest are dropped when encoding.
        special_positions: Tokens around the text take part in pooling.
        special_columns: Words such as [SEP] may get weight.
    """

    longest: int | None = None
    top_k: int | None = None
    prune: float = 0.0
    special_positions: bool = False
    special_columns: bool = False

    def __post_init__(self) -> None:
        if self.longest is not None and self.longest < 3:
            raise UsageError(f"longest={self.longest} leaves no room for text; give at least 3 word pieces")
        if self.top_k is not None and self.top_k < 1:
            raise UsageError(f"top_k={self.top_k} must be at least 1")
        if not 0 <= self.prune < 1:
            raise UsageError(f"prune={self.prune} must lie in [0, 1)")


@dataclass(frozen=True)
class HeadParts:
    """A head by its settings; :mod:`gossamer.retrieval.encoders.heads` says what they mean.

    Args:
        head: Its kind.
        activation, norm: Of ``mlp``, ``mlm`` and ``cls-mlm``.
        pool, quality: Of ``mlm``.
        learned, counts: Of ``static``.
    """

    head: Kind
    activation: Activation = "relu"
    norm: Norm = "log1p"
    pool: Literal["max", "sum"] = "max"
    quality: bool = False
    learned: bool = False
    counts: bool = False

    def to_dict(self) -> dict[str, Any]:
        """The settings that mean something for this kind."""
        known = {
            "static": ("learned", "counts"), "mlp": ("activation", "norm"), "cls-mlm": ("activation", "norm"),
            "mlm": ("activation", "norm", "pool", "quality"),
        }  # fmt: skip
        return {name: getattr(self, name) for name in ("head", *known.get(self.head, ()))}

    @property
    def contextual(self) -> bool:
        """Whether it needs the network."""
        return self.head not in ("binary", "static")


@dataclass(frozen=True)
class SideParts:
    """Queries or documents.

    Args:
        network: The folder of the network and its tokenizer.
        head: The head.
        repeats: What becomes of a word's several occurrences.
        limits: What counts.
        weights: Arrays of the head by their names in ``heads.safetensors``, such as ``table`` or ``linear.weight``.
        by_word: Weights of a ``static`` head by word, when its file does not number them.
    """

    network: Path
    head: HeadParts
    repeats: Repeats
    limits: Limits
    weights: Mapping[str, npt.NDArray[Any]] = field(default_factory=dict)
    by_word: Mapping[str, float] | None = None

    def table(self, columns: Mapping[str, int], size: int) -> Floats:
        """What each word gets under a ``static`` or ``binary`` head, (size,).

        Args:
            columns: Word to column.
            size: Number of columns.

        Raises:
            UsageError: There are more weights than columns, or some are not finite.
        """
        if self.head.head == "binary":
            return np.full(size, self.weights["weight"], np.float32)
        whole = np.zeros(size, np.float32)
        if self.by_word is not None:
            for word, weight in self.by_word.items():
                if word in columns:
                    whole[columns[word]] = weight
        else:
            found = np.asarray(self.weights["table"], np.float32).reshape(-1)
            if len(found) > size:
                raise UsageError(f"{self.network}: weights for {len(found)} words, and the vocabulary has {size}")
            whole[: len(found)] = found
        if not np.isfinite(whole).all():
            raise UsageError(f"{self.network}: weights that are not finite numbers; the file is damaged")
        return whole


@dataclass(frozen=True)
class Parts:
    """An encoder.

    Args:
        query: Side of queries.
        document: Side of documents.
        one_head: Both have the same head, not only an equal one.
        card: What its maker says of it: licence, training data, figures.
        fusion_weight: What its scores count beside BM25's where both are added.
        expander: Settings of what lengthens documents before they are read, and the folder of its files.
    """

    query: SideParts
    document: SideParts
    one_head: bool = False
    card: Mapping[str, Any] = field(default_factory=dict)
    fusion_weight: float | None = None
    expander: tuple[dict[str, Any], Path] | None = None


def curve(x: Floats, activation: str, norm: str) -> Floats:
    """``norm(act(x))``, element by element."""
    if activation == "relu":
        x = np.maximum(x, 0)
    elif activation == "softplus":
        x = np.logaddexp(x, np.float32(0))
    for _ in range({"identity": 0, "log1p": 1, "log1p_log1p": 2}[norm]):
        x = np.log1p(x)
    return x
