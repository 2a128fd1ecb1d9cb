"""Notebooks: cells in order, Markdown with headings, code as code, and of the output only what is text."""

from __future__ import annotations

import json

from reading import read_one, reason, spanned

CELLS = [
    {"cell_type": "markdown", "source": ["# Wings\n", "\n", "Lift is a force.\n"]},
    {
        "cell_type": "code",
        "source": "lift(4)\n",
        "outputs": [
            {"output_type": "stream", "text": ["4 N\n"]},
            {"output_type": "execute_result", "data": {"text/plain": "4.0", "text/html": "<b>4.0</b>"}},
            {"output_type": "display_data", "data": {"text/plain": "<Figure>", "image/png": "iVBORw0KGgo="}},
            {"output_type": "error", "traceback": ["no"]},
        ],
    },
    {"cell_type": "code", "source": [], "outputs": []},
    {"cell_type": "markdown", "source": "## Drag \ud83d\n```sh\nls\n```"},
    {"cell_type": "raw", "source": "raw"},
]


def notebook(**more):
    metadata = {"language_info": {"name": "python"}, "kernelspec": {"language": "R"}}
    return json.dumps({"nbformat": 4, "cells": CELLS, "metadata": metadata, **more}).encode()


def test_a_notebook_gives_its_cells_with_headings_and_code():
    document = read_one("notebook", notebook())
    assert document.text == "# Wings\n\nLift is a force.\n\nlift(4)\n\n4 N\n\n4.0\n\n## Drag ?\n```sh\nls\n```\n\nraw"
    assert spanned(document, "heading") == [("# Wings", "Wings", 1), ("## Drag ?", "Drag ?", 2)]
    assert spanned(document, "code") == [("lift(4)", "python", 0), ("```sh\nls\n```", "sh", 0)]
    assert document.title == "Wings"
    assert read_one("notebook", notebook(metadata={"title": "Of flight"})).title == "Of flight"


def test_a_notebook_of_version_3_is_read_too():
    cells = [
        {"cell_type": "heading", "level": 2, "source": ["Wings"]},
        {
            "cell_type": "code",
            "input": "lift()",
            "language": "python",
            "outputs": [{"text": "4"}, {"png": "iV", "text": "x"}],
        },
    ]
    document = read_one("notebook", json.dumps({"nbformat": 3, "worksheets": [{"cells": cells}]}).encode())
    assert document.text == "Wings\n\nlift()\n\n4"
    assert spanned(document, "heading") == [("Wings", "Wings", 2)]
    assert spanned(document, "code") == [("lift()", "python", 0)]


def test_what_is_no_notebook_says_why():
    assert reason("notebook", b"") == "empty file"
    assert reason("notebook", b"{").startswith("not a notebook: no JSON (Expecting property name")
    assert reason("notebook", b'{"a": ' * 100_000).startswith("not a notebook: no JSON")
    for data in (b"[]", b"1", b'{"cells": 1}', b'{"cells": []}', b'{"worksheets": [1, {"cells": 2}]}'):
        assert reason("notebook", data) == "no cells in it, or not a notebook"
    assert reason("notebook", b'{"cells": [1, {}, {"cell_type": []}, {"source": 1}]}') == "no text in it"
