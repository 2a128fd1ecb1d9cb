"""What an encoder is: two functions from texts to sparse vectors, names for their columns, and a way to score."""

from __future__ import annotations

import importlib
import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Sequence
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from gossamer.errors import UsageError

if TYPE_CHECKING:
    from gossamer.retrieval.encoders.bm25 import BM25
    from gossamer.retrieval.encoders.origin import Origin
    from gossamer.retrieval.encoders.runtimes import Runtime
    from gossamer.retrieval.encoders.sources import Source
    from gossamer.retrieval.vectors import SparseVectors

CONFIG = "gossamer.json"
FORMAT = 1
LEARNED = "learned"  # type of an encoder that is more than settings: a folder of gossamer.retrieval.encoders.layouts


class SparseEncoder(ABC):
    """Text to sparse vectors.

    Subclasses give :meth:`encode_queries`, :meth:`encode_documents` and :attr:`terms`; those that can be saved also
    give :meth:`to_dict` and :meth:`from_dict` and a ``type`` there, listed in :attr:`types`.

    Attributes:
        scoring: ``"dot"`` (inner product), or :class:`~gossamer.retrieval.encoders.bm25.BM25` when document values
            are raw term frequencies.
        runtime: What runs it: ``"native"``, ``"torch"`` or ``"onnx"``.
        origin: Where :meth:`from_pretrained` found it; None for one made otherwise, and once it is trained further.
    """

    scoring: Literal["dot"] | BM25 = "dot"
    runtime: str = "native"
    origin: Origin | None = None
    types: ClassVar[dict[str, str]] = {
        "bm25": "gossamer.retrieval.encoders.bm25:BM25Encoder",
        "static-expansion": "gossamer.retrieval.encoders.static_expansion:StaticExpansion",
        LEARNED: "gossamer.retrieval.encoders.remembered:Remembered",
    }

    @property
    @abstractmethod
    def terms(self) -> list[str]:
        """Column number to term; terms are unique."""

    @abstractmethod
    def encode_queries(self, texts: Sequence[str]) -> SparseVectors:
        """Query vectors, shape ``(len(texts), len(self.terms))``."""

    @abstractmethod
    def encode_documents(self, texts: Sequence[str]) -> SparseVectors:
        """Document vectors, shape ``(len(texts), len(self.terms))``, non-negative."""

    def use_threads(self, threads: int) -> None:  # noqa: B027 - most have none of their own
        """Encode with at most so many threads, of an encoder that has threads of its own."""

    def sources(self, texts: Sequence[str], terms: Sequence[Collection[str]]) -> list[dict[str, Source]]:
        """For each text where some terms of its document vector come from; those are left out that nobody knows of.

        Args:
            texts: n texts.
            terms: For each text the terms.
        """
        return [{} for _ in texts]

    def to_dict(self) -> dict[str, Any]:
        """Settings as JSON values, with ``type``; of a learned encoder where it was loaded from.

        Raises:
            UsageError: This encoder cannot be saved.
        """
        if self.origin is not None:
            return self.origin.to_dict()
        raise UsageError(f"{type(self).__name__} cannot be saved: it has no to_dict()")

    @classmethod
    def from_dict(cls, settings: dict[str, Any]) -> SparseEncoder:
        """The encoder that :meth:`to_dict` described."""
        encoder: SparseEncoder = _class_of(settings).from_dict(settings)
        return encoder

    @classmethod
    def load(cls, directory: str | PathLike[str], settings: dict[str, Any]) -> SparseEncoder:
        """The encoder in a directory that :meth:`save_pretrained` wrote; those that are more than settings override it.

        Args:
            directory: Holds the encoder's files.
            settings: As :meth:`to_dict` gave them.
        """
        return cls.from_dict(settings)

    def save_pretrained(self, directory: str | PathLike[str]) -> None:
        """Write the encoder to a directory (made if missing).

        Raises:
            UsageError: This encoder cannot be saved.
        """
        path = Path(directory)
        settings = {"format": FORMAT, "encoder": self.to_dict()}
        path.mkdir(parents=True, exist_ok=True)
        (path / CONFIG).write_text(json.dumps(settings, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")

    @staticmethod
    def build(backbone: str | PathLike[str] | Any, **parts: Any) -> SparseEncoder:
        """A learned encoder of named parts over a masked language model, not yet trained.

        Args:
            backbone: Its folder or id on a hub, or a :class:`~gossamer.retrieval.encoders.backbone.Backbone`.
            parts: See :func:`gossamer.retrieval.encoders.learned.build`.

        Raises:
            UsageError: Parts that do not go together, or torch or transformers is not installed.
        """
        return _made(lambda: _learned_module().build(backbone, **parts), backbone)

    @staticmethod
    def preset(name: str, backbone: str | PathLike[str] | Any, **parts: Any) -> SparseEncoder:
        """The encoder of a published method, not yet trained; ``parts`` replace some of its parts.

        Raises:
            UsageError: Unknown method, parts that do not go together, or torch or transformers is not installed.

        Example:
            >>> SparseEncoder.preset("splade-max", backbone="bert-base-uncased")  # doctest: +SKIP
        """
        return _made(lambda: _learned_module().preset(name, backbone, **parts), backbone)

    @staticmethod
    def from_pretrained(directory: str | PathLike[str], *, runtime: Runtime = "auto") -> SparseEncoder:
        """The encoder in a directory, or on a model hub; ``"gossamer"`` is the one that comes with this package.

        Reads what :meth:`save_pretrained` wrote, sentence-transformers' sparse encoders, plain SPLADE checkpoints and
        OpenSearch's inference-free ones.

        Args:
            directory: A folder, an id on a model hub, or ``"gossamer"``.
            runtime: ``"native"`` runs BERT and DistilBERT in our own core and needs nothing else; ``"torch"`` runs, and
                trains, every encoder (``gossamer[encoders]``); ``"onnx"`` runs ``onnx/model.onnx`` beside the network
                (``gossamer[onnx]``); ``"auto"`` is native where that can run the encoder and no GPU is in use, else
                torch.

        Raises:
            UsageError: There is no encoder, one of a newer format, one whose files are missing or do not fit, or one
                that the runtime cannot run.

        Example:
            >>> encoder = SparseEncoder.from_pretrained("naver/splade-v3", runtime="torch")  # doctest: +SKIP
        """
        from gossamer.retrieval.encoders.origin import find

        origin = find(directory, onnx=runtime == "onnx")
        path = origin.folder / CONFIG
        if path.exists():
            try:
                settings = json.loads(path.read_text(encoding="utf-8"))
            except ValueError as error:
                raise UsageError(f"{path}: not valid JSON: {error}") from error
            if settings.get("format", 0) > FORMAT:
                raise UsageError(
                    f"{path}: format {settings['format']}; this gossamer reads up to {FORMAT}. Upgrade gossamer."
                )
            kind = settings["encoder"].get("type")
            if kind != LEARNED:
                encoder = _class_of(settings["encoder"]).load(origin.folder, settings["encoder"])
                encoder.origin = None if kind == "bm25" else origin  # BM25 is its settings, wherever they lie
                return encoder
        encoder = _learned(origin.folder, runtime)
        encoder.origin = origin
        return encoder


def _class_of(settings: dict[str, Any]) -> type[SparseEncoder]:
    known = SparseEncoder.types
    if settings.get("type") not in known:
        raise UsageError(f"encoder type {settings.get('type')!r} is unknown; known: {', '.join(known)}")
    module, name = known[settings["type"]].split(":")
    found: type[SparseEncoder] = getattr(importlib.import_module(module), name)
    return found


def _learned(path: Path, runtime: Runtime) -> SparseEncoder:
    """A network and its heads, in whichever layout they lie."""
    from gossamer.retrieval.encoders import runtimes

    if not any((path / name).exists() for name in (CONFIG, "modules.json", "config.json")):
        raise UsageError(
            f"{path / CONFIG}: not found; an encoder directory holds {CONFIG}, modules.json or config.json"
        )
    return _made(lambda: runtimes.load(path, runtime), path)


def _learned_module() -> Any:
    return importlib.import_module("gossamer.retrieval.encoders.learned")


def _made(make: Callable[[], Any], of: object) -> SparseEncoder:
    """What ``make`` gives, where the packages that it needs are installed."""
    try:
        encoder: SparseEncoder = make()
    except ImportError as error:
        raise UsageError(f"{of}: a learned encoder needs {error.name}; pip install 'gossamer[encoders]'") from error
    return encoder
