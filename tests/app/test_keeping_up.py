"""An index that is brought up to date equals one that is made anew, whatever happened to the folder in between."""

import json
import os
import shutil
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


@pytest.mark.parametrize("seed", range(8))
def test_it_equals_a_new_index_after_anything(tmp_path, seed):
    rng = Random(seed)
    folder = Folder(tmp_path / "notes", rng, [*NAMES, "l.zip"] if seed == 0 else NAMES)
    for _ in range(6):
        folder.write(rng.choice(folder.names))
    happened = []
    for _ in range(12 if seed == 0 else 25):
        index, _ = bring_up(tmp_path / "index", folder.path)
        wanted = expected(folder.path)
        assert held(index) == wanted, happened
        assert index.verify().ok
        index, again = bring_up(tmp_path / "index", folder.path)
        assert (again.added, again.updated, again.removed, again.unchanged) == (0, 0, 0, len(wanted)), happened
        happened = [folder.step() for _ in range(rng.randint(1, 4))]
