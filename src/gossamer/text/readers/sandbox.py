"""Runs risky readers in a subprocess with limits on time and memory, so that no file can hang or end the program.

The subprocess serves many files; it is killed when a file overruns a limit, and a new one serves the next file.
"""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Generator, Iterator
from contextlib import suppress
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from gossamer.errors import GossamerError, Unreadable
from gossamer.text.documents import Document, Span
from gossamer.text.readers.registry import MIB, Options, Reader
from gossamer.text.readers.worker import LENGTH, pack

# Isolated, because `-m` would import modules that lie in the current directory: often the folder that is being read.
_BOOT = """
import sys
sys.path[:] = sys.argv[2:]
from gossamer.text.readers.worker import serve
serve(int(sys.argv[1]))
"""
_START_SECONDS = 60
_CALLED = ("skip", "begin", "busy")  # options that are functions of the caller
_FAILURES = 8  # members of an archive that may break the parser before the rest is given up
_ANSWER_BYTES = 512 * MIB
_OUT_OF_MEMORY = (-signal.SIGABRT, -signal.SIGTRAP, -signal.SIGILL)  # how native code ends where it gets no memory


class Sandbox:
    """A reader of files that cannot be trusted. Not for use by several threads at once.

    Args:
        seconds: Processor time for one document; waiting may take twice that.
        memory: Address space of the subprocess, bytes.

    Example:
        >>> from gossamer.text.readers.html import HtmlReader
        >>> with Sandbox() as sandbox:
        ...     [document] = sandbox.read(HtmlReader(), "page.html", Options())
        >>> document.title
        'Sails'
    """

    def __init__(self, *, seconds: float = 30, memory: int = 1536 * MIB) -> None:
        self._seconds, self._memory = seconds, memory
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Sandbox:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the subprocess, if one runs; a later `read` starts another."""
        if self._process is not None:
            self._stop(self._process)
            self._process = None

    def read(self, reader: Reader, path: str, options: Options) -> Iterator[Document]:
        """The documents of a file, as ``reader.read`` gives them.

        A member of an archive that overruns a limit or crashes the parser is reported to ``options.skip``, and a new
        subprocess goes on behind it.

        Raises:
            Unreadable: From the reader, or the file took too long, needed too much memory or crashed the parser.
            GossamerError: The subprocess does not start.
        """
        for _ in range(_FAILURES):
            failure = yield from self._read(reader, path, options)
            if failure is None:
                return
            member, cause = failure
            if not member:
                raise Unreadable(path, cause)
            options.skip(member, cause)
            options = replace(options, resume_after=member)
        raise Unreadable(path, f"{_FAILURES} of its members broke the parser; the rest is left out")

    def _read(self, reader: Reader, path: str, options: Options) -> Generator[Document, None, tuple[str, str] | None]:
        """What `read` gives; where the subprocess fails, the member that it was at, if any, and the cause."""
        kind, member, finished = type(reader), "", False
        told = {one.name: getattr(options, one.name) for one in fields(options) if one.name not in _CALLED}
        request = {"reader": f"{kind.__module__}:{kind.__qualname__}", "path": path, "options": told}
        process = self._running()
        try:
            _send(process, {**request, "seconds": self._seconds})
            while True:
                answer = _receive(process, 2 * self._seconds)
                if answer is None:
                    return member, self._cause(process)
                if "document" in answer:
                    yield _document(answer["document"])
                elif "skip" in answer:
                    options.skip(*answer["skip"])
                elif "member" in answer:
                    member = answer["member"]
                    options.begin(member)
                elif "busy" in answer:
                    options.busy()
                else:
                    finished = "out_of_memory" not in answer
                    break
            if "unreadable" in answer:
                raise Unreadable(path, answer["unreadable"])
            return None if finished else (member, f"needed more than {self._memory / MIB:g} MiB of memory")
        finally:
            if not finished:  # overrun, crash, Ctrl-C, or the caller wants no more of this file
                self.close()

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None or self._process.poll() is not None:
            self.close()
            path = [entry for entry in sys.path if entry] + [str(Path(__file__).parents[3])]
            # A session of its own, so that Ctrl-C in the terminal reaches this process alone, which then ends that one.
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-c", _BOOT, str(self._memory), *path],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True,
                env={**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},  # each thread takes memory
            )  # fmt: skip
            if _receive(self._process, _START_SECONDS) is None:
                self.close()
                command = f"{sys.executable} -c 'import gossamer.text.readers.worker'"
                raise GossamerError(f"the subprocess for risky formats does not start; `{command}` may tell why")
        return self._process

    def _cause(self, process: subprocess.Popen[bytes]) -> str:
        """Why the subprocess gave no answer, which ends it if it still runs."""
        try:
            code = process.wait(timeout=0.5)  # its pipe may close a moment before it is gone
        except subprocess.TimeoutExpired:
            return f"took longer than {self._seconds:g} s"
        if code == -signal.SIGXCPU:
            return f"took longer than {self._seconds:g} s"
        crash = f"the parser crashed ({signal.Signals(-code).name if code < 0 else f'exit code {code}'})"
        return f"{crash} or needed more than {self._memory / MIB:g} MiB of memory" if code in _OUT_OF_MEMORY else crash

    @staticmethod
    def _stop(process: subprocess.Popen[bytes]) -> None:
        process.kill()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with suppress(BrokenPipeError):
                    pipe.close()
        process.wait()


def _send(process: subprocess.Popen[bytes], request: dict[str, Any]) -> None:
    assert process.stdin is not None
    with suppress(BrokenPipeError):  # a process that is gone gives no answer, which tells the same
        process.stdin.write(pack(request))
        process.stdin.flush()


def _receive(process: subprocess.Popen[bytes], seconds: float) -> dict[str, Any] | None:
    """The next answer, or None where the time is over, the process has ended or talks nonsense."""
    assert process.stdout is not None
    pipe, poll, deadline = process.stdout.fileno(), select.poll(), time.monotonic() + seconds
    poll.register(pipe, select.POLLIN)
    data, wanted = bytearray(), LENGTH.size
    while len(data) < wanted:
        ready = poll.poll(max(0.0, deadline - time.monotonic()) * 1000)
        piece = os.read(pipe, min(wanted - len(data), MIB)) if ready else b""
        if not piece:
            return None
        data += piece
        if len(data) == wanted == LENGTH.size:
            wanted += LENGTH.unpack(data)[0]
            if wanted > _ANSWER_BYTES:
                return None
    answer: dict[str, Any] = json.loads(data[LENGTH.size :].decode("utf-8", "surrogatepass"))
    return answer


def _document(values: dict[str, Any]) -> Document:
    spans = tuple(Span(**span) for span in values.pop("spans"))
    return Document(**values, spans=spans)
