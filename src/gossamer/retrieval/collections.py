"""Test collections: documents, queries and judgements, from the layouts in which they are found on disk.

Read: BEIR's folder (Thakur et al., "BEIR: A Heterogeneous Benchmark", 2021), a folder of docs, queries and qrels, files
of TREC, and what ``ir_datasets`` fetches (MacAvaney et al., "Simplified Data Wrangling with ir_datasets", 2021).
"""

from __future__ import annotations

import hashlib
import json
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from gossamer.errors import UsageError
from gossamer.retrieval.runs import Qrels, json_record, numbered_lines, read_qrels, read_queries
from gossamer.retrieval.trec import documents_of_trec, topics_of_trec

_DOCUMENTS = ("corpus", "docs", "documents", "collection")
_ENDS = (".jsonl", ".jsonl.gz", ".tsv", ".tsv.gz", ".trec", ".trec.gz", ".sgml", ".sgml.gz")
_USUAL_SPLITS = ("test", "dev", "validation", "train")
_HEAD = 64  # lines that may stand before the first <DOC>


@dataclass(frozen=True)
class Collection:
    """Documents, queries, and which documents answer which query.

    Args:
        name: For tables.
        documents: (id, text) pairs; gone through anew for every encoder, so that they need not fit into memory.
        queries: Id to text.
        qrels: Query to document to grade.
        judged_only: A query ranks only its judged documents: right where most of the others were never looked at.

    Example:
        >>> papers = Collection.of({"a": "swept wings", "b": "boundary layers"}, {"q": "wings"}, {"q": {"a": 1}})
        >>> papers.ids, papers.fingerprint[:8]
        (['a', 'b'], 'ff5aa518')
    """

    name: str
    documents: Iterable[tuple[str, str]]
    queries: Mapping[str, str]
    qrels: Qrels
    judged_only: bool = False

    @classmethod
    def of(
        cls,
        documents: Mapping[str, str],
        queries: Mapping[str, str],
        qrels: Qrels,
        *,
        name: str = "collection",
        judged_only: bool = False,
    ) -> Collection:
        """A collection in memory."""
        return cls(name, documents.items(), queries, qrels, judged_only)

    @cached_property
    def ids(self) -> list[str]:
        """Ids of the documents, in order.

        Raises:
            UsageError: An id is there twice, or there is no document.
        """
        ids = [name for name, _ in self.documents]
        if not ids:
            raise UsageError(f"{self.name}: the collection has no documents")
        seen: set[str] = set()
        for name in ids:
            if name in seen:
                raise UsageError(f"{self.name}: two documents have the id {name!r}")
            seen.add(name)
        return ids

    @cached_property
    def fingerprint(self) -> str:
        """Of ids and texts of the documents: other ones, or another order, give another."""
        digest = hashlib.sha256()
        for name, text in self.documents:
            for part in (name, text):
                data = part.encode("utf-8", "surrogatepass")
                digest.update(len(data).to_bytes(8, "little") + data)
        return digest.hexdigest()

    @property
    def judged(self) -> dict[str, str]:
        """The queries that have a relevant document: those that measures are over."""
        return {query: text for query, text in self.queries.items() if any(g > 0 for g in self.qrels[query].values())}

    def binary(self) -> Collection:
        """The same with every grade above 0 as 1."""
        return replace(self, qrels={q: {d: min(g, 1) for d, g in grades.items()} for q, grades in self.qrels.items()})


def read_collection(
    place: str | Path,
    *,
    queries: str | Path | None = None,
    qrels: str | Path | None = None,
    split: str | None = None,
    judged_only: bool = False,
) -> Collection:
    """Read a collection.

    =====================  =============================================================================================
    a BEIR folder          ``corpus.jsonl``, ``queries.jsonl`` and ``qrels/SPLIT.tsv``
    a folder               ``docs.jsonl``, ``queries.jsonl`` (maybe with a ``split`` a line) and ``qrels.tsv``
    a file of documents    JSON lines, id tab text, or TREC's ``<DOC>``; with ``queries`` (JSON lines, tab-separated, or
                           TREC's ``<top>``) and ``qrels``
    an id                  of ``ir_datasets``, such as ``beir/scifact/test``: ``pip install 'gossamer[collections]'``
    =====================  =============================================================================================

    Every file may be gzipped (``.gz``). A title goes before its text, unless the text begins with it. Queries without
    judgements are left out.

    Args:
        place: Folder, file or id.
        queries, qrels: Files to read instead of the folder's.
        split: Which part of the queries; else test, dev, or the only one there.
        judged_only: See :class:`Collection`.

    Raises:
        UsageError: Naming the file, and the line where there is one, of what is missing or cannot be read; or no
            judged query has a text.

    Example:
        >>> read_collection("scifact/", split="test").queries  # doctest: +SKIP
    """
    path = Path(place)
    if path.is_dir():
        found = _of_folder(path, queries, qrels, split)
    elif path.is_file():
        if queries is None or qrels is None:
            raise UsageError(f"{path} holds documents; give queries and judgements too: --queries FILE --qrels FILE")
        found = _of_files(path, Path(queries), Path(qrels), split)
    elif queries is None and qrels is None:
        found = _of_ir_datasets(str(place))
    else:
        raise UsageError(f"{path}: no such file or folder")
    return replace(_joined(found), judged_only=judged_only)


def looks_like(place: str | Path) -> bool:
    """Whether a path is a folder of one of the layouts."""
    return Path(place).is_dir() and any(Path(place, name + end).is_file() for name in _DOCUMENTS for end in _ENDS)


class _Streamed:
    """Pairs that are read from the start whenever they are asked for."""

    def __init__(self, read: Callable[[], Iterator[tuple[str, str]]]) -> None:
        self._read = read

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return self._read()


def _of_folder(folder: Path, queries: str | Path | None, qrels: str | Path | None, split: str | None) -> Collection:
    documents = _one(folder, _DOCUMENTS)
    asked = Path(queries) if queries is not None else _one(folder, ("queries", "topics"))
    if qrels is not None:
        return _of_files(documents, asked, Path(qrels), split)
    parts = _splits(folder / "qrels")
    if not parts:
        found = _of_files(documents, asked, _one(folder, ("qrels",)), split)
        return replace(found, name=folder.resolve().name)
    chosen = split or next((name for name in _USUAL_SPLITS if name in parts), None)
    if chosen is None and len(parts) == 1:
        (chosen,) = parts
    if chosen not in parts:
        raise UsageError(f"{folder / 'qrels'}: no split {chosen!r}; there are {', '.join(sorted(parts))}: --split NAME")
    found = _of_files(documents, asked, parts[chosen], None)
    return replace(found, name=f"{folder.resolve().name}/{chosen}")


def _of_files(documents: Path, queries: Path, qrels: Path, split: str | None) -> Collection:
    asked, judged = _queries(queries), read_qrels(qrels)
    nameless = [name for name, grades in judged.items() if name not in asked and max(grades.values()) > 0]
    if nameless and len(nameless) < len(judged):
        warnings.warn(
            f"{queries}: {len(nameless)} of {len(judged)} judged queries are not there (the first is {nameless[0]!r}); "
            "if the judgements number queries by their order, as Cranfield's do, every figure will be wrong",
            stacklevel=4,
        )
    return Collection(
        documents.name.split(".")[0], _Streamed(lambda: _documents(documents)), _of_split(queries, asked, split), judged
    )


def _one(folder: Path, names: Sequence[str]) -> Path:
    ends = (*_ENDS, ".txt", ".txt.gz", ".qrels", ".qrels.gz")
    for name in names:
        for end in ends:
            if (folder / (name + end)).is_file():
                return folder / (name + end)
    raise UsageError(
        f"{folder}: no {' or '.join(names[:2])}.jsonl; a collection is a folder with corpus.jsonl (or docs.jsonl), "
        "queries.jsonl and qrels.tsv (or qrels/SPLIT.tsv), each maybe with .gz"
    )


def _splits(folder: Path) -> dict[str, Path]:
    files = (path for path in sorted(folder.glob("*")) if path.name.endswith((".tsv", ".tsv.gz")))
    return {path.name.split(".")[0]: path for path in files}


def _documents(path: Path) -> Iterator[tuple[str, str]]:
    if _is_sgml(path, "<doc>"):
        yield from documents_of_trec(path)
        return
    for where, line in numbered_lines(path):
        if line.lstrip().startswith("{"):
            yield _json_document(line, where)
            continue
        name, tab, text = line.partition("\t")
        if not tab or not name.strip():
            raise UsageError(f"{where}: not a document; write JSON with id and text, or its id, a tab and its text")
        yield name.strip(), text.replace("\t", "\n").strip()


def _json_document(line: str, where: str) -> tuple[str, str]:
    name, record = json_record(line, where, "a document")
    title = record.get("title")
    if not isinstance(title, str | None):
        raise UsageError(f"{where}: the title of a document is text, not {title!r}")
    return name, titled(title or "", record["text"])


def titled(title: str, text: str) -> str:
    """Title and text as one, the title once.

    Example:
        >>> titled("Wings", "They lift."), titled("Wings", "Wings lift.")
        ('Wings\\nThey lift.', 'Wings lift.')
    """
    title, text = title.strip(), text.strip()
    return text if text.startswith(title) else f"{title}\n{text}".strip()


def _queries(path: Path) -> dict[str, str]:
    return topics_of_trec(path) if _is_sgml(path, "<top>") else read_queries(path)


def _of_split(path: Path, queries: dict[str, str], split: str | None) -> dict[str, str]:
    """The queries of one split, where the file tells splits apart."""
    splits = {} if _is_sgml(path, "<top>") else _splits_of(path)
    there = sorted(set(splits.values()))
    chosen = split or next((name for name in _USUAL_SPLITS if name in there), None)
    if chosen is None:
        return queries
    if chosen not in there:
        raise UsageError(f"{path}: no split {chosen!r}; there are {', '.join(there) or 'none'}: --split NAME")
    return {name: text for name, text in queries.items() if splits.get(name) == chosen}


def _splits_of(path: Path) -> dict[str, str]:
    """Query to its ``split``, of JSON lines that have one."""
    found: dict[str, str] = {}
    for _, line in numbered_lines(path):
        record: Any = json.loads(line) if line.lstrip().startswith("{") else {}
        if isinstance(record.get("split"), str):
            found[str(record.get("id", record.get("_id")))] = record["split"]
    return found


def _is_sgml(path: Path, tag: str) -> bool:
    return any(tag in line.lower() for (_, line), _ in zip(numbered_lines(path), range(_HEAD), strict=False))


def _of_ir_datasets(name: str) -> Collection:
    try:
        import ir_datasets
    except ImportError:
        raise UsageError(
            f"{name}: no such file or folder; ids of ir_datasets are read with: pip install 'gossamer[collections]'"
        ) from None
    try:
        data: Any = ir_datasets.load(name)
    except KeyError:
        raise UsageError(f"{name}: no such file or folder, and no such id of ir_datasets") from None
    missing = [part for part in ("docs", "queries", "qrels") if not getattr(data, f"has_{part}")()]
    if missing:
        what = " and no ".join(missing)
        raise UsageError(f"{name}: ir_datasets has no {what} under this id; try its parts, as {name}/test")
    with _fetching(name):
        queries = {one.query_id: one.default_text() for one in data.queries_iter()}
        qrels: Qrels = {}
        for one in data.qrels_iter():
            qrels.setdefault(one.query_id, {})[one.doc_id] = int(one.relevance)

    def documents() -> Iterator[tuple[str, str]]:
        with _fetching(name):
            for one in data.docs_iter():
                text = getattr(one, "text", None)
                yield one.doc_id, titled(getattr(one, "title", "") or "", text) if text else one.default_text()

    return Collection(name, _Streamed(documents), queries, qrels)


@contextmanager
def _fetching(name: str) -> Iterator[None]:
    try:
        yield
    except Exception as error:  # whatever its downloads raise: http, checksums, disk
        why = error.args[0] if error.args else type(error).__name__  # the rest is a list of all attempts
        raise UsageError(f"{name}: ir_datasets cannot fetch it: {why}") from error


def _joined(found: Collection) -> Collection:
    """Queries that are judged, and judgements of queries that are there."""
    queries = {name: text for name, text in found.queries.items() if name in found.qrels}
    relevant = [name for name, grades in found.qrels.items() if any(grade > 0 for grade in grades.values())]
    if not any(name in queries for name in relevant):
        asked, judged = next(iter(found.queries), "nothing"), next(iter(found.qrels), "nothing")
        raise UsageError(
            f"{found.name}: no query has a relevant document: the queries are named as {asked!r}, the judgements have "
            f"{judged!r}; are these ids of one kind, and of one split?"
        )
    return replace(found, queries=queries, qrels={name: found.qrels[name] for name in queries})
