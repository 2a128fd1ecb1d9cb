"""An index that is brought up to date equals one that is made anew, whatever happened to the folder in between."""

import json
import os
import shutil
import time
import zipfile
from pathlib import Path
from random import Random

import pytest

from gossamer.app.keeping_up import keep_up
from gossamer.retrieval.index import Index
from gossamer.text.sources import read

TEXTS = ["A wing lifts.", "A keel holds.", "A sail turns.", "A wing drops.", "# Drag\n\nDrag slows."]
NAMES = ["a.txt", "b.txt", "c.md", "d/a.txt", "d/e.md", "d/f/g.txt", "h.txt", "i.jsonl", "j.jsonl", "d/k.jsonl"]
LONG_AGO = 1_500_000_000


class Folder:
    """A folder to which random things happen.

    Args:
        path: Where it is made.
        rng: Decides.
        names: Of files that may appear in it.
    """

    def __init__(self, path: Path, rng: Random, names: list[str]) -> None:
        self.path, self.rng, self.names, self.clock = path, rng, names, LONG_AGO
        path.mkdir()
        self.write("anchor.txt")

    def files(self) -> list[str]:
        return sorted(str(file.relative_to(self.path)) for file in self.path.rglob("*") if file.is_file())

    def content(self, name: str) -> bytes:
        text = self.rng.choice(TEXTS)
        if name.endswith(".jsonl"):
            ids = self.rng.sample("pqrstu", self.rng.randint(1, 3))
            return "".join(json.dumps({"id": one, "text": self.rng.choice(TEXTS)}) + "\n" for one in ids).encode()
        return text.encode()

    def write(self, name: str) -> None:
        file = self.path / name
        if any(parent.is_file() for parent in file.parents) or file.is_dir():
            return
        file.parent.mkdir(parents=True, exist_ok=True)
        if name.endswith(".zip"):
            with zipfile.ZipFile(file, "w") as archive:
                for member in self.rng.sample(["m.txt", "n.md", "o.txt"], 2):
                    archive.writestr(member, self.rng.choice(TEXTS))
        else:
            file.write_bytes(self.content(name))
        self.touch(name)

    def touch(self, name: str) -> None:
        self.clock += self.rng.randint(1, 10_000)
        os.utime(self.path / name, (self.clock, self.clock))

    def some(self) -> str:
        return self.rng.choice([name for name in self.files() if name != "anchor.txt"] or ["anchor.txt"])

    def step(self) -> str:
        """One thing that happens."""
        what = self.rng.choice(
            ["create", "edit", "edit", "touch", "rename", "delete", "copy", "copy", "folder", "break", "move", "now"]
        )
        name, target = self.some(), self.rng.choice(self.names)
        free = not (self.path / target).exists() and not any((self.path / p).is_file() for p in Path(target).parents)
        (self.path / target).parent.mkdir(parents=True, exist_ok=True) if free else None
        if what == "create":
            self.write(target)
        elif what == "edit":
            self.write(name)
        elif what == "touch":
            self.touch(name)
        elif what == "rename" and free and name != "anchor.txt":
            (self.path / name).rename(self.path / target)
        elif what == "delete" and name != "anchor.txt":
            (self.path / name).unlink()
        elif what == "copy" and free:
            shutil.copyfile(self.path / name, self.path / target)
            self.touch(target)
        elif what == "folder" and name != "anchor.txt":
            (self.path / name).unlink()
            (self.path / name).mkdir()
            self.write(f"{name}/inside.txt")
        elif what == "break":
            nonsense = self.rng.choice([b"", bytes(range(256)) * 40])
            (self.path / name).write_bytes(b"x" if name == "anchor.txt" else nonsense)
            self.touch(name)
        elif what == "move" and (self.path / "d").is_dir() and not (self.path / "z").exists():
            (self.path / "d").rename(self.path / "z")
        elif what == "now":  # in the same instant in which it is read, with the same size
            file = self.path / name
            file.write_bytes(file.read_bytes())
        return f"{what} {name} {target}"


def expected(folder: Path) -> dict[str, dict]:
    """What an index of the folder holds, found the slow way: by id."""
    given: dict[str, list] = {}
    for document in read(folder, on_skip=lambda skipped: None):
        given.setdefault(document.fields.get("path", ""), []).append(document)
    by_bytes: dict[bytes, list[str]] = {}
    files = [str(file) for file in folder.rglob("*") if file.is_file()]
    for file in sorted(files, key=lambda one: one.split("/")):
        by_bytes.setdefault(Path(file).read_bytes(), []).append(file)
    found = {document.id: document.to_dict() for documents in given.values() for document in documents}
    records = (".jsonl", ".zip")
    for files in by_bytes.values():
        first, *others = [file for file in files if not file.endswith(records)] or [""]
        if others and first in given:
            found[str(Path(first).relative_to(folder))]["fields"]["paths"] = [first, *others]
            for other in others:
                found.pop(str(Path(other).relative_to(folder)), None)
    return found


def held(index: Index) -> dict[str, dict]:
    return {document.id: document.to_dict() for document in index.documents()}


def bring_up(path: Path, folder: Path, index_type: type[Index] = Index, **options):
    index = index_type.open(path, threads=1) if (path / "manifest.json").exists() else None
    return keep_up(index, lambda: index_type.create(path, threads=1), str(folder), **options)


@pytest.mark.parametrize("seed", range(6))
def test_it_equals_a_new_index_after_anything(tmp_path, seed):
    rng = Random(seed)
    folder = Folder(tmp_path / "notes", rng, [*NAMES, "l.zip"] if seed == 0 else NAMES)
    for _ in range(6):
        folder.write(rng.choice(folder.names))
    happened = []
    for _ in range(8 if seed == 0 else 20):
        index, _ = bring_up(tmp_path / "index", folder.path)
        wanted = expected(folder.path)
        assert held(index) == wanted, happened
        assert index.verify().ok
        index, again = bring_up(tmp_path / "index", folder.path)
        assert (again.added, again.updated, again.removed, again.unchanged) == (0, 0, 0, len(wanted)), happened
        happened = [folder.step() for _ in range(rng.randint(1, 4))]


@pytest.fixture
def notes(tmp_path):
    """A folder of two old files."""
    folder = tmp_path / "notes"
    folder.mkdir()
    for name, text in (("a.txt", "A wing lifts."), ("b.txt", "A keel holds.")):
        put(folder / name, text)
    return folder


def put(file: Path, content: str | bytes, at: float = LONG_AGO) -> None:
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    os.utime(file, (at, at))


def counts(changes):
    return changes.added, changes.updated, changes.removed, changes.unchanged


@pytest.fixture
def opened(monkeypatch):
    """The files whose bytes were looked at, and those that were parsed."""
    seen: dict[str, list[str]] = {"hashed": [], "parsed": []}
    from gossamer.app import keeping_up, survey

    def digest(path):
        seen["hashed"].append(Path(path).name)
        return digest_of(path)

    def parse(self, path, file_id):
        seen["parsed"].append(Path(path).name)
        return read_file(self, path, file_id)

    digest_of, read_file = survey.file_digest, keeping_up.FileReader.read
    for module in (survey, keeping_up):
        monkeypatch.setattr(module, "file_digest", digest)
    monkeypatch.setattr(keeping_up.FileReader, "read", parse)
    return seen


def test_only_what_may_have_changed_is_opened(notes, tmp_path, opened):
    bring_up(tmp_path / "index", notes)
    assert opened["parsed"] == ["a.txt", "b.txt"]
    for seen in opened.values():
        seen.clear()
    bring_up(tmp_path / "index", notes)
    assert opened == {"hashed": [], "parsed": []}
    os.utime(notes / "a.txt", (LONG_AGO + 100, LONG_AGO + 100))
    index, changes = bring_up(tmp_path / "index", notes)
    assert opened == {"hashed": ["a.txt"], "parsed": []}
    assert counts(changes) == (0, 1, 0, 1)  # its field `modified` tells the new time
    assert index.get("a.txt").fields["modified"] == "2017-07-14T02:41:40Z"
    put(notes / "a.txt", "A wing falls.", LONG_AGO + 200)
    bring_up(tmp_path / "index", notes)
    assert opened["parsed"] == ["a.txt"]
    bring_up(tmp_path / "index", notes, full=True)
    assert opened["parsed"] == ["a.txt", "a.txt", "b.txt"]


def test_a_change_in_the_instant_of_reading_is_seen(notes, tmp_path):
    """The same size and the same time, but other bytes: possible for as long as the clock of files has not moved."""
    now = time.time()
    put(notes / "a.txt", "A wing lifts.", now)
    bring_up(tmp_path / "index", notes)
    put(notes / "a.txt", "A wing falls.", now)
    index, changes = bring_up(tmp_path / "index", notes)
    assert counts(changes) == (0, 1, 0, 1)
    assert index.get("a.txt").text == "A wing falls."


def test_a_file_that_cannot_be_opened_keeps_what_it_gave(notes, tmp_path):
    bring_up(tmp_path / "index", notes)
    (notes / "a.txt").unlink()
    (notes / "a.txt").symlink_to("nowhere")
    skipped = []
    for _ in range(2):
        skipped.clear()
        index, changes = bring_up(tmp_path / "index", notes, on_skip=skipped.append)
        assert counts(changes) == (0, 0, 0, 2)
        assert index.get("a.txt").text == "A wing lifts."
        assert [one.reason for one in skipped] == [
            "no such file or directory; what it held stays in the index as it was"
        ]
    (notes / "a.txt").unlink()
    index, changes = bring_up(tmp_path / "index", notes)
    assert counts(changes) == (0, 0, 1, 1)


def test_a_file_that_became_nonsense_gives_nothing_any_more(notes, tmp_path):
    bring_up(tmp_path / "index", notes)
    put(notes / "a.txt", b"", LONG_AGO + 1)
    for removed in (1, 0):
        skipped = []
        _, changes = bring_up(tmp_path / "index", notes, on_skip=skipped.append)
        assert counts(changes) == (0, 0, removed, 1)
        assert [one.reason for one in skipped] == ["empty file"]  # from the ledger, the second time


def test_a_folder_without_files_removes_nothing(notes, tmp_path):
    bring_up(tmp_path / "index", notes)
    for file in notes.iterdir():
        file.unlink()
    skipped = []
    index, changes = bring_up(tmp_path / "index", notes, on_skip=skipped.append)
    assert counts(changes) == (0, 0, 0, 0)
    assert len(index) == 2
    assert skipped[0].reason == "no file is in it any more; the 2 that were stay in the index"


def test_a_folder_that_cannot_be_listed_removes_nothing(notes, tmp_path, monkeypatch):
    (notes / "inner").mkdir()
    put(notes / "inner" / "c.txt", "A sail.")
    bring_up(tmp_path / "index", notes)
    listed = os.listdir
    refuse = PermissionError(13, "Permission denied")

    def listdir(path):
        if str(path).endswith("inner"):
            raise refuse
        return listed(path)

    monkeypatch.setattr(os, "listdir", listdir)
    (notes / "a.txt").unlink()
    index, changes = bring_up(tmp_path / "index", notes)
    assert changes.removed == 1
    assert sorted(held(index)) == ["b.txt", "inner/c.txt"]
    monkeypatch.undo()
    assert counts(bring_up(tmp_path / "index", notes)[1]) == (0, 0, 0, 2)


def test_what_is_missing_can_stay_and_go_later(notes, tmp_path):
    bring_up(tmp_path / "index", notes)
    (notes / "a.txt").unlink()
    index, _ = bring_up(tmp_path / "index", notes, keep_missing=True)
    assert len(index) == 2
    index, changes = bring_up(tmp_path / "index", notes)
    assert counts(changes) == (0, 0, 1, 1)


def test_documents_from_elsewhere_stay(notes, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    put(other / "c.txt", "A sail turns.")
    put(other / "a.txt", "Another a.")
    bring_up(tmp_path / "index", other)
    with Index.open(tmp_path / "index") as index:
        index.add([{"id": "by hand", "text": "Added by a program."}])
    bring_up(tmp_path / "index", notes)  # its a.txt takes the place of the other
    with Index.open(tmp_path / "index") as index:
        assert index.get("a.txt").text == "A wing lifts."
        index.add([{"id": "b.txt", "text": "Replaced by a program."}])
    for name in ("a.txt", "b.txt"):
        (notes / name).unlink()
    put(notes / "d.txt", "A new one.")
    index, changes = bring_up(tmp_path / "index", notes)
    assert counts(changes) == (1, 0, 1, 0)
    assert sorted(held(index)) == ["b.txt", "by hand", "c.txt", "d.txt"]
    index, changes = bring_up(tmp_path / "index", other)  # what was taken from it comes back
    assert counts(changes) == (1, 0, 0, 1)
    assert index.get("a.txt").text == "Another a."


def test_what_somebody_deleted_comes_back(notes, tmp_path):
    bring_up(tmp_path / "index", notes)
    with Index.open(tmp_path / "index") as index:
        index.delete(["a.txt"])
    index, changes = bring_up(tmp_path / "index", notes)
    assert counts(changes) == (1, 0, 0, 1)
    index.merge()  # a commit of somebody else that changes no document
    assert counts(bring_up(tmp_path / "index", notes)[1]) == (0, 0, 0, 2)


def test_other_options_read_again(tmp_path):
    folder = tmp_path / "goods"
    folder.mkdir()
    put(folder / "goods.jsonl", '{"sku": "k", "text": "a kettle", "blurb": "boils"}\n')
    bring_up(tmp_path / "index", folder)
    index, changes = bring_up(tmp_path / "index", folder, id_field="sku", text_field="blurb")
    assert counts(changes) == (1, 0, 1, 0)
    assert index.get("k").text == "boils"


def test_several_paths_and_python(notes, tmp_path):
    paths = [str(notes / "a.txt"), str(notes), "python:bisect"]
    index, changes = keep_up(None, lambda: Index.create(tmp_path / "index", threads=1), paths)
    assert sorted(one for one in held(index) if one.startswith("/")) == [f"{notes}/a.txt", f"{notes}/b.txt"]
    index, again = keep_up(index, lambda: index, paths)
    assert counts(again) == (0, 0, 0, changes.added)
    (notes / "b.txt").unlink()
    assert counts(keep_up(index, lambda: index, paths)[1]) == (0, 0, 1, changes.added - 1)


def test_a_damaged_ledger_costs_a_reading_and_nothing_else(notes, tmp_path):
    index, _ = bring_up(tmp_path / "index", notes)
    [ledger] = (tmp_path / "index").glob("ledger-*")
    content = bytearray(ledger.read_bytes())
    content[70] ^= 1
    ledger.write_bytes(content)
    assert [problem.file for problem in index.verify().problems] == [ledger.name]
    skipped = []
    index, changes = bring_up(tmp_path / "index", notes, on_skip=skipped.append)
    assert counts(changes) == (0, 0, 0, 2)
    assert Path(skipped[0].path).name == ledger.name
    assert index.verify().ok
    skipped.clear()
    bring_up(tmp_path / "index", notes, on_skip=skipped.append)
    assert skipped == []


def test_what_the_index_refused_is_told_again(tmp_path):
    folder = tmp_path / "goods"
    folder.mkdir()
    put(
        folder / "goods.jsonl",
        '{"id": "k", "text": "a kettle", "year": "old"}\n{"id": "t", "text": "tea", "year": 1}\n',
    )
    created = Index.create(tmp_path / "index", fields="year:integer", threads=1)
    created.close()
    for added in (1, 0):
        skipped = []
        _, changes = bring_up(tmp_path / "index", folder, on_skip=skipped.append)
        assert counts(changes) == (added, 0, 0, 1 - added)
        assert [one.path for one in skipped] == ["k"]
