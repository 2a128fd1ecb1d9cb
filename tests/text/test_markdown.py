"""Markdown: headings, fences and titles; the reference parser markdown-it is the oracle of the block structure."""

from __future__ import annotations

import pytest
from hypothesis import given, settings, strategies as st
from markdown_it import MarkdownIt
from reading import read_one, spanned

from gossamer.text.readers.markdown import structure

MARKDOWN = """\
---
title: "Of *flight*"
tags: [wing]
---
# Wings & `lift_force` #

Lift is a *force*
of two lines
============

- item
  ## Within
  ```py
  # no heading
  ```

<!-- # no heading
# nor this -->

    # indented code

~~~ c extra
# no heading

~~~
## [Drag](https://example.org) __and__ snake_case
"""


def test_markdown_is_kept_with_headings_and_fences_as_spans():
    document = read_one("markdown", MARKDOWN.encode())
    assert document.text == MARKDOWN
    assert document.title == "Of *flight*"
    assert spanned(document, "heading") == [
        ("# Wings & `lift_force` #", "Wings & lift_force", 1),
        ("Lift is a *force*\nof two lines\n============", "Lift is a force of two lines", 1),
        ("  ## Within", "Within", 2),
        ("## [Drag](https://example.org) __and__ snake_case", "Drag and snake_case", 2),
    ]
    assert spanned(document, "code") == [
        ("  ```py\n  # no heading\n  ```", "py", 0),
        ("~~~ c extra\n# no heading\n\n~~~", "c", 0),
    ]


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("intro\n\n## Second\n\n# First\n", "First"),
        ("---\ntitle: 'Named'\n---\n# First\n", "Named"),
        ("---\nauthor: me\n---\n# First\n", "First"),
        ("# " + "x" * 2000, ""),
        ("plain\n", ""),
    ],
)
def test_the_title_is_of_the_front_matter_else_the_first_heading(text, title):
    assert structure(text)[0] == title


def by_markdown_it(text):
    """Headings and fences outside block quotes, as the reference parser finds them: kind, first line, level."""
    found, quotes = set(), 0
    for token in MarkdownIt("commonmark").disable("inline").parse(text):
        quotes += {"blockquote_open": 1, "blockquote_close": -1}.get(token.type, 0)
        if quotes == 0 and token.type in ("heading_open", "fence"):
            kind = "code" if token.type == "fence" else "heading"
            found.add((kind, token.map[0], int(token.tag[1:]) if kind == "heading" else 0))
    return found


MARKDOWN_LINES = [
    "# one", "## two ##", "####### seven", "#", "#tag", "text", "more text", "===", "---", "***", "- item", "* item",
    "1. item", "  continued", "   three blanks", "    four blanks", "```", "```py", "~~~", "  ```", "> quote", "", "",
    "<!-- comment -->", "| a | b |",
]  # fmt: skip


@given(st.lists(st.sampled_from(MARKDOWN_LINES), max_size=12))
@settings(max_examples=400)
def test_markdown_structure_agrees_with_the_reference_parser(lines):
    text = "\n".join(["start", "", *lines])  # so that a first line --- is no front matter
    found = {(s.kind, text.count("\n", 0, s.start), s.level) for s in structure(text)[1]}
    assert found == by_markdown_it(text)


@given(st.text(alphabet="#=-~`>* \t\n<!a1.)[]_\\", max_size=300))
def test_spans_of_any_markdown_are_ordered_and_within_the_text(text):
    _, spans = structure(text)
    assert all(0 <= span.start <= span.end <= len(text) for span in spans)
    assert [span.start for span in spans] == sorted(span.start for span in spans)
