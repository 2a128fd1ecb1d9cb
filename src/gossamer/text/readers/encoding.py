"""Bytes to text: marked, declared or guessed encodings; what is broken costs its own bytes and not the rest.

Text is UTF-8 unless a mark, a declaration or the pattern of its NULs says otherwise. Lines that are not UTF-8 are in an
older encoding, which uchardet guesses from all of them together.
"""

from __future__ import annotations

import codecs
import re
from typing import BinaryIO

from gossamer.errors import Unreadable
from gossamer.text.readers.registry import MIB, Options

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose mark it starts with
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# Which of four bytes are mostly NUL in Latin text.
_ZEROS = {
    (False, True, False, True): "utf-16-le",
    (True, False, True, False): "utf-16-be",
    (False, True, True, True): "utf-32-le",
    (True, True, True, False): "utf-32-be",
}
_SAMPLE = 1 << 10
_CONTROLS = bytes({*range(32)} - {*b"\a\b\t\n\v\f\r\x1b"})
_MAX_CONTROLS = 0.02
"""Share of control characters above which bytes with a NUL are no text; compressed data have a tenth."""

_DECLARED = re.compile(rb"<(?:meta\b[^>]*?\bcharset|\?xml\b[^>]*?\bencoding)\s*=\s*[\"']?\s*([\w.:-]+)", re.IGNORECASE)
_PROLOGUE = 1024  # where HTML 5 looks for the declared encoding
_GUESSED = 1 << 16  # bytes that a guess is made from
_FEW = 8  # bytes beyond ASCII that tell little of an encoding; then it is the web's default
_MAX_BROKEN = 0.1
"""Share of undecodable bytes above which no encoding is the right one, and a file of none is refused."""

# Texts in the ISO encodings are nearly always in Microsoft's extensions of them.
_EXTENDED = {
    "iso8859-1": "cp1252", "iso8859-9": "cp1254", "iso8859-11": "cp874", "euc-kr": "cp949", "gb2312": "gb18030",
}  # fmt: skip
_GUESSES = frozenset(
    [
        *("big5", "big5hkscs", "cp866", "cp874", "cp932", "cp949", "euc_jp", "gb18030", "koi8-r", "mac-cyrillic"),
        *(f"cp{page}" for page in range(1250, 1259)),
        *(f"iso8859-{part}" for part in range(2, 17) if part not in (9, 11)),
        "shift_jis",
    ]
)


def wide(head: bytes) -> str | None:
    """The form of UTF-16 or UTF-32 that a text starts in, by its mark or by where its NULs stand; else None.

    Example:
        >>> wide("wing".encode("utf-16-be"))
        'utf-16-be'
    """
    marked = next((name for mark, name in _MARKS if head.startswith(mark)), None)
    if marked is not None:
        return None if marked == "utf-8" else marked
    sample = head[:_SAMPLE]
    name = _ZEROS.get(tuple(sample[i::4].count(0) * 2 > len(sample[i::4]) for i in range(4)))  # type: ignore[arg-type]
    if name is None:
        return None
    text = sample.decode(name, "replace")
    odd = sum(not (char.isprintable() or char.isspace()) for char in text)
    return name if odd <= _MAX_CONTROLS * len(text) else None


def is_binary(data: bytes) -> bool:
    """Whether these are no text: they hold NULs that UTF-16 and UTF-32 do not explain, and many other controls.

    Example:
        >>> is_binary(b"PK\\x03\\x04\\x14\\0\\0\\0")
        True
    """
    if b"\0" not in data or wide(data[:_SAMPLE]):
        return False
    return len(data) - len(data.translate(None, _CONTROLS)) > _MAX_CONTROLS * len(data)


def decode(data: bytes, path: str) -> str:
    """The text of a whole file, line ends as ``\\n``, without a byte order mark; U+FFFD stands for what is broken.

    Raises:
        Unreadable: The bytes are no text in any encoding that is recognised.

    Example:
        >>> decode(b"\\xef\\xbb\\xbfone\\r\\ntwo", "a.txt")
        'one\\ntwo'
    """
    if is_binary(data):
        raise Unreadable(path, f"binary file (a NUL at byte {data.index(0)})")
    if name := wide(data[:_SAMPLE]):
        return _clean(data.decode(name, "replace"))
    start = len(codecs.BOM_UTF8) if data.startswith(codecs.BOM_UTF8) else 0
    data = data[start:]
    try:
        return _clean(data.decode())
    except UnicodeDecodeError as error:
        decoder, lines = Decoder(), data.split(b"\n")
        decoder.learn(lines)
        texts = [decoder.decode(line) for line in lines]
        broken = sum(text.count("\ufffd") for text in texts)
        if decoder.encoding is None and broken > _MAX_BROKEN * len(data):
            raise Unreadable(path, f"{invalid(data, error.start, start)}, and no other encoding fits") from None
        return _clean("\n".join(texts))


def decode_markup(data: bytes, path: str) -> str:
    """The text of an HTML or XML file in the encoding that it declares, else as `decode` finds it.

    Raises:
        Unreadable: As `decode`.
    """
    declared = _DECLARED.search(data[:_PROLOGUE])
    if declared is None or data.startswith(tuple(mark for mark, _ in _MARKS)):
        return decode(data, path)
    return decode_as(data, declared[1].decode("ascii", "replace"), path)


def decode_as(data: bytes, declared: str, path: str) -> str:
    """The text in an encoding declared under any of its names on the web, else as `decode` finds it.

    What is readable enough to declare that it is UTF-16 is not UTF-16.

    Raises:
        Unreadable: As `decode`.

    Example:
        >>> decode_as(b"caf\\xe9", "ISO-8859-1", "a.eml")
        'café'
    """
    from resiliparse.parse.encoding import map_encoding_to_html5

    encoding = map_encoding_to_html5(declared) or "utf-8"
    return decode(data, path) if encoding.startswith("utf") else _clean(data.decode(encoding, "replace"))


def invalid(data: bytes, offset: int, start: int = 0) -> str:
    """The reason given for undecodable bytes; ``start`` is where ``data`` stands in the file."""
    return f"invalid UTF-8 at byte {start + offset} (0x{data[offset]:02x})"


class Decoder:
    """Decodes line by line: as UTF-8 where a line is UTF-8, else in the older encoding that all other lines suggest."""

    def __init__(self) -> None:
        self.encoding: str | None = None
        self._sample = bytearray()

    def learn(self, lines: list[bytes]) -> None:
        """Guess the encoding of those of the lines that are not UTF-8, and of those learned from before."""
        if len(self._sample) >= _GUESSED:
            return
        for line in lines:
            if _as_utf8(line) is None:
                self._sample += line[: _GUESSED - len(self._sample)] + b"\n"
            if len(self._sample) >= _GUESSED:
                break
        self.encoding = _guess(bytes(self._sample)) if self._sample else None

    def decode(self, line: bytes) -> str:
        """The line as text; U+FFFD stands for what is broken."""
        text = _as_utf8(line)
        return line.decode(self.encoding or "utf-8", "replace") if text is None else text


def _as_utf8(line: bytes) -> str | None:
    """The line, if it is UTF-8 but for surrogates, or for broken characters among more whole ones past ASCII."""
    try:
        return line.decode()
    except UnicodeDecodeError:
        pass
    try:  # each half of a surrogate pair written by itself (CESU-8, Unicode Technical Report 26)
        return line.decode("utf-8", "surrogatepass").encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    except UnicodeDecodeError:
        text = line.decode("utf-8", "replace")
        beyond = sum(char > "\x7f" for char in text)
        return text if beyond > 2 * text.count("\ufffd") else None


def _guess(sample: bytes) -> str | None:
    from resiliparse.parse.encoding import detect_encoding

    found = (detect_encoding(sample, html5_compatible=False) or "").lower()
    name = _EXTENDED.get(found, found)
    beyond = len(sample.translate(None, bytes(range(0x80))))
    if beyond < _FEW and name.startswith("iso8859"):
        name = "cp1252"
    elif name == "iso8859-2" and any(0x80 <= byte < 0xA0 for byte in sample):
        name = "cp1250"  # ISO has no characters there
    if name not in _GUESSES:
        return None
    return name if sample.decode(name, "replace").count("\ufffd") <= _MAX_BROKEN * beyond else None


def _clean(text: str) -> str:
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").replace("\0", "\ufffd")


def read_bytes(stream: BinaryIO, path: str, options: Options) -> bytes:
    """All of a file that makes one document.

    Raises:
        Unreadable: It is empty or larger than ``options.text_limit``.
    """
    data = stream.read(options.text_limit + 1)
    if not data:
        raise Unreadable(path, "empty file")
    if len(data) > options.text_limit:
        raise Unreadable(path, f"larger than {options.text_limit / MIB:g} MiB, the limit of one document: split it")
    return data


def read_text(stream: BinaryIO, path: str, options: Options) -> str:
    """The text of a file of prose that makes one document.

    Raises:
        Unreadable: It is empty, too large, not text, or holds a line longer than ``options.line_limit``.
    """
    text = decode(read_bytes(stream, path, options), path)
    if not text.strip():
        raise Unreadable(path, "empty file (white space only)")
    if len(text) > options.line_limit:
        for number, line in enumerate(text.split("\n"), 1):
            if len(line) > options.line_limit:
                raise Unreadable(path, f"line {number} is longer than {options.line_limit / MIB:g} Mi characters")
    return text
