"""Frontiers: what beats what, equal-cost comparison, intervals over seeds, storage and pictures."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import warnings
from xml.etree import ElementTree

import pytest
import scipy.stats
from hypothesis import given, settings, strategies as st

from gossamer.errors import UsageError
from gossamer.frontier import Cost, Frontier, plot_panels
from gossamer.frontier.costs import UNITS, format_number

few = st.integers(0, 6)  # so that points often tie
measured = st.lists(st.tuples(st.sampled_from(["bm25", "block", "random"]), few, few), min_size=1, max_size=12)


def frontier_of(points) -> Frontier:
    frontier = Frontier()
    for name, quality, cost in points:
        frontier.add(name, quality, cost, naive=name == "random")
    return frontier


def example() -> Frontier:
    frontier = Frontier("ndcg@10", "latency_us", title="Search <fast> & slow")
    frontier.add("random", 0.01, 2, naive=True)
    frontier.add("bm25 $k_1$", 0.37, 90, interval=(0.34, 0.40), version="1.2")
    for cost, quality in [(30, 0.30), (50, 0.35), (190, 0.40)]:
        frontier.add("block", [quality - 0.01, quality, quality + 0.01], [cost - 1, cost, cost + 1], label=f"{cost}")
        frontier.add("random blocks", quality / 4, cost, naive=True)
    return frontier


class TestPareto:
    @given(measured)
    def test_is_what_no_point_beats(self, points):
        frontier = frontier_of(points)
        best = frontier.pareto()
        for point in frontier:
            beaten = any(
                o.cost <= point.cost
                and o.quality >= point.quality
                and (o.cost, o.quality) != (point.cost, point.quality)
                for o in frontier
            )
            assert (point in best) != beaten
        assert len(best) + len(frontier.dominated()) == len(frontier)
        assert [p.cost for p in best] == sorted(p.cost for p in best)
        assert [p.quality for p in best] == sorted(p.quality for p in best)

    @given(measured, st.integers(-1, 7))
    def test_at_cost_is_the_staircase(self, points, cost):
        frontier = frontier_of(points)
        affordable = [point for point in frontier if point.cost <= cost]
        found = frontier.at_cost(cost)
        if not affordable:
            assert found is None
        else:
            assert found is not None
            assert found.quality == max(point.quality for point in affordable)
            assert found in frontier.pareto()

    def test_equal_points_stay_together(self):
        frontier = frontier_of([("bm25", 3, 1), ("block", 3, 1), ("bm25", 3, 2), ("bm25", 2, 1)])
        assert [p.name for p in frontier.pareto()] == ["bm25", "block"]


class TestEqualCost:
    @given(measured)
    def test_the_baseline_never_costs_more_and_is_its_best(self, points):
        frontier = frontier_of([("bm25", 3, 3), ("random", 1, 2), *points])
        naive = [p for p in frontier if p.naive]
        for compared in frontier.equal_cost("bm25"):
            affordable = [p.quality for p in naive if p.cost <= compared.point.cost]
            if compared.baseline is None:
                assert not affordable
                assert compared.verdict == "unmatched"
                continue
            assert compared.baseline.quality == max(affordable)
            assert compared.gain == compared.point.quality - max(affordable)
            assert compared.verdict == {1: "better", 0: "equal", -1: "worse"}[(compared.gain > 0) - (compared.gain < 0)]
            needed = [p.cost for p in naive if p.quality >= compared.point.quality]
            if needed and compared.point.cost:
                assert compared.cost_ratio == min(needed) / compared.point.cost
            else:
                assert compared.cost_ratio is None

    @pytest.mark.parametrize(
        ("ours", "theirs", "verdict"),
        [((0.5, 0.6), (0.3, 0.4), "better"), ((0.5, 0.6), (0.4, 0.52), "undecided"), ((0.1, 0.2), (0.3, 0.4), "worse")],
    )
    def test_overlapping_intervals_decide_nothing(self, ours, theirs, verdict):
        frontier = Frontier()
        frontier.add("bm25", sum(ours) / 2, 5, interval=ours)
        frontier.add("tantivy", sum(theirs) / 2, 5, interval=theirs)
        (compared,) = frontier.equal_cost("bm25", "tantivy")
        assert compared.verdict == verdict

    def test_what_is_not_there_is_named(self):
        frontier = frontier_of([("bm25", 1, 1)])
        with pytest.raises(UsageError, match=r"a naive point \(naive=True\); it holds bm25"):
            frontier.equal_cost("bm25")
        with pytest.raises(UsageError, match="does not hold 'bm26'"):
            frontier.equal_cost("bm26")


class TestAdd:
    def test_seeds_become_a_mean_with_a_t_interval(self):
        values = [0.71, 0.74, 0.73]
        point = Frontier().add("rigl", values, [10, 11, 12], seeds=[0, 1, 2], confidence=0.9)
        expected = scipy.stats.t.interval(0.9, 2, sum(values) / 3, scipy.stats.sem(values))
        assert (point.quality, point.cost, point.n) == (pytest.approx(sum(values) / 3), 11, 3)
        assert point.interval == pytest.approx(expected)
        assert point.interval_kind == "t"
        assert point.cost_interval is not None
        assert point.facts == {"seeds": [0, 1, 2]}

    def test_a_given_interval_is_kept(self):
        point = Frontier().add("bm25", 0.37, 90, interval=(0.34, 0.40))
        assert (point.interval, point.interval_kind, point.n) == ((0.34, 0.40), "given", 1)
        assert Frontier().add("bm25", 0.37, 90).interval is None

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [((float("nan"), 1, {}), "quality must be a finite number"), ((0.5, float("inf"), {}), "cost must be a finite"),
         ((0.5, -1, {}), "cost -1.0 is negative"), (([], 1, {}), "one for each seed"),
         ((0.5, 1, {"interval": (0.6, 0.7)}), r"interval \[0.6, 0.7\] does not hold the quality 0.5"),
         (([0.5, 0.6], 1, {"seeds": [1]}), "1 seeds for 2 values"),
         ((0.5, 1, {"machine": object()}), "facts must be JSON values")],
    )  # fmt: skip
    def test_mistakes_are_explained(self, arguments, message):
        quality, cost, options = arguments
        with pytest.raises(UsageError, match=f"bm25: .*{message}"):
            Frontier().add("bm25", quality, cost, **options)


class TestCost:
    def test_every_unit_is_read_with_and_without_a_quantity(self):
        for unit, shown in UNITS.items():
            assert str(Cost.parse(f"peak_memory_{unit}")) == f"peak memory ({shown})"
            assert str(Cost.parse(unit)) == shown

    @pytest.mark.parametrize("name", ["latency", "latency_usec", "latency_uss", "", "us_latency"])
    def test_a_cost_without_a_unit_is_refused(self, name):
        with pytest.raises(UsageError, match="does not end in a unit"):
            Frontier(cost=name)

    @given(st.floats(1e-6, 1e12))
    def test_numbers_keep_three_digits(self, value):
        assert float(format_number(value)) == pytest.approx(value, rel=0.005)


class TestJson:
    @given(measured)
    def test_survives_the_round_trip(self, points):
        frontier = frontier_of(points)
        assert Frontier.from_json(frontier.to_json()).points == frontier.points

    def test_keeps_everything(self):
        frontier = example()
        again = Frontier.from_json(frontier.to_json())
        assert again.points == frontier.points
        assert (again.quality, again.cost, again.title) == (frontier.quality, frontier.cost, frontier.title)

    def test_other_json_and_newer_versions_are_refused(self):
        record = json.loads(example().to_json())
        with pytest.raises(UsageError, match="format version 99; this gossamer reads up to 1"):
            Frontier.from_json(json.dumps({**record, "version": 99}))
        for text in ("[]", "{", '{"format": "other", "version": 1}', '"gossamer-frontier"'):
            with pytest.raises(UsageError, match="not the JSON of a frontier"):
                Frontier.from_json(text)


class TestText:
    def test_the_plot_shows_points_staircase_and_legend(self):
        lines = example().text(60, 10).splitlines()
        plot = [line.partition("│")[2] for line in lines if "│" in line]
        assert len(plot) == 10
        assert max(map(len, lines[:13])) <= 60
        assert plot[0].count("C") == 1  # the best point, at the top right
        assert plot[0].index("C") > 40
        assert plot[-1].startswith("a·")  # the cheapest, at the bottom left, then the staircase
        assert any(re.search(r"A|B", row) for row in plot)
        legend = "\n".join(lines)
        assert re.search(r"B bm25 \$k_1\$ +0\.37 \[0\.34, 0\.4\] +at 90 µs +★$", legend, re.MULTILINE)
        assert re.search(r"d random blocks \(naive\) +0\.1 +at 190 µs$", legend, re.MULTILINE)
        assert "a random (naive)" in legend

    def test_ascii_only(self):
        assert example().text(ascii_only=True).isascii()

    @given(measured, st.integers(30, 90), st.integers(5, 25))
    def test_every_size_and_set_can_be_drawn(self, points, width, height):
        lines = frontier_of(points).text(width, height).splitlines()
        assert sum("│" in line for line in lines) == height

    def test_what_cannot_be_drawn_is_refused(self):
        with pytest.raises(UsageError, match="no points"):
            Frontier().text()
        with pytest.raises(UsageError, match="too small"):
            example().text(10, 3)

    def test_the_alternative_text_tells_the_result(self):
        text = example().alt_text()
        assert "8 points of 4 methods" in text
        assert "On the frontier: random (naive) 0.01 at 2 µs, block 30 0.3 at 30 µs" in text
        assert "Beaten: random blocks (naive)" in text
        assert "At equal cost block gains up to 0.3 over the naive baseline." in text


SVG = "{http://www.w3.org/2000/svg}"


class TestPictures:
    @pytest.fixture
    def svg(self, tmp_path) -> ElementTree.Element:
        example().plot(tmp_path / "f.svg")
        return ElementTree.fromstring((tmp_path / "f.svg").read_text(encoding="utf-8"))

    def test_text_is_text(self, svg):
        texts = {"".join(element.itertext()) for element in svg.iter(f"{SVG}text")}
        assert {"ndcg@10", "latency (µs)", "Search <fast> & slow", "bm25 $k_1$", "random (naive)", "30", "100"} <= texts

    def test_the_alternative_text_is_announced(self, svg):
        named = svg.attrib["aria-labelledby"].split()
        title, description = (svg.find(f".//*[@id='{name}']") for name in named)
        assert svg.attrib["role"] == "img"
        assert title is not None
        assert title.text == "Search <fast> & slow"
        assert description is not None
        assert description.text == example().alt_text()

    def test_dark_pages_swap_every_colour_of_text_axes_and_paper(self, svg):
        rules = "".join(style.text or "" for style in svg.iter(f"{SVG}style"))
        assert "@media (prefers-color-scheme: dark)" in rules
        styles = " ".join(element.attrib.get("style", "") for element in svg.iter())
        for part, colour in re.findall(r"\b(fill|stroke): (#[0-9a-f]{6})", styles):
            swapped = f'[style*="{part}: {colour}"]' in rules
            assert swapped or colour in ("#0072b2", "#d55e00", "#009e73", "#cc79a7"), colour

    def test_methods_differ_without_colour_and_naive_ones_are_hollow(self, svg):
        legend = svg.find(f".//{SVG}g[@id='legend_1']")
        assert legend is not None
        shapes, fills = [], []
        for use in legend.iter(f"{SVG}use"):
            (path,) = [
                p for p in svg.iter(f"{SVG}path")
                if p.attrib.get("id") == use.attrib["{http://www.w3.org/1999/xlink}href"][1:]
            ]  # fmt: skip
            shapes.append(path.attrib["d"])
            fills.append(re.search(r"fill: (#\w+)", use.attrib["style"])[1])
        assert len(set(shapes)) == len(shapes) == 4
        hollow = "#ffffff"
        assert [fill == hollow for fill in fills] == [True, False, False, True]

    def test_the_same_frontier_gives_the_same_bytes(self, tmp_path):
        for name in ("a.svg", "b.svg"):
            plot_panels([example(), example()], tmp_path / name)
        assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()

    def test_png_carries_the_alternative_text(self, tmp_path):
        plot_panels([example(), frontier_of([("bm25", 1, 0)])], tmp_path / "f.png")
        content = (tmp_path / "f.png").read_bytes()
        assert content.startswith(b"\x89PNG")
        assert b"Description" in content

    @pytest.mark.filterwarnings("error")
    @settings(max_examples=15)
    @given(measured)
    def test_every_set_of_points_can_be_drawn(self, tmp_path_factory, points):
        frontier_of(points).plot(tmp_path_factory.getbasetemp() / "any.svg")

    def test_what_cannot_be_drawn_is_refused(self, tmp_path):
        with pytest.raises(UsageError, match=r"written as \.svg or \.png"):
            example().plot(tmp_path / "f.pdf")
        with pytest.raises(UsageError, match="without points"):
            Frontier().plot(tmp_path / "f.svg")

    def test_without_matplotlib_the_extra_is_named(self, tmp_path, monkeypatch):
        monkeypatch.setitem(sys.modules, "matplotlib", None)
        with pytest.raises(UsageError, match=r"pip install 'gossamer\[plot\]'"):
            example().plot(tmp_path / "f.svg")
        assert example().text()


def test_nothing_heavy_is_imported_before_a_picture_is_drawn():
    code = (
        "import sys; from gossamer.frontier import Frontier, plot_panels; f = Frontier(); f.add('a', 1, 2); f.text(); "
        "print([m for m in ('numpy', 'matplotlib', 'scipy') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_many_long_names_leave_room_for_the_panels(tmp_path):
    frontier = Frontier(cost="latency_us")
    for number in range(12):
        frontier.add(f"a system whose name is rather long, number {number}", 0.3 + number / 100, 10 + number)
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # matplotlib warns where a legend pushes axes out of the picture
        plot_panels([frontier] * 3, tmp_path / "f.svg")
