"""The mean of an encoder's weights at its last checkpoints, which is a little better than any one of them.

Izmailov et al., "Averaging Weights Leads to Wider Optima and Better Generalization" (2018).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


class Average:
    """Adds up weights at the last few of evenly spaced steps.

    Args:
        encoder: Whose parameters.
        steps: When training ends.
        every: From one of the steps to the next, counted back from the end.
        count: How many of them; with 1 the last weights stay as they are.
    """

    def __init__(self, encoder: nn.Module, steps: int, every: int, count: int) -> None:
        self._encoder = encoder
        self._at = {steps - back * every for back in range(count)} if count > 1 else set()
        self._sums: dict[str, Tensor] = {}
        self._seen = 0

    def see(self, done: int) -> None:
        """Called when ``done`` steps are done."""
        if done in self._at:
            self._seen += 1
            for name, one in self._encoder.named_parameters():
                now = one.detach().double()
                self._sums[name] = self._sums[name] + now if name in self._sums else now.clone()

    @torch.no_grad()
    def put(self) -> None:
        """Give the encoder the mean."""
        if self._seen:
            for name, one in self._encoder.named_parameters():
                one.copy_(self._sums[name] / self._seen)

    def state(self) -> dict[str, Tensor]:
        """What a checkpoint has to keep."""
        return {"seen": torch.tensor(self._seen), **self._sums} if self._seen else {}

    def restore(self, state: dict[str, Tensor]) -> None:
        """What :meth:`state` gave."""
        if state:
            self._seen = int(state["seen"])
            self._sums = {name: one for name, one in state.items() if name != "seen"}
