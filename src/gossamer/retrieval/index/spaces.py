"""How the manifest describes a space, which sections it has, and which encoder an index is opened with."""

from __future__ import annotations

from typing import Any, Literal, get_args

from gossamer.errors import UsageError
from gossamer.retrieval.encoders import BM25Encoder, SparseEncoder
from gossamer.retrieval.index.manifest import Manifest

Values = Literal["f32", "f16", "u8"]

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


def sections_of(space: dict[str, Any]) -> set[str]:
    """The names of all sections that a space may have."""
    return {f"{space['name']}.{section}" for section in _SECTIONS[space["kind"]]}


def space_of(encoder: SparseEncoder | None, values: Values = "f32") -> dict[str, Any]:
    """How the manifest describes the space of an encoder.

    Args:
        encoder: None for vectors made elsewhere.
        values: How vectors are kept; see ``Index.create``.

    Raises:
        UsageError: ``values`` is unknown, or given for BM25.
    """
    if values not in get_args(Values):
        raise UsageError(f"values={values!r} must be one of {', '.join(get_args(Values))}")
    if isinstance(encoder, BM25Encoder):
        if values != "f32":
            raise UsageError(f"values={values!r} is for vectors; BM25 keeps counts of words")
        return {"name": "bm25", "kind": "text", "encoder": encoder.to_dict()}
    try:
        settings = encoder.to_dict() if encoder is not None else {"type": "vectors"}
    except UsageError:  # one that cannot be saved is passed again to open()
        settings = {"type": "unsaved", "class": type(encoder).__name__}
    return {"name": "vectors", "kind": "vectors", "values": values, "encoder": settings}


def stored_encoder(manifest: Manifest, given: SparseEncoder | None) -> SparseEncoder | None:
    """The encoder to use, checked against the one the index was made with."""
    stored = manifest.space["encoder"]
    if given is not None:
        if space_of(given)["encoder"] != stored:
            raise UsageError(
                f"the index was made with another encoder: {_brief(stored)}, not {_brief(space_of(given)['encoder'])}"
            )
        return given
    if stored["type"] in ("vectors", "unsaved"):
        return None
    return SparseEncoder.from_dict(stored)


def _brief(settings: dict[str, Any]) -> str:
    return ", ".join(f"{k}={v}" for k, v in settings.items() if not isinstance(v, (dict, list)))
