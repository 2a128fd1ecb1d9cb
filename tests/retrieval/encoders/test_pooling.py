"""The pooled product against the one that holds every logit, forwards and backwards."""

from __future__ import annotations

import torch
from hypothesis import given, settings, strategies as st

from gossamer.retrieval.encoders import pooling
from gossamer.retrieval.encoders.pooling import largest_logits


@given(st.integers(1, 4), st.integers(1, 6), st.integers(1, 5), st.integers(1, 20), st.integers(1, 7), st.integers())
@settings(max_examples=60, deadline=None)
def test_it_equals_the_product_with_every_logit(n, length, width, words, together, seed):
    draw = torch.Generator().manual_seed(seed % 2**31)
    states = torch.randn(n, length, width, generator=draw, dtype=torch.float64, requires_grad=True)
    weight = torch.randn(words, width, generator=draw, dtype=torch.float64, requires_grad=True)
    mask = (torch.rand(n, length, generator=draw) < 0.7).double()
    mask[:, 0] = 1
    was, pooling._SLICE = pooling._SLICE, together
    try:
        found = largest_logits(states, weight, mask)
    finally:
        pooling._SLICE = was
    expected = (states @ weight.T).masked_fill(mask.unsqueeze(-1) == 0, float("-inf")).amax(1)
    torch.testing.assert_close(found, expected)

    upstream = torch.randn(found.shape, generator=draw, dtype=torch.float64) * (found.detach() > 0)
    ours = torch.autograd.grad(found, (states, weight), upstream)
    theirs = torch.autograd.grad(expected, (states, weight), upstream)
    for one, other in zip(ours, theirs, strict=True):
        torch.testing.assert_close(one, other)


def test_a_text_without_positions_has_no_largest_logit():
    found = largest_logits(torch.ones(2, 3, 2), torch.ones(4, 2), torch.tensor([[1.0, 1, 0], [0, 0, 0]]))
    assert found.tolist() == [[2.0] * 4, [float("-inf")] * 4]
