"""Writes the smallest PDF files that show what a reader must understand (PDF 32000-1:2008)."""

from __future__ import annotations

from collections.abc import Sequence


def tiny_pdf(
    pages: Sequence[Sequence[str] | str],
    *,
    title: str = "",
    outline: Sequence[tuple[str, int]] = (),
    roman: bool = False,
) -> bytes:
    """A PDF with the given lines on each page.

    Args:
        pages: For each page its lines, in ASCII, or its content stream as it stands.
        title: The title of the document information.
        outline: Headings, each with the number of its page counted from 0.
        roman: Label the pages i, ii, iii instead of giving them no labels.
    """
    objects = [""]  # object 0 is the free one; 1 catalogue, 2 page tree, 3 font, 4 information, then pages and outline

    def add(body: str) -> int:
        objects.append(body)
        return len(objects) - 1

    for _ in range(4):
        add("")
    page_numbers = []
    for lines in pages:
        shown = "" if isinstance(lines, str) else " ".join(f"({_escaped(line)}) Tj 0 -14 Td" for line in lines)
        content = lines if isinstance(lines, str) else f"BT /F 12 Tf 72 720 Td {shown} ET"
        stream = add(f"<< /Length {len(content)} >>\nstream\n{content}\nendstream")
        page_numbers.append(
            add(
                "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] "
                f"/Resources << /Font << /F 3 0 R >> >> /Contents {stream} 0 R >>"
            )
        )
    catalogue = "/Type /Catalog /Pages 2 0 R"
    if outline:
        root = len(objects)
        first, last = root + 1, root + len(outline)
        add(f"<< /Type /Outlines /First {first} 0 R /Last {last} 0 R /Count {len(outline)} >>")
        for number, (heading, page) in enumerate(outline, first):
            links = (f"/Prev {number - 1} 0 R " if number > first else "") + (
                f"/Next {number + 1} 0 R " if number < last else ""
            )
            add(f"<< /Title ({_escaped(heading)}) /Parent {root} 0 R {links}/Dest [{page_numbers[page]} 0 R /Fit] >>")
        catalogue += f" /Outlines {root} 0 R"
    if roman:
        catalogue += " /PageLabels << /Nums [0 << /S /r >>] >>"
    objects[1] = f"<< {catalogue} >>"
    kids = " ".join(f"{number} 0 R" for number in page_numbers)
    objects[2] = f"<< /Type /Pages /Kids [{kids}] /Count {len(page_numbers)} >>"
    objects[3] = "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"
    objects[4] = f"<< /Title ({_escaped(title)}) >>"
    return _file(objects)


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")


def _file(objects: list[str]) -> bytes:
    data, offsets = b"%PDF-1.4\n", []
    for number, body in enumerate(objects[1:], 1):
        offsets.append(len(data))
        data += f"{number} 0 obj\n{body}\nendobj\n".encode()
    table = "".join(f"{offset:010} 00000 n \n" for offset in offsets)
    trailer = f"<< /Size {len(objects)} /Root 1 0 R /Info 4 0 R >>"
    xref = f"xref\n0 {len(objects)}\n0000000000 65535 f \n{table}trailer\n{trailer}\nstartxref\n{len(data)}\n%%EOF\n"
    return data + xref.encode()
