"""Runs the benchmarks one after the other, each in a process of its own: `python -m benchmarks [NAME ...]`."""

from __future__ import annotations

import subprocess
import sys

NAMES = (
    "bm25_equivalence", "bm25_quality", "bm25_speed", "filters", "indexing_speed", "indexing_memory",
    "keeping_up", "typos", "fields", "reading", "block_index", "block_updates",
    "block_order", "block_peers", "seismic_claims", "spaces", "encoding", "default_model",
)  # fmt: skip
LONG = ("lsr_ladder", "inference_free")  # hours of training, kept training by training: only when named


def main() -> None:
    wanted = sys.argv[1:] or NAMES
    unknown = [name for name in wanted if name not in (*NAMES, *LONG)]
    if unknown:
        sys.exit(f"no benchmark {', '.join(unknown)}; there are {', '.join((*NAMES, *LONG))}")
    failed = [name for name in wanted if subprocess.run([sys.executable, "-m", f"benchmarks.{name}"]).returncode]
    if failed:
        sys.exit(f"failed: {', '.join(failed)}")


if __name__ == "__main__":
    main()
