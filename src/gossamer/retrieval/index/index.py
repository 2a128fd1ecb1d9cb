"""A searchable index in a directory: documents in, ranked and explained passages out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from os import PathLike
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from gossamer.errors import GossamerError, UsageError
from gossamer.retrieval.encoders import BM25Encoder, SparseEncoder
from gossamer.retrieval.index import manifest as manifests
from gossamer.retrieval.index.corrections import Correction, put_right, rare_words
from gossamer.retrieval.index.fields import Scalar, count, facets, first_by
from gossamer.retrieval.index.hits import Hit, build_hits
from gossamer.retrieval.index.ledger import Ledger, ledger_of
from gossamer.retrieval.index.likeness import like as looking_for_like
from gossamer.retrieval.index.limits import parse_size, threads_of
from gossamer.retrieval.index.manifest import Manifest
from gossamer.retrieval.index.outline import FieldOutline, outline
from gossamer.retrieval.index.plan import Plan, make_plan
from gossamer.retrieval.index.queries import Query, texts_of
from gossamer.retrieval.index.schema import Field, declared, described, text_fields, value_types
from gossamer.retrieval.index.selection import Selection, best, select, understanding
from gossamer.retrieval.index.snapshot import naming_damage, open_snapshot
from gossamer.retrieval.index.spaces import space_of, stored_encoder
from gossamer.retrieval.index.storage import Storage
from gossamer.retrieval.index.verification import Verification, verify
from gossamer.retrieval.index.words import bare_words
from gossamer.retrieval.index.writer import Writer
from gossamer.retrieval.vectors import SparseVectors

if TYPE_CHECKING:
    from gossamer import _native
    from gossamer.retrieval.index.synonyms import Synonyms
    from gossamer.text.analysis import Analyzer
    from gossamer.text.documents import Document


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
        self._memory, self._threads = parse_size(memory), threads_of(threads)
        self._snapshot = open_snapshot(self._storage)
        self._encoder = stored_encoder(self._snapshot.manifest, encoder)
        self._parser: _native.QueryParser | None = None
        if isinstance(self._encoder, BM25Encoder):
            from gossamer import _native

            analyzers = dict.fromkeys([self._encoder.analyzer, *self._encoder.field_analyzers.values()])
            self._parser = _native.QueryParser([a.native for a in analyzers])
        self._writer: Writer | None = None

    # --- making and opening ----------------------------------------------------------------------------------------

    @classmethod
    def create(
        cls,
        path: str | PathLike[str],
        encoder: str | SparseEncoder | None = "bm25",
        *,
        analyzer: str | dict[str, Any] | Analyzer = "english",
        fields: str | Mapping[str, str | Field] | None = None,
        passages: int | None = 180,
        memory: int | str = "512MiB",
        threads: int | None = None,
    ) -> Index:
        """A new, empty index.

        Args:
            path: Directory; made if missing.
            encoder: ``"bm25"``, an encoder, or None for vectors made elsewhere (:meth:`add_vectors`).
            analyzer: How BM25 turns text into terms; ignored by other encoders.
            fields: Declared fields, such as ``"title^3, brand^2, abstract:text(german), year:integer"``: text is
                searched with a weight and an analyser of its own (BM25F), values of other types are checked; see
                :class:`~gossamer.retrieval.index.Field`. Fields left out are kept as they come, for filters.
            passages: Words a passage; None scores whole documents.
            memory: Bytes, or such as ``"2GiB"``, that documents not yet written may take.
            threads: Indexing threads; None = the processors this process may use.

        Raises:
            UsageError: There is an index already, or an argument is wrong.
        """
        if passages is not None and not passages > 0:
            raise UsageError(f"passages={passages} must be a number of words > 0, or None for whole documents")
        known = declared(fields)
        texts, types = text_fields(known), value_types(known)
        if encoder == "bm25":
            encoder = BM25Encoder(analyzer=analyzer, fields=texts)
        elif texts:
            raise UsageError("fields of text go to the encoder: encoder='bm25', or BM25Encoder(fields=...)")
        elif isinstance(encoder, str):
            raise UsageError(f"encoder={encoder!r} is unknown; use 'bm25' or an encoder object")
        storage = cls.storage_type(Path(path))
        parse_size(memory)
        threads_of(threads)
        try:
            storage.make_root()
            storage.lock()
            try:
                if manifests.MANIFEST in storage.names():
                    raise UsageError(f"{path}: there is an index here already; open it with Index.open()")
                manifest = Manifest(space=space_of(encoder), passage_words=passages or 0, types=types)
                manifests.write(storage, manifest)
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

    def add(
        self,
        documents: Iterable[str | dict[str, Any] | Document],
        *,
        on_refused: Callable[[str, str], None] | None = None,
    ) -> int:
        """Add documents, streamed; one whose id is known replaces the older.

        Args:
            documents: Texts (the insertion number becomes the id), dicts with ``id``, ``text``, optionally ``title``
                and any other fields, or :class:`~gossamer.text.documents.Document`.
            on_refused: Told the id and the reason of a document whose fields do not fit their declared types, which
                is left out; None raises.

        Returns:
            How many were added.

        Raises:
            IndexLocked: Somebody else is writing.
            UsageError: An item is none of the above; everything since the last commit is discarded.
        """
        with _Discarding(self):
            return self._write().add([documents] if isinstance(documents, (str, dict)) else documents, on_refused)

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

    def remember(self, ledger: Ledger) -> None:
        """Commit with the next changes what is known of the files they came from."""
        with _Discarding(self):
            self._write().remember(ledger)

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

    def search(
        self,
        query: Query = "",
        k: int = 10,
        *,
        where: str | None = None,
        sort: str | None = None,
        like: str | Sequence[str] = (),
        operators: bool = True,
        typos: int | None = None,
        synonyms: Synonyms | None = None,
        explain: bool = False,
    ) -> list[Hit]:
        """The k best documents for a query, each with its best passage.

        Args:
            query: Text, ``{term: weight}`` over the index's own terms, or one row of :class:`SparseVectors`. A text may
                hold ``"exact phrases"`` (``"near"~2``), ``+must``, ``-not``, ``prefix*`` and ``field:value``; one that
                scores nothing gives all documents that pass, in insertion order.
            k: How many.
            where: Only documents whose fields match, such as ``year >= 1980 and kind in (report, note)``.
            sort: Order all matching documents by this field instead, with ``-`` before it descending.
            like: Ids of documents: their most telling terms join the query, and they themselves are left out.
            operators: Understand operators in a text; False takes every word as it is.
            typos: Words without an operator are corrected, at most 32 of a query and never identifiers: with None those
                that occur nowhere, by one edit, from 8 letters on by two (a letter more, less, other, or two swapped);
                with 1 or 2 all from 4 letters on by up to so many edits, and then documents that hold every word as
                typed come before all others, and ``score`` orders within the two parts; 0 corrects nothing.
            synonyms: What words without an operator also find, at half their weight.
            explain: Fill ``Hit.explanation``.

        Raises:
            UsageError: The query is longer than 1 MB, k < 1, ``where`` is no filter or names an unknown field, or
                there is no document to be ``like``.
        """
        _check_k(k)
        return self._hits(self._select(query, where, operators, like, typos, synonyms), k, sort, explain)

    def search_batch(
        self,
        queries: Sequence[Query],
        k: int = 10,
        *,
        where: str | None = None,
        sort: str | None = None,
        operators: bool = True,
        typos: int | None = None,
        synonyms: Synonyms | None = None,
        explain: bool = False,
    ) -> list[list[Hit]]:
        """:meth:`search` for several queries."""
        _check_k(k)
        selections = select(self._snapshot, queries, where, self._parser, self._encoder, operators, typos, synonyms)
        return [self._hits(selection, k, sort, explain) for selection in selections]

    def plan(
        self,
        query: Query = "",
        k: int = 10,
        *,
        where: str | None = None,
        sort: str | None = None,
        like: str | Sequence[str] = (),
        operators: bool = True,
        typos: int | None = None,
        synonyms: Synonyms | None = None,
    ) -> Plan:
        """How a query is understood and run: what became of its words, what documents pass, what the search touches.

        Args:
            query, k, where, sort, like, operators, typos, synonyms: As in :meth:`search`, which it repeats.

        Example:
            >>> plan = index.plan("wings -stall")  # doctest: +SKIP
            >>> plan.words, plan.excluded  # doctest: +SKIP
            ([('wings', 'wing')], ['stall'])
        """
        _check_k(k)
        selection = self._select(query, where, operators, like, typos, synonyms)
        return make_plan(self._snapshot, selection, self._analyzer, k, where, sort)

    def count(
        self,
        query: Query = "",
        *,
        where: str | None = None,
        like: str | Sequence[str] = (),
        operators: bool = True,
        typos: int | None = None,
        synonyms: Synonyms | None = None,
    ) -> int:
        """How many documents match: those that hold any word of the query and pass its operators and the filter.

        Args:
            query, where, like, operators, typos, synonyms: As in :meth:`search`.
        """
        return count(self._snapshot, self._select(query, where, operators, like, typos, synonyms))

    def corrections(
        self, query: str, *, typos: int | None = None, synonyms: Synonyms | None = None
    ) -> list[Correction]:
        """What a search looks for beside the words that were typed; nothing in an index of vectors.

        Args:
            query, typos, synonyms: As in :meth:`search`.

        Example:
            >>> index.corrections("wing lfit")  # doctest: +SKIP
            [Correction(word='lfit', start=5, end=9, replacements=(('lift', 1),))]
        """
        if self._parser is None:
            return []
        return self._select(query, None, True, (), typos, synonyms).corrections

    def did_you_mean(self, query: str, *, typos: int | None = None, synonyms: Synonyms | None = None) -> str | None:
        """The query put right, where a search with these ``typos`` leaves words as they are that look mistyped.

        Those are, with ``typos=0``, words that occur nowhere, and, unless ``typos`` is 1 or 2, words from 4 letters on
        one edit from which there is one 100 times as frequent. None where there are none.

        Args:
            query, typos, synonyms: As in :meth:`search`.
        """
        if self._parser is None or not isinstance(self._encoder, BM25Encoder) or typos:
            return None
        words = bare_words(self._parser, query, understanding(self._snapshot, self._encoder)(query).bare)
        with naming_damage(self._snapshot.segments):
            rare = rare_words(self._snapshot, self._parser, query, words)
        if not rare and typos is None:
            return None
        wrong = [*self.corrections(query, synonyms=synonyms), *rare]
        return put_right(query, wrong) if wrong else None

    def _select(
        self,
        query: Query,
        where: str | None,
        operators: bool,
        like: str | Sequence[str],
        typos: int | None,
        synonyms: Synonyms | None,
    ) -> Selection:
        asked: Query = {} if like and query == "" else query  # an index of vectors understands no text
        [selection] = select(self._snapshot, [asked], where, self._parser, self._encoder, operators, typos, synonyms)
        return looking_for_like(self._snapshot, selection, [like] if isinstance(like, str) else like)

    @property
    def _analyzer(self) -> Analyzer | None:
        return self._encoder.analyzer if isinstance(self._encoder, BM25Encoder) else None

    def _hits(self, selection: Selection, k: int, sort: str | None, explain: bool) -> list[Hit]:
        order = first_by(self._snapshot, selection, sort, k) if sort is not None or selection.lists else None
        return build_hits(self._snapshot, self._analyzer, selection, k, explain, order)

    def facets(
        self,
        query: Query,
        fields: Sequence[str],
        *,
        where: str | None = None,
        like: str | Sequence[str] = (),
        limit: int = 10,
        operators: bool = True,
        typos: int | None = None,
        synonyms: Synonyms | None = None,
    ) -> dict[str, list[tuple[Scalar, int]]]:
        """For each field the values that most of the matching documents have, and how many have them.

        A document matches that holds any word of the query; one with several values counts for each.

        Args:
            query: As in :meth:`search`.
            fields: Names of fields.
            where, like, operators, typos, synonyms: As in :meth:`search`.
            limit: Most values a field.

        Raises:
            UsageError: No document has such a field.

        Example:
            >>> index.facets("wings", ["kind"])  # doctest: +SKIP
            {'kind': [('report', 12), ('note', 3)]}
        """
        return facets(self._snapshot, self._select(query, where, operators, like, typos, synonyms), fields, limit)

    def outline(self) -> list[FieldOutline]:
        """The fields that documents have, with their kinds and how many values there are."""
        return outline(self._snapshot)

    def rank(
        self,
        queries: Sequence[Query],
        k: int = 10,
        *,
        where: str | None = None,
        operators: bool = False,
        typos: int | None = None,
        synonyms: Synonyms | None = None,
        exhaustive: bool = False,
    ) -> list[list[tuple[str, float]]]:
        """Ids and scores only, the same ranking as :meth:`search`: for runs and benchmarks, whose texts are words.

        Args:
            queries: As in :meth:`search`.
            k: How many documents a query.
            where: As in :meth:`search`.
            operators: As in :meth:`search`; without them nothing is corrected.
            typos, synonyms: As in :meth:`search`.
            exhaustive: Score every posting instead of pruning; the result is the same.
        """
        _check_k(k)
        snapshot = self._snapshot
        texts = texts_of(queries)
        if self._parser is not None and len(texts) == len(queries) and not operators and not typos and synonyms is None:
            accepted = snapshot.accepted(where)
            with naming_damage(snapshot.segments):
                ranked = snapshot.native.rank_texts(
                    self._parser, texts, k, exhaustive, accepted.native if accepted else None
                )
            if where is None or all(ranked):
                return ranked  # else a query without words may list what passes the filter
        ranked = []
        for selection in select(snapshot, queries, where, self._parser, self._encoder, operators, typos, synonyms):
            with naming_damage(snapshot.segments):
                if selection.lists:
                    found = [(0.0, s, 0, number) for s, number in first_by(snapshot, selection, None, k)]
                else:
                    found = best(snapshot, selection, k, exhaustive)
                ranked.append([(snapshot.segments[s].native.id(number), score) for score, s, _, number in found])
        return ranked

    def get(self, identifier: str) -> Document | None:
        """The document with this id, or None."""
        found = self._snapshot.find(identifier)
        return found[0].document(found[1]) if found else None

    def added_since(self, identifier: str, insertion: int) -> bool:
        """Whether the document with this id is gone or has an insertion number from ``insertion`` on."""
        found = self._snapshot.find(identifier)
        return found is None or bool(found[0].insertions[found[1]] >= insertion)

    def __contains__(self, identifier: object) -> bool:
        return isinstance(identifier, str) and self._snapshot.find(identifier) is not None

    def __len__(self) -> int:
        return self._snapshot.live_documents

    def documents(self) -> Iterator[Document]:
        """All documents in insertion order."""
        return self._snapshot.documents()

    def ledger(self) -> Ledger:
        """What is remembered of the files that documents came from; empty where nothing is.

        Raises:
            IndexDamaged: Its file is not as it was written; the documents are not concerned.
        """
        return ledger_of(self._storage, self._snapshot.manifest)

    def stats(self) -> dict[str, Any]:
        """Facts about the last commit, as JSON values.

        ``passages``, ``tokens``, ``postings`` and ``mean_length`` count deleted documents until a merge drops them.
        """
        snapshot = self._snapshot
        manifest, segments = snapshot.manifest, snapshot.segments
        facts = [s.container.facts for s in segments]
        files = [e for s in manifest.segments for e in (s.segment, s.tombstones) if e]
        files += [manifest.ledger] if manifest.ledger else []
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
            "encoder": {k: v for k, v in manifest.space["encoder"].items() if k not in ("analyzer", "fields")},
            "fields": described(manifest.space["encoder"], manifest.types),
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


def _check_k(k: int) -> None:
    if k < 1:
        raise UsageError(f"k={k} must be >= 1")
