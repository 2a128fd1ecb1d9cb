"""Training data: a query with the documents that answer it or do not, and what a teacher says of them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from gossamer.errors import UsageError


@dataclass(frozen=True)
class Group:
    """A query and its documents.

    Args:
        query: Text.
        documents: Texts, the first of them the positive.
        scores: A teacher's score of each document; empty without a teacher.
        additions: What an expansion appends to each document; empty for none.
        source: Batches hold groups of one source.
    """

    query: str
    documents: tuple[str, ...]
    scores: tuple[float, ...] = ()
    additions: tuple[str, ...] = ()
    source: str = ""

    def __post_init__(self) -> None:
        if not self.documents:
            raise UsageError(f"query {self.query[:60]!r} has no document; the first is the positive")
        for name, given in (("scores", self.scores), ("additions", self.additions)):
            if given and len(given) != len(self.documents):
                raise UsageError(f"query {self.query[:60]!r}: {len(self.documents)} documents, {len(given)} {name}")

    @property
    def texts(self) -> tuple[str, ...]:
        """The documents with what was appended to them."""
        if not self.additions:
            return self.documents
        return tuple(f"{text} {more}" for text, more in zip(self.documents, self.additions, strict=True))


def read_groups(path: str | PathLike[str]) -> list[Group]:
    """Groups of a JSONL file: ``{"query", "positive" | "pos", "negatives" | "negs", "scores", "additions"}`` a line.

    Raises:
        UsageError: A line that is none, with its number.
    """
    return list(_lines(Path(path)))


def _lines(path: Path) -> Iterator[Group]:
    try:
        with path.open(encoding="utf-8") as file:
            for number, line in enumerate(file, 1):
                if line.strip():
                    try:
                        yield _group(json.loads(line))
                    except (ValueError, TypeError, KeyError) as error:
                        raise UsageError(f"{path}, line {number}: {_said(error)}") from error
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror or error}") from error


def _said(error: Exception) -> str:
    return f"no {error}" if isinstance(error, KeyError) else str(error)


def _group(row: dict[str, Any]) -> Group:
    if not isinstance(row, dict):
        raise UsageError("not an object with a query and a positive")
    positive = row.get("positive", row.get("pos"))
    if positive is None or "query" not in row:
        raise UsageError('not an object with "query" and "positive"')
    first = positive if isinstance(positive, list) else [positive]
    rest = row.get("negatives", row.get("negs", []))
    documents = tuple(map(str, [*first[:1], *rest]))
    scores, additions = tuple(map(float, row.get("scores", ()))), tuple(map(str, row.get("additions", ())))
    return Group(str(row["query"]), documents, scores, additions, str(row.get("source", "")))


class Batches:
    """Batches of groups for ever, the same for the same seed, from any step on.

    Args:
        groups: All of them.
        size: Groups of a batch.
        negatives: Documents beside the positive that each brings; drawn from its own where it has more.
        seed: Of the order.

    Raises:
        UsageError: No groups, or one with too few documents.
    """

    def __init__(self, groups: Sequence[Group], size: int, negatives: int, seed: int) -> None:
        if not groups:
            raise UsageError("no training data: not one query with a document")
        short = next((one for one in groups if len(one.documents) <= negatives), None)
        if short is not None:
            raise UsageError(
                f"query {short.query[:60]!r} has {len(short.documents) - 1} documents beside the positive, and "
                f"{negatives} are wanted; mine more, or ask for fewer"
            )
        self._groups, self._size, self._negatives, self._seed = groups, size, negatives, seed
        by_source: dict[str, list[int]] = {}
        for at, group in enumerate(groups):
            by_source.setdefault(group.source, []).append(at)
        self._sources = [np.array(members) for _, members in sorted(by_source.items())]
        self._epoch: tuple[int, list[np.ndarray[Any, Any]]] = (-1, [])

    @property
    def an_epoch(self) -> int:
        """Batches until every group was seen."""
        return sum(-(-len(members) // self._size) for members in self._sources)

    def batch(self, step: int) -> list[Group]:
        """Batch number ``step``, with ``negatives + 1`` documents a group."""
        epoch, place = divmod(step, self.an_epoch)
        if self._epoch[0] != epoch:
            self._epoch = epoch, self._shuffled(epoch)
        rng = np.random.default_rng([self._seed, 1, step])
        return [self._drawn(self._groups[at], rng) for at in self._epoch[1][place]]

    def _shuffled(self, epoch: int) -> list[np.ndarray[Any, Any]]:
        rng = np.random.default_rng([self._seed, 0, epoch])
        batches = []
        for members in self._sources:
            order = rng.permutation(members)
            batches += [order[start : start + self._size] for start in range(0, len(order), self._size)]
        return [batches[at] for at in rng.permutation(len(batches))]

    def _drawn(self, group: Group, rng: np.random.Generator) -> Group:
        if len(group.documents) == self._negatives + 1:
            return group
        kept = [0, *(1 + rng.choice(len(group.documents) - 1, self._negatives, replace=False)).tolist()]

        def of(values: tuple[Any, ...]) -> tuple[Any, ...]:
            return tuple(values[at] for at in kept) if values else ()

        return Group(group.query, of(group.documents), of(group.scores), of(group.additions), group.source)
