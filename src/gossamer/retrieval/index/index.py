"""A searchable index in a directory: making and opening it, and writing to it. Reading is in ``searcher``."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from os import PathLike
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from gossamer.errors import GossamerError, UsageError
from gossamer.retrieval.defaults import ENCODER
from gossamer.retrieval.encoders import BM25Encoder
from gossamer.retrieval.encoders.origin import OURS
from gossamer.retrieval.index import manifest as manifests
from gossamer.retrieval.index.ledger import Ledger
from gossamer.retrieval.index.limits import parse_size, threads_of
from gossamer.retrieval.index.manifest import Manifest
from gossamer.retrieval.index.schema import Field, declared, text_fields, value_types
from gossamer.retrieval.index.searcher import Searcher
from gossamer.retrieval.index.snapshot import naming_damage
from gossamer.retrieval.index.spaces import Named, Values, encoders_of, spaces_of
from gossamer.retrieval.index.writer import Writer
from gossamer.retrieval.vectors import SparseVectors

if TYPE_CHECKING:
    from gossamer.retrieval.calibration import Calibration, Watched
    from gossamer.retrieval.index.queries import Query
    from gossamer.text.analysis import Analyzer
    from gossamer.text.documents import Document


class Index(Searcher):
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

    def __init__(
        self,
        path: str | PathLike[str],
        encoder: Named | Mapping[str, Named | None] | None,
        memory: int | str,
        threads: int | None,
    ) -> None:
        self._memory, self._threads = parse_size(memory), threads_of(threads)
        super().__init__(path, encoder)
        if threads is not None:
            for one in self._encoders:
                if one is not None:
                    one.use_threads(threads)
        self._writer: Writer | None = None

    # --- making and opening ----------------------------------------------------------------------------------------

    @classmethod
    def create(
        cls,
        path: str | PathLike[str],
        encoder: Named | Mapping[str, Named | None] | None = ENCODER,
        *,
        weights: Mapping[str, float] | None = None,
        analyzer: str | dict[str, Any] | Analyzer = "english",
        fields: str | Mapping[str, str | Field] | None = None,
        passages: int | None = 180,
        values: Values = "f32",
        memory: int | str = "512MiB",
        threads: int | None = None,
    ) -> Index:
        """A new, empty index.

        Args:
            path: Directory; made if missing.
            encoder: ``"bm25"``; ``"gossamer"``, the learned model that comes with this package beside BM25; a saved
                encoder's folder or a model's id on a hub; an encoder object; or None for vectors made elsewhere
                (:meth:`add_vectors`). Or several by name, such as ``{"bm25": "bm25", "learned": encoder}``: each has a
                space of its own, and a score is one sum over all of them. At most one is BM25. Of a learned encoder
                the index keeps where it was loaded from and a fingerprint, not the model.
            weights: For spaces, by name, what their scores are multiplied by; where none is given, of a learned encoder
                beside BM25 what its training has found (``fusion_weight``), else 1.
            analyzer: How BM25 turns text into terms; ignored by other encoders.
            fields: Declared fields, such as ``"title^3, brand^2, abstract:text(german), year:integer"``: text is
                searched with a weight and an analyser of its own (BM25F), values of other types are checked; see
                :class:`~gossamer.retrieval.index.Field`. Fields left out are kept as they come, for filters.
            passages: Words a passage; None scores whole documents.
            values: How vectors are kept for scoring: as they are, or rounded to half precision or to 8 bits with a
                scale for each passage; the rounded values are then the vectors.
            memory: Bytes, or such as ``"2GiB"``, that documents not yet written may take.
            threads: Indexing threads; None = the processors this process may use.

        Raises:
            UsageError: There is an index already, or an argument is wrong.
        """
        if passages is not None and not passages > 0:
            raise UsageError(f"passages={passages} must be a number of words > 0, or None for whole documents")
        known = declared(fields)
        texts, types = text_fields(known), value_types(known)
        asked = list(encoder.values()) if isinstance(encoder, Mapping) else [encoder]
        if texts and not {"bm25", OURS} & {one for one in asked if isinstance(one, str)}:
            raise UsageError("fields of text go to the encoder: encoder='bm25', or BM25Encoder(fields=...)")
        made = encoders_of(encoder, BM25Encoder(analyzer=analyzer, fields=texts))
        spaces, _ = spaces_of(made, values, weights)
        storage = cls.storage_type(Path(path))
        parse_size(memory)
        threads_of(threads)
        try:
            storage.make_root()
            storage.lock()
            try:
                if manifests.MANIFEST in storage.names():
                    raise UsageError(f"{path}: there is an index here already; open it with Index.open()")
                manifest = Manifest(spaces=spaces, passage_words=passages or 0, types=types)
                manifests.write(storage, manifest)
            finally:
                storage.unlock()
        except OSError as error:
            raise GossamerError(f"{path}: cannot make an index here: {error.strerror or error}") from error
        return cls(path, made, memory, threads)

    @classmethod
    def open(
        cls,
        path: str | PathLike[str],
        *,
        encoder: Named | Mapping[str, Named | None] | None = None,
        memory: int | str = "512MiB",
        threads: int | None = None,
    ) -> Index:
        """The index at ``path``. A learned encoder is found again when a text is first encoded.

        Args:
            path: The directory.
            encoder: Only needed for one that cannot be saved, or where a learned encoder's folder has moved: the
                encoder or where it is; by the name of its space where several may be meant.
            memory, threads: As :meth:`create` has them.

        Raises:
            NoSuchIndex, IndexDamaged, IndexTooNew: It cannot be opened.
            UsageError: The index was made with another encoder.
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
        self,
        ids: Iterable[str],
        vectors: SparseVectors | Mapping[str, SparseVectors],
        documents: Iterable[Document] | None = None,
    ) -> int:
        """Add vectors made elsewhere, one a document, which is one passage.

        Args:
            ids: One a row.
            vectors: Non-negative, shape ``(len(ids), dim)``; where several spaces have vectors, by the names of these.
                Spaces that are left out encode the text of the documents, as BM25 does.
            documents: What to store, show and encode; None stores the ids alone.

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

    def tune(
        self,
        queries: Sequence[Query] | SparseVectors | None = None,
        targets: Sequence[float] = (0.8, 0.9, 0.95, 0.98, 0.99, 0.995),
        *,
        depths: Sequence[int] = (1, 10, 100, 1000),
        sources: Sequence[str | None] | None = None,
        others: Mapping[str, Sequence[Query] | SparseVectors] | None = None,
        vectors: tuple[Sequence[str], SparseVectors] | None = None,
        seed: int = 0,
        watched: Watched = iter,
    ) -> Calibration:
        """Find out which approximate search of an index of vectors reaches which recall, and commit that with it.

        Half of the queries choose the settings, the others prove them. The calibration holds until documents are added
        or deleted or segments merged. Writers are kept out as long as it takes.

        Args:
            queries: At least 1,000, such as those to come. None makes some of titles, or else sentences, of up to 2,000
                documents with the encoder; a document counts neither as found nor as missed by its own.
            targets: Recalls that a search may ask for; it gets the next one up.
            depths: For how many results k; a search for another k is held to the next larger one.
            sources: The id of the document that each query was made from, or None.
            others: Queries of other kinds by name; :meth:`stats` shows what the chosen settings reach on them.
            vectors: Ids and the vectors that were added for them, where the index keeps rounded ones: recall is then
                measured against their scores. None measures it against what exact search finds.
            seed: Draws documents, where there are no queries.
            watched: Passes on the steps one by one, to show how far it is, as ``tqdm`` does.

        Raises:
            UsageError: There are uncommitted changes, no vectors or too few queries, or an argument is wrong.
            IndexLocked: Somebody else is writing.

        Example:
            >>> index.tune()  # doctest: +SKIP
            >>> index.search("why wings lift", recall=0.95)  # doctest: +SKIP
        """
        if self._writer is not None:
            raise UsageError("there are uncommitted changes: commit() or close() them first, then tune()")
        from gossamer.retrieval.index.tuning import tune

        with _Discarding(self):
            writer = self._write()
            self.refresh()
            with naming_damage(self._snapshot.segments):
                tuning = tune(
                    self._snapshot,
                    self._encoder,
                    queries,
                    targets,
                    depths,
                    sources,
                    others or {},
                    vectors,
                    seed,
                    watched,
                )
            writer.calibrate(tuning)
        self._commit(merge_all=False)
        assert tuning.calibration is not None
        return tuning.calibration

    def _write(self) -> Writer:
        if self._writer is None:
            self._writer = Writer(self._storage, self._encoders, self._memory, self._threads)
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
