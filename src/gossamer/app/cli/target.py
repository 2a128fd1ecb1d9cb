"""The index that documents are added to: opened, if they would be added in the way it was made, or created."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gossamer.errors import NoSuchIndex, UsageError

if TYPE_CHECKING:
    from gossamer.app.config import Value
    from gossamer.retrieval.encoders import SparseEncoder
    from gossamer.retrieval.index import Index
    from gossamer.text.analysis import Analyzer


def open_as_made(path: str, said: Mapping[str, Value]) -> Index | None:
    """The index at ``path``, None if there is none.

    Args:
        path: A directory.
        said: The settings ``index.*`` in force; those that nobody stated do not bind.

    Raises:
        UsageError: Somebody stated another encoder, analyzer or passage length than the index was made with.
    """
    from gossamer.retrieval.index import Index

    try:
        index = Index.open(path, memory=said["index.memory_limit"].value, threads=said["index.threads"].value)
    except NoSuchIndex:
        return None
    facts = index.stats()
    for key, same in _SAME.items():
        asked = said[f"index.{key}"]
        if asked.origin != "default" and not same(facts, said):
            raise UsageError(
                f"{path} was made with another {key} than {asked.written} (from {asked.origin}); "
                "leave it out to add in the same way, or make a new index"
            )
    return index


def create(path: str, said: Mapping[str, Value]) -> Index:
    """A new index at ``path``, made as the settings ``index.*`` say."""
    from gossamer.retrieval.index import Index

    return Index.create(
        path,
        _encoder(said),
        analyzer=_analyzer(said),
        fields=said["index.fields"].value,
        passages=said["index.passages"].value,
        memory=said["index.memory_limit"].value,
        threads=said["index.threads"].value,
    )


def _encoder(said: Mapping[str, Value]) -> str | SparseEncoder:
    """``bm25``, or the encoder saved in a directory."""
    from gossamer.retrieval.encoders import SparseEncoder

    name: str = said["index.encoder"].value
    return name if name == "bm25" else SparseEncoder.from_pretrained(name)


def _analyzer(said: Mapping[str, Value]) -> Analyzer:
    """An analyzer by its name, or as a JSON file describes it."""
    from gossamer.text.analysis import analyzer

    name = said["index.analyzer"].value
    if not name.endswith(".json"):
        return analyzer(name)
    try:
        return analyzer(json.loads(Path(name).read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:
        raise UsageError(f"{name}: {getattr(error, 'strerror', None) or error}") from None


def _same_encoder(facts: Mapping[str, Any], said: Mapping[str, Value]) -> bool:
    from gossamer.retrieval.encoders import BM25Encoder

    asked = _encoder(said)
    settings = (BM25Encoder() if isinstance(asked, str) else asked).to_dict()
    apart = {"analyzer", "fields"} | ({"variant"} if asked == "bm25" and facts["fields"] else set())
    return all(facts["encoder"].get(key) == value for key, value in settings.items() if key not in apart)


def _same_analyzer(facts: Mapping[str, Any], said: Mapping[str, Value]) -> bool:
    from gossamer.text.analysis import analyzer

    return facts["analyzer"] is not None and analyzer(facts["analyzer"]) == _analyzer(said)


def _same_fields(facts: Mapping[str, Any], said: Mapping[str, Value]) -> bool:
    from gossamer.retrieval.encoders import BM25Encoder
    from gossamer.retrieval.index import schema

    fields = schema.declared(said["index.fields"].value)
    encoder = BM25Encoder(fields=schema.text_fields(fields)).to_dict()
    return bool(schema.described(encoder, schema.value_types(fields)) == facts["fields"])


def _same_passages(facts: Mapping[str, Any], said: Mapping[str, Value]) -> bool:
    return bool(facts["passage_words"] == (said["index.passages"].value or 0))


_SAME = {"encoder": _same_encoder, "analyzer": _same_analyzer, "fields": _same_fields, "passages": _same_passages}
