"""What was searched beside the words typed is said on the command line, in JSON and on the page, and can be undone."""

import json

import pytest
from browsing import page, served


def found(run, library, *arguments):
    result = run("search", library, *arguments, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_json_names_what_was_searched(run, library):
    corrected, meant = found(run, library, "wnig critcial"), found(run, library, "wing critical")
    assert corrected["hits"] == meant["hits"]
    assert corrected["total"] == meant["total"]
    assert corrected["corrections"] == [
        {"word": "wnig", "replacements": ["wing"]},
        {"word": "critcial", "replacements": ["critical"]},
    ]
    assert corrected["did_you_mean"] is None
    assert "corrections" not in meant
    as_typed = found(run, library, "wnig critcial", "--typos", "0")
    assert (as_typed["hits"], as_typed["did_you_mean"]) == ([], "wing critical")
    assert found(run, library, "wing", "--typos", "1")["total"] >= meant["total"]


def test_notes_for_people(run, library):
    shown = run("search", library, "wnig")
    assert shown.stderr == "also searched: wing for wnig (--typos 0 searches only what you typed)\n"
    assert "wing" in shown.stdout
    assert run("search", library, "wnig", "--quiet").stderr == ""
    assert "did you mean: wing\n" in run("search", library, "wnig", "--typos", "0").stderr


def test_settings(run, library, monkeypatch, tmp_path):
    rules = tmp_path / "synonyms.txt"
    rules.write_text("aerofoil => wing\n", encoding="utf-8")
    assert found(run, library, "aerofoil")["hits"] == []
    by_option = found(run, library, "aerofoil", "--synonyms", str(rules))
    assert [one["id"] for one in by_option["hits"]] == [one["id"] for one in found(run, library, "wing")["hits"]]
    monkeypatch.setenv("GOSSAMER_SEARCH_SYNONYMS", str(rules))
    monkeypatch.setenv("GOSSAMER_SEARCH_TYPOS", "0")
    assert found(run, library, "aerofoil")["hits"] == by_option["hits"]
    assert found(run, library, "wnig")["hits"] == []
    assert found(run, library, "wnig", "--typos", "auto")["hits"]


@pytest.mark.parametrize(
    ("option", "value", "reason"),
    [
        ("--typos", "3", 'not a whole number from 0 to 2, nor "auto"'),
        ("--synonyms", "nowhere.txt", "cannot read synonyms"),
    ],
)
def test_wrong_options(run, library, option, value, reason):
    refused = run("search", library, "wing", option, value)
    assert refused.exit_code == 2
    assert reason in refused.stderr


def test_the_page_says_so_and_a_link_undoes_it(library):
    with served(library) as client:
        shown = page(client, "/", q="wnig critcial")
        [said] = shown.all("p", class_="also")
        assert said["text"].startswith("Also searched wing for wnig; critical for critcial")
        [undo] = [one for one in shown.all("a") if one["text"] == "search only for what I typed"]
        as_typed = page(client, undo["attributes"]["href"])
        assert not as_typed.all("article")
        [said] = as_typed.all("p", class_="also")
        assert said["text"] == "Did you mean wing critical?"
        [meant] = [one for one in as_typed.all("a") if one["text"] == "wing critical"]
        again = page(client, meant["attributes"]["href"])
        first, *others = [one["attributes"]["data-id"] for one in shown.all("article")]
        assert [one["attributes"]["data-id"] for one in again.all("article")] == [first, *others]
        document = next(one["attributes"]["href"] for one in shown.all("a") if "/document" in one["attributes"]["href"])
        assert {one["text"].lower() for one in page(client, document).all("mark")} == {"wing", "wings", "critical"}
        assert client.get("/search.json", params={"q": "wing", "typos": "3"}).status_code == 422
        assert client.get("/search.json", params={"q": "wnig", "typos": "0"}).json()["hits"] == []


def test_a_server_with_other_defaults(library):
    with served(library, typos=0) as client:
        assert client.get("/search.json", params={"q": "wnig"}).json()["hits"] == []
        assert client.get("/search.json", params={"q": "wnig", "typos": "auto"}).json()["hits"]
