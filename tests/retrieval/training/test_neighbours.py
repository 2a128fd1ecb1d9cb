"""Batches of neighbours: everybody once an epoch, and nearer to each other than chance has it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, strategies as st

from gossamer.errors import UsageError
from gossamer.retrieval.training.groups import Group
from gossamer.retrieval.training.neighbours import NearBatches, neighbourhoods


@given(st.integers(1, 200), st.integers(1, 9), st.integers(0, 5))
def test_neighbourhoods_part_everybody(count, size, seed):
    places = np.random.default_rng(seed).normal(size=(count, 4))
    found = list(neighbourhoods(places, size, np.random.default_rng(seed)))
    assert sorted(np.concatenate(found).tolist()) == list(range(count))
    assert [len(one) % size for one in found[:-1]] == [0] * (len(found) - 1)
    assert all(len(one) <= size for one in found)


def test_equal_places_are_parted_too():
    found = list(neighbourhoods(np.zeros((20, 3)), 4, np.random.default_rng(0)))
    assert sorted(np.concatenate(found).tolist()) == list(range(20))


def test_batches_hold_neighbours_and_are_the_same_for_a_seed():
    rng = np.random.default_rng(0)
    topics = rng.normal(size=(40, 16))
    of = rng.integers(0, 40, 800)
    places = topics[of] + 0.1 * rng.normal(size=(800, 16))
    groups = [Group(f"q{at}", (f"d{at}",)) for at in range(800)]
    batches = NearBatches(groups, 16, 0, 3, places, 4)
    assert batches.an_epoch == 50
    seen: list[int] = []
    alike, across = [], []
    for step in range(batches.an_epoch):
        members = [int(group.query[1:]) for group in batches.batch(step)]
        seen += members
        alike += [of[members[at]] == of[members[at + 1]] for at in range(0, 16, 4)]
        across += [of[members[at]] == of[members[at + 4]] for at in range(0, 12, 4)]
    assert sorted(seen) == list(range(800))
    assert np.mean(alike) > 0.7  # by chance 1/40
    assert np.mean(across) < 0.15  # runs of a batch are drawn from all over
    again = NearBatches(groups, 16, 0, 3, places, 4)
    assert [group.query for group in again.batch(60)] == [group.query for group in batches.batch(60)]
    assert [group.query for group in batches.batch(0)] != [group.query for group in batches.batch(50)]


def test_sizes_that_do_not_go_together_are_refused():
    groups = [Group(f"q{at}", (f"d{at}",)) for at in range(8)]
    with pytest.raises(UsageError, match="runs of 3"):
        NearBatches(groups, 8, 0, 0, np.zeros((8, 2)), 3)
    with pytest.raises(UsageError, match="places of 7"):
        NearBatches(groups, 8, 0, 0, np.zeros((7, 2)), 2)
