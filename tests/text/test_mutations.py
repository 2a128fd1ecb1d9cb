"""Whatever bytes of a good file are changed, a reader gives documents or one reason, and no other error."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from contextlib import suppress

import pytest
from hypothesis import given, settings, strategies as st
from test_archives import tarred
from test_notebook import notebook
from test_xml import ARTICLE
from tiny_office import packed, paragraph, shape, tiny_docx, tiny_epub, tiny_odt, tiny_pptx
from tiny_pdf import tiny_pdf

from gossamer.errors import Unreadable
from gossamer.text.readers.registry import HEAD_BYTES, Options, choose, readers

TABLE = "<w:tbl><w:tr><w:tc>" + paragraph("Angle") + "</w:tc><w:tc>" + paragraph("Lift") + "</w:tc></w:tr></w:tbl>"
SEEDS = {
    "docx": tiny_docx(
        paragraph("Wings", "berschrift1") + paragraph("Lift", inside='<w:footnoteReference w:id="2"/>') + TABLE,
        notes=f'<w:footnote w:id="2">{paragraph("Of air.")}</w:footnote>',
        title="Of flight",
    ),
    "pptx": tiny_pptx([shape(["Wings"], "title") + shape(["Lift"]), shape(["Drag"])], notes={1: shape(["n"], "body")}),
    "odt": tiny_odt(
        '<text:h text:outline-level="1">Wings</text:h><text:list><text:list-item><text:p>one<text:s/></text:p>'
        "</text:list-item></text:list><table:table><table:table-row><table:table-cell><text:p>4</text:p>"
        "</table:table-cell></table:table-row></table:table>"
    ),
    "epub": tiny_epub({"a.xhtml": "<h1>Wings</h1><p>Lift<a/></p><pre>x</pre>", "b.xhtml": "<p>Drag</p>"}, title="t"),
    "notebook": notebook(),
    "xml": ARTICLE.encode(),
    "zip": packed(
        {"a/b.md": "# Wings", "c.jsonl": '{"text": "x"}\n', "d.zip": packed({"e.txt": "e"})}, stored=("a/b.md",)
    ),
    "subtitles": b"WEBVTT - Wings\n\n1\n00:00:01.000 --> 00:00:02.500\n<i>Lift</i>\n\n00:03.000 --> 00:04.000\nDrag\n",
    "man": b'.TH LS 1\n.SH NAME\nls \\- \\fBlist\\fR \\*(lqx\\[rq]\n.SS "A B"\n.nf\ncode\n.fi\n.TP\n.B \\-a\nall\n',
    "mail": b"From: =?utf-8?q?J=C3=B6rg?= <a@b>\nSubject: Wings\nDate: Mon, 1 Jan 2024 00:00:00 +0100\n"
    b"Content-Type: multipart/alternative; boundary=x\n\n--x\nContent-Type: text/plain\n\nLift\n--x--\n",
    "rst": b"=====\nWings\n=====\n\nLift::\n\n    code\n\nDrag\n----\n\n.. code:: python\n\n   x = 1\n",
    "latex": rb"\title{W}\begin{document}\section{L\"ift} $\frac{a}{b}$ \footnote{n} \begin{verbatim}x\end{verbatim}",
    "bibtex": rb'@string{j = "J"} @article{k, title={{W}ing L\"ift}, author={A and C, D}, journal=j # "x", year=2020}',
    "ris": b"TY  - JOUR\nAU  - Byron, Ada\nTI  - Wings\n  of birds\nPY  - 2020\nER  -\n",
    "html": b"<html><title>W</title><body><h1>Wings</h1><p>Lift<b>s</b><table><tr><td>4</table><pre>x</pre>",
    "markdown": b"---\ntitle: W\n---\n# Wings\n\n- *Lift*\n\n```python\nx = 1\n```\n\nDrag\n----\n\n| a | b |\n",
    "delimited": b'id,text,year\n1,"wings, ""lift""",1903\n2,"two\nlines",\n',
    "jsonl": b'{"id": 1, "text": "wing \\u00e9", "n": [1, {"a": null}]}\n"bare"\n',
    "pdf": tiny_pdf([["Wings", "a know-", "ledge"], ["Drag"]], title="T", outline=[("Wings", 0)], roman=True),
    "tar": tarred({"a/b.md": "# Wings", "c.txt.gz": gzip.compress(b"packed"), "d.tar": tarred({"e.txt": "e"})}),
}


def mutated(data, change):
    """The data with pieces replaced: (where from 0 to 1, how many bytes, by what)."""
    for share, length, piece in change:
        start = int(share * len(data))
        data = data[:start] + piece + data[start + length :]
    return data


PIECES = st.binary(max_size=4) | st.sampled_from(
    [b"<", b">", b"/>", b"&", b'"', b"{", b"[", b"\0", b"999999999999", b"-1"]
)
CHANGES = st.lists(st.tuples(st.floats(0, 1), st.integers(0, 12), PIECES), min_size=1, max_size=4)


def check(reader, data):
    documents, keeps_marks = [], reader.name in ("markdown", "rst")
    options = Options(skip=lambda where, why: None)
    with suppress(Unreadable):
        documents.extend(reader.read(io.BytesIO(data), "file", options))
    for document in documents:
        json.dumps(document.to_dict(), allow_nan=False, ensure_ascii=False).encode()
        starts = [span.start for span in document.spans]
        assert starts == sorted(starts)
        for span in document.spans:
            assert 0 <= span.start <= span.end <= len(document.text)
            if span.kind == "heading" and not keeps_marks and not document.text[span.start :].startswith("#"):
                assert document.text[span.start : span.end] == span.value


READERS = {reader.name: reader for reader in readers()}


@pytest.mark.parametrize("name", SEEDS)
@given(change=CHANGES)
@settings(max_examples=120, deadline=None)
def test_changed_bytes_give_documents_or_a_reason(name, change):
    data = mutated(SEEDS[name], change)
    check(READERS[name], data)
    with suppress(Unreadable):
        choose(data[:HEAD_BYTES], "file")


@pytest.mark.parametrize("name", ["docx", "pptx", "odt", "epub"])
@given(data=st.data(), change=CHANGES)
@settings(max_examples=120, deadline=None)
def test_changed_parts_give_documents_or_a_reason(name, data, change):
    with zipfile.ZipFile(io.BytesIO(SEEDS[name])) as package:
        parts = {part: package.read(part) for part in package.namelist()}
    part = data.draw(st.sampled_from(sorted(parts)))
    parts[part] = mutated(parts[part], change)
    check(READERS[name], packed(parts))


@pytest.mark.parametrize("name", ["docx", "pptx", "odt", "epub"])
@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_swapped_attributes_and_tags_give_documents_or_a_reason(name, data):
    # Still well-formed, so that what is behind the parser is reached.
    with zipfile.ZipFile(io.BytesIO(SEEDS[name])) as package:
        parts = {part: package.read(part).decode() for part in package.namelist()}
    part = data.draw(st.sampled_from([part for part in sorted(parts) if "<" in parts[part]]))
    words = sorted(set(parts[part].replace("<", " ").replace(">", " ").replace('"', " ").replace("/", " ").split()))
    for _ in range(data.draw(st.integers(1, 3))):
        old, new = data.draw(st.sampled_from(words)), data.draw(st.sampled_from([*words, "", "-1", "9" * 30, "../x"]))
        parts[part] = parts[part].replace(old, new)
    check(READERS[name], packed(parts))
