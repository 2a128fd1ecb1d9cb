"""Which reader reads a file; plain text and its encodings; any bytes give documents or a reason."""

from __future__ import annotations

import io
import json
import pickle
from contextlib import suppress

import pytest
from hypothesis import given, settings, strategies as st
from reading import read_one, reason
from tiny_pdf import tiny_pdf

from gossamer.errors import Unreadable
from gossamer.text.documents import Span
from gossamer.text.readers.html import HtmlReader
from gossamer.text.readers.registry import HEAD_BYTES, Options, Reader, choose, readers, register


@pytest.mark.parametrize(
    ("head", "path", "name"),
    [
        (b"Lift is a force", "notes.txt", "plain"),
        (b"Lift is a force", "README", "plain"),
        (b"int main() {}", "wing.c", "code"),
        ("Auftrieb".encode("utf-16"), "notes.txt", "plain"),
        (b"# Wings", "notes.md", "markdown"),
        (b"# Wings", "NOTES.MARKDOWN", "markdown"),
        (b"<p>Lift", "page.html", "html"),
        (b"\n<!DOCTYPE html><p>Lift", "page", "html"),
        (b"<html><p>Lift", "page.txt", "plain"),
        (b"if a <html> then", "notes", "plain"),
        (b"%PDF-1.4\n\0\1", "paper", "pdf"),
        (b"junk\n%PDF-1.4\n\0\1", "paper.txt", "pdf"),
        (b"no signature", "paper.pdf", "pdf"),
        (b'{"text": "a"}\n{"text": "b"}\n', "records.jsonl", "jsonl"),
        (b'{"text": "a"}\n{"text": "b"}\n', "records.json", "jsonl"),
        (b'{\n  "text": "a"\n}\n', "pretty.json", "plain"),
        (b"{not json}\n{}\n", "records.json", "plain"),
        (b"id,text\n", "table.csv", "delimited"),
        (b"id\ttext\n", "table.tsv", "delimited"),
    ],
)
def test_a_file_is_read_by_content_and_name(head, path, name):
    assert choose(head, path).name == name


@pytest.mark.parametrize(
    ("head", "path", "message"),
    [
        (b"", "notes.txt", "empty file"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "wing.png", "binary file"),
        (b"text\0with a NUL", "notes.txt", "binary file"),
        (b"\x7fELF\2\1\1\0\0\0", "wings.md", "binary file"),
    ],
)
def test_what_no_reader_reads_is_refused(head, path, message):
    with pytest.raises(Unreadable, match=message):
        choose(head, path)


def test_readers_can_be_sent_to_another_process_and_their_names_are_their_own():
    for reader in readers():
        assert type(pickle.loads(pickle.dumps(reader))) is type(reader)
    assert len({reader.name for reader in readers()}) == len(readers())

    class Impostor(HtmlReader):
        pass

    with pytest.raises(ValueError, match="two readers are named 'html'"):
        register(Impostor)


@pytest.mark.parametrize(
    "data",
    [
        "Flügel\nλ\n".encode(),
        "Flügel\nλ\n".encode("utf-8-sig"),
        "Flügel\nλ\n".encode("utf-16"),
        b"\xfe\xff" + "Flügel\nλ\n".encode("utf-16-be"),
        "Flügel\r\nλ\r\n".encode(),
        "Flügel\rλ\r".encode(),
    ],
    ids=["utf-8", "utf-8 with mark", "utf-16-le", "utf-16-be", "crlf", "cr"],
)
def test_text_is_the_same_in_every_encoding_and_with_every_line_end(data):
    assert read_one("plain", data).text == "Flügel\nλ\n"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "empty file"),
        (b" \n\t\n", "empty file (white space only)"),
        (b"w \x81\x8d", "invalid UTF-8 at byte 2 (0x81), and no other encoding fits"),
        (b"\xef\xbb\xbfw \x81\x8d", "invalid UTF-8 at byte 5 (0x81), and no other encoding fits"),
        (b"wing\0tip", "binary file (a NUL at byte 4)"),
        (b"x" * 101, "larger than 9.53674e-05 MiB, the limit of one document: split it"),
        (b"short\n" + b"x" * 60, "line 2 is longer than 4.76837e-05 Mi characters"),
    ],
)
def test_what_is_not_text_is_refused_with_the_place(data, message):
    assert reason("plain", data, text_limit=100, line_limit=50) == message


def test_a_file_larger_than_the_limit_is_not_read_to_its_end():
    class Endless(io.RawIOBase):
        taken = 0

        def read(self, size=-1):
            assert size >= 0
            self.taken += size
            return b"x" * size

    stream = Endless()
    with pytest.raises(Unreadable, match="larger than 64 MiB"):
        list(choose(b"x", "a.txt").read(stream, "a.txt", Options()))
    assert stream.taken <= Options().text_limit + 1


SEEDS = [
    b"",
    b"\xef\xbb\xbf",
    b"\xff\xfe",
    b"plain text\n",
    b"---\ntitle: t\n---\n# Wings\n\n```py\nx\n```\n\nDrag\n===\n",
    b"<html><title>t</title><body><h1>Wings</h1><p>Lift &lt;<pre>x</pre><ul><li>a</ul></body></html>",
    b'{"text": "a"}\n{"text": "b"}\n',
    b'id,text\n1,"a\nb"\n',
    b"WEBVTT\n\n00:01.000 --> 00:02.500\n<v Ada>Lift\n\n1\n00:00:03,000 --> 00:00:04,000\nDrag\n",
    b".TH WING 1\n.SH NAME\nwing \\- \\fBlift\\fR \\(em \\*(lq\n.Op Fl a Ar x\n.nf\ncode\n.fi\n",
    b"From a@b Tue Nov 24 11:00:00 2026\nSubject: =?utf-8?q?=C3=A9?=\nTo: A <a@b>\nDate: 24 Nov 2026 11:00 +0200\n"
    b"Content-Type: multipart/mixed; boundary=b\n\n--b\n\nt\n--b\nContent-Type: text/html; charset=x\n\n<p>\n--b--\n",
    b"Wings\n=====\n\nLift::\n\n  code\n\n.. code-block:: py\n\n   x\n",
    b"\\title{T}\\begin{document}\\section{W} $\\alpha^{2}$ \\'e \\begin{verbatim}x\\end{verbatim}\\end{document}",
    b'@string{s = "a" # {b}}\n@article{k, author = {A and B}, title = {T {\\"u}}, year = 2020, month = jan # s}\n',
    b"TY  - JOUR\nAU  - A, B\nTI  - T\nKW  - k\nPY  - 2020\nER  -\n",
    tiny_pdf([["Wings"], ["Drag"]], title="t", outline=[("Wings", 0)], roman=True),
]


@st.composite
def _broken(draw):
    """Any bytes, or a good file with a piece of it replaced."""
    data = draw(st.sampled_from(SEEDS) | st.binary(max_size=200))
    start = draw(st.integers(0, len(data)))
    end = draw(st.integers(start, min(len(data), start + 20)))
    return data[:start] + draw(st.binary(max_size=20)) + data[end:]


@pytest.mark.parametrize("reader", readers(), ids=lambda reader: reader.name)
@given(data=_broken())
@settings(max_examples=150, deadline=None)
def test_any_bytes_give_documents_or_a_reason(reader: Reader, data):
    assert 0 <= reader.matches(data[:HEAD_BYTES], "file") <= 1
    documents = []
    with suppress(Unreadable):
        documents.extend(reader.read(io.BytesIO(data), "file", Options(skip=lambda where, reason: None)))
    for document in documents:
        json.dumps(document.to_dict(), allow_nan=False, ensure_ascii=False).encode()
        assert document.id
        assert all(
            isinstance(span, Span) and 0 <= span.start <= span.end <= len(document.text) for span in document.spans
        )
        assert [span.start for span in document.spans] == sorted(span.start for span in document.spans)
