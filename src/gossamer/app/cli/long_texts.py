"""Texts longer than a model reads: counted while a command runs, and said once at its end."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from gossamer.app.cli.output import Output

_NAME = "gossamer.retrieval.encoders.encoding"


class _Count(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.texts, self.said = 0, ""

    def emit(self, record: logging.LogRecord) -> None:
        if isinstance(record.args, tuple) and len(record.args) == 4:
            texts, _, room, did = record.args
            self.texts += int(str(texts))
            self.said = f"longer than {room} word pieces: {did}"


@contextmanager
def said_once(out: Output) -> Iterator[None]:
    """What encoders warn of in a ``with`` block about long texts, as one note."""
    log, count = logging.getLogger(_NAME), _Count()
    before = log.propagate, log.level
    log.propagate = False
    log.setLevel(logging.INFO)  # a warning comes once for an encoder, and then this
    log.addHandler(count)
    try:
        yield
    finally:
        log.removeHandler(count)
        log.propagate = before[0]
        log.setLevel(before[1])
        if count.texts:
            out.note(f"{count.texts:,} texts are {count.said}")
