"""The limited subprocess that runs risky readers; `gossamer.text.readers.sandbox` starts it and holds the other ends.

Frames on stdin and stdout are a length of 8 bytes and so many bytes of JSON.
"""

from __future__ import annotations

import json
import os
import resource
import struct
import sys
from importlib import import_module
from typing import Any, BinaryIO

from gossamer.errors import Unreadable
from gossamer.text.readers.opening import open_file
from gossamer.text.readers.registry import Options, Reader

LENGTH = struct.Struct(">Q")
MAX_SPANS = 500_000
"""Spans of one document; in the process that reads the answers each takes 400 bytes."""


def pack(message: dict[str, Any]) -> bytes:
    """One frame."""
    body = json.dumps(message, ensure_ascii=False).encode("utf-8", "surrogatepass")
    return LENGTH.pack(len(body)) + body


def serve(memory: int) -> None:
    """Answer requests on stdin until it is closed.

    Args:
        memory: Most bytes of address space.
    """
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what a parser prints must not look like an answer
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    _send(answers, {"ready": True})
    while header := sys.stdin.buffer.read(LENGTH.size):
        request = json.loads(sys.stdin.buffer.read(*LENGTH.unpack(header)).decode("utf-8", "surrogatepass"))
        try:
            _answer(answers, request)
        except Unreadable as error:
            _send(answers, {"unreadable": error.reason})
        except MemoryError:
            _send(answers, {"out_of_memory": True})
            return
        except BrokenPipeError:
            return
        except Exception as error:  # the file is hostile or the parser has a bug: neither may end the run
            _send(answers, {"unreadable": f"the parser failed ({type(error).__name__}: {error})"})


def _answer(answers: BinaryIO, request: dict[str, Any]) -> None:
    seconds = request["seconds"]
    _allow_seconds(seconds)
    module, _, name = request["reader"].partition(":")
    reader: Reader = getattr(import_module(module), name)()

    def skip(where: str, reason: str) -> None:
        _send(answers, {"skip": [where, reason]})

    def begin(member: str) -> None:
        _send(answers, {"member": member})
        _allow_seconds(seconds)

    def busy() -> None:
        _send(answers, {"busy": True})
        _allow_seconds(seconds)

    options = Options(**request["options"], skip=skip, begin=begin, busy=busy)
    with open_file(request["path"]) as file:
        for document in reader.read(file.stream, request["path"], options):
            if len(document.spans) > MAX_SPANS:
                raise Unreadable(request["path"], f"more than {MAX_SPANS:,} headings, times and the like: split it")
            _send(answers, {"document": document.to_dict()})
            _allow_seconds(seconds)
    _send(answers, {"end": True})


def _allow_seconds(seconds: float) -> None:
    """Let the process use so much more processor time; the kernel ends it with SIGXCPU."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    limit = int(used.ru_utime + used.ru_stime + seconds) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (limit, resource.getrlimit(resource.RLIMIT_CPU)[1]))


def _send(answers: BinaryIO, message: dict[str, Any]) -> None:
    answers.write(pack(message))
    answers.flush()
