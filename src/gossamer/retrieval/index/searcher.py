"""Reading an index: ranked and explained passages for a query, what is known of it, and its documents."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gossamer.errors import UsageError
from gossamer.retrieval.encoders import BM25Encoder
from gossamer.retrieval.encoders.remembered import Remembered
from gossamer.retrieval.index import manifest as manifests
from gossamer.retrieval.index.approximation import Approximation, check_recall
from gossamer.retrieval.index.corrections import Correction, put_right, rare_words
from gossamer.retrieval.index.fields import Scalar, count, facets, first_by
from gossamer.retrieval.index.hits import Hit, build_hits
from gossamer.retrieval.index.ledger import Ledger, ledger_of
from gossamer.retrieval.index.likeness import like as looking_for_like
from gossamer.retrieval.index.outline import FieldOutline, outline
from gossamer.retrieval.index.plan import Plan, make_plan
from gossamer.retrieval.index.queries import Query, rank_vectors, texts_of
from gossamer.retrieval.index.selection import Selection, best, select, understanding
from gossamer.retrieval.index.snapshot import naming_damage, open_snapshot
from gossamer.retrieval.index.spaces import Named, stored_encoders
from gossamer.retrieval.index.statistics import stats_of
from gossamer.retrieval.index.storage import Storage
from gossamer.retrieval.index.verification import Verification, verify
from gossamer.retrieval.index.words import bare_words
from gossamer.retrieval.vectors import SparseVectors

if TYPE_CHECKING:
    from gossamer import _native
    from gossamer.retrieval.index.synonyms import Synonyms
    from gossamer.text.analysis import Analyzer
    from gossamer.text.documents import Document


class Searcher:
    """Search over the last commit of an index, until :meth:`refresh` moves to a newer one.

    Args:
        path: The index's directory.
        encoder: As :meth:`Index.open` has it.
    """

    storage_type: type[Storage] = Storage

    def __init__(self, path: str | PathLike[str], encoder: Named | Mapping[str, Named | None] | None) -> None:
        self.path = Path(path)
        self._storage = self.storage_type(self.path)
        self._snapshot = open_snapshot(self._storage)
        self._encoders = stored_encoders(self._snapshot.manifest, encoder)
        self._encoder = self._encoders[0]
        self._parser: _native.QueryParser | None = None
        if isinstance(self._encoder, BM25Encoder):
            from gossamer import _native

            analyzers = dict.fromkeys([self._encoder.analyzer, *self._encoder.field_analyzers.values()])
            self._parser = _native.QueryParser([a.native for a in analyzers])

    def load_encoders(self) -> None:
        """Load learned encoders now, and not when the first text is encoded.

        Raises:
            GossamerError: One is gone, has changed, or cannot be loaded.
        """
        for encoder in self._encoders:
            if isinstance(encoder, Remembered):
                encoder.model  # noqa: B018 - loads it

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
        recall: float | None = None,
        weights: Mapping[str, float] | None = None,
        explain: bool = False,
    ) -> list[Hit]:
        """The k best documents for a query, each with its best passage.

        Args:
            query: Text, ``{term: weight}`` over the index's own terms, or one row of :class:`SparseVectors`; with
                several spaces a text, which asks all of them, or ``{space: one of these}``. A text may hold
                ``"exact phrases"`` (``"near"~2``), ``+must``, ``-not``, ``prefix*`` and ``field:value``; one that
                scores nothing gives all documents that pass, in insertion order.
            k: How many.
            where: Only documents whose fields match, such as ``year >= 1980 and kind in (report, note)``.
            sort: Order all matching documents by this field instead, with ``-`` before it descending.
            like: Ids of documents: their most telling terms join the query, and they themselves are left out.
            operators: Understand operators in a text; False takes every word as it is.
            typos: Words without an operator are corrected, at most 32 of a query and never identifiers: with None those
                that occur nowhere, by one edit, from 8 letters on by two (a letter more, less, other, or two swapped);
                with 1 or 2 all from 4 letters on by up to so many edits, and where that finds something documents that
                hold every word as typed come first, and ``score`` orders within the two parts; 0 corrects nothing.
            synonyms: What words without an operator also find, at half their weight.
            recall: Mean share of the true k best that may be returned instead of all of them, in (0, 1]; None and 1
                are exact, and so is BM25 with any. What reaches it is known from :meth:`Index.tune`; where that does
                not know, search is exact, and an :class:`~gossamer.retrieval.Uncalibrated` warning says why.
            weights: For spaces, by name, what their scores are multiplied by, instead of what the index was made with;
                a space of weight 0 is not looked at.
            explain: Fill ``Hit.explanation``.

        Raises:
            UsageError: The query is longer than 1 MB, k < 1, ``where`` is no filter or names an unknown field,
                there is no document to be ``like``, or the recall is not in (0, 1].
        """
        _check_k(k)
        how = self._warned(recall, k, where, sort, like)
        selection = self._select(query, where, operators, like, typos, synonyms, weights)
        return self._hits(replace(selection, approximation=how), k, sort, explain)

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
        recall: float | None = None,
        weights: Mapping[str, float] | None = None,
        explain: bool = False,
    ) -> list[list[Hit]]:
        """:meth:`search` for several queries."""
        _check_k(k)
        how = self._warned(recall, k, where, sort)
        selections = self._selections(queries, where, operators, typos, synonyms, weights)
        return [self._hits(replace(one, approximation=how), k, sort, explain) for one in selections]

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
        recall: float | None = None,
        weights: Mapping[str, float] | None = None,
    ) -> Plan:
        """How a query is understood and run: what became of its words, what documents pass, what the search touches.

        Args:
            query, k, where, sort, like, operators, typos, synonyms, recall, weights: As in :meth:`search`, which it
                repeats.

        Example:
            >>> plan = index.plan("wings -stall")  # doctest: +SKIP
            >>> plan.words, plan.excluded  # doctest: +SKIP
            ([('wings', 'wing')], ['stall'])
        """
        _check_k(k)
        how = self.approximation(recall, k, where=where, sort=sort, like=like) if recall is not None else None
        selection = replace(self._select(query, where, operators, like, typos, synonyms, weights), approximation=how)
        return make_plan(self._snapshot, selection, self._analyzer, k, where, sort)

    def approximation(
        self,
        recall: float,
        k: int = 10,
        *,
        where: str | None = None,
        sort: str | None = None,
        like: str | Sequence[str] = (),
    ) -> Approximation:
        """How a search with these arguments serves a recall: by what, or why exactly.

        Raises:
            UsageError: The recall is not in (0, 1].
        """
        if len(self._encoders) > 1 and recall != 1:
            check_recall(recall)
            return Approximation(recall, why_exact="over several spaces")
        if self._snapshot.text or recall == 1:
            check_recall(recall)
            return Approximation(recall)
        found = self._snapshot.tuning.approximation(recall, k)
        if where is not None or sort is not None or like:
            why = "under a filter" if where is not None else "with sort" if sort is not None else "with like"
            return Approximation(recall, why_exact=why)
        return found

    def _warned(
        self,
        recall: float | None,
        k: int,
        where: str | None,
        sort: str | None = None,
        like: str | Sequence[str] = (),
    ) -> Approximation | None:
        """The same for one who calls a search, warned where it is exact."""
        if recall is None:
            return None
        how = self.approximation(recall, k, where=where, sort=sort, like=like)
        how.warn(stacklevel=3)
        return how

    def count(
        self,
        query: Query = "",
        *,
        where: str | None = None,
        like: str | Sequence[str] = (),
        operators: bool = True,
        typos: int | None = None,
        synonyms: Synonyms | None = None,
        weights: Mapping[str, float] | None = None,
    ) -> int:
        """How many documents match: those that hold any word of the query and pass its operators and the filter.

        Args:
            query, where, like, operators, typos, synonyms, weights: As in :meth:`search`.
        """
        return count(self._snapshot, self._select(query, where, operators, like, typos, synonyms, weights))

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
        apart = {space["name"]: 0.0 for space in self._snapshot.manifest.spaces[1:]}  # have nothing to correct
        return self._select(query, None, True, (), typos, synonyms, apart).corrections

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
        weights: Mapping[str, float] | None = None,
    ) -> Selection:
        asked: Query = {} if query == "" else query  # an index of vectors understands no text
        [selection] = self._selections([asked], where, operators, typos, synonyms, weights)
        return looking_for_like(self._snapshot, selection, [like] if isinstance(like, str) else like)

    def _selections(
        self,
        queries: Sequence[Query],
        where: str | None,
        operators: bool,
        typos: int | None,
        synonyms: Synonyms | None,
        weights: Mapping[str, float] | None,
    ) -> list[Selection]:
        parser, encoders = self._parser, self._encoders
        return select(self._snapshot, queries, where, parser, encoders, operators, typos, synonyms, weights)

    @property
    def _analyzer(self) -> Analyzer | None:
        return self._encoder.analyzer if isinstance(self._encoder, BM25Encoder) else None

    def _hits(self, selection: Selection, k: int, sort: str | None, explain: bool) -> list[Hit]:
        order = first_by(self._snapshot, selection, sort, k) if sort is not None or selection.lists else None
        return build_hits(self._snapshot, self._analyzer, self._encoders, selection, k, explain, order)

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
        weights: Mapping[str, float] | None = None,
    ) -> dict[str, list[tuple[Scalar, int]]]:
        """For each field the values that most of the matching documents have, and how many have them.

        A document matches that holds any word of the query; one with several values counts for each.

        Args:
            query: As in :meth:`search`.
            fields: Names of fields.
            where, like, operators, typos, synonyms, weights: As in :meth:`search`.
            limit: Most values a field.

        Raises:
            UsageError: No document has such a field.

        Example:
            >>> index.facets("wings", ["kind"])  # doctest: +SKIP
            {'kind': [('report', 12), ('note', 3)]}
        """
        selection = self._select(query, where, operators, like, typos, synonyms, weights)
        return facets(self._snapshot, selection, fields, limit)

    def outline(self) -> list[FieldOutline]:
        """The fields that documents have, with their kinds and how many values there are."""
        return outline(self._snapshot)

    def rank(
        self,
        queries: Sequence[Query] | SparseVectors,
        k: int = 10,
        *,
        where: str | None = None,
        operators: bool = False,
        typos: int | None = None,
        synonyms: Synonyms | None = None,
        recall: float | None = None,
        weights: Mapping[str, float] | None = None,
        exhaustive: bool = False,
    ) -> list[list[tuple[str, float]]]:
        """Ids and scores only, the same ranking as :meth:`search`: for runs and benchmarks, whose texts are words.

        Args:
            queries: As in :meth:`search`; vectors of several rows are as many queries.
            k: How many documents a query.
            where: As in :meth:`search`.
            operators: As in :meth:`search`; without them nothing is corrected.
            typos, synonyms, recall, weights: As in :meth:`search`.
            exhaustive: Score every posting instead of pruning; the result is the same.
        """
        _check_k(k)
        if exhaustive and recall is not None and recall != 1:
            raise UsageError("recall and exhaustive exclude each other")
        how = self._warned(recall, k, where)
        approximate = how.native if how else None
        snapshot = self._snapshot
        several = len(self._encoders) > 1 or weights is not None
        ranked: list[list[tuple[str, float]]] | None = None
        if self._parser is None and not several and not typos and synonyms is None:
            accepted = snapshot.accepted(where)
            with naming_damage(snapshot.segments):
                ranked = rank_vectors(snapshot, self._encoder, queries, k, exhaustive, accepted, approximate)
            if where is None or all(ranked):
                return ranked  # else a query without words may list what passes the filter
        queries = [queries[row] for row in range(len(queries))] if isinstance(queries, SparseVectors) else queries
        if (self._parser is not None or several) and not operators and not typos and synonyms is None:
            texts, accepted = texts_of(queries), snapshot.accepted(where)
            native = accepted.native if accepted else None
            if several:
                terms = [one.scoring for one in self._selections(queries, where, False, typos, synonyms, weights)]
                with naming_damage(snapshot.segments):
                    ranked = snapshot.native.rank_terms(terms, k, exhaustive, native, approximate)
            elif self._parser is not None and len(texts) == len(queries):
                with naming_damage(snapshot.segments):
                    ranked = snapshot.native.rank_texts(self._parser, texts, k, exhaustive, native)
            if ranked is not None and (where is None or all(ranked)):
                return ranked
        ranked = []
        for one in self._selections(queries, where, operators, typos, synonyms, weights):
            selection = replace(one, approximation=how)
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

        ``passages``, ``tokens``, ``postings`` and ``mean_length`` count deleted documents until a merge drops them;
        ``parts`` are the bytes of each section, over all segments; ``terms``, ``postings``, ``encoder``, ``fields`` and
        ``analyzer`` those of the first space; ``spaces`` says what each is and takes. ``calibration`` is what
        :meth:`Index.tune` found, with ``holds`` false and ``why_not`` where documents have changed since.
        """
        return stats_of(self._snapshot)

    def verify(self) -> Verification:
        """Check every byte of the last commit's files."""
        return verify(self.path, storage=self._storage)


def _check_k(k: int) -> None:
    if k < 1:
        raise UsageError(f"k={k} must be >= 1")
