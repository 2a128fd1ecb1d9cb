"""Mail: messages (.eml, RFC 5322) and mailboxes of them (mbox, RFC 4155), whatever is wrong with headers and charsets.

A message is its subject and its text, plain where there is a choice; attachments are named and left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timezone
from email.errors import MessageError
from email.header import decode_header
from email.message import Message
from email.parser import BytesParser
from email.policy import compat32
from email.utils import getaddresses, parsedate_to_datetime
from typing import BinaryIO

from gossamer.errors import Unreadable
from gossamer.text.documents import Document
from gossamer.text.readers.composition import Composition
from gossamer.text.readers.encoding import decode, decode_as, is_binary
from gossamer.text.readers.html import everything
from gossamer.text.readers.registry import MIB, Options, Reader, register

_START = re.compile(rb"From (?:\S+ .*\d\d:\d\d.*\d{4}|- )")  # of a message in a mailbox
_QUOTED_START = re.compile(rb"^>(>*From )", re.MULTILINE)
_HEADER = re.compile(
    rb"(?:Return-Path|Received|From|To|Date|Message-ID|Subject|MIME-Version|Delivered-To|X-[\w-]+|DKIM-[\w-]+):", re.I
)
_SIGNED_HEADERS = 3
_MAX_HEADER = 20_000  # characters; what follows is not read
_MAX_PARTS = 1000
_LINE_BYTES = MIB


@register
class MailReader(Reader):
    """A document a message."""

    name = "mail"
    extensions = (".eml", ".mbox", ".mbx")
    risky = True  # the parser calls itself for parts in parts

    def matches(self, head: bytes, path: str) -> float:
        """0.9 by name; 0.7 where a mailbox or a message starts."""
        if is_binary(head) or self.named(path):
            return 0.0 if is_binary(head) else 0.9
        first, _, rest = head.partition(b"\n")
        if _START.match(first):
            return 0.7 if _HEADER.match(rest) else 0.0
        headers = head.replace(b"\r\n", b"\n").partition(b"\n\n")[0].split(b"\n")
        known = sum(_HEADER.match(line) is not None for line in headers)
        return 0.7 if known >= _SIGNED_HEADERS and _HEADER.match(first) else 0.0

    def read(self, stream: BinaryIO, path: str, options: Options) -> Iterator[Document]:
        """A document a message; one of a mailbox that cannot be read is reported to ``options.skip`` and left out.

        Fields are ``from``, ``to``, ``cc`` and ``attachments`` (lists of texts), ``date`` (ISO 8601 in UTC) and
        ``message_id``.
        """
        first = stream.readline(_LINE_BYTES)
        if not _START.match(first):
            data = first + stream.read(options.text_limit + 1 - len(first))
            yield _document(data, path, options)
            return
        prefix = options.document_id or path
        for number, data in enumerate(_messages(stream, options.text_limit), 1):
            try:
                document = _document(data, path, replace(options, document_id=f"{prefix}#{number}"))
            except Unreadable as error:
                options.skip(f"{path}:message {number}", error.reason)
            else:
                yield document


def _messages(stream: BinaryIO, limit: int) -> Iterator[bytes]:
    """What stands between the starts of messages; a message is cut once it is longer than ``limit``."""
    lines: list[bytes] = []
    size, blank = 0, False
    while line := stream.readline(_LINE_BYTES):
        if blank and _START.match(line):
            yield _QUOTED_START.sub(rb"\1", b"".join(lines))
            lines, size = [], 0
        elif size <= limit:
            lines.append(line)
            size += len(line)
        blank = not line.strip()
    yield _QUOTED_START.sub(rb"\1", b"".join(lines))


def _document(data: bytes, path: str, options: Options) -> Document:
    if len(data) > options.text_limit:
        raise Unreadable(path, f"a message of more than {options.text_limit / MIB:g} MiB, the limit of one document")
    if not data.strip():
        raise Unreadable(path, "empty message")
    try:
        message = BytesParser(policy=compat32).parsebytes(data)
    except RecursionError:
        raise Unreadable(path, "parts in parts, too deep to be read") from None
    headers = {name.lower(): _text(raw, path) for name, raw in reversed(list(message.raw_items()))}
    made, attachments = Composition(path, options), []
    made.title = _decoded(headers.get("subject", ""))
    for part in _parts(message):
        if part.get_content_maintype() != "text" or _file_name(part):
            attachments.append(_file_name(part) or part.get_content_type())
        elif part.get_content_subtype() == "html":
            made.composed(*everything(_content(part, path), path))
        else:
            made.block(_content(part, path))
    if not made.length:
        made.block(made.title)
    addresses = {name: _addresses(headers.get(name, "")) for name in ("from", "to", "cc")}
    about = {**addresses, "attachments": attachments, "date": _date(headers.get("date", ""))}
    about["message_id"] = headers.get("message-id", "").strip().strip("<>")
    return replace(made.document(), fields={name: value for name, value in about.items() if value})


def _parts(message: Message) -> Iterator[Message]:
    """The parts that are no containers, in order; of alternatives the plain one, else the last, the richest."""
    waiting = [message]
    for _ in range(_MAX_PARTS):
        if not waiting:
            return
        part = waiting.pop()
        inner = _inner(part)
        if part.get_content_maintype() != "multipart" or not part.is_multipart():
            yield part
            continue
        if part.get_content_subtype() == "alternative":
            plain = [one for one in inner if one.get_content_type() == "text/plain" and one.get_payload()]
            inner = plain[:1] or inner[-1:]
        waiting += reversed(inner)


def _inner(part: Message) -> list[Message]:
    inner = part.get_payload()
    return [one for one in inner if isinstance(one, Message)] if isinstance(inner, list) else []


def _content(part: Message, path: str) -> str:
    data = part.get_payload(decode=True)
    if not isinstance(data, bytes) or not data.strip():
        return ""
    return decode_as(data, str(part.get_content_charset("")), path)


def _file_name(part: Message) -> str:
    """The name of an attached file, empty for the text itself."""
    try:
        name = part.get_filename("")
    except (LookupError, ValueError):
        name = ""
    if part.get_content_maintype() == "message":  # one that was forwarded
        name = name or next((str(inner.get("subject", "")) for inner in _inner(part)), "")
    attached = part.get_content_disposition() == "attachment"
    return _decoded(name) or (part.get_content_type() if attached else "")


def _text(header: object, path: str) -> str:
    """A header as it stands; bytes beyond ASCII, which it must not hold, in the encoding that they seem to be in."""
    data = str(header)[:_MAX_HEADER].encode("utf-8", "surrogateescape")
    try:
        return " ".join(decode(data, path).split())
    except Unreadable:
        return " ".join(data.decode("ascii", "replace").split())


def _decoded(header: str) -> str:
    """A header with its encoded words (RFC 2047) decoded."""
    try:
        pieces = decode_header(header)
        text = "".join(piece if isinstance(piece, str) else _word(piece, charset) for piece, charset in pieces)
    except (MessageError, ValueError):
        text = header
    return " ".join(text.encode("utf-8", "replace").decode().split())


def _word(piece: bytes, charset: str | None) -> str:
    try:
        return decode_as(piece, charset or "utf-8", "")
    except Unreadable:
        return piece.decode("ascii", "replace")


def _addresses(header: str) -> list[str]:
    pairs = [(_decoded(name), address) for name, address in getaddresses([header])]
    shown = (f"{name} <{address}>" if name and address else name or address for name, address in pairs)
    return [address for address in shown if address]


def _date(header: str) -> str:
    try:
        date = parsedate_to_datetime(header)
        date = date.replace(tzinfo=timezone.utc) if date.tzinfo is None else date.astimezone(timezone.utc)
        return date.strftime("%Y-%m-%dT%H:%M:%SZ")
    except (TypeError, ValueError, IndexError, OverflowError):
        return ""
