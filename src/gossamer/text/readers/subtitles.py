"""Subtitles: SubRip (SRT) and WebVTT; the spoken text with the time of each cue, without tags, settings and notes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from typing import BinaryIO

from gossamer.errors import Unreadable
from gossamer.text.documents import Document
from gossamer.text.readers.composition import Composition
from gossamer.text.readers.encoding import is_binary, read_text
from gossamer.text.readers.registry import Options, Reader, register

_TIME = r"(?:(\d{1,3}):)?(\d{1,2}):(\d{1,2})[.,](\d{1,3})"
_TIMING = re.compile(rf"^[ \t]*{_TIME}[ \t]*-->[ \t]*{_TIME}.*$", re.MULTILINE)
_TAG = re.compile(r"</?[a-zA-Z][^<>\n]*>|<[\d:.]+>|\{\\[^{}\n]*\}")
_BLANK = re.compile(r"\n[ \t]*\n")
_COUNTER = re.compile(r"\n[ \t]*\d+[ \t]*\Z")
_WEBVTT = "WEBVTT"


@register
class SubtitlesReader(Reader):
    """One document, a line a cue."""

    name = "subtitles"
    extensions = (".srt", ".vtt")

    def matches(self, head: bytes, path: str) -> float:
        """1 with the signature of WebVTT, 0.9 by name."""
        if is_binary(head):
            return 0.0
        signed = re.match(rb"(?:\xef\xbb\xbf)?WEBVTT(?:[ \t\r\n]|$)", head)
        return 1.0 if signed else super().matches(head, path)

    def read(self, stream: BinaryIO, path: str, options: Options) -> Iterator[Document]:
        """One document; its time spans say when each cue starts, its field ``seconds`` when the last ends."""
        text = read_text(stream, path, options)
        timings = list(_TIMING.finditer(text))
        if not timings:
            raise Unreadable(path, "no cue with a time in it")
        made, shown = Composition(path, options), ""
        if text.startswith(_WEBVTT):
            made.title = text.partition("\n")[0].removeprefix(_WEBVTT).lstrip("- \t")
        ends = [match.start() for match in timings[1:]] + [len(text)]
        for timing, end in zip(timings, ends, strict=True):
            lines = _lines(text[timing.end() : end], is_last=end == len(text))
            # Captions that roll up repeat the line above the new one.
            kept = lines[1:] if lines[:1] == [shown] else lines
            if kept:
                start = made.block(" ".join(kept), gap="\n")
                made.span("time", start, _seconds(*timing.groups()[:4]))
                shown = kept[-1]
        if not made.length:
            raise Unreadable(path, "no text in its cues")
        last = max(float(_seconds(*timing.groups()[4:])) for timing in timings)
        yield made.document(seconds=f"{last:g}")


def _lines(cue: str, is_last: bool) -> list[str]:
    """The lines of one cue: what stands between its timing and a blank line, else before the next cue's number."""
    if blank := _BLANK.search(cue):
        content = cue[: blank.start()]
    else:
        content = cue if is_last else _COUNTER.sub("", cue.rstrip("\n"))
    lines = (" ".join(unescape(_TAG.sub("", line)).split()) for line in content.split("\n"))
    return [line for line in lines if line]


def _seconds(hours: str | None, minutes: str, seconds: str, fraction: str) -> str:
    """Seconds as text, without a loss.

    Example:
        >>> _seconds("1", "02", "03", "450")
        '3723.45'
    """
    milliseconds = int(fraction.ljust(3, "0"))
    total = (int(hours or 0) * 60 + int(minutes)) * 60 + int(seconds)
    return f"{total}.{milliseconds:03}".rstrip("0").rstrip(".")
