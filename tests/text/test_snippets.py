"""Highlights and windows by their properties, and rendering that cannot break markup."""

from __future__ import annotations

import html
import re
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given, strategies as st

from gossamer import _native
from gossamer.text import Passage, analyzer
from gossamer.text.snippets import Snippet, excerpts, highlights, render

WINDOW = 240  # characters

english = analyzer("english")
words = st.sampled_from([
    "wing", "wings", "WING’S", "lift", "lifted", "the", "of", "bird", "½", "x" * 30, "end.", "<b>", "&amp;",
    "👩🏽", "é",
    "\n\n", "\r\n", "cafe\u0301",
])  # fmt: skip
texts = st.lists(words, max_size=150).map(" ".join)
terms_of_queries = st.sampled_from(["wing", "lift", "bird", "1", "2", "café", "none"])
queries = st.dictionaries(terms_of_queries, st.floats(0, 9), max_size=5)


@given(text=texts, terms=queries, cut=st.tuples(st.integers(0, 40), st.integers(0, 400)))
def test_highlights_are_the_matching_words(text: str, terms: dict[str, float], cut: tuple[int, int]) -> None:
    start, end = cut
    ranges = highlights(english, text, terms, start, end)
    expected = [(t.start + start, t.end + start) for t in english(text[start:end]) if t.term in terms]
    assert ranges == sorted(set(expected))
    assert all(a[1] <= b[0] for a, b in pairwise(ranges))
    for a, b in ranges:
        assert set(english.terms(text[a:b])) & set(terms)


@given(text=texts, terms=queries, start=st.integers(0, 1000))
def test_windows_are_whole_and_apart(text: str, terms: dict[str, float], start: int) -> None:
    passage = Passage(start, start + len(text), text)
    [excerpt] = excerpts(english, [passage], terms, "wing lift")
    assert excerpt.highlights == [(a + start, b + start) for a, b in highlights(english, text, terms)]
    windows = [(a - start, b - start) for a, b in excerpt.snippet.windows]
    assert 1 <= len(windows) <= 2
    for a, b in windows:
        assert 0 <= a <= b <= len(text)
        assert b - a <= 2 * WINDOW + 4
        for mark_start, mark_end in excerpt.highlights:  # no window cuts a highlight
            assert mark_end - start <= a or mark_start - start >= b or a <= mark_start - start < mark_end - start <= b
    assert all(text[a[1] : b[0]].strip() for a, b in pairwise(windows))
    if excerpt.highlights:
        assert any(a <= s - start < b for s, _ in excerpt.highlights for a, b in windows)


def best_windows(text: str, weights: dict[str, float], query: str) -> list[tuple[int, int]]:
    """The rule of `excerpts` word for word, for a text of sentences that fit into a window."""
    sentences = [(start, end) for start, end, *_ in _native.split_sentences(text)]
    tokens = [t for t in english(text) if t.term in weights]
    wanted = [t for t in english(query) if t.term in weights]
    pairs = {(a.term, b.term, b.position - a.position) for a, b in pairwise(wanted) if b.position - a.position <= 4}

    def score(window: tuple[int, int], lacking: set[str]) -> float:
        inside = [t for t in tokens if window[0] <= t.start < window[1]]
        found = {(a.term, b.term, b.position - a.position) for a in inside for b in inside} & pairs
        terms = sum(weights[term] for term in {t.term for t in inside} & lacking)
        early = 1e-3 * max(weights.values(), default=0) * window[0] / max(len(text), 1)
        return terms + sum((weights[a] + weights[b]) / 2 for a, b, _ in found) - early

    def terms_in(window: tuple[int, int]) -> set[str]:
        return {t.term for t in tokens if window[0] <= t.start < window[1]}

    windows = [(s, max(e for _, e in sentences if e <= s + WINDOW)) for s, _ in sentences]
    windows = [w for w in windows if terms_in((w[0], next(e for s, e in sentences if s == w[0])))]
    best = max(windows, key=lambda w: score(w, set(weights)))
    lacking = set(weights) - terms_in(best)
    others = [w for w in windows if (w[1] <= best[0] or w[0] >= best[1]) and terms_in(w) & lacking]
    if not others:
        return [best]
    first, second = sorted([best, max(others, key=lambda w: score(w, lacking))])
    return [first, second] if text[first[1] : second[0]].strip() else [(first[0], second[1])]


@given(rng=st.randoms(use_true_random=False))
def test_the_best_windows_are_shown(rng: Random) -> None:
    words = ["wing", "lift", "bird", "of", *["feathers"] * rng.randint(1, 20)]
    text = " ".join(f"Then {' '.join(rng.choices(words, k=rng.randint(1, 20)))}." for _ in range(rng.randint(2, 30)))
    weights = {term: float(rng.randint(1, 5)) for term in ("wing", "lift", "bird")}
    query = " ".join(rng.choices(words[:4], k=4))
    [excerpt] = excerpts(english, [Passage(0, len(text), text)], weights, query)
    if excerpt.highlights:
        assert list(excerpt.snippet.windows) == best_windows(text, weights, query)


def test_no_window_cuts_a_match_where_no_white_space_is() -> None:
    text = "、".join(["翼の揚力"] * 200)
    [excerpt] = excerpts(english, [Passage(0, len(text), text)], {"翼の揚力": 1.0})
    [(start, end)] = excerpt.snippet.windows
    assert (text[start], text[end - 1]) in {("翼", "力"), ("翼", "、")}


FILLER = "Nothing of interest stands in this sentence, which is only here to take up some room on the page. " * 4


def shown(text: str, weights: dict[str, float], query: str = "") -> str:
    return excerpts(english, [Passage(0, len(text), text)], weights, query)[0].snippet.text(text)


def test_the_heavier_window_wins() -> None:
    text = f"A wing. {FILLER}A bird."
    assert shown(text, {"wing": 1, "bird": 0}).startswith("A wing.")
    # Both are shown where each holds what the other lacks.
    assert re.fullmatch(r"A wing\. .* … .*A bird\.", shown(text, {"wing": 1, "bird": 2}))


def test_distinct_terms_beat_repetition() -> None:
    text = f"Wing, wing, wing, wing. {FILLER}A wing and a bird. {FILLER}"
    assert "wing and a bird" in shown(text, {"wing": 1, "bird": 1})
    assert "…" not in shown(text, {"wing": 1, "bird": 1})


def test_pairs_of_the_query_count() -> None:
    text = f"Lift it with a wing. {FILLER}The wing lift is large. {FILLER}"
    weights = {"wing": 1.0, "lift": 1.0}
    assert shown(text, weights).startswith("Lift it")
    assert "The wing lift" in shown(text, weights, "wing lift")
    # A stop word in the query keeps its gap.
    text = f"A wing lift. {FILLER}The lift of a wing is so. {FILLER}"
    assert shown(text, weights, "lift of the wing").startswith("The lift of a wing")


def test_equal_windows_show_the_earlier() -> None:
    assert shown(f"One wing. {FILLER}Two wing.", {"wing": 1}).startswith("One wing.")


def test_a_long_sentence_is_cut_around_the_match() -> None:
    text = "so on and " * 60 + "wing " + "and so on " * 60
    [excerpt] = excerpts(english, [Passage(7, 7 + len(text), text)], {"wing": 1})
    [(start, end)] = excerpt.snippet.windows
    window = text[start - 7 : end - 7]
    assert len(window) <= WINDOW
    assert "wing" in window
    assert set(window.split()) == {"so", "on", "and", "wing"}
    unbroken = "x" * 500 + "wing"
    assert excerpts(english, [Passage(0, 504, unbroken)], {"none": 1})[0].snippet == Snippet(((0, WINDOW),))


def test_without_a_match_the_opening_is_shown() -> None:
    assert shown("First. Second.", {}) == "First. Second."
    assert shown("", {"wing": 1}) == ""
    assert len(shown(FILLER * 3, {"wing": 1})) <= WINDOW


def test_snippets_know_their_ends() -> None:
    snippet = Snippet(((3, 9), (20, 25)))
    assert (snippet.start, snippet.end) == (3, 25)


@given(text=texts, terms=queries)
def test_rendering_loses_and_breaks_nothing(text: str, terms: dict[str, float]) -> None:
    marked = render(text, highlights(english, text, terms))
    parts = re.split("(<mark>|</mark>)", marked)
    assert parts[1::4] == ["<mark>"] * len(parts[1::4])
    assert parts[3::4] == ["</mark>"] * len(parts[3::4])
    assert not re.search("[<>]", "".join(parts[::2]))
    assert "".join(html.unescape(part) for part in parts[::2]) == text


def test_rendering_by_example() -> None:
    assert render("a&b <wing>", [(5, 9)]) == "a&amp;b &lt;<mark>wing</mark>&gt;"
    assert render("a wing", [(2, 6)], "[", "]", str) == "a [wing]"
    assert render("", []) == ""


@pytest.mark.parametrize("query", ["", "wing " * 50_000])
def test_any_query_ends(query: str) -> None:
    assert excerpts(english, [Passage(0, 4, "Wing")], {"wing": 1.0}, query)[0].highlights == [(0, 4)]
