"""Looking after an index, ``doctor`` and ``config``, as people and scripts use them."""

import json
import re
import sys
from dataclasses import asdict
from pathlib import Path

import pytest

import gossamer
from gossamer.app.cli.doctor import EXTRAS


@pytest.fixture
def shelf(tmp_path):
    """A small index that a test may change."""
    with gossamer.Index.create(tmp_path / "shelf.gossamer") as index:
        index.add([{"id": name, "text": f"the {name} stands on the shelf"} for name in ("atlas", "novel", "poems")])
    return tmp_path / "shelf.gossamer"


def ids(path):
    return [document.id for document in gossamer.Index.open(path).documents()]


def flip(path, offset=4000):
    segment = next(path.glob("segment-*"))
    content = bytearray(segment.read_bytes())
    offset = min(offset, len(content) // 2)
    content[offset] ^= 0xFF
    segment.write_bytes(content)


def test_stats(run, shelf):
    figures = json.loads(run("stats", shelf, "--json").stdout)
    assert figures == json.loads(json.dumps(gossamer.Index.open(shelf).stats()))
    shown = run("stats", shelf).stdout
    assert re.search(r"^documents +3$", shown, re.MULTILINE)
    assert "english" in shown


def test_verify(run, shelf):
    assert json.loads(run("verify", shelf, "--json").stdout) == {"ok": True, "problems": []}
    assert run("verify", shelf).exit_code == 0
    flip(shelf)
    result = run("verify", shelf, "--json")
    assert result.exit_code == 1
    report = json.loads(result.stdout)
    assert report["ok"] is False
    assert set(report["problems"][0]) == {"file", "offset", "reason"}
    for_people = run("verify", shelf)
    assert for_people.exit_code == 1
    assert report["problems"][0]["file"] in for_people.stdout


def test_delete_needs_a_yes(run, shelf):
    refused = run("delete", shelf, "novel")
    assert refused.exit_code == 2
    assert "--yes" in refused.stderr
    assert ids(shelf) == ["atlas", "novel", "poems"]
    preview = run("delete", shelf, "novel", "--dry-run")
    assert (preview.exit_code, preview.stdout) == (0, "would delete novel\n")
    assert ids(shelf) == ["atlas", "novel", "poems"]
    done = run("delete", shelf, "novel", "absent", "--yes")
    assert done.exit_code == 0
    assert done.stdout == "deleted 1 of 2 documents\n"
    assert "absent" in done.stderr
    assert ids(shelf) == ["atlas", "poems"]


def test_delete_what_is_not_there_fails(run, shelf):
    result = run("delete", shelf, "absent", "--yes", "--json")
    assert result.exit_code == 1
    assert json.loads(result.stdout) == {"deleted": 0, "missing": ["absent"], "dry_run": False, "ids": []}


def test_delete_reads_ids_from_standard_input(run, shelf):
    result = run("delete", shelf, "-", "--yes", input="atlas\npoems\n\n")
    assert result.exit_code == 0
    assert ids(shelf) == ["novel"]


def test_merge_drops_what_was_deleted(run, shelf):
    run("delete", shelf, "novel", "--yes")
    assert gossamer.Index.open(shelf).stats()["deleted_documents"] == 1
    report = json.loads(run("merge", shelf, "--json").stdout)
    assert set(report) == {"segments", "bytes"}
    assert gossamer.Index.open(shelf).stats()["deleted_documents"] == 0
    assert run("merge", shelf).exit_code == 0


def test_export_gives_every_document_back(run, library):
    lines = run("export", library).stdout.splitlines()
    expected = [document.to_dict() for document in gossamer.Index.open(library).documents()]
    assert [json.loads(line) for line in lines] == json.loads(json.dumps(expected))
    assert run("export", library, "--json").stdout.splitlines() == lines


def test_salvage(run, shelf):
    (shelf / "manifest.json").write_bytes(b"garbage")
    broken = run("export", shelf)
    assert broken.exit_code == 1
    assert "--salvage" in broken.stderr
    saved = [json.loads(line) for line in run("export", shelf, "--salvage").stdout.splitlines()]
    assert sorted(one["id"] for one in saved) == ["atlas", "novel", "poems"]


@pytest.mark.parametrize(
    "words", [["stats"], ["verify"], ["merge"], ["export"], ["search", "wing"], ["delete", "x", "--yes"], ["serve"]]
)
def test_no_index_there(run, words):
    verb, *rest = words
    result = run(verb, "nowhere.gossamer", *rest)
    assert result.exit_code == 1
    assert result.stderr.startswith("error: nowhere.gossamer: no gossamer index here")
    assert result.stdout == ""


def test_doctor(run, shelf):
    result = run("doctor", shelf, "--json")
    assert result.exit_code == 0, result.stdout
    report = json.loads(result.stdout)
    findings = {one["name"]: one for one in report["findings"]}
    assert report["ok"] is True
    assert {"gossamer", "machine", "kernels", "disk", "settings", "index"} <= set(findings)
    assert all(one["fix"] for one in report["findings"] if one["status"] != "ok")
    flip(shelf)
    broken = run("doctor", shelf)
    assert broken.exit_code == 1
    assert f"fix: gossamer verify {shelf}" in broken.stdout


def test_doctor_finds_a_wrong_setting(run, tmp_path):
    (tmp_path / "gossamer.toml").write_text("[search]\nkk = 3\n")
    result = run("doctor")
    assert result.exit_code == 1
    assert "did you mean search.k?" in result.stdout


def test_doctor_knows_the_extras_of_the_package():
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    assert set(EXTRAS) == set(extras) - {"dev"}
    for name, (modules, _) in EXTRAS.items():
        listed = " ".join(extras[name]).lower().replace("-", "_")
        assert all(module in listed for module in modules)


def test_config_show_and_check(run, tmp_path, monkeypatch):
    (tmp_path / "gossamer.toml").write_text('[index]\nmemory_limit = "1GiB"\n')
    monkeypatch.setenv("GOSSAMER_SEARCH_K", "7")
    shown = json.loads(run("config", "show", "--json").stdout)
    assert shown["search.k"] == {"value": 7, "origin": "GOSSAMER_SEARCH_K", "variable": "GOSSAMER_SEARCH_K"}
    assert shown["index.memory_limit"]["value"] == 2**30
    assert shown["serve.port"]["origin"] == "default"
    table = run("config", "show", "--origin").stdout
    assert re.search(r"index\.memory_limit +1GiB +\S*gossamer\.toml", table)
    assert run("config", "check").exit_code == 0
    (tmp_path / "gossamer.toml").write_text("[index]\nmemory = 3\n")
    result = run("config", "check")
    assert result.exit_code == 2
    assert "did you mean index.memory_limit?" in result.stderr


def test_verification_is_what_the_library_says(run, shelf):
    flip(shelf)
    library = gossamer.retrieval.verify(shelf)
    assert json.loads(run("verify", shelf, "--json").stdout)["problems"] == [asdict(one) for one in library.problems]
