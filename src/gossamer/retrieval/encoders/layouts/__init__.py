"""How encoders lie on disk: our folder, that of sentence-transformers, plain SPLADE checkpoints, and OpenSearch's."""

from __future__ import annotations

from os import PathLike
from pathlib import Path

from gossamer.errors import UsageError
from gossamer.retrieval.encoders.base import CONFIG
from gossamer.retrieval.encoders.layouts import checkpoints, ours, sentence_transformers
from gossamer.retrieval.encoders.parts import Parts


def read(folder: str | PathLike[str]) -> Parts:
    """The parts of the encoder in a folder, in whichever layout it is, without its networks.

    Raises:
        UsageError: The folder holds no encoder, or one with missing, mismatching or pickled files.
    """
    path = Path(folder)
    if ours.fits(path):
        return ours.read(path)
    if sentence_transformers.fits(path):
        return sentence_transformers.read(path)
    if checkpoints.fits(path):
        return checkpoints.read(path)
    raise UsageError(f"{path / CONFIG}: not found; an encoder directory holds {CONFIG}, modules.json or config.json")
