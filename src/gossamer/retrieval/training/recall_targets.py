"""What DeepCT learns: for each document and word, the share of the queries it answers that hold the word.

Dai & Callan, "Context-Aware Sentence/Passage Term Importance Estimation For First Stage Retrieval" (2019).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import torch
from torch import Tensor

from gossamer.retrieval.encoders.backbone import Tokens
from gossamer.retrieval.encoders.heads import presence
from gossamer.retrieval.encoders.learned import Side
from gossamer.retrieval.training.groups import Group


class RecallTargets:
    """Counts of words over the queries of every positive document."""

    def __init__(self, groups: Sequence[Group], side: Side) -> None:
        self._size = side.backbone.size
        self._queries: Counter[str] = Counter()
        self._words: dict[str, Counter[int]] = {}
        for group, pieces in zip(groups, side.backbone.pieces([group.query for group in groups]), strict=True):
            self._queries[group.documents[0]] += 1
            self._words.setdefault(group.documents[0], Counter()).update(set(pieces))

    def of(self, groups: Sequence[Group], tokens: Tokens) -> tuple[Tensor, Tensor]:
        """Targets and presence, both (documents, |V|); documents that answer no query have no say."""
        present = presence(tokens, self._size)
        targets = torch.zeros_like(present)
        for row, document in enumerate(text for group in groups for text in group.documents):
            words = self._words.get(document)
            if words is None:
                present[row] = 0
                continue
            columns = torch.tensor(list(words), device=targets.device)
            counts = torch.tensor(list(words.values()), dtype=targets.dtype, device=targets.device)
            targets[row, columns] = counts / self._queries[document]
        return targets * present, present
