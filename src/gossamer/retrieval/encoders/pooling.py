"""The largest logit of every vocabulary word over a text's positions, without all the logits at once.

``act`` and ``norm`` of a head rise monotonically, so the maximum may be taken before them; a text then needs |V|
numbers and not positions x |V|, and the gradient only needs to know which position won.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

_SLICE = 4096  # words whose logits exist at a time


class _LargestLogits(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, states: Tensor, weight: Tensor, mask: Tensor) -> Tensor:
        n, length, width = states.shape
        flat = states.reshape(n * length, width)
        hidden = ~mask.bool().unsqueeze(-1)
        best = states.new_empty(n, len(weight))
        winner = torch.empty(n, len(weight), dtype=torch.int32, device=states.device)
        for start in range(0, len(weight), _SLICE):
            words = slice(start, start + _SLICE)
            logits = (flat @ weight[words].T).view(n, length, -1).masked_fill_(hidden, float("-inf"))
            values, places = logits.max(1)
            best[:, words], winner[:, words] = values, places.int()
        ctx.save_for_backward(states, weight, winner)
        return best

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor, None]:
        """Only (text, word) pairs with a gradient count, and behind a ReLU those are few."""
        states, weight, winner = ctx.saved_tensors
        n, length, width = states.shape
        rows, words = gradient.nonzero(as_tuple=True)
        amount = gradient[rows, words].unsqueeze(1)
        places = rows * length + winner[rows, words].long()
        of_states = torch.zeros_like(states).view(n * length, width)
        of_states.index_add_(0, places, amount * weight[words])
        of_weight = torch.zeros_like(weight)
        of_weight.index_add_(0, words, amount * states.reshape(n * length, width)[places])
        return of_states.view_as(states), of_weight, None


def largest_logits(states: Tensor, weight: Tensor, mask: Tensor) -> Tensor:
    """``max over i with mask[i] of states[i] @ weight[v]``, shape (n, |V|); ``-inf`` for a text without positions.

    Args:
        states: (n, length, width).
        weight: (|V|, width).
        mask: (n, length), zero where a position does not count.

    Example:
        >>> largest_logits(torch.eye(2)[None], torch.tensor([[3.0, 1.0]]), torch.ones(1, 2))
        tensor([[3.]])
    """
    found: Tensor = _LargestLogits.apply(states, weight, mask)  # type: ignore[no-untyped-call]
    return found
