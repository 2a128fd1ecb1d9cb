"""Files of other versions: newer ones are refused by name, what is optional is ignored, the oldest format is read."""

import json
import struct
import zlib
from dataclasses import replace
from pathlib import Path

import pytest

from gossamer.errors import IndexTooNew
from gossamer.retrieval.index import Index, manifest, verify
from gossamer.retrieval.index.container import FORMAT, ContainerWriter, FileEntry
from gossamer.retrieval.index.storage import Storage


@pytest.fixture
def index(tmp_path) -> Index:
    index = Index.create(tmp_path / "index", passages=None)
    index.add(["A wing makes lift.", "A keel stops drift."])
    index.commit()
    index.delete(["1"])
    index.commit()
    return index


def put_manifest(path: Path, **changes) -> None:
    """Change values of the manifest, None taking one out, and its checksum with them."""
    line = (path / "manifest.json").read_bytes().partition(b"\n")[0]
    values = {**json.loads(line), **changes}
    line = json.dumps({key: value for key, value in values.items() if value is not None}).encode()
    (path / "manifest.json").write_bytes(line + b"\n%08x\n" % zlib.crc32(line))


def test_format_1_knew_no_declared_fields(index):
    put_manifest(index.path, format=1, types=None)
    assert [hit.id for hit in Index.open(index.path).search("lift")] == ["0"]
    with Index.open(index.path) as opened:
        opened.add([{"id": "2", "text": "More lift."}])
    assert Index.open(index.path).stats()["format"] == FORMAT
    assert verify(index.path).ok


def refuses(path: Path, match: str) -> None:
    for use in (Index.open, verify):
        with pytest.raises(IndexTooNew, match=match):
            use(path)


def test_a_newer_manifest_is_refused(index):
    put_manifest(index.path, format=FORMAT + 1)
    refuses(index.path, f"manifest.json: format {FORMAT + 1}; this gossamer reads up to {FORMAT}. Upgrade")


def test_a_newer_segment_is_refused(index):
    segment = index.path / index._snapshot.manifest.segments[0].segment.file
    content = bytearray(segment.read_bytes())
    struct.pack_into("<I", content, 8, FORMAT + 1)
    struct.pack_into("<I", content, 60, zlib.crc32(content[:60]))
    segment.write_bytes(content)
    refuses(index.path, f"{segment.name}: format {FORMAT + 1}")


def rewrite(index: Index, role: str, extra: str, required: bool) -> None:
    """Write the index's segment, or its tombstones, again with one more section."""
    entry = index._snapshot.manifest.segments[0]
    storage = Storage(index.path)
    old = getattr(entry, role)
    from gossamer.retrieval.index.container import Container

    container = Container(storage, old)
    writer = ContainerWriter(storage, "rewritten.gsm")
    for section in container.sections.values():
        writer.section(section.name, section.kind, section.required, [container.section(section.name)])
    writer.section(extra, "u8", required, [b"from the future"])
    new: FileEntry = writer.finish(container.facts)
    manifest.write(storage, replace(index._snapshot.manifest, segments=(replace(entry, **{role: new}),), generation=9))


@pytest.mark.parametrize("role", ["segment", "tombstones"])
def test_an_unknown_optional_section_is_ignored(index, role):
    before = index.rank(["wing keel"]), list(index.documents())
    rewrite(index, role, "summaries", required=False)
    opened = Index.open(index.path)
    assert opened.verify().ok
    assert (opened.rank(["wing keel"]), list(opened.documents())) == before
    opened.add(["A sail."])
    opened.merge()
    assert opened.verify().ok


@pytest.mark.parametrize("role", ["segment", "tombstones"])
def test_an_unknown_required_section_is_refused(index, role):
    rewrite(index, role, "summaries", required=True)
    refuses(index.path, "rewritten.gsm: this gossamer does not know section summaries. Upgrade")


def test_a_newer_version_of_a_required_section_is_refused(index, monkeypatch):
    monkeypatch.setattr("gossamer.retrieval.index.container._KNOWN_SECTION_VERSION", 2)
    index.add(["A sail."])
    index.commit()
    monkeypatch.undo()
    refuses(index.path, "version 2; this gossamer reads 1. Upgrade")


def test_every_section_is_known_and_says_how_to_read_it(index):
    container = index._snapshot.segments[0].container
    kinds = {section.kind for section in container.sections.values()}
    assert kinds <= {"u8", "u16", "u32", "u64", "f32"}
    assert [s.name for s in container.sections.values() if not s.required] == [
        "bm25.bounds",
        "bm25.words.starts",
        "bm25.words.bytes",
    ]
