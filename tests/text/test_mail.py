"""Mail: subject, text, people, dates and names of attachments, whatever is broken."""

from __future__ import annotations

from email.message import EmailMessage

import pytest
from reading import read, read_one, reason

from gossamer.text.readers.registry import choose


def message(**headers):
    made = EmailMessage()
    for name, value in headers.items():
        made[name.replace("_", "-")] = value
    return made


def letter():
    """A message with a plain and an HTML text, two files and a forwarded message."""
    made = message(
        Subject="Über Flügel", From="Jörg Müller <jm@example.org>", To='a@example.org, "B, C" <bc@example.org>',
        Date="Tue, 24 Nov 2026 11:00:00 +0200", Message_ID="<one@example.org>",
    )  # fmt: skip
    made.set_content("Lift is a force.\n\nGröße.", charset="iso-8859-1")
    made.add_alternative("<p>Lift is <b>another</b> force.</p>", subtype="html")
    made.add_attachment(b"\0\1", maintype="application", subtype="pdf", filename="wîng.pdf")
    made.add_attachment("notes that are left out", filename="notes.txt")
    inner = message(Subject="Forwarded")
    inner.set_content("not this")
    made.add_attachment(inner)
    return made


def test_a_message_is_its_subject_and_plain_text_with_its_headers_as_fields():
    document = read_one("mail", bytes(letter()), document_id="a.eml")
    assert (document.id, document.title, document.text) == ("a.eml", "Über Flügel", "Lift is a force.\n\nGröße.")
    assert document.fields == {
        "from": ["Jörg Müller <jm@example.org>"],
        "to": ["a@example.org", "B, C <bc@example.org>"],
        "date": "2026-11-24T09:00:00Z",
        "message_id": "one@example.org",
        "attachments": ["wîng.pdf", "notes.txt", "Forwarded"],
    }


def test_html_is_read_where_there_is_no_plain_text():
    made = message(Subject="s")
    made.set_content("<h1>Wings</h1><p>Lift &amp; drag", subtype="html")
    document = read_one("mail", bytes(made))
    assert document.text == "Wings\n\nLift & drag"
    assert [(span.kind, span.value) for span in document.spans] == [("heading", "Wings")]


def test_a_mailbox_is_a_document_a_message():
    start = b"From jm@example.org Tue Nov 24 11:00:00 2026\n"
    second = b"Subject: Two\n\n>From here on\nFrom there on, no message starts.\n"
    mailbox = start + bytes(letter()) + b"\n" + start + second + b"\n" + start + b"\n" + start + b"Subject: Four\n\nx\n"
    documents, skipped = read("mail", mailbox, document_id="box")
    assert [(d.id, d.title) for d in documents] == [("box#1", "Über Flügel"), ("box#2", "Two"), ("box#4", "Four")]
    assert documents[1].text == "From here on\nFrom there on, no message starts."
    assert skipped == [("file:message 3", "empty message")]
    assert choose(mailbox, "Inbox").name == "mail"


@pytest.mark.parametrize(
    ("data", "title", "text"),
    [
        (b"Subject: caf\xe9\n\nt", "café", "t"),
        (b"Subject: =?utf-8?q?=C3=A9?= =?no-such?b?4pyT?= =?utf-8?b?%%%?=\n\nt", "é✓", "t"),
        (b"Subject: s\nContent-Type: text/plain; charset=no-such\n\nFl\xfcgel", "s", "Flügel"),
        (b"Subject: s\nContent-Type: text/plain; charset=utf-8\n\nFl\xfcgel", "s", "Flügel"),
        (b"Subject: s\nContent-Type: text/plain; charset=iso-2022-jp\n\n" + "翼".encode("iso-2022-jp"), "s", "翼"),
        (b"Subject: s\nContent-Transfer-Encoding: base64\n\n%%not base64", "s", ""),
        (b"Subject: s\nContent-Type: multipart/mixed\n\nno boundary", "s", "s"),
        (b"Subject: s\nDate: the day after\n\nt", "s", "t"),
        (b"Subject: only\n\n", "only", "only"),
        (b"no headers at all", "", "no headers at all"),
    ],
)
def test_broken_messages_give_what_can_be_read(data, title, text):
    document = read_one("mail", data)
    assert document.title == title
    assert text in document.text


def test_what_is_too_deep_or_too_large_is_refused():
    nested = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(3000))
    assert reason("mail", nested) == "parts in parts, too deep to be read"
    assert reason("mail", b"Subject: s\n\n" + b"x" * 100, text_limit=100).startswith("a message of more than")
    assert reason("mail", b"") == "empty message"


def test_one_endless_line_of_a_mailbox_costs_its_message_only():
    start = b"From jm@example.org Tue Nov 24 11:00:00 2026\n"
    long = start + b"Subject: long\n\n" + b"x" * 3_000_000 + b"\n\n"
    documents, skipped = read("mail", long + start + b"Subject: short\n\nt\n", text_limit=1_500_000)
    assert [document.title for document in documents] == ["short"]
    assert [where for where, _ in skipped] == ["file:message 1"]
