"""HTML: main content, headings, code and declared encodings."""

from __future__ import annotations

import pytest
from reading import read_one, reason, spanned

PAGE = """<!DOCTYPE html><html><head><title> Of
flight </title><style>p {color: red}</style></head><body>
<nav><ul><li><a href="/">Home</a></li><li><a href="/about">About us</a></li></ul></nav>
<main><article><h1>Wings<a class="headerlink" href="#w">¶</a></h1>
<p>Lift is a <em>force</em> &lt;b&gt; &amp;amp; it acts<br>upwards on every wing that moves through the air.</p>
<h2>Drag <code>f()</code></h2><p>Drag is another force, which acts backwards on all that moves.</p>
<pre>if a &lt; b:
    stop()
</pre><script>alert("no")</script></article></main>
<footer>Copyright</footer></body></html>"""


def test_html_gives_the_main_content_with_headings_and_code():
    document = read_one("html", PAGE.encode())
    assert document.title == "Of flight"
    assert spanned(document, "heading") == [("Wings", "Wings", 1), ("Drag f()", "Drag f()", 2)]
    assert spanned(document, "code") == [("if a < b:\n    stop()", "", 0)]
    assert "Lift is a force <b> &amp; it acts\nupwards on every wing" in document.text
    for boilerplate in ("Home", "About", "Copyright", "alert", "color", "¶"):
        assert boilerplate not in document.text


def test_the_part_that_the_author_marks_as_main_is_taken():
    help_text = "<div><h2>Keyboard shortcuts</h2><p>Press S to search in the book, and Escape to go back.</p></div>"
    page = f"<html><body>{help_text}<div role=main><h1>Wings</h1><p>Lift is a force that acts upwards.</p></div></body>"
    assert read_one("html", page.encode()).text == "Wings\n\nLift is a force that acts upwards."


def test_a_page_without_main_content_is_taken_whole():
    links = "".join(f'<li><a href="/{n}">Chapter {n}</a></li>' for n in range(20))
    document = read_one("html", f"<html><h1>Contents</h1><nav><ul>{links}</ul></nav></html>".encode())
    assert "Chapter 7" in document.text
    assert document.title == "Contents"


@pytest.mark.parametrize(
    ("declaration", "encoding"),
    [
        ('<meta charset="iso-8859-1">', "latin-1"),
        ('<meta http-equiv="Content-Type" content="text/html; charset=windows-1251">', "cp1251"),
        ("<meta charset=utf-8>", "utf-8"),
        ("<meta charset=no-such-thing>", "utf-8"),
        ("", "utf-8"),
        ("", "utf-16"),
    ],
)
def test_html_is_decoded_as_it_declares(declaration, encoding):
    word = "Крыло" if encoding in ("cp1251", "utf-8", "utf-16") else "Flügel"
    page = f"<html><head>{declaration}<title>t</title></head><body><p>{word} and more</p></body></html>"
    assert read_one("html", page.encode(encoding)).text == f"{word} and more"


def test_html_without_text_or_with_bad_bytes_is_refused():
    assert reason("html", b"<html><script>var a;</script></html>") == "no text in the page"
    assert reason("html", b"<html><p>\x81\x8d\x8f") == "invalid UTF-8 at byte 9 (0x81), and no other encoding fits"
