"""DOCX, PPTX, ODT and EPUB: a known text comes back with its headings, pages and exact offsets; bad files say why."""

from __future__ import annotations

import pytest
from reading import read, read_one, reason, spanned
from tiny_office import packed, paragraph, shape, tiny_docx, tiny_epub, tiny_odt, tiny_pptx

from gossamer.text.passages import split
from gossamer.text.readers.registry import choose

ROW = "<w:tr>{}</w:tr>"


def cell(*blocks):
    return f"<w:tc><w:tcPr/>{''.join(blocks)}</w:tc>"


def test_docx_gives_headings_by_style_tables_and_notes_in_order():
    note = f'<w:footnote w:id="2">{paragraph("Of air, that is.")}</w:footnote>'
    inner = f"<w:tbl>{ROW.format(cell(paragraph('in')) + cell(paragraph('ner')))}</w:tbl>"
    body = (
        paragraph("Of flight", "Titel")
        + paragraph("Wings\t1", "Toc")
        + f"<w:sdt><w:sdtPr/><w:sdtContent>{paragraph('Wings', 'berschrift1')}</w:sdtContent></w:sdt>"
        + paragraph("Lift is a force.", inside='<w:footnoteReference w:id="2"/>')
        + paragraph("Slots", "Mine")
        + "<w:tbl>"
        + ROW.format(cell(paragraph("Angle")) + cell(paragraph("Lift"), paragraph("in N")))
        + ROW.format(cell(paragraph("4")) + cell(inner, paragraph("")))
        + "</w:tbl>"
        + paragraph("The <![CDATA[<end>]]> &amp; more.", "Loop")
    )
    document = read_one("docx", tiny_docx(body, notes=note))
    assert document.text == (
        "Of flight\n\nWings\n\nLift is a force.\n\nOf air, that is.\n\nSlots\n\n"
        "Angle\tLift in N\n4\tin ner\n\nThe <end> & more."
    )
    assert spanned(document, "heading") == [
        ("Of flight", "Of flight", 1),
        ("Wings", "Wings", 1),
        ("Slots", "Slots", 2),
    ]
    assert (document.title, document.fields) == ("Of flight", {"author": "Ada Vane"})
    assert read_one("docx", tiny_docx(body, title="The properties'")).title == "The properties'"


def test_docx_takes_inserted_and_leaves_deleted_text_and_reads_text_boxes_once():
    runs = (
        "<w:p><w:ins><w:r><w:t>now</w:t></w:r></w:ins><w:del><w:r><w:delText>then</w:delText></w:r></w:del>"
        "<w:moveFrom><w:r><w:t>moved</w:t></w:r></w:moveFrom><w:hyperlink><w:r><w:tab/><w:t>linked</w:t><w:br/></w:r>"
        "</w:hyperlink><w:r><w:noBreakHyphen/><w:instrText>PAGE</w:instrText></w:r></w:p>"
    )
    box = f"<w:txbxContent>{paragraph('in a box')}</w:txbxContent>"
    boxed = f"<mc:AlternateContent><mc:Choice>{box}</mc:Choice><mc:Fallback>{box}</mc:Fallback></mc:AlternateContent>"
    document = read_one("docx", tiny_docx(runs + paragraph("beside", inside=boxed)))
    assert document.text == "now\tlinked\n-\n\nbeside\n\nin a box"


def test_docx_items_of_a_list_stand_close():
    def item(text):
        return f"<w:p><w:pPr><w:numPr/></w:pPr><w:r><w:t>{text}</w:t></w:r></w:p>"

    document = read_one("docx", tiny_docx(paragraph("Parts") + item("wing") + item("tail") + paragraph("End")))
    assert document.text == "Parts\n\nwing\ntail\n\nEnd"


def test_notes_that_refer_to_each_other_end():
    def refer(number):
        return f'<w:footnoteReference w:id="{number}"/>'

    notes = "".join(
        f'<w:footnote w:id="{n}">{paragraph(f"note {n}", inside=refer(n % 9 + 1))}</w:footnote>' for n in range(1, 10)
    )
    body = paragraph("text", inside=refer(1))
    assert read_one("docx", tiny_docx(body, notes=notes)).text == "text\n\nnote 1"


def test_pptx_is_a_page_a_slide_in_the_order_shown():
    table = (
        "<p:graphicFrame><a:tbl><a:tr><a:tc><a:txBody><a:p><a:r><a:t>Angle</a:t></a:r></a:p></a:txBody></a:tc>"
        "<a:tc><a:txBody><a:p><a:r><a:t>Lift</a:t></a:r></a:p></a:txBody></a:tc></a:tr></a:tbl></p:graphicFrame>"
    )
    slides = [
        shape(["Lift", "and drag"]) + shape(["Wings"], "ctrTitle") + shape(["7"], "sldNum"),
        "",
        f"<p:grpSp>{shape(['grouped'])}</p:grpSp>" + shape(["Drag"], "title") + table,
    ]
    notes = {1: shape(["Say hello"], "body") + shape(["1"], "sldNum")}
    document = read_one("pptx", tiny_pptx(slides, notes=notes, title="PowerPoint Presentation"))
    assert document.text == "Wings\n\nLift\nand drag\n\nSay hello\n\nDrag\n\ngrouped\n\nAngle\tLift"
    assert spanned(document, "page") == [
        ("Wings\n\nLift\nand drag\n\nSay hello", "1", 0),
        ("", "2", 0),
        ("Drag\n\ngrouped\n\nAngle\tLift", "3", 0),
    ]
    assert spanned(document, "heading") == [("Wings", "Wings", 1), ("Drag", "Drag", 1)]
    assert document.title == "Wings"
    assert read_one("pptx", tiny_pptx(slides, title="Of flight")).title == "Of flight"


def test_empty_slides_do_not_take_the_place_of_the_next():
    document = read_one("pptx", tiny_pptx(["", "", shape(["Wings"], "title"), "", shape(["Drag"])]))
    assert spanned(document, "page") == [(text, str(n), 0) for n, text in enumerate(["", "", "Wings", "", "Drag"], 1)]
    assert [span.kind for span in document.spans] == ["page", "page", "page", "heading", "page", "page"]
    assert [(passage.text, passage.page) for passage in split(document, 1)] == [("Wings", "3"), ("Drag", "5")]


def test_a_damaged_slide_costs_only_itself():
    documents, skipped = read("pptx", tiny_pptx([shape(["one"]), "<broken>", shape(["three"])]))
    assert [document.text for document in documents] == ["one\n\nthree"]
    assert [where for where, _ in skipped] == ["file:slide 2"]
    assert [value for _, value, _ in spanned(documents[0], "page")] == ["1", "2", "3"]


def test_odt_gives_headings_lists_tables_and_notes():
    body = (
        "<text:tracked-changes><text:p>deleted</text:p></text:tracked-changes>"
        '<text:h text:outline-level="1">Wings</text:h>'
        "<text:p>Lift\n   is<text:s text:c='900000000'/>a <text:span>force</text:span><text:note><text:note-citation>1"
        "</text:note-citation><text:note-body><text:p>Of air.</text:p></text:note-body></text:note>.</text:p>"
        "<text:list><text:list-item><text:p>one</text:p></text:list-item><text:list-item><text:p>two</text:p>"
        "<text:list><text:list-item><text:p>inner</text:p></text:list-item></text:list></text:list-item></text:list>"
        '<text:h text:outline-level="2">Slots</text:h>'
        "<table:table><table:table-row><table:table-cell><text:p>Angle</text:p></table:table-cell>"
        "<table:table-cell><text:p>Lift</text:p><text:p>in N</text:p></table:table-cell></table:table-row>"
        "<table:table-row><table:table-cell table:number-columns-repeated='999999'><text:p>4</text:p>"
        "</table:table-cell></table:table-row></table:table>"
    )
    document = read_one("odt", tiny_odt(body, title="Of flight"))
    assert document.text == ("Wings\n\nLift is a force.\n\nOf air.\n\none\ntwo\ninner\n\nSlots\n\nAngle\tLift in N\n4")
    assert spanned(document, "heading") == [("Wings", "Wings", 1), ("Slots", "Slots", 2)]
    assert (document.title, document.fields) == ("Of flight", {"author": "Ada Vane"})
    locked = tiny_odt(body, manifest="<manifest:file-entry><manifest:encryption-data/></manifest:file-entry>")
    assert reason("odt", locked) == "encrypted document, which needs a password"


def test_epub_is_read_in_the_order_of_its_spine():
    chapters = {
        "z 1.xhtml": "<h1>Wings</h1><p>Lift is a force.</p>",
        "b.xhtml": '<p>Foreword<a id="x"/>.</p><pre>lift()\n  down()</pre>',
        "c.xhtml": "<h2>Slots</h2><p>Air &amp; speed</p>",
    }
    document = read_one("epub", tiny_epub(chapters, title="Of flight", spine=["b.xhtml", "z 1.xhtml", "c.xhtml"]))
    assert document.text == "Foreword.\n\nlift()\n  down()\n\nWings\n\nLift is a force.\n\nSlots\n\nAir & speed"
    assert spanned(document, "heading") == [("Wings", "Wings", 1), ("Slots", "Slots", 2)]
    assert spanned(document, "code") == [("lift()\n  down()", "", 0)]
    assert (document.title, document.fields) == ("Of flight", {"author": "Ada Vane"})


def test_an_encrypted_chapter_is_named_and_the_rest_read():
    encryption = (
        '<encryption xmlns:e="urn:e"><e:EncryptedData><e:CipherData><e:CipherReference URI="OEBPS/a.xhtml"/>'
        "</e:CipherData></e:EncryptedData></encryption>"
    )
    documents, skipped = read("epub", tiny_epub({"a.xhtml": "<p>secret", "b.xhtml": "<p>open"}, encryption=encryption))
    assert [document.text for document in documents] == ["open"]
    assert skipped == [("file:OEBPS/a.xhtml", "encrypted (DRM)")]


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (tiny_docx(paragraph("x")), "docx"),
        (tiny_pptx([shape(["x"])]), "pptx"),
        (tiny_odt("<text:p>x</text:p>"), "odt"),
        (tiny_epub({"a.xhtml": "<p>x"}), "epub"),
    ],
)
def test_office_documents_are_known_by_content_and_by_name(data, name):
    assert choose(data, "file").name == name
    assert choose(data, f"file.{name}").name == name
    assert choose(b"broken", f"file.{name}").name == name


@pytest.mark.parametrize("name", ["docx", "pptx", "odt", "epub"])
def test_files_that_are_no_packages_say_why(name):
    assert reason(name, b"") == "empty file"
    assert reason(name, b"PK\3\4 and no more") == "damaged zip file (File is not a zip file)"
    assert reason(name, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 and so on").startswith("encrypted, or of the old binary")
    assert "missing" in reason(name, packed({"a.txt": "a"}))


def test_parts_that_are_missing_damaged_or_hostile_say_why():
    assert reason("docx", tiny_docx("")) == "no text in it"
    assert reason("docx", tiny_docx("<w:p>")).startswith("not well-formed XML (mismatched tag in line 1)")
    assert reason("docx", tiny_docx("<w:p>" * 300 + "</w:p>" * 300)) == "XML nested deeper than 200 levels"
    whole = tiny_docx(paragraph("x" * 5000))
    assert reason("docx", whole, text_limit=4000) == "its part word/document.xml is larger than 0.0038147 MiB"
    assert reason("docx", whole[:-30]).startswith("damaged zip file")
    assert reason("odt", tiny_odt("<text:p>" + "x" * 5000 + "</text:p>"), text_limit=4000).endswith("MiB")
