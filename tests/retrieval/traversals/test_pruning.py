"""What pruning saves, and what its approximate settings give up."""

from __future__ import annotations

from typing import NamedTuple

import pytest
from zipfian import zipfian

from gossamer.errors import UsageError
from gossamer.retrieval import BlockIndex, SparseVectors
from gossamer.retrieval.traversals import (
    BlockMaxPruning,
    BlockMaxWand,
    MaxScore,
    SuperblockPruning,
    TermAtATime,
    Traversal,
    Wand,
)

K = 10


class Measured(NamedTuple):
    recall: float  # share of the true top-k scores that is reached
    postings: int
    scored: int


class Measure:
    """Runs traversals over one collection; what they read is made once for each build."""

    def __init__(self) -> None:
        self.index, queries = BlockIndex.build(zipfian(20_000, 21), order="cluster"), zipfian(60, 22)
        self._arrays = queries.indptr, queries.indices, queries.values
        self._least = self.index.search(queries, K, exhaustive=True)[1][:, -1:]
        self._structures: dict[str, object] = {}

    def __call__(self, traversal: Traversal) -> Measured:
        build = traversal.built()
        if build not in self._structures:
            self._structures[build] = traversal.structure(self.index._space, {})
        search = traversal.over(self._structures[build])
        _, scores, postings, scored = search(*self._arrays, K, None, 1)
        return Measured(float((scores >= self._least).mean()), postings, scored)


@pytest.fixture(scope="module")
def measure() -> Measure:
    return Measure()


@pytest.mark.parametrize(
    "pruned", [MaxScore(), Wand(), BlockMaxWand(), BlockMaxPruning(), SuperblockPruning()], ids=str
)
def test_exact_pruning_scores_fewer_rows_and_reads_fewer_postings(measure: Measure, pruned: Traversal) -> None:
    everything, some = measure(TermAtATime()), measure(pruned)
    assert some.recall == everything.recall == 1
    assert some.scored < everything.postings / 2
    assert some.postings < everything.postings


def test_block_maxima_spare_scoring(measure: Measure) -> None:
    assert measure(BlockMaxWand(block_size=8)).scored < measure(Wand()).scored


def test_smaller_blocks_score_fewer_rows(measure: Measure) -> None:
    scored = [measure(BlockMaxPruning(block_size=size)).scored for size in (8, 32, 128)]
    assert scored == sorted(scored)
    assert scored[0] < scored[-1] / 2


SWEEPS: dict[str, list[Traversal]] = {
    "alpha": [BlockMaxPruning(alpha=alpha) for alpha in (1.0, 0.8, 0.6, 0.4)],
    "beta": [BlockMaxPruning(beta=beta) for beta in (1.0, 0.7, 0.4, 0.2)],
    "mu and eta": [SuperblockPruning(mu=share, eta=share) for share in (1.0, 0.8, 0.6, 0.4)],
    "mu": [SuperblockPruning(superblock=8, mu=mu) for mu in (1.0, 0.5, 0.3, 0.1)],
}


@pytest.mark.parametrize("sweep", SWEEPS.values(), ids=SWEEPS)
def test_approximate_settings_trade_recall_for_work(measure: Measure, sweep: list[Traversal]) -> None:
    measured = [measure(traversal) for traversal in sweep]
    recalls, work = [m.recall for m in measured], [m.postings for m in measured]
    assert recalls[0] == 1
    assert recalls == sorted(recalls, reverse=True)
    assert work == sorted(work, reverse=True)
    assert recalls[-1] < 0.99
    assert work[-1] < work[0]


def test_what_approximate_search_finds_has_its_exact_score(measure: Measure) -> None:
    queries = zipfian(30, 23)
    truth, every = measure.index.search(queries, 20_000, exhaustive=True)
    for traversal in (BlockMaxPruning(beta=0.3), BlockMaxPruning(saturating=True), SuperblockPruning(mu=0.3, eta=0.3)):
        search = traversal.over(traversal.structure(measure.index._space, {}))
        ids, scores, *_ = search(queries.indptr, queries.indices, queries.values, K, None, 1)
        for row in range(len(queries)):
            of = dict(zip(truth[row].tolist(), every[row].tolist(), strict=True))
            assert [of[found] for found in ids[row].tolist() if found >= 0] == scores[row][ids[row] >= 0].tolist()


def test_sixteen_bit_sums_lose_recall(measure: Measure) -> None:
    assert 0.5 < measure(BlockMaxPruning(saturating=True)).recall < 1


def test_sums_stay_at_the_largest_sixteen_bit_number() -> None:
    """Nine terms of full weight and value already reach 65,535: a tenth makes no difference, and the first row wins."""
    rows = SparseVectors.from_dicts([{f"t{t}": 1.0 for t in range(9)}, {f"t{t}": 1.0 for t in range(10)}])
    for saturating, first in ((False, 1), (True, 0)):
        index = BlockIndex.build(rows, traversal=BlockMaxPruning(saturating=saturating))
        assert index.search(rows[1], 1)[0].tolist() == [[first]]


@pytest.mark.parametrize(
    ("make", "match"),
    [
        (lambda: BlockMaxWand(block_size=0), "block_size=0 must be a whole number from 1"),
        (lambda: BlockMaxPruning(block_size=7), "block_size=7 .* from 8 to 256"),
        (lambda: BlockMaxPruning(alpha=0.0), "alpha=0.0 must be above 0 and at most 1"),
        (lambda: BlockMaxPruning(beta=1.5), "beta=1.5"),
        (lambda: SuperblockPruning(superblock=257), "superblock=257 .* from 2 to 256"),
        (lambda: SuperblockPruning(mu=float("nan")), "mu=nan"),
        (lambda: SuperblockPruning(mu=0.9, eta=0.8), "mu=0.9 must not be larger than eta=0.8"),
    ],
)
def test_impossible_options_are_refused(make, match: str) -> None:
    with pytest.raises(UsageError, match=match):
        make()


def test_other_options_than_those_built_are_refused() -> None:
    index = BlockIndex.build(zipfian(100, 24), traversal=BlockMaxPruning(block_size=16))
    index.search(zipfian(2, 25), traversal=BlockMaxPruning(block_size=16, alpha=0.5))
    with pytest.raises(UsageError, match=r"built for bmp\(block_size=16, .*build it with .*block_size=32"):
        index.search(zipfian(2, 25), traversal=BlockMaxPruning(block_size=32))
    with pytest.raises(UsageError, match="this index has traversal='bmp'; to search by 'wand'"):
        index.search(zipfian(2, 25), traversal="wand")
