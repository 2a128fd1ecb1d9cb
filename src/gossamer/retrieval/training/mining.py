"""Which documents a query should learn from: hard negatives that are none in disguise, and pairs that hold.

Negatives as in Geng et al., "Towards Competitive Search Relevance For Inference-Free Learned Sparse Retrievers" (2024);
the consistency filter after Dai et al., "Promptagator: Few-shot Dense Retrieval From 8 Examples" (2023).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from gossamer.errors import UsageError
from gossamer.retrieval.block_index import BlockIndex
from gossamer.retrieval.encoders.impacts import Impacts
from gossamer.retrieval.training.groups import Group
from gossamer.retrieval.training.supervision import ensembled
from gossamer.retrieval.training.trainer import Teacher

Watch = Callable[[int, int], None]
_TOGETHER = 128  # queries that are looked at at a time


def mine_negatives(
    groups: Sequence[Group],
    documents: Sequence[str],
    *,
    teachers: Sequence[Teacher] = (),
    each: int = 3,
    ranks: tuple[int, int] = (5, 50),
    below: float = 0.95,
    seed: int = 0,
    watch: Watch | None = None,
) -> list[Group]:
    """Groups with negatives that BM25 takes for relevant and the teachers do not.

    A query's candidates are the documents at BM25's ``ranks``; a positive of the same query in any group, and a copy
    of one, is none. Where the teachers' normalised mean score of one is not below ``below`` times the positive's, it is
    left out: it may well be relevant. Of the others ``each`` are drawn; where fewer are left, documents by chance fill
    up. Scores and additions that the groups had are dropped: the new documents have none.

    Args:
        groups: Only their positives are kept.
        documents: The collection to draw from.
        teachers: Judge the candidates; without any, BM25's ranks alone decide.
        each: Negatives of each query.
        ranks: First and last, from 1.
        below: Share of the positive's score.
        seed: Of what is drawn.
        watch: Called with (queries done, queries in all).

    Raises:
        UsageError: Ranks that are none, or too few documents to draw from.

    Example:
        >>> pair, others = Group("lift of wings", ("a wing lifts",)), ["wings of geese", "lift a cup", "tea"]
        >>> sorted(mine_negatives([pair], others, each=2, ranks=(1, 2))[0].documents)
        ['a wing lifts', 'lift a cup', 'wings of geese']
    """
    first, last = ranks
    if not (1 <= first <= last and each >= 1):
        raise UsageError(f"ranks={ranks} must be two ranks from 1 on, the lower first, and each={each} at least 1")
    texts = list(dict.fromkeys(documents))
    positives: dict[str, set[str]] = {}
    for group in groups:
        positives.setdefault(group.query, set()).add(group.documents[0])
    most = max(map(len, positives.values()), default=0)
    if len(texts) < each + most:
        raise UsageError(f"{len(texts)} distinct documents are too few for {each} negatives of every query")
    bm25 = Impacts(texts)
    index = BlockIndex.build(bm25.encode_documents(texts))
    found: list[Group] = []
    for members in _parts(groups, watch):
        rows, _ = index.search(bm25.encode_queries([group.query for group in members]), last)
        for group, row in zip(members, rows[:, first - 1 :].tolist(), strict=True):
            own = positives[group.query]
            near = [texts[at] for at in row if at >= 0 and texts[at] not in own]
            rng = np.random.default_rng([seed, len(found)])
            good = _not_relevant(group, near, teachers, below) if teachers else near
            drawn = [good[at] for at in rng.permutation(len(good)).tolist()]
            if len(drawn) < each:
                drawn += _by_chance(texts, {*near, *own}, each, rng) + [text for text in near if text not in good]
            drawn = drawn[:each]
            found.append(replace(group, documents=(group.documents[0], *drawn), scores=(), additions=()))
    return found


def consistent(
    groups: Sequence[Group],
    teachers: Sequence[Teacher],
    *,
    top: int = 20,
    sample: int = 2000,
    weights: Sequence[float] | None = None,
    seed: int = 0,
    watch: Watch | None = None,
) -> list[Group]:
    """The groups whose positive the teachers together find among a sample of the positives.

    Args:
        groups: Pairs, made perhaps by :func:`~gossamer.retrieval.training.pairs.make_pairs`.
        teachers: Their scores are normalised query by query, and averaged.
        top: The positive has to be among so many best.
        sample: Passages that it stands among.
        weights: Of the teachers; None = equal.
        seed: Draws the sample.
        watch: Called with (queries done, queries in all).

    Raises:
        UsageError: No teacher.
    """
    if not teachers:
        raise UsageError("the consistency filter asks teachers; name at least one")
    known = list(dict.fromkeys(group.documents[0] for group in groups))
    drawn = np.random.default_rng(seed).permutation(len(known))[:sample].tolist()
    passages = [known[at] for at in drawn]
    places = {text: at for at, text in enumerate(passages)}
    kept = []
    for members in _parts(groups, watch):
        queries, own = [group.query for group in members], [group.documents[0] for group in members]
        among = torch.tensor([places.get(text, -1) for text in own]).unsqueeze(1) == torch.arange(len(passages))
        scores = [_beside(teacher, queries, own, passages) for teacher in teachers]
        mean = ensembled(scores, scale=1.0, weights=weights)
        ahead = (mean[:, 1:] >= mean[:, :1]) & ~among.to(mean.device)  # what only ties with others is not found
        kept += [group for group, above in zip(members, ahead.sum(1).tolist(), strict=True) if above < top]
    return kept


def _beside(teacher: Teacher, queries: Sequence[str], own: Sequence[str], passages: Sequence[str]) -> Tensor:
    """A teacher's score of each query's own document, and of every passage; (queries, 1 + passages)."""
    return torch.cat([teacher(queries, own).diagonal().unsqueeze(1), teacher(queries, passages)], 1)


def _not_relevant(group: Group, near: Sequence[str], teachers: Sequence[Teacher], below: float) -> list[str]:
    """Those that score clearly below the positive; nothing can be said by two documents."""
    if len(near) < 2:
        return list(near)
    scores = [teacher([group.query], [group.documents[0], *near]) for teacher in teachers]
    mean = ensembled(scores, scale=1.0)[0]
    return [text for text, score in zip(near, mean[1:].tolist(), strict=True) if score < below * float(mean[0])]


def _by_chance(texts: Sequence[str], known: set[str], each: int, rng: np.random.Generator) -> list[str]:
    """``each`` documents that are not known, or as many as there are."""
    drawn = rng.choice(len(texts), min(len(texts), each + len(known)), replace=False)
    return [texts[at] for at in drawn.tolist() if texts[at] not in known][:each]


def _parts(groups: Sequence[Group], watch: Watch | None) -> Iterator[Sequence[Group]]:
    for start in range(0, len(groups), _TOGETHER):
        members = groups[start : start + _TOGETHER]
        yield members
        if watch is not None:
            watch(start + len(members), len(groups))
