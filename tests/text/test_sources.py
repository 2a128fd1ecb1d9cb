"""Files, folders, globs and python: as one stream; what is left out is named with one reason."""

from __future__ import annotations

import gzip
import json
import logging
import os
import tempfile
import tracemalloc
from pathlib import Path

import pytest
from tiny_pdf import tiny_pdf

from gossamer.errors import Unreadable, UsageError
from gossamer.text.readers import packed
from gossamer.text.sources import Skipped, read, total_bytes


@pytest.fixture
def here(tmp_path, monkeypatch):
    """An empty current directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(files):
    """Write files, given as path -> content."""
    for path, content in files.items():
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_bytes(content if isinstance(content, bytes) else content.encode())


def read_all(*paths, **options):
    """The documents, and what was left out."""
    skipped = []
    return list(read(paths, on_skip=skipped.append, **options)), skipped


def ids(*paths, **options):
    documents, skipped = read_all(*paths, **options)
    assert skipped == []
    return [document.id for document in documents]


TREE = {
    "docs/b.md": "# B\n\ntext",
    "docs/a.txt": "a",
    "docs/sub/c.txt": "c",
    "docs/sub/deep/d.jsonl": '{"text": "one"}\n{"id": "own", "text": "two"}\n',
    "docs/.hidden.txt": "no",
    "docs/.git/config.txt": "no",
    "docs/__pycache__/x.txt": "no",
    "docs/node_modules/x.txt": "no",
    "docs/venv/pyvenv.cfg": "no",
    "docs/venv/lib/x.txt": "no",
    "docs/made.index/manifest.json": "no",
    "docs/made.index/lock": "no",
    "other/a.txt": "other",
}


def test_ids_of_one_folder_are_relative_to_it(here):
    write(TREE)
    expected = ["a.txt", "b.md", "sub/c.txt", "sub/deep/d.jsonl#1", "own"]
    for path in ("docs", "./docs/", here / "docs"):
        assert ids(path) == expected


def test_ids_of_several_paths_are_the_paths(here):
    write(TREE)
    assert ids("./docs/sub", "other/a.txt") == ["docs/sub/c.txt", "docs/sub/deep/d.jsonl#1", "own", "other/a.txt"]


def test_the_id_of_one_file_is_its_name(here):
    write(TREE)
    assert ids("docs/sub/c.txt") == ["c.txt"]
    assert [document.id for document in read("docs/sub/c.txt")] == ["c.txt"]
    assert ids("docs/.hidden.txt") == [".hidden.txt"]  # named by the user, so wanted


def test_globs_are_relative_to_their_fixed_part_and_name_a_file_once(here):
    write(TREE)
    assert ids("docs/*.md") == ["b.md"]
    assert ids("docs/*/c.txt") == ["sub/c.txt"]
    assert ids("docs/node_modules/*") == ["x.txt"]
    assert sorted(ids("docs/**")) == ["a.txt", "b.md", "own", "sub/c.txt", "sub/deep/d.jsonl#1"]
    assert ids("docs/*.md", "other", "docs/b.md") == ["docs/b.md", "other/a.txt"]


def test_a_file_whose_name_is_a_glob_is_itself(here):
    write({"a[1].txt": "bracket", "a1.txt": "plain"})
    assert [document.text for document in read("a[1].txt")] == ["bracket"]


@pytest.mark.parametrize("path", ["missing", "missing/*.txt", "python:no_such_module_or_package", "python:../up", ""])
def test_a_path_that_leads_nowhere_is_an_error_before_anything_is_read(here, path):
    with pytest.raises(UsageError):
        read([path])
    with pytest.raises(UsageError):
        total_bytes([path])


def test_no_path_at_all_is_an_error():
    with pytest.raises(UsageError, match="no PATH"):
        read([])


def test_documents_of_whole_files_know_their_file(here):
    write(
        {
            "docs/wing-notes.txt": "text",
            "docs/named.md": "# Of flight",
            "docs/r.jsonl": '{"text": "a"}',
            "docs/x.conf": "c",
        }
    )
    os.utime("docs/wing-notes.txt", (0, 86_400.75))
    documents = {document.id: document for document in read("docs")}
    assert documents["wing-notes.txt"].fields == {
        "path": "docs/wing-notes.txt",
        "size": 4,
        "modified": "1970-01-02T00:00:00Z",
    }
    assert documents["wing-notes.txt"].title == "wing-notes"
    assert documents["named.md"].title == "Of flight"
    assert documents["x.conf"].title == "x.conf"
    assert documents["r.jsonl#1"].fields == {}


def test_two_runs_over_an_unchanged_folder_are_equal(here):
    write(TREE)
    assert list(read("docs")) == list(read("docs"))


def test_packed_files_are_read_as_if_they_were_not(here):
    contents = {
        "a.txt": b"text",
        "b.md": b"# Wings",
        "c.html": b"<html><title>t</title><p>Lift",
        "d.pdf": tiny_pdf([["Drag"]], title="Of drag"),
        "e.jsonl": b'{"text": "one"}\n{"text": "two"}\n',
        "f.tsv": b"id\ttext\nx\tfirst, second\n",
    }
    write({f"plain/{name}": content for name, content in contents.items()})
    write({f"packed/{name}.gz": gzip.compress(content) for name, content in contents.items()})
    plain, packed = list(read("plain")), list(read("packed"))
    assert len(plain) == 7
    assert [(d.text, d.title, d.spans) for d in packed] == [(d.text, d.title, d.spans) for d in plain]
    assert [d.id for d in packed] == [
        "a.txt.gz", "b.md.gz", "c.html.gz", "d.pdf.gz", "e.jsonl.gz#1", "e.jsonl.gz#2", "x",
    ]  # fmt: skip


def test_every_bad_file_is_skipped_with_its_reason(here):
    whole = gzip.compress(b"text " * 1000)
    write(
        {
            "in/bad.txt": b"wing \x81",
            "in/cut.txt.gz": whole[:-20],
            "in/empty.md": b"",
            "in/good.txt": b"good",
            "in/locked.pdf": b"%PDF-1.4 nothing",
            "in/picture.png": b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
            "in/records.jsonl": b'{"text": "a"}\nbroken\n',
            "in/scan.pdf": tiny_pdf([[]]),
            "in/tar.gz": gzip.compress(b"name\0\0\0\0"),
        }
    )
    os.symlink("nowhere", "in/dangling")
    os.symlink("loop", "in/loop")
    os.mkfifo("in/pipe")
    documents, skipped = read_all("in")
    assert [document.id for document in documents] == ["good.txt", "records.jsonl#1"]
    assert {problem.path.removeprefix("in/"): problem.reason for problem in skipped} == {
        "bad.txt": "invalid UTF-8 at byte 5 (0x81), and no other encoding fits",
        "cut.txt.gz": "damaged gzip data after 0 bytes of content (the end is missing)",
        "dangling": "no such file or directory",
        "empty.md": "empty file",
        "locked.pdf": "not a readable PDF",
        "loop": "too many levels of symbolic links",
        "picture.png": "binary file of no format that is read here",
        "pipe": "not a regular file",
        "records.jsonl:2": "not JSON: Expecting value at column 1",
        "scan.pdf": "no text in it",
        "tar.gz": "binary file of no format that is read here",
    }


def test_a_file_without_permission_is_skipped():
    # The folder must be open to a user without rights, which that of pytest is not.
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        write({f"{folder}/secret.txt": "s", f"{folder}/open.txt": "o", f"{folder}/closed/inside.txt": "i"})
        os.chmod(f"{folder}/secret.txt", 0)
        os.chmod(f"{folder}/closed", 0)
        was_root = os.geteuid() == 0
        if was_root:
            os.seteuid(65534)
        try:
            documents, skipped = read_all(folder)
        finally:
            if was_root:
                os.seteuid(0)
            os.chmod(f"{folder}/closed", 0o755)
    assert [document.id for document in documents] == ["open.txt"]
    assert skipped == [
        Skipped(f"{folder}/closed", "permission denied"),
        Skipped(f"{folder}/secret.txt", "permission denied"),
    ]


@pytest.mark.parametrize(
    ("files", "where", "reason"),
    [
        (
            {"in/a.txt": b"\x81", "in/b.txt": b"a"},
            "in/a.txt",
            "invalid UTF-8 at byte 0 (0x81), and no other encoding fits",
        ),
        ({"in/a.jsonl": b'{"text": "a"}\nbad\n'}, "in/a.jsonl:2", "not JSON: Expecting value at column 1"),
        ({"in/a.png": b"\0"}, "in/a.png", "binary file of no format that is read here"),
        ({"in/a.gz": gzip.compress(b"\0")}, "in/a.gz", "binary file of no format that is read here"),
        ({"in/a.pdf": tiny_pdf([[]])}, "in/a.pdf", "no text in it"),
    ],
)
def test_strict_raises_the_first_problem(here, files, where, reason):
    write(files)
    with pytest.raises(Unreadable) as caught:
        list(read("in", strict=True))
    assert (caught.value.path, caught.value.reason) == (where, reason)


def test_without_a_callback_a_warning_is_logged(here, caplog):
    write({"a.txt": b"\x81"})
    with caplog.at_level(logging.WARNING):
        assert list(read("a.txt")) == []
    assert caplog.messages == ["skipped a.txt: invalid UTF-8 at byte 0 (0x81), and no other encoding fits"]


def test_links_are_followed_and_loops_end(here):
    write({"docs/a/one.txt": "1", "elsewhere/two.txt": "2", "three.txt": "3"})
    os.symlink("..", "docs/a/up")
    os.symlink("../elsewhere", "docs/b")
    os.symlink("../elsewhere", "docs/c")
    os.symlink("../three.txt", "docs/d.txt")
    assert ids("docs") == ["a/one.txt", "b/two.txt", "d.txt"]


def test_excluded_files_and_folders_are_not_read(here):
    write({"docs/a.txt": "a", "docs/index/manifest.json": "{}", "docs/b.txt": "b"})
    os.symlink("index", "docs/link")
    assert ids("docs", exclude=["docs/index", "docs/b.txt", "missing"]) == ["a.txt"]
    assert total_bytes("docs", exclude=["docs/index", "docs/b.txt"]) == 1


def test_names_that_are_not_utf8_or_hold_line_ends_are_escaped(here):
    os.mkdir("in")
    for name in (b"in/caf\xe9.txt", b"in/two\nlines.txt"):
        with open(name, "wb") as file:
            file.write(b"text" if b"caf" in name else b"\x81")
    documents, skipped = read_all("in")
    assert [document.id for document in documents] == ["caf\\xe9.txt"]
    json.dumps(documents[0].to_dict(), ensure_ascii=False).encode()
    assert skipped == [Skipped("in/two\\nlines.txt", "invalid UTF-8 at byte 0 (0x81), and no other encoding fits")]


def test_the_bytes_reported_add_up_to_the_total(here):
    write(TREE)
    write(
        {
            "docs/bad.txt": b"\x81" * 100,
            "docs/e.pdf": tiny_pdf([["x"]]),
            "docs/f.jsonl.gz": gzip.compress(b'{"text": "a"}\n' * 10_000),
        }
    )
    counts = []
    read_all("docs", "other", on_bytes=counts.append)
    assert all(count > 0 for count in counts)
    assert sum(counts) == total_bytes(["docs", "other"])
    assert total_bytes(["docs", "python:bisect"]) is None


def test_a_large_file_of_records_is_read_in_little_memory(here):
    line = json.dumps({"text": "wing " * 2000}).encode() + b"\n"
    with open("large.jsonl", "wb") as file:
        for _ in range(3000):
            file.write(line)
    assert os.path.getsize("large.jsonl") > 30_000_000
    tracemalloc.start()
    try:
        assert sum(1 for _ in read("large.jsonl")) == 3000
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()


def test_a_huge_single_line_is_refused(here):
    with open("line.txt", "wb") as file:
        file.write(b"word " * (4 << 20))
    with open("huge.txt", "wb") as file:
        file.truncate(200 << 20)
        file.seek(0)
        file.write(b"word " * 2000)
    documents, skipped = read_all("line.txt", "huge.txt")
    assert documents == []
    assert skipped[0] == Skipped("line.txt", "line 1 is longer than 16 Mi characters")
    assert skipped[1] == Skipped("huge.txt", "larger than 64 MiB, the limit of one document: split it")


def test_a_decompression_bomb_is_refused(here, monkeypatch):
    monkeypatch.setattr(packed, "FREE_BYTES", 1 << 20)
    write(
        {
            "bomb.jsonl.gz": gzip.compress(b'{"text": "a"}\n' + (b" " * 999 + b"\n") * 10_000),
            "fine.txt.gz": gzip.compress(b"a" * (1 << 20)),
        }
    )
    documents, skipped = read_all("bomb.jsonl.gz", "fine.txt.gz")
    assert [document.id for document in documents] == ["bomb.jsonl.gz#1", "fine.txt.gz"]
    assert skipped == [Skipped("bomb.jsonl.gz", "gzip data that unpack to more than 200 times their size")]


def test_python_is_a_source_like_any_folder(here):
    write({"a.txt": "a"})
    found = ids("a.txt", "python:bisect")
    assert found[0] == "a.txt"
    assert "bisect.insort_right" in found
