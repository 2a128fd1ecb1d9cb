"""Whatever lies in a folder, `gossamer index` ends soon, names each hostile file and why, and indexes the rest."""

from __future__ import annotations

import gzip
import io
import json
import os
import struct
import subprocess
import sys
import tarfile
import zipfile
from functools import partial

import pytest

import gossamer
from gossamer.text.readers import archive

LAUGHS = b'<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]><l>&b;</l>'
ENCRYPTED_PDF = b"""%%PDF-1.4
1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj 2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj
3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>endobj
4 0 obj<</Filter/Standard/V 1/R 2/P -4/O<%s>/U<%s>>>endobj
trailer<</Root 1 0 R/Encrypt 4 0 R/ID[<00><00>]>>
""" % (b"41" * 32, b"42" * 32)


def zipped(members, compression=zipfile.ZIP_DEFLATED):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as packed:
        for name, data in members.items():
            packed.writestr(name, data)
    return file.getvalue()


def tarred(members):
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as packed:
        for member, data in members:
            member.size = len(data)
            packed.addfile(member, io.BytesIO(data))
    return file.getvalue()


def encrypted(data):
    """A zip file whose members say that they are encrypted."""
    data = bytearray(data)
    for signature, flags in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        at = -1
        while (at := data.find(signature, at + 1)) >= 0:
            data[at + flags] |= 1
    return bytes(data)


def link(name, target):
    member = tarfile.TarInfo(name)
    member.type, member.linkname = tarfile.SYMTYPE, target
    return member


def nested(depth):
    data = zipped({"inner.txt": "the innermost wing"})
    for level in range(depth - 1):
        data = zipped({f"{level}.zip": data})
    return data


def claiming(data, size):
    """A zip file of one member whose table says that it unpacks to ``size`` bytes."""
    data = bytearray(data)
    at = data.index(b"PK\1\2")
    data[at + 24 : at + 28] = struct.pack("<I", size)
    return bytes(data)


def bomb(layers):
    """As 42.zip: zip files in zip files, each level the same one many times, the innermost full of zeros."""
    data = zipped({"0.txt": bytes(32 << 20)})
    for _ in range(layers):
        data = zipped({f"{number}.zip": data for number in range(8)})
    return data


def gzip_quine_like():
    """Packed data that hold packed data: only the outer layer is unpacked, as no reader goes on unpacking."""
    data = b"text"
    for _ in range(40):
        data = gzip.compress(data)
    return data


HOSTILE = {
    "deep.zip": nested(3),
    "flat.zip": zipped({"a.txt": bytes(40 << 20), "b.txt": "a small wing"}),
    "42.zip": bomb(1),
    "lies.zip": claiming(zipped({"a.txt": "x" * 1000}), 3 << 30),
    "up.zip": zipped({"../up.txt": "wing", "/etc/abs.txt": "wing", "C:\\w.txt": "wing", "fine.txt": "a fine wing"}),
    "up.tar": tarred([(tarfile.TarInfo("../../up.txt"), b"wing"), (tarfile.TarInfo("/abs.txt"), b"wing")]),
    "links.tar": tarred(
        [(link("a", "a"), b""), (link("b", "/etc/passwd"), b""), (tarfile.TarInfo("c.txt"), b"a wing")]
    ),
    "locked.zip": encrypted(zipped({"secret.txt": "wing"})),
    "locked.docx": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600),
    "locked.odt": zipped(
        {
            "mimetype": "application/vnd.oasis.opendocument.text",
            "META-INF/manifest.xml": "<manifest><file-entry><encryption-data/></file-entry></manifest>",
            "content.xml": "",
        }
    ),
    "locked.pdf": ENCRYPTED_PDF,
    "laughs.xml": LAUGHS,
    "laughs.docx": zipped({"[Content_Types].xml": "", "word/document.xml": LAUGHS}),
    "deep.xml": b"<a>" * 100_000,
    "deep.html": b"<div>" * 3000,
    "deep.json.jsonl": b'{"text": "a wing"}\n' + b"[" * 100_000 + b"\n",
    "nul.txt": b"a wing\0\1\2\3\4\5\6\7" * 50,
    "halves.jsonl": b'{"text": "wing \\ud800"}\n{"text": "whole wing"}\n',
    "packed.txt.gz": gzip_quine_like(),
    "zeros.txt.gz": gzip.compress(bytes(30 << 20)),
    "cut.txt.gz": gzip.compress(os.urandom(4000).hex().encode())[:-900],
    "bad.pdf": b"%PDF-1.4 no more",
    "empty.txt": b"",
}
REASONS = {
    "deep.zip!1.zip!0.zip": "an archive inside 2 others: --archive-depth 3 opens it",
    "flat.zip!a.txt": "unpacks to more than 200 times its size",
    **{f"42.zip!{number}.zip!0.txt": "unpacks to more than 200 times its size" for number in range(8)},
    "lies.zip!a.txt": "unpacks, with what came before it, to more than 1024 MiB",
    "up.zip!../up.txt": "a path that leads out of the archive",
    "up.zip!/etc/abs.txt": "a path that leads out of the archive",
    "up.zip!C:\\w.txt": "a path that leads out of the archive",
    "up.tar!../../up.txt": "a path that leads out of the archive",
    "up.tar!/abs.txt": "a path that leads out of the archive",
    "links.tar!a": "a link, which is not followed",
    "links.tar!b": "a link, which is not followed",
    "locked.zip!secret.txt": "encrypted, which needs a password",
    "locked.docx": "encrypted, or of the old binary Office format: save it anew without a password",
    "locked.odt": "encrypted document, which needs a password",
    "locked.pdf": "encrypted PDF, which needs a password",
    "laughs.xml": "declares XML entities, which are not expanded here",
    "laughs.docx": "declares XML entities, which are not expanded here",
    "deep.html": "no text in the page",
    "deep.xml": "XML nested deeper than 200 levels",
    "deep.json.jsonl:2": "nested deeper than 100 levels",
    "nul.txt": "binary file",
    "halves.jsonl:1": "half of a surrogate pair, which is no character",
    "packed.txt.gz": "binary file of no format that is read here",
    "zeros.txt.gz": "binary file of no format that is read here",
    "cut.txt.gz": "damaged gzip data",
    "bad.pdf": "not a readable PDF",
    "empty.txt": "empty file",
}
INDEXED = {
    "flat.zip!b.txt", "up.zip!fine.txt", "links.tar!c.txt", "deep.json.jsonl#1", "halves.jsonl#2", "good/wing.txt",
    "mixed.txt", "bidi.txt",
}  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("hostile")
    for name, data in HOSTILE.items():
        (folder / name).write_bytes(data)
    (folder / "mixed.txt").write_bytes("größer\n".encode() + "größer\n".encode("latin-1") + b"a mixed wing\n")
    (folder / "bidi.txt").write_text("wing \u202etxt.exe\u202c \u2066isolated\u2069 \x1b[2J\x1b]0;title\x07 wing")
    (folder / "good").mkdir()
    (folder / "good" / "wing.txt").write_text("an ordinary wing")
    (folder / "good" / "loop").symlink_to(folder)
    (folder / "self").symlink_to(folder / "self")
    os.mkfifo(folder / "pipe")
    return folder


def test_every_hostile_file_is_named_with_its_reason_and_the_rest_is_indexed(run, folder, tmp_path):
    result = run("index", folder, "-o", "i", "--json")
    assert result.exit_code == 0, result.stderr
    skipped = {one["path"].removeprefix(f"{folder}/"): one["reason"] for one in json.loads(result.stdout)["skipped"]}
    expected = {**REASONS, "pipe": "not a regular file", "self": "too many levels of symbolic links"}
    assert skipped.keys() == expected.keys()
    assert [path for path, reason in expected.items() if not skipped[path].startswith(reason)] == []
    with gossamer.Index.open(tmp_path / "i") as index:
        assert {hit.id for hit in index.search("wing größer", k=100)} == INDEXED


def test_strict_stops_at_a_hostile_file_and_keeps_nothing(run, folder, tmp_path):
    result = run("index", folder, "-o", "i", "--strict")
    assert result.exit_code == 1
    assert "Traceback" not in result.stderr
    assert not (tmp_path / "i").exists()


def test_a_bomb_of_many_levels_ends_at_the_depth_that_is_asked_for(run, tmp_path):
    (tmp_path / "42.zip").write_bytes(bomb(3))
    result = run("index", "42.zip", "-o", "i", "--archive-depth", "2", "--json")
    assert result.exit_code == 1
    assert "an archive inside 2 others" in result.stdout + result.stderr


def test_a_bomb_within_every_ratio_ends_at_the_total(run, tmp_path, monkeypatch):
    # Members that pack only a hundred times each; the limit is read in the subprocess, so that the file is read here.
    monkeypatch.setattr(archive, "TOTAL_BYTES", 4 << 20)
    monkeypatch.setattr(archive.ArchiveReader, "risky", False)
    monkeypatch.setattr(archive.ArchiveReader, "light", True)
    member = b"".join(b"wing %d " % (number % 500) for number in range(200_000))
    (tmp_path / "a.zip").write_bytes(zipped({f"{number}.txt": member for number in range(20)}))
    result = run("index", "a.zip", "-o", "i", "--json")
    answer = json.loads(result.stdout)
    assert result.exit_code == 0
    assert answer["documents"] == 2
    assert any("to more than 4 MiB" in one["reason"] for one in answer["skipped"])


def test_no_control_of_a_hostile_text_or_name_reaches_the_terminal(run, folder, tmp_path):
    (tmp_path / "\x1b[31m\u202ered.txt").write_bytes(b"\0\1\2\3")
    result = run("index", folder / "bidi.txt", tmp_path / "\x1b[31m\u202ered.txt", "-o", "i")
    shown = run("search", "i", "wing")
    assert shown.exit_code == 0
    for text in (result.output, result.stderr, shown.output):
        assert not {"\x1b", "\x07", "\u202e", "\u2066"} & set(text)


@pytest.mark.parametrize(
    "query",
    ["wing " * 200_000, '"' + "wing " * 50_000 + '"', "w*", "*", "(" * 5000 + "wing", "wing\0\ud800", "\u202ewing"],
    ids=["many terms", "long phrase", "short prefix", "star", "parentheses", "surrogate", "bidi"],
)
def test_a_pathological_query_gives_an_answer_or_a_reason(run, folder, query):
    run("index", folder / "good", "-o", "i")
    result = run("search", "i", "-", input=query.encode("utf-8", "surrogatepass"))
    assert result.exit_code in (0, 2), result.output
    assert "Traceback" not in result.output


GIGABYTES = 2 << 30
MEASURED = """
import resource, subprocess, sys
code = subprocess.run([sys.executable, "-c", "from gossamer.app.cli import main; main()", *sys.argv[1:]]).returncode
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, file=sys.stderr)
sys.exit(code)
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "before", "piece", "after", "where", "reason", "ids"),
    [
        ("a.txt", "", "wing ", "", "a.txt", "larger than 64 MiB", []),
        ("a.md", "", "# wing ", "", "a.md", "larger than 64 MiB", []),
        ("a.html", "<p>", "wing ", "", "a.html", "larger than 64 MiB", []),
        (
            "a.jsonl",
            '{"text": "1"}\n{"text": "',
            "wing ",
            '"}\n{"text": "3"}\n',
            "a.jsonl:2",
            "longer than 64 MiB",
            [1, 3],
        ),
        ("a.csv", "text,note\n1,a\n", "wing ", ",b\n3,c\n", "a.csv:3", "longer than 64 MiB", [2, 4]),
        ("a.jsonl.gz", '{"text": "', "wing ", '"}\n', "a.jsonl.gz:1", "longer than 64 MiB", []),
    ],
)
def test_a_line_of_two_gigabytes_costs_itself_alone(tmp_path, name, before, piece, after, where, reason, ids):
    opener = partial(gzip.open, compresslevel=1) if name.endswith(".gz") else open
    block = (piece * (1 << 20)).encode()
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "good.txt").write_text("a good wing")
    with opener(tmp_path / "d" / name, "wb") as file:
        file.write(before.encode())
        for _ in range(GIGABYTES // len(block)):
            file.write(block)
        file.write(after.encode())
    command = [sys.executable, "-c", MEASURED, "index", "d", "-o", "i", "--json", "--quiet"]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    (tmp_path / "d" / name).unlink()
    assert result.returncode == 0, result.stderr
    skipped = {one["path"]: one["reason"] for one in json.loads(result.stdout)["skipped"]}
    assert skipped[f"d/{where}"].startswith(reason)
    assert int(result.stderr.split()[-1]) < 500 << 10  # KiB
    with gossamer.Index.open(tmp_path / "i") as index:
        assert {index.get(f"{name}#{number}") is not None for number in ids} <= {True}
        assert len(index) == 1 + len(ids)
