"""A searchable index in a directory: documents in, ranked and explained passages out."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from os import PathLike
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from gossamer.errors import GossamerError, UsageError
from gossamer.retrieval.encoders import BM25Encoder, SparseEncoder
from gossamer.retrieval.index import manifest as manifests
from gossamer.retrieval.index.hits import Hit, build_hits
from gossamer.retrieval.index.manifest import Manifest
from gossamer.retrieval.index.snapshot import naming_damage, open_snapshot
from gossamer.retrieval.index.storage import Storage
from gossamer.retrieval.index.verification import Verification, verify
from gossamer.retrieval.index.writer import Writer
from gossamer.retrieval.vectors import SparseVectors

if TYPE_CHECKING:
    from gossamer import _native
    from gossamer.text.analysis import Analyzer
    from gossamer.text.documents import Document

Query = str | Mapping[str, float] | SparseVectors
MAX_QUERY_CHARACTERS = 1 << 20
_SIZE = re.compile(r"\s*([0-9.]+)\s*([kmgt]?i?b?)\s*", re.IGNORECASE)


class Index:
    """An index on disk. Make one with :meth:`create`, open one with :meth:`open`.

    Search sees the last commit. The first :meth:`add` or :meth:`delete` takes the writer's lock, :meth:`commit` makes
    the changes durable and visible. As a context manager an index commits on leaving, and discards after an exception.

    Example:
        >>> with Index.create("wings.index") as index:
        ...     index.add(["Lift grows with speed.", "A sail is a wing."])
        2
        >>> Index.open("wings.index").search("sails")[0].passage.text
        'A sail is a wing.'
    """

    storage_type: type[Storage] = Storage

    def __init__(
        self, path: str | PathLike[str], encoder: SparseEncoder | None, memory: int | str, threads: int | None
    ) -> None:
        self.path = Path(path)
        self._storage = self.storage_type(self.path)
        self._memory, self._threads = parse_size(memory), _threads(threads)
        self._snapshot = open_snapshot(self._storage)
        self._encoder = _stored_encoder(self._snapshot.manifest, encoder)
        self._parser: _native.QueryParser | None = None
        if isinstance(self._encoder, BM25Encoder):
            from gossamer import _native

            self._parser = _native.QueryParser(self._encoder.analyzer.native)
        self._writer: Writer | None = None

    # --- making and opening ----------------------------------------------------------------------------------------

    @classmethod
    def create(
        cls,
        path: str | PathLike[str],
        encoder: str | SparseEncoder | None = "bm25",
        *,
        analyzer: str | dict[str, Any] | Analyzer = "english",
        passages: int | None = 180,
        memory: int | str = "512MiB",
        threads: int | None = None,
    ) -> Index:
        """A new, empty index.

        Args:
            path: Directory; made if missing.
            encoder: ``"bm25"``, an encoder, or None for vectors made elsewhere (:meth:`add_vectors`).
            analyzer: How BM25 turns text into terms; ignored by other encoders.
            passages: Words a passage; None scores whole documents.
            memory: Bytes, or such as ``"2GiB"``, that documents not yet written may take.
            threads: Indexing threads; None = the processors this process may use.

        Raises:
            UsageError: There is an index already, or an argument is wrong.
        """
        if passages is not None and not passages > 0:
            raise UsageError(f"passages={passages} must be a number of words > 0, or None for whole documents")
        if encoder == "bm25":
            encoder = BM25Encoder(analyzer=analyzer)
        elif isinstance(encoder, str):
            raise UsageError(f"encoder={encoder!r} is unknown; use 'bm25' or an encoder object")
        storage = cls.storage_type(Path(path))
        parse_size(memory)
        _threads(threads)
        try:
            storage.make_root()
            storage.lock()
            try:
                if manifests.MANIFEST in storage.names():
                    raise UsageError(f"{path}: there is an index here already; open it with Index.open()")
                manifests.write(storage, Manifest(space=_space(encoder), passage_words=passages or 0))
            finally:
                storage.unlock()
        except OSError as error:
            raise GossamerError(f"{path}: cannot make an index here: {error.strerror or error}") from error
        return cls(path, encoder, memory, threads)

    @classmethod
    def open(
        cls,
        path: str | PathLike[str],
        *,
        encoder: SparseEncoder | None = None,
        memory: int | str = "512MiB",
        threads: int | None = None,
    ) -> Index:
        """The index at ``path``. ``encoder`` is only needed for one that cannot be saved.

        Raises:
            NoSuchIndex, IndexDamaged, IndexTooNew: It cannot be opened.
        """
        return cls(path, encoder, memory, threads)

    def __enter__(self) -> Index:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if error is None:
            self.commit()
        else:
            self.close()

    def close(self) -> None:
        """Discard uncommitted changes and release the lock."""
        writer, self._writer = self._writer, None
        if writer is not None:
            writer.close()

    # --- writing ---------------------------------------------------------------------------------------------------

    def add(self, documents: Iterable[str | dict[str, Any] | Document]) -> int:
        """Add documents, streamed; one whose id is known replaces the older.

        Args:
            documents: Texts (the insertion number becomes the id), dicts with ``id``, ``text``, optionally ``title``
                and any other fields, or :class:`~gossamer.text.documents.Document`.

        Returns:
            How many were added.

        Raises:
            IndexLocked: Somebody else is writing.
            UsageError: An item is none of the above; everything since the last commit is discarded.
        """
        with _Discarding(self):
            return self._write().add([documents] if isinstance(documents, (str, dict)) else documents)

    def add_vectors(
        self, ids: Iterable[str], vectors: SparseVectors, documents: Iterable[Document] | None = None
    ) -> int:
        """Add vectors made elsewhere, one a document.

        Args:
            ids: One a row.
            vectors: Non-negative, shape ``(len(ids), dim)``.
            documents: What to store and show; None stores the ids alone.

        Raises:
            UsageError: Lengths disagree or a weight is negative (row and term are named).
        """
        with _Discarding(self):
            return self._write().add_vectors(ids, vectors, documents)

    def delete(self, ids: Iterable[str]) -> int:
        """Delete documents by id; returns how many there were."""
        with _Discarding(self):
            return self._write().delete([ids] if isinstance(ids, str) else ids)

    def commit(self) -> None:
        """Make all changes durable and visible. A crash before it returns leaves the previous commit intact."""
        self._commit(merge_all=False)

    def merge(self) -> None:
        """Rewrite everything as one segment without deleted documents, and commit."""
        with _Discarding(self):
            self._write()
        self._commit(merge_all=True)

    def _write(self) -> Writer:
        if self._writer is None:
            self._writer = Writer(self._storage, self._encoder, self._memory, self._threads)
        return self._writer

    def _commit(self, merge_all: bool) -> None:
        if self._writer is None:
            return
        writer, self._writer = self._writer, None
        writer.commit(merge_all)
        try:
            self.refresh()
        except GossamerError as error:
            raise GossamerError(f"{self.path}: the change was committed, but cannot be read back: {error}") from error

    # --- reading ---------------------------------------------------------------------------------------------------

    def refresh(self) -> bool:
        """Move to the newest commit; True when there was one."""
        if manifests.read(self._storage).generation == self._snapshot.manifest.generation:
            return False
        self._snapshot = open_snapshot(self._storage, self._snapshot)
        return True

    def search(self, query: Query, k: int = 10, *, explain: bool = False) -> list[Hit]:
        """The k best documents for a query, each with its best passage.

        Args:
            query: Text, ``{term: weight}`` over the index's own terms, or one row of :class:`SparseVectors`.
            k: How many.
            explain: Fill ``Hit.explanation``.

        Raises:
            UsageError: The query is longer than 1 MB, or k < 1.
        """
        return self.search_batch([query], k, explain=explain)[0]

    def search_batch(self, queries: Sequence[Query], k: int = 10, *, explain: bool = False) -> list[list[Hit]]:
        """:meth:`search` for several queries."""
        _check_k(k)
        snapshot = self._snapshot
        analyzer = self._encoder.analyzer if isinstance(self._encoder, BM25Encoder) else None
        return [
            build_hits(snapshot, analyzer, terms, query if isinstance(query, str) else "", k, explain)
            for query, terms in zip(queries, self._terms(queries), strict=True)
        ]

    def rank(self, queries: Sequence[Query], k: int = 10, *, exhaustive: bool = False) -> list[list[tuple[str, float]]]:
        """Ids and scores only, the same ranking as :meth:`search`: for runs and benchmarks.

        Args:
            queries: As in :meth:`search`.
            k: How many documents a query.
            exhaustive: Score every posting instead of pruning; the result is the same.
        """
        _check_k(k)
        snapshot = self._snapshot
        texts = [_check_query(q) for q in queries if isinstance(q, str)]
        if self._parser is not None and len(texts) == len(queries):
            with naming_damage(snapshot.segments):
                return snapshot.native.rank_texts(self._parser, texts, k, exhaustive)
        terms = self._terms(queries)
        with naming_damage(snapshot.segments):
            return snapshot.native.rank_terms(terms, k, exhaustive)

    def _terms(self, queries: Sequence[Query]) -> list[list[tuple[str, float]]]:
        texts = [_check_query(q) for q in queries if isinstance(q, str)]
        if texts and self._parser is None:
            if self._encoder is None:
                raise UsageError(
                    "this index holds vectors made elsewhere: query it with {term: weight} or "
                    "SparseVectors, "
                    "or open it with encoder="
                )
            encoded = iter(self._encoder.encode_queries(texts).to_dicts())
        return [
            self._parser.parse(q)
            if isinstance(q, str) and self._parser
            else list(next(encoded).items())
            if isinstance(q, str)
            else _weights(q)
            for q in queries
        ]

    def get(self, identifier: str) -> Document | None:
        """The document with this id, or None."""
        found = self._snapshot.find(identifier)
        return found[0].document(found[1]) if found else None

    def __contains__(self, identifier: object) -> bool:
        return isinstance(identifier, str) and self._snapshot.find(identifier) is not None

    def __len__(self) -> int:
        return self._snapshot.live_documents

    def documents(self) -> Iterator[Document]:
        """All documents in insertion order."""
        return self._snapshot.documents()

    def stats(self) -> dict[str, Any]:
        """Facts about the last commit, as JSON values.

        ``passages``, ``tokens``, ``postings`` and ``mean_length`` count deleted documents until a merge drops them.
        """
        snapshot = self._snapshot
        manifest, segments = snapshot.manifest, snapshot.segments
        facts = [s.container.facts for s in segments]
        files = [e for s in manifest.segments for e in (s.segment, s.tombstones) if e]
        return {
            "documents": snapshot.live_documents,
            "passages": snapshot.native.rows,
            "deleted_documents": sum(len(s.dead) for s in segments),
            "segments": len(segments),
            "terms": max((f["terms"] for f in facts), default=0),
            "postings": sum(f["postings"] for f in facts),
            "tokens": snapshot.native.tokens,
            "mean_length": snapshot.native.mean_length,
            "bytes": sum(e.bytes for e in files),
            "generation": manifest.generation,
            "format": manifest.format,
            "passage_words": manifest.passage_words,
            "encoder": {k: v for k, v in manifest.space["encoder"].items() if k != "analyzer"},
            "analyzer": manifest.space["encoder"].get("analyzer"),
        }

    def verify(self) -> Verification:
        """Check every byte of the last commit's files."""
        return verify(self.path, storage=self._storage)


class _Discarding:
    """Discards pending changes when an operation on them fails, and turns I/O errors into ours."""

    def __init__(self, index: Index) -> None:
        self._index = index

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if error is None:
            return
        self._index.close()
        if isinstance(error, OSError):
            raise GossamerError(
                f"{self._index.path}: {error.strerror or error}; nothing since the last commit "
                "was kept, "
                "that commit is intact"
            ) from error


def parse_size(size: int | str) -> int:
    """Bytes of ``536870912`` or ``"512MiB"`` (k, M, G, T; with or without i and B, all powers of 1024).

    Raises:
        UsageError: Not a size.
    """
    if isinstance(size, int):
        if size <= 0:
            raise UsageError(f"memory={size} must be > 0 bytes")
        return size
    match = _SIZE.fullmatch(size)
    try:
        number = float(match[1]) if match else 0.0
    except ValueError:
        number = 0.0
    if match is None or number <= 0:
        raise UsageError(f"{size!r} is not a size; write such as '512MiB' or '2GiB'")
    return int(number * 1024 ** ("bkmgt".index(match[2][0].lower()) if match[2] else 0))


def _threads(threads: int | None) -> int:
    if threads is None:
        return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else (os.cpu_count() or 1)
    if threads < 1:
        raise UsageError(f"threads={threads} must be >= 1")
    return threads


def _space(encoder: SparseEncoder | None) -> dict[str, Any]:
    """How the manifest describes an encoder."""
    if isinstance(encoder, BM25Encoder):
        return {"name": "bm25", "kind": "text", "encoder": encoder.to_dict()}
    try:
        settings = encoder.to_dict() if encoder is not None else {"type": "vectors"}
    except UsageError:  # one that cannot be saved is passed again to open()
        settings = {"type": "unsaved", "class": type(encoder).__name__}
    return {"name": "vectors", "kind": "vectors", "encoder": settings}


def _stored_encoder(manifest: Manifest, given: SparseEncoder | None) -> SparseEncoder | None:
    """The encoder to use, checked against the one the index was made with."""
    stored = manifest.space["encoder"]
    if given is not None:
        if _space(given)["encoder"] != stored:
            raise UsageError(
                f"the index was made with another encoder: {_brief(stored)}, not {_brief(_space(given)['encoder'])}"
            )
        return given
    if stored["type"] in ("vectors", "unsaved"):
        return None
    return SparseEncoder.from_dict(stored)


def _brief(settings: dict[str, Any]) -> str:
    return ", ".join(f"{k}={v}" for k, v in settings.items() if not isinstance(v, (dict, list)))


def _check_query(query: str) -> str:
    if len(query) > MAX_QUERY_CHARACTERS:
        raise UsageError(f"the query has {len(query):,} characters; the limit is {MAX_QUERY_CHARACTERS:,}")
    return query


def _check_k(k: int) -> None:
    if k < 1:
        raise UsageError(f"k={k} must be >= 1")


def _weights(query: Mapping[str, float] | SparseVectors) -> list[tuple[str, float]]:
    if isinstance(query, SparseVectors):
        if len(query) != 1:
            raise UsageError(f"a query is one row of SparseVectors, not {len(query)}")
        return list(query.to_dicts()[0].items())
    if not isinstance(query, Mapping):
        raise UsageError(f"a query is text, {{term: weight}} or one row of SparseVectors, not {type(query).__name__}")
    return list(SparseVectors.from_dicts([query]).to_dicts()[0].items())
