"""Manual pages: sections, words without fonts, mdoc, and what roff is not run."""

from __future__ import annotations

import gzip

import pytest
from hypothesis import given, strategies as st
from reading import read_one, reason, spanned

from gossamer.text.readers.mdoc import MACROS, line
from gossamer.text.readers.registry import choose
from gossamer.text.readers.roff import Characters, arguments
from gossamer.text.sources import read

PAGE = r""".\" a comment
.TH WING 1 2026-11-24 "Flight 1.0"
.de Vb
not this
..
.ie n \{\
.ds xx no
.\}
.el .ds xx no
.ds D "Du
.SH NAME
wing \- make \fBlift\fR
.SH
SEE ALSO \" heading on the next line
The \*D fl\[u00FC]gel \(em caf\['e] \(lqquoted\(rq, a\
b.
.PP
.BR drag (1),
.B bold words
.TP
.BI \-a " file"
Ascend.
.SS Examples
.EX
$ wing \-a x
    y
.EE
"""

MDOC = r""".Dd November 24, 2026
.Dt DRAG 8
.Os
.Sh NAME
.Nm drag
.Nd make a force
.Sh SYNOPSIS
.Nm
.Op Fl a Ar file Ns ,
.Xr wing 1 .
.Bl -tag
.It Fl v
Be
.Em loud .
.El
"""


def test_a_man_page_is_its_words_with_sections_and_examples():
    document = read_one("man", PAGE.encode())
    assert document.title == "wing(1)"
    assert document.fields == {"section": "1"}
    assert document.text == (
        "NAME\n\nwing - make lift\n\nSEE ALSO\n\nThe Du flügel — café “quoted”, ab.\n\ndrag(1), bold words\n\n"
        "-a file\nAscend.\n\nExamples\n\n$ wing -a x\n    y"
    )
    assert spanned(document, "heading") == [
        ("NAME", "NAME", 1),
        ("SEE ALSO", "SEE ALSO", 1),
        ("Examples", "Examples", 2),
    ]
    assert spanned(document, "code") == [("$ wing -a x\n    y", "", 0)]


def test_an_mdoc_page_reads_as_it_is_shown():
    document = read_one("man", MDOC.encode())
    assert document.title == "drag(8)"
    assert document.text == ("NAME\n\ndrag – make a force\n\nSYNOPSIS\n\ndrag [-a file], wing(1).\n\n-v\nBe loud.")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (r"\s-1small\s0 \f(CWcode\fP \m[red]x\m[]", "small code x"),
        (r"a\&.b\|c\~d\ e\0f", "a.bc d e f"),
        (r"\e \\ \(rs", "\\ \\ \\"),
        (r"\N'65'\C'em'\[char66]\h'3n'\v'-1'", "A—B"),
        (r"\*(lqx\*(rq\*[unknown]", "“x”"),
        (r"a\[u110000]\[uD800]\(zz\[", "a"),
        ("plain", "plain"),
    ],
)
def test_escapes_are_characters_or_nothing(text, shown):
    assert Characters().plain(text) == shown


def test_strings_do_not_grow_without_end():
    characters = Characters()
    characters.define("a", "x" * 10)
    for _ in range(50):
        characters.define("a", r"\*a\*a")
    assert len(characters.plain(r"\*a")) <= 10


def test_arguments_are_words_or_quoted():
    assert arguments('a "b c" "d ""e""" f\\ g') == ["a", "b c", 'd "e"', "f\\ g"]


@given(st.lists(st.sampled_from([*sorted(MACROS), "word", ",", ".", "(", "1"]), min_size=1, max_size=12))
def test_no_word_of_a_line_of_mdoc_is_lost(words):
    assert line(words, "x").count("word") == words.count("word")


def test_pages_are_chosen_by_number_and_macros_and_unpacked(tmp_path):
    assert choose(PAGE.encode(), "wing.1").name == "man"
    assert choose(PAGE.encode(), "wing.3ssl").name == "man"
    assert choose(PAGE.encode(), "wing").name == "man"
    assert choose(b"version 1.1\n", "notes.1").name == "plain"
    (tmp_path / "wing.1.gz").write_bytes(gzip.compress(PAGE.encode()))
    (document,) = read(tmp_path)
    assert (document.id, document.title) == ("wing.1.gz", "wing(1)")


def test_a_page_that_points_to_another_says_so():
    assert reason("man", b".so man1/wing.1\n") == "no text of its own: it only points to man1/wing.1"
    assert reason("man", b".TH X 1\n") == "no text in it"
