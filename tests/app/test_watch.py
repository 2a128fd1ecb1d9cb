"""``gossamer index --watch``: follows the folder, a commit and a line a batch, until Ctrl-C."""

import json
import signal

import pytest

import gossamer
from gossamer.app import watching


@pytest.mark.parametrize("options", [[], ["--poll"]], ids=["told", "polling"])
def test_it_follows_a_folder(start, notes, tmp_path, options):
    index = tmp_path / "notes.gossamer"
    process = start("index", notes, "-o", index, "--watch", "--json", *options)

    def told():
        line = json.loads(process.stdout.readline())
        return line["added"], line["updated"], line["removed"], line["unchanged"]

    assert told() == (2, 0, 0, 0)
    (notes / "keel.txt").write_text("A keel holds.")
    assert told() == (1, 0, 0, 2)
    reader = gossamer.Index.open(index)
    (notes / "lift.txt").unlink()
    assert told() == (0, 0, 1, 2)
    assert reader.refresh()
    with gossamer.Index.open(index) as other:  # the lock is free between batches
        other.add([{"id": "by hand", "text": "A mast."}])
    (notes / "inner").mkdir()
    (notes / "inner" / "sail.txt").write_text("A sail turns.")
    assert told() == (1, 0, 0, 2)
    process.send_signal(signal.SIGINT)
    _, complaint = process.communicate(timeout=60)
    assert process.returncode == 130
    assert complaint.decode().endswith(f"stopped; {index} is as its last commit left it\n")
    assert reader.refresh()
    assert {one.id for one in reader.documents()} == {"drag.md", "keel.txt", "inner/sail.txt", "by hand"}
    assert reader.verify().ok


def test_a_folder_that_vanishes_is_waited_for(start, notes, tmp_path):
    index = tmp_path / "notes.gossamer"
    process = start("index", notes, "-o", index, "--watch")
    assert process.stderr.readline().decode() == f"{index}: following {notes}; Ctrl-C stops it\n"
    notes.rename(tmp_path / "away")
    assert process.stderr.readline().decode().endswith("no such file or folder; waiting for it to change\n")
    assert len(gossamer.Index.open(index)) == 2
    (tmp_path / "away").rename(notes)
    (notes / "keel.txt").write_text("A keel holds.")
    assert "1 added" in process.stderr.readline().decode()
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=60) == 130


def test_without_the_library(run, notes, monkeypatch):
    monkeypatch.setattr(watching, "find_spec", lambda name: None)
    result = run("index", notes, "-o", "notes.gossamer", "--watch")
    assert result.exit_code == 1
    assert result.stderr == "error: --watch needs watchfiles; run: pip install 'gossamer[watch]'\n"


def test_the_same_bytes_are_shown_once_with_all_names(run, notes):
    for name in ("copy.txt", "other.txt", "third.txt"):
        (notes / name).write_bytes((notes / "lift.txt").read_bytes())
    assert run("index", notes, "-o", "notes.gossamer").exit_code == 0
    shown = run("search", "notes.gossamer", "air").stdout
    assert f"also at {notes}/lift.txt, {notes}/other.txt and 1 more" in shown
    [hit] = json.loads(run("search", "notes.gossamer", "air", "--json").stdout)["hits"]
    assert hit["id"] == "copy.txt"
    assert hit["also"] == [f"{notes}/{name}.txt" for name in ("lift", "other", "third")]
    where = f'paths = "{notes}/third.txt"'
    assert len(json.loads(run("search", "notes.gossamer", "air", "--where", where, "--json").stdout)["hits"]) == 1
    for name in ("copy.txt", "other.txt"):
        (notes / name).unlink()
    assert run("index", notes, "-o", "notes.gossamer").exit_code == 0
    [hit] = json.loads(run("search", "notes.gossamer", "air", "--json").stdout)["hits"]
    assert (hit["id"], hit["also"]) == ("lift.txt", [f"{notes}/third.txt"])
