"""A recall on the command line and the page: tuned, used, said where it does not hold, and shown."""

import json
import sys
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
import pytest
from browsing import served

from gossamer import Index, SparseEncoder, SparseVectors
from gossamer.retrieval import calibration
from gossamer.retrieval.index import tuning

DOCUMENTS = 1500


class Words(SparseEncoder):
    """Each word weighs as much as its number says."""

    terms: ClassVar[list[str]] = [f"w{n:03d}" for n in range(300)]

    def encode_documents(self, texts: Sequence[str]) -> SparseVectors:
        known = set(self.terms)
        return SparseVectors.from_dicts(
            [
                {w: 1 + int(w[1:]) % 7 / 4 for w in text.lower().replace(".", " ").split() if w in known}
                for text in texts
            ],
            self.terms,
        )

    encode_queries = encode_documents

    def to_dict(self) -> dict[str, Any]:
        return {"type": "words-of-tune"}

    @classmethod
    def from_dict(cls, settings: dict[str, Any]) -> "Words":
        return cls()


@pytest.fixture(autouse=True)
def _known(monkeypatch):
    monkeypatch.setitem(SparseEncoder.types, "words-of-tune", f"{__name__}:Words")
    monkeypatch.setitem(sys.modules, __name__, sys.modules[Words.__module__])
    # What a search costs is what it reads, so that the outcome does not depend on the machine.
    clock, real = [0.0], calibration.calibrate

    def calibrate(search, *arguments, **options):
        def timed(how, some, k):
            clock[0] += len(some) * (1.0 if how is None else (how.postings + 100 * how.candidates) / 1e6)
            return search(how, some, k)

        return real(timed, *arguments, **options)

    monkeypatch.setattr(tuning, "calibrate", calibrate)
    monkeypatch.setattr(calibration.time, "thread_time", lambda: clock[0])


@pytest.fixture
def index(tmp_path):
    """Documents of two commits, with titles."""
    rng = np.random.default_rng(4)

    def words(n: int) -> str:
        return " ".join(rng.choice(Words.terms, n))

    with Index.create(tmp_path / "ix", Words()) as opened:
        for half in range(2):
            opened.add(
                {"id": f"{half} {n}", "title": words(5), "year": 1980 + n % 9, "text": f"{words(20)}. {words(20)}."}
                for n in range(DOCUMENTS // 2)
            )
            opened.commit()
    return tmp_path / "ix"


def test_from_tuning_to_answers(run, index):
    query = ["w001", "w002", "w003"]
    before = run("search", index, *query, "--recall", 0.9, "--json")
    assert "no approximate search is proven before tune()" in before.stderr
    asked = json.loads(before.stdout)
    assert (asked["recall"]["why_exact"], asked["recall"]["at_least"]) == ("before tune()", 1)
    exact = json.loads(run("search", index, *query, "--json").stdout)
    assert asked["hits"] == exact["hits"]
    assert asked["total"] == exact["total"] > 10
    assert "recall" not in exact

    tuned = run("tune", index, "--recall", 0.7, "--recall", 0.9, "-k", 10)
    assert tuned.exit_code == 0, tuned.stderr
    assert "on sentences" in tuned.stdout
    assert f"{DOCUMENTS:,} queries (titles)" in tuned.stdout
    assert "exact" in tuned.stdout
    shown = run("stats", index).stdout
    assert tuned.stdout.strip() in shown

    found = run("search", index, *query, "--recall", 0.9, "--json", "--explain")
    assert found.stderr == ""
    answer = json.loads(found.stdout)
    assert answer["total"] == {"value": 10, "relation": "gte"}
    assert answer["recall"]["asked"] == 0.9 <= answer["recall"]["at_least"] < 1
    assert answer["plan"]["traversal"] == "two-phase"
    assert answer["recall"] == answer["plan"]["approximation"]
    assert len(answer["hits"]) == 10
    assert "at least 0.9" in run("search", index, *query, "--recall", 0.9, "--explain").stdout
    whole = json.loads(run("search", index, *query, "--recall", 1, "--json").stdout)
    assert whole["hits"] == exact["hits"]
    filtered = run("search", index, *query, "--recall", 0.9, "--where", "year >= 1985")
    assert "under a filter" in filtered.stderr
    assert filtered.stdout == run("search", index, *query, "--where", "year >= 1985").stdout

    gone = exact["hits"][0]["id"]
    assert run("delete", index, gone, "--yes").exit_code == 0
    changed = run("search", index, *query, "--recall", 0.9, "--json")
    assert "since documents have changed" in changed.stderr
    assert json.loads(changed.stdout)["total"] == exact["total"] - 1
    assert "since documents have changed" in run("stats", index).stdout
    again = run("tune", index, "--recall", 0.9, "-k", 10, "--json")
    assert json.loads(again.stdout)["holds"]
    assert run("search", index, *query, "--recall", 0.9).stderr == ""


def test_queries_from_a_file(run, index, tmp_path):
    rng = np.random.default_rng(5)
    lines = [" ".join(rng.choice(Words.terms, 6)) for _ in range(1000)]
    (tmp_path / "q.tsv").write_text("".join(f"q{n}\t{line}\n" for n, line in enumerate(lines)))
    Words().encode_queries(lines).save(tmp_path / "q.safetensors")
    texts, vectors = (
        json.loads(run("tune", index, "--queries", tmp_path / f"q.{kind}", "--recall", 0.7, "-k", 10, "--json").stdout)
        for kind in ("tsv", "safetensors")
    )
    for figures in (texts, vectors):
        for one in figures["settings"]["10"]:
            one["microseconds"] = round(one["microseconds"])
        figures["exact"]["10"] = round(figures["exact"]["10"])
    assert texts == vectors
    assert (texts["of"], texts["queries"]) == ("given", 1000)
    (tmp_path / "few.tsv").write_text("q1\tw001\n")
    few = run("tune", index, "--queries", tmp_path / "few.tsv")
    assert few.exit_code == 2
    assert "1 queries are too few" in few.stderr


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--recall", "1.5"], "recall"),
        (["--recall", "0"], "recall"),
        (["-k", "0"], "-k"),
        (["--recall", "high"], "number"),
    ],
)
def test_what_makes_no_sense(run, index, options, says):
    for command in (["tune", index], ["search", index, "w001"]):
        answered = run(*command, *options)
        assert answered.exit_code == 2
        assert says in answered.stderr


def test_bm25_has_nothing_to_tune(run, library):
    answered = run("tune", library)
    assert (answered.exit_code, "BM25 is always searched exactly" in answered.stderr) == (2, True)
    exact, asked = (
        json.loads(run("search", library, "wing", "--json", *more).stdout) for more in ([], ["--recall", 0.5])
    )
    assert asked["hits"] == exact["hits"]
    assert asked["recall"] == {"asked": 0.5, "at_least": 1.0, "traversal": None, "why_exact": None}


def test_the_page_and_its_json(run, index):
    run("tune", index, "--recall", 0.9, "-k", 10)
    with served(index) as client:
        answer = client.get("/search.json", params={"q": "w001 w002", "recall": 0.9}).json()
        assert answer["total"] == {"value": 10, "relation": "gte"}
        page = client.get("/", params={"q": "w001 w002", "recall": 0.9}).text
        assert "at least 10 documents" in page
        assert "recall=0.9" in page  # its links ask for the same
        assert client.get("/search.json", params={"q": "w001", "recall": 2}).status_code == 422
