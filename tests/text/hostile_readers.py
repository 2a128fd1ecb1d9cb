"""Readers that misbehave, each in one way; the sandbox imports them by name, no registry knows them."""

from __future__ import annotations

import ctypes
import os
import signal
import time
from collections.abc import Iterator
from typing import BinaryIO, ClassVar

from gossamer.errors import Unreadable
from gossamer.text.documents import Document, Span
from gossamer.text.readers.registry import Options, Reader, register
from gossamer.text.readers.zip import ZipReader


class HonestReader(Reader):
    """A document a line; a line ``bad`` is left out and ``broken`` ends the file."""

    name = "honest"

    def read(self, stream: BinaryIO, path: str, options: Options) -> Iterator[Document]:
        for number, line in enumerate(stream.read().decode("utf-8", "surrogateescape").splitlines(), 1):
            if line == "bad":
                options.skip(f"{path}:{number}", "a bad line")
            elif line == "broken":
                raise Unreadable(path, "broken")
            else:
                fields = {"pid": os.getpid()}
                yield Document(
                    f"{options.document_id}#{number}", line, "t", fields, [Span("heading", 0, 1, line[:1], 2)]
                )


class EndlessReader(HonestReader):
    """One document, then an endless loop that uses the processor."""

    def read(self, stream: BinaryIO, path: str, options: Options) -> Iterator[Document]:
        yield Document("first", "the first document")
        while True:
            pass


class SleepingReader(HonestReader):
    """Waits for ever without using the processor."""

    def read(self, stream: BinaryIO, path: str, options: Options) -> Iterator[Document]:
        time.sleep(3600)
        yield Document("late", "")


class GreedyReader(HonestReader):
    """Takes memory without bound."""

    def read(self, stream: BinaryIO, path: str, options: Options) -> Iterator[Document]:
        taken = []
        while True:
            taken.append(bytearray(1 << 24))
        yield Document("never", "")


class CrashingReader(HonestReader):
    """Reads through a null pointer."""

    def read(self, stream: BinaryIO, path: str, options: Options) -> Iterator[Document]:
        ctypes.string_at(0)
        yield Document("never", "")


class AbortingReader(HonestReader):
    """Ends as C++ does when it gets no memory."""

    def read(self, stream: BinaryIO, path: str, options: Options) -> Iterator[Document]:
        os.kill(os.getpid(), signal.SIGABRT)
        yield Document("never", "")


class FaultyReader(HonestReader):
    """Raises what no reader should."""

    def read(self, stream: BinaryIO, path: str, options: Options) -> Iterator[Document]:
        yield Document("first", "the first document")
        raise ZeroDivisionError("of all things")


class WritingReader(HonestReader):
    """Prints, and tries to write a file beside the one it reads."""

    def read(self, stream: BinaryIO, path: str, options: Options) -> Iterator[Document]:
        print("x" * 100_000, flush=True)
        os.write(1, b"\0" * 64)
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        try:
            with open(f"{path}.stolen", "wb") as file:
                file.write(b"written")
        except OSError as error:
            raise Unreadable(path, f"cannot write: {error.errno}") from None
        yield Document("written", "")


class EndlessMembersReader(ZipReader):
    """A zip file whose members ``*.bad`` are read by a hostile reader."""

    hostile: ClassVar[type[Reader]] = EndlessReader

    def read(self, stream: BinaryIO, path: str, options: Options) -> Iterator[Document]:
        # Here and not above, so that it is known in the subprocess alone.
        register(type("BadReader", (self.hostile,), {"name": "bad", "extensions": (".bad",)}))
        return super().read(stream, path, options)


class GreedyMembersReader(EndlessMembersReader):
    """The same with another hostile reader."""

    hostile = GreedyReader


class AbortingMembersReader(EndlessMembersReader):
    """The same with another hostile reader."""

    hostile = AbortingReader


class FaultyMembersReader(EndlessMembersReader):
    """The same with another hostile reader."""

    hostile = FaultyReader
