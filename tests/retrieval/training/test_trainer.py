"""Training of every published method: the loss falls, vectors hold what the method allows, a killed run goes on."""

from __future__ import annotations

import pytest
import torch

from gossamer.errors import GossamerError, UsageError
from gossamer.retrieval.encoders import heads, learned, methods
from gossamer.retrieval.encoders.expansion import Expander
from gossamer.retrieval.encoders.methods import METHODS, Penalty
from gossamer.retrieval.training import planted
from gossamer.retrieval.training.checkpoint import NAME
from gossamer.retrieval.training.groups import Group
from gossamer.retrieval.training.trainer import Settings, Trainer

WORLD = planted.world(train=256, documents=32, queries=8)
SETTINGS = Settings(steps=12, batch=8, rate=3e-3, warm_up=0.1)


def small(seed: int = 0):
    torch.set_num_threads(1)
    return planted.backbone(layers=1, width=32, seed=seed)


def groups(negatives: int, *, scores: bool = False) -> list[Group]:
    """Each pair with other pairs' documents as negatives; a teacher that knows the answer."""
    found = []
    for at, group in enumerate(WORLD.train):
        wrong = [WORLD.train[(at + one) % len(WORLD.train)].documents[0] for one in range(1, negatives + 1)]
        documents = (group.documents[0], *wrong)
        told = tuple(float(8 - 4 * bool(one) - 0.1 * one) for one in range(len(documents))) if scores else ()
        found.append(Group(group.query, documents, told))
    return found


def overlap(queries, documents):
    """A teacher: words in common."""
    return torch.tensor([[float(len(set(q.split()) & set(d.split()))) for d in documents] for q in queries])


class Appended(Expander):
    """One word that no document of the world's first texts need hold."""

    def __call__(self, texts):
        return ["c9z"] * len(texts)

    def settings(self):
        return {}


@pytest.mark.parametrize("name", METHODS)
def test_every_method_learns_and_emits_only_what_it_may(name):
    method = methods.get(name)
    backbone = small()
    table = {"table": torch.linspace(0.5, 2, backbone.size)} if method.query == "static" else {}
    expander = Appended() if method.expansion else None
    encoder = learned.preset(name, backbone, expander=expander, **table)
    teachers = [overlap] if "ensemble" in method.losses else []
    data = groups(method.negatives, scores="margin_mse" in method.losses)
    before = [one.detach().clone() for one in encoder.document.parameters()]
    few = [data[at] for at in range(16)]  # so few that even a small model learns them by heart
    trainer = Trainer(encoder, method.losses, method.penalty, teachers)
    steps = trainer.fit(few, Settings(steps=30, batch=8, negatives=method.negatives, rate=2e-3))
    first, last = (sum(step.ranking for step in part) / 5 for part in (steps[:5], steps[-5:]))
    assert last < first
    assert not all(map(torch.equal, before, encoder.document.parameters()))

    texts = [few[0].query, few[1].query]
    words = [{*text.split()} for text in texts]
    documents = encoder.encode_documents(texts)
    if expander is not None:  # the head reads more words than the text holds, and weighs no others
        assert all("c9z" in row for row in documents.to_dicts())
        words = [{*of, "c9z"} for of in words]
    for side, vectors in (("queries", encoder.encode_queries(texts)), ("documents", documents)):
        assert vectors.shape == (2, backbone.size)
        assert vectors.values.min() > 0
        assert not {"[CLS]", "[SEP]", "[PAD]"} & {term for row in vectors.to_dicts() for term in row}
        literal = all(set(row) <= of for row, of in zip(vectors.to_dicts(), words, strict=True))
        assert literal == (method.expands not in (side, "both"))


@pytest.mark.parametrize("name", METHODS)
def test_the_gradient_reaches_every_part_of_every_method(name):
    method = methods.get(name)
    backbone = small()
    table = {"table": torch.linspace(0.5, 2, backbone.size)} if method.query == "static" else {}
    encoder = learned.preset(name, backbone, **table)
    teachers = [overlap] if "ensemble" in method.losses else []
    data = groups(method.negatives, scores="margin_mse" in method.losses)
    Trainer(encoder, method.losses, method.penalty, teachers).fit(
        data, Settings(steps=1, batch=8, negatives=method.negatives)
    )
    found = {name: one.grad for name, one in encoder.named_parameters() if one.requires_grad}
    assert all(bool(torch.isfinite(grad).all()) for grad in found.values() if grad is not None)
    still = {name for name, grad in found.items() if grad is None or not grad.any()}
    # A shift of all keys changes no attention; a head that weighs a text's own words needs no vocabulary matrix.
    still -= {name for name in still if ".key.bias" in name}
    without = {name for name in still if "cls.predictions" in name or "vocabulary.bias" in name}
    assert still == without
    assert not without or "mlp" in (method.query, method.document)


def test_top_k_in_training_leaves_the_rest_without_a_gradient():
    encoder = learned.build(small(), "binary", "mlm")
    steps = Trainer(encoder).fit(WORLD.train, Settings(steps=2, batch=8, top_k=7, rate=1e-3))
    assert all(step.document_words <= 7 for step in steps)
    whole = Trainer(learned.build(small(), "binary", "mlm")).fit(WORLD.train, Settings(steps=2, batch=8, rate=1e-3))
    assert whole[0].document_words > 7
    assert whole[0].loss != steps[0].loss
    weights = torch.tensor([[3.0, 1.0, 2.0, 0.5]], requires_grad=True)
    heads.top(weights, 2).sum().backward()
    assert weights.grad.tolist() == [[1, 0, 1, 0]]
    with pytest.raises(UsageError, match="top_k=0"):
        Settings(steps=1, top_k=0)


@pytest.mark.parametrize("penalty", [None, Penalty(document=1e-3, ramp=5, kind="df-flops")])
def test_a_killed_run_goes_on_to_the_same_losses(tmp_path, penalty):
    def trainer():
        return Trainer(learned.build(small(), "mlp", "mlm", shared=True), "contrastive", penalty)

    whole = trainer()
    expected = whole.fit(WORLD.train, SETTINGS)

    class Killed(Exception):
        pass

    def kill(step):
        if step.number == 7:
            raise Killed

    settings = Settings(**{**vars(SETTINGS), "keep_every": 3})
    with pytest.raises(Killed):
        trainer().fit(WORLD.train, settings, folder=tmp_path, watch=kill)
    again = trainer()
    seen = []
    steps = again.fit(WORLD.train, settings, folder=tmp_path, watch=seen.append)
    assert [step.number for step in seen] == list(range(6, 12))  # the last checkpoint was after step 5
    assert [step.loss for step in steps] == [step.loss for step in expected]
    for one, other in zip(whole.encoder.parameters(), again.encoder.parameters(), strict=True):
        assert torch.equal(one, other)
    assert again.fit(WORLD.train, settings, folder=tmp_path) == steps  # nothing left to do


def test_checkpoints_of_something_else_are_refused(tmp_path):
    encoder = learned.build(small(), "mlp", "mlm", shared=True)
    Trainer(encoder).fit(WORLD.train, Settings(steps=1, batch=4), folder=tmp_path)
    with pytest.raises(UsageError, match=r"other settings \(rate\)"):
        Trainer(encoder).fit(WORLD.train, Settings(steps=1, batch=4, rate=1e-4), folder=tmp_path)
    with pytest.raises(UsageError, match="another encoder"):
        Trainer(learned.build(small(), shared=True)).fit(WORLD.train, Settings(steps=1, batch=4), folder=tmp_path)
    (tmp_path / NAME).write_bytes((tmp_path / NAME).read_bytes()[:-100])
    with pytest.raises(GossamerError, match="remove it to begin anew"):
        Trainer(encoder).fit(WORLD.train, Settings(steps=1, batch=4), folder=tmp_path)


def test_vectors_that_vanish_are_said():
    encoder = learned.build(small(), shared=True)
    with torch.no_grad():
        encoder.document.backbone.vocabulary.bias.fill_(-100)
    with pytest.raises(GossamerError, match="became zero; weaken the penalty"):
        Trainer(encoder).fit(WORLD.train, SETTINGS)


def test_a_loss_that_is_no_number_is_said():
    encoder = learned.build(small(), "mlp", "mlp", shared=True)
    with torch.no_grad():
        encoder.document.head.linear.weight.fill_(float("nan"))
    with pytest.raises(GossamerError, match="step 0: the loss is nan"):
        Trainer(encoder).fit(WORLD.train, SETTINGS)


def test_only_what_is_asked_for_decays_and_falls():
    assert Settings(steps=10, warm_up=0.2).speed(0) == 0.5
    assert Settings(steps=10, warm_up=0.2).speed(1) == 1
    assert Settings(steps=10, warm_up=0.2).speed(2) == 1
    assert Settings(steps=10, warm_up=0.2).speed(9) == pytest.approx(1 / 8)


def test_deepct_learns_which_words_queries_ask_for():
    encoder = learned.preset("deepct", small())
    data = [Group(query, ("c1x c2x c3x",)) for query in ("c1x", "c1x c2x")] * 8
    Trainer(encoder, "term_recall").fit(data, Settings(steps=60, batch=8, rate=5e-3))
    row = encoder.encode_documents(["c1x c2x c3x"]).to_dicts()[0]
    assert row.get("c1x", 0) == pytest.approx(1, abs=0.25)
    assert row.get("c2x", 0) == pytest.approx(0.5, abs=0.25)
    assert row.get("c3x", 0) == pytest.approx(0, abs=0.25)


def test_the_rate_falls_in_a_line_or_as_a_cosine():
    line, cosine = (Settings(steps=110, warm_up=10 / 110, fall=fall) for fall in ("line", "cosine"))
    assert [line.speed(step) for step in (0, 9, 10, 35, 60, 109)] == pytest.approx([0.1, 1, 1, 0.75, 0.5, 0.01])
    assert cosine.speed(35) == pytest.approx((1 + 2**-0.5) / 2)
    assert [cosine.speed(step) for step in (0, 10, 60)] == pytest.approx([0.1, 1, 0.5])
