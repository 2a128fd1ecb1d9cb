"""The table of an inference-free query: how rare each word piece is.

Geng et al., "Towards Competitive Search Relevance For Inference-Free Learned Sparse Retrievers" (2024).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from gossamer.retrieval.encoders.idf import idf

if TYPE_CHECKING:
    from gossamer.retrieval.encoders.backbone import Backbone


def idf_table(backbone: Backbone, texts: Iterable[str]) -> Tensor:
    """``ln(1 + (N - n + 0.5) / (n + 0.5))`` of every word piece, shape (|V|,); special tokens 0.

    A piece that no text holds counts as one that a single text holds: it is not rarer than anything can be known to be.
    """
    return torch.from_numpy(idf(backbone.pieces, backbone.size, backbone.special, texts))
