"""Every instruction set gives the portable answer; GOSSAMER_CPU forces one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from gossamer import _native

RANK = """
import json, sys
import gossamer
from gossamer import _native
index = gossamer.Index.open(sys.argv[1])
queries = [" ".join(f"w{(q * 7 + i * i) % 50}" for i in range(1 + q % 7)) for q in range(60)]
ranked = index.rank(queries, k=25) + index.rank(queries, k=25, where="n < 7")
from gossamer.retrieval import BlockIndex, SparseVectors
rows = [{f"t{(i * j) % 97}": 1 + (i * 31 + j) % 19 / 7 for j in range(1, 2 + i % 37)} for i in range(3000)]
vectors = SparseVectors.from_dicts(rows)
for values in ("f32", "f16", "u8"):
    ids, scores = BlockIndex.build(vectors, values=values).search(vectors[36], k=300)
    ranked.append([ids.tolist(), scores.tolist()])
for traversal in ("term-at-a-time", "bmp", "superblock"):
    ids, scores = BlockIndex.build(vectors, traversal=traversal).search(vectors[36], k=300)
    ranked.append([ids.tolist(), scores.tolist()])
print(json.dumps([_native.cpu_level(), ranked]))
"""
LEVELS = [
    "portable",
    *(["avx2", "avx512"] if "avx2" in _native.cpu_features() else []),
    *(["neon"] if "neon" in _native.cpu_features() else []),
]


def run(level: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "GOSSAMER_CPU": level}
    return subprocess.run([sys.executable, "-c", RANK, *arguments], env=environment, capture_output=True, text=True)


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from gossamer import Index

    path = tmp_path_factory.mktemp("levels") / "ix"
    with Index.create(path, analyzer="standard", passages=None) as made:
        made.add(
            {"id": str(i), "text": " ".join(f"w{(i * j) % 50}" for j in range(1, 2 + i % 11)), "n": i % 31}
            for i in range(20_000)
        )
    return path


def test_every_level_ranks_alike(index: Path) -> None:
    answers = {}
    for level in LEVELS:
        done = run(level, str(index))
        if level == "avx512" and "avx512bw" not in _native.cpu_features():
            assert "this processor lacks it" in done.stderr
            continue
        used, answers[level] = json.loads(done.stdout)
        assert used == level
    assert len(answers["portable"][0]) == 25
    assert all(answer == answers["portable"] for answer in answers.values())


def test_an_unknown_level_is_refused(index: Path) -> None:
    done = run("mmx", str(index))
    assert done.returncode == 1
    assert "GOSSAMER_CPU=mmx: use avx512, avx2, neon or portable" in done.stderr
