"""Negatives that are hard and wrong, and pairs whose positive can be found."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings, strategies as st

from gossamer.errors import UsageError
from gossamer.retrieval.encoders.impacts import Impacts
from gossamer.retrieval.training.groups import Group
from gossamer.retrieval.training.mining import consistent, mine_negatives
from gossamer.retrieval.training.teachers import SparseTeacher

# Of every ten the first word is shared, and the more often a text holds it the higher BM25 ranks it.
TEXTS = [f"{'wing ' * (60 - at)} other{at}" for at in range(60)]
PAIR = Group("wing", ("a positive about wings",), (4.0,))


def told(relevant: set[str]):
    """A teacher that takes the positive and these for relevant."""
    return lambda queries, documents: torch.tensor([
        [float(text in relevant or "positive" in text) for text in documents] for _ in queries
    ])  # fmt: skip


def by_rank() -> list[str]:
    bm25 = Impacts(TEXTS)
    scores = (bm25.encode_queries(["wing"]).to_scipy() @ bm25.encode_documents(TEXTS).to_scipy().T).toarray()[0]
    return [TEXTS[at] for at in (-scores).argsort(kind="stable")]


def test_negatives_stand_at_the_ranks_asked_for():
    mined = mine_negatives([PAIR] * 40, TEXTS, each=3, ranks=(5, 14))
    assert {len(set(group.documents)) for group in mined} == {4}
    assert {group.documents[0] for group in mined} == {PAIR.documents[0]}
    assert {text for group in mined for text in group.documents[1:]} == set(by_rank()[4:14])
    assert all(group.scores == () for group in mined)


def test_what_a_teacher_takes_for_relevant_is_no_negative():
    ranked = by_rank()
    relevant = set(ranked[4:12])
    mined = mine_negatives([PAIR] * 20, TEXTS, teachers=[told(relevant)], each=2, ranks=(5, 14))
    assert {text for group in mined for text in group.documents[1:]} == set(ranked[12:14])
    # Fewer are left than wanted: chance fills up, and not with what may be relevant.
    mined = mine_negatives([PAIR] * 20, TEXTS, teachers=[told(relevant)], each=3, ranks=(5, 14))
    assert all({*ranked[12:14]} < {*group.documents} and not relevant & {*group.documents} for group in mined)


def test_the_ensemble_decides_and_not_one_teacher():
    ranked = by_rank()
    candidates, suspect = ranked[4:14], ranked[4]

    def half(queries, documents):
        return torch.tensor([[0.93 if text == suspect else float("positive" in text) for text in documents]])

    certain = told({suspect})
    for teachers, spared in (([half], False), ([certain], True), ([half, certain], True)):
        mined = mine_negatives([PAIR] * 30, TEXTS, teachers=teachers, ranks=(5, 14))
        seen = {text for group in mined for text in group.documents[1:]}
        assert seen <= set(candidates)
        assert (suspect not in seen) == spared


def test_other_positives_of_a_query_are_no_negatives():
    first = by_rank()[0]
    groups = [PAIR, Group("wing", (first,))]
    assert all(first not in group.documents[1:] for group in mine_negatives(groups * 20, TEXTS, ranks=(1, 3), each=2))


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 6), st.integers(1, 5), st.integers(0, 20), st.integers(0, 9))
def test_groups_have_what_was_asked_for(each, first, more, seed):
    groups = [PAIR, Group("nothing like it", (TEXTS[3],), additions=("more",))]
    mined = mine_negatives(groups, TEXTS[:8], each=each, ranks=(first, first + more), seed=seed)
    assert mined == mine_negatives(groups, TEXTS[:8], each=each, ranks=(first, first + more), seed=seed)
    for group, before in zip(mined, groups, strict=True):
        assert len(set(group.documents)) == each + 1
        assert group.documents[0] == before.documents[0]
        assert group.additions == ()  # negatives have none: a lengthened positive would give itself away


def test_a_pair_is_kept_when_the_teachers_find_its_positive():
    texts = [f"word{at} common" for at in range(30)]
    right = [Group(f"word{at}", (texts[at],)) for at in range(30)]
    wrong = [Group("word7", (texts[8],)), Group("word8", (texts[7],))]
    teacher = SparseTeacher(Impacts(texts))
    assert consistent([*right, *wrong], [teacher], top=1) == right
    assert consistent([*right, *wrong], [teacher], top=30) == [*right, *wrong]
    # A teacher that says nothing of a query has not found its positive.
    assert consistent([*right, Group("unheard of", (texts[3],))], [teacher]) == right
    # Of five passages only those that are drawn can stand above the positive.
    assert len(consistent([*right, *wrong], [teacher], top=1, sample=5)) >= len(right)
    seen = []
    consistent(right * 5, [teacher], watch=lambda done, of: seen.append((done, of)))
    assert seen == [(128, 150), (150, 150)]


def test_teachers_are_weighed_and_their_scales_do_not_count():
    groups = [Group("q", (text,)) for text in ("a", "b", "c", "d")]
    scores = {"a": (4, 3), "b": (1, 4), "c": (2, 1), "d": (1, 2)}

    def teacher(which, scale):
        return lambda queries, documents: torch.tensor([[scale * scores[d][which] for d in documents] for _ in queries])

    both = [teacher(0, 1.0), teacher(1, 1000.0)]
    assert consistent(groups, both, top=1) == groups[:1]  # added up as they are, b would lead
    assert consistent(groups, both, weights=[0, 1], top=1) == groups[1:2]
    assert consistent(groups, both, weights=[1, 0], top=2) == [groups[0], groups[2]]


def test_nonsense_is_refused():
    with pytest.raises(UsageError, match="two ranks from 1 on"):
        mine_negatives([PAIR], TEXTS, ranks=(5, 4))
    with pytest.raises(UsageError, match="2 distinct documents are too few for 3"):
        mine_negatives([PAIR], TEXTS[:2])
    with pytest.raises(UsageError, match="name at least one"):
        consistent([PAIR], [])
