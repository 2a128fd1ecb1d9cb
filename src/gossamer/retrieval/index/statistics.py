"""What there is to say about a commit in figures."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from gossamer.retrieval.index.schema import described

if TYPE_CHECKING:
    from gossamer.retrieval.index.snapshot import Snapshot


def stats_of(snapshot: Snapshot) -> dict[str, Any]:
    """What ``Index.stats`` says."""
    manifest, segments = snapshot.manifest, snapshot.segments
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
        "encoder": {k: v for k, v in manifest.space["encoder"].items() if k not in ("analyzer", "fields")},
        "fields": described(manifest.space["encoder"], manifest.types),
        "analyzer": manifest.space["encoder"].get("analyzer"),
        "calibration": None if manifest.calibration is None else snapshot.tuning.to_dict(),
    }
