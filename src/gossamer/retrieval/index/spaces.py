"""The spaces of an index: how the manifest describes each, which sections it has, and which encoder makes it.

A space holds what one encoder makes of the documents; a score is one sum over the terms of all of them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from math import isfinite
from typing import Any, Literal, get_args

from gossamer.errors import UsageError
from gossamer.retrieval.encoders import BM25Encoder, SparseEncoder
from gossamer.retrieval.index.manifest import Manifest

Values = Literal["f32", "f16", "u8"]
Space = dict[str, Any]
Encoders = list[SparseEncoder | None]  # one a space

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


def spaces_of(
    encoder: SparseEncoder | Mapping[str, SparseEncoder | None] | None,
    values: Values = "f32",
    weights: Mapping[str, float] | None = None,
) -> tuple[tuple[Space, ...], Encoders]:
    """How the manifest describes the spaces of encoders, text first, and the encoders in this order.

    Args:
        encoder: None for vectors made elsewhere; several by the names of their spaces.
        values: How vectors are kept; see ``Index.create``.
        weights: By which the scores of spaces count, 1 where none is given.

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
    factors = factors_of(list(ordered), weights, dict.fromkeys(ordered, 1.0))
    spaces = (_space(name, one, values) for name, one in ordered.items())
    return tuple({**space, "weight": f} for space, f in zip(spaces, factors, strict=True)), list(ordered.values())


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


def stored_encoders(manifest: Manifest, given: SparseEncoder | Mapping[str, SparseEncoder | None] | None) -> Encoders:
    """The encoder of each space, checked against those the index was made with.

    Args:
        manifest: Of the index.
        given: The encoder, by the names of their spaces where there are several; only those that cannot be saved are
            needed.
    """
    names = [space["name"] for space in manifest.spaces]
    if given is not None and not isinstance(given, Mapping):
        if len(names) > 1:
            raise UsageError(f"the index has the spaces {', '.join(names)}: give encoder={{name: encoder}}")
        given = {names[0]: given}
    for name in given or {}:
        if name not in names:
            raise UsageError(f"encoder: the index has no space {name!r}; it has {', '.join(names)}")
    return [_stored(space["encoder"], (given or {}).get(space["name"])) for space in manifest.spaces]


def _stored(stored: dict[str, Any], given: SparseEncoder | None) -> SparseEncoder | None:
    if given is not None:
        if _settings(given) != stored:
            raise UsageError(
                f"the index was made with another encoder: {_brief(stored)}, not {_brief(_settings(given))}"
            )
        return given
    if stored["type"] in ("vectors", "unsaved"):
        return None
    return SparseEncoder.from_dict(stored)


def _brief(settings: dict[str, Any]) -> str:
    return ", ".join(f"{k}={v}" for k, v in settings.items() if not isinstance(v, (dict, list)))
