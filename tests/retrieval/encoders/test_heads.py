"""Every head against its formula, position by position."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from tests.retrieval.encoders.conftest import WORDS, made

from gossamer.errors import UsageError
from gossamer.retrieval.encoders import heads
from gossamer.retrieval.encoders.learned import LearnedEncoder, Limits, Side, build

TEXTS = ["wings of the air wing", "lift", "the the of", "zebra wing"]


def pieces(text: str) -> list[int]:
    return made().pieces([text])[0]


def states(backbone, text):
    """Hidden states and logits of a text alone, special tokens included; by the model as transformers has it."""
    ids = torch.tensor([[2, *pieces(text), 3]])
    found = backbone.model(input_ids=ids, output_hidden_states=True)
    return found.hidden_states[-1][0], backbone.vocabulary(found.logits)[0]


def documents(encoder: LearnedEncoder, texts: list[str]) -> np.ndarray:
    return encoder.encode_documents(texts).to_scipy().toarray()


@torch.no_grad()
@pytest.mark.parametrize("pool", ["max", "sum"])
@pytest.mark.parametrize(("activation", "norm"), [("relu", "log1p"), ("softplus", "log1p"), ("relu", "log1p_log1p")])
def test_mlm_pools_the_logits_of_words_alone(backbone, pool, activation, norm):
    encoder = build(backbone, pool=pool, activation=activation, norm=norm)
    for text, row in zip(TEXTS, documents(encoder, TEXTS), strict=True):
        logits = states(backbone, text)[1][1:-1].double()
        weights = torch.relu(logits) if activation == "relu" else torch.log1p(torch.exp(logits))
        weights = torch.log1p(weights)
        weights = torch.log1p(weights) if norm == "log1p_log1p" else weights
        expected = (weights.amax(0) if pool == "max" else weights.sum(0)).numpy()
        expected[[0, 1, 2, 3, 4]] = 0  # special columns
        np.testing.assert_allclose(row, expected, atol=1e-5)


@torch.no_grad()
def test_importance_multiplies_logits_and_quality_the_vector(backbone):
    encoder = build(backbone, "mlp", "mlm", activation="softplus", quality=True)
    head = encoder.document.head
    hidden, logits = states(backbone, "wings of air")
    importance = torch.log1p(torch.log1p(torch.exp(head.importance(hidden[1:-1]))))
    expected = torch.log1p(torch.nn.functional.softplus(logits[1:-1] * importance)).amax(0)
    expected = (expected * torch.sigmoid(head.quality(hidden[0]))).numpy()
    expected[:5] = 0
    np.testing.assert_allclose(documents(encoder, ["wings of air"])[0], expected, atol=1e-5)


@torch.no_grad()
def test_mlp_sums_repeats_of_queries_and_takes_the_largest_of_documents(backbone):
    encoder = build(backbone, "mlp", "mlp", shared=True, norm="identity")
    text = "the wing the air the"
    hidden, _ = states(backbone, text)
    each = torch.relu(encoder.document.head.linear(hidden[1:-1])).squeeze(-1).numpy()
    the, wing, air = WORDS.index("the"), WORDS.index("wing"), WORDS.index("air")
    query = encoder.encode_queries([text]).to_scipy().toarray()[0]
    document = documents(encoder, [text])[0]
    np.testing.assert_allclose(query[the], each[[0, 2, 4]].sum(), rtol=1e-5)
    np.testing.assert_allclose(document[the], each[[0, 2, 4]].max(), rtol=1e-5)
    for row in (query, document):
        np.testing.assert_allclose(row[[wing, air]], each[[1, 3]], rtol=1e-5)
        assert set(row.nonzero()[0]) <= {the, wing, air}


@torch.no_grad()
def test_cls_mlm_reads_the_first_position(backbone):
    row = documents(build(backbone, "binary", "cls-mlm"), ["wings of air"])[0]
    expected = torch.log1p(torch.relu(states(backbone, "wings of air")[1][0])).numpy()
    expected[:5] = 0
    np.testing.assert_allclose(row, expected, atol=1e-5)


def test_binary_and_static_weigh_presence(backbone):
    table = torch.arange(len(WORDS)) / 10
    encoder = build(backbone, "static", "mlm", table=table)
    row = encoder.encode_queries(["wings wing zebra"]).to_dicts()[0]
    assert row == pytest.approx({"wing": 0.5, "##s": 0.8})
    assert build(backbone, "binary").encode_queries(["air of air"]).to_dicts() == [
        pytest.approx({"of": 0.3, "air": 0.3})
    ]
    counts = Side(backbone, heads.Static(table, counts=True), "sum", Limits())
    tokens = counts.tokens(["wing wing of"])
    assert counts(tokens)[0].tolist() == pytest.approx([0, 0, 0, 0, 0, 1.0, 0, 0.7, 0, 0, 0])


@pytest.mark.parametrize("document", ["mlm", "mlp", "cls-mlm"])
def test_a_text_gets_the_same_vector_in_any_batch(backbone, document):
    encoder = build(backbone, "mlp", document)
    together = documents(encoder, TEXTS)
    for text, row in zip(TEXTS, together, strict=True):
        np.testing.assert_allclose(documents(encoder, [text])[0], row, atol=1e-5)


def test_top_k_and_prune_keep_the_largest(backbone):
    whole = documents(build(backbone), ["wings of air"])[0]
    largest = np.sort(whole)[::-1]
    assert documents(build(backbone, top_k=2), ["wings of air"])[0].nonzero()[0].tolist() == sorted(
        np.argsort(-whole)[:2]
    )
    ratio = float(largest[2] / largest[0])
    kept = documents(build(backbone, prune=ratio), ["wings of air"])[0]
    assert set(kept.nonzero()[0]) == set(np.argsort(-whole)[:2])  # what equals the share goes, too


def test_loaded_checkpoints_may_let_special_tokens_count(backbone):
    row = documents(build(backbone, special_positions=True, special_columns=True), ["wings of air"])[0]
    with torch.no_grad():
        expected = torch.log1p(torch.relu(states(backbone, "wings of air")[1].amax(0))).numpy()
    np.testing.assert_allclose(row, expected, atol=1e-5)


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ({"query_head": "static"}, "needs its table"),
        ({"query_head": "static", "table": torch.ones(3)}, r"shape \(3,\), the vocabulary 11"),
        ({"document_head": "dense"}, "unknown head 'dense'"),
        ({"activation": "identity"}, "may be"),
        ({"activation": "gelu"}, "known are relu"),
        ({"pool": "mean"}, "'max' or 'sum'"),
        ({"top_k": 0}, "at least 1"),
        ({"prune": 1.0}, r"\[0, 1\)"),
        ({"longest": 2}, "at least 3"),
    ],
)
def test_parts_that_do_not_go_together_are_refused(backbone, parts, said):
    with pytest.raises(UsageError, match=said):
        build(backbone, **parts)
