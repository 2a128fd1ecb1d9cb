"""Checkpoints of transformers alone: SPLADE's, and OpenSearch's inference-free ones, which have an ``idf.json`` beside.

Special tokens take part where they do in the code that these checkpoints were published with: positions of both kinds;
columns of SPLADE's, not of OpenSearch's.
"""

from __future__ import annotations

from pathlib import Path

from gossamer.errors import UsageError
from gossamer.retrieval.encoders.layouts.sentence_transformers import static
from gossamer.retrieval.encoders.parts import HeadParts, Limits, Parts, SideParts


def fits(folder: Path) -> bool:
    """Is it this layout?"""
    return (folder / "config.json").exists()


def read(folder: Path) -> Parts:
    """Read a folder.

    Raises:
        UsageError: Files are missing, do not fit or hold pickled code alone.
    """
    if not any(folder.glob("*.safetensors")) and not any(folder.glob("pytorch_model*.bin")):
        raise UsageError(f"{folder}: no weights; looked for model.safetensors")
    head = HeadParts("mlm")
    if (folder / "idf.json").exists():
        document = SideParts(folder, head, "max", Limits(special_positions=True))
        return Parts(static(folder, folder, "sum", Limits(), named=True), document)
    limits = Limits(special_positions=True, special_columns=True)
    return Parts(SideParts(folder, head, "sum", limits), SideParts(folder, head, "max", limits), one_head=True)
