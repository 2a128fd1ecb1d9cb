"""A learned encoder on the command line and on the page: made, explained, moved, and told when it is gone."""

import json
import shutil
import subprocess
import sys

import pytest
from browsing import page, served
from tests.retrieval.index.learned_model import encoder

import gossamer
from gossamer.retrieval.encoders import origin


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models") / "tiny"
    encoder().save_pretrained(folder)
    config = folder / "gossamer.json"
    config.write_text(json.dumps(json.loads(config.read_text()) | {"fusion_weight": 0.5}))
    return folder


@pytest.fixture
def model(saved, tmp_path, monkeypatch):
    """The model that comes with the package, here in a folder of the test."""
    folder = shutil.copytree(saved, tmp_path / "model")
    monkeypatch.setattr(origin, "_OUR_FOLDER", folder)
    return folder


@pytest.fixture
def index(run, model, tmp_path):
    """Made by the command line, with the model's folder alone."""
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "wing.txt").write_text("The wing has lift, and drag.")
    (tmp_path / "texts" / "boat.txt").write_text("Of the keel.")
    done = run("index", "texts", "-o", "learned.gossamer", "--encoder", "model")
    assert done.exit_code == 0, done.output
    return tmp_path / "learned.gossamer"


def said(run, *arguments):
    result = run(*arguments, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_an_expansion_is_found_and_explained(run, index):
    [hit] = said(run, "search", index, "airfoil drag", "--explain")["hits"]
    assert hit["id"] == "wing.txt"
    airfoil, drag = hit["explanation"]
    assert (airfoil["term"], airfoil["literal"], airfoil["through"]) == ("airfoil", False, "wing")
    assert (drag["term"], drag["literal"], "through" in drag) == ("drag", True, False)
    shown = run("search", index, "airfoil drag", "--explain").stdout
    assert "airfoil, through wing" in shown
    assert "\nvectors   airfoil 3.00, drag 1.75\n" in shown
    assert said(run, "search", index, "zebra")["hits"] == []


def test_our_model_stands_beside_bm25(run, index, model):
    assert said(run, "index", "texts", "-o", "both.gossamer", "--encoder", "gossamer")["documents"] == 2
    assert [(s["name"], s["weight"]) for s in said(run, "stats", "both.gossamer")["spaces"]] == [
        ("bm25", 1.0), ("learned", 0.5)
    ]  # fmt: skip
    shown = run("search", "both.gossamer", "lifts airfoil", "--explain").stdout
    assert "lift (bm25)" in shown
    assert "airfoil, through wing (learned)" in shown
    assert "\nlearned   airfoil 1.50, lift 0.75, ##s 0.25\n" in shown
    assert said(run, "index", "texts", "-o", "both.gossamer", "--encoder", "gossamer")["unchanged"] == 2
    assert run("stats", "both.gossamer").stdout.splitlines()[-1].split()[:3] == ["space", "learned", "gossamer"]
    for name, other in (("both.gossamer", "bm25"), (index, "gossamer"), (index, "bm25"), ("both.gossamer", "texts")):
        refused = run("index", "texts", "-o", name, "--encoder", other)
        assert refused.exit_code == 2, other
    assert run("index", "texts", "-o", "new.gossamer", "--encoder", "no/such/model").exit_code == 2


def test_a_model_that_moves_is_told_once(run, index, model, tmp_path):
    elsewhere = model.rename(tmp_path / "elsewhere")
    gone = run("search", index, "airfoil")
    assert gone.exit_code == 1
    assert "which is gone" in gone.stderr
    assert "--encoder DIR" in gone.stderr
    assert [hit["id"] for hit in said(run, "search", index, "airfoil", "--encoder", elsewhere)["hits"]] == ["wing.txt"]
    (tmp_path / "texts" / "sail.txt").write_text("The sail.")
    assert run("index", "texts", "-o", index).exit_code == 1
    assert said(run, "index", "texts", "-o", index, "--encoder", elsewhere)["added"] == 1
    assert [hit["id"] for hit in said(run, "search", index, "airfoil")["hits"]] == ["wing.txt"]
    encoder({"wing": {"boat": 1.0}}).save_pretrained(tmp_path / "other")
    for command in (("search", index, "airfoil"), ("index", "texts", "-o", index), ("tune", index)):
        refused = run(*command, "--encoder", "other")
        assert refused.exit_code == 2
        assert "another encoder" in refused.stderr


def test_the_doctor_looks_at_models(run, index, model):
    findings = {one["name"]: one for one in said(run, "doctor", index)["findings"]}
    assert findings["model gossamer"]["status"] == findings["encoder"]["status"] == "ok"
    assert "passages" in findings["model gossamer"]["detail"]
    shutil.rmtree(model)
    result = run("doctor", index, "--json")
    findings = {one["name"]: one for one in json.loads(result.stdout)["findings"]}
    assert findings["model gossamer"]["status"] == "missing"
    assert findings["encoder"]["status"] == "broken"
    assert "--encoder DIR" in findings["encoder"]["fix"]
    assert result.exit_code == 1


def test_the_page_tells_where_a_term_came_from(index):
    with served(index) as client:
        shown = page(client, "/", q="airfoil drag")
        assert "airfoil, through wing" in " ".join(shown.all("body")[0]["text"].split())
        [hit] = client.get("/search.json", params={"q": "airfoil"}).json()["hits"]
        assert hit["explanation"][0]["through"] == "wing"
        marks = [one["text"] for one in page(client, "/document", id="wing.txt", q="drag").all("mark")]
        assert marks == ["drag"]


def test_a_server_loads_the_model_once(index, monkeypatch):
    loaded, load = [], gossamer.SparseEncoder.from_pretrained
    from gossamer.retrieval.encoders.remembered import _load

    _load.cache_clear()
    monkeypatch.setattr(
        gossamer.SparseEncoder, "from_pretrained", staticmethod(lambda name: loaded.append(name) or load(name))
    )
    with served(index) as client:
        for query in ("airfoil", "drag", "keel boat"):
            assert client.get("/search.json", params={"q": query}).status_code == 200
    assert len(loaded) == 1


def test_a_space_is_weighed_in_another_way_or_left_out(run, index, model):
    said(run, "index", "texts", "-o", "both.gossamer", "--encoder", "gossamer")
    whole = said(run, "search", "both.gossamer", "airfoil", "--weight", "learned=2")["hits"][0]["score"]
    assert whole == pytest.approx(4 * said(run, "search", "both.gossamer", "airfoil")["hits"][0]["score"])
    shutil.rmtree(model)
    answer = said(
        run, "search", "both.gossamer", "lift airfoil", "--weight", "learned=0", "--explain", "--facet", "path"
    )
    assert [hit["id"] for hit in answer["hits"]] == ["wing.txt"]
    assert answer["total"] == 1
    for wrong in ("learned", "learned=x", "other=1", "learned=-1"):
        assert run("search", "both.gossamer", "lift", "--weight", wrong).exit_code == 2


def test_nothing_of_it_needs_torch(model, tmp_path):
    """In a process where none of the packages for training can be imported."""
    code = """
import sys
for name in ("torch", "transformers", "tokenizers", "huggingface_hub", "scipy"):
    sys.modules[name] = None
from gossamer import Index
with Index.create("ix", {"bm25": "bm25", "learned": "model"}) as index:
    index.add([{"id": "a", "text": "The wing"}])
[hit] = Index.open("ix").search("airfoil", explain=True)
print(hit.id, [(one.term, one.through) for one in hit.explanation])
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("a [('airfoil', 'wing')]\n", "")
