"""A recall that an index is asked for: one threshold over all segments, proven when tuned, exact where it is not."""

from __future__ import annotations

import inspect
import shutil
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
from tests.retrieval.brute_force import topical

from gossamer import Index, SparseEncoder, SparseVectors
from gossamer.errors import IndexLocked, UsageError
from gossamer.retrieval import BlockIndex, Uncalibrated, calibration
from gossamer.retrieval.calibration import Calibration, Setting
from gossamer.retrieval.index import tuning
from gossamer.retrieval.index.approximation import Tuning
from gossamer.retrieval.traversals import TwoPhase
from gossamer.text.documents import Document

ROWS = 6000
SIZES = (2500, 1500, 1200, 800)
NAMES = [f"d{row}" for row in range(ROWS)]


def part(vectors: SparseVectors, start: int, stop: int) -> SparseVectors:
    begin, end = vectors.indptr[start], vectors.indptr[stop]
    indptr = vectors.indptr[start : stop + 1] - begin
    return SparseVectors(indptr, vectors.indices[begin:end], vectors.values[begin:end], vectors.dim, vectors.vocabulary)


def made(path: Path, sizes: Sequence[int] = SIZES) -> Index:
    """An index of a segment for each size."""
    index, vectors, start = Index.create(path, encoder=None), topical(ROWS, 1), 0
    for size in sizes:
        documents = [Document(name, "", fields={"n": n}) for n, name in enumerate(NAMES[start : start + size], start)]
        index.add_vectors(NAMES[start : start + size], part(vectors, start, start + size), documents)
        index.commit()
        start += size
    assert index.stats()["segments"] == len(sizes)
    return index


def pretend(index: Index, how: TwoPhase = TwoPhase(postings=500, candidates=16), k: int = 10) -> None:  # noqa: B008
    """Commit a calibration that nobody measured."""
    setting = Setting(0.9, 0.95, 0.92, 1.0, how.facts())
    index._write().calibrate(Tuning(Calibration(1000, {k: 100.0}, {k: [setting]}), "given", None))
    index.commit()


def found(index: Index, queries: SparseVectors, k: int, how: TwoPhase | None) -> list[tuple[np.ndarray, int, int]]:
    """Scores of each query, and postings and rows that it cost."""
    native, results = index._snapshot.native, []
    for row in queries.to_dicts():
        rows, *cost = native.top_k(list(row.items()), k, False, None, how and (how.postings, how.candidates))
        results.append((np.array([score for score, *_ in rows]), *cost))
    return results


@pytest.fixture(scope="module")
def several(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("several") / "ix"
    made(path)
    return path


@pytest.fixture
def index(several: Path, tmp_path: Path) -> Index:
    shutil.copytree(several, tmp_path / "ix")
    return Index.open(tmp_path / "ix")


@pytest.fixture
def by_postings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Searches that take the time their settings say, so that what is chosen does not depend on the machine."""
    clock, real = [0.0], calibration.calibrate

    def calibrate(search, *arguments, **options):
        def timed(how, some, k):
            clock[0] += len(some) * (1.0 if how is None else (how.postings + 100 * how.candidates) / 1e6)
            return search(how, some, k)

        return real(timed, *arguments, **options)

    monkeypatch.setattr(tuning, "calibrate", calibrate)
    monkeypatch.setattr(calibration.time, "thread_time", lambda: clock[0])


class TestOneThreshold:
    def test_the_effort_is_spent_once_over_all_segments(self, index: Index, tmp_path: Path) -> None:
        one, queries = made(tmp_path / "one", [ROWS]), topical(100, 2, entries=12)
        every = sum(cost[1] for cost in found(index, queries, 10, TwoPhase(10**9, 10**9)))
        recalls = []
        for of in (one, index):
            exact, some = found(of, queries, 10, None), found(of, queries, 10, TwoPhase(600, 40))
            assert all(scored <= 40 for _, _, scored in some)
            assert sum(cost[1] for cost in some) < 0.6 * every
            recalls.append(
                np.mean([(got[0] >= best[0][-1]).sum() / len(best[0]) for best, got in zip(exact, some, strict=True)])
            )
        assert recalls[0] > 0.75
        assert recalls[1] > recalls[0] - 0.1
        # Its share for each segment alone finds less: there the best rows of all compete for the places of a few.
        apart = []
        for best, query in zip(found(one, queries, 10, None), queries.to_dicts(), strict=True):
            of_segments = []
            for lone in alone(index):
                rows = lone.top_k(list(query.items()), 10, False, None, (150, 10))[0]
                of_segments += [score for score, *_ in rows]
            apart.append((np.sort(of_segments)[-10:] >= best[0][-1]).sum() / len(best[0]))
        assert np.mean(apart) < recalls[1]

    def test_enough_effort_is_exact(self, index: Index) -> None:
        queries = topical(60, 3, entries=12)
        for best, got in zip(
            found(index, queries, 10, None), found(index, queries, 10, TwoPhase(10**9, ROWS)), strict=True
        ):
            np.testing.assert_array_equal(best[0], got[0])

    def test_a_relevant_segment_gets_more_of_the_effort(self, tmp_path: Path) -> None:
        index = Index.create(tmp_path / "ix", encoder=None)
        terms = ["both", "keel", "wing"]
        for word in ("keel", "wing"):
            rows = [{word: 5.0 if row % 50 == 7 else 1.0, "both": 0.01} for row in range(900)]
            index.add_vectors([f"{word}{row}" for row in range(900)], SparseVectors.from_dicts(rows, terms))
            index.commit()
        pretend(index, TwoPhase(300, 20))
        ranked = index.rank(SparseVectors.from_dicts([{"wing": 1.0, "both": 0.1}], terms), 10, recall=0.9)
        assert [name for name, _ in ranked[0]] == [f"wing{row}" for row in range(7, 507, 50)]

    def test_deleted_documents_stay_away(self, index: Index) -> None:
        queries = topical(40, 4, entries=12)
        gone = {name for ranked in index.rank(queries, 10) for name, _ in ranked[:5]}
        index.delete(gone)
        index.commit()
        pretend(index)
        ranked = index.rank(queries, 10, recall=0.9)
        assert [len(one) for one in ranked] == [len(one) for one in index.rank(queries, 10)]
        assert not gone & {name for one in ranked for name, _ in one}

    def test_a_query_of_few_or_no_matches(self, index: Index) -> None:
        pretend(index)
        rows = SparseVectors.from_dicts([{"nowhere": 1.0}, {"t0": 1.0}], ["nowhere", "t0"])
        nothing, some = index.rank(rows, 10, recall=0.9)
        assert nothing == []
        assert 0 < len(some) <= 10

    def test_several_passages_of_a_document_count_once(self, tmp_path: Path) -> None:
        with Index.create(tmp_path / "ix", Lengths(), passages=3) as index:
            index.add(
                [{"id": f"d{n}", "text": f"bb ccc {'dddd ' * (n % 3)}. bb ccc a. dddd a bb."} for n in range(200)]
            )
        pretend(index, TwoPhase(10**6, 10**6))
        assert index.rank(["bb dddd"], 10, recall=0.9) == index.rank(["bb dddd"], 10)


def alone(index: Index) -> list:
    """A native snapshot for each segment."""
    from gossamer import _native
    from gossamer.retrieval.encoders import BM25

    return [_native.Snapshot([s.native], [[]], False, BM25().native()) for s in index._snapshot.segments]


class TestTuning:
    @pytest.mark.usefixtures("by_postings")
    def test_a_recall_is_reached_on_other_queries(self, index: Index) -> None:
        known = index.tune(topical(1500, 5, entries=12), (0.8, 0.9, 0.97), depths=[10])
        assert [setting.recall for setting in known.settings[10]] == [0.8, 0.9, 0.97]
        queries = topical(1500, 6, entries=12)
        exact = index.rank(queries, 10)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            for setting in known.settings[10]:
                got = index.rank(queries, 10, recall=setting.recall)
                shares = [
                    sum(s >= best[-1][1] for _, s in some) / len(best)
                    for best, some in zip(exact, got, strict=True)
                    if best
                ]
                assert np.mean(shares) > setting.recall - 0.01  # of another sample
                assert np.mean(shares) < 1
                assert index.approximation(setting.recall).at_least == setting.at_least >= setting.recall
            assert index.rank(queries, 10, recall=1) == exact
        asked = {f"t{t}": 1.0 for t in range(5)}
        hits = index.search(asked, 10, recall=0.8)
        assert [(hit.id, hit.score) for hit in hits] == index.rank([asked], 10, recall=0.8)[0]
        assert index.search_batch([asked], 10, recall=0.8) == [hits]
        plan = index.plan(asked, 10, recall=0.8)
        assert (plan.traversal, plan.approximation) == ("two-phase", index.approximation(0.8))
        assert plan.postings < index.plan(asked, 10).postings or plan.scored < index.plan(asked, 10).scored

    @pytest.mark.usefixtures("by_postings")
    def test_what_a_query_was_made_from_counts_neither_way(self, index: Index) -> None:
        queries = part(topical(ROWS, 1), 0, 1000)
        with pytest.raises(UsageError, match="no document 'nobody'"):
            index.tune(queries, sources=["nobody"] * 1000)
        with pytest.raises(UsageError, match="2 sources"):
            index.tune(queries, sources=["d0", None])
        easy = index.tune(queries, (0.9,), depths=[1])
        hard = index.tune(queries, (0.9,), depths=[1], sources=NAMES[:1000], others={"same": queries})
        assert (
            hard.settings[1][0].traversal["options"]["postings"] >= easy.settings[1][0].traversal["options"]["postings"]
        )
        assert hard.settings[1][0].others["same"] > hard.settings[1][0].measured

    @pytest.mark.usefixtures("by_postings")
    def test_texts_of_the_documents_ask_for_others(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        rng = np.random.default_rng(0)
        words = Lengths.terms
        with Index.create(tmp_path / "ix", Lengths()) as index:
            for _ in range(3):
                index.add(
                    Document(
                        f"{rng.integers(1 << 40)}",
                        ". ".join(" ".join(rng.choice(words, 8)) for _ in range(3)) + ".",
                        title=" ".join(rng.choice(words, 3)),
                    )
                    for _ in range(400)
                )
                index.commit()
        seen, real = {}, tuning.calibrate
        monkeypatch.setattr(tuning, "calibrate", lambda *a, **o: seen.update(o, queries=a[2]) or real(*a, **o))
        index.tune(targets=(0.5,), depths=[1], seed=3)
        stats = index.stats()["calibration"]
        assert (stats["of"], stats["holds"], stats["queries"]) == ("titles", True, 1200)
        assert set(seen["others"]) == {"sentences"}
        segments, live = index._snapshot.segments, tuning._live(index._snapshot)
        for place, query in zip(live[seen["sources"]].tolist(), seen["queries"].to_dicts(), strict=True):
            document = segments[place >> 32].document(place & 0xFFFFFFFF)
            assert query == Lengths().encode_queries([document.title]).to_dicts()[0]
        assert len(set(seen["sources"].tolist())) == 1200
        again = seen["sources"]
        index.tune(targets=(0.5,), depths=[1], seed=3)
        np.testing.assert_array_equal(seen["sources"], again)

    @pytest.mark.usefixtures("by_postings")
    def test_rounded_vectors_are_measured_against_those_that_were_added(self, tmp_path: Path) -> None:
        rng, n = np.random.default_rng(3), 2000
        values = np.stack([np.full(n, 255.0), 100 + rng.random(n)], axis=1).ravel()  # 8 bits cannot tell these apart
        names = [f"d{row}" for row in range(n)]
        vectors = SparseVectors(np.arange(n + 1) * 2, np.tile([0, 1], n), values, 2, ["a", "b"])
        queries = SparseVectors(np.arange(1001), np.ones(1000), np.ones(1000), 2, ["a", "b"])
        with Index.create(tmp_path / "ix", encoder=None, values="u8") as index:
            for start in (0, 1200):
                stop = min(start + 1200, n)
                index.add_vectors(names[start:stop], part(vectors, start, stop))
                index.commit()
            index.delete(["d7"])
        shuffled = rng.permutation(n)
        added = [names[row] for row in shuffled], calibration.rows_of(vectors, shuffled)
        assert index.tune(queries, (0.9,), depths=[10]).settings[10]
        assert index.tune(queries, (0.9,), depths=[10], vectors=added).settings[10] == []
        seen, real = [], tuning.calibrate

        def watching(*arguments, original, **options):
            seen.append(original)
            return real(*arguments, original=original, **options)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(tuning, "calibrate", watching)
            index.tune(queries, (0.9,), depths=[10], vectors=added)
        live = [name for name in names if name != "d7"]
        kept = [row["b"] for row in seen[0].vectors.to_dicts()]
        assert kept == [values.astype(np.float32)[2 * int(name[1:]) + 1] for name in live]
        with pytest.raises(UsageError, match="document 'd0' is not among"):
            index.tune(queries, vectors=(["x"], part(vectors, 0, 1)))
        with pytest.raises(UsageError, match="2 ids for 1 vectors"):
            index.tune(queries, vectors=(["x", "y"], part(vectors, 0, 1)))

    def test_what_cannot_be_tuned(self, index: Index, tmp_path: Path) -> None:
        with pytest.raises(UsageError, match="no encoder"):
            index.tune()
        with pytest.raises(UsageError, match="999 queries"):
            index.tune(topical(999, 1))
        with pytest.raises(UsageError, match="negative"):
            index.tune([{"t0": -1.0}] * 1000)
        with Index.create(tmp_path / "few", Lengths()) as few:
            few.add(["a bb ccc dddd."])
        with pytest.raises(UsageError, match="0 titles and 1 sentences"):
            few.tune()
        with Index.create(tmp_path / "text") as text:
            text.add(["A sail is a wing."])
        with pytest.raises(UsageError, match="BM25"):
            text.tune()
        index.delete(["d1"])
        with pytest.raises(UsageError, match="uncommitted"):
            index.tune(topical(1000, 1))
        with pytest.raises(IndexLocked):
            Index.open(index.path).tune(topical(1000, 1))

    def test_it_is_asked_as_a_block_index_is(self) -> None:
        ours, theirs = inspect.signature(Index.tune).parameters, inspect.signature(BlockIndex.tune).parameters
        for name in ("targets", "depths"):
            assert ours[name].default == theirs[name].default


class TestWhereItDoesNotHold:
    def exact(self, index: Index, why: str, k: int = 10, recall: float = 0.9, **arguments) -> None:
        queries = topical(20, 8, entries=12)
        with pytest.warns(Uncalibrated, match=why) as said:
            ranked = index.rank(queries, k, recall=recall, **arguments)
        assert ranked == index.rank(queries, k, **arguments)
        assert said[0].filename == __file__
        assert why in index.approximation(recall, k, **arguments).why_exact

    def test_before_tuning(self, index: Index) -> None:
        self.exact(index, "before tune()")
        assert index.stats()["calibration"] is None

    def test_beyond_what_was_tuned(self, index: Index) -> None:
        pretend(index)
        self.exact(index, "at k=11", k=11)
        self.exact(index, "recall=0.95", recall=0.95)
        self.exact(index, "under a filter", where="n >= 0")
        with pytest.warns(Uncalibrated, match="with sort"):
            index.search({"t1": 1.0}, recall=0.9, sort="n")
        with pytest.warns(Uncalibrated, match="with like"):
            index.search(recall=0.9, like="d3")

    @pytest.mark.parametrize("change", ["add", "replace", "delete", "merge"])
    def test_after_a_change(self, index: Index, change: str) -> None:
        pretend(index)
        assert index.stats()["calibration"]["holds"]
        if change == "delete":
            index.delete(["d17"])
        elif change == "merge":
            index.merge()
        else:
            index.add_vectors(["d17" if change == "replace" else "new"], part(topical(1, 9), 0, 1))
        index.commit()
        self.exact(index, "documents have changed")
        stats = index.stats()["calibration"]
        assert not stats["holds"]
        assert "documents have changed" in stats["why_not"]
        assert stats["settings"]["10"][0]["at_least"] == 0.92
        pretend(index)
        assert index.stats()["calibration"]["holds"]
        assert index.rank(topical(20, 8, entries=12), recall=0.9) != index.rank(topical(20, 8, entries=12))

    def test_a_reader_takes_it_over_with_the_commit(self, index: Index) -> None:
        reader = Index.open(index.path)
        pretend(index)
        self.exact(reader, "before tune()")
        assert reader.refresh()
        assert reader.approximation(0.9).traversal == TwoPhase(500, 16)
        assert Index.open(index.path).stats()["calibration"] == reader.stats()["calibration"]
        assert reader.verify().ok
        pretend(index, TwoPhase(700, 20))
        assert len(list(index.path.glob("calibration-*"))) == 1  # the one before goes
        assert reader.approximation(0.9).traversal == TwoPhase(500, 16)

    @pytest.mark.parametrize("damage", ["truncated", "gone", *range(0, 1200, 90)])
    def test_damage_costs_the_calibration_alone(self, index: Index, damage: str | int) -> None:
        pretend(index)
        [path] = index.path.glob("calibration-*")
        content = bytearray(path.read_bytes())
        if damage == "gone":
            path.unlink()
        elif damage == "truncated":
            path.write_bytes(content[:-40])
        else:
            content[int(damage) % len(content)] ^= 0x10
            path.write_bytes(content)
        opened = Index.open(index.path)
        self.exact(opened, path.name)
        assert not opened.stats()["calibration"]["holds"]
        assert [problem.file for problem in opened.verify().problems] == [path.name]
        pretend(opened)
        assert opened.verify().ok
        assert opened.approximation(0.9).traversal is not None

    @pytest.mark.parametrize("recall", [0, -0.5, 1.01, float("nan")])
    def test_a_recall_that_makes_no_sense(self, index: Index, recall: float, tmp_path: Path) -> None:
        with Index.create(tmp_path / "text") as text:
            text.add(["A sail is a wing."])
        for one, query in ((index, {"t1": 1.0}), (text, "sail")):
            with pytest.raises(UsageError, match="recall"):
                one.search(query, recall=recall)
            with pytest.raises(UsageError, match="recall"):
                one.rank([query], recall=recall)

    def test_bm25_is_exact_and_says_nothing(self, tmp_path: Path) -> None:
        with Index.create(tmp_path / "ix") as text:
            text.add(["A sail is a wing.", "Warm the pot."])
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert text.rank(["sail"], recall=0.5) == text.rank(["sail"])
            assert text.search("sail", recall=0.5) == text.search("sail")
        assert text.approximation(0.5).at_least == 1


class TestArrays:
    """Rows of a matrix are looked up once, whatever way they come in."""

    def test_every_way_to_ask_ranks_the_same(self, index: Index) -> None:
        queries = topical(30, 10, entries=12)
        rows = [queries[row] for row in range(len(queries))]
        ranked = index.rank(queries, 7)
        assert ranked == index.rank(rows, 7) == index.rank(queries.to_dicts(), 7)
        assert [index.rank([row], 7)[0] for row in rows] == ranked  # from the second on by its columns
        assert index.rank(rows[:1] + queries.to_dicts()[1:], 7) == ranked
        backwards = SparseVectors.from_dicts(queries.to_dicts(), [*queries.vocabulary[::-1], "nowhere"])
        assert index.rank(backwards, 7) == ranked
        assert index.rank(queries, 7, where="n < 3000") == index.rank(queries.to_dicts(), 7, where="n < 3000")
        assert index.rank(queries, 7, exhaustive=True) == ranked

    def test_after_a_commit_they_are_looked_up_anew(self, index: Index) -> None:
        queries = topical(30, 10, entries=12)
        queries.vocabulary[5] = "late"
        before = index.rank(queries, 3)
        index.add_vectors(["new"], SparseVectors.from_dicts([{"late": 1000.0}]))
        index.commit()
        assert index.rank(queries, 3) == index.rank(queries.to_dicts(), 3) != before

    def test_columns_without_names(self, tmp_path: Path) -> None:
        vectors = SparseVectors(np.arange(11) * 2, np.tile([3, 2**31], 10), np.arange(20) + 1.0, 2**32)
        with Index.create(tmp_path / "ix", encoder=None) as index:
            index.add_vectors([str(i) for i in range(10)], SparseVectors.from_dicts(vectors.to_dicts()))
        assert [ranked[0][0] for ranked in index.rank(vectors, 1)] == ["9"] * 10

    def test_a_name_for_two_columns(self, index: Index) -> None:
        twice = SparseVectors([0, 2], [0, 1], [1.0, 1.0], 2, ["t1", "t1"])
        with pytest.raises(UsageError, match="two columns are named t1"):
            index.rank(twice)


class Lengths(SparseEncoder):
    """Every word weighs its length."""

    terms: ClassVar[list[str]] = ["a", "bb", "ccc", "dddd", *(f"w{n:02d}" for n in range(40))]

    def encode_documents(self, texts: Sequence[str]) -> SparseVectors:
        rows = [text.lower().replace(".", " ").split() for text in texts]
        return SparseVectors.from_dicts(
            [{word: float(len(word) * row.count(word)) for word in row if word in self.terms} for row in rows],
            self.terms,
        )

    encode_queries = encode_documents
