"""Teachers as the command line names them: ``dense:DIR``, ``sparse:DIR``, ``bm25``."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from gossamer.errors import UsageError
from gossamer.retrieval.encoders.base import SparseEncoder
from gossamer.retrieval.encoders.impacts import Impacts
from gossamer.retrieval.encoders.transformer.backbone import NativeBackbone
from gossamer.retrieval.training.kept import Watch
from gossamer.retrieval.training.teachers import DenseTeacher, Embed, SparseTeacher

_LONGEST = 256  # word pieces; sentence-transformers' own limit of all-MiniLM-L6-v2


def teacher(
    spec: str, documents: Sequence[str], *, device: str = "cpu", keep: Path | None = None
) -> DenseTeacher | SparseTeacher:
    """The teacher of a name.

    Args:
        spec: ``dense:DIR`` (a sentence-transformers model: mean or first-position pooling), ``sparse:DIR`` (what
            :meth:`SparseEncoder.from_pretrained` reads) or ``bm25``; an id on a model hub in place of DIR.
        documents: What BM25 counts.
        device: Where a dense model runs.
        keep: Folder where a model's vectors are kept; None keeps them in memory alone.

    Raises:
        UsageError: Another name, or a folder without such a model.
    """
    kind, _, name = spec.partition(":")
    if kind == "bm25" and not name:
        return SparseTeacher(Impacts(documents))
    if kind == "sparse" and name:
        return SparseTeacher(SparseEncoder.from_pretrained(name), keep)
    if kind == "dense" and name:
        return DenseTeacher(embedder(name, device=device), keep)
    raise UsageError(f"teacher {spec!r}: write dense:DIR, sparse:DIR or bm25")


def ask(
    teacher: DenseTeacher | SparseTeacher, queries: Sequence[str], documents: Sequence[str], watch: Watch | None = None
) -> None:
    """Make, and keep, all vectors that a training will ask the teacher for."""
    if isinstance(teacher, DenseTeacher):
        teacher.prepare([*queries, *documents], watch)
    else:
        teacher.prepare(queries, documents, watch)


def embedder(name: str, *, batch: int = 64, device: str = "cpu") -> Embed:
    """Texts to the vectors of a transformer, pooled as its ``1_Pooling/config.json`` says; the mean without one.

    A BERT in a folder, pooled by the mean, runs in the native core in int8, several times faster than in torch on a
    processor and with cosines of 0.995 and more to its float32 vectors; others run in torch.

    Args:
        name: Folder in the layout of transformers or sentence-transformers, or an id on a hub.
        batch: Texts at a time.
        device: Where it runs.

    Raises:
        UsageError: No such model, or one that pools otherwise.
    """
    from safetensors import SafetensorError
    from transformers import AutoModel, AutoTokenizer

    first = _first_position(Path(name))
    if device == "cpu" and not first and (native := _native(Path(name))) is not None:
        return native
    try:
        tokenizer: Any = AutoTokenizer.from_pretrained(name)
        model: Any = AutoModel.from_pretrained(name).to(device).eval()
    except (OSError, ValueError, KeyError, RuntimeError, SafetensorError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise UsageError(f"{name}: not a dense model that can be loaded: {reason}") from error
    longest = min(_LONGEST, int(getattr(model.config, "max_position_embeddings", _LONGEST)))

    @torch.inference_mode()
    def embed(texts: Sequence[str]) -> npt.NDArray[np.floating]:
        found = np.empty((len(texts), int(model.config.hidden_size)), np.float32)
        by_length = sorted(range(len(texts)), key=lambda at: -len(texts[at]))
        for start in range(0, len(texts), batch):
            members = by_length[start : start + batch]
            tokens = tokenizer(
                [texts[at] for at in members], padding=True, truncation=True, max_length=longest, return_tensors="pt"
            ).to(device)
            states = model(**tokens).last_hidden_state
            if first:
                pooled = states[:, 0]
            else:
                there = tokens["attention_mask"].unsqueeze(-1).to(states.dtype)
                pooled = (states * there).sum(1) / there.sum(1).clamp_min(1)
            found[members] = pooled.float().cpu().numpy()
        return found

    return embed


def _native(folder: Path) -> Embed | None:
    """The same without torch, if the native core can run the model."""
    if not (folder / "config.json").exists():
        return None
    try:
        backbone = NativeBackbone.load(folder).quantise()
    except UsageError:
        return None  # torch says what is wrong, if anything is
    room, threads = backbone.room(_LONGEST), torch.get_num_threads()

    def embed(texts: Sequence[str]) -> npt.NDArray[np.floating]:
        pieces = [row[:room] for row in backbone.pieces(texts, threads)]
        return backbone.network.means(backbone.around(pieces), threads=threads)

    return embed


def _first_position(folder: Path) -> bool:
    """Whether the model's vector is that of [CLS]."""
    config = folder / "1_Pooling" / "config.json"
    if not config.exists():
        return False
    try:
        said = json.loads(config.read_text(encoding="utf-8"))
    except ValueError as error:
        raise UsageError(f"{config}: not valid JSON: {error}") from error
    modes = {key for key, value in said.items() if key.startswith("pooling_mode_") and value is True}
    modes |= {f"pooling_mode_{said['pooling_mode']}_tokens"} if isinstance(said.get("pooling_mode"), str) else set()
    if modes <= {"pooling_mode_mean_tokens"}:
        return False
    if modes <= {"pooling_mode_cls_token", "pooling_mode_cls_tokens"}:
        return True
    raise UsageError(f"{config}: {', '.join(sorted(modes))}; a teacher pools by the mean or the first position")
