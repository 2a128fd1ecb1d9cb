"""Steps over some of the vocabulary: the same scores, FLOPS and gradients on average, and all that trains on them."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from gossamer.errors import UsageError
from gossamer.retrieval.encoders import learned
from gossamer.retrieval.encoders.methods import Penalty
from gossamer.retrieval.training import planted
from gossamer.retrieval.training.averaging import Average
from gossamer.retrieval.training.columns import Sampler
from gossamer.retrieval.training.lazy import LazyAdamW
from gossamer.retrieval.training.regularisers import Regulariser, Turn, flops, words
from gossamer.retrieval.training.trainer import Settings, Trainer

WORLD = planted.world(train=64, documents=8, queries=4)


def encoder(seed: int = 0):
    torch.set_num_threads(1)
    backbone = planted.backbone(layers=1, width=32, seed=seed)
    return learned.build(backbone, "static", "mlm", table=torch.linspace(0.5, 2, backbone.size))


def batch(of):
    asked = of.query.tokens([group.query for group in WORLD.train[:8]])
    return asked, of.document.tokens([group.documents[0] for group in WORLD.train[:8]])


def test_scores_over_sampled_columns_are_those_over_all():
    ours = encoder()
    asked, tokens = batch(ours)
    columns = Sampler(ours, 50).draw(asked, np.random.default_rng(0))
    assert len(set(columns.ids.tolist())) == len(columns.ids)
    assert float(columns.stands_for.sum()) == pytest.approx(float(ours.document.columns.sum()))
    assert not set(columns.ids.tolist()) & set(ours.document.backbone.special)
    some = ours.query(asked, columns.ids) @ ours.document(tokens, columns.ids).T
    torch.testing.assert_close(some, ours.query(asked) @ ours.document(tokens).T)


def test_flops_and_its_gradient_are_right_on_average():
    ours = encoder()
    asked, tokens = batch(ours)
    sampler, rng = Sampler(ours, 200), np.random.default_rng(0)
    penalty = Regulariser(Penalty(document=1.0, ramp=1))
    with torch.no_grad():
        whole = ours.document(tokens)
    values, counts = [], []
    mean = torch.zeros_like(ours.document.backbone.vocabulary.weight)
    for _ in range(200):
        columns = sampler.draw(asked, rng)
        weights = ours.document(tokens, columns.ids)
        penalty_now = penalty(ours.query(asked, columns.ids), weights, 1, columns)
        (gradient,) = torch.autograd.grad(penalty_now, [ours.document.backbone.vocabulary.weight])
        mean += gradient / 200
        values.append(float(penalty_now.detach()))
        counts.append(float(words(weights, columns).mean()))
    assert np.mean(values) == pytest.approx(float(flops(whole)), rel=0.02)
    assert np.mean(counts) == pytest.approx(float(words(whole).mean()), rel=0.02)
    (exact,) = torch.autograd.grad(flops(ours.document(tokens)), [ours.document.backbone.vocabulary.weight])
    assert torch.cosine_similarity(mean.flatten(), exact.flatten(), 0) > 0.99


def test_what_cannot_be_sampled_is_refused():
    backbone = planted.backbone(layers=1, width=32)
    with pytest.raises(UsageError, match="queries that expand"):
        Sampler(learned.build(backbone, "mlm", "mlm", shared=True), 50)
    with pytest.raises(UsageError, match="fewer than"):
        Sampler(encoder(), 5000)
    with pytest.raises(UsageError, match="DF-FLOPS"):
        Trainer(encoder(), regulariser=Penalty(document=1e-3, kind="df-flops")).fit(
            WORLD.train, Settings(steps=1, batch=8, columns=50)
        )


def test_lambda_is_turned_until_documents_have_the_words_wanted():
    turn = Turn(wanted=40)
    for step in range(3000):
        turn.see(100 / turn.factor, step)  # twice the penalty, half the words
    assert 100 / turn.factor == pytest.approx(40, rel=0.1)

    penalty = Penalty(document=0.05, ramp=20, words=40.0)
    trainer = Trainer(encoder(), "contrastive", penalty)
    trainer.fit(WORLD.train, Settings(steps=60, batch=16, rate=3e-3, columns=200))
    assert trainer.regulariser is not None
    assert trainer.regulariser.turn is not None
    assert trainer.regulariser.turn.factor == pytest.approx(1.05**3)  # documents of this world begin with hundreds


def test_a_sampled_run_that_was_killed_goes_on_to_the_same_weights(tmp_path):
    settings = Settings(steps=12, batch=8, rate=3e-3, columns=100, keep_every=3, average=3, fall="cosine")

    def trainer():
        return Trainer(encoder(), "contrastive", Penalty(document=1e-3, ramp=5, words=40.0))

    class Killed(Exception):
        pass

    def kill(step):
        if step.number == 7:
            raise Killed

    whole, again = trainer(), trainer()
    expected = whole.fit(WORLD.train, settings)
    with pytest.raises(Killed):
        trainer().fit(WORLD.train, settings, folder=tmp_path, watch=kill)
    assert again.fit(WORLD.train, settings, folder=tmp_path) == expected
    for one, other in zip(whole.encoder.parameters(), again.encoder.parameters(), strict=True):
        assert torch.equal(one, other)


def test_the_average_is_that_of_the_last_checkpoints():
    layer = torch.nn.Linear(1, 1, bias=False)
    average = Average(layer, steps=10, every=2, count=3)
    for done in range(1, 11):
        torch.nn.init.constant_(layer.weight, float(done))
        average.see(done)
    average.put()
    assert layer.weight.item() == (10 + 8 + 6) / 3


def test_touched_rows_move_as_adamw_moves_them_and_others_lie():
    start = torch.randn(4, 3, generator=torch.Generator().manual_seed(0))
    ours, theirs = (torch.nn.Parameter(start.clone()) for _ in range(2))
    lazy = LazyAdamW([{"params": [ours], "lazy": True}], lr=0.1, weight_decay=0.1)
    plain = torch.optim.AdamW([theirs], lr=0.1, weight_decay=0.1)
    for step in range(3):
        factor = torch.tensor([[1.0], [-2.0], [step + 1.0], [0.0]])
        for one, optimizer in ((ours, lazy), (theirs, plain)):
            optimizer.zero_grad()
            (one * factor).sum().backward()
            optimizer.step()
    torch.testing.assert_close(ours[:3], theirs[:3])
    assert torch.equal(ours[3], start[3])
    assert not torch.equal(theirs[3], start[3])
