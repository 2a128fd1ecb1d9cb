"""What there is to say about a commit in figures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from gossamer.retrieval.encoders.base import LEARNED
from gossamer.retrieval.index.schema import described

if TYPE_CHECKING:
    from gossamer.retrieval.index.snapshot import Snapshot

_BYTES = {"f32": 4, "f16": 2, "u8": 1}  # of a value


def stats_of(snapshot: Snapshot) -> dict[str, Any]:
    """What ``Index.stats`` says."""
    manifest, segments = snapshot.manifest, snapshot.segments
    encoder = manifest.spaces[0]["encoder"]
    facts = [s.container.facts for s in segments]
    files = [e for s in manifest.segments for e in (s.segment, s.tombstones) if e]
    files += [e for e in (manifest.ledger, manifest.calibration) if e]
    parts: Counter[str] = Counter()
    for segment in segments:
        parts.update({name: section.length for name, section in segment.container.sections.items()})
    return {
        "documents": snapshot.live_documents,
        "passages": snapshot.native.rows,
        "deleted_documents": sum(len(s.dead) for s in segments),
        "segments": len(segments),
        "terms": max((f["terms"] for f in facts), default=0),
        "postings": sum(f["postings"] for f in facts),
        "tokens": snapshot.native.tokens,
        "mean_length": snapshot.native.mean_length,
        "bytes": sum(e.bytes for e in files),
        "parts": dict(parts),
        "generation": manifest.generation,
        "format": manifest.format,
        "passage_words": manifest.passage_words,
        "encoder": {k: v for k, v in encoder.items() if k not in ("analyzer", "fields")},
        "fields": described(encoder, manifest.types),
        "analyzer": encoder.get("analyzer"),
        "spaces": [_space(snapshot, number, parts) for number in range(len(manifest.spaces))],
        "calibration": None if manifest.calibration is None else snapshot.tuning.to_dict(),
    }


def _space(snapshot: Snapshot, number: int, parts: Mapping[str, int]) -> dict[str, Any]:
    """What a space is and takes; of vectors how many entries they have, of a learned encoder which it is."""
    space = snapshot.manifest.spaces[number]
    name, encoder = space["name"], space["encoder"]
    told = {
        "name": name,
        "kind": space["kind"],
        "encoder": encoder["type"],
        "weight": space.get("weight", 1.0),
        "terms": max((s.native.terms(number) for s in snapshot.segments), default=0),
        "bytes": sum(length for part, length in parts.items() if part.startswith(f"{name}.")),
    }
    if space["kind"] == "vectors":
        entries = parts.get(f"{name}.forward.values", 0) // _BYTES[space["values"]]
        told |= {
            "values": space["values"],
            "entries": entries,
            "entries_per_passage": entries / max(1, snapshot.native.rows),
        }
    if encoder["type"] == LEARNED:
        told |= {"model": encoder["name"], "fingerprint": encoder["fingerprint"], "version": encoder.get("version")}
    return told
