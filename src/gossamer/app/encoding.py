"""Many documents to one file of vectors: in parts that survive Ctrl-C, in bounded memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from os import PathLike
from typing import Any, Literal

from gossamer.retrieval.encoders import BM25Encoder, SparseEncoder
from gossamer.retrieval.index.incoming import scored_text
from gossamer.retrieval.vector_parts import VectorParts
from gossamer.text.documents import Document
from gossamer.text.passages import split

Side = Literal["query", "document"]
_DOCUMENTS, _LETTERS = 256, 1 << 23  # of a part: the first that is reached ends it


@dataclass(frozen=True, slots=True)
class Encoded:
    """What was written.

    Args:
        documents: Rows of the file.
        found: Those that an earlier run had encoded.
        weights: Entries of the file.
        dim: Its columns.
    """

    documents: int
    found: int
    weights: int
    dim: int


def encode_to_file(
    documents: Iterable[Document],
    encoder: SparseEncoder,
    side: Side,
    path: str | PathLike[str],
    *,
    watch: Callable[[int], None] = lambda done: None,
) -> Encoded:
    """Encode documents and write their vectors and ids to ``path``, whole or not at all.

    A run that was stopped leaves ``PATH.parts``; the same call goes on from there, and the file has the same bytes as
    one that was never stopped.

    Args:
        documents: In the same order each time.
        encoder: Vectors of its query or document side.
        side: Which.
        path: The file to write; one that was there is replaced at the end.
        watch: Told how many documents more are done.

    Raises:
        GossamerError: There are parts of an earlier run by another encoder, or of other documents.
    """
    encode = encoder.encode_queries if side == "query" else encoder.encode_documents
    parts = VectorParts(path, {"encoder": _made_by(encoder), "side": side})
    count = found = known = 0
    for part in _parts(documents):
        ids, texts = [document.id for document in part], [scored_text(one, split(one, None)[0]) for one in part]
        terms = parts.find(ids, texts)
        if terms is None:
            vectors = encode(texts)
            new: list[str] = encoder.terms[known:] if isinstance(encoder, BM25Encoder) else []
            parts.add(ids, texts, vectors, new)
            known += len(new)
        else:
            found += len(part)
            known += len(terms)
            if isinstance(encoder, BM25Encoder):
                encoder.meet(terms)
        count += len(part)
        watch(len(part))
    vocabulary = encoder.terms
    return Encoded(count, found, parts.join(vocabulary), len(vocabulary))


def _made_by(encoder: SparseEncoder) -> dict[str, Any]:
    return {**encoder.to_dict(), "runtime": encoder.runtime}


def _parts(documents: Iterable[Document]) -> Iterator[list[Document]]:
    part: list[Document] = []
    letters = 0
    for document in documents:
        part.append(document)
        letters += len(document.text)
        if len(part) == _DOCUMENTS or letters >= _LETTERS:
            yield part
            part, letters = [], 0
    if part:
        yield part
