"""A BERT-like encoder that runs in the native core, without torch: ids to states, to dense vectors, to sparse ones.

Formal et al., "SPLADE v2" (2021) for weights by a language-model head; Dai & Callan, "Context-Aware Term Weighting For
First Stage Passage Retrieval" (DeepCT, 2020) and Lin & Ma, "uniCOIL" (2021) for weights of the text's own words;
Reimers & Gurevych, "Sentence-BERT" (2019) for mean pooling.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Literal

import numpy as np
import numpy.typing as npt

from gossamer import _native
from gossamer.errors import UsageError
from gossamer.retrieval.encoders.parts import Activation, Norm, curve
from gossamer.retrieval.encoders.transformer.checkpoint import Checkpoint
from gossamer.retrieval.vectors import SparseVectors

Ids = Sequence[npt.NDArray[np.uint32]]
_TOGETHER = 1 << 14  # ids whose states are held at a time
_POOLS = {"max": np.maximum, "sum": np.add}
_STARTS = {"max": -np.inf, "sum": 0.0}


class Network:
    """Runs a checkpoint.

    Texts are ids, as :meth:`WordPiece.encode` gives them, already cut to the model's length. Texts of about one length
    run together, `threads` batches at a time; a text's result does not depend on the others, nor on the threads.

    Args:
        checkpoint: Weights, float32 or int8. They are copied into the order that the processor wants.

    Raises:
        UsageError: Query, key and value of a layer are not all int8, or none.

    Example:
        >>> network = Network(Checkpoint.load("encoder/"))  # doctest: +SKIP
        >>> network.encode(pieces.encode(["boundary layer flow"])).shape  # doctest: +SKIP
        (1, 30522)
    """

    def __init__(self, checkpoint: Checkpoint) -> None:
        self.shape, self.has_head = checkpoint.shape, checkpoint.has_head
        arrays = dict(checkpoint.arrays)
        types = arrays.pop("embeddings.types.weight", None)
        if types is not None:  # a text has one segment
            arrays["embeddings.positions.weight"] = arrays["embeddings.positions.weight"] + types[0]
        arrays = {
            name: np.ascontiguousarray(array.view(np.uint16) if array.dtype == np.float16 else array)
            for name, array in arrays.items()
        }
        config = {name: getattr(self.shape, name) for name in self.shape.__dataclass_fields__}
        try:
            self._native = _native.Transformer(config, arrays)
        except ValueError as error:
            raise UsageError(str(error)) from error

    def encode(
        self,
        ids: Ids,
        *,
        states: npt.NDArray[np.float32] | None = None,
        weight: Literal["relu", "log1p", "l0"] = "log1p",
        ignored: Sequence[int] = (),
        margin: tuple[int, int] = (0, 0),
        left_out: Sequence[int] = (),
        first_only: bool = False,
        threshold: float = 0.0,
        prune: float = 0.0,
        top_k: int | None = None,
        threads: int = 1,
    ) -> SparseVectors:
        """Weights of the vocabulary's words: the largest over the positions of a text.

        Args:
            ids: One array a text.
            states: The last layer's of every id, texts end to end, if another runtime has made them.
            weight: Of a logit x > 0: itself, ``log(1 + x)`` or ``log(1 + log(1 + x))``; others weigh nothing.
            ignored: Ids whose positions do not count.
            margin: So many positions at a text's beginning and at its end do not count.
            left_out: Ids that get no weight.
            first_only: Whether the first position alone counts, whatever it is (clsMLM).
            threshold: Weights up to it are dropped.
            prune: And those up to this share of the text's largest, in [0, 1).
            top_k: At most so many are kept; of equal ones those of smaller ids.
            threads: How many batches run at a time.

        Returns:
            Shape ``(len(ids), vocabulary)``.

        Raises:
            UsageError: The model has no such head, a text is too long, an id is beyond the vocabulary, or an option
                is wrong.
        """
        if not self.has_head:
            raise UsageError("the model gives no weights to words: its checkpoint has no language-model head")
        if not 0 <= prune < 1:
            raise UsageError(f"prune={prune} must lie in [0, 1)")
        if top_k is not None and top_k < 1:
            raise UsageError(f"top_k={top_k} must be at least 1, or None")
        try:
            found = self._native.encode(
                *_end_to_end(ids),
                states,
                list(ignored),
                margin,
                first_only,
                list(left_out),
                weight,
                threshold,
                prune,
                top_k,
                threads,
            )
        except ValueError as error:
            raise UsageError(str(error)) from error
        return SparseVectors(*found, self.shape.vocabulary)

    def states(self, ids: Ids, *, threads: int = 1) -> npt.NDArray[np.float32]:
        """The last layer's state of every id, ``(sum of lengths, width)``, texts end to end.

        Raises:
            UsageError: A text is too long, or an id is beyond the vocabulary.
        """
        return self._states(ids, "last", threads)

    def means(self, ids: Ids, *, threads: int = 1) -> npt.NDArray[np.float32]:
        """The mean of each text's states, ``(len(ids), width)``; zeros for a text without ids.

        Raises:
            UsageError: A text is too long, or an id is beyond the vocabulary.
        """
        return self._states(ids, "mean", threads)

    def transformed(
        self, ids: Ids, *, states: npt.NDArray[np.float32] | None = None, threads: int = 1
    ) -> npt.NDArray[np.float32]:
        """What the head multiplies with the words, of every id, ``(sum of lengths, width)``, texts end to end.

        Args:
            ids: One array a text.
            states: As :meth:`encode`.
            threads: How many batches run at a time.

        Raises:
            UsageError: The model has no such head, a text is too long, or an id is beyond the vocabulary.
        """
        return self._states(ids, "transformed", threads, states)

    def weigh_tokens(
        self,
        ids: Ids,
        weights: npt.NDArray[np.float32],
        bias: float,
        *,
        activation: Activation = "relu",
        norm: Norm = "log1p",
        pool: Literal["max", "sum"] = "max",
        ignored: Sequence[int] = (),
        margin: tuple[int, int] = (0, 0),
        threads: int = 1,
    ) -> SparseVectors:
        """Weights of a text's own words, from one linear map of their states.

        Args:
            ids: One array a text.
            weights, bias: The map, ``(width,)`` and a number.
            activation, norm: An occurrence weighs ``norm(activation(map))``; what then is below 0 in all is dropped.
            pool: What an id that occurs twice weighs: the larger weight or the sum.
            ignored: Ids that get no weight.
            margin: So many positions at a text's beginning and at its end do not count.
            threads: How many batches run at a time.

        Returns:
            Shape ``(len(ids), vocabulary)``.

        Raises:
            UsageError: A text is too long, or an id is beyond the vocabulary.
        """
        if pool not in _POOLS:
            raise UsageError(f"pool={pool!r}: use {' or '.join(_POOLS)}")
        dropped = np.zeros(self.shape.vocabulary, bool)
        dropped[list(ignored)] = True
        found = []
        for part in runs_of(ids):
            flat = np.concatenate([np.empty(0, np.uint32), *part])
            counts = np.concatenate([np.empty(0, bool), *(_within(len(one), margin) for one in part)])
            counts &= ~dropped[flat]
            states = self.states(part, threads=threads)[counts]
            values = curve(states @ np.asarray(weights, np.float32) + np.float32(bias), activation, norm)
            texts = np.repeat(np.arange(len(part)), [len(one) for one in part])[counts]
            found.append(self._pooled(texts, flat[counts], values, pool, len(part)))
        indptr = np.cumsum(np.concatenate([[0], *(counts for counts, _, _ in found)]), dtype=np.int64)
        columns = np.concatenate([np.empty(0, np.uint32), *(part[1] for part in found)])
        pooled = np.concatenate([np.empty(0, np.float32), *(part[2] for part in found)])
        return SparseVectors(indptr, columns, pooled, self.shape.vocabulary)

    def _pooled(
        self,
        texts: npt.NDArray[np.int64],
        ids: npt.NDArray[np.uint32],
        values: npt.NDArray[np.float32],
        pool: str,
        n: int,
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.uint32], npt.NDArray[np.float32]]:
        """(entries of each of n texts, their columns, their weights) of occurrences."""
        keys, places = np.unique(texts * self.shape.vocabulary + ids, return_inverse=True)
        pooled = np.full(len(keys), _STARTS[pool], np.float32)
        _POOLS[pool].at(pooled, places, values)
        kept = pooled > 0
        of_text, columns = np.divmod(keys[kept], self.shape.vocabulary)
        return np.bincount(of_text, minlength=n), columns.astype(np.uint32), pooled[kept]

    def _states(
        self, ids: Ids, kind: str, threads: int, given: npt.NDArray[np.float32] | None = None
    ) -> npt.NDArray[np.float32]:
        try:
            return self._native.states(*_end_to_end(ids), given, kind, threads)
        except ValueError as error:
            raise UsageError(str(error)) from error


def _end_to_end(ids: Ids) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.uint32]]:
    indptr = np.cumsum([0, *(len(one) for one in ids)], dtype=np.int64)
    if not len(ids):
        return indptr, np.empty(0, np.uint32)
    flat = np.concatenate([np.asarray(one) for one in ids])
    if len(flat) and (flat.dtype.kind not in "iu" or flat.min() < 0 or flat.max() >= 1 << 32):
        raise UsageError(f"ids are integers from 0, not {flat.dtype} from {flat.min()} to {flat.max()}")
    return indptr, np.ascontiguousarray(flat, np.uint32)


def _within(length: int, margin: tuple[int, int]) -> npt.NDArray[np.bool_]:
    """The positions of a text that count."""
    places = np.arange(length)
    return (places >= margin[0]) & (places < length - margin[1])


def runs_of(ids: Ids) -> list[Ids]:
    """Runs of texts with about `_TOGETHER` ids each."""
    ends = np.cumsum([len(one) for one in ids], dtype=np.int64) // _TOGETHER
    cuts = [0, *(np.flatnonzero(np.diff(ends)) + 1).tolist(), len(ids)]
    return [ids[start:stop] for start, stop in pairwise(cuts)]
