"""How much a point of the encoder, and of what is searched beside it, counts against its teachers' scores: learned.

A softmax knows how large scores are. Were the encoder's own taken as they are, it would have to make its vectors larger
or smaller to agree with its teachers, and that is what a penalty of their length is for.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn


class Mixture(nn.Module):
    """Two factors, above zero.

    Args:
        ours: Of the encoder's scores, at first.
        beside: Of what is searched beside it, at first.
        learned: They are trained.

    Example:
        >>> Mixture(0.5, 2.0).weight
        0.25
    """

    def __init__(self, ours: float = 1.0, beside: float = 1.0, *, learned: bool = False) -> None:
        super().__init__()
        self.logarithms = nn.Parameter(torch.tensor([math.log(ours), math.log(beside)]), requires_grad=learned)

    @property
    def ours(self) -> Tensor:
        """Of the encoder's scores."""
        return self.logarithms[0].exp()

    @property
    def beside(self) -> Tensor:
        """Of what is searched beside it."""
        return self.logarithms[1].exp()

    @property
    def weight(self) -> float:
        """What a point of the encoder counts where one beside it counts 1."""
        return float((self.logarithms[0] - self.logarithms[1]).detach().exp())

    def state(self) -> dict[str, Tensor]:
        """What a checkpoint has to keep."""
        return {"logarithms": self.logarithms.detach()}

    @torch.no_grad()
    def restore(self, state: dict[str, Tensor]) -> None:
        """What :meth:`state` gave."""
        if state:
            self.logarithms.copy_(state["logarithms"])
