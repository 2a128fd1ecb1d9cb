"""``gossamer search``: the same answer for people and machines, whatever the query."""

import json

import pytest

import gossamer


def found(run, library, *arguments, **options):
    result = run("search", library, *arguments, "--json", **options)
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_json(run, library):
    answer = found(run, library, "wing", "stall", "-k", "3", "--explain")
    assert set(answer) == {"query", "hits", "total", "took_us", "did_you_mean", "plan"}
    assert answer["query"] == "wing stall"
    assert answer["total"] == 5
    assert answer["took_us"] >= 0
    with gossamer.Index.open(library) as index:
        expected = index.search("wing stall", 3, explain=True)
    assert answer["hits"] == json.loads(json.dumps([hit.to_dict() for hit in expected]))
    first = answer["hits"][0]
    assert first["id"] == "wings.md"
    assert sum(one["contribution"] for one in first["explanation"]) == pytest.approx(first["score"], abs=1e-5)


def test_total_counts_what_is_not_shown(run, library):
    assert found(run, library, "wing", "-k", "1")["total"] == 5
    assert found(run, library, "stall", "-k", "1")["total"] == 1


def test_for_people(run, library):
    result = run("search", library, "critical", "angle")
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[0].split()[0] == "1"
    assert lines[0].endswith("Wings")
    assert lines[1].strip().startswith("wings.md")
    assert "critical angle" in result.stdout
    assert "\x1b" not in result.stdout
    assert not any(line != line.rstrip() for line in lines[:2])


def test_explanation_for_people_adds_up(run, library):
    result = run("search", library, "critical", "angle", "-k", "1", "--explain")
    rows = [line.split() for line in result.stdout.splitlines()]
    sums = [float(row[3]) for row in rows if len(row) == 5 and "█" in row[4]]
    total = next(float(row[1]) for row in rows if row[:1] == ["score"])
    assert len(sums) >= 2
    assert sum(sums) == pytest.approx(total, abs=2e-4)
    assert f"{total:.4f}" == rows[0][1]


def test_hostile_documents_cannot_command_the_terminal(run, library):
    result = run("search", library, "script")
    assert "alert" in result.stdout
    assert "\x1b" not in result.stdout
    assert "\u202e" not in result.stdout


def test_nothing_found(run, library):
    result = run("search", library, "zeppelin")
    assert (result.exit_code, result.stdout) == (0, "")
    assert "zeppelin" in result.stderr
    assert run("search", library, "zeppelin", "--fail-if-empty").exit_code == 3
    empty = run("search", library, "zeppelin", "--fail-if-empty", "--json")
    assert empty.exit_code == 3
    assert json.loads(empty.stdout)["hits"] == []


@pytest.mark.parametrize("query", [b"", b"   ", b"\n", b"the of and", b"\x00\x01", b"\xff\xfe wing", "größe".encode()])
def test_any_bytes_on_standard_input(run, library, query):
    answer = found(run, library, "-", input=query)
    assert answer["query"] == query.decode("utf-8", "replace").strip()
    assert bool(answer["hits"]) == (b"wing" in query or "größe".encode() in query)


def test_a_megabyte_is_a_query_and_more_is_not(run, library):
    assert found(run, library, "-", input=b"wing " * 200_000)["hits"]
    assert found(run, library, "-", input=b"x" * 1_000_000)["hits"] == []
    result = run("search", library, "-", input=b"wing " * 220_000)
    assert result.exit_code == 2
    assert "longer than" in result.stderr


def test_k_comes_from_the_settings_unless_a_flag_says_otherwise(run, library, tmp_path, monkeypatch):
    (tmp_path / "gossamer.toml").write_text("[search]\nk = 2\n")
    assert len(found(run, library, "wing")["hits"]) == 2
    monkeypatch.setenv("GOSSAMER_SEARCH_K", "3")
    assert len(found(run, library, "wing")["hits"]) == 3
    assert len(found(run, library, "wing", "-k", "1")["hits"]) == 1
    refused = run("search", library, "wing", "-k", "0")
    assert refused.exit_code == 2
    assert refused.stderr.startswith("error: --k: search.k = 0: not a whole number")


def test_no_index(run):
    result = run("search", "nowhere", "wing")
    assert result.exit_code == 1
    assert result.stderr.startswith("error: nowhere: ")
    assert result.stderr.count("\n") == 1
    assert "Traceback" not in result.output


BEFORE, AFTER = [f"Sentence {n} says so." for n in range(30)], [f"Then {n} more." for n in range(9)]
LONG = " ".join([*BEFORE, "A wing lifts a bird.", *AFTER])


@pytest.fixture(scope="module")
def shelf(tmp_path_factory):
    """Documents of several passages with fields."""
    folder = tmp_path_factory.mktemp("shelf") / "shelf"
    with gossamer.Index.create(folder, passages=10) as index:
        index.add(
            {"id": f"d{n}", "text": LONG if n else f"{LONG} Keels and wings.", "year": 1990 + n} for n in range(4)
        )
        index.add([{"id": "kite", "text": "A kite is a wing with a keel.", "year": 2000}])
    return folder


def test_context(run, shelf):
    shown = run("search", shelf, "lifts bird", "-k", "1", "--context", "2").stdout
    assert "Sentence 28 says so. Sentence 29 says so. A wing lifts a bird. Then 0 more." in shown
    assert "Sentence 20" not in shown
    [hit] = found(run, shelf, "lifts bird", "-k", "1", "--context", "2")["hits"]
    assert hit["context"]["text"] == LONG[hit["context"]["start"] : hit["context"]["end"]]
    assert hit["passage"]["text"] in hit["context"]["text"]
    assert "context" not in found(run, shelf, "lifts bird", "-k", "1")["hits"][0]
    assert run("search", shelf, "wing", "--context", "-1").exit_code == 2


def test_like_a_document(run, shelf):
    answer = found(run, shelf, "--like", "kite", "--explain")
    assert answer["hits"][0]["id"] == "d0"
    assert "kite" not in [hit["id"] for hit in answer["hits"]]
    assert answer["total"] == 4
    assert {term for term, _ in answer["plan"]["liked"]} == {"wing", "keel"}
    narrowed = found(run, shelf, "bird", "--like", "kite", "--where", "year = 1991")
    assert [hit["id"] for hit in narrowed["hits"]] == ["d1"]
    refused = run("search", shelf, "--like", "absent")
    assert refused.exit_code == 2
    assert refused.stderr.startswith("error: no document 'absent' in this index")


def test_a_search_for_nothing_says_what_to_give(run, shelf):
    refused = run("search", shelf)
    assert refused.exit_code == 2
    assert "give words, --like ID, or --where EXPR" in refused.stderr
    assert found(run, shelf, "--where", "year >= 1993")["total"] == 2


def test_the_plan_for_people(run, shelf):
    lines = run(
        "search", shelf, "wings lift* +bird -kite zeppelin", "--where", "year < 1993", "--explain"
    ).stdout.splitlines()
    plan = dict(line.split(maxsplit=1) for line in lines[-8:])
    assert plan == {
        "words": "wings → wing, bird, zeppelin", "prefixes": "lift* → 1 term", "nowhere": "zeppelin", "with": "bird",
        "without": "kite", "only": "year < 1993 (3 documents)", "passing": "3 of 5 documents",
        "search": plan["search"],
    }  # fmt: skip
    assert plan["search"].startswith("pruned: ")
    listed = run("search", shelf, "wing", "--sort=-year", "--explain").stdout.splitlines()
    assert listed[-1] == "search    listed in the order of -year, 1 segment"


def test_a_filter_too_many_is_named(run, shelf):
    result = run("search", shelf, "wing", "--where", "year > 1980 and year > 2010")
    assert result.stderr.splitlines() == ["nothing found for: wing", "without year > 2010: 5 documents"]


def test_highlights_show_how_much_they_counted(shelf):
    from rich.console import Console

    from gossamer.app.cli.showing import _snippet

    with gossamer.Index.open(shelf) as index:
        [hit] = index.search({"keel": 1.0, "kite": 0.1, "wing": 0.5}, 1, where="year = 2000")
    console = Console(force_terminal=True, color_system="standard", width=80)
    with console.capture() as captured:
        console.print(_snippet(hit))
    assert hit.intensities == [1, 2, 4]
    assert "\x1b[2;4mkite\x1b[0m" in captured.get()  # dim and underlined, underlined, bold and underlined
    assert "\x1b[4mwing\x1b[0m" in captured.get()
    assert "\x1b[1;4mkeel\x1b[0m" in captured.get()
