"""The learned scale: vectors need not change their size to agree with a teacher, and a broken run keeps it."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from gossamer.errors import UsageError
from gossamer.retrieval.encoders import learned
from gossamer.retrieval.training import planted
from gossamer.retrieval.training.groups import Group
from gossamer.retrieval.training.mixture import Mixture
from gossamer.retrieval.training.trainer import Settings, Trainer

WORLD = planted.world(train=64, documents=8, queries=4)


def trainer(factor: float, loss: str = "kl"):
    """Its teacher says what the fresh encoder says, `factor` times as loud."""
    torch.set_num_threads(1)
    backbone = planted.backbone(layers=1, width=32)
    encoder = learned.build(backbone, "static", "mlm", table=torch.linspace(0.5, 2, backbone.size))
    fixed = learned.build(
        planted.backbone(layers=1, width=32), "static", "mlm", table=torch.linspace(0.5, 2, backbone.size)
    )

    @torch.no_grad()
    def own(queries, documents):
        return factor * fixed.query(fixed.query.tokens(queries)) @ fixed.document(fixed.document.tokens(documents)).T

    return Trainer(encoder, loss, teachers=[own])


def test_a_quieter_teacher_is_found_by_the_scale_alone():
    texts = [group.documents[0] for group in WORLD.train]
    groups = [Group(group.query, tuple(texts[at : at + 6])) for at, group in enumerate(WORLD.train[:-6])]
    settings = Settings(steps=80, batch=8, negatives=5, rate=1e-9, warm_up=0.05)  # vectors stay as they are
    still, moved = trainer(0.3), trainer(0.3)
    lost = still.fit(groups, settings)[-1].loss
    found = moved.fit(groups, replace(settings, mixture_rate=0.07))[-1].loss
    assert still.mixture.ours.item() == 1.0
    assert moved.mixture.ours.item() == pytest.approx(0.3, rel=0.1)
    assert found < 0.01 * lost


def test_what_it_learned_is_kept_and_gone_on_from(tmp_path):
    settings = Settings(steps=12, batch=8, rate=1e-3, keep_every=3, mixture_rate=0.05, ours=0.5)

    class Killed(Exception):
        pass

    def kill(step):
        if step.number == 7:
            raise Killed

    whole, again = trainer(1.0, "ensemble"), trainer(1.0, "ensemble")
    expected = whole.fit(WORLD.train, settings)
    with pytest.raises(Killed):
        trainer(1.0, "ensemble").fit(WORLD.train, settings, folder=tmp_path, watch=kill)
    assert again.fit(WORLD.train, settings, folder=tmp_path) == expected
    assert torch.equal(again.mixture.logarithms, whole.mixture.logarithms)
    assert whole.mixture.ours.item() != pytest.approx(0.5, rel=1e-3)


def test_the_weight_is_the_ratio():
    assert Mixture(0.3, 1.5).weight == pytest.approx(0.2)
    with pytest.raises(UsageError, match="positive"):
        Settings(steps=1, ours=0.0)
