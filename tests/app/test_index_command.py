"""``gossamer index``: what is added, left alone, skipped and refused."""

import io
import json
import os
import zipfile

import pytest

import gossamer


def indexed(run, *arguments, code=0):
    result = run("index", *arguments, "--json")
    assert result.exit_code == code, result.output
    return json.loads(result.stdout)


def test_a_folder_becomes_an_index(run, notes, tmp_path):
    report = indexed(run, notes, "-o", "notes.gossamer")
    counts = {"documents", "passages", "added", "updated", "removed", "unchanged"}
    assert set(report) == counts | {"skipped", "seconds", "bytes"}
    assert (report["documents"], report["passages"], report["unchanged"], report["skipped"]) == (2, 2, 0, [])
    assert report["bytes"] > 0
    with gossamer.Index.open(tmp_path / "notes.gossamer") as index:
        assert sorted(document.id for document in index.documents()) == ["drag.md", "lift.txt"]


def test_for_people(run, notes):
    result = run("index", notes, "-o", "notes.gossamer")
    assert result.exit_code == 0
    assert result.stdout.startswith("notes.gossamer: 2 documents in 2 passages; ")
    assert result.stderr == ""


def test_an_unchanged_folder_is_left_alone(run, notes, tmp_path):
    for file in notes.iterdir():
        os.utime(file, (1e9, 1e9))  # files of this moment would be read once more
    indexed(run, notes, "-o", "notes.gossamer")
    generation = gossamer.Index.open(tmp_path / "notes.gossamer").stats()["generation"]
    report = indexed(run, notes, "-o", "notes.gossamer")
    assert (report["documents"], report["unchanged"]) == (0, 2)
    assert gossamer.Index.open(tmp_path / "notes.gossamer").stats()["generation"] == generation
    again = run("index", notes, "-o", "notes.gossamer")
    assert again.exit_code == 0
    assert again.stdout == "notes.gossamer: nothing new; all 2 documents are unchanged\n"


def test_a_changed_file_replaces_and_a_new_one_is_added(run, notes, tmp_path):
    indexed(run, notes, "-o", "notes.gossamer")
    (notes / "lift.txt").write_text("Lift, written anew.")
    (notes / "new.txt").write_text("A third note.")
    report = indexed(run, notes, "-o", "notes.gossamer")
    assert (report["documents"], report["unchanged"]) == (2, 1)
    with gossamer.Index.open(tmp_path / "notes.gossamer") as index:
        assert len(index) == 3
        assert index.get("lift.txt").text == "Lift, written anew."


def test_what_cannot_be_read_is_named_and_counted(run, notes):
    (notes / "empty.pdf").write_bytes(b"")
    (notes / "image.bin").write_bytes(bytes(range(256)) * 40)
    report = indexed(run, notes, "-o", "notes.gossamer")
    assert report["documents"] == 2
    assert [one["path"].rpartition("/")[2] for one in report["skipped"]] == ["empty.pdf", "image.bin"]
    assert all(one["reason"] for one in report["skipped"])
    for_people = run("index", notes, "-o", "again.gossamer")
    assert for_people.exit_code == 0
    lines = for_people.stderr.splitlines()
    assert len(lines) == 3
    assert all(name in line for name, line in zip(("empty.pdf", "image.bin", "2 skipped"), lines, strict=True))
    quiet = run("index", notes, "-o", "quiet.gossamer", "--quiet")
    assert quiet.stderr == ""


def test_nothing_but_bad_files_fails_and_makes_no_index(run, tmp_path):
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "empty.txt").write_bytes(b"")
    report = indexed(run, "bad", "-o", "bad.gossamer", code=1)
    assert (report["documents"], len(report["skipped"])) == (0, 1)
    assert not (tmp_path / "bad.gossamer").exists()


def test_strict_stops_at_the_first(run, notes, tmp_path):
    (notes / "a.pdf").write_bytes(b"%PDF-1.7 broken")
    result = run("index", notes, "-o", "notes.gossamer", "--strict")
    assert result.exit_code == 1
    assert result.stderr.startswith("error: ")
    assert "a.pdf" in result.stderr
    assert result.stderr.count("\n") == 1


def test_a_path_that_does_not_exist(run):
    result = run("index", "nowhere", "-o", "x.gossamer")
    assert result.exit_code == 2
    assert "nowhere" in result.stderr


@pytest.mark.parametrize(
    ("option", "value", "word"),
    [
        ("--analyzer", "standard", "analyzer"),
        ("--fields", "title^2", "fields"),
        ("--passages", "60", "passages"),
        ("--passages", "off", "passages"),
    ],
)
def test_adding_in_another_way_is_refused(run, notes, option, value, word):
    indexed(run, notes, "-o", "notes.gossamer")
    result = run("index", notes, "-o", "notes.gossamer", option, value)
    assert result.exit_code == 2
    assert f"another {word}" in result.stderr


def test_declared_fields(run, tmp_path):
    rows = [{"id": "1", "text": "sail", "title": "Wing", "year": "1984"}, {"id": "2", "text": "wing", "year": "soon"}]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    said = run("index", "rows.jsonl", "-o", "rows.gossamer", "--fields", "title^3, year:integer", "--json")
    found = json.loads(said.stdout)
    assert found["documents"] == 1
    assert found["skipped"][0]["path"] == "2"
    assert "not an integer" in found["skipped"][0]["reason"]
    assert gossamer.Index.open(tmp_path / "rows.gossamer").stats()["fields"]["title"]["weight"] == 3
    assert run("index", "rows.jsonl", "-o", "rows.gossamer", "--fields", "title^3, year:integer").exit_code == 0
    assert run("index", "rows.jsonl", "-o", "other.gossamer", "--fields", "title^").exit_code == 2


def test_the_settings_of_a_new_index_do_not_bind_when_only_defaults_differ(run, notes, tmp_path):
    indexed(run, notes, "-o", "notes.gossamer", "--passages", "off")
    assert gossamer.Index.open(tmp_path / "notes.gossamer").stats()["passage_words"] == 0
    assert indexed(run, notes, "-o", "notes.gossamer")["unchanged"] == 2
    assert indexed(run, notes, "-o", "notes.gossamer", "--passages", "off")["unchanged"] == 2


def test_a_saved_encoder(run, notes, tmp_path):
    from gossamer.retrieval import BM25Encoder

    BM25Encoder(k1=0.9, b=0.4).save_pretrained(tmp_path / "encoder")
    indexed(run, notes, "-o", "notes.gossamer", "--encoder", "encoder")
    assert gossamer.Index.open(tmp_path / "notes.gossamer").stats()["encoder"]["k1"] == 0.9
    assert indexed(run, notes, "-o", "notes.gossamer", "--encoder", "encoder")["unchanged"] == 2
    refused = run("index", notes, "-o", "notes.gossamer", "--encoder", "bm25")
    assert refused.exit_code == 2
    assert "another encoder" in refused.stderr


def test_records_with_named_fields(run, tmp_path):
    rows = [{"sku": "a1", "blurb": "a kite"}, {"sku": "b2", "blurb": "a boat"}]
    (tmp_path / "goods.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    indexed(run, "goods.jsonl", "-o", "goods.gossamer", "--text-field", "blurb", "--id-field", "sku")
    assert {document.id for document in gossamer.Index.open(tmp_path / "goods.gossamer").documents()} == {"a1", "b2"}


def test_the_index_inside_the_folder_is_not_read(run, notes):
    indexed(run, notes, "-o", notes / "notes.gossamer")
    assert indexed(run, notes, "-o", notes / "notes.gossamer")["unchanged"] == 2


def test_memory_limit_is_checked(run, notes):
    result = run("index", notes, "-o", "x.gossamer", "--memory-limit", "plenty")
    assert result.exit_code == 2
    assert "--memory-limit" in result.stderr


def test_archives_are_opened_as_deep_as_asked(run, tmp_path):
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr("wing.txt", "lift")
    with zipfile.ZipFile(tmp_path / "outer.zip", "w") as archive:
        archive.writestr("drag.txt", "drag")
        archive.writestr("inner.zip", inner.getvalue())
    for depth, documents, skipped in ((0, 0, ["outer.zip"]), (1, 1, ["outer.zip!inner.zip"]), (2, 2, [])):
        arguments = ("outer.zip", "-o", f"{depth}.gossamer", "--archive-depth", str(depth))
        report = indexed(run, *arguments, code=0 if documents else 1)
        assert report["documents"] == documents
        assert [one["path"] for one in report["skipped"]] == skipped
    with gossamer.Index.open(tmp_path / "2.gossamer") as index:
        assert sorted(document.id for document in index.documents()) == [
            "outer.zip!drag.txt",
            "outer.zip!inner.zip!wing.txt",
        ]
    assert "--archive-depth" in run("index", "outer.zip", "-o", "x.gossamer", "--archive-depth", "all").stderr
