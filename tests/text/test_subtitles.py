"""Subtitles: the text of the cues, and the second at which each starts."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st
from reading import read_one, reason, spanned

from gossamer.text.passages import split
from gossamer.text.readers.registry import choose

SRT = """\
1
00:00:01,000 --> 00:00:03,500
<i>Lift</i> is a force
that acts {\\an8}upwards.

2
00:01:00,25 --> 00:01:02,000 X1:40 X2:600
- Is 1 < 2?
- Yes &amp; <font color="#fff">no</font>.

3
01:00:00,000 --> 01:00:01,234

"""

VTT = """\
WEBVTT - Of flight
Kind: captions

STYLE
::cue { color: red }

NOTE nobody says this

intro
00:01.000 --> 00:03.500 align:start position:0%
<v Ada>Lift <00:00:01.500><c.loud>is</c> a force

01:00:00.000 --> 01:00:02.000
Lift is a force
that acts upwards.
"""


def test_srt_gives_the_text_of_its_cues_and_their_times():
    document = read_one("subtitles", SRT.encode())
    assert document.text == "Lift is a force that acts upwards.\n- Is 1 < 2? - Yes & no."
    assert spanned(document, "time") == [
        ("Lift is a force that acts upwards.", "1", 0),
        ("- Is 1 < 2? - Yes & no.", "60.25", 0),
    ]
    assert (document.title, document.fields) == ("", {"seconds": "3601.23"})


def test_webvtt_gives_its_title_and_repeated_lines_once():
    document = read_one("subtitles", VTT.encode())
    assert document.title == "Of flight"
    assert document.text == "Lift is a force\nthat acts upwards."
    assert spanned(document, "time") == [("Lift is a force", "1", 0), ("that acts upwards.", "3600", 0)]
    assert choose(VTT.encode(), "captions").name == "subtitles"


def test_a_passage_says_when_it_is_spoken():
    cues = "".join(f"{n}\n00:00:{n:02},500 --> 00:00:{n + 1:02},000\nThis is sentence {n}.\n\n" for n in range(10, 20))
    passages = split(read_one("subtitles", cues.encode()), words=8)
    assert [(passage.text.split()[3], passage.time) for passage in passages][:2] == [("10.", 10.5), ("11.", 11.5)]


def test_cues_without_a_blank_line_between_them_are_told_apart():
    data = b"1\n00:00:01,000 --> 00:00:02,000\none\n2\n00:00:03,000 --> 00:00:04,000\ntwo\n"
    assert read_one("subtitles", data).text == "one\ntwo"


@given(st.lists(st.tuples(st.integers(0, 359_999_999), st.text("abc é", min_size=1)), min_size=1, max_size=20))
def test_the_times_of_any_cues_come_back(cues):
    def stamp(ms):
        return f"{ms // 3_600_000:02}:{ms // 60_000 % 60:02}:{ms // 1000 % 60:02},{ms % 1000:03}"

    shown = [(ms, f"{number} {' '.join(text.split())}".strip()) for number, (ms, text) in enumerate(cues)]
    data = "\n\n".join(f"{n}\n{stamp(ms)} --> {stamp(ms)}\n{text}" for n, (ms, text) in enumerate(shown))
    found = spanned(read_one("subtitles", data.encode()), "time")
    assert [(round(float(value) * 1000), text) for text, value, _ in found] == shown


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "empty file"),
        (b"WEBVTT\n\nNOTE nothing\n", "no cue with a time in it"),
        (b"1\n00:00:01,000 --> 00:00:02,000\n\n", "no text in its cues"),
    ],
)
def test_subtitles_without_words_are_refused(data, message):
    assert reason("subtitles", data) == message
