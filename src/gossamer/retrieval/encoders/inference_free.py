"""Documents by a masked language model, queries by a table: at search time there is no model to run.

Geng et al., "Towards Competitive Search Relevance For Inference-Free Learned Sparse Retrievers" (2024).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
import numpy.typing as npt

from gossamer.errors import UsageError
from gossamer.retrieval.encoders import layouts, runtimes
from gossamer.retrieval.encoders.base import SparseEncoder
from gossamer.retrieval.encoders.encoding import Long, Progress
from gossamer.retrieval.encoders.idf import idf as idf_of
from gossamer.retrieval.encoders.layouts.files import read_arrays, read_json
from gossamer.retrieval.encoders.origin import OURS, find
from gossamer.retrieval.encoders.parts import HeadParts, Limits, Norm, Parts, SideParts
from gossamer.retrieval.encoders.runtimes import Runtime
from gossamer.retrieval.encoders.transformer.backbone import column_names
from gossamer.retrieval.encoders.transformer.encoder import NativeEncoder
from gossamer.retrieval.encoders.transformer.library_tokenizer import tokenizer_in
from gossamer.retrieval.encoders.transformer.table import LookUp
from gossamer.retrieval.vectors import SparseVectors

if TYPE_CHECKING:
    from gossamer.retrieval.encoders.sources import Source

Activation = Literal["log1p", "l0"]
_NORMS: Mapping[Activation, Norm] = {"log1p": "log1p", "l0": "log1p_log1p"}


class InferenceFreeEncoder(SparseEncoder):
    """A document is what a masked language model makes of it, a query its different words with a weight each.

    ``w_d[v] = norm(relu(largest logit of v over the positions))``, ``w_q[v] = idf[v]`` where the query holds v.

    Args:
        backbone: Folder or hub id of a masked language model, or of an encoder whose document network is taken.
        idf: ``"builtin"`` is the table of the model that comes with the package; ``"fit"`` waits for :meth:`fit_idf`;
            else a file, ``idf.json`` with ``{word: weight}`` (a word that it lacks weighs as its rarest one does) or
            safetensors with an array ``weight``, or weights by column.
        activation: ``"log1p"``, or ``"l0"``, which is log1p twice.
        special_positions: Tokens around a document take part in pooling, as in published models.
        prune: Weights of a document up to this share of its largest are dropped.
        query_prune: The same of queries: words that are common beside the query's rarest are not looked up.
        counts: A word that a query repeats weighs so many times more.
        runtime: Of documents, see :meth:`SparseEncoder.from_pretrained`; queries never need torch.

    Raises:
        UsageError: There is no such model or table, or the table is of another vocabulary.

    Example:
        >>> encoder = InferenceFreeEncoder("distilbert-base-uncased", idf="fit")  # doctest: +SKIP
        >>> encoder.fit_idf(texts)  # doctest: +SKIP
        >>> encoder.encode_queries(["lift of a wing"]).to_dicts()  # doctest: +SKIP
        [{'a': 0.3, 'lift': 7.2, 'of': 0.2, 'wing': 6.8}]
    """

    scoring = "dot"

    def __init__(
        self,
        backbone: str | PathLike[str],
        idf: str | PathLike[str] | npt.NDArray[np.floating[Any]] = "builtin",
        activation: Activation = "log1p",
        special_positions: bool = False,
        prune: float = 0.0,
        *,
        query_prune: float = 0.0,
        counts: bool = False,
        runtime: Runtime = "auto",
    ) -> None:
        if activation not in get_args(Activation):
            raise UsageError(f"activation={activation!r}: use {' or '.join(get_args(Activation))}")
        network = layouts.read(find(backbone).folder).document.network
        head, limits = (
            HeadParts("mlm", norm=_NORMS[activation]),
            Limits(special_positions=special_positions, prune=prune),
        )
        static = HeadParts("static", counts=counts)
        self._query = SideParts(network, static, "sum", Limits(prune=query_prune), {"table": np.empty(0, np.float32)})
        model = runtimes.run(Parts(self._query, SideParts(network, head, "max", limits)), runtime)
        self._model: Any = model  # NativeEncoder or LearnedEncoder
        self._tokenizer = tokenizer_in(network)
        self._look_up: LookUp | None = None
        if not (isinstance(idf, str) and idf == "fit"):
            self._use(self._read(idf))

    @property
    def model(self) -> SparseEncoder:
        """What runs it, for whoever trains, quantises or looks into it; has the table."""
        model: SparseEncoder = self._model
        return model

    @property
    def idf(self) -> npt.NDArray[np.float32]:
        """What each word weighs in a query, (len(terms),).

        Raises:
            UsageError: The table waits for :meth:`fit_idf`.
        """
        return self._table().table

    @property
    def terms(self) -> list[str]:
        """Column to word piece."""
        return self.model.terms

    def fit_idf(self, texts: Iterable[str]) -> InferenceFreeEncoder:
        """Take the table from a collection: ``ln(1 + (N - n + 0.5) / (n + 0.5))`` for a word that n of N texts hold.

        Args:
            texts: Read once, a few at a time.
        """
        pieces = self._tokenizer
        self._use(idf_of(lambda some: pieces.encode(some, around=False), len(self.terms), pieces.special_ids, texts))
        return self

    def encode_queries(self, texts: Sequence[str]) -> SparseVectors:
        """Query vectors, shape ``(len(texts), len(self.terms))``: a look-up, whatever runs documents.

        Raises:
            UsageError: The table waits for :meth:`fit_idf`.
        """
        return self._table()(texts)

    def encode_documents(
        self, texts: Sequence[str], *, batch: int = 32, long: Long = "windows", progress: Progress | None = None
    ) -> SparseVectors:
        """Document vectors; see :meth:`NativeEncoder.encode_documents`."""
        found: SparseVectors = self._model.encode_documents(texts, batch=batch, long=long, progress=progress)
        return found

    def sources(self, texts: Sequence[str], terms: Sequence[Collection[str]]) -> list[dict[str, Source]]:
        """For each text through which of its words some terms of its document vector came."""
        return self.model.sources(texts, terms)

    def save_pretrained(self, directory: str | PathLike[str]) -> None:
        """Write it as :attr:`model` does.

        Raises:
            UsageError: The table waits for :meth:`fit_idf`.
        """
        self._table()
        self.model.save_pretrained(directory)

    def _table(self) -> LookUp:
        if self._look_up is None:
            raise UsageError("the table of query weights is not there yet; call fit_idf(texts) first")
        return self._look_up

    def _use(self, table: npt.NDArray[np.float32]) -> None:
        self._query = replace(self._query, weights={"table": table})
        if isinstance(self._model, NativeEncoder):
            self._model = self._model.with_query(self._query)
        else:
            from gossamer.retrieval.encoders.layouts import by_torch

            self._model = by_torch.with_query(self._model, self._query)
        weights = np.maximum(table, 0)
        weights[self._tokenizer.special_ids] = 0
        self._look_up = LookUp(
            self._tokenizer, self.terms, weights, counts=self._query.head.counts, limits=self._query.limits
        )

    def _read(self, idf: Any) -> npt.NDArray[np.float32]:
        """A table by column.

        Raises:
            UsageError: It is not there, or of another vocabulary.
        """
        if isinstance(idf, (str, PathLike)):
            name = str(idf)
            if name == "builtin":
                return _builtin(self.terms)
            path = Path(name) / "model.safetensors" if Path(name).is_dir() else Path(name)
            if path.suffix == ".json":
                return self._by_word(path)
            table, name = read_arrays(path).get("weight"), str(path)
            if table is None:
                raise UsageError(f"{path}: not a table of weights: it has no array 'weight'")
        else:
            table, name = np.asarray(idf), "idf"
        if table.shape != (len(self.terms),):
            raise UsageError(
                f"{name}: of another vocabulary: {'x'.join(map(str, table.shape))} weights for {len(self.terms)} words"
            )
        return np.array(table, np.float32)

    def _by_word(self, path: Path) -> npt.NDArray[np.float32]:
        weights, columns = read_json(path), self._tokenizer.vocabulary
        unknown = [word for word in weights if word not in columns]
        if unknown or not weights:
            raise UsageError(
                f"{path}: of another vocabulary: {len(unknown)} of its {len(weights)} words are not in that of the "
                "model" + (f", such as {unknown[0]!r}" if unknown else "")
            )
        table = np.full(len(self.terms), max(weights.values()), np.float32)
        for word, weight in weights.items():
            table[columns[word]] = weight
        table[self._tokenizer.special_ids] = 0
        return table


def _builtin(terms: list[str]) -> npt.NDArray[np.float32]:
    """The table of the model that comes with the package, if these are its words."""
    side = layouts.read(find(OURS).folder).query
    if side.head.head != "static":
        raise UsageError(f"idf='builtin': the model {OURS!r} has no table of query weights")
    tokenizer = tokenizer_in(side.network)
    known = column_names(tokenizer, len(side.weights["table"]))
    if known != terms:
        differs = next((i for i, (a, b) in enumerate(zip(known, terms, strict=False)) if a != b), None)
        what = (
            f"{len(known)} words for {len(terms)}"
            if differs is None
            else (f"column {differs} is {known[differs]!r} there and {terms[differs]!r} here")
        )
        raise UsageError(f"idf='builtin' is of another vocabulary: {what}; use idf='fit', or a table of this one")
    return side.table(tokenizer.vocabulary, len(terms))
