"""Titles with a typing error in every longer word: how often the right document still comes first, and what it costs.

A query is the title of a document with two neighbouring, different letters swapped in every word of five or more
letters (seeded; identifiers, which are never corrected, stay, and quotation marks go). It is answered if a document of
that title comes first. Cranfield, SciFact and Python's standard library, whose title is a description's first line.
"""

from __future__ import annotations

import argparse
import random
import re
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import gossamer
from benchmarks import measure, report
from benchmarks.corpora import library, titled
from gossamer import _native
from gossamer.frontier import Frontier
from gossamer.text import Document

BAR = 0.97  # of an index that counts titles apart
FIELDS = {"one text": None, "title^3": "title^3"}
_LONG = 5
_PART = re.compile(r"\S+")
_WORD = re.compile(r"[^\W\d_]+")
_IDENTIFIER = re.compile(r"[\d_()]|\w\.\w|[^\W\d_][a-z][A-Z]")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--queries", type=int, default=1000, help="most of each collection")
    parser.add_argument("--passes", type=int, default=3)
    arguments = parser.parse_args()
    measure.pin()
    setting = measure.setting(["numpy"], seed=0, queries=arguments.queries, passes=arguments.passes)
    collections = {"Cranfield": titled("cranfield"), "SciFact": titled("scifact"), "Python's library": library()}
    rows = [
        run(name, documents, fields, arguments.queries, arguments.passes)
        for name, documents in collections.items()
        for fields in FIELDS
    ]
    print("## Mistyped titles: success@1\n")
    report.table(
        ["collection", "documents", "queries", "counted", "right title", "mistyped, as typed", "mistyped, corrected",
         "words put right"],
        [(r["collection"], f"{r['documents']:,}", r["queries"], r["fields"],
          *(f"{r[kind]:.3f}" for kind in ("right", "as typed", "corrected", "words_right"))) for r in rows],
    )  # fmt: skip
    print("Microseconds a query, text in and ids out; finding the words near one; the words' share of the index:\n")
    kinds = ("right", "as typed", "corrected", "one edit", "two edits")
    report.table(
        ["collection", "counted", *(f"{kind} p50 (p95)" for kind in kinds), "share"],
        [(r["collection"], r["fields"], *(_middle(r["times"][kind]) for kind in kinds), f"{100 * r['share']:.1f} %")
         for r in rows],
    )  # fmt: skip
    frontier = Frontier(quality="success@1", cost="latency_us", title="mistyped titles")
    for r in rows:
        for kind in ("as typed", "corrected"):
            frontier.add(f"{r['collection']}, {r['fields']}, {kind}", r[kind], r["times"][kind]["mean_us"])
    report.save("typos", setting, rows, [frontier])
    missed = [r["collection"] for r in rows if FIELDS[r["fields"]] and r["corrected"] < BAR]
    if missed:
        raise SystemExit(f"success@1 below {BAR}: {', '.join(missed)}")


def run(name: str, documents: Sequence[Document], fields: str, most: int, passes: int) -> dict[str, Any]:
    rng = random.Random(0)
    ids: dict[str, set[str]] = {}  # of the documents of a title
    for one in documents:
        ids.setdefault(query_of(one.title), set()).add(one.id)
    titles = [title for title in ids if mistype(title, random.Random(0)) != title]
    titles = rng.sample(titles, min(most, len(titles)))
    mistyped = [mistype(title, rng) for title in titles]
    with tempfile.TemporaryDirectory() as work:
        with gossamer.Index.create(Path(work) / "ix", passages=None, threads=1, fields=FIELDS[fields]) as index:
            index.add(documents)
        asked: dict[str, Callable[[int], Any]] = {
            "right": lambda i: index.rank([titles[i]], operators=True, typos=0),
            "as typed": lambda i: index.rank([mistyped[i]], operators=True, typos=0),
            "corrected": lambda i: index.rank([mistyped[i]], operators=True),
        }
        success = {
            kind: share(bool(hits := rank(i)[0]) and hits[0][0] in ids[title] for i, title in enumerate(titles))
            for kind, rank in asked.items()
        }
        times = measure.take_turns(asked, range(len(titles)), passes)
        right = share(
            query_of(title)[one.start : one.end].casefold() == one.replacements[0][0]
            for title, query in zip(titles, mistyped, strict=True)
            for one in index.corrections(query)
        )
        times |= nearest(index, [word[0].casefold() for query in mistyped for word in _WORD.finditer(query)], passes)
        words = sum(length for part, (_, length) in sections(index).items() if ".words." in part)
        size = index.stats()["bytes"]
    return {
        "collection": name, "documents": len(documents), "queries": len(titles), "fields": fields, **success,
        "words_right": right, "share": words / size,
        "times": {kind: timing.to_dict() for kind, timing in times.items()},
    }  # fmt: skip


def nearest(index: gossamer.Index, words: Sequence[str], passes: int) -> dict[str, measure.Timing]:
    """The time to find the words within one and within two edits of mistyped ones."""
    snapshot, words = index._snapshot.native, [word for word in words if len(word) >= _LONG][:1000]
    near = {"one edit": 1, "two edits": 2}
    return measure.take_turns(
        {name: lambda word, e=edits: _native.similar_words(snapshot, word, e, 50) for name, edits in near.items()},
        words, passes,
    )  # fmt: skip


def sections(index: gossamer.Index) -> dict[str, tuple[int, int]]:
    [segment] = index._snapshot.segments
    return segment.container.places()


def share(outcomes: Any) -> float:
    every = list(outcomes)
    return sum(every) / len(every)


def _middle(timing: dict[str, float]) -> str:
    return f"{timing['p50_us']:.0f} ({timing['p95_us']:.0f})"


def query_of(title: str) -> str:
    return title.replace('"', " ")


def mistype(title: str, rng: random.Random) -> str:
    """A title with two neighbouring, different letters swapped in every word of five or more letters.

    Example:
        >>> mistype("the wings of os.path.join", random.Random(2))
        'the wigns of os.path.join'
    """
    return _PART.sub(lambda part: part[0] if _IDENTIFIER.search(part[0]) else _WORD.sub(slip(rng), part[0]), title)


def slip(rng: random.Random) -> Callable[[re.Match[str]], str]:
    def slipped(match: re.Match[str]) -> str:
        word = match[0]
        places = [i for i in range(len(word) - 1) if word[i].casefold() != word[i + 1].casefold()]
        if len(word) < _LONG or not places:
            return word
        at = rng.choice(places)
        return word[:at] + word[at + 1] + word[at] + word[at + 2 :]

    return slipped


if __name__ == "__main__":
    main()
