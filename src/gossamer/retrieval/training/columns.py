"""A step over some of the vocabulary in place of all of it.

Queries that do not expand touch a few hundred of 30,000 columns, so the scores of a batch need no others; what FLOPS
says of the rest is estimated, without bias, from a few drawn by chance.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from gossamer.errors import UsageError
from gossamer.retrieval.encoders import heads

if TYPE_CHECKING:
    from gossamer.retrieval.encoders.backbone import Tokens
    from gossamer.retrieval.encoders.learned import LearnedEncoder

_FREQUENT = 256  # of the commonest words, whose columns are the longest


@dataclass(frozen=True)
class Columns:
    """The columns of a step.

    Args:
        ids: (m,) column numbers, each once.
        stands_for: (m,) how many columns each stands for: 1 for those that are there for certain.
    """

    ids: Tensor
    stands_for: Tensor


class Sampler:
    """Draws the columns of every step: those of the queries, the commonest words, and some of the others by chance.

    Args:
        encoder: Its queries must not expand.
        drawn: Columns drawn by chance.

    Raises:
        UsageError: A query may hold any word, or more columns are wanted than there are.
    """

    def __init__(self, encoder: LearnedEncoder, drawn: int) -> None:
        head = encoder.query.head
        if head.expands:
            raise UsageError("queries that expand may touch every column; take another query head, or all columns")
        self._useful = encoder.document.columns.nonzero()[:, 0].cpu()
        if not 1 <= drawn < len(self._useful) - _FREQUENT:
            raise UsageError(f"columns={drawn}: draw at least one, and fewer than the {len(self._useful)} there are")
        self._drawn, self._size = drawn, encoder.document.backbone.size
        self._certain = torch.zeros(self._size, dtype=torch.bool)
        if isinstance(head, heads.Static):  # idf is lowest where columns are longest
            table = head.table.detach().cpu().index_select(0, self._useful)
            self._certain[self._useful[table.argsort(stable=True)[:_FREQUENT]]] = True

    def draw(self, queries: Tokens, rng: np.random.Generator) -> Columns:
        """The columns of a batch of queries."""
        certain = self._certain.clone()
        certain[queries.ids[queries.kept > 0].cpu()] = True
        rest = self._useful[~certain[self._useful]]
        drawn = rest[torch.from_numpy(rng.choice(len(rest), min(self._drawn, len(rest)), replace=False))]
        sure = certain.nonzero()[:, 0]
        share = torch.cat([torch.ones(len(sure)), torch.full((len(drawn),), len(rest) / max(1, len(drawn)))])
        return Columns(torch.cat([sure, drawn]), share)
