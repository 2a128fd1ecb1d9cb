"""Small office documents and books, written part by part so that tests know their every character."""

from __future__ import annotations

import io
import zipfile
from urllib.parse import quote

_OOXML = "http://schemas.openxmlformats.org"
_RELATIONSHIPS = f"{_OOXML}/officeDocument/2006/relationships"
_CORE = (
    f'<cp:coreProperties xmlns:cp="{_OOXML}/package/2006/metadata/core-properties"'
    ' xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>{title}</dc:title><dc:creator>Ada Vane</dc:creator>'
    "</cp:coreProperties>"
)


def packed(parts, *, stored=()):
    """A zip file of name -> content."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content, zipfile.ZIP_STORED if name in stored else None)
    return file.getvalue()


def relationships(targets):
    """A part of relationships: id -> (kind, target)."""
    inside = "".join(
        f'<Relationship Id="{one}" Type="{_RELATIONSHIPS}/{kind}" Target="{target}"/>'
        for one, (kind, target) in targets.items()
    )
    return f'<Relationships xmlns="{_OOXML}/package/2006/relationships">{inside}</Relationships>'


def paragraph(text, style=None, inside=""):
    properties = f'<w:pPr><w:pStyle w:val="{style}"/></w:pPr>' if style else ""
    return f'<w:p>{properties}<w:r><w:t xml:space="preserve">{text}</w:t>{inside}</w:r></w:p>'


def _word(root, inside):
    spaces = f'xmlns:w="{_OOXML}/wordprocessingml/2006/main" xmlns:mc="{_OOXML}/markup-compatibility/2006"'
    return f'<?xml version="1.0" encoding="UTF-8"?><w:{root} {spaces}>{inside}</w:{root}>'


def tiny_docx(body, *, title="", notes="", styles=""):
    """A Word document with this body; the styles Title, H1, H2 (a kind of H1) and Toc are there."""
    return packed(
        {
            "[Content_Types].xml": f'<Types xmlns="{_OOXML}/package/2006/content-types"/>',
            "_rels/.rels": relationships({"r1": ("officeDocument", "word/document.xml")}),
            "word/_rels/document.xml.rels": relationships(
                {"s": ("styles", "styles.xml"), "n": ("footnotes", "footnotes.xml")}
            ),
            "word/document.xml": _word("document", f"<w:body>{body}</w:body>"),
            "word/styles.xml": _word(
                "styles",
                '<w:style w:styleId="Titel"><w:name w:val="Title"/></w:style>'
                '<w:style w:styleId="berschrift1"><w:name w:val="heading 1"/></w:style>'
                '<w:style w:styleId="Mine"><w:name w:val="Mine"/><w:basedOn w:val="Outline"/></w:style>'
                '<w:style w:styleId="Outline"><w:pPr><w:outlineLvl w:val="1"/></w:pPr></w:style>'
                '<w:style w:styleId="Toc"><w:name w:val="toc 1"/></w:style>'
                '<w:style w:styleId="Loop"><w:name w:val="Loop"/><w:basedOn w:val="Loop"/></w:style>' + styles,
            ),
            "word/footnotes.xml": _word(
                "footnotes", f'<w:footnote w:type="separator" w:id="0">{paragraph("-----")}</w:footnote>{notes}'
            ),
            "docProps/core.xml": _CORE.format(title=title),
        }
    )


def shape(lines, role=None):
    """A shape of a slide: a placeholder with that role, or a free text box."""
    placeholder = f'<p:nvPr><p:ph type="{role}"/></p:nvPr>' if role else "<p:nvPr/>"
    text = "".join(f"<a:p><a:r><a:t>{line}</a:t></a:r></a:p>" for line in lines)
    return f"<p:sp><p:nvSpPr>{placeholder}</p:nvSpPr><p:txBody>{text}</p:txBody></p:sp>"


def _slide(shapes):
    spaces = (
        f'xmlns:p="{_OOXML}/presentationml/2006/main" xmlns:a="{_OOXML}/drawingml/2006/main" xmlns:r="{_RELATIONSHIPS}"'
    )
    return f"<p:sld {spaces}><p:cSld><p:spTree>{shapes}</p:spTree></p:cSld></p:sld>"


def tiny_pptx(slides, *, notes=None, title=""):
    """A presentation: the shapes of each slide, and number -> shapes of its notes. Slide 1 is in the last file."""
    count = len(slides)
    parts = {
        "_rels/.rels": relationships({"r1": ("officeDocument", "ppt/presentation.xml")}),
        "ppt/_rels/presentation.xml.rels": relationships(
            {f"rId{n}": ("slide", f"slides/slide{count - n}.xml") for n in range(count)}
        ),
        "ppt/presentation.xml": _slide(
            "<p:sldIdLst>" + "".join(f'<p:sldId id="{256 + n}" r:id="rId{n}"/>' for n in range(count)) + "</p:sldIdLst>"
        ),
        "docProps/core.xml": _CORE.format(title=title),
    }
    for number, shapes in enumerate(slides):
        parts[f"ppt/slides/slide{count - number}.xml"] = _slide(shapes)
    for number, shapes in (notes or {}).items():
        parts[f"ppt/slides/_rels/slide{count - number + 1}.xml.rels"] = relationships(
            {"n": ("notesSlide", f"../notesSlides/notes{number}.xml")}
        )
        parts[f"ppt/notesSlides/notes{number}.xml"] = _slide(shapes)
    return packed(parts)


def tiny_odt(body, *, title="", manifest=""):
    """An OpenDocument text with this body."""
    kinds = ("office", "text", "table", "meta", "draw", "manifest")
    spaces = " ".join(f'xmlns:{kind}="urn:oasis:names:tc:opendocument:xmlns:{kind}:1.0"' for kind in kinds)
    spaces += ' xmlns:dc="http://purl.org/dc/elements/1.1/"'
    return packed(
        {
            "mimetype": "application/vnd.oasis.opendocument.text",
            "content.xml": f"<office:document-content {spaces}><office:body><office:text>{body}</office:text>"
            "</office:body></office:document-content>",
            "meta.xml": f"<office:document-meta {spaces}><office:meta><dc:title>{title}</dc:title>"
            "<meta:initial-creator>Ada Vane</meta:initial-creator></office:meta></office:document-meta>",
            "META-INF/manifest.xml": f"<manifest:manifest {spaces}>{manifest}</manifest:manifest>",
        },
        stored=("mimetype",),
    )


def tiny_epub(chapters, *, title="", spine=None, encryption=None):
    """A book of name -> XHTML body, read in the order ``spine``."""
    items = "".join(
        f'<item id="i{n}" href="{quote(name)}" media-type="application/xhtml+xml"/>' for n, name in enumerate(chapters)
    )
    order = "".join(f'<itemref idref="i{list(chapters).index(name)}"/>' for name in spine or chapters)
    parts = {
        "mimetype": "application/epub+zip",
        "META-INF/container.xml": '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
        '<rootfile full-path="OEBPS/book.opf"/></rootfiles></container>',
        "OEBPS/book.opf": '<package xmlns="http://www.idpf.org/2007/opf" xmlns:dc="http://purl.org/dc/elements/1.1/">'
        f"<metadata><dc:title>{title}</dc:title><dc:creator>Ada Vane</dc:creator></metadata>"
        f'<manifest>{items}<item id="css" href="a.css" media-type="text/css"/></manifest>'
        f'<spine>{order}<itemref idref="css"/><itemref idref="missing"/></spine></package>',
        **({"META-INF/encryption.xml": encryption} if encryption else {}),
    }
    for name, body in chapters.items():
        page = f'<html xmlns="http://www.w3.org/1999/xhtml"><head><title/></head><body>{body}</body></html>'
        parts[f"OEBPS/{name}"] = f'<?xml version="1.0" encoding="utf-8"?>{page}'
    return packed(parts, stored=("mimetype",))
