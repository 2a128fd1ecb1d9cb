"""Does a language's analyser find more than none? Known-item search in German and French manual pages.

A query is what a page's first section says the page is about; the page without that section is to be found. The pages
are Debian's packages manpages-de and manpages-fr, fetched by `apt-get download` and unpacked by `dpkg-deb -x` into one
folder. With the vocabulary of an uncased BERT also BM25 over WordPiece on Cranfield, whose figure is known.
Usage: `python -m benchmarks.languages FOLDER [VOCABULARY]`.
"""

from __future__ import annotations

import re
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks import measure, report
from benchmarks.corpora import Collection, collection
from benchmarks.peers import Gossamer
from gossamer.retrieval import Evaluation, compare, evaluate, holm
from gossamer.retrieval.encoders.bm25 import BM25Encoder
from gossamer.text import Analyzer, analyzer, compounds, languages, read

DEPTH = 100
LANGUAGES = {"german": "de", "french": "fr"}
NONE = "standard"
ABOUT = re.compile(r"\s[-–—]\s+(.+)", re.DOTALL)  # "ls - list directory contents"
WORDPIECE_ANCHOR = 0.3382  # nDCG@10, k1 0.9, b 0.4


def main() -> None:
    folder = Path(sys.argv[1])
    measure.pin()
    rows, comparisons, sizes = [], [], {}
    for language, code in LANGUAGES.items():
        data = known_items(folder / "usr" / "share" / "man" / code, language)
        sizes[language] = len(data.documents)
        found = {name: search(data, chosen) for name, chosen in analyzers(language, data).items()}
        rows += [
            {"pages": language, "queries": len(data.queries), "analyzer": name, **evaluation.mean}
            for name, evaluation in found.items()
        ]
        comparisons += differences(language, found)
    for row, p in zip(comparisons, holm([row["p"] for row in comparisons]), strict=True):
        row["p_holm"] = p
    show(rows, comparisons)
    anchor = word_piece(sys.argv[2]) if len(sys.argv) > 2 else None
    setting = measure.setting(["py3langid"], pages=sizes)
    report.save("languages", setting, {"quality": rows, "differences": comparisons, "wordpiece": anchor})


def known_items(folder: Path, language: str) -> Collection:
    """Pages without their first section, and that section's description as the query; links to a page are left out."""
    documents, queries, seen = {}, {}, set()
    for page in read([folder]):
        sections = [span.start for span in page.spans if span.kind == "heading" and span.level == 1]
        if len(sections) < 2:
            continue
        about, rest = ABOUT.search(page.text[: sections[1]]), page.text[sections[1] :]
        if rest in seen:
            continue
        seen.add(rest)
        documents[page.id] = rest
        if about and len(about[1].split()) > 1:
            queries[page.id] = " ".join(about[1].split())
    return Collection(language, documents, queries, {page: {page: 1} for page in queries})


def analyzers(language: str, data: Collection) -> dict[str, Analyzer]:
    chosen = {
        NONE: analyzer(NONE),
        "english": analyzer("english"),
        language: analyzer(language),
        "no stemmer": analyzer(language).replace(stemmer=""),
        "accents both": analyzer(language).replace(accents="both"),
        "auto": analyzer("auto"),
        "auto(de, en, fr)": analyzer("auto(de, en, fr)"),
    }
    if language in languages.LIGHT:
        chosen["Snowball"] = analyzer(language).replace(stemmer=language)
    if language == "german":
        words = compounds.frequencies(data.documents.values())
        table = compounds.learn(words, leave_out=languages.stop_words(language))
        chosen["compounds"] = analyzer(language).replace(compounds=table)
    return chosen


def search(data: Collection, chosen: Analyzer, k1: float = 1.2, b: float = 0.75) -> Evaluation:
    with tempfile.TemporaryDirectory() as work:
        index = Gossamer(data.documents, Path(work) / "index", encoder=BM25Encoder(k1, b, analyzer=chosen)).index
        ranked = index.rank(list(data.queries.values()), DEPTH)
    return evaluate(dict(zip(data.queries, ranked, strict=True)), data.qrels, ["ndcg@10", "success@1", "recall@100"])


def differences(language: str, found: dict[str, Evaluation]) -> list[dict[str, Any]]:
    pairs = [(name, NONE) for name in found if name != NONE]
    pairs += [(name, language) for name in found if name not in (NONE, language)]
    rows = []
    for a, b in pairs:
        delta = compare(found[a], found[b], "ndcg@10")
        rows.append({"pages": language, "a": a, "b": b, **{k: v for k, v in delta.to_dict().items() if k not in "ab"}})
    return rows


def word_piece(vocabulary: str) -> dict[str, float]:
    found = search(collection("cranfield"), analyzer(f"wordpiece({vocabulary})"), 0.9, 0.4).mean
    print(f"BM25 over WordPiece on Cranfield, 0.9/0.4: nDCG@10 {found['ndcg@10']:.4f}, known {WORDPIECE_ANCHOR}\n")
    return {"ndcg@10": found["ndcg@10"], "anchor": WORDPIECE_ANCHOR}


def show(rows: list[dict[str, Any]], comparisons: list[dict[str, Any]]) -> None:
    print("## Known-item search in manual pages\n")
    report.table(
        ["pages", "queries", "analyzer", "nDCG@10", "success@1", "R@100"],
        [(r["pages"], r["queries"], r["analyzer"], f"{r['ndcg@10']:.4f}", f"{r['success@1']:.4f}",
          f"{r['recall@100']:.4f}") for r in rows],
    )  # fmt: skip
    print("Differences in nDCG@10; p by randomisation, Holm over the table:\n")
    report.table(
        ["pages", "analyzer", "against", "Δ", "95 % interval", "p", "wins/losses"],
        [(r["pages"], r["a"], r["b"], f"{r['delta']:+.4f}", "[{:+.4f}, {:+.4f}]".format(*r["interval"]),
          f"{r['p_holm']:.4f}", f"{r['wins']}/{r['losses']}") for r in comparisons],
    )  # fmt: skip


if __name__ == "__main__":
    main()
