"""Checkpoints: names, shapes and numbers are checked, and what is saved comes back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import naive_bert as naive
import numpy as np
import pytest

from gossamer.errors import UsageError
from gossamer.retrieval.encoders.transformer.checkpoint import CONFIG, WEIGHTS, Checkpoint, Shape

CONFIGURATION = naive.config("bert")
QUERY = "bert.encoder.layer.1.attention.self.query.weight"


def weights(**changes: Any) -> dict[str, Any]:
    made = naive.arrays(CONFIGURATION, prefix="bert.")
    for name, value in changes.items():
        if value is None:
            del made[name]
        else:
            made[name] = value
    return made


def with_one(value: float) -> Any:
    array = weights()[QUERY]
    array[2, 5] = value
    return array


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({QUERY: None}, r"lacks layers\.1\.query\.weight, of shape \(12, 12\)"),
        ({QUERY: np.zeros((12, 11))}, r"layers\.1\.query\.weight has shape \(12, 11\); the config makes it \(12, 12\)"),
        ({QUERY: with_one(float("nan"))}, r"layers\.1\.query\.weight holds nan at \[2, 5\]"),
        ({QUERY: with_one(float("inf"))}, r"layers\.1\.query\.weight holds inf at \[2, 5\]"),
        ({"bert.embeddings.LayerNorm.bias": None}, r"lacks embeddings\.norm\.bias"),
        (
            {"bert.embeddings.word_embeddings.weight": np.zeros((5, 12))},
            r"embeddings\.words\.weight has shape \(5, 12\)",
        ),
        ({"cls.predictions.transform.dense.bias": None}, r"lacks head\.transform\.bias"),
        ({"cls.predictions.decoder.weight": np.zeros((77, 3))}, r"head\.words\.weight has shape"),
    ],
)
def test_a_wrong_array_is_named(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        Checkpoint.from_arrays(weights(**changes), CONFIGURATION)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"hidden_size": None}, "the model's config lacks hidden_size"),
        ({"num_attention_heads": 5}, "width 12 is not a multiple of its 5 heads"),
        ({"num_attention_heads": 0}, "heads is 0, which is no size"),
        ({"hidden_act": "gelu_new"}, "activation 'gelu_new' is not supported"),
        ({"model_type": "roberta"}, "model_type 'roberta' is not supported"),
        ({"position_embedding_type": "relative_key"}, "only absolute is supported"),
        ({"vocab_size": "77"}, "vocabulary is '77', which is no size"),
    ],
)
def test_a_wrong_config_is_explained(changes: dict[str, Any], message: str) -> None:
    config = {name: value for name, value in {**CONFIGURATION, **changes}.items() if value is not None}
    with pytest.raises(UsageError, match=message):
        Checkpoint.from_arrays(weights(), config)


def test_a_decoder_that_repeats_the_embeddings_is_tied() -> None:
    repeated = weights(**{"cls.predictions.decoder.weight": weights()["bert.embeddings.word_embeddings.weight"]})
    repeated["cls.predictions.decoder.bias"] = repeated.pop("cls.predictions.bias")
    made, tied = (Checkpoint.from_arrays(one, CONFIGURATION) for one in (repeated, weights()))
    assert made.arrays.keys() == tied.arrays.keys()


@pytest.mark.parametrize("rounded", [False, True])
def test_what_is_saved_comes_back(rounded: bool, tmp_path: Path) -> None:
    checkpoint = Checkpoint.from_arrays(weights(), CONFIGURATION)
    if rounded:
        checkpoint = checkpoint.quantise()
    checkpoint.save(tmp_path / "new" / "encoder")
    read = Checkpoint.load(tmp_path / "new" / "encoder")
    assert read.shape == checkpoint.shape == Shape(2, 12, 3, 20, 77, 40)
    assert read.arrays.keys() == checkpoint.arrays.keys()
    for name, array in checkpoint.arrays.items():
        assert read.arrays[name].dtype == array.dtype
        assert (read.arrays[name] == array).all()


def test_a_damaged_folder_is_refused(tmp_path: Path) -> None:
    Checkpoint.from_arrays(weights(), CONFIGURATION).quantise().save(tmp_path)
    settings = json.loads((tmp_path / CONFIG).read_text())

    def load_with(**changes: Any) -> None:
        (tmp_path / CONFIG).write_text(json.dumps({**settings, **changes}))
        Checkpoint.load(tmp_path)

    with pytest.raises(UsageError, match="format 2; this gossamer reads up to 1"):
        load_with(format=2)
    with pytest.raises(UsageError, match="not an encoder that gossamer saved"):
        load_with(shape={"layers": 2})
    with pytest.raises(UsageError, match=r"embeddings\.words\.weight has shape"):
        load_with(shape={**settings["shape"], "vocabulary": 78})
    whole = (tmp_path / WEIGHTS).read_bytes()
    (tmp_path / CONFIG).write_text(json.dumps(settings))
    (tmp_path / WEIGHTS).write_bytes(whole[:-9])
    with pytest.raises(UsageError, match="not an encoder that gossamer saved"):
        Checkpoint.load(tmp_path)
    (tmp_path / WEIGHTS).unlink()
    with pytest.raises(UsageError, match=f"{WEIGHTS}: not found|No such file"):
        Checkpoint.load(tmp_path)


def test_scales_that_do_not_fit_are_refused() -> None:
    rounded = Checkpoint.from_arrays(weights(), CONFIGURATION).quantise()
    for scale in (np.ones(3, np.float16), np.full(77, np.inf, np.float16), np.ones(77, np.float32)):
        with pytest.raises(
            UsageError, match=r"embeddings\.words\.weight is int8, and its scales are not 77 finite float16"
        ):
            Checkpoint(rounded.shape, {**rounded.arrays, "embeddings.words.scale": scale})
    with pytest.raises(UsageError, match=r"layers\.0\.up\.weight is int8; float32"):
        Checkpoint(
            rounded.shape, {name: array for name, array in rounded.arrays.items() if name != "layers.0.up.scale"}
        )


def test_rows_of_zeros_and_of_tiny_weights_are_rounded_to_zero_or_near() -> None:
    array = np.zeros((77, 12), np.float32)
    array[1], array[2] = 1e-9, 3.0
    changed = Checkpoint.from_arrays(
        weights(**{"bert.embeddings.word_embeddings.weight": array}), CONFIGURATION
    ).quantise()
    stored = (
        changed.arrays["embeddings.words.weight"] * changed.arrays["embeddings.words.scale"].astype(np.float32)[:, None]
    )
    np.testing.assert_allclose(stored, array, atol=1e-7, rtol=1e-3)
    huge = weights(**{"bert.embeddings.word_embeddings.weight": np.full((77, 12), 1e10)})
    with pytest.raises(UsageError, match="above 8 million"):
        Checkpoint.from_arrays(huge, CONFIGURATION).quantise()


def test_words_alone_can_be_rounded() -> None:
    made = Checkpoint.from_arrays(weights(), CONFIGURATION).quantise(layers=False)
    assert {name for name, array in made.arrays.items() if array.dtype == np.int8} == {"embeddings.words.weight"}
