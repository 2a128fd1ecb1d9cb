"""Encoders whose network onnxruntime runs: published ONNX graphs, and those that :mod:`.onnx_graph` writes.

A graph ends at the logits of every word, or at the last layer's states; then our own head makes the weights.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from os import PathLike
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import onnxruntime

from gossamer.errors import GossamerError, UsageError
from gossamer.retrieval.encoders import onnx_graph
from gossamer.retrieval.encoders.parts import Inexpressible, Limits, curve
from gossamer.retrieval.encoders.transformer.backbone import NativeBackbone
from gossamer.retrieval.encoders.transformer.checkpoint import CONFIG, Checkpoint
from gossamer.retrieval.encoders.transformer.encoder import NativeEncoder
from gossamer.retrieval.encoders.transformer.library_tokenizer import LibraryTokenizer, tokenizer_in
from gossamer.retrieval.encoders.transformer.network import Ids, Network, runs_of
from gossamer.retrieval.encoders.transformer.table import cut, stacked
from gossamer.retrieval.encoders.transformer.wordpiece import WordPiece
from gossamer.retrieval.vectors import SparseVectors

_STATES, _LOGITS = ("last_hidden_state", "token_embeddings", "hidden_states"), ("logits", "token_logits")
_PLACES = (onnx_graph.PLACE, "model.onnx")
_PADS = ("[PAD]", "<pad>")
_NUMBERS = 1 << 24  # that a graph gives at a time, 64 MB
_NORMS = {"relu": "identity", "log1p": "log1p", "l0": "log1p_log1p"}


class OnnxEncoder(NativeEncoder):
    """Texts to sparse vectors, the network by onnxruntime, the rest by the native core.

    Args:
        parts: What it is made of; each network's folder has an ``onnx/model.onnx``.
        backbones: Networks by their folders, when they are loaded already.
        threads: Of the native core.

    Raises:
        Inexpressible: A part that only torch runs.
        UsageError: Files are missing or do not fit.
    """

    runtime = "onnx"

    @staticmethod
    def _load(folder: Path) -> NativeBackbone:
        return OnnxBackbone.load(folder)

    def quantise(self, kind: Literal["int8"] = "int8") -> NativeEncoder:
        """Not of a graph.

        Raises:
            UsageError: Always.
        """
        raise UsageError("a graph is run as it is; load the encoder with runtime='native' to round it")

    def save_pretrained(self, directory: str | PathLike[str], *, onnx: bool = False) -> None:
        """Not of a graph.

        Raises:
            UsageError: Always.
        """
        raise UsageError(
            "a graph is run as it is; load the encoder with another runtime to save it, or copy its folder"
        )


class OnnxBackbone(NativeBackbone):
    """A graph and its tokeniser.

    Args:
        session: Runs the graph.
        checkpoint: Of the same model, if it is a BERT; needed for the head of a graph that ends at states.
        tokenizer: Of the same vocabulary.
        sizes: ``vocabulary`` and ``positions`` of a graph without a checkpoint.

    Raises:
        UsageError: The tokeniser has words beyond the network's.
        Inexpressible: A graph with other outputs.
    """

    def __init__(
        self,
        session: onnxruntime.InferenceSession,
        checkpoint: Checkpoint | None,
        tokenizer: WordPiece | LibraryTokenizer,
        sizes: Mapping[str, int],
    ) -> None:
        outputs = {one.name: one for one in session.get_outputs()}
        name = next((one for one in (*_STATES, *_LOGITS) if one in outputs), None)
        if name is None:
            raise Inexpressible(
                f"a graph with the outputs {', '.join(outputs)}; {', '.join((*_STATES, *_LOGITS))} are known"
            )
        self.ends_at_states = name in _STATES
        width = outputs[name].shape[-1]
        self._session, self._output, self.tokenizer = session, name, tokenizer
        self._width = width if isinstance(width, int) and self.ends_at_states else 0
        self._sizes = sizes if checkpoint is None else _sizes_of(checkpoint)
        if checkpoint is not None:
            super().__init__(checkpoint, tokenizer)

    @staticmethod
    def load(folder: str | PathLike[str]) -> OnnxBackbone:
        """From a folder of ours or of `transformers` with a graph in it.

        Raises:
            UsageError: Files are missing, damaged or do not fit.
            Inexpressible: A graph whose outputs are unknown.
        """
        path = Path(folder)
        graph = next((path / place for place in _PLACES if (path / place).exists()), None)
        if graph is None:
            raise UsageError(
                f"{path / _PLACES[0]}: not found; save_pretrained(..., onnx=True) writes it, or use another runtime"
            )
        try:
            session = onnxruntime.InferenceSession(str(graph), providers=["CPUExecutionProvider"])
        except Exception as error:  # the package raises classes of its own, without a common one
            raise UsageError(f"{graph}: not a graph that onnxruntime runs: {' '.join(str(error).split())}") from error
        tokenizer = tokenizer_in(path)
        try:
            return OnnxBackbone(session, _checkpoint(path), tokenizer, _sizes(path, tokenizer))
        except UsageError as error:
            raise error if str(path) in str(error) else type(error)(f"{path}: {error}") from error

    @cached_property
    def network(self) -> Network:
        """What runs the graph."""
        return _OnnxNetwork(self)

    @property
    def size(self) -> int:
        """|V|: the number of columns."""
        return self._sizes["vocabulary"]

    @property
    def width(self) -> int:
        """Of the last layer's states; 0 for a graph that gives logits alone."""
        return self._width

    @property
    def longest(self) -> int:
        """Positions that the model can tell apart."""
        return self._sizes["positions"]

    @property
    def has_head(self) -> bool:
        """Whether it gives weights to words."""
        return not self.ends_at_states or (hasattr(self, "checkpoint") and self.checkpoint.has_head)

    def logits(
        self, ids: Sequence[npt.NDArray[np.uint32]], words: Sequence[list[int]] | None, threads: int
    ) -> Iterator[npt.NDArray[np.float32]]:
        """Of each text what the language-model head gives some words, or all, at its positions, (length, words)."""
        if self.ends_at_states:
            yield from super().logits(ids, words, threads)
            return
        for part, logits in self.run(ids):
            wanted = [slice(None)] * len(logits) if words is None else words[part]
            for of_text, one, some in zip(logits, ids[part], wanted, strict=True):
                yield of_text[: len(one), some]

    def run(self, ids: Ids) -> Iterator[tuple[slice, npt.NDArray[np.float32]]]:
        """What the graph gives for texts, (texts, longest, width or |V|), some neighbours at a time."""
        of_id = self._width or self.size
        start = 0
        while start < len(ids):
            stop = start + 1
            longest = max(1, len(ids[start]))
            while stop < len(ids) and (stop + 1 - start) * max(longest, len(ids[stop])) * of_id <= _NUMBERS:
                longest = max(longest, len(ids[stop]))
                stop += 1
            yield slice(start, stop), self._outputs(ids[start:stop], longest)
            start = stop

    def _outputs(self, ids: Ids, longest: int) -> npt.NDArray[np.float32]:
        pad = next((self.tokenizer.vocabulary[one] for one in _PADS if one in self.tokenizer.vocabulary), 0)
        given = {
            "input_ids": np.full((len(ids), longest), pad, np.int64),
            "attention_mask": np.zeros((len(ids), longest), np.int64),
            "token_type_ids": np.zeros((len(ids), longest), np.int64),
        }
        for row, one in enumerate(ids):
            given["input_ids"][row, : len(one)] = one
            given["attention_mask"][row, : len(one)] = 1
        wanted = {one.name for one in self._session.get_inputs()}
        unknown = wanted - given.keys()
        if unknown:
            raise UsageError(f"the graph wants {', '.join(sorted(unknown))}, which no text encoder gives")
        try:
            found: Any = self._session.run([self._output], {name: given[name] for name in wanted})[0]
        except Exception as error:  # see load()
            raise GossamerError(f"onnxruntime failed: {' '.join(str(error).split())}") from error
        return np.asarray(found, np.float32)


class _OnnxNetwork(Network):
    """The methods of :class:`Network`, over a graph."""

    def __init__(self, backbone: OnnxBackbone) -> None:
        self._backbone = backbone
        self.has_head = backbone.has_head
        if hasattr(backbone, "checkpoint"):
            self.shape = backbone.checkpoint.shape

    @cached_property
    def _head(self) -> Network:
        return Network(self._backbone.checkpoint.head_alone())

    def _states(
        self, ids: Ids, kind: str, threads: int, given: npt.NDArray[np.float32] | None = None
    ) -> npt.NDArray[np.float32]:
        if kind == "transformed":
            return self._head.transformed(ids, states=self._states(ids, "last", threads), threads=threads)
        if kind == "last" and self._backbone.ends_at_states:
            rows = [np.empty((0, self._backbone.width), np.float32)]
            for part, states in self._backbone.run(ids):
                rows += [of_text[: len(one)] for of_text, one in zip(states, ids[part], strict=True)]
            return np.concatenate(rows)
        raise UsageError("the graph gives no states; an encoder with other heads than mlm and cls-mlm needs them")

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
        """As :meth:`Network.encode`."""
        if self._backbone.ends_at_states:
            return stacked([
                self._head.encode(
                    part, states=self.states(part), weight=weight, ignored=ignored, margin=margin, left_out=left_out,
                    first_only=first_only, threshold=threshold, prune=prune, top_k=top_k, threads=threads,
                )
                for part in runs_of(ids)
            ], self._backbone.size)  # fmt: skip
        limits = Limits(top_k=top_k, prune=prune)
        found = []
        for part, logits in self._backbone.run(ids):
            rows = np.zeros((len(logits), self._backbone.size), np.float32)
            for row, of_text, one in zip(rows, logits, ids[part], strict=True):
                last = 1 if first_only else len(one) - margin[1]
                kept = of_text[0 if first_only else margin[0] : last]
                if len(kept):
                    row[: kept.shape[1]] = curve(kept.max(0), "relu", _NORMS[weight])
            rows[:, list(left_out)] = 0
            texts, columns = rows.nonzero()
            ends = np.concatenate([[0], np.cumsum(np.bincount(texts, minlength=len(rows)))])
            found.append(cut(SparseVectors(ends, columns, rows[texts, columns], self._backbone.size), limits))
        return stacked(found, self._backbone.size)


def _sizes_of(checkpoint: Checkpoint) -> dict[str, int]:
    """The sizes of a checkpoint that a graph does not tell."""
    return {"vocabulary": checkpoint.shape.vocabulary, "positions": checkpoint.shape.positions}


def _checkpoint(folder: Path) -> Checkpoint | None:
    """The weights beside the graph, if they are there and a BERT's."""
    if not (folder / CONFIG).exists() and not any(folder.glob("model*.safetensors")):
        return None
    try:
        return Checkpoint.from_folder(folder)
    except Inexpressible:
        return None


def _sizes(folder: Path, tokenizer: WordPiece | LibraryTokenizer) -> dict[str, int]:
    config: dict[str, Any] = {}
    if (folder / "config.json").exists():
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    known = max(tokenizer.vocabulary.values()) + 1
    longest = int(config.get("max_position_embeddings", 512))
    return {"vocabulary": int(config.get("vocab_size", known)), "positions": longest}
