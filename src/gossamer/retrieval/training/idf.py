"""The table of an inference-free query: how rare each word piece is.

Geng et al., "Towards Competitive Search Relevance For Inference-Free Learned Sparse Retrievers" (2024).
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import TYPE_CHECKING

import torch
from torch import Tensor

if TYPE_CHECKING:
    from gossamer.retrieval.encoders.backbone import Backbone

_TOGETHER = 1024  # texts that are tokenised at a time


def idf_table(backbone: Backbone, texts: Iterable[str]) -> Tensor:
    """``ln(1 + (N - n + 0.5) / (n + 0.5))`` of every word piece, shape (|V|,); special tokens 0.

    A piece that no text holds counts as one that a single text holds: it is not rarer than anything can be known to be.
    """
    held = torch.zeros(backbone.size, dtype=torch.float64)
    count, rest = 0, iter(texts)
    while some := list(islice(rest, _TOGETHER)):
        count += len(some)
        for pieces in backbone.pieces(some):
            held[torch.tensor(sorted(set(pieces)), dtype=torch.long)] += 1
    held.clamp_(min=1)
    table = torch.log1p((count - held + 0.5) / (held + 0.5)).clamp_min(0).float()
    table[backbone.special] = 0
    return table
