"""Bibliographies: BibTeX and RIS, entry by entry, a broken one for itself."""

from __future__ import annotations

import pytest
from hypothesis import given, settings, strategies as st
from reading import read, read_one, reason

from gossamer.text.readers.registry import choose

BIBTEX = r"""Words outside entries are comments.
@string{jfm = "J. Fluid " # {Mech.}}
@comment{ignore @article{no, title={no}}}
@article{muller20,
  author = {M{\"u}ller, J{\"o}rg and Ada Byron and {Barnes and Noble} and King, Jr., Martin},
  title = "The {W}ing: {$\alpha$} {\"a}nd \emph{lift}",
  journal = jfm, year = 2020, month = mar # "~1",
  abstract = {We study
     50\% lift.},
  keywords = {wing, lift; drag}, doi = {10.1/a_b},
}
@book{broken, title = {No end
@inproceedings(paren, title={In parens}, booktitle={Proc.}, date={2021-03-04})
@misc{empty, note={x}}
@misc{, title={No key}}
@article{bad title={x}}
"""

RIS = """\
TY  - JOUR
AU  - Müller, Jörg
AU  - Byron, Ada
TI  - Wings
  of birds
PY  - 2020/03//
JO  - J. Fluid
AB  - We study lift.
KW  - wing
KW  - lift
ER  -
TY  - BOOK
ID  - own
T1  - Two
ER  -
TY  - BOOK
ER  -
TY  - CONF
"""


def test_a_bibtex_entry_is_a_document_with_its_fields():
    documents, skipped = read("bibtex", BIBTEX.encode(), document_id="refs.bib")
    assert [document.id for document in documents] == ["muller20", "paren", "refs.bib#15"]
    first = documents[0]
    assert first.title == "The Wing: α änd lift"
    assert first.text == (
        "The Wing: α änd lift\nJörg Müller, Ada Byron, Barnes and Noble, Martin King Jr., 2020, J. Fluid Mech.\n\n"
        "We study 50% lift."
    )
    assert first.fields == {
        "type": "article", "authors": ["Jörg Müller", "Ada Byron", "Barnes and Noble", "Martin King Jr."],
        "journal": "J. Fluid Mech.", "year": 2020, "month": "March 1", "abstract": "We study 50% lift.",
        "keywords": ["wing", "lift", "drag"], "doi": "10.1/a_b",
    }  # fmt: skip
    assert documents[1].fields["year"] == 2021
    assert skipped == [
        ("file:12", "field 'title' has no end"),
        ("file:14", "an entry with neither a title nor an abstract"),
        ("file:16", "an entry without a key"),
    ]


def test_a_ris_entry_is_a_document_with_its_fields():
    documents, skipped = read("ris", RIS.encode(), document_id="refs.ris")
    assert [(document.id, document.title) for document in documents] == [
        ("refs.ris#1", "Wings of birds"),
        ("own", "Two"),
    ]
    assert documents[0].text == "Wings of birds\nJörg Müller, Ada Byron, 2020, J. Fluid\n\nWe study lift."
    assert documents[0].fields == {
        "type": "article", "authors": ["Jörg Müller", "Ada Byron"], "year": 2020, "journal": "J. Fluid",
        "abstract": "We study lift.", "keywords": ["wing", "lift"],
    }  # fmt: skip
    assert skipped == [
        ("file:16", "an entry with neither a title nor an abstract"),
        ("file:18", "an entry without its end, the tag ER"),
    ]
    assert choose(RIS.encode(), "export").name == "ris"


@given(st.lists(st.text(alphabet='abc é{}"', max_size=20), min_size=1, max_size=5))
@settings(max_examples=100)
def test_titles_come_back(titles):
    titles = [" ".join("".join(char for char in title if char not in '{}"').split()) or "x" for title in titles]
    source = "\n".join(f"@misc{{k{number},\n title = {{{{{title}}}}}\n}}" for number, title in enumerate(titles))
    documents, skipped = read("bibtex", source.encode())
    assert [document.title for document in documents] == titles
    assert skipped == []


def test_strings_that_double_themselves_end():
    bomb = '@string{a = "xxxxxxxxxx"}' + "@string{a = a # a}" * 60 + "@misc{k, title = a}\n@misc{l, title = {fine}}"
    documents, skipped = read("bibtex", bomb.encode())
    assert [len(document.text) < 2**21 for document in documents] == [True] * len(documents)
    assert "longer than 1 Mi characters" in skipped[0][1]


@pytest.mark.parametrize("piece", ["@a{x,y={ ", "\n@a{x,y={", "@a{x,", "@a{k,t={{{", "@a{k,title=a#", "@comment{"])
def test_hostile_entries_are_read_in_one_pass(piece):
    documents, _ = read("bibtex", (piece * 20_000).encode())
    assert documents == []


def test_files_without_entries_are_refused():
    assert reason("bibtex", b"no entry here") == "no entry, which starts with an at-sign"
    assert reason("ris", b"no entry here") == "no entry, which starts with the tag TY"
    assert read_one("bibtex", b"@misc{k, title = {Fl\xfcgel}}").title == "Flügel"
