"""AdamW for matrices of which a step sees a few rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor


class LazyAdamW(torch.optim.AdamW):
    """AdamW (Loshchilov & Hutter, "Decoupled Weight Decay Regularization", 2019) that lets untouched rows lie.

    In groups with ``lazy=True`` a row without a gradient keeps its value and its two moments, where AdamW would go on
    moving it by the first and shrink it. All rows share one count of steps.

    Example:
        >>> rows = torch.nn.Parameter(torch.ones(2, 1))
        >>> optimizer = LazyAdamW([{"params": [rows], "lazy": True}], lr=0.1)
        >>> rows[:1].sum().backward(); optimizer.step(); rows.detach().flatten()
        tensor([0.8990, 1.0000])
    """

    def __init__(self, params: Any, **settings: Any) -> None:
        super().__init__(params, **settings)
        for group in self.param_groups:
            group.setdefault("lazy", False)

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> Any:
        """One step; groups that are not lazy move as AdamW moves them."""
        later = [
            (one, one.grad, group)
            for group in self.param_groups
            if group["lazy"]
            for one in group["params"]
            if one.grad is not None
        ]
        for one, _, _ in later:
            one.grad = None  # AdamW passes over it
        found = super().step(closure)
        for one, gradient, group in later:
            one.grad = gradient
            self._move(one, gradient, group)
        return found

    def _move(self, parameter: Tensor, gradient: Tensor, group: dict[str, Any]) -> None:
        state = self.state[parameter]
        if not state:
            state["step"] = torch.zeros(())
            state["exp_avg"], state["exp_avg_sq"] = torch.zeros_like(parameter), torch.zeros_like(parameter)
        state["step"] += 1
        first, second = group["betas"]
        rows = gradient.flatten(1).ne(0).any(1).nonzero()[:, 0] if gradient.ndim > 1 else gradient.nonzero()[:, 0]
        seen = gradient[rows]
        mean = state["exp_avg"][rows].lerp_(seen, 1 - first)
        square = state["exp_avg_sq"][rows].mul_(second).addcmul_(seen, seen, value=1 - second)
        state["exp_avg"][rows], state["exp_avg_sq"][rows] = mean, square
        steps = float(state["step"])
        scale = (square / (1 - second**steps)).sqrt_().add_(group["eps"])
        moved = parameter[rows].mul_(1 - group["lr"] * group["weight_decay"])
        parameter[rows] = moved.addcdiv_(mean, scale, value=-group["lr"] / (1 - first**steps))
