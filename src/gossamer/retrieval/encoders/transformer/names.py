"""What `transformers` calls the settings and arrays of BERT and DistilBERT, beside our one set of names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy.typing as npt

from gossamer.retrieval.encoders.parts import Inexpressible

_SETTINGS = {
    "bert": {
        "layers": "num_hidden_layers", "width": "hidden_size", "heads": "num_attention_heads",
        "inner": "intermediate_size", "vocabulary": "vocab_size", "positions": "max_position_embeddings",
        "epsilon": "layer_norm_eps", "activation": "hidden_act",
    },
    "distilbert": {
        "layers": "n_layers", "width": "dim", "heads": "n_heads", "inner": "hidden_dim", "vocabulary": "vocab_size",
        "positions": "max_position_embeddings", "activation": "activation",
    },
}  # fmt: skip

# Our name to theirs. {i} is the number of a layer; of alternatives the first that is there counts.
_BERT = {
    "embeddings.words": ["embeddings.word_embeddings"],
    "embeddings.positions": ["embeddings.position_embeddings"],
    "embeddings.types": ["embeddings.token_type_embeddings"],
    "embeddings.norm": ["embeddings.LayerNorm"],
    "query": ["encoder.layer.{i}.attention.self.query"],
    "key": ["encoder.layer.{i}.attention.self.key"],
    "value": ["encoder.layer.{i}.attention.self.value"],
    "attention": ["encoder.layer.{i}.attention.output.dense"],
    "attention_norm": ["encoder.layer.{i}.attention.output.LayerNorm"],
    "up": ["encoder.layer.{i}.intermediate.dense"],
    "down": ["encoder.layer.{i}.output.dense"],
    "output_norm": ["encoder.layer.{i}.output.LayerNorm"],
    "head.transform": ["cls.predictions.transform.dense"],
    "head.norm": ["cls.predictions.transform.LayerNorm"],
    "head.words": ["cls.predictions.decoder", "cls.predictions"],  # older files keep the bias outside the decoder
}
_DISTILBERT = {
    "embeddings.words": ["embeddings.word_embeddings"],
    "embeddings.positions": ["embeddings.position_embeddings"],
    "embeddings.norm": ["embeddings.LayerNorm"],
    "query": ["transformer.layer.{i}.attention.q_lin"],
    "key": ["transformer.layer.{i}.attention.k_lin"],
    "value": ["transformer.layer.{i}.attention.v_lin"],
    "attention": ["transformer.layer.{i}.attention.out_lin"],
    "attention_norm": ["transformer.layer.{i}.sa_layer_norm"],
    "up": ["transformer.layer.{i}.ffn.lin1"],
    "down": ["transformer.layer.{i}.ffn.lin2"],
    "output_norm": ["transformer.layer.{i}.output_layer_norm"],
    "head.transform": ["vocab_transform"],
    "head.norm": ["vocab_layer_norm"],
    "head.words": ["vocab_projector"],
}
_TABLES = ("embeddings.words", "embeddings.positions", "embeddings.types")  # without bias
_PREFIXES = ("", "bert.", "distilbert.", "model.")  # which their classes put before the names
_OLD_PARTS = {"weight": "gamma", "bias": "beta"}  # of layer normalisation


def settings_of(config: Mapping[str, Any]) -> dict[str, str]:
    """Our name of each setting to theirs.

    Raises:
        Inexpressible: The model is of another kind.
    """
    kind = config.get("model_type", "bert")
    if kind not in _SETTINGS:
        raise Inexpressible(f"model_type {kind!r} is not supported without torch; {' and '.join(_SETTINGS)} are")
    if config.get("position_embedding_type", "absolute") != "absolute":
        raise Inexpressible(
            f"position_embedding_type {config['position_embedding_type']!r}: only absolute is supported"
        )
    return _SETTINGS[kind]


def arrays_of(
    arrays: Mapping[str, npt.ArrayLike], config: Mapping[str, Any], layers: int
) -> Iterator[tuple[str, npt.ArrayLike]]:
    """(our name, array) of everything that is there."""
    known = _DISTILBERT if config.get("model_type") == "distilbert" else _BERT
    for ours, theirs in known.items():
        for i in range(1 if "." in ours else layers):
            name = ours if "." in ours else f"layers.{i}.{ours}"
            for part in ("weight",) if ours in _TABLES else ("weight", "bias"):
                array = _first([one.format(i=i) for one in theirs], part, arrays)
                if array is not None:
                    yield f"{name}.{part}", array


def of_bert(ours: str) -> str:
    """What ``BertForMaskedLM`` calls one of our arrays; a DistilBERT is a BERT without token types."""
    name, part = ours.rsplit(".", 1)
    _, number, of_layer = name.split(".") if name.startswith("layers.") else ("", "0", name)
    theirs = _BERT[of_layer][0].format(i=number)
    return f"{theirs}.{part}" if theirs.startswith("cls.") else f"bert.{theirs}.{part}"


def _first(names: list[str], part: str, arrays: Mapping[str, npt.ArrayLike]) -> npt.ArrayLike | None:
    parts = [part, _OLD_PARTS[part]] if "norm" in names[0].lower() else [part]
    places = (f"{prefix}{name}.{one}" for name in names for prefix in _PREFIXES for one in parts)
    return next((arrays[place] for place in places if place in arrays), None)
