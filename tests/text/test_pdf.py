"""PDF: text, pages, headings of the outline, broken words, and real papers."""

from __future__ import annotations

import json
import re
import sys
import unicodedata
from types import SimpleNamespace

import pytest
from reading import read_one, reason, spanned
from tiny_pdf import tiny_pdf

from gossamer.errors import Unreadable
from gossamer.text.readers import ocr


def test_pdf_gives_its_text_page_by_page():
    pages = [["Wings", "Lift is a force (upwards)"], [], ["Drag"]]
    document = read_one("pdf", tiny_pdf(pages, title="Of flight"))
    assert document.text == "Wings\nLift is a force (upwards)\n\nDrag"
    assert document.title == "Of flight"
    assert document.fields == {"pages": 3}
    assert spanned(document, "page") == [("Wings\nLift is a force (upwards)", "1", 0), ("", "2", 0), ("Drag", "3", 0)]


def test_pages_are_named_by_their_labels():
    document = read_one("pdf", tiny_pdf([["a"], ["b"], ["c"], ["d"]], roman=True))
    assert [value for _, value, _ in spanned(document, "page")] == ["i", "ii", "iii", "iv"]


def test_the_outline_gives_headings_where_the_page_bears_them():
    pages = [["About Wings and more", "1 Wings", "text"], ["2 Drag", "Wings again"]]
    document = read_one("pdf", tiny_pdf(pages, outline=[("Wings", 0), ("Drag", 1), ("No such heading", 1)]))
    assert spanned(document, "heading") == [("1 Wings", "Wings", 1), ("2 Drag", "Drag", 1)]


@pytest.mark.parametrize(
    ("lines", "text"),
    [
        (["a know-", "ledge base"], "a knowledge base"),
        (["state-of-the-", "art"], "state-of-the-art"),
        (["long-", "term plans", "a long-term plan"], "long-term plans\na long-term plan"),
        (["Sci-", "Docs and SciDocs"], "SciDocs and SciDocs"),
        (["1990-", "1999"], "1990-1999"),
        (["Bag-of-", "Words"], "Bag-of-Words"),
        (["one - ", "two"], "one - \ntwo"),
    ],
)
def test_words_that_a_line_end_broke_are_whole_again(lines, text):
    assert read_one("pdf", tiny_pdf([lines])).text == text


@pytest.mark.parametrize(
    "title", ["", "untitled", "Untitled-1", "Microsoft Word - wings.doc", "thesis_final.TEX", "(anonymous)"]
)
def test_titles_that_are_none_are_not_taken(title):
    assert read_one("pdf", tiny_pdf([["text"]], title=title)).title == ""


def test_pdfs_that_cannot_be_read_say_why():
    assert reason("pdf", tiny_pdf([[], []])) == "no text in it"
    assert reason("pdf", b"%PDF-1.4\nnothing") == "not a readable PDF"
    assert reason("pdf", tiny_pdf([["a" * 60], ["b" * 60]]), text_limit=100).startswith("more than")


def test_a_page_tree_that_contains_itself_ends():
    data = tiny_pdf([["text"]]).replace(b"/Kids [6 0 R]", b"/Kids [2 0 R]")
    assert reason("pdf", data) in ("not a readable PDF", "no page that can be read")


def rows(cells, *, width=220, title="A title that goes across both columns of the page"):
    """The content of a page whose lines are written row by row across two columns."""
    shown = [f"BT /F 12 Tf 200 750 Td ({title}) Tj ET"]
    for number, (left, right) in enumerate(cells):
        y = 700 - 14 * number
        shown += [f"BT /F 12 Tf 60 {y} Td ({left}) Tj ET", f"BT /F 12 Tf {60 + width + 40} {y} Td ({right}) Tj ET"]
    return " ".join(shown)


def test_columns_written_row_by_row_are_read_one_after_the_other():
    cells = [(f"left column has the line number {n}", f"right column has the line number {n}") for n in range(10, 22)]
    text = read_one("pdf", tiny_pdf([rows(cells)])).text
    assert text.split("\n") == [
        "A title that goes across both columns of the page",
        *(left for left, _ in cells),
        *(right for _, right in cells),
    ]


def test_the_rows_of_a_table_stay_together():
    cells = [(f"cell {n}", f"value {n}") for n in range(10, 22)]
    text = read_one("pdf", tiny_pdf([rows(cells)])).text
    assert "cell 10 value 10" in " ".join(text.split("\n")[1:3])


SCAN = "q 300 0 0 100 72 600 cm BI /W 1 /H 1 /BPC 8 /CS /G ID x EI Q"


def test_a_scanned_page_is_read_where_ocr_is_installed(monkeypatch):
    class Engine:
        def __init__(self, params):
            assert params["Rec.rec_batch_num"] == 1

        def __call__(self, image, use_cls):
            assert image.shape[2] == 3
            texts = ("Lift is a force", "illegible", "that acts upwards")
            return SimpleNamespace(txts=texts, scores=(0.9, 0.2, 0.8))

    ocr._engine.cache_clear()
    monkeypatch.setattr(ocr, "is_installed", lambda: True)
    monkeypatch.setitem(sys.modules, "rapidocr", SimpleNamespace(RapidOCR=Engine))
    pauses = []
    document = read_one("pdf", tiny_pdf([["a text layer"], SCAN, []]), busy=lambda: pauses.append(1))
    ocr._engine.cache_clear()
    assert spanned(document, "page") == [
        ("a text layer", "1", 0), ("Lift is a force\nthat acts upwards", "2", 0), ("", "3", 0),
    ]  # fmt: skip
    assert len(pauses) == 1  # only what may be a scan


def test_a_scanned_page_without_ocr_names_the_extra(monkeypatch):
    monkeypatch.setattr(ocr, "is_installed", lambda: False)
    assert reason("pdf", tiny_pdf([SCAN])) == "no text layer: gossamer[ocr] reads scans"


@pytest.mark.shared_data
def test_right_to_left_words_are_in_their_order_however_the_page_is_turned(shared):
    for name in ("habibi", "habibi-rotated"):
        text = read_one("pdf", (shared / f"data/documents/layout/{name}.pdf").read_bytes()).text
        assert "habibi" in text
        assert "حَبيبي" in text


def normalised(text):
    """Letters and digits alone: evidence is compared without hyphenation, punctuation and line ends."""
    return re.sub(r"[^a-z0-9]", "", unicodedata.normalize("NFKC", text).lower())


@pytest.mark.shared_data
def test_the_evidence_of_every_question_stands_on_its_page(shared):
    folder = shared / "data" / "documents"
    questions = [json.loads(line) for line in (folder / "questions.jsonl").read_text().splitlines()]
    documents = {name: read_one("pdf", (folder / name).read_bytes()) for name in {q["document"] for q in questions}}
    asked = [question for question in questions if question["evidence"]]
    assert len(asked) == 16
    for question in asked:
        document = documents[question["document"]]
        page = [span for span in document.spans if span.kind == "page"][question["page"] - 1]
        assert normalised(question["evidence"]) in normalised(document.text[page.start : page.end]), question["id"]


@pytest.mark.shared_data
@pytest.mark.parametrize(
    ("name", "title", "pages", "labels"),
    [
        (
            "acl2020-specter.pdf",
            "SPECTER: Document-level Representation Learning using Citation-informed Transformers",
            13,
            ["1", "2"],
        ),
        ("naacl2018-literature-graph.pdf", "Construction of the Literature Graph in Semantic Scholar", 8, ["84", "85"]),
        ("emnlp2023-papermage.pdf", "", 13, ["1", "2"]),
    ],
)
def test_papers_have_titles_and_page_labels(shared, name, title, pages, labels):
    document = read_one("pdf", (shared / "data/documents/papers" / name).read_bytes())
    assert (document.title, document.fields["pages"]) == (title, pages)
    assert [value for _, value, _ in spanned(document, "page")][:2] == labels


@pytest.mark.shared_data
@pytest.mark.parametrize("name", ["acl2020-specter", "naacl2018-literature-graph"])
def test_paragraphs_of_an_independent_parse_are_in_the_text(shared, name):
    folder = shared / "data/documents/papers"
    text = normalised(read_one("pdf", (folder / f"{name}.pdf").read_bytes()).text)
    paragraphs = [p["text"] for p in json.loads((folder / f"{name}.json").read_text())["pdf_parse"]["body_text"]]
    sentences = [s for p in paragraphs for s in re.split(r"(?<=[.?!]) ", p) if len(s) > 40]
    found = sum(normalised(sentence) in text for sentence in sentences)
    assert found > 0.85 * len(sentences)  # footnotes and formulas stand elsewhere in the two


@pytest.mark.shared_data
def test_a_long_book_keeps_its_outline_and_umlauts(shared):
    document = read_one("pdf", (shared / "data/documents/layout/GeoTopo-komprimiert.pdf").read_bytes())
    headings = spanned(document, "heading")
    assert len(headings) == 34
    assert headings[1] == ("1.1 Topologische Räume", "1.1 Topologische Räume", 2)
    assert [value for _, value, _ in spanned(document, "page")][:5] == ["i", "ii", "iii", "1", "2"]
    assert "Voraussetzung kann" in document.text


@pytest.mark.shared_data
@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("layout/libreoffice-writer-password.pdf", "encrypted PDF, which needs a password"),
        ("layout/grayscale-image.pdf", "no text layer: gossamer[ocr] reads scans"),
        ("scanned-and-odd/linn.pdf", "no text layer: gossamer[ocr] reads scans"),
        ("scanned-and-odd/skew.pdf", "no text layer: gossamer[ocr] reads scans"),
        ("scanned-and-odd/invalid.pdf", "not a readable PDF"),
    ],
)
def test_files_without_a_text_to_read_say_why(shared, path, message, monkeypatch):
    monkeypatch.setattr(ocr, "is_installed", lambda: False)
    assert reason("pdf", (shared / "data/documents" / path).read_bytes()) == message


@pytest.mark.shared_data
@pytest.mark.parametrize(
    ("path", "phrase"),
    [
        ("layout/habibi.pdf", "habibi"),
        ("layout/multicolumn.pdf", "This is a sample document with two columns filled\nwith Lorem Ipsum text."),
        ("scanned-and-odd/graph_ocred.pdf", "Oppose"),
        ("scanned-and-odd/tagged.pdf", "Page 2 Heading"),
        ("scanned-and-odd/link.pdf", "Somewhere on page 2"),
    ],
)
def test_odd_files_with_a_text_layer_are_read(shared, path, phrase):
    assert phrase in read_one("pdf", (shared / "data/documents" / path).read_bytes()).text


REFUSED = {
    "layout/grayscale-image.pdf": "no text layer: gossamer[ocr] reads scans",
    "layout/libreoffice-writer-password.pdf": "encrypted PDF, which needs a password",
    "scanned-and-odd/invalid.pdf": "not a readable PDF",
    **{
        f"scanned-and-odd/{name}.pdf": "no text layer: gossamer[ocr] reads scans"
        for name in ("c02-22", "cardinal", "ccitt", "linn", "rotated_skew", "skew")
    },
}
HEADINGS = {
    "layout/GeoTopo-komprimiert.pdf": 34,
    "layout/mistitled_outlines_example.pdf": 0,  # its outline names no heading that is there
    "layout/pdflatex-outline.pdf": 9,
    "scanned-and-odd/tagged.pdf": 2,
}


@pytest.mark.shared_data
def test_every_pdf_of_the_inventory_is_read_or_refused_for_its_reason(shared, monkeypatch):
    monkeypatch.setattr(ocr, "is_installed", lambda: False)
    folder = shared / "data/documents"
    refused, headings = {}, {}
    for path in sorted(folder.glob("*/*.pdf")):
        name = path.relative_to(folder).as_posix()
        try:
            document = read_one("pdf", path.read_bytes())
        except Unreadable as error:
            refused[name] = error.reason
            continue
        pages = [span for span in document.spans if span.kind == "page"]
        assert len(pages) == document.fields["pages"]
        assert [span.start for span in document.spans] == sorted(span.start for span in document.spans)
        headings[name] = len(spanned(document, "heading"))
    assert refused == REFUSED
    assert len(refused) + len(headings) == 28
    assert {name: headings[name] for name in HEADINGS} == HEADINGS
