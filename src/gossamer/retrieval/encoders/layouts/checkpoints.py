"""Checkpoints of transformers alone: SPLADE's, and OpenSearch's inference-free ones, which have an ``idf.json`` beside.

Special tokens take part where they do in the code that these checkpoints were published with: positions of both kinds;
columns of SPLADE's, not of OpenSearch's.
"""

from __future__ import annotations

from pathlib import Path

from gossamer.errors import UsageError
from gossamer.retrieval.encoders import heads
from gossamer.retrieval.encoders.backbone import Backbone
from gossamer.retrieval.encoders.layouts.sentence_transformers import table
from gossamer.retrieval.encoders.learned import LearnedEncoder, Limits, Side


def fits(folder: Path) -> bool:
    """Is it this layout?"""
    return (folder / "config.json").exists()


def load(folder: Path) -> LearnedEncoder:
    """Read a folder.

    Raises:
        UsageError: Files are missing, do not fit or hold pickled code alone.
    """
    if not any(folder.glob("*.safetensors")) and not any(folder.glob("pytorch_model*.bin")):
        raise UsageError(f"{folder}: no weights; looked for model.safetensors")
    backbone = Backbone.load(folder)
    if (folder / "idf.json").exists():
        limits = Limits(special_positions=True)
        query = Side(backbone, heads.Static(table(folder, backbone, named=True)), "sum", Limits())
        return LearnedEncoder(query, Side(backbone, heads.Mlm(heads.Curve()), "max", limits))
    head = heads.Mlm(heads.Curve())
    limits = Limits(special_positions=True, special_columns=True)
    return LearnedEncoder(Side(backbone, head, "sum", limits), Side(backbone, head, "max", limits))
