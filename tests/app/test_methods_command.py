"""``gossamer methods`` shows the catalogue, whole or a part of it."""

import json
import re

import pytest

from gossamer import catalog
from gossamer.app.cli import methods as command
from gossamer.retrieval.encoders.methods import METHODS


def test_json_is_the_catalogue(run):
    listed = json.loads(run("methods", "--json").stdout)
    assert listed == json.loads(json.dumps([method.to_dict() for method in catalog.methods()]))


def test_axes_choose(run):
    listed = json.loads(run("methods", "--axis", "traversal=exact", "--axis", "summary=none", "--json").stdout)
    expected = catalog.methods(traversal="exact", summary="none")
    assert [one["id"] for one in listed] == [one.id for one in expected]
    assert 0 < len(expected) < len(catalog.methods())


def test_several_values_of_one_axis(run):
    words = [f"--axis=traversal={value}" for value in catalog.axes()["traversal"]]
    listed = json.loads(run("methods", *words, "--json").stdout)
    assert len(listed) == len(catalog.methods())


def test_the_list_for_people_has_every_method_and_paper(run):
    shown = run("methods").stdout
    for method in catalog.methods():
        assert re.search(rf"^{method.id} ", shown, re.MULTILINE)
        assert method.paper is None or f"{method.paper.year}   {method.paper.title}" in shown


@pytest.mark.parametrize("method", [method.id for method in catalog.methods()])
def test_each_can_be_shown(run, method):
    record = json.loads(run("methods", "show", method, "--json").stdout)
    assert record["id"] == method
    assert [one["id"] for one in record["nearest"]] == [one.method.id for one in catalog.nearest(method)]
    shown = run("methods", "show", method).stdout
    assert catalog.get(method).summary in shown
    assert catalog.get(method).entry_point in shown


def test_the_examples_of_the_help_work(run):
    for example in re.findall(r"gossamer (methods .*)", command.methods.__doc__ + command.show.__doc__):
        result = run(*example.split())
        assert result.exit_code == 0, example
        assert result.stdout


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (["--axis", "traversel=exact"], "did you mean 'traversal'?"),
        (["--axis", "traversal=exakt"], "did you mean 'exact'?"),
        (["--axis", "traversal"], "such as traversal=exact"),
        (["show", "bm52"], "did you mean"),
    ],
)
def test_wrong_words(run, words, hint):
    result = run("methods", *words)
    assert result.exit_code == 2
    assert hint in result.stderr


@pytest.mark.parametrize("name", METHODS)
def test_a_method_that_can_be_trained_says_with_what(run, name):
    method = METHODS[name]
    parts = json.loads(run("methods", "show", name, "--json").stdout)["trained"]
    assert parts["heads"].startswith(f"queries {method.query}, documents {method.document}")
    assert all(loss in parts["loss"] for loss in method.losses)
    if method.penalty is None:
        assert parts["penalty"] == "none"
    else:
        assert f"{method.penalty.document:g} {method.penalty.kind} of documents" in parts["penalty"]
    shown = run("methods", "show", name).stdout
    assert f"gossamer train lsr --method {name}" in shown
    assert parts["loss"] in shown
    assert "trained" in json.loads(run("methods", "show", "bm25", "--json").stdout)
    assert "train lsr" not in run("methods", "show", "bm25").stdout
