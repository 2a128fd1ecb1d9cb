"""Runs, relevance judgements and query sets: what they are in memory, and the text formats they travel in.

A run maps query to documents and scores, qrels map query to documents and grades. Files may be gzipped (``.gz``).
"""

from __future__ import annotations

import gzip
import json
import math
import zlib
from array import array
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any, Literal, TypeAlias, cast

from gossamer.errors import UsageError

Run: TypeAlias = dict[str, dict[str, float]]
"""``{query: {document: score}}``"""

Qrels: TypeAlias = dict[str, dict[str, int]]
"""``{query: {document: grade}}``; a grade above 0 is relevant, 0 and below is not."""

Results: TypeAlias = Mapping[str, float] | Sequence[tuple[str, float]]
"""One ranked list: ``{document: score}``, or the pairs that ``Index.rank`` returns."""

RunLike: TypeAlias = Mapping[str, Results]
Compat: TypeAlias = Literal["gossamer", "trec"]


def ranking(results: Results, compat: Compat = "gossamer") -> list[tuple[str, float]]:
    """Documents by score, highest first; every measure and fusion sees this order.

    Equal scores: a mapping has no order of its own, so the greater id comes first (trec_eval's rule, by the bytes of
    the id); pairs keep the order in which they were given. ``compat="trec"`` does as trec_eval: scores are compared as
    32-bit floats, and pairs are treated like a mapping.

    Raises:
        UsageError: A score that is not a number, or a document listed twice.

    Example:
        >>> ranking({"a": 1.0, "b": 2.0, "c": 1.0})
        [('b', 2.0), ('c', 1.0), ('a', 1.0)]
    """
    pairs = list(results.items()) if isinstance(results, Mapping) else list(results)
    for document, score in pairs:
        if math.isnan(score):
            raise UsageError(f"document {document!r} has the score NaN; a run needs numbers that can be ordered")
    if len({document for document, _ in pairs}) < len(pairs):
        twice, _ = Counter(document for document, _ in pairs).most_common(1)[0]
        raise UsageError(f"document {twice!r} is listed twice for one query")
    if compat == "trec" or isinstance(results, Mapping):
        pairs.sort(key=lambda pair: pair[0], reverse=True)  # code points order as UTF-8 bytes do
    if compat == "trec":
        narrow = dict(zip((d for d, _ in pairs), array("f", (s for _, s in pairs)), strict=True))
        return sorted(pairs, key=lambda pair: narrow[pair[0]], reverse=True)
    return sorted(pairs, key=lambda pair: pair[1], reverse=True)


def read_run(path: str | Path) -> Run:
    """Read a TREC run file: ``query Q0 document rank score tag`` on each line.

    The rank column is ignored, as trec_eval does: scores decide.

    Raises:
        UsageError: Naming the file and line of what cannot be read.

    Example:
        >>> read_run("bm25.trec")["q1"]  # doctest: +SKIP
        {'d7': 12.5, 'd2': 11.0}
    """
    run: Run = {}
    for where, line in numbered_lines(path):
        columns = _columns(line, 6)
        if len(columns) != 6:
            raise UsageError(f"{where}: {len(columns)} columns; a run line is: query Q0 document rank score tag")
        query, _, document, _, score, _ = columns
        results = run.setdefault(query, {})
        if document in results:
            raise UsageError(f"{where}: document {document!r} is listed twice for query {query!r}")
        results[document] = _number(score, where, "score")
    return run


def write_run(path: str | Path, run: RunLike, tag: str = "gossamer") -> None:
    """Write a run in TREC format, best document first, ranks from 1.

    Args:
        path: ``.gz`` at its end compresses.
        run: Query to ranked documents.
        tag: Names the system; the last column.

    Raises:
        UsageError: A query, document or tag that is empty or holds white space, which the format cannot carry.
    """
    _check_name(tag, "tag")
    with _open(path, "w") as out:
        for query, results in run.items():
            _check_name(query, "query")
            for rank, (document, score) in enumerate(ranking(results), start=1):
                _check_name(document, "document")
                out.write(f"{query} Q0 {document} {rank} {float(score)!r} {tag}\n")


def read_qrels(path: str | Path) -> Qrels:
    """Read relevance judgements: TREC's four columns (``query iteration document grade``), or three separated by tabs.

    A first line of column names (``query-id corpus-id score``) is skipped.

    Raises:
        UsageError: Naming the file and line of what cannot be read, also of two grades for one document.

    Example:
        >>> read_qrels("qrels.tsv")["q1"]  # doctest: +SKIP
        {'d7': 2, 'd3': 0}
    """
    qrels: Qrels = {}
    for number, (where, line) in enumerate(numbered_lines(path)):
        columns = _columns(line, 3, 4)
        if len(columns) == 4:
            columns.pop(1)
        if len(columns) != 3 or not all(columns):
            raise UsageError(
                f"{where}: not a judgement; write query, iteration, document and grade with spaces between, "
                "or query, document and grade with tabs between"
            )
        query, document, grade = columns
        if number == 0 and not _is_number(grade):
            continue
        value = _number(grade, where, "grade")
        if not value.is_integer():
            raise UsageError(f"{where}: the grade {grade} is not a whole number")
        grades = qrels.setdefault(query, {})
        if grades.setdefault(document, int(value)) != int(value):
            raise UsageError(
                f"{where}: document {document!r} has the grade {int(value)} for query {query!r}, "
                f"and {grades[document]} further up"
            )
    return qrels


def write_qrels(path: str | Path, qrels: Mapping[str, Mapping[str, int]]) -> None:
    """Write judgements in TREC's four columns; ``.gz`` at the end of ``path`` compresses."""
    with _open(path, "w") as out:
        for query, grades in qrels.items():
            _check_name(query, "query")
            for document, grade in grades.items():
                _check_name(document, "document")
                out.write(f"{query} 0 {document} {grade}\n")


def read_queries(path: str | Path) -> dict[str, str]:
    """Read queries as ``{id: text}``, in the order of the file.

    JSON lines (``{"id": ..., "text": ...}``; BEIR's ``_id`` is also read) or an id, a tab and the text on each line.

    Raises:
        UsageError: Naming the file and line of what cannot be read, also of an id used twice.
    """
    queries: dict[str, str] = {}
    for where, line in numbered_lines(path):
        name, text = _json_query(line, where) if line.lstrip().startswith("{") else _tab_query(line, where)
        if name in queries:
            raise UsageError(f"{where}: the query id {name!r} is used twice")
        queries[name] = text
    return queries


def _json_query(line: str, where: str) -> tuple[str, str]:
    name, record = json_record(line, where, "a query")
    return name, record["text"]


def json_record(line: str, where: str, what: str) -> tuple[str, dict[str, Any]]:
    """The id of a JSON object, and the object, whose ``text`` is one.

    Args:
        line: Begins with a brace.
        where: File and line, for errors.
        what: ``a query`` or ``a document``.

    Raises:
        UsageError: Not JSON, or without id or text.
    """
    try:
        record: dict[str, Any] = json.loads(line)
    except ValueError as error:
        raise UsageError(f"{where}: not JSON: {error}") from None
    name = record.get("_id", record.get("id"))
    if name is None or not isinstance(record.get("text"), str):
        raise UsageError(f'{where}: {what} needs "id" and "text"; this line has {sorted(record)}')
    return str(name), record


def _tab_query(line: str, where: str) -> tuple[str, str]:
    name, tab, text = line.partition("\t")
    if not tab or not name.strip():
        raise UsageError(f"{where}: not a query; write its id, a tab and its text, or a JSON object with id and text")
    return name.strip(), text.strip()


def _columns(line: str, *counts: int) -> list[str]:
    """Split at tabs where that gives the right number of columns (ids may then hold spaces), else at white space."""
    by_tab = [column.strip() for column in line.split("\t")]
    return by_tab if len(by_tab) in counts else line.split()


def numbered_lines(path: str | Path) -> Iterator[tuple[str, str]]:
    """Every line of a file, gzipped or not, that is not blank, with ``file:number`` for messages.

    Raises:
        UsageError: The file cannot be read, or is not UTF-8.
    """
    try:
        with _open(path, "r") as file:
            for number, line in enumerate(file, start=1):
                if line.strip():
                    yield f"{path}:{number}", line.rstrip("\r\n")
    except (OSError, EOFError, zlib.error) as error:
        raise UsageError(f"{path}: {getattr(error, 'strerror', None) or error}") from None
    except UnicodeDecodeError as error:
        raise UsageError(f"{path}: not UTF-8 text: {error.reason} at byte {error.start} of a block") from None


def _open(path: str | Path, mode: Literal["r", "w"]) -> IO[str]:
    encoding = "utf-8-sig" if mode == "r" else "utf-8"  # some editors put a byte order mark first
    newline = None if mode == "r" else "\n"
    if str(path).endswith(".gz"):
        return cast("IO[str]", gzip.open(path, f"{mode}t", encoding=encoding, newline=newline))
    return open(path, mode, encoding=encoding, newline=newline)


def _number(text: str, where: str, what: str) -> float:
    if not _is_number(text):
        raise UsageError(f"{where}: the {what} {text!r} is not a number")
    return float(text)


def _is_number(text: str) -> bool:
    try:
        return not math.isnan(float(text))
    except ValueError:
        return False


def _check_name(name: str, what: str) -> None:
    if not name or len(name.split()) != 1 or name != name.strip():
        raise UsageError(f"the {what} {name!r} is empty or holds white space, which TREC files cannot carry")
