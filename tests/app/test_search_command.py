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
