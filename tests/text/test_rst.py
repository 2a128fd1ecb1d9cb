"""reStructuredText: sections and code; docutils is the oracle of what is a section."""

from __future__ import annotations

import docutils.core
import docutils.nodes
import pytest
from hypothesis import assume, given, settings, strategies as st
from reading import read_one, spanned

from gossamer.text.readers.rst import structure

RST = """\
.. _wings:

==============
 Wings & *Lift*
==============

Lift is a :ref:`force <f>`, for example::

    no
    ----

    code here

Drag ``f()``
------------

.. note:: Read this.

   .. code-block:: python
      :linenos:

      x = 1

.. a comment

   Not a title
   -----------

>>> 1 + 1
2

* item::

      in the item

Tail
====
"""


def test_rst_is_kept_with_sections_and_code_as_spans():
    document = read_one("rst", RST.encode())
    assert document.text == RST
    assert document.title == "Wings & Lift"
    assert spanned(document, "heading") == [
        ("==============\n Wings & *Lift*\n==============", "Wings & Lift", 1),
        ("Drag ``f()``\n------------", "Drag f()", 2),
        ("Tail\n====", "Tail", 3),
    ]
    assert spanned(document, "code") == [
        ("    no\n    ----\n\n    code here", "", 0),
        ("      x = 1", "python", 0),
        (">>> 1 + 1\n2", "pycon", 0),
        ("      in the item", "", 0),
    ]


@pytest.mark.parametrize(
    ("title", "value"),
    [
        ("The `link <https://example.org>`_ and |sub|", "The link and sub"),
        (":mod:`flight` --- **strong** *emphasis*", "flight --- strong emphasis"),
        ("snake_case, 2 * 3 and a target_", "snake_case, 2 * 3 and a target"),
        ("C:\\\\dir", "C:\\dir"),
    ],
)
def test_headings_lose_their_markup(title, value):
    assert structure(f"{title}\n{'=' * 60}\n")[0].value == value


def by_docutils(text):
    """The line and level of every section, and the code blocks; None where docutils finds the text at fault."""
    settings = {"report_level": 5, "halt_level": 5, "doctitle_xform": False, "file_insertion_enabled": False}
    tree = docutils.core.publish_doctree(text, settings_overrides=settings)
    if any(message["level"] >= 3 for message in tree.findall(docutils.nodes.system_message)):
        return None
    sections = []

    def walk(node, level):
        for child in node.children:
            if isinstance(child, docutils.nodes.section):
                sections.append((child.children[0].astext(), level))
                walk(child, level + 1)

    walk(tree, 1)
    return sections, [node.astext() for node in tree.findall(docutils.nodes.literal_block)]


LINES = [
    "One", "Two words", " Indented", "Three", "===", "=====", "-----", "~~~~~", "==========", "", "", "", "- item",
    "1. item", "text::", "    code", "  quote", ".. note::", ".. comment", ".. code-block:: py", "   content", 
    ":field: value", "| line",
]  # fmt: skip


@given(st.lists(st.sampled_from(LINES), max_size=14))
@settings(max_examples=100)
def test_sections_agree_with_docutils(lines):
    text = "\n".join(lines)
    expected = by_docutils(text)
    assume(expected is not None)
    found = structure(text)
    assert [(span.value, span.level) for span in found if span.kind == "heading"] == expected[0]


@given(st.text(alphabet="=-~`:. \t\nab*|_\\>", max_size=300))
def test_spans_of_any_rst_are_ordered_and_within_the_text(text):
    spans = structure(text)
    assert all(0 <= span.start <= span.end <= len(text) for span in spans)
    assert [span.start for span in spans] == sorted(span.start for span in spans)
