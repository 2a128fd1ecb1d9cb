"""The spaces of an index: how the manifest describes each, which sections it has, and which encoder makes it.

A space holds what one encoder makes of the documents; a score is one sum over the terms of all of them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from math import isfinite
from os import PathLike, fspath
from typing import Any, Literal, get_args

from gossamer.errors import UsageError
from gossamer.retrieval.encoders import BM25Encoder, SparseEncoder
from gossamer.retrieval.encoders.base import LEARNED
from gossamer.retrieval.encoders.origin import OURS, find
from gossamer.retrieval.encoders.remembered import Remembered
from gossamer.retrieval.index.manifest import Manifest

Values = Literal["f32", "f16", "u8"]
Space = dict[str, Any]
Encoders = list[SparseEncoder | None]  # one a space
Named = str | PathLike[str] | SparseEncoder
"""An encoder, or the name of one: ``bm25``, ``gossamer``, a folder, or the id of a model on a hub."""

_TERMS = {"terms.offsets", "terms.bytes", "terms.hash"}
_SECTIONS = {
    "text": _TERMS
    | {
        "terms.max", "postings", "windows.start", "windows.id", "windows.end", "rows", "bounds", "tf", "tf.large",
        "lengths", "cf", "positions.start", "positions", "words.starts", "words.bytes", "fields.tf", "fields.lengths",
        "fields.words", "fields.rows",
    },
    "vectors": _TERMS
    | {
        "columns", "layers", "lists", "lists.offsets", "steps", "steps.offsets", "forward.offsets", "forward.columns",
        "forward.values", "forward.scales",
    },
}  # fmt: skip
_NAME = re.compile(r"[A-Za-z0-9_-]{1,16}")
_TAKEN = {"ids", "rows", "order", "docs", "store", "columns"}  # sections of the documents begin so


def sections_of(space: Space) -> set[str]:
    """The names of all sections that a space may have."""
    return {f"{space['name']}.{section}" for section in _SECTIONS[space["kind"]]}


def native_spaces(spaces: Sequence[Space]) -> list[tuple[str, str, Values]]:
    """Spaces as the native core takes them."""
    return [(space["name"], space["kind"], space.get("values", "f32")) for space in spaces]


def encoders_of(
    asked: Named | Mapping[str, Named | None] | None, bm25: BM25Encoder
) -> SparseEncoder | Mapping[str, SparseEncoder | None] | None:
    """Encoders, some given by their names; the model that comes with this package stands beside BM25.

    Args:
        asked: As ``Index.create`` has it.
        bm25: What the name ``bm25`` stands for.

    Raises:
        UsageError: There is no such encoder.
    """
    if isinstance(asked, Mapping):
        return {name: _named(one, bm25) for name, one in asked.items()}
    if isinstance(asked, str) and asked == OURS:
        return {"bm25": bm25, LEARNED: _named(OURS, bm25)}
    return _named(asked, bm25)


def _named(asked: Named | None, bm25: BM25Encoder) -> SparseEncoder | None:
    if asked is None or isinstance(asked, SparseEncoder):
        return asked
    return bm25 if fspath(asked) == "bm25" else SparseEncoder.from_pretrained(asked)


def spaces_of(
    encoder: SparseEncoder | Mapping[str, SparseEncoder | None] | None,
    values: Values = "f32",
    weights: Mapping[str, float] | None = None,
) -> tuple[tuple[Space, ...], Encoders]:
    """How the manifest describes the spaces of encoders, text first, and the encoders in this order.

    Args:
        encoder: None for vectors made elsewhere; several by the names of their spaces.
        values: How vectors are kept; see ``Index.create``.
        weights: By which the scores of spaces count; where none is given, beside BM25 what the encoder's training has
            found, else 1.

    Raises:
        UsageError: ``values`` or a weight is wrong, a name cannot be one, or there are two spaces of text.
    """
    if values not in get_args(Values):
        raise UsageError(f"values={values!r} must be one of {', '.join(get_args(Values))}")
    named = dict(encoder) if isinstance(encoder, Mapping) else {_default_name(encoder): encoder}
    for name in named:
        if not _NAME.fullmatch(name) or name in _TAKEN:
            raise UsageError(f"{name!r} is no name for a space: use up to 16 letters, digits, _ and -; not a taken one")
    ordered = dict(sorted(named.items(), key=lambda one: not isinstance(one[1], BM25Encoder)))
    texts = [name for name, one in ordered.items() if isinstance(one, BM25Encoder)]
    if not ordered or len(texts) > 1:
        raise UsageError(f"an index has at least one space, and at most one of text; not {', '.join(texts) or 'none'}")
    if values != "f32" and len(texts) == len(ordered):
        raise UsageError(f"values={values!r} is for vectors; BM25 keeps counts of words")
    factors = factors_of(list(ordered), weights, {n: _own_factor(one, bool(texts)) for n, one in ordered.items()})
    spaces = (_space(name, one, values) for name, one in ordered.items())
    return tuple({**space, "weight": f} for space, f in zip(spaces, factors, strict=True)), list(ordered.values())


def _own_factor(encoder: SparseEncoder | None, beside_text: bool) -> float:
    """What an encoder's scores count where nobody says it."""
    found = encoder.origin.fusion_weight if beside_text and encoder is not None and encoder.origin is not None else None
    return 1.0 if found is None else found


def _default_name(encoder: SparseEncoder | None) -> str:
    return "bm25" if isinstance(encoder, BM25Encoder) else "vectors"


def _space(name: str, encoder: SparseEncoder | None, values: Values) -> Space:
    settings = _settings(encoder)
    if isinstance(encoder, BM25Encoder):
        return {"name": name, "kind": "text", "encoder": settings}
    return {"name": name, "kind": "vectors", "values": values, "encoder": settings}


def _settings(encoder: SparseEncoder | None) -> dict[str, Any]:
    try:
        return encoder.to_dict() if encoder is not None else {"type": "vectors"}
    except UsageError:  # one that cannot be saved is passed again to open()
        return {"type": "unsaved", "class": type(encoder).__name__}


def factors_of(
    names: Sequence[str], weights: Mapping[str, float] | None, otherwise: Mapping[str, float]
) -> tuple[float, ...]:
    """The weight of each space.

    Raises:
        UsageError: A weight is no number from 0 on, or of no space.
    """
    for name, weight in (weights or {}).items():
        if name not in names:
            raise UsageError(f"weights: the index has no space {name!r}; it has {', '.join(names)}")
        if isinstance(weight, bool) or not isinstance(weight, (int, float)) or not (weight >= 0 and isfinite(weight)):
            raise UsageError(f"weights: that of {name!r} is {weight!r}; it must be a number >= 0")
    return tuple(float({**otherwise, **(weights or {})}[name]) for name in names)


def stored_factors(manifest: Manifest, weights: Mapping[str, float] | None = None) -> tuple[float, ...]:
    """The weight of each space of an index, as stored or as given for a query."""
    stored = {space["name"]: space.get("weight", 1.0) for space in manifest.spaces}
    return factors_of(list(stored), weights, stored)


def stored_encoders(manifest: Manifest, given: Named | Mapping[str, Named | None] | None) -> Encoders:
    """The encoder of each space, checked against those the index was made with; learned ones are not yet loaded.

    Args:
        manifest: Of the index.
        given: The encoder or where it is now, by the names of their spaces where that is not clear; only those that
            cannot be saved, and folders that have moved, are needed.

    Raises:
        UsageError: It is another encoder, or there is none.
    """
    names = [space["name"] for space in manifest.spaces]
    if given is not None and not isinstance(given, Mapping):
        given = {_only_learned(manifest): given}
    for name in given or {}:
        if name not in names:
            raise UsageError(f"encoder: the index has no space {name!r}; it has {', '.join(names)}")
    return [_stored(space["encoder"], (given or {}).get(space["name"])) for space in manifest.spaces]


def _only_learned(manifest: Manifest) -> str:
    """The name of the space whose encoder somebody may have to give."""
    names: list[str] = [space["name"] for space in manifest.spaces]
    learned = [space["name"] for space in manifest.spaces if space["encoder"]["type"] in (LEARNED, "unsaved")]
    if len(names) > 1 and len(learned) != 1:
        raise UsageError(f"the index has the spaces {', '.join(names)}: give encoder={{name: encoder}}")
    return names[0] if len(names) == 1 else learned[0]


def _stored(stored: dict[str, Any], given: Named | None) -> SparseEncoder | None:
    if given is None:
        return None if stored["type"] in ("vectors", "unsaved") else SparseEncoder.from_dict(stored)
    if stored["type"] == LEARNED and not isinstance(given, SparseEncoder):
        moved = find(given)
        _check(moved.to_dict(), stored)
        return Remembered(stored, moved)
    encoder = given if isinstance(given, SparseEncoder) else SparseEncoder.from_pretrained(given)
    _check(_settings(encoder), stored)
    return encoder


def _check(settings: dict[str, Any], stored: dict[str, Any]) -> None:
    if settings != stored and not same_model(settings, stored):
        raise UsageError(f"the index was made with another encoder: {_brief(stored)}, not {_brief(settings)}")


def readdressed(spaces: Sequence[Space], encoders: Encoders) -> tuple[Space, ...]:
    """Spaces whose learned encoders are where they were found this time."""
    return tuple(
        {**space, "encoder": _settings(one)} if one is not None and space["encoder"]["type"] == LEARNED else space
        for space, one in zip(spaces, encoders, strict=True)
    )


def same_model(settings: Mapping[str, Any], stored: Mapping[str, Any]) -> bool:
    """Whether two descriptions are of one learned encoder, wherever it lies."""
    both = {one.get("type") for one in (settings, stored)} == {LEARNED}
    return both and bool(settings["fingerprint"] == stored["fingerprint"])


def _brief(settings: dict[str, Any]) -> str:
    return ", ".join(f"{k}={v}" for k, v in settings.items() if not isinstance(v, (dict, list)))
