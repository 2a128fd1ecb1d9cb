"""A learned encoder that the native core runs, from any layout of published encoders, without torch.

What it can express: BERT and DistilBERT below, float32 or int8, and every head. ``mlm`` with the largest ReLU over
positions and ``cls-mlm`` are the core's own; sums, softplus and EPIC's importance and quality take all logits of a
text, by numpy, and are slower.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from os import PathLike
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from gossamer.errors import UsageError
from gossamer.retrieval.encoders import expansion, onnx_graph
from gossamer.retrieval.encoders.base import SparseEncoder
from gossamer.retrieval.encoders.encoding import Long, Pieces, Progress, Row, by_length, encode
from gossamer.retrieval.encoders.layouts import ours
from gossamer.retrieval.encoders.parts import Parts, SideParts, curve
from gossamer.retrieval.encoders.sources import Source, sources_of
from gossamer.retrieval.encoders.transformer.backbone import NativeBackbone
from gossamer.retrieval.encoders.transformer.network import Ids, runs_of
from gossamer.retrieval.encoders.transformer.table import LookUp, cut, stacked
from gossamer.retrieval.vectors import SparseVectors

_TOGETHER = 1 << 16  # word pieces that go to the native core at a time: Ctrl-C and progress come between
_WEIGHTS: Mapping[tuple[str, str], Literal["relu", "log1p", "l0"]] = {
    ("identity", "identity"): "relu", ("relu", "identity"): "relu", ("relu", "log1p"): "log1p",
    ("relu", "log1p_log1p"): "l0",
}  # fmt: skip


class NativeSide:
    """Queries or documents: a network, a head over it, and what counts.

    Args:
        parts: The head and the limits.
        backbone: The network and its tokeniser.
        threads: Batches that run at a time.

    Raises:
        UsageError: Weights of the head that do not fit the network.
    """

    def __init__(self, parts: SideParts, backbone: NativeBackbone, threads: int) -> None:
        self.parts, self.backbone, self.threads = parts, backbone, threads
        self._left_out = [] if parts.limits.special_columns else backbone.special
        tokenizer = backbone.tokenizer
        special = parts.limits.special_positions
        self._margin = (0, 0) if special else (len(tokenizer.before), len(tokenizer.after))
        self._check()
        self._look_up = None if self.contextual else self._read_table()

    @property
    def terms(self) -> list[str]:
        """Column to word piece."""
        return self.backbone.terms

    @property
    def contextual(self) -> bool:
        """Whether the head needs the network."""
        return self.parts.head.contextual

    @property
    def room(self) -> int:
        """Word pieces of a text that are read at a time."""
        return self.backbone.room(self.parts.limits.longest)

    def look_up(self) -> LookUp | None:
        """What makes vectors of texts if that needs nothing but a table."""
        return None if self.parts.limits.special_positions else self._look_up

    def pieces(self, texts: Sequence[str]) -> Pieces:
        """Word pieces of each text, without special tokens and of any length."""
        return self.backbone.pieces(texts, self.threads)

    def run(self, pieces: Pieces, batch: int) -> Iterator[tuple[list[int], list[Row]]]:
        """Places in ``pieces`` and the vectors there, rows of about one length together."""
        order = by_length(pieces, empty=self.parts.limits.special_positions)
        start = 0
        while start < len(order):
            stop, ids = start, 0
            while stop < len(order) and (stop == start or ids + len(pieces[order[stop]]) <= _TOGETHER):
                ids += len(pieces[order[stop]]) + 2
                stop += 1
            members = order[start:stop]
            found = self._weigh(self.backbone.around([pieces[at] for at in members]))
            ends = found.indptr.tolist()
            yield members, [(found.indices[a:b], found.values[a:b]) for a, b in pairwise(ends)]
            start = stop

    @property
    def expands(self) -> bool:
        """Whether words that the text does not hold may get weight."""
        return self.parts.head.head in ("mlm", "cls-mlm")

    def peaks(self, windows: Pieces, columns: Pieces) -> list[tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]]]:
        """As :data:`gossamer.retrieval.encoders.sources.Peaks` has it, of a head that expands."""
        ids = self.backbone.around(windows)
        before = len(self.backbone.tokenizer.before)
        found = []
        for window, (_, logits) in zip(windows, self._logits(ids, [*map(list, columns)]), strict=True):
            first, last = self._counted(len(logits))
            places = logits[first:last].argmax(0) + first
            values = logits[places, np.arange(len(places))]
            places = places - before
            found.append((values, np.where((places >= 0) & (places < len(window)), places, -1)))
        return found

    @property
    def _by_core(self) -> bool:
        """Whether the core's own head makes the weights."""
        head = self.parts.head
        return (head.activation, head.norm) in _WEIGHTS and head.pool == "max" and not head.quality

    def _weigh_logits(self, ids: list[npt.NDArray[np.uint32]]) -> SparseVectors:
        """Vectors by all logits of a text at a time; as :class:`gossamer.retrieval.encoders.heads.Mlm` has it."""
        head, limits, weights, size = self.parts.head, self.parts.limits, self.parts.weights, self.backbone.size
        rows = [SparseVectors([0], [], [], size)]
        for part in runs_of(ids):
            for first_state, logits in self._logits(part, None):
                first, last = self._counted(len(logits))
                kept, row = logits[first:last], np.zeros(size, np.float32)
                if len(kept) and head.pool == "sum":
                    row[: kept.shape[1]] = curve(kept, head.activation, head.norm).sum(0)
                elif len(kept):
                    row[: kept.shape[1]] = curve(kept.max(0), head.activation, head.norm)
                if head.quality:
                    quality = first_state @ weights["quality.weight"][0] + weights["quality.bias"][0]
                    row /= 1 + np.exp(-quality)
                row[self._left_out] = 0
                columns = np.flatnonzero(row > 0)
                rows.append(cut(SparseVectors([0, len(columns)], columns, row[columns], size), limits))
        return stacked(rows, size)

    def _logits(
        self, ids: Ids, words: Sequence[list[int]] | None
    ) -> Iterator[tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]]:
        """Of each text the first state, and what is pooled of some words, or of all, (length, words)."""
        logits = self.backbone.logits(ids, words, self.threads)
        if not self.parts.head.quality:
            yield from ((np.empty(0, np.float32), of_text) for of_text in logits)
            return
        linear, bias = (self.parts.weights[f"importance.{part}"] for part in ("weight", "bias"))
        ends = np.cumsum([len(one) for one in ids])[:-1]
        states = np.split(self.backbone.network.states(ids, threads=self.threads), ends)
        for of_text, found in zip(states, logits, strict=True):
            yield of_text[0], found * curve(of_text @ linear[0] + bias[0], "softplus", "log1p")[:, None]

    def _counted(self, length: int) -> tuple[int, int]:
        """Where the positions of a text begin and end that are pooled."""
        return (0, 1) if self.parts.head.head == "cls-mlm" else (self._margin[0], length - self._margin[1])

    def _weigh(self, ids: list[npt.NDArray[np.uint32]]) -> SparseVectors:
        """Vectors of rows of ids, special tokens around them."""
        head, limits, network = self.parts.head, self.parts.limits, self.backbone.network
        if self.expands and not self._by_core:
            return self._weigh_logits(ids)
        if self.expands:
            return network.encode(
                ids, weight=_WEIGHTS[head.activation, head.norm], margin=self._margin, left_out=self._left_out,
                first_only=head.head == "cls-mlm", prune=limits.prune, top_k=limits.top_k, threads=self.threads,
            )  # fmt: skip
        if head.head == "mlp":
            weights = self.parts.weights
            found = network.weigh_tokens(
                ids, weights["linear.weight"][0], float(weights["linear.bias"][0]), activation=head.activation,
                norm=head.norm, pool=self.parts.repeats, margin=self._margin, ignored=self._left_out,
                threads=self.threads,
            )  # fmt: skip
            return cut(found, limits)
        assert self._look_up is not None
        return self._look_up.of_ids([one[self._margin[0] : len(one) - self._margin[1]] for one in ids])

    def _read_table(self) -> LookUp:
        backbone = self.backbone
        table = np.maximum(self.parts.table(backbone.tokenizer.vocabulary, backbone.size), 0)
        table[self._left_out] = 0
        return LookUp(
            backbone.tokenizer, backbone.terms, table, counts=self.parts.head.counts, limits=self.parts.limits,
            threads=self.threads,
        )  # fmt: skip

    def _check(self) -> None:
        head, where, width = self.parts.head, self.parts.network, self.backbone.width
        if self.expands and not self.backbone.has_head:
            raise UsageError(f"{where}: the weights lack the language-model head, which an {head.head} head needs")
        linear = {"weight": (1, width), "bias": (1,)}
        maps = ("linear",) if head.head == "mlp" else ("importance", "quality") if head.quality else ()
        expected = {f"{name}.{part}": shape for name in maps for part, shape in linear.items()}
        shapes = {name: array.shape for name, array in self.parts.weights.items()}
        if self.contextual and shapes != expected:
            raise UsageError(
                f"{where}: the encoder's files do not fit together: an {head.head} head with arrays {shapes}, not "
                f"{expected}"
            )


class NativeEncoder(SparseEncoder):
    """Texts to sparse vectors by the native core; scores are inner products.

    Args:
        parts: What it is made of.
        backbones: Networks by their folders, when they are loaded already.
        threads: How many batches run at a time; None = one for every processor.

    Attributes:
        card: What its maker says of it, saved with it: licence, training data, figures; JSON values.
        fusion_weight: What its scores count beside BM25's where both are added; None = not known.

    Raises:
        Inexpressible: A part that only torch runs.
        UsageError: Files are missing or do not fit.
    """

    scoring = "dot"
    _load: Callable[[Path], NativeBackbone] = staticmethod(NativeBackbone.load)

    def __init__(
        self, parts: Parts, backbones: Mapping[Path, NativeBackbone] | None = None, *, threads: int | None = None
    ) -> None:
        known = dict(backbones or {})
        for folder in (parts.document.network, parts.query.network):
            if folder not in known:
                known[folder] = self._load(folder)
        self._parts, self._backbones = parts, known
        self.threads = threads if threads is not None else _processors()
        self.query, self.document = (
            NativeSide(side, known[side.network], self.threads) for side in (parts.query, parts.document)
        )
        if self.query.backbone is not self.document.backbone and self.query.terms != self.document.terms:
            raise UsageError("queries and documents need one vocabulary, and the two tokenizers differ")
        self.expander = None if parts.expander is None else expansion.load(*parts.expander)
        self.card: dict[str, Any] = dict(parts.card)
        self.fusion_weight = parts.fusion_weight

    @property
    def terms(self) -> list[str]:
        """Column to word piece."""
        return self.document.terms

    @property
    def parts(self) -> Parts:
        """What it is made of."""
        return replace(self._parts, card=self.card, fusion_weight=self.fusion_weight)

    def encode_queries(
        self, texts: Sequence[str], *, batch: int = 32, progress: Progress | None = None
    ) -> SparseVectors:
        """Query vectors, shape ``(len(texts), len(self.terms))``; see :meth:`encode_documents`."""
        look_up = self.query.look_up()
        if look_up is not None:
            return look_up(texts)
        return encode(self.query, texts, batch=batch, long="windows", progress=progress)

    def encode_documents(
        self, texts: Sequence[str], *, batch: int = 32, long: Long = "windows", progress: Progress | None = None
    ) -> SparseVectors:
        """Document vectors, shape ``(len(texts), len(self.terms))``.

        Args:
            texts: n texts; an empty one gets an empty vector.
            batch: Means nothing here: the native core packs texts without padding.
            long: A text longer than the model reads is cut into windows, of whose vectors the largest weight of each
                word counts, or everything after the first window is left out.
            progress: Called with (texts done, texts in all).
        """
        read = texts if self.expander is None else self.expander.lengthened(texts)
        return encode(self.document, read, batch=batch, long=long, progress=progress)

    def use_threads(self, threads: int) -> None:
        """Encode with at most so many threads."""
        self.threads = self.query.threads = self.document.threads = threads

    def sources(self, texts: Sequence[str], terms: Sequence[Collection[str]]) -> list[dict[str, Source]]:
        """For each text through which of its words some terms of its document vector came."""
        return sources_of(self.document, texts, terms, self.document.peaks if self.document.expands else None)

    def quantise(self, kind: Literal["int8"] = "int8") -> NativeEncoder:
        """The same encoder in int8, a quarter of its size: a code for each weight and a float16 scale for each row.

        Raises:
            UsageError: Another kind is asked for.
        """
        if kind != "int8":
            raise UsageError(f"weights can be rounded to 'int8', not {kind!r}")
        query, document = (_rounded(_numbered(side)) for side in (self.query, self.document))
        backbones = {folder: one.quantise() for folder, one in self._backbones.items()}
        return NativeEncoder(replace(self.parts, query=query, document=document), backbones, threads=self.threads)

    def with_query(self, query: SideParts) -> NativeEncoder:
        """The same with another side of queries, over a network that is loaded already."""
        return NativeEncoder(replace(self.parts, query=query, one_head=False), self._backbones, threads=self.threads)

    def save_pretrained(self, directory: str | PathLike[str], *, onnx: bool = False) -> None:
        """Write ``gossamer.json``, the heads' weights, and each network with its tokeniser, in float32 or int8.

        Args:
            directory: Made if missing.
            onnx: Write ``onnx/model.onnx`` beside each network, too, for ``runtime="onnx"``.
        """
        folder = Path(directory)
        folder.mkdir(parents=True, exist_ok=True)
        places = {self._parts.document.network: folder}
        places.setdefault(self._parts.query.network, folder / "query_network")
        for network, place in places.items():
            place.mkdir(exist_ok=True)
            self._backbones[network].save(place)
            if onnx:
                onnx_graph.write(self._backbones[network].checkpoint, place / onnx_graph.PLACE)
        query, document = (
            replace(_numbered(side), network=places[side.parts.network]) for side in (self.query, self.document)
        )
        expander = None
        if self.expander is not None:
            expander = (self.expander.settings(), folder / ours.EXPANDER)
            self.expander.save(expander[1])
        ours.write(replace(self.parts, query=query, document=document, expander=expander), folder)


def _numbered(side: NativeSide) -> SideParts:
    """The side with a table by column, as ours are saved."""
    if side.parts.by_word is None:
        return side.parts
    table = side.parts.table(side.backbone.tokenizer.vocabulary, side.backbone.size)
    return replace(side.parts, weights={"table": table}, by_word=None)


def _rounded(side: SideParts) -> SideParts:
    """The side with its table in float16."""
    if side.head.head != "static":
        return side
    return replace(side, weights={"table": side.weights["table"].astype(np.float16)})


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else (os.cpu_count() or 1)
