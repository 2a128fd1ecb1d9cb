"""Heads: from a text's states to a weight for every word of the vocabulary.

Nguyen, MacAvaney & Yates, "A Unified Framework for Learned Sparse Retrieval" (2023): every learned sparse retriever is
a head for queries, a head for documents, a regulariser and a supervision.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.checkpoint import checkpoint

from gossamer.errors import UsageError
from gossamer.retrieval.encoders.backbone import Backbone, States, Tokens
from gossamer.retrieval.encoders.parts import Activation, Norm, Repeats
from gossamer.retrieval.encoders.pooling import largest_logits

_ACTIVATIONS: Mapping[str, Callable[[Tensor], Tensor]] = {
    "relu": torch.relu,
    "softplus": functional.softplus,
    "identity": lambda x: x,
}
_NORMS: Mapping[str, Callable[[Tensor], Tensor]] = {
    "log1p": torch.log1p,
    "log1p_log1p": lambda x: torch.log1p(torch.log1p(x)),
    "identity": lambda x: x,
}
_SLICE = 2048  # words whose logits exist at a time under sum pooling


class Head(nn.Module):
    """Weights (n, |V|) of n texts.

    Attributes:
        expands: Words that the text does not hold may get weight.
        contextual: The network is needed; without it a head reads the word pieces alone.
    """

    expands: ClassVar[bool] = False
    contextual: ClassVar[bool] = True

    def forward(self, tokens: Tokens, backbone: Backbone, repeats: Repeats) -> Tensor:
        """``repeats`` says what becomes of a word's several occurrences, for heads that weigh each."""
        raise NotImplementedError

    def logits(self, tokens: Tokens, backbone: Backbone, columns: Sequence[int]) -> Tensor:
        """What is pooled, of some columns at every position: (n, length, len(columns)); of heads that expand."""
        raise NotImplementedError


class Curve(nn.Module):
    """``norm(act(x))``, from R to non-negative weights.

    Raises:
        UsageError: An unknown name; or a logarithm over numbers that may be negative.
    """

    def __init__(self, activation: Activation = "relu", norm: Norm = "log1p") -> None:
        super().__init__()
        if activation not in _ACTIVATIONS or norm not in _NORMS:
            raise UsageError(
                f"activation {activation!r} and norm {norm!r}: known are {', '.join(_ACTIVATIONS)} and "
                f"{', '.join(_NORMS)}"
            )
        if activation == "identity" and norm != "identity":
            raise UsageError(f"norm {norm!r} needs an activation that is not negative; 'identity' may be")
        self.activation, self.norm = activation, norm

    def forward(self, x: Tensor) -> Tensor:
        """Element by element."""
        found: Tensor = _NORMS[self.norm](_ACTIVATIONS[self.activation](x))
        return found


class Binary(Head):
    """The same weight for every word of the text: c, which is learned and only rescales."""

    contextual = False

    def __init__(self, start: float = 0.3) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.tensor(start))

    def forward(self, tokens: Tokens, backbone: Backbone, repeats: Repeats) -> Tensor:
        """(n, |V|)."""
        return self.weight * presence(tokens, backbone.size)

    def weights(self, size: int) -> Tensor:
        """What each word of the vocabulary gets where the text holds it, (size,)."""
        return self.weight.detach().expand(size).contiguous()


class Static(Head):
    """A table of weights, such as idf, for the words of the text; repeats of a word count once, or each time.

    Args:
        table: (|V|,).
        learned: The table is trained, and used as ``relu(table)``.
        counts: Term frequency and not presence.
    """

    contextual = False

    def __init__(self, table: Tensor, *, learned: bool = False, counts: bool = False) -> None:
        super().__init__()
        self.table = nn.Parameter(table.float(), requires_grad=learned)
        self.counts = counts

    def forward(self, tokens: Tokens, backbone: Backbone, repeats: Repeats) -> Tensor:
        """(n, |V|)."""
        table = torch.relu(self.table) if self.table.requires_grad else self.table
        return table * presence(tokens, len(table), counts=self.counts)

    def weights(self, size: int) -> Tensor:
        """What each word of the vocabulary gets where the text holds it, (size,)."""
        return self.table.detach().contiguous()


class Mlp(Head):
    """One number for each occurrence, ``curve(a . h + b)``; b starts at 1, or half the words would begin silent."""

    def __init__(self, width: int, curve: Curve) -> None:
        super().__init__()
        self.linear, self.curve = nn.Linear(width, 1), curve
        nn.init.ones_(self.linear.bias)

    def forward(self, tokens: Tokens, backbone: Backbone, repeats: Repeats) -> Tensor:
        """(n, |V|)."""
        weights: Tensor = self.curve(self.linear(backbone(tokens).hidden).squeeze(-1)) * tokens.kept
        empty = weights.new_zeros(len(weights), backbone.size)
        if repeats == "sum":
            return empty.scatter_add(1, tokens.ids, weights)
        hidden = weights.masked_fill(tokens.kept == 0, float("-inf"))
        found = empty.scatter_reduce(1, tokens.ids, hidden, "amax", include_self=False)
        return found.masked_fill(found == float("-inf"), 0)


class Mlm(Head):
    """The vocabulary logits of all positions, pooled; with ``quality`` EPIC's importance of positions and of the text.

    MacAvaney et al., "Expansion via Prediction of Importance with Contextualization" (2020), for ``quality``.

    Args:
        pool: ``"max"``, or ``"sum"`` of the positions' weights.
        quality: The text's width if logits are multiplied by ``log1p(softplus(.))`` of each position and the vector by
            ``sigmoid(.)`` of the first; else None.
    """

    expands = True

    def __init__(self, curve: Curve, pool: Literal["max", "sum"] = "max", quality: int | None = None) -> None:
        super().__init__()
        if pool not in ("max", "sum"):
            raise UsageError(f"pool={pool!r} must be 'max' or 'sum'")
        self.curve, self.pool = curve, pool
        self.importance = nn.Linear(quality, 1) if quality else None
        self.quality = nn.Linear(quality, 1) if quality else None

    def forward(self, tokens: Tokens, backbone: Backbone, repeats: Repeats, columns: Tensor | None = None) -> Tensor:
        """(n, |V|), or (n, len(columns)) of these columns alone."""
        states = backbone(tokens)
        weight, extended = _with_bias(backbone), self._extended(states)
        if columns is not None:
            weight = weight[columns]
        if self.pool == "max":
            pooled: Tensor = self.curve(largest_logits(extended, weight, tokens.kept).clamp_min(_LOWEST))
            pooled = pooled * (tokens.kept.sum(1, keepdim=True) > 0)
        else:
            pooled = self._sums(extended, weight, tokens.kept)
        if self.quality is not None:
            pooled = pooled * torch.sigmoid(self.quality(states.hidden[:, 0]))
        return pooled

    def logits(self, tokens: Tokens, backbone: Backbone, columns: Sequence[int]) -> Tensor:
        """(n, length, len(columns))."""
        return self._extended(backbone(tokens)) @ _with_bias(backbone, list(columns)).T

    def _extended(self, states: States) -> Tensor:
        """States that the vocabulary matrix multiplies, and 1 for its bias; (n, length, width + 1)."""
        extended = torch.cat([states.transformed, torch.ones_like(states.transformed[..., :1])], -1)
        if self.importance is not None:
            extended = extended * torch.log1p(functional.softplus(self.importance(states.hidden)))
        return extended

    def _sums(self, states: Tensor, weight: Tensor, kept: Tensor) -> Tensor:
        """A slice of words at a time, computed again for the gradient and not kept."""

        def of(words: Tensor, states: Tensor) -> Tensor:
            weights: Tensor = self.curve(states @ words.T)
            return (weights * kept.unsqueeze(-1)).sum(1)

        parts = [weight[start : start + _SLICE] for start in range(0, len(weight), _SLICE)]
        return torch.cat([checkpoint(of, part, states, use_reentrant=False) for part in parts], 1)


class ClsMlm(Head):
    """The vocabulary logits of the first position alone."""

    expands = True

    def __init__(self, curve: Curve) -> None:
        super().__init__()
        self.curve = curve

    def forward(self, tokens: Tokens, backbone: Backbone, repeats: Repeats) -> Tensor:
        """(n, |V|)."""
        weights: Tensor = self.curve(backbone.vocabulary(backbone(tokens).transformed[:, 0]))
        return weights

    def logits(self, tokens: Tokens, backbone: Backbone, columns: Sequence[int]) -> Tensor:
        """(n, length, len(columns)), ``-inf`` but at the first position."""
        found: Tensor = backbone.vocabulary(backbone(tokens).transformed)[..., list(columns)]
        found[:, 1:] = float("-inf")
        return found


def _with_bias(backbone: Backbone, columns: list[int] | slice = slice(None)) -> Tensor:
    """Rows of the vocabulary matrix with their bias as one more column, (|V|, width + 1)."""
    weight, bias = backbone.vocabulary.weight[columns], backbone.vocabulary.bias
    return torch.cat([weight, (weight.new_zeros(len(weight)) if bias is None else bias[columns]).unsqueeze(1)], 1)


_LOWEST = torch.finfo(torch.float32).min  # in place of -inf, whose softplus or gradient would not be finite


def presence(tokens: Tokens, size: int, *, counts: bool = False) -> Tensor:
    """1 for every word that a text holds, or how often it does, shape (n, size)."""
    found = tokens.kept.new_zeros(len(tokens.ids), size).scatter_add(1, tokens.ids, tokens.kept)
    return found if counts else (found > 0).to(found.dtype)


def top(weights: Tensor, k: int) -> Tensor:
    """Each row's k largest weights, the others 0; the gradient reaches only those kept."""
    if k >= weights.shape[1]:
        return weights
    kept = torch.zeros_like(weights).scatter_(1, weights.detach().topk(k, 1).indices, 1.0)
    return weights * kept


def pruned(weights: Tensor, ratio: float) -> Tensor:
    """Weights above ``ratio`` times the largest of their row, the others 0."""
    return weights * (weights > ratio * weights.amax(1, keepdim=True))
