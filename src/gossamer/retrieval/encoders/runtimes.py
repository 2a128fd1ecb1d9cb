"""Who runs an encoder: our native core, torch, or onnxruntime."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Mapping
from os import PathLike
from typing import Literal, get_args

from gossamer.errors import UsageError
from gossamer.retrieval.encoders import layouts
from gossamer.retrieval.encoders.base import SparseEncoder
from gossamer.retrieval.encoders.parts import Inexpressible, Parts

Runtime = Literal["auto", "native", "torch", "onnx"]

log = logging.getLogger(__name__)


def load(folder: str | PathLike[str], runtime: Runtime = "auto") -> SparseEncoder:
    """The encoder in a folder.

    Raises:
        UsageError: There is none, its files are damaged, or the runtime cannot run it.
    """
    if runtime not in get_args(Runtime):
        raise UsageError(f"runtime={runtime!r} is unknown; known: {', '.join(get_args(Runtime))}")
    return run(layouts.read(folder), runtime)


def run(parts: Parts, runtime: Runtime = "auto") -> SparseEncoder:
    """The encoder of these parts; ``"auto"`` is native where that can express them and no GPU is in use, else torch.

    Raises:
        UsageError: Damaged files, or the runtime cannot run it.
    """
    if runtime != "auto":
        return _RUNTIMES[runtime](parts)
    if _on_gpu():
        return _torch(parts)
    try:
        return _native(parts)
    except Inexpressible as why:
        try:
            encoder = _torch(parts)
        except ImportError as missing:
            raise UsageError(
                f"{parts.document.network}: {why}; torch runs it, but {missing.name} is missing: "
                "pip install 'gossamer[encoders]'"
            ) from missing
        log.info("%s: by torch, since %s", parts.document.network, why)
        return encoder


def _native(parts: Parts) -> SparseEncoder:
    from gossamer.retrieval.encoders.transformer.encoder import NativeEncoder

    return NativeEncoder(parts)


def _torch(parts: Parts) -> SparseEncoder:
    from gossamer.retrieval.encoders.layouts import by_torch

    return by_torch.load(parts)


def _onnx(parts: Parts) -> SparseEncoder:
    try:
        from gossamer.retrieval.encoders.onnx import OnnxEncoder
    except ImportError as missing:
        raise UsageError(f"runtime='onnx' needs {missing.name}; pip install 'gossamer[onnx]'") from missing
    return OnnxEncoder(parts)


_RUNTIMES: Mapping[str, Callable[[Parts], SparseEncoder]] = {
    "native": _native, "torch": _torch, "onnx": _onnx,
}  # fmt: skip


def _on_gpu() -> bool:
    """Whether this process already works on a GPU; nothing is imported to find out."""
    torch = sys.modules.get("torch")
    return torch is not None and bool(torch.cuda.is_initialized())
