"""How encoders lie on disk: our folder, that of sentence-transformers, plain SPLADE checkpoints, and OpenSearch's."""

from __future__ import annotations

from os import PathLike
from pathlib import Path

from gossamer.errors import UsageError
from gossamer.retrieval.encoders.base import CONFIG
from gossamer.retrieval.encoders.layouts import checkpoints, ours, sentence_transformers
from gossamer.retrieval.encoders.learned import LearnedEncoder


def load(folder: str | PathLike[str]) -> LearnedEncoder:
    """The encoder in a folder, in whichever layout it is.

    Raises:
        UsageError: The folder holds no encoder, or one with missing, mismatching or pickled files.
    """
    path = Path(folder)
    if ours.fits(path):
        return ours.load(path)
    if sentence_transformers.fits(path):
        return sentence_transformers.load(path)
    if checkpoints.fits(path):
        return checkpoints.load(path)
    raise UsageError(f"{path}: no encoder; looked for {CONFIG}, modules.json and config.json")


def save(encoder: LearnedEncoder, folder: str | PathLike[str]) -> list[str]:
    """Write an encoder so that sentence-transformers reads what it can of it, and we all of it.

    Returns:
        What sentence-transformers will do otherwise than this encoder, in words; empty when nothing.
    """
    path = Path(folder)
    path.mkdir(parents=True, exist_ok=True)
    said = sentence_transformers.save(encoder, path)
    ours.save(encoder, path)
    return said
