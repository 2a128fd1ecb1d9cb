"""Penalties: their formulas, and the identity behind the idf-aware one."""

from __future__ import annotations

import pytest
import torch

from gossamer.errors import UsageError
from gossamer.retrieval.encoders.methods import Penalty
from gossamer.retrieval.training.regularisers import DocumentFrequency, Regulariser, factor, flops, l1

WEIGHTS = torch.tensor([[1.0, 0.0, 3.0], [0.0, 2.0, 1.0], [2.0, 0.0, 0.0], [1.0, 0.0, 0.0]])


def test_flops_is_the_squared_mean_of_each_word():
    assert flops(WEIGHTS).item() == pytest.approx(1 + 0.25 + 1)
    assert l1(WEIGHTS).item() == pytest.approx(10 / 4)


def test_flops_by_slots_is_that_of_each_slot():
    # Rows 0 and 2 are positives, 1 and 3 negatives.
    assert flops(WEIGHTS, slots=2).item() == pytest.approx(flops(WEIGHTS[::2]).item() + flops(WEIGHTS[1::2]).item())


def test_short_documents_are_left_alone_and_still_count_as_rows():
    assert flops(WEIGHTS, l0=1).item() == pytest.approx(0.25**2 + 0.5**2 + 1)


def test_idf_in_matching_divides_the_penalty_of_a_word_by_its_idf_squared():
    idf = torch.tensor([0.5, 2.0, 4.0])
    documents = WEIGHTS.clone().requires_grad_()
    scaled = (idf * WEIGHTS).requires_grad_()
    query = torch.tensor([1.0, 0.0, 1.0])
    # The same scores: idf in the query, or in the document under a binary query.
    torch.testing.assert_close(documents @ (idf * query), scaled @ query)
    plain, aware = flops(documents), flops(scaled, columns=1 / idf)
    torch.testing.assert_close(plain, aware)
    plain.backward()
    aware.backward()
    torch.testing.assert_close(scaled.grad, documents.grad / idf)


def test_df_flops_spares_rare_words_and_punishes_common_ones():
    found = factor(torch.tensor([0.0, 0.01, 0.1, 0.5, 1.0]))
    assert found[2].item() == pytest.approx(0.5)
    assert found[0] < 1e-6
    assert found[1] < 0.01
    assert found[3] > 0.99
    assert found.diff().min() > 0
    seen = DocumentFrequency(memory=2)
    seen.see(torch.tensor([[1.0, 0.0], [1.0, 1.0]]))
    assert seen.share.tolist() == [1, 0.5]
    seen.see(torch.tensor([[0.0, 1.0], [0.0, 1.0]]))
    assert seen.share.tolist() == [0.5, 0.75]


def test_the_penalty_rises_with_the_square_of_the_step():
    regulariser = Regulariser(Penalty(query=0.5, document=2.0, ramp=10))
    queries, documents = WEIGHTS[:2], WEIGHTS
    assert regulariser(queries, documents, 0).item() == 0
    full = 0.5 * flops(queries) + 2 * flops(documents)
    assert regulariser(queries, documents, 5).item() == pytest.approx(full.item() / 4)
    assert regulariser(queries, documents, 10).item() == pytest.approx(full.item())
    assert regulariser(queries, documents, 99).item() == pytest.approx(full.item())


def test_queries_may_have_a_penalty_of_another_kind():
    regulariser = Regulariser(Penalty(query=1.0, document=0.0, ramp=1, of_queries="l1"))
    assert regulariser(WEIGHTS[:2], WEIGHTS, 1).item() == pytest.approx(l1(WEIGHTS[:2]).item())


def test_nonsense_is_refused():
    with pytest.raises(UsageError, match="at least one step"):
        Regulariser(Penalty(ramp=0))
    with pytest.raises(UsageError, match="between 0 and 1"):
        DocumentFrequency(middle=1.0)
