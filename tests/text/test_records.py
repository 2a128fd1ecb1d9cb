"""JSON Lines and tables: a document a record, and a reason for each record that makes none."""

from __future__ import annotations

import csv
import io
import json

import pytest
from reading import read, read_one, reason

from gossamer.errors import Unreadable
from gossamer.text.documents import Document, Span
from gossamer.text.readers.jsonl import JsonLinesReader
from gossamer.text.readers.registry import Options


def test_json_lines_give_a_document_each():
    data = b"\xef\xbb\xbf" + b"\n".join(
        [
            b'{"_id": "a", "title": "Wings", "text": "Lift", "year": 1903, "none": null, "tags": ["x"]}',
            b"",
            b'{"Title": "Drag", "Abstract": ["One.", "Two."], "ID": 7}\r',
            b'"a bare text"',
            b'{"contents": ""}',
        ]
    )
    documents, skipped = read("jsonl", data, path="dir/f.jsonl", document_id="f.jsonl")
    assert skipped == []
    assert documents == [
        Document("a", "Lift", "Wings", {"year": 1903, "tags": ["x"]}),
        Document("7", "One. Two.", "Drag"),
        Document("f.jsonl#4", "a bare text"),
        Document("f.jsonl#5", ""),
    ]


def test_the_fields_can_be_named():
    data = b'{"text": "no", "question": "Why?", "key": 3, "id": "no"}'
    document = read_one("jsonl", data, text_field="question", id_field="key")
    assert document == Document("3", "Why?", fields={"text": "no", "id": "no"})


def test_bad_lines_are_left_out_one_by_one():
    lines = [
        b'{"text": "good"}',
        b'{"text": "cut off',
        b"[1, 2]",
        b'{"words": 1}',
        b'{"text": {"a": 1}}',
        b'{"text": "\x81"}',
        b'{"text": "\\ud800"}',
        b'{"text": "a", "n": NaN}',
        b'{"text": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"text": "a", "deep": ' + b"[" * 101 + b"]" * 101 + b"}",
        b'{"text": "' + b"x" * 300_000 + b'"}',
        b'{"id": " ", "text": "a"}',
        b'{"text": "pair \\ud83d\\ude00", "deep": ' + b"[" * 100 + b"]" * 100 + b"}",
    ]
    documents, skipped = read("jsonl", b"\n".join(lines), text_limit=250_000)
    assert [document.text for document in documents] == ["good", "pair \U0001f600"]
    assert [where for where, _ in skipped] == [f"file:{line}" for line in range(2, 13)]
    reasons = [reason for _, reason in skipped]
    assert reasons[0] == "not JSON: Unterminated string starting at column 10"
    assert reasons[1] == "neither an object nor a string"
    assert reasons[2] == "no text field among 'words'; name it with --text-field"
    assert reasons[3] == "field 'text' is neither text nor a list of texts"
    assert reasons[4] == f"invalid UTF-8 at byte {sum(len(line) + 1 for line in lines[:5]) + 10} (0x81)"
    assert reasons[5] == "half of a surrogate pair, which is no character"
    assert reasons[6] == "not JSON: NaN is no JSON number"
    assert reasons[7] == reasons[8] == "nested deeper than 100 levels"
    assert reasons[9] == "longer than 0.238419 MiB"
    assert reasons[10] == "the id field 'id' is empty"


def test_a_file_of_objects_without_texts_is_refused_once():
    lines = b'{"question": "a"}\n' * 1000
    with pytest.raises(Unreadable, match=r"no text field among 'question'.*no line up to 10 is a document"):
        read("jsonl", lines)
    _, skipped = read("jsonl", b'{"question": "a"}\n' * 9)
    assert len(skipped) == 9
    documents, skipped = read("jsonl", b'{"version": 1}\n{"text": "a"}\n' + lines)
    assert (len(documents), len(skipped)) == (1, 1001)


def test_json_lines_are_read_as_a_stream():
    class Lines(io.RawIOBase):
        given = 0

        def readline(self, size=-1):
            self.given += 1
            return b'{"text": "line %d"}\n' % self.given

    stream = Lines()
    documents = JsonLinesReader().read(stream, "a.jsonl", Options())
    assert [next(documents).text for _ in range(3)] == ["line 1", "line 2", "line 3"]
    assert stream.given <= 4


def test_json_lines_in_utf16_and_binary_lines():
    data = '{"text": "Flügel"}\n{"text": "λ"}'.encode("utf-16")
    assert [document.text for document in read("jsonl", data)[0]] == ["Flügel", "λ"]
    assert reason("jsonl", b'{"text": "a"}\n{"text": "\0"}') == "binary file (a NUL at byte 24)"
    assert reason("jsonl", b"\n\n") == "empty file"


@pytest.mark.parametrize("delimiter", [",", "\t", ";", "|"])
def test_tables_give_a_document_a_row(delimiter):
    text = 'Lift, "so" it;\nis | a\tforce'
    table = io.StringIO()
    csv.writer(table, delimiter=delimiter).writerows(
        [["id", "Title", "Body", "year", ""], ["a", "Wings", text, "1903", "x"], [], ["b", "", "", "", ""]]
    )
    documents, skipped = read("delimited", table.getvalue().encode())
    assert skipped == []
    assert documents == [Document("a", text, "Wings", {"year": "1903"}), Document("b", "")]


def test_bad_rows_are_left_out_one_by_one():
    data = b'text,note\ngood,1\ntoo,many,values\n"two\nlines",2\nbad \x81,3\nlast,4\n'
    documents, skipped = read("delimited", data)
    assert [(document.id, document.text) for document in documents] == [
        ("file#2", "good"),
        ("file#4", "two\nlines"),
        ("file#7", "last"),
    ]
    assert skipped == [
        ("file:3", "3 values for 2 columns"),
        ("file:6", f"invalid UTF-8 at byte {data.index(0x81)} (0x81)"),
    ]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "empty file"),
        (b"\n\n", "empty file"),
        (b"text,id\n", "no rows below the header"),
        (b"1\t2\n3\t4\n", "no text column among '1', '2' of the first row; name it with --text-field"),
        (b"te\x81xt,id\na,b\n", "header row: invalid UTF-8 at byte 2 (0x81)"),
        (b"text,id\na,\0\n", "binary file (a NUL at byte 10)"),
    ],
)
def test_tables_that_cannot_be_read_say_why(data, message):
    assert reason("delimited", data) == message


def test_a_long_value_is_read_and_an_open_quote_takes_no_more_than_the_limit():
    before = csv.field_size_limit(100_000)  # it is global: other tests have raised it
    try:
        rows = b"".join(b"row %d,%d\n" % (number, number) for number in range(50_000))
        documents, skipped = read("delimited", b'text,id\n"open,1\n' + rows, text_limit=200_000)
        assert skipped == [("file:2", "field larger than field limit (200000)")]
        assert documents[-1].text == "row 49999"
        assert len(documents) > 30_000
        assert len(read_one("delimited", b"text,id\n" + b"x" * 500_000 + b",1\n").text) == 500_000
    finally:
        csv.field_size_limit(before)


DOCUMENT = Document("a", "# Wings\n\nLift", "Wings", {"year": 1903}, (Span("heading", 0, 7, "Wings", 1),))


def test_a_document_that_was_written_as_json_is_the_same_when_read():
    assert read_one("jsonl", json.dumps(DOCUMENT.to_dict()).encode()) == DOCUMENT


@pytest.mark.parametrize(
    "span",
    [
        7,
        {},
        {"start": 0.5},
        {"start": True},
        {"end": 99},
        {"start": 5, "end": 4},
        {"start": -1},
        {"kind": "wing"},
        {"kind": ["heading"]},
        {"value": None},
        {"level": "1"},
        {"more": 1},
    ],
)
def test_spans_that_are_none_are_a_bad_record(span):
    values = DOCUMENT.to_dict()
    values["spans"] = [{**values["spans"][0], **span} if span and isinstance(span, dict) else span]
    documents, ((where, reason),) = read("jsonl", json.dumps(values).encode())
    assert (documents, where) == ([], "file:1")
    assert reason.startswith("the field 'spans' holds")
