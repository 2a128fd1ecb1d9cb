"""The native forward pass against BERT by its formulas in float64, on every instruction set, in float32 and int8."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import naive_bert as naive
import numpy as np
import pytest
from naive_bert import VOCABULARY, dense, texts
from scipy.stats import spearmanr

from gossamer import _native
from gossamer.errors import UsageError
from gossamer.retrieval.encoders.transformer import Checkpoint, Network

LEVELS = [
    "portable",
    *(["avx2"] if "avx2" in _native.cpu_features() else []),
    *(["avx512"] if {"avx512f", "avx512bw", "avx512vl"} <= set(_native.cpu_features()) else []),
    *(["neon"] if "neon" in _native.cpu_features() else []),
]
WEIGHTS: dict[str, Callable[[Any], Any]] = {
    "relu": lambda x: np.maximum(x, 0),
    "log1p": lambda x: np.log1p(np.maximum(x, 0)),
    "l0": lambda x: np.log1p(np.log1p(np.maximum(x, 0))),
}


def pair(kind: str = "bert", seed: int = 0, **sizes: int) -> tuple[Network, naive.NaiveBert]:
    config = naive.config(kind, **sizes)
    weights = naive.arrays(config, seed)
    return Network(Checkpoint.from_arrays(weights, config)), naive.NaiveBert(config, weights)


@pytest.mark.parametrize(
    ("kind", "options", "changes"),
    [
        ("bert", {}, {}),
        ("bert", {"old_norms": True, "prefix": "bert."}, {}),
        ("bert", {"tied": False}, {}),
        ("bert", {}, {"hidden_act": "relu"}),
        ("distilbert", {"prefix": "distilbert."}, {}),
        ("distilbert", {"tied": False}, {"activation": "relu"}),
    ],
)
def test_states_and_logits_equal_the_formulas(kind: str, options: dict[str, Any], changes: dict[str, str]) -> None:
    config = {**naive.config(kind), **changes}
    weights = naive.arrays(config, 3, **options)
    network = Network(Checkpoint.from_arrays(weights, config))
    expected = naive.NaiveBert(config, weights, options.get("prefix", ""))
    ids = texts()
    states = [expected.states(one) for one in ids]
    np.testing.assert_allclose(network.states(ids), np.concatenate(states), atol=1e-5)
    np.testing.assert_allclose(network.means(ids), [one.mean(axis=0) for one in states], atol=1e-5)
    largest = np.array([expected.logits(one).max(axis=0) for one in ids])
    assert 0.05 < (largest > 0).mean() < 0.8
    np.testing.assert_allclose(dense(network.encode(ids, weight="relu")), np.maximum(largest, 0), atol=2e-5)


@pytest.mark.parametrize("weight", ["relu", "log1p", "l0"])
@pytest.mark.parametrize(
    "flags",
    [{}, {"ignored": range(0, VOCABULARY, 3)}, {"left_out": range(1, VOCABULARY, 2)}, {"first_only": True}],
    ids=lambda flags: next(iter(flags), "none"),
)
def test_weights_and_masks(weight: Any, flags: dict[str, Any]) -> None:
    network, expected = pair(seed=1)
    ids = [*texts(1), np.empty(0, np.uint32), np.array([0, 3], np.uint32)]
    found = dense(network.encode(ids, weight=weight, **flags))
    for row, one in zip(found, ids, strict=True):
        counts = ~np.isin(one, list(flags.get("ignored", ())))
        counts[1:] &= not flags.get("first_only")
        largest = expected.logits(one)[counts].max(axis=0, initial=0) if counts.any() else np.zeros(VOCABULARY)
        largest[list(flags.get("left_out", ()))] = 0
        np.testing.assert_allclose(row, WEIGHTS[weight](largest), atol=2e-5)


def test_thresholds_keep_the_largest() -> None:
    network, _ = pair(seed=2)
    ids = texts(2)
    whole = dense(network.encode(ids))
    assert (dense(network.encode(ids, threshold=0.7)) == np.where(whole > 0.7, whole, 0)).all()
    share = np.float32(0.4) * whole.max(axis=1, keepdims=True)
    assert (dense(network.encode(ids, prune=0.4)) == np.where(whole > share, whole, 0)).all()
    few = dense(network.encode(ids, top_k=5))
    for row, all_of in zip(few, whole, strict=True):
        kept = np.lexsort((np.arange(VOCABULARY), -all_of))[:5]
        assert set(row.nonzero()[0]) == set(kept[all_of[kept] > 0])


def test_a_text_does_not_depend_on_the_batch_nor_on_threads() -> None:
    for rounded in (False, True):
        config = naive.config("bert")
        checkpoint = Checkpoint.from_arrays(naive.arrays(config, 4), config)
        network = Network(checkpoint.quantise() if rounded else checkpoint)
        ids = [one for seed in range(12) for one in texts(seed)]
        alone = [dense(network.encode([one]))[0] for one in ids]
        assert (dense(network.encode(ids)) == alone).all()
        assert (dense(network.encode(ids, threads=3)) == alone).all()
        assert (network.states(ids, threads=2) == np.concatenate([network.states([one]) for one in ids])).all()


def test_words_out_of_reach_are_skipped_without_a_trace() -> None:
    """With biases far below, most of a large vocabulary is never multiplied: the rest is as it was."""
    config = naive.config("bert", vocabulary=1000)
    weights = naive.arrays(config, 5)
    weights["cls.predictions.bias"][::3] = -100
    weights["embeddings.word_embeddings.weight"][7] = 0
    found = dense(Network(Checkpoint.from_arrays(weights, config)).encode(texts(vocabulary=1000), weight="relu"))
    expected = [naive.NaiveBert(config, weights).logits(one).max(axis=0) for one in texts(vocabulary=1000)]
    np.testing.assert_allclose(found, np.maximum(expected, 0), atol=2e-5)
    assert not found[:, ::3].any()


def token_weights(states: Any, ids: Any, pool: str) -> dict[int, float]:
    found: dict[int, float] = {}
    for value, id_ in zip(np.log1p(np.maximum(states, 0)), ids.tolist(), strict=True):
        found[id_] = max(found.get(id_, 0), value) if pool == "max" else found.get(id_, 0) + value
    return {id_: value for id_, value in found.items() if value > 0 and id_ != 2}


@pytest.mark.parametrize("pool", ["max", "sum"])
def test_weights_of_a_texts_own_words(pool: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gossamer.retrieval.encoders.transformer.network._TOGETHER", 100)  # several runs of texts
    network, expected = pair(seed=6)
    ids = [np.empty(0, np.uint32), *texts(6), np.array([5, 5, 2], np.uint32)]
    linear = np.random.default_rng(0).normal(size=12).astype(np.float32)
    found = network.weigh_tokens(ids, linear, 0.25, pool=pool, ignored=[2])
    for row, one in zip(found, ids, strict=True):
        wanted = token_weights(expected.states(one) @ linear + 0.25, one, pool) if len(one) else {}
        assert row.indices.tolist() == sorted(wanted)
        np.testing.assert_allclose(row.values, [wanted[id_] for id_ in sorted(wanted)], atol=1e-4)


def test_int8_stays_near() -> None:
    """Weights within a third of their own spread, and in nearly the same order, at the sizes of a small model."""
    config = naive.config("bert", width=64, heads=2, inner=256, vocabulary=500)
    checkpoint = Checkpoint.from_arrays(naive.arrays(config, 7), config)
    ids = texts(7, vocabulary=500)
    exact, rounded = (dense(Network(one).encode(ids, weight="relu")) for one in (checkpoint, checkpoint.quantise()))
    assert 0.2 < (exact > 0).mean() < 0.8
    assert np.abs(exact - rounded).max() < exact[exact > 0].std() / 3
    correlations = [spearmanr(a, b).statistic for a, b in zip(exact, rounded, strict=True)]
    assert min(correlations) > 0.98
    assert np.mean(correlations) > 0.99


def test_int8_rounds_by_its_definition() -> None:
    config = naive.config("bert")
    checkpoint = Checkpoint.from_arrays(naive.arrays(config), config)
    rounded = checkpoint.quantise()
    assert rounded.rounded
    assert rounded.quantise().arrays.keys() == rounded.arrays.keys()
    for name, array in checkpoint.arrays.items():
        stored = rounded.arrays[name]
        if stored.dtype != np.int8:
            assert (stored == array).all()
            continue
        scale = rounded.arrays[name.replace("weight", "scale")].astype(np.float32)[:, None]
        assert (np.abs(stored * scale - array) <= scale / 2 * 1.0001).all()
        assert np.abs(stored).max() == 127


LEVEL = """
import sys
import numpy as np
import naive_bert as naive
from gossamer import _native
from gossamer.retrieval.encoders.transformer import Checkpoint, Network
made = {"level": np.array(_native.cpu_level())}
for width, heads, inner in ((12, 3, 20), (64, 2, 256), (70, 5, 90)):
    config = naive.config("bert", width=width, heads=heads, inner=inner)
    checkpoint = Checkpoint.from_arrays(naive.arrays(config, 8), config)
    for name, one in (("f32", checkpoint), ("i8", checkpoint.quantise())):
        network = Network(one)
        made[f"{name}-{width}-vectors"] = naive.dense(network.encode(naive.texts(8), weight="relu"))
        made[f"{name}-{width}-states"] = network.states(naive.texts(8))
np.savez(sys.argv[1], **made)
"""


def test_every_level_agrees_with_the_formulas(tmp_path: Path) -> None:
    """int8 too: sums of codes are integers, so what differs is the rounding of float32 around them."""
    of_level = {}
    for level in LEVELS:
        path = os.pathsep.join([str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")])
        environment = {**os.environ, "GOSSAMER_CPU": level, "PYTHONPATH": path}
        subprocess.run([sys.executable, "-c", LEVEL, tmp_path / level], env=environment, check=True)
        with np.load(tmp_path / f"{level}.npz") as made:
            of_level[level] = dict(made)
        assert str(of_level[level].pop("level")) == level
    for width, heads, inner in ((12, 3, 20), (64, 2, 256), (70, 5, 90)):
        config = naive.config("bert", width=width, heads=heads, inner=inner)
        expected = naive.NaiveBert(config, naive.arrays(config, 8))
        largest = np.maximum([expected.logits(one).max(axis=0) for one in texts(8)], 0)
        for made in of_level.values():
            np.testing.assert_allclose(made[f"f32-{width}-vectors"], largest, atol=3e-5)
            # A code that rounds the other way moves a state by a step, 1/127 of the largest value of its row.
            np.testing.assert_allclose(made[f"i8-{width}-states"], of_level["portable"][f"i8-{width}-states"], atol=0.1)
            apart = np.abs(made[f"i8-{width}-states"] - of_level["portable"][f"i8-{width}-states"])
            assert np.median(apart) < 1e-5


def test_what_is_wrong_with_ids_is_said() -> None:
    network, _ = pair()
    with pytest.raises(UsageError, match="text 1 has id 77, and the vocabulary ends at 76"):
        network.encode([np.array([1], np.uint32), np.array([2, 77], np.uint32)])
    with pytest.raises(UsageError, match="text 0 has 41 ids, and the model reads up to 40"):
        network.states([np.zeros(41, np.uint32)])
    with pytest.raises(UsageError, match="ids are integers from 0, not int64 from -1"):
        network.means([np.array([-1])])
    with pytest.raises(UsageError, match="ids are integers from 0, not float64"):
        network.means([np.array([1.5])])
    for options in ({"prune": 1.0}, {"top_k": 0}, {"weight": "softplus"}, {"ignored": [77]}, {"left_out": [77]}):
        with pytest.raises(UsageError):
            network.encode(texts(), **options)  # type: ignore[arg-type]
    assert network.encode([]).shape == (0, VOCABULARY)
    assert network.states([]).shape == (0, 12)


def test_an_encoder_without_a_head_gives_states_alone() -> None:
    config = naive.config("bert")
    weights = {name: array for name, array in naive.arrays(config).items() if not name.startswith("cls.")}
    network = Network(Checkpoint.from_arrays(weights, config))
    assert network.means(texts()).shape == (40, 12)
    with pytest.raises(UsageError, match="no language-model head"):
        network.encode(texts())


def test_a_layer_that_is_half_int8_is_refused() -> None:
    config = naive.config("bert")
    exact = Checkpoint.from_arrays(naive.arrays(config), config)
    key = {name: array for name, array in exact.quantise().arrays.items() if name.startswith("layers.1.key.")}
    with pytest.raises(UsageError, match=r"layers\.1\.query, key and value are int8 all three or none"):
        Network(Checkpoint(exact.shape, {**exact.arrays, **key}))


def test_an_interrupt_stops_it() -> None:
    """The signal arrives while batches run; what was asked is left undone."""
    script = (
        "import os, signal, threading\nimport naive_bert as naive\n"
        "from gossamer.retrieval.encoders.transformer import Checkpoint, Network\n"
        "config = naive.config('bert', width=96, heads=2, inner=384, vocabulary=5000)\n"
        "network = Network(Checkpoint.from_arrays(naive.arrays(config), config))\n"
        "ids = naive.texts() * 20_000\n"
        "threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT)).start()\n"
        "try:\n    network.encode(ids, threads=2)\nexcept KeyboardInterrupt:\n    print('stopped')\n"
    )
    path = filter(None, [str(Path(__file__).parent), os.environ.get("PYTHONPATH")])
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path)}
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, timeout=60)
    assert done.stdout == "stopped\n", done.stderr
