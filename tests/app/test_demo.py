"""The demo: its acts on a small corpus, the scoreboard and the report they make, and what it measures with."""

import json
import re
import subprocess
import sys
from functools import cache
from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest
from hypothesis import given, strategies as st

from gossamer.app.cli.output import Output
from gossamer.app.demo import script
from gossamer.app.demo.__main__ import main
from gossamer.app.demo.acts import crashing
from gossamer.app.demo.chart import chart
from gossamer.app.demo.known_items import cut
from gossamer.app.demo.measuring import Trial, mean, spending, take_turns
from gossamer.app.demo.report import write_report
from gossamer.app.demo.scene import Promise, Scene, Table
from gossamer.app.demo.script import ACTS, perform
from gossamer.app.demo.stage import Stage
from gossamer.app.demo.terminal import show_act, show_scoreboard
from gossamer.app.demo.typos import mistype
from gossamer.frontier.points import Frontier
from gossamer.retrieval.index import Index
from gossamer.text.documents import Document
from gossamer.text.sources import read

ON_ANY_CORPUS = (
    "Every document is in the index, and every byte of it checks out",
    "The terms of an explanation add up to its score",
    "Skipping postings that cannot matter changes no result",
    "Killed in mid-commit, the index loses no document",
    "The page, its JSON twin and Python give the same answer",
)
"""Promises that no small corpus and no busy machine may break."""


@pytest.fixture(scope="module")
def performance(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo")
    stage = Stage(folder, source="python:asyncio", rounds=2, known_items=40, naive_items=10, crashes=3)
    played = perform(stage, lambda act: None)
    write_report(played, folder)
    return folder, played


def test_the_scoreboard_has_ten_lines_with_evidence(performance):
    _, played = performance
    assert len({promise.text for promise in played.promises}) == len(played.promises) == 10
    assert all(promise.evidence for promise in played.promises)
    kept = {promise.text for promise in played.promises if promise.kept}
    assert kept >= set(ON_ANY_CORPUS)


def test_every_act_says_what_it_took(performance):
    _, played = performance
    assert [one.number for one in played.played] == list(range(1, len(ACTS) + 1))
    assert all(one.spent.seconds > 0 and one.spent.peak_bytes > 1 << 20 for one in played.played)
    assert played.spent.seconds == pytest.approx(sum(one.spent.seconds for one in played.played))


def test_the_scoreboard_is_json(performance):
    _, played = performance
    record = json.loads(json.dumps(played.to_dict(), allow_nan=False))
    assert record["kept"] == sum(one["kept"] for one in record["promises"])
    assert record["ok"] == (record["kept"] == 10)
    assert {"processor", "cores", "python", "gossamer", "numpy"} <= record["machine"].keys()


def test_what_is_left_is_the_index_the_frontier_and_the_report(performance):
    folder, _ = performance
    assert {one.name for one in folder.iterdir()} == {"index", "frontier.json", "frontier.svg", "report.html"}


class _Page(HTMLParser):
    def __init__(self):
        super().__init__()
        self.text, self.tags, self.addresses = "", set(), []

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.addresses += [value for name, value in attrs if name in ("src", "href", "srcset", "action")]

    def handle_data(self, data):
        self.text += data


def test_the_report_tells_everything_and_loads_nothing(performance):
    folder, played = performance
    source = (folder / "report.html").read_text(encoding="utf-8")
    page = _Page()
    page.feed(source)
    for promise in played.promises:
        assert promise.text in page.text
        assert promise.evidence in page.text
    for one in played.played:
        assert one.scene.summary in page.text
        for table in (block for block in one.scene.blocks if isinstance(block, Table)):
            assert all(cell in page.text for row in table.rows for cell in row)
    assert page.addresses == ["data:,"]
    assert "script" not in page.tags
    assert "url(" not in source
    assert "@import" not in source


def test_the_terminal_shows_the_same_scenes_as_plain_text(performance, capsys):
    _, played = performance
    out = Output()
    for one in played.played:
        show_act(out, one)
    show_scoreboard(out, played)
    shown = capsys.readouterr().out
    assert all(promise.text in shown for promise in played.promises)
    assert "\x1b" not in shown


def _act(kept):
    return lambda stage: Scene("An act", "Something.", [], [Promise("Water flows downhill", kept, "1 against 2")])


def test_a_broken_promise_is_exit_code_1_and_is_named(tmp_path, capsys):
    assert main(["-o", str(tmp_path)], [_act(True), _act(False)]) == 1
    captured = capsys.readouterr()
    assert "1 of 2 promises kept" in captured.out
    assert captured.err == "not kept on this machine: Water flows downhill (1 against 2)\n"
    assert "1 of 2 promises kept" in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_kept_promises_are_exit_code_0_and_json_stands_alone(tmp_path, capsysbinary):
    assert main(["-o", str(tmp_path / "new"), "--json"], [_act(True)]) == 0
    captured = capsysbinary.readouterr()
    record = json.loads(captured.out)
    assert record["ok"] is True
    assert record["report"] == str(tmp_path / "new" / "report.html")
    assert captured.err == b""


def test_a_folder_that_cannot_be_made_is_one_line(tmp_path, capsys):
    (tmp_path / "file").write_text("")
    assert main(["-o", str(tmp_path / "file" / "demo")], [_act(True)]) == 1
    assert capsys.readouterr().err.startswith("error: ")


def test_a_slow_machine_does_less(tmp_path, monkeypatch):
    monkeypatch.setattr(script, "_REFERENCE_SECONDS", 0.0)
    stage = Stage(tmp_path)
    asked = stage.known_items
    assert perform(stage, lambda act: None, [_act(True)]).reduced
    assert stage.known_items < asked


def test_documents_that_are_gone_after_a_kill_are_counted(tmp_path):
    with Index.create(tmp_path / "index") as index:
        index.add([Document(name, "wing") for name in "abd"])
    batch = [Document(name, "wing") for name in "de"]
    crash, there = crashing._examine(tmp_path / "index", 0, "rename", -9, {"a", "b", "c"}, batch)
    assert (crash.lost, crash.half_there, crash.killed, there) == (1, 1, True, {"a", "b", "d"})


def test_kills_hit_every_kind_of_operation_if_there_are_enough():
    operations = ["create", "write", "write", "write", "sync", "rename"]
    assert [operations[at] for at in crashing._moments(operations, 9)] == ["create", "write", "sync", "rename"]
    assert [operations[at] for at in crashing._moments(operations, 2)] == ["create", "rename"]


def test_blocked_means_loopback_only():
    code = """
import socket
from gossamer.app.demo.offline import NetworkUsed, block_network, is_blocked
assert not is_blocked()
block_network()
assert is_blocked()
for attempt in (
    lambda: socket.create_connection(("192.0.2.1", 80), 0.1),
    lambda: socket.create_connection(("2001:db8::1", 80), 0.1),
    lambda: socket.getaddrinfo("example.org", 80),
    lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"", ("192.0.2.1", 9)),
    lambda: socket.create_server(("0.0.0.0", 0)),
):
    try:
        attempt()
    except NetworkUsed:
        continue
    raise SystemExit(f"not refused: {attempt}")
with socket.create_server(("127.0.0.1", 0)) as server:
    socket.create_connection(server.getsockname()).close()
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_systems_take_turns_and_are_asked_one_query_at_a_time():
    asked = []
    trials = {name: Trial(lambda query, name=name: asked.append(name + query), ["1", "2"]) for name in "ab"}
    timed = take_turns(trials, rounds=3)
    assert asked == ["a1", "a2", "b1", "b2"] * 3
    assert all(len(timed[name].microseconds) == 2 and min(timed[name].microseconds) >= 0 for name in "ab")


def test_a_query_counts_by_its_median(monkeypatch):
    ticks = iter([0, 1_000, 0, 900_000, 0, 3_000])  # one run of three was disturbed
    monkeypatch.setattr("gossamer.app.demo.measuring.perf_counter_ns", lambda: next(ticks))
    assert take_turns({"a": Trial(str, ["x"])}, rounds=3)["a"].microseconds == [3.0]


def test_peak_memory_is_that_of_the_block():
    with spending() as small:
        pass
    with spending() as large:
        bytearray(64 << 20)
    assert large.peak_bytes - small.peak_bytes > 32 << 20


def test_an_interval_holds_its_mean():
    found = mean([0.0] * 20 + [1.0] * 30)
    assert found.value == pytest.approx(0.6)
    assert found.low < found.value < found.high
    assert re.fullmatch(r"0\.60 \(0\.\d\d-0\.\d\d\)", str(found))


@given(st.lists(st.text("abcdefgxyz", min_size=1, max_size=12), min_size=1, max_size=6), st.integers(0, 5))
def test_every_word_gets_exactly_one_typo(words, seed):
    mistyped = mistype(" ".join(words), seed).split()
    assert mistyped == mistype(" ".join(words), seed).split()
    for word, slipped in zip(words, mistyped, strict=True):
        assert _edits(word, slipped) == (len(word) > 1)


@cache
def _edits(a, b):
    """Letters inserted, lost, replaced, or swapped with the next: the optimal string alignment distance."""
    if not a or not b:
        return len(a) + len(b)
    fewest = min(_edits(a[1:], b) + 1, _edits(a, b[1:]) + 1, _edits(a[1:], b[1:]) + (a[0] != b[0]))
    if a[:2] == b[1::-1] and len(a) > 1 < len(b):
        fewest = min(fewest, _edits(a[2:], b[2:]) + 1)
    return fewest


def test_known_items_are_cut_out_of_their_documents():
    corpus = list(read("python:asyncio"))
    items, left = cut(corpus, 30, seed=1)
    before, after = ({one.id: one.text for one in some} for some in (corpus, left))
    assert len({item.id for item in items}) == 30
    assert list(before) == list(after)
    for item in items:
        words = item.query.split()
        assert words == re.findall(r"\S+", before[item.id])[_at(before[item.id], words) :][: len(words)]
        assert sorted(words + after[item.id].split()) == sorted(before[item.id].split())
    untouched = before.keys() - {item.id for item in items}
    assert all(before[name] == after[name] for name in untouched)
    assert cut(corpus, 30, seed=1) == (items, left)
    assert cut(corpus, 30, seed=2)[0] != items


def _at(text, words):
    """The number of the word at which a sentence starts."""
    all_words = text.split()
    return next(at for at in range(len(all_words)) if all_words[at : at + len(words)] == words)


def test_the_chart_names_every_system_once_and_is_xml():
    frontier = Frontier("success@5", "query_us", title="A <title>")
    frontier.add("random & co", 0.0, 9.0, interval=(0.0, 0.0), naive=True)
    frontier.add("ours", 0.8, 30.0, interval=(0.7, 0.9))
    for words, cost in ((1, 12.0), (3, 20.0)):
        frontier.add("rarest", 0.2 * words, cost, label=f"{words} words")
    drawn = ElementTree.fromstring(chart(frontier, "ours"))
    texts = [element.text for element in drawn.iter("text")]
    assert [texts.count(name) for name in ("random & co", "ours", "rarest: 1 words")] == [1, 1, 1]
    at = {
        circle.find("title").text.partition(":")[0]: (float(circle.get("cx")), float(circle.get("cy")))
        for circle in drawn.iter("circle")
    }
    cheapest_first = [at[name] for name in ("random & co", "rarest 1 words", "rarest 3 words", "ours")]
    assert len(at) == 4
    assert cheapest_first == sorted(cheapest_first)
    assert [y for _, y in cheapest_first] == sorted((y for _, y in cheapest_first), reverse=True)  # better is higher up
