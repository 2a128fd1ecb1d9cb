"""A recall that is asked for is reached: settings are chosen on one half of the queries and proven on the other."""

from __future__ import annotations

import math
import time
import warnings
from pathlib import Path
from statistics import NormalDist

import numpy as np
import pytest
from tests.retrieval.brute_force import topical

from gossamer.errors import UsageError
from gossamer.retrieval import BlockIndex, SparseVectors
from gossamer.retrieval.block_index import Uncalibrated
from gossamer.retrieval.calibration import Calibration, Setting, calibrate, lower_bound
from gossamer.retrieval.traversals import TwoPhase

ROWS = 5000


def one_term_queries(n: int) -> SparseVectors:
    """Queries that can be told apart: the weight of the only term is the number of the query."""
    return SparseVectors(np.arange(n + 1), np.zeros(n), np.arange(n) + 1.0, 1)


class Pretended:
    """A search whose approximate form finds each of the k best with a chance that grows with its postings."""

    def __init__(self, chance: dict[int, float], worse: dict[int, float] | None = None) -> None:
        self.chance, self.worse, self.asked = chance, worse or {}, []

    def __call__(self, how: TwoPhase | None, queries: SparseVectors, k: int):
        begin = time.thread_time()
        while time.thread_time() - begin < (0.02 if how is None else how.postings / 1e6):
            pass
        ids = np.tile(np.arange(k), (len(queries), 1))
        scores = np.tile(np.arange(k, 0, -1, dtype=np.float32), (len(queries), 1))
        if how is not None:
            self.asked.append(how)
            odd = (queries.values.astype(int) % 2 == 0)[:, None]  # every other query, those of the second half
            chance = np.where(odd, self.worse.get(how.postings, self.chance[how.postings]), self.chance[how.postings])
            missed = np.random.default_rng(how.postings).random((len(queries), k)) >= chance
            ids[missed], scores[missed] = -1, -np.inf
        return ids, scores

    def families(self, k: int) -> list[list[TwoPhase]]:
        return [[TwoPhase(postings=n) for n in sorted(self.chance)]]


@pytest.mark.parametrize("n", [1000, 5000])
def test_the_bound_holds_as_often_as_it_says(n: int) -> None:
    rng, true = np.random.default_rng(0), 0.95
    held = np.mean([lower_bound((rng.random(n) < true).astype(float)) <= true for _ in range(1000)])
    assert 0.93 < held < 0.99
    shares = rng.random(n)
    normal = shares.mean() - NormalDist().inv_cdf(0.95) * shares.std() / math.sqrt(n)
    assert lower_bound(shares) == pytest.approx(normal, abs=2 / n)
    assert lower_bound(np.ones(n)) < 1 - 2 / n  # nothing missed does not prove that nothing will be


def test_the_weakest_setting_that_reaches_a_recall_is_taken() -> None:
    search = Pretended({1000: 0.5, 2000: 0.93, 3000: 0.985, 4000: 1.0})
    found = calibrate(search, search.families, one_term_queries(2000), rows=50, targets=(0.9, 0.95, 0.99))
    assert [s.traversal["options"]["postings"] for s in found.settings[10]] == [2000, 3000, 4000]
    for setting in found.settings[10]:
        assert setting.recall <= setting.at_least < setting.measured
    assert found.at_recall(10, 0.9) == TwoPhase(postings=2000)
    assert found.at_recall(10, 0.91) == TwoPhase(postings=3000)  # the next target up
    assert found.at_recall(7, 0.9) == TwoPhase(postings=2000)  # the next depth up
    assert found.at_recall(10, 0.999) is None
    assert found.at_recall(11, 0.9) is None  # 100 results were not calibrated: there are 50 rows


def test_what_fails_on_the_second_half_is_not_used() -> None:
    search = Pretended({1000: 0.96, 2000: 0.97, 3000: 0.98}, worse={1000: 0.8, 2000: 0.8})
    found = calibrate(search, search.families, one_term_queries(2000), rows=50, targets=(0.9,))
    assert [s.traversal["options"]["postings"] for s in found.settings[10]] == [3000]
    search = Pretended({1000: 0.96}, worse={1000: 0.8})
    assert calibrate(search, search.families, one_term_queries(2000), rows=50, targets=(0.9,)).settings[10] == []


def test_what_is_slower_than_exact_search_is_not_used() -> None:
    search = Pretended({60_000: 1.0})
    assert calibrate(search, search.families, one_term_queries(1000), rows=50, targets=(0.9,)).settings[10] == []


def test_a_time_gets_the_best_recall_within_it() -> None:
    def setting(recall: float, us: float) -> Setting:
        return Setting(recall, recall, recall, us, TwoPhase(postings=int(us)).facts())

    known = Calibration(1000, {10: 200.0}, {10: [setting(0.9, 50), setting(0.95, 80), setting(0.99, 120)]})
    assert known.within(10, 100) == TwoPhase(postings=80)
    assert known.within(10, 10) == TwoPhase(postings=50)  # none is so fast
    assert known.within(10, 200) is None  # exact
    assert known.within(1000, 100) is None
    assert Calibration.from_dict(known.to_dict()) == known


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        ({"queries": one_term_queries(999)}, "999 queries"),
        ({"targets": (0.9, 1.0)}, "1.0"),
        ({"depths": [0]}, "depths"),
        ({"sources": [1]}, "1 sources for 1000"),
    ],
)
def test_wrong_arguments(arguments, match: str) -> None:
    search = Pretended({1000: 1.0})
    with pytest.raises(UsageError, match=match):
        calibrate(search, search.families, **{"queries": one_term_queries(1000), "rows": 50, **arguments})


@pytest.fixture(scope="module")
def index() -> BlockIndex:
    return BlockIndex.build(topical(ROWS, 1))


class TestOnAnIndex:
    def test_the_share_found_is_counted_by_scores(self, index: BlockIndex) -> None:
        queries, how = topical(1000, 2, entries=10), TwoPhase(postings=500, candidates=16)

        def search(how, some, k):
            begin = time.thread_time()
            while how is None and time.thread_time() - begin < 1:  # slow, so that any setting pays
                pass
            return index.search(some, k, traversal=how or "exact")

        found = calibrate(search, lambda k: [[how]], queries, rows=11, targets=(0.05,), others={"all": queries})
        kth = index.search(queries, 10)[1].min(axis=1)
        scores = index.search(queries, 10, traversal=how)[1]
        best = np.isfinite(index.search(queries, 10)[1]).sum(axis=1)
        share = np.where(
            best > 0, (scores >= np.where(np.isfinite(kth), kth, 0)[:, None]).sum(axis=1) / np.maximum(best, 1), 1
        )
        assert found.settings[10][0].others["all"] == pytest.approx(share.mean())

    def test_the_row_a_query_was_made_from_does_not_count(self, index: BlockIndex) -> None:
        vectors = topical(ROWS, 1)
        queries = SparseVectors(vectors.indptr[:1001], vectors.indices[: vectors.indptr[1000]],
                                vectors.values[: vectors.indptr[1000]], vectors.dim, vectors.vocabulary)  # fmt: skip
        seen = []

        def search(how, some, k):
            ids, scores = index.search(some, k)
            if how is not None:  # finds the query's own row and nothing else
                ids[:, 1:], scores[:, 1:] = -1, -np.inf
            seen.append(k)
            return ids, scores

        arguments = {"rows": 2, "targets": (0.5,)}
        calibrate(search, lambda k: [[TwoPhase()]], queries, **arguments)
        alone = calibrate(search, lambda k: [[TwoPhase()]], queries, sources=range(1000), **arguments)
        assert alone.settings[1] == []  # its own row is worth nothing
        assert set(seen) == {1, 2}  # one more is asked for in its place

    def test_rounded_vectors_are_measured_against_the_original_ones(self) -> None:
        rng = np.random.default_rng(3)
        n = 2000  # values that 8 bits cannot tell apart
        values = np.stack([np.full(n, 255.0), 100 + rng.random(n)], axis=1).ravel().astype(np.float32)
        vectors = SparseVectors(np.arange(n + 1) * 2, np.tile([0, 1], n), values, 2)
        queries = SparseVectors(np.arange(1001), np.ones(1000), np.ones(1000), 2)
        index = BlockIndex.build(vectors, values="u8")
        assert index.tune(queries, (0.9,), vectors=vectors).settings[10] == []
        with pytest.raises(UsageError, match="shape"):
            index.tune(queries, vectors=queries)

    def test_search_says_when_it_is_exact_instead(self, index: BlockIndex, tmp_path: Path) -> None:
        queries = topical(20, 9)
        exact = index.search(queries)
        for arguments in ({"recall": 0.9}, {"recall": 0.9, "where": np.ones(ROWS, np.bool_)}):
            with pytest.warns(Uncalibrated, match="exact"):
                got = index.search(queries, **arguments)
            np.testing.assert_array_equal(got[0], exact[0])
        setting = Setting(0.9, 0.95, 0.92, 1.0, TwoPhase(postings=500, candidates=16).facts())
        index._calibration = Calibration(1000, {10: 100.0}, {10: [setting]})
        index._facts["calibration"] = index._calibration.to_dict()
        index.save(tmp_path / "b")
        opened = BlockIndex.open(tmp_path / "b")
        assert opened.stats()["calibration"]["settings"]["10"][0]["recall"] == 0.9
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            some = opened.search(queries, recall=0.9)
            np.testing.assert_array_equal(opened.search(queries, recall=1)[0], exact[0])
            np.testing.assert_array_equal(opened.search(queries, budget_us=50)[0], some[0])
        np.testing.assert_array_equal(some[0], opened.search(queries, traversal=TwoPhase(500, 16))[0])
        with pytest.warns(Uncalibrated, match="k=11"):
            opened.search(queries, 11, recall=0.9)
        with pytest.warns(Uncalibrated, match="filter"):
            opened.search(queries, recall=0.9, where=np.ones(ROWS, np.bool_))

    @pytest.mark.parametrize("arguments", [{"recall": 0}, {"recall": 1.1}, {"recall": 0.9, "budget_us": 5}])
    def test_wrong_recalls(self, index: BlockIndex, arguments) -> None:
        with pytest.raises(UsageError):
            index.search(topical(1, 1), **arguments)
