"""How the manifest describes an encoder, and which encoder an index is opened with."""

from __future__ import annotations

from typing import Any

from gossamer.errors import UsageError
from gossamer.retrieval.encoders import BM25Encoder, SparseEncoder
from gossamer.retrieval.index.manifest import Manifest


def space_of(encoder: SparseEncoder | None) -> dict[str, Any]:
    """How the manifest describes an encoder."""
    if isinstance(encoder, BM25Encoder):
        return {"name": "bm25", "kind": "text", "encoder": encoder.to_dict()}
    try:
        settings = encoder.to_dict() if encoder is not None else {"type": "vectors"}
    except UsageError:  # one that cannot be saved is passed again to open()
        settings = {"type": "unsaved", "class": type(encoder).__name__}
    return {"name": "vectors", "kind": "vectors", "encoder": settings}


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
