"""Runs sentence-transformers, of either version: writes its layout, and encodes with folders in it; JSON on stdout.

A process of its own, since one cannot hold two versions. Arguments: ``write CHECKPOINT FOLDER TEXTS`` writes an encoder
of every kind into the folder, and ``encode FOLDER TEXTS`` takes those that are there; both print their vectors.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import torch
from sentence_transformers import SparseEncoder
from transformers import AutoTokenizer

try:
    from sentence_transformers.base.modules import Router, Transformer
    from sentence_transformers.sparse_encoder.modules import SparseStaticEmbedding, SpladePooling

    def network(folder: str):
        return Transformer(folder, transformer_task="fill-mask")

except ImportError:  # before 5.4
    from sentence_transformers.models import Router
    from sentence_transformers.sparse_encoder.models import MLMTransformer, SparseStaticEmbedding, SpladePooling

    def network(folder: str):
        return MLMTransformer(folder)


def write(checkpoint: str, out: Path) -> None:
    tokenizer = AutoTokenizer.from_pretrained(checkpoint)
    table = SparseStaticEmbedding(tokenizer, torch.linspace(0, 2, len(tokenizer)), frozen=True)
    splade = [network(checkpoint), SpladePooling("max")]
    sums = [network(checkpoint), SpladePooling("sum")]
    twice = [network(checkpoint), SpladePooling("max", activation_function="log1p_relu")]
    made = {
        "splade": splade,
        "sum": sums,
        "inference-free": [Router.for_query_document([table], twice)],
        "two networks": [Router.for_query_document([network(checkpoint), SpladePooling("sum")], splade)],
    }
    for name, modules in made.items():
        SparseEncoder(modules=modules).save_pretrained(str(out / name))


def encode(folder: Path, texts: list[str]) -> dict[str, dict[str, list[list[float]]]]:
    kinds = [path.name for path in folder.iterdir() if (path / "modules.json").exists()]
    return {kind: vectors(SparseEncoder(str(folder / kind)), texts) for kind in kinds}


def vectors(encoder: SparseEncoder, texts: list[str]) -> dict[str, list[list[float]]]:
    return {side: getattr(encoder, f"encode_{side}")(texts).to_dense().tolist() for side in ("query", "document")}


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["write", checkpoint, folder, texts]:
            write(checkpoint, Path(folder))
            print(json.dumps(encode(Path(folder), json.loads(texts))))
        case ["encode", folder, texts]:
            print(json.dumps(encode(Path(folder), json.loads(texts))))
