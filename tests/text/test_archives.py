"""Archives: members are read as files are; bombs, links, escapes and damage cost themselves and not the rest."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import struct
import tarfile
import zipfile

import pytest
from hostile_readers import AbortingMembersReader, EndlessMembersReader, FaultyMembersReader, GreedyMembersReader
from reading import read, reason
from tiny_office import packed, paragraph, tiny_docx, tiny_epub
from tiny_pdf import tiny_pdf

from gossamer.errors import Unreadable
from gossamer.text import sources
from gossamer.text.readers import archive, registry, sandbox
from gossamer.text.readers.registry import choose
from gossamer.text.readers.sandbox import Sandbox


def tarred(members):
    """A tar file of name -> content, or of `tarfile.TarInfo` without content."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        for name, content in members.items():
            if isinstance(content, tarfile.TarInfo):
                archive.addfile(content)
            else:
                data = content if isinstance(content, bytes) else content.encode()
                info = tarfile.TarInfo(name)
                info.size, info.mtime = len(data), 86_400
                archive.addfile(info, io.BytesIO(data))
    return file.getvalue()


KINDS = {"zip": packed, "tar": tarred}
both = pytest.mark.parametrize("kind", KINDS)


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def read_files(*paths, **options):
    skipped = []
    documents = list(sources.read(paths, on_skip=skipped.append, **options))
    return documents, {problem.path: problem.reason for problem in skipped}


def read_until_given_up(kind, data):
    """The documents, the members left out, and why the rest was not read."""
    documents, skipped = [], []
    reader = next(reader for reader in registry.readers() if reader.name == kind)
    options = registry.Options(skip=lambda *problem: skipped.append(problem))
    with pytest.raises(Unreadable) as caught:
        documents.extend(reader.read(io.BytesIO(data), "file", options))
    return [document.id for document in documents], skipped, caught.value.reason


def write(name, data):
    with open(name, "wb") as file:
        file.write(data)


CONTENTS = {
    "a.txt": b"text",
    "docs/b.md": b"# Wings\n\nlift",
    "docs/c.html": b"<html><title>t</title><p>Lift",
    "d.pdf": tiny_pdf([["Drag"]], title="Of drag"),
    "e.docx": tiny_docx(paragraph("Wings", "berschrift1") + paragraph("Lift.")),
    "f.epub": tiny_epub({"a.xhtml": "<h1>Slots</h1>"}),
    "g.jsonl": b'{"text": "one"}\n{"text": "two"}\n',
    "h.tsv": b"id\ttext\nx\tfirst, second\n",
    "i.txt.gz": gzip.compress(b"packed"),
    "j.md.xz": lzma.compress(b"# Tail"),
}


@pytest.mark.parametrize(
    ("name", "make"),
    [
        ("a.zip", packed),
        ("a.tar", tarred),
        ("a.tar.gz", lambda members: gzip.compress(tarred(members))),
        ("a.tar.bz2", lambda members: bz2.compress(tarred(members))),
        ("a.txz", lambda members: lzma.compress(tarred(members))),
        ("no-ending", lambda members: gzip.compress(tarred(members))),
    ],
)
def test_members_are_read_as_the_files_they_are(here, name, make):
    os.mkdir("plain")
    os.mkdir("plain/docs")
    for path, content in CONTENTS.items():
        write(f"plain/{path}", content)
    write(name, make(CONTENTS))
    plain, _ = read_files("plain")
    documents, skipped = read_files(name)
    assert skipped == {}
    in_order = sorted(documents, key=lambda document: document.text)
    expected = sorted(plain, key=lambda document: document.text)
    assert [(d.text, d.title, tuple(d.spans)) for d in in_order] == [
        (d.text, d.title, tuple(d.spans)) for d in expected
    ]
    assert [d.id for d in documents if not d.fields] == [f"{name}!g.jsonl#1", f"{name}!g.jsonl#2", "x"]
    assert {d.id for d in documents} >= {f"{name}!a.txt", f"{name}!docs/b.md", f"{name}!i.txt.gz"}


def test_members_know_their_path_size_and_time(here):
    write("a.tar", tarred({"./docs/wing.txt": "lift", ".hidden": "no", "__MACOSX/x.txt": "no", "b/.git/c": "no"}))
    (document,), skipped = read_files("a.tar")
    assert skipped == {}
    assert (document.id, document.title) == ("a.tar!docs/wing.txt", "wing")
    assert document.fields == {"path": "a.tar!docs/wing.txt", "size": 4, "modified": "1970-01-02T00:00:00Z"}


@pytest.mark.parametrize("outer", KINDS)
@both
def test_archives_are_opened_as_deep_as_asked(here, kind, outer):
    data = KINDS[kind]({"text.txt": "deep"})
    for depth in range(3):
        data = KINDS[outer]({f"{depth}.{kind if depth == 0 else outer}": data, f"{depth}.txt": f"level {depth}"})
    write("a", data)
    whole = [
        f"a!2.{outer}!1.{outer}!0.{kind}!text.txt",
        f"a!2.{outer}!1.{outer}!0.txt",
        f"a!2.{outer}!1.txt",
        "a!2.txt",
    ]
    for depth in range(5):
        documents, skipped = read_files("a", archive_depth=depth)
        assert [document.id for document in documents] == whole[4 - depth :]
        if depth == 4:
            assert skipped == {}
        else:
            where = "a" + "".join([f"!2.{outer}", f"!1.{outer}", f"!0.{kind}"][:depth])
            within = ["", " inside another", " inside 2 others", " inside 3 others"][depth]
            assert skipped == {where: f"an archive{within}: --archive-depth {depth + 1} opens it"}


@both
def test_a_bad_member_costs_itself(kind):
    data = KINDS[kind](
        {"a.txt": b"\x81", "b.jsonl": b'{"text": "b"}\nbad\n', "c.png": b"\0\1", "d.txt": b"", "e.txt": "e"}
    )
    documents, skipped = read(kind, data)
    assert [document.id for document in documents] == ["file!b.jsonl#1", "file!e.txt"]
    assert [where for where, _ in skipped] == ["file!a.txt", "file!b.jsonl:2", "file!c.png", "file!d.txt"]
    assert [text for _, text in skipped][2:] == ["binary file of no format that is read here", "empty file"]


@both
@pytest.mark.parametrize(
    "name", ["/etc/passwd", "../up.txt", "a/../../up.txt", "..", "C:\\boot.ini", "..\\up.txt", "\\x"]
)
def test_paths_that_lead_out_are_refused(kind, name):
    documents, skipped = read(
        kind, KINDS[kind]({name: "no", "a/b/../c.txt": "no", "..a/b..txt": "hidden", "d.txt": "d"})
    )
    assert [document.id for document in documents] == ["file!d.txt"]
    assert skipped == [(f"file!{where}", "a path that leads out of the archive") for where in (name, "a/b/../c.txt")]


def test_links_devices_and_pipes_are_refused():
    def special(name, kind, target=""):
        info = tarfile.TarInfo(name)
        info.type, info.linkname = kind, target
        return info

    members = {
        "a": special("a", tarfile.SYMTYPE, "/etc/passwd"),
        "b": special("b", tarfile.LNKTYPE, "d.txt"),
        "c": special("c", tarfile.CHRTYPE),
        "e": special("e", tarfile.FIFOTYPE),
        "folder": special("folder", tarfile.DIRTYPE),
        "d.txt": "d",
    }
    documents, skipped = read("tar", tarred(members))
    assert [document.text for document in documents] == ["d"]
    link, device = "a link, which is not followed", "a device or pipe"
    assert skipped == [("file!a", link), ("file!b", link), ("file!c", device), ("file!e", device)]

    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as made:
        for name, mode in (("a", 0o120777), ("c", 0o020666), ("d.txt", 0o100644)):
            info = zipfile.ZipInfo(name)
            info.create_system, info.external_attr = 3, mode << 16
            made.writestr(info, "d")
    documents, skipped = read("zip", file.getvalue())
    assert [document.id for document in documents] == ["file!d.txt"]
    assert skipped == [("file!a", link), ("file!c", device)]


def patched(data, signature, offset, value):
    """A zip file with two bytes changed in every header that starts with the signature."""
    changed, position = bytearray(data), data.find(signature)
    while position >= 0:
        struct.pack_into("<H", changed, position + offset, value)
        position = data.find(signature, position + 1)
    return bytes(changed)


def test_encrypted_members_and_unknown_methods_are_named():
    data = packed({"a.txt": "secret", "b.txt": "secret"})
    locked = patched(data, b"PK\1\2", 8, 1)
    assert read("zip", locked) == ([], [(f"file!{n}.txt", "encrypted, which needs a password") for n in "ab"])
    documents, skipped = read("zip", patched(data, b"PK\1\2", 10, 9))
    assert (documents, skipped[0]) == ([], ("file!a.txt", "packed by method 9, which is not read here"))


def test_a_member_with_a_wrong_checksum_is_named_and_the_rest_read():
    data = bytearray(packed({"a.txt": "wing", "b.txt": "tail"}, stored=("a.txt",)))
    data[data.index(b"wing")] ^= 1
    documents, skipped = read("zip", bytes(data))
    assert [document.text for document in documents] == ["tail"]
    assert skipped == [("file!a.txt", "damaged in the archive (Bad CRC-32 for file 'a.txt')")]


def test_members_that_unpack_to_far_more_than_their_size_are_refused(monkeypatch):
    monkeypatch.setattr(archive, "FREE_BYTES", 1 << 12)
    documents, skipped = read("zip", packed({"a.txt": "wing\n" * 100_000, "b.txt": "wing\n" * 100}))
    assert [document.id for document in documents] == ["file!b.txt"]
    assert skipped == [("file!a.txt", "unpacks to more than 200 times its size")]


@both
def test_the_total_of_all_members_is_bounded(kind, monkeypatch):
    monkeypatch.setattr(archive, "TOTAL_BYTES", 1 << 20)
    text = b"lift and drag\n" * 30_000  # 420,000 bytes
    members = {
        "a.txt": text,
        "b.txt": text,
        "c.txt": text,
        "d.txt": "small",
        "e.zip": packed({"f.txt": text}),
        "g.txt": "g",
    }
    documents, skipped = read(kind, KINDS[kind](members))
    assert [document.id[5:] for document in documents] == ["a.txt", "b.txt", "d.txt", "g.txt"]
    more = "unpacks, with what came before it, to more than 1 MiB"
    assert skipped == [("file!c.txt", more), ("file!e.zip!f.txt", more)]


def test_what_a_packed_member_unpacks_to_counts_too(monkeypatch):
    monkeypatch.setattr(archive, "TOTAL_BYTES", 1 << 20)
    bomb = lzma.compress(b'{"text": "a"}\n' + b" \n" * 1_000_000)
    documents, skipped, rest = read_until_given_up("zip", packed({f"{n}.jsonl.xz": bomb for n in range(100)}))
    assert documents == ["file!0.jsonl.xz#1"]
    assert skipped == [("file!0.jsonl.xz", "unpacks, with what came before it, to more than 1 MiB")]
    assert rest == "unpacked to 1 MiB; the rest is left out"


def test_the_entries_are_bounded_over_all_archives(monkeypatch):
    monkeypatch.setattr(archive, "MAX_ENTRIES", 5)
    inner = packed({f"{n}.txt": "x" for n in range(9)})
    documents, skipped, rest = read_until_given_up("tar", tarred({"a.zip": inner, "b.zip": inner}))
    assert documents == [f"file!a.zip!{n}.txt" for n in range(4)]
    assert skipped == [("file!a.zip", "more than 5 entries; the rest is left out")]
    assert rest == "more than 5 entries; the rest is left out"


def test_an_archive_that_takes_too_long_for_its_size_is_given_up(monkeypatch):
    monkeypatch.setattr(archive, "FREE_SECONDS", 0)
    monkeypatch.setattr(archive, "MIN_SPEED", 1e12)
    documents, skipped, rest = read_until_given_up("tar", tarred({f"{n}.txt": "x" for n in range(100)}))
    assert len(documents) < 100
    assert skipped == []
    assert rest == "took 0 s so far; the rest is left out"


@pytest.mark.parametrize(
    ("packed_as", "flag", "name"),
    [("wörter.txt", 1 << 11, "wörter.txt"), ("wörter.txt", 0, "wörter.txt"), (b"w\x94rter.txt", 0, "wörter.txt")],
)
def test_names_are_in_utf8_or_code_page_437(packed_as, flag, name):
    encoded = packed_as if isinstance(packed_as, bytes) else packed_as.encode()
    data = packed({"x" * len(encoded): "text"}).replace(b"x" * len(encoded), encoded)
    flagged = patched(patched(data, b"PK\1\2", 8, flag), b"PK\3\4", 6, flag)
    documents, skipped = read("zip", flagged)
    assert ([document.id for document in documents], skipped) == ([f"file!{name}"], [])


def test_a_bomb_of_archives_in_archives_ends_soon(here):
    bomb = packed({f"{n}.txt": b"\0" * (32 << 20) for n in range(4)})
    for _ in range(5):  # 16 GiB in all
        bomb = packed({f"{n}.zip": bomb for n in range(4)})
    write("42.zip", bomb)
    write("good.txt", b"good")
    documents, skipped = read_files("42.zip", "good.txt")
    assert [document.id for document in documents] == ["good.txt"]
    assert len(skipped) == 16
    assert set(skipped.values()) == {"an archive inside 2 others: --archive-depth 3 opens it"}
    documents, skipped = read_files("42.zip", archive_depth=100)
    assert documents == []
    assert "unpacks to more than 200 times its size" in skipped.values()


@both
def test_damaged_and_empty_archives_say_why(kind):
    whole = KINDS[kind]({f"{n}.txt": f"text {n} " * 100 for n in range(9)})
    assert reason(kind, KINDS[kind]({})) == "an empty archive"
    assert reason(kind, b"nothing of the kind" * 100).startswith(
        f"damaged {'zip file' if kind == 'zip' else 'tar archive'}"
    )
    assert read(kind, KINDS[kind]({".hidden": "x"})) == ([], [])
    if kind == "zip":
        assert reason(kind, whole[:-40]).startswith("damaged zip file")
    else:
        documents, skipped, rest = read_until_given_up(kind, whole[:10_000])
        assert documents == [f"file!{n}.txt" for n in range(6)]
        assert skipped == [("file!6.txt", "damaged in the archive (unexpected end of data)")]
        assert rest == "damaged tar archive (unexpected end of data)"


def test_archives_and_what_is_zipped_but_no_archive_are_told_apart():
    docx = tiny_docx(paragraph("x"))
    stored = io.BytesIO()
    with zipfile.ZipFile(stored, "w", zipfile.ZIP_STORED) as made:
        made.writestr("a.docx", docx)
    assert choose(stored.getvalue(), "mail").name == "zip"
    assert choose(docx, "a.zip").name == "docx"
    assert choose(packed({"word/document.xml": "x"}), "a.docx").name == "docx"
    assert choose(tarred({"a.pdf": tiny_pdf([["x"]])}), "a").name == "tar"
    assert choose(packed({"a.pdf": tiny_pdf([["x"]])}), "a").name == "zip"
    assert choose(tarred({"a.txt": b"x" * 9000}), "a.txt").name == "tar"
    with pytest.raises(Unreadable, match="binary file of no format"):
        choose(packed({"[Content_Types].xml": "x", "xl/workbook.xml": "x"}), "table.xlsx")


HOSTILE = {
    EndlessMembersReader: "took longer than 1 s",
    GreedyMembersReader: "needed more than 256 MiB of memory",
    AbortingMembersReader: "the parser crashed (SIGABRT) or needed more than 256 MiB of memory",
    FaultyMembersReader: "the parser failed (ZeroDivisionError: of all things)",
}


@pytest.mark.parametrize("hostile", HOSTILE)
def test_a_member_that_breaks_the_parser_is_named_and_the_rest_read(here, hostile):
    inner = packed({"0.txt": "0", "1.bad": "1", "2.txt": "2"})
    write("a.zip", packed({"a.txt": "a", "b.bad": "b", "c.txt": "c", "d.zip": inner, "../e": "e", "f.txt": "f"}))
    skipped = []
    options = registry.Options(document_id="a", skip=lambda where, why: skipped.append((where, why)))
    with Sandbox(seconds=1, memory=256 * registry.MIB) as box:
        documents = [document.id for document in box.read(hostile(), "a.zip", options)]
    assert [one for one in documents if one != "first"] == [
        "a!a.txt",
        "a!c.txt",
        "a!d.zip!0.txt",
        "a!d.zip!2.txt",
        "a!f.txt",
    ]
    leads_out = ("a.zip!../e", "a path that leads out of the archive")
    assert skipped == [("a.zip!b.bad", HOSTILE[hostile]), ("a.zip!d.zip!1.bad", HOSTILE[hostile]), leads_out]


def test_an_archive_that_breaks_the_parser_again_and_again_is_given_up(here, monkeypatch):
    monkeypatch.setattr(sandbox, "_FAILURES", 3)
    write("a.zip", packed({f"{n}.bad": "x" for n in range(9)}))
    skipped = []
    options = registry.Options(skip=lambda where, why: skipped.append(where))
    with Sandbox() as box, pytest.raises(Unreadable, match="3 of its members broke the parser; the rest is left out"):
        list(box.read(AbortingMembersReader(), "a.zip", options))
    assert skipped == ["a.zip!0.bad", "a.zip!1.bad", "a.zip!2.bad"]
