"""The index that documents are added to: opened, if they would be added in the way it was made, or created."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gossamer.errors import NoSuchIndex, UsageError

if TYPE_CHECKING:
    from gossamer.app.config import Value
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

    limits = {"memory": said["index.memory_limit"].value, "threads": said["index.threads"].value}
    try:
        index = Index.open(path, **limits)
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
    moved = _moved(facts, said)
    return Index.open(path, encoder=moved, **limits) if moved else index


def create(path: str, said: Mapping[str, Value]) -> Index:
    """A new index at ``path``, made as the settings ``index.*`` say."""
    from gossamer.retrieval.index import Index

    return Index.create(
        path,
        said["index.encoder"].value,
        analyzer=_analyzer(said),
        fields=said["index.fields"].value,
        passages=said["index.passages"].value,
        memory=said["index.memory_limit"].value,
        threads=said["index.threads"].value,
    )


def _moved(facts: Mapping[str, Any], said: Mapping[str, Value]) -> dict[str, str]:
    """By its space where the learned encoder of an index is now, if somebody says so; it is the same one."""
    from gossamer.retrieval.encoders.origin import find

    asked = said["index.encoder"]
    if asked.origin == "default" or asked.value == "bm25":
        return {}
    origin = find(asked.value)
    return {
        space["name"]: asked.value
        for space in facts["spaces"]
        if space.get("fingerprint") == origin.fingerprint and space["model"] != origin.name
    }


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
    from gossamer.retrieval.encoders import BM25Encoder, SparseEncoder
    from gossamer.retrieval.encoders.origin import OURS, find

    asked, spaces = said["index.encoder"].value, facts["spaces"]
    if asked != "bm25":
        origin = find(asked)
        if origin.is_learned:
            beside = asked != OURS or spaces[0]["kind"] == "text"
            return beside and any(space.get("fingerprint") == origin.fingerprint for space in spaces)
    settings = (BM25Encoder() if asked == "bm25" else SparseEncoder.from_pretrained(asked)).to_dict()
    apart = {"analyzer", "fields"} | ({"variant"} if asked == "bm25" and facts["fields"] else set())
    same = all(facts["encoder"].get(key) == value for key, value in settings.items() if key not in apart)
    return same and len(spaces) == 1


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
