"""The losses against what their formulas give, and what they must not see."""

from __future__ import annotations

import math

import pytest
import torch

from gossamer.errors import UsageError
from gossamer.retrieval.training import supervision
from gossamer.retrieval.training.supervision import LOSSES, Scores, ensembled

# Two queries with two documents each: columns 0 and 2 are the positives.
ALL = torch.tensor([[2.0, 1.0, 0.0, -1.0], [0.5, 0.0, 1.0, 3.0]])


def softmax(row: list[float], at: int) -> float:
    return math.exp(row[at]) / sum(map(math.exp, row))


def test_scores_know_each_querys_own_documents():
    assert Scores(ALL).group == 2
    assert Scores(ALL).own.tolist() == [[2, 1], [1, 3]]


def test_contrastive_has_every_document_of_the_batch_as_a_candidate():
    expected = -(math.log(softmax(ALL[0].tolist(), 0)) + math.log(softmax(ALL[1].tolist(), 2))) / 2
    assert supervision.contrastive(Scores(ALL)).item() == pytest.approx(expected)


def test_cross_entropy_and_negative_likelihood_have_the_querys_own():
    right = [softmax([2, 1], 0), softmax([1, 3], 0)]
    assert supervision.cross_entropy(Scores(ALL)).item() == pytest.approx(-sum(map(math.log, right)) / 2)
    assert supervision.negative_likelihood(Scores(ALL)).item() == pytest.approx(1 - sum(right) / 2)


def test_infonce_leaves_other_queries_positives_out():
    # Negatives of the batch: columns 1 and 3.
    expected = -(math.log(softmax([2, 1, -1], 0)) + math.log(softmax([1, 0, 3], 0))) / 2
    assert supervision.infonce(Scores(ALL)).item() == pytest.approx(expected)
    with pytest.raises(UsageError, match="use contrastive"):
        supervision.infonce(Scores(ALL[:, :2]))


def test_margin_mse_compares_margins_and_not_scores():
    teacher = torch.tensor([[10.0, 8.0], [0.0, 5.0]])
    expected = ((1 - 2) ** 2 + (-2 + 5) ** 2) / 2
    assert supervision.margin_mse(Scores(ALL, [teacher])).item() == pytest.approx(expected)
    assert supervision.margin_mse(Scores(ALL, [teacher + 100])).item() == pytest.approx(expected)
    in_batch = torch.full((2, 4), 77.0)
    in_batch[0, :2], in_batch[1, 2:] = teacher[0], teacher[1]
    assert supervision.margin_mse(Scores(ALL, [in_batch])).item() == pytest.approx(expected)


def test_kl_is_zero_at_the_teacher_and_otherwise_the_divergence():
    own = Scores(ALL).own
    assert supervision.kl(Scores(ALL, [own + 3])).item() == pytest.approx(0, abs=1e-6)
    teacher = torch.tensor([[0.0, 0.0], [0.0, 0.0]])
    expected = sum(0.5 * math.log(0.5 / softmax(row, at)) for row in ([2.0, 1.0], [1.0, 3.0]) for at in (0, 1)) / 2
    assert supervision.kl(Scores(ALL, [teacher])).item() == pytest.approx(expected)
    halved = supervision.kl(Scores(ALL, [teacher], temperature=2.0)).item()
    cool = sum(0.5 * math.log(0.5 / softmax(row, at)) for row in ([1.0, 0.5], [0.5, 1.5]) for at in (0, 1)) / 2
    assert halved == pytest.approx(cool)


def test_an_ensemble_does_not_see_the_scales_of_its_teachers():
    one = torch.tensor([[0.1, 0.2, 0.4, 0.3], [5.0, 1.0, 2.0, 3.0]])
    other = torch.tensor([[9.0, 1.0, 4.0, 2.0], [0.0, 7.0, 3.0, 1.0]])
    target = ensembled([one, other], scale=30)
    torch.testing.assert_close(ensembled([one * 100 + 7, other], scale=30), target, rtol=1e-4, atol=1e-3)
    assert target.min() >= 0
    assert target.max() <= 30
    torch.testing.assert_close(ensembled([one, other], weights=[2, 0]), ensembled([one]))
    student = target.clone()
    assert supervision.ensemble(Scores(student, [one, other])).item() == pytest.approx(0, abs=1e-5)
    assert supervision.ensemble(Scores(-student, [one, other])).item() > 1


def test_residual_asks_only_for_what_bm25_does_not_say():
    teacher, bm25 = torch.tensor([[3.0, 1.0, 0.0], [0.0, 0.0, 9.0], [1.0, 7.0, 2.0]]), torch.rand(3, 3)
    target = ensembled([teacher, bm25], scale=5.0)
    missing = target - 2.0 * bm25  # what has to be added to two points for each of BM25's
    said = Scores(missing, [teacher], scale=5.0, beside=bm25, balance=2.0)
    assert supervision.residual(said).item() == pytest.approx(0, abs=1e-6)
    assert supervision.residual(Scores(target, [teacher], scale=5.0, beside=bm25, balance=2.0)).item() > 0.01
    uneven = ensembled([teacher, bm25.flip(0), bm25], scale=5.0, weights=[3.0, 1.0, 2.0])  # BM25 counts their mean
    both = [teacher, bm25.flip(0)]
    exact = Scores(uneven - bm25, both, scale=5.0, weights=[3.0, 1.0], beside=bm25, balance=1.0)
    assert supervision.residual(exact).item() == pytest.approx(0, abs=1e-6)
    with pytest.raises(UsageError, match="beside"):
        supervision.residual(Scores(target, [teacher]))
    with pytest.raises(UsageError, match="all documents"):
        supervision.residual(Scores(target, [teacher[:, :1]], beside=bm25))


def test_min_max_over_two_candidates_says_nothing_and_is_refused():
    with pytest.raises(UsageError, match="0 and 1"):
        ensembled([torch.tensor([[3.0, 4.0]])])
    with pytest.raises(UsageError, match="as many weights"):
        ensembled([ALL], weights=[1, 1])


def test_term_recall_counts_the_words_that_are_there_alone():
    documents, targets = torch.tensor([[1.0, 0.5, 9.0]]), torch.tensor([[0.0, 0.5, 0.0]])
    present = torch.tensor([[1.0, 1.0, 0.0]])
    scores = Scores(torch.ones(1, 1), documents=documents, targets=targets, present=present)
    assert supervision.term_recall(scores).item() == pytest.approx(0.5)


@pytest.mark.parametrize("name", ["margin_mse", "kl", "ensemble"])
def test_distillation_without_a_teacher_is_refused(name):
    with pytest.raises(UsageError, match="teacher"):
        LOSSES[name](Scores(ALL))
