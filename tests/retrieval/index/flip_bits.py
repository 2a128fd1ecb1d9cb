"""A program that flips bits of an index, one at a time, and uses the index all the same.

Tests run it as a process of its own: a wild read would end it. Under a sanitizer smaller errors end it too.
"""

import sys
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any

from shelves import QUERIES

from gossamer.errors import GossamerError, IndexDamaged
from gossamer.retrieval.index import Index, salvage, verify
from gossamer.retrieval.index.storage import LOCK
from gossamer.text.documents import Document

LISTED = 100  # documents read after each flip
OF_DOCUMENTS = ("ids.", "rows.doc", "order", "docs.", "store.")  # sections that salvage needs
Place = tuple[str, int, int, str]  # file, first and last offset, what lies there


def regions(path: Path) -> list[Place]:
    """Every stretch of every file: header, sections, padding, table and footer; the lines of the manifest."""
    places: list[Place] = []
    for segment in Index.open(path)._snapshot.manifest.segments:
        for entry in filter(None, (segment.segment, segment.tombstones)):
            places += _stretches(path / entry.file)
    manifest = path / "manifest.json"
    return [*places, (manifest.name, 0, manifest.stat().st_size - 1, "manifest")]


def _stretches(file: Path) -> Iterator[Place]:
    from gossamer.retrieval.index.container import Container, FileEntry
    from gossamer.retrieval.index.storage import Storage

    container = Container(Storage(file.parent), FileEntry(file.name, file.stat().st_size, 0), salvaging=True)
    ends = [("header", 0, 64), *((s.name, s.offset, s.offset + s.length) for s in container.sections.values())]
    at = 0
    for name, start, end in ends:
        if start > at:
            yield file.name, at, start - 1, "padding"
        if end > start:
            yield file.name, start, end - 1, name
        at = end
    size = file.stat().st_size
    yield file.name, at, size - 33, "table"  # with the padding before it
    yield file.name, size - 32, size - 1, "footer"


def flips(path: Path, rng: Random, times: int) -> Iterator[tuple[str, int, int, str]]:
    """File, offset, bit and region: half of them even over all bytes, half even over all regions."""
    places = regions(path)
    weights = [last - first + 1 for _, first, last, _ in places]
    for i in range(times):
        name, first, last, region = rng.choices(places, weights)[0] if i % 2 else rng.choice(places)
        yield name, rng.randint(first, last), rng.randrange(8), region


def attempt(call: Callable[[], Any]) -> Any:
    """The answer, or None after an error that a user may see."""
    try:
        return call()
    except GossamerError:
        return None


def use(path: Path, kind: str) -> None:
    """Search and read in every way; anything but an answer or a clear error ends the program."""
    index = attempt(lambda: Index.open(path))
    if index is None:
        return
    for query in QUERIES[kind]:
        for exhaustive in (False, True):
            attempt(lambda q=query, e=exhaustive: index.rank([q], 30, exhaustive=e))
        hits = attempt(lambda q=query: index.search(q, 30, explain=True)) or []
        for hit in hits:
            assert hit.to_dict()
            attempt(lambda h=hit: h.document)
    documents = attempt(lambda: list(islice(index.documents(), LISTED))) or []
    for identifier in [d.id for d in documents] + ["0", "long", "missing"]:
        attempt(lambda i=identifier: index.get(i))
    attempt(index.stats)


def check_merge(path: Path) -> None:
    """A merge reads every byte that it copies: it refuses, and changes nothing."""
    before = {file.name: file.read_bytes() for file in path.iterdir() if file.name != LOCK}
    try:
        Index.open(path, threads=1).merge()
    except IndexDamaged:
        assert {file.name: file.read_bytes() for file in path.iterdir() if file.name != LOCK} == before
        return
    raise AssertionError("the merge copied damaged bytes")


def check_salvage(path: Path, region: str, documents: dict[str, Document]) -> None:
    """Everything comes back that lies outside the damaged section; deleted documents may come back too."""
    saved = {d.id: d for d in salvage(path)}
    if not region.startswith((*OF_DOCUMENTS, "table")):
        assert {i: saved.get(i) for i in documents} == documents
    elif region != "table":
        assert sum(saved.get(i) == d for i, d in documents.items()) > 0


def flip_all(path: Path, kind: str, seed: int, times: int) -> None:
    """Flip, look, and flip back."""
    documents = {d.id: d for d in Index.open(path).documents()}
    for name, offset, bit, region in flips(path, Random(seed), times):
        whole = (path / name).read_bytes()
        damaged = bytearray(whole)
        damaged[offset] ^= 1 << bit
        (path / name).write_bytes(damaged)
        try:
            found = verify(path)
            assert not found.ok
            assert any(p.file == name and p.offset <= offset for p in found.problems), found.problems
            use(path, kind)
            check_merge(path)
            if len(documents) < 1000:
                check_salvage(path, region, documents)
        except BaseException:
            print(f"{kind}: bit {bit} of byte {offset} of {name} ({region})", file=sys.stderr)
            raise
        (path / name).write_bytes(whole)
    assert verify(path).ok


if __name__ == "__main__":
    flip_all(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
