"""BERT in float64 by its formulas, one text at a time, and random checkpoints by the names of `transformers`."""

from __future__ import annotations

from math import erf
from typing import Any

import numpy as np
import numpy.typing as npt

from gossamer.retrieval import SparseVectors

Array = npt.NDArray[np.float64]
VOCABULARY = 77


def config(
    kind: str, layers: int = 2, width: int = 12, heads: int = 3, inner: int = 20, vocabulary: int = VOCABULARY
) -> dict[str, Any]:
    sizes = (layers, width, heads, inner, vocabulary, 40)
    if kind == "distilbert":
        names = ("n_layers", "dim", "n_heads", "hidden_dim", "vocab_size", "max_position_embeddings")
        return {"model_type": kind, **dict(zip(names, sizes, strict=True)), "activation": "gelu"}
    names = (
        "num_hidden_layers", "hidden_size", "num_attention_heads", "intermediate_size", "vocab_size",
        "max_position_embeddings",
    )  # fmt: skip
    return {"model_type": "bert", **dict(zip(names, sizes, strict=True)), "hidden_act": "gelu", "layer_norm_eps": 1e-12}


def arrays(
    config: dict[str, Any], seed: int = 0, *, old_norms: bool = False, prefix: str = "", tied: bool = True
) -> dict[str, Any]:
    """Random weights with a head, by the names of the config's model type."""
    rng = np.random.default_rng(seed)
    bert = config["model_type"] == "bert"
    layers, width, _, inner, vocabulary, positions = list(config.values())[1:7]
    made: dict[str, npt.NDArray[np.float32]] = {}

    def linear(name: str, outputs: int, inputs: int) -> None:
        made[f"{name}.weight"] = rng.normal(0, 1.5 / np.sqrt(inputs), (outputs, inputs)).astype(np.float32)
        made[f"{name}.bias"] = rng.normal(0, 0.3, outputs).astype(np.float32)

    def norm(name: str) -> None:
        weight, bias = ("gamma", "beta") if old_norms else ("weight", "bias")
        made[f"{name}.{weight}"] = rng.normal(1, 0.2, width).astype(np.float32)
        made[f"{name}.{bias}"] = rng.normal(0, 0.2, width).astype(np.float32)

    def table(name: str, rows: int) -> None:
        made[f"{name}.weight"] = rng.normal(0, 0.5, (rows, width)).astype(np.float32)

    table(f"{prefix}embeddings.word_embeddings", vocabulary)
    table(f"{prefix}embeddings.position_embeddings", positions)
    norm(f"{prefix}embeddings.LayerNorm")
    if bert:
        table(f"{prefix}embeddings.token_type_embeddings", 2)
    for i in range(layers):
        layer = f"{prefix}{'encoder' if bert else 'transformer'}.layer.{i}."
        for name in NAMES[config["model_type"]][:4]:
            linear(layer + name, width, width)
        _, _, _, _, attention_norm, up, down, output_norm = NAMES[config["model_type"]]
        norm(layer + attention_norm)
        linear(layer + up, inner, width)
        linear(layer + down, width, inner)
        norm(layer + output_norm)
    linear("cls.predictions.transform.dense" if bert else "vocab_transform", width, width)
    norm("cls.predictions.transform.LayerNorm" if bert else "vocab_layer_norm")
    # Most words have a bias so low that nothing reaches them, as training leaves it.
    made["cls.predictions.bias" if bert else "vocab_projector.bias"] = rng.normal(-2, 3, vocabulary).astype(np.float32)
    if not tied:
        table("cls.predictions.decoder" if bert else "vocab_projector", vocabulary)
    return made


NAMES = {
    "bert": (
        "attention.self.query", "attention.self.key", "attention.self.value", "attention.output.dense",
        "attention.output.LayerNorm", "intermediate.dense", "output.dense", "output.LayerNorm",
    ),
    "distilbert": (
        "attention.q_lin", "attention.k_lin", "attention.v_lin", "attention.out_lin", "sa_layer_norm", "ffn.lin1",
        "ffn.lin2", "output_layer_norm",
    ),
}  # fmt: skip


class NaiveBert:
    """The forward pass over weights that :func:`arrays` made."""

    def __init__(self, config: dict[str, Any], weights: dict[str, Any], prefix: str = "") -> None:
        self._config, self._prefix = config, prefix
        self._weights = {name: np.asarray(array, np.float64) for name, array in weights.items()}
        self._bert = config["model_type"] == "bert"

    def states(self, ids: npt.NDArray[np.uint32]) -> Array:
        layers, width, heads = list(self._config.values())[1:4]
        prefix = self._prefix
        x = self._weights[f"{prefix}embeddings.word_embeddings.weight"][ids]
        x = x + self._weights[f"{prefix}embeddings.position_embeddings.weight"][: len(ids)]
        if self._bert:
            x = x + self._weights[f"{prefix}embeddings.token_type_embeddings.weight"][0]
        x = self._norm(x, f"{prefix}embeddings.LayerNorm")
        for i in range(layers):
            layer = f"{prefix}{'encoder' if self._bert else 'transformer'}.layer.{i}."
            query, key, value, out, attention_norm, up, down, output_norm = (
                layer + n for n in NAMES[self._config["model_type"]]
            )
            q, k, v = (self._linear(x, name).reshape(len(ids), heads, -1) for name in (query, key, value))
            scores = np.einsum("ihd,jhd->hij", q, k) / np.sqrt(width / heads)
            shares = np.exp(scores - scores.max(axis=-1, keepdims=True))
            shares /= shares.sum(axis=-1, keepdims=True)
            mixed = np.einsum("hij,jhd->ihd", shares, v).reshape(len(ids), width)
            x = self._norm(x + self._linear(mixed, out), attention_norm)
            x = self._norm(x + self._linear(self._activation(self._linear(x, up)), down), output_norm)
        return x

    def logits(self, ids: npt.NDArray[np.uint32]) -> Array:
        """Of every position and word."""
        names = ("cls.predictions.transform.dense", "cls.predictions.transform.LayerNorm", "cls.predictions.decoder")
        transform, norm, words = names if self._bert else ("vocab_transform", "vocab_layer_norm", "vocab_projector")
        x = self._norm(self._activation(self._linear(self.states(ids), transform)), norm)
        tied = self._weights[f"{self._prefix}embeddings.word_embeddings.weight"]
        bias = self._weights["cls.predictions.bias" if self._bert else "vocab_projector.bias"]
        return x @ self._weights.get(f"{words}.weight", tied).T + bias

    def _activation(self, x: Array) -> Array:
        name = self._config.get("hidden_act", self._config.get("activation"))
        return np.maximum(x, 0) if name == "relu" else x * 0.5 * (1 + np.vectorize(erf)(x / np.sqrt(2)))

    def _linear(self, x: Array, name: str) -> Array:
        return x @ self._weights[f"{name}.weight"].T + self._weights[f"{name}.bias"]

    def _norm(self, x: Array, name: str) -> Array:
        part = lambda new, old: self._weights.get(f"{name}.{new}", self._weights.get(f"{name}.{old}"))  # noqa: E731
        centred = x - x.mean(axis=-1, keepdims=True)
        return centred / np.sqrt((centred**2).mean(axis=-1, keepdims=True) + 1e-12) * part("weight", "gamma") + part(
            "bias", "beta"
        )


def texts(seed: int = 0, most: int = 40, vocabulary: int = VOCABULARY) -> list[npt.NDArray[np.uint32]]:
    """Of every length up to `most`, in any order."""
    rng = np.random.default_rng(seed)
    return [rng.integers(0, vocabulary, n).astype(np.uint32) for n in rng.permutation(np.arange(1, most + 1))]


def dense(vectors: SparseVectors) -> npt.NDArray[np.float32]:
    """Without scipy, which takes long to import."""
    made = np.zeros(vectors.shape, np.float32)
    made[np.repeat(np.arange(len(vectors)), np.diff(vectors.indptr)), vectors.indices] = vectors.values
    return made
