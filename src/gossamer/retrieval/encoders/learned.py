"""A learned sparse encoder: a head for queries and a head for documents over one network, or one each.

Nguyen, MacAvaney & Yates, "A Unified Framework for Learned Sparse Retrieval" (2023).
"""

from __future__ import annotations

import copy
import logging
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from gossamer.errors import UsageError
from gossamer.retrieval.encoders import heads, methods
from gossamer.retrieval.encoders.backbone import Backbone, Tokens
from gossamer.retrieval.encoders.base import SparseEncoder
from gossamer.retrieval.encoders.batches import Batches
from gossamer.retrieval.encoders.encoding import Long, Pieces, Progress, Row, by_length, encode
from gossamer.retrieval.encoders.expansion import Expander
from gossamer.retrieval.encoders.parts import Activation, Limits, Norm, Repeats
from gossamer.retrieval.encoders.sources import Source, sources_of
from gossamer.retrieval.vectors import SparseVectors

log = logging.getLogger(__name__)


class Side(nn.Module):
    """Queries or documents: a network, a head over it, and what counts.

    Args:
        backbone: May be shared with the other side.
        head: May be shared, too.
        repeats: What becomes of a word's several occurrences: ``"sum"`` in queries, ``"max"`` in documents.
        limits: See :class:`Limits`.
    """

    columns: Tensor  # (|V|,) 1 where a word may get weight

    def __init__(self, backbone: Backbone, head: heads.Head, repeats: Repeats, limits: Limits) -> None:
        super().__init__()
        self.backbone, self.head, self.repeats, self.limits = backbone, head, repeats, limits
        columns = torch.ones(backbone.size)
        if not limits.special_columns:
            columns[backbone.special] = 0
        self.register_buffer("columns", columns, persistent=False)

    def forward(self, tokens: Tokens, columns: Tensor | None = None) -> Tensor:
        """Weights of a batch, (n, |V|), with a gradient and before anything is cut off; or those of some columns."""
        if columns is None:
            weights: Tensor = self.head(tokens, self.backbone, self.repeats) * self.columns
        elif isinstance(self.head, heads.Mlm):  # the one head where fewer columns are less work
            weights = self.head(tokens, self.backbone, self.repeats, columns) * self.columns[columns]
        else:
            weights = self(tokens)[:, columns]
        return weights

    def tokens(self, texts: Sequence[str]) -> Tokens:
        """A batch of texts for training, each cut after :attr:`Limits.longest`."""
        room = self.room
        return self._tokens([row[:room] for row in self.backbone.pieces(texts)])

    @property
    def room(self) -> int:
        """Word pieces of a text that are read at a time."""
        longest = min(self.limits.longest or self.backbone.longest, self.backbone.longest)
        return self.backbone.room - (self.backbone.longest - longest)

    @property
    def terms(self) -> list[str]:
        """Column to word piece."""
        return self.backbone.terms

    @property
    def contextual(self) -> bool:
        """Whether the head needs the network."""
        return self.head.contextual

    def pieces(self, texts: Sequence[str]) -> Pieces:
        """Word pieces of each text, without special tokens and of any length."""
        return self.backbone.pieces(texts)

    def run(self, pieces: Pieces, batch: int) -> Iterator[tuple[list[int], list[Row]]]:
        """Places in ``pieces`` and the vectors there, rows of about one length together."""
        # Only the tokens around a text say something about an empty one.
        order = by_length(pieces, empty=self.limits.special_positions)
        return Batches(self.weights, batch).run(pieces, order)

    def _tokens(self, pieces: Pieces) -> Tokens:
        found = self.backbone.tokens(pieces, special_positions=self.limits.special_positions)
        return found.to(self.columns.device)

    @torch.inference_mode()
    def weights(self, pieces: Pieces) -> Tensor:
        """Weights of rows of word pieces, none longer than :attr:`room`, cut off as :attr:`limits` say."""
        found = self(self._tokens(pieces)).clamp_min(0)  # DeepCT's curve is the identity
        if self.limits.top_k is not None:
            found = heads.top(found, self.limits.top_k)
        return heads.pruned(found, self.limits.prune) if self.limits.prune else found

    @torch.inference_mode()
    def peaks(self, windows: Pieces, columns: Pieces) -> list[tuple[NDArray[np.float32], NDArray[np.int64]]]:
        """As :data:`gossamer.retrieval.encoders.sources.Peaks` has it, of a head that expands."""
        return [self._peaks(window, list(some)) for window, some in zip(windows, columns, strict=True)]

    def _peaks(self, window: Sequence[int], columns: list[int]) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        tokens = self._tokens([window])
        logits = self.head.logits(tokens, self.backbone, columns)[0]
        if not isinstance(self.head, heads.ClsMlm):  # which reads the first position whether it counts or not
            logits = logits.masked_fill(tokens.kept[0].unsqueeze(1) == 0, float("-inf"))
        values, places = logits.max(0)
        places = places - self.backbone.before
        places = places.where((places >= 0) & (places < len(window)), -1)
        return values.float().cpu().numpy(), places.cpu().numpy()


class LearnedEncoder(nn.Module, SparseEncoder):
    """Texts to sparse vectors by a trained network; scores are inner products.

    Args:
        query: Side of queries.
        document: Side of documents, over the same vocabulary.
        expander: Lengthens documents before they are read.

    Attributes:
        card: What its maker says of it, saved with it: licence, training data, figures; JSON values.
        fusion_weight: What its scores count beside BM25's where both are added; None = not known.

    Raises:
        UsageError: The vocabularies differ.
    """

    scoring = "dot"
    runtime = "torch"

    def __init__(self, query: Side, document: Side, expander: Expander | None = None) -> None:
        super().__init__()
        if query.backbone is not document.backbone and query.backbone.terms != document.backbone.terms:
            raise UsageError("queries and documents need one vocabulary, and the two tokenizers differ")
        self.query, self.document, self.expander = query, document, expander
        self.card: dict[str, Any] = {}
        self.fusion_weight: float | None = None
        self.eval()

    def train(self, mode: bool = True) -> LearnedEncoder:
        """As of any module; what is trained is no longer what was loaded."""
        if mode:
            self.origin = None
        return super().train(mode)

    @property
    def terms(self) -> list[str]:
        """Column to word piece."""
        return self.document.backbone.terms

    def encode_queries(
        self, texts: Sequence[str], *, batch: int = 32, progress: Progress | None = None
    ) -> SparseVectors:
        """Query vectors, shape ``(len(texts), len(self.terms))``; see :meth:`encode_documents`."""
        return self._encode(self.query, texts, batch, "windows", progress)

    def encode_documents(
        self,
        texts: Sequence[str],
        *,
        batch: int = 32,
        long: Long = "windows",
        progress: Progress | None = None,
    ) -> SparseVectors:
        """Document vectors, shape ``(len(texts), len(self.terms))``.

        Args:
            texts: n texts; an empty one gets an empty vector.
            batch: Texts at a time; halved for good when memory runs out.
            long: A text longer than the model reads is cut into windows, of whose vectors the largest weight of each
                word counts, or everything after the first window is left out.
            progress: Called with (texts done, texts in all).

        Example:
            >>> encoder = SparseEncoder.preset("splade-max", backbone="bert-base-uncased")  # doctest: +SKIP
            >>> encoder.encode_documents(["swept wings"]).shape  # doctest: +SKIP
            (1, 30522)
        """
        read = texts if self.expander is None else self.expander.lengthened(texts)
        return self._encode(self.document, read, batch, long, progress)

    def sources(self, texts: Sequence[str], terms: Sequence[Collection[str]]) -> list[dict[str, Source]]:
        """For each text through which of its words some terms of its document vector came."""
        return sources_of(self.document, texts, terms, self.document.peaks if self.document.head.expands else None)

    def save_pretrained(self, directory: str | PathLike[str], *, onnx: bool = False) -> None:
        """Write the encoder, so that sentence-transformers reads what its layout can express; the rest is logged.

        Args:
            directory: Made if missing.
            onnx: Write ``onnx/model.onnx`` beside each network, too, for ``runtime="onnx"``.

        Raises:
            UsageError: The networks to write as ONNX are no BERT or DistilBERT.
        """
        from gossamer.retrieval.encoders.layouts import by_torch

        for said in by_torch.save(self, Path(directory), onnx=onnx):
            log.warning("%s: %s", directory, said)

    def _encode(
        self,
        side: Side,
        texts: Sequence[str],
        batch: int,
        long: Long,
        progress: Progress | None,
    ) -> SparseVectors:
        was = self.training
        self.eval()
        try:
            return encode(side, texts, batch=batch, long=long, progress=progress)
        finally:
            self.train(was)


def build(
    backbone: Backbone | str | PathLike[str],
    query_head: methods.Head = "mlm",
    document_head: methods.Head = "mlm",
    *,
    shared: bool = False,
    activation: Activation = "relu",
    norm: Norm = "log1p",
    pool: Literal["max", "sum"] = "max",
    quality: bool = False,
    table: Tensor | None = None,
    learned_table: bool = False,
    top_k: int | None = None,
    prune: float = 0.0,
    longest: int | None = None,
    special_positions: bool = False,
    special_columns: bool = False,
    expander: Expander | None = None,
) -> LearnedEncoder:
    """An encoder of these parts, its heads not yet trained.

    Args:
        backbone: A masked language model, its folder, or its id on a hub.
        query_head: See :mod:`gossamer.retrieval.encoders.heads`.
        document_head: Likewise.
        shared: One network for both sides, and one head if both have the same; else each side has its own.
        activation: Of both heads.
        norm: Of both heads.
        pool: Of ``mlm`` heads.
        quality: EPIC's importance and quality, of ``mlm`` document heads.
        table: (|V|,) weights of a ``static`` head, idf for instance.
        learned_table: It is trained.
        top_k: Largest weights that are kept of a document.
        prune: Share of the largest weight up to which weights of a document are dropped.
        longest: Word pieces that are read at a time.
        special_positions: Tokens around the text take part in pooling.
        special_columns: Words such as [SEP] may get weight.
        expander: Lengthens documents before they are read.

    Raises:
        UsageError: Parts that do not go together.
    """
    below = backbone if isinstance(backbone, Backbone) else Backbone.load(backbone)
    curve = heads.Curve(activation, norm)

    def head(name: methods.Head, quality: bool) -> heads.Head:
        width = below.width if quality else None
        made: dict[str, Callable[[], heads.Head]] = {
            "binary": heads.Binary,
            "mlp": lambda: heads.Mlp(below.width, curve),
            "mlm": lambda: heads.Mlm(curve, pool, width),
            "cls-mlm": lambda: heads.ClsMlm(curve),
            "static": lambda: heads.Static(_table(table, below), learned=learned_table),
        }
        if name not in made:
            raise UsageError(f"unknown head {name!r}; known: {', '.join(made)}")
        return made[name]()

    limits = Limits(longest, None, 0.0, special_positions, special_columns)
    of_document = head(document_head, quality)
    one = shared and query_head == document_head and not quality
    of_query = of_document if one else head(query_head, quality=False)
    # Two networks only where queries go through one at all.
    asking = below if shared or not of_query.contextual else copy.deepcopy(below)
    return LearnedEncoder(
        Side(asking, of_query, "sum", limits),
        Side(below, of_document, "max", replace(limits, top_k=top_k, prune=prune)),
        expander,
    )


def _table(table: Tensor | None, backbone: Backbone) -> Tensor:
    if table is None:
        raise UsageError("a static head needs its table of weights, one for each word of the vocabulary")
    if table.shape != (backbone.size,):
        raise UsageError(f"the table has shape {tuple(table.shape)}, the vocabulary {backbone.size} words")
    return table


def preset(name: str, backbone: Backbone | str | PathLike[str], **parts: Any) -> LearnedEncoder:
    """The encoder of a published method, ready to be trained; ``parts`` replace some of its parts.

    Raises:
        UsageError: Unknown method, or parts that do not go together.
    """
    return build(backbone, **{**methods.get(name).parts(), **parts})
