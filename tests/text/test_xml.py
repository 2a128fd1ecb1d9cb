"""XML: JATS articles by section, any other XML as lines of text; hostile XML is refused at once."""

from __future__ import annotations

import pytest
from reading import read_one, reason, spanned

from gossamer.text.readers.registry import choose

ARTICLE = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE article PUBLIC "-//NLM//DTD JATS v1.0//EN" "JATS-archivearticle1.dtd">
<article xmlns:mml="http://www.w3.org/1998/Math/MathML"><front>
<journal-meta><journal-title-group><journal-title>Annals of Flight</journal-title></journal-title-group></journal-meta>
<article-meta><article-id pub-id-type="doi">10.1/wing</article-id>
<title-group><article-title>Of <italic>flight</italic></article-title></title-group>
<contrib-group><contrib><name><surname>Vane</surname><given-names>Ada</given-names></name></contrib>
<contrib><collab>The Wing Group</collab></contrib></contrib-group>
<pub-date><year>1998</year></pub-date><abstract><p>Lift &mdash; briefly.</p></abstract>
<kwd-group><kwd>lift</kwd><kwd>drag</kwd></kwd-group></article-meta></front>
<body><sec><label>1</label><title>Wings</title><p>Lift is H<sub>2</sub>O,
 no: <xref>[1]</xref> <inline-formula><alternatives><tex-math>\\usepackage{x}</tex-math>
 <mml:math><mml:mi>L</mml:mi></mml:math></alternatives></inline-formula>.</p>
<sec><title>Slots</title><p>Air.</p><list><list-item><p>one</p></list-item><list-item><p>two</p></list-item></list>
<table-wrap><label>Table 1</label><caption><p>Angles</p></caption><table><tr><th>Angle</th><th>Lift</th></tr>
<tr><td>4</td><td>1 N</td></tr></table></table-wrap></sec></sec></body>
<back><ack><title>Thanks</title><p>To all.</p></ack><ref-list><title>References</title>
<ref><label>1</label><mixed-citation>Prandtl, 1904.</mixed-citation></ref></ref-list></back></article>"""


def test_an_article_gives_its_sections_as_headings():
    document = read_one("xml", ARTICLE.encode())
    assert document.text == (
        "Abstract\n\nLift \u2014 briefly.\n\n1 Wings\n\nLift is H2O, no: [1] L.\n\nSlots\n\nAir.\n\none\ntwo\n\n"
        "Table 1 Angles\n\nAngle\tLift\n4\t1 N\n\nThanks\n\nTo all.\n\nReferences\n\n1 Prandtl, 1904."
    )
    assert spanned(document, "heading") == [
        ("Abstract", "Abstract", 1),
        ("1 Wings", "1 Wings", 1),
        ("Slots", "Slots", 2),
        ("Thanks", "Thanks", 1),
        ("References", "References", 1),
    ]
    assert document.title == "Of flight"
    assert document.fields == {
        "author": "Ada Vane, The Wing Group",
        "journal": "Annals of Flight",
        "year": "1998",
        "doi": "10.1/wing",
        "keywords": "lift, drag",
    }


def test_other_xml_is_a_line_an_element_but_for_mixed_content():
    items = "<item><p>Lift is <b>a</b> force</p>\n <p/><p>Drag</p></item>"
    document = read_one("xml", f"<rss><channel><title>Of flight</title>{items}</channel></rss>".encode())
    assert document.text == "Of flight\nLift is a force\nDrag"
    assert (document.title, document.spans) == ("Of flight", ())


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "iso-8859-1", "windows-1252", "gb18030", "shift_jis"])
def test_xml_is_decoded_as_it_declares(encoding):
    word = "\u7ffc" if encoding in ("gb18030", "shift_jis", "utf-8", "utf-16") else "Fl\u00fcgel"
    assert read_one("xml", f'<?xml version="1.0" encoding="{encoding}"?><a>{word}</a>'.encode(encoding)).text == word


@pytest.mark.parametrize(
    ("head", "path", "name"),
    [
        (b"<?xml version='1.0'?><article>", "paper", "xml"),
        (b"\xef\xbb\xbf<?xml version='1.0'?><article>", "paper", "xml"),
        (b"<article>", "paper.nxml", "xml"),
        (b"<?xml version='1.0'?><html><p>", "page", "html"),
        (b"<?xml version='1.0'?><html><p>", "page.xhtml", "html"),
        (b"<article>", "paper", "plain"),
    ],
)
def test_xml_is_known_by_its_declaration_or_name(head, path, name):
    assert choose(head, path).name == name


LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (f'<!DOCTYPE a [<!ENTITY l0 "ha">{LAUGHS}]><a>&l9;</a>', "declares XML entities, which are not expanded here"),
        (f'<!DOCTYPE a [<!ENTITY x "{"x" * 9999}">]><a>{"&x;" * 999}</a>', "declares XML entities"),
        ('<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>', "declares XML entities"),
        ('<!DOCTYPE a [<!ENTITY % x SYSTEM "http://localhost/x.dtd"> %x;]><a/>', "declares XML entities"),
        ("<a>&undeclared;</a>", "not well-formed XML (undefined entity in line 1)"),
        ("<a>" * 100_000, "XML nested deeper than 200 levels"),
        ("<a>\n<b></a>", "not well-formed XML (mismatched tag in line 2)"),
        ("<a><b/>\n</a>", "no text in it"),
        ("<?xml version='1.0' encoding='no-such'?><a>", "not well-formed XML"),
        ("", "empty file"),
    ],
)
def test_hostile_and_broken_xml_is_refused(data, message):
    assert reason("xml", data.encode()).startswith(message)


def test_a_file_named_by_a_document_type_is_not_opened(tmp_path):
    (tmp_path / "a.dtd").write_text('<!ENTITY x "stolen">')
    data = f'<!DOCTYPE a SYSTEM "{tmp_path}/a.dtd"><a>text &x; &eacute;</a>'
    assert read_one("xml", data.encode()).text == "text &x; \u00e9"
