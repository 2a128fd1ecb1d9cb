"""Ctrl-C while native code runs."""

from __future__ import annotations

import _thread
import signal
import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def pressed_during(call: Callable[[], T]) -> T:
    """The call, with Ctrl-C pressed all the while; KeyboardInterrupt the third time that it is noticed.

    Signals that come while nobody looks count as one, when the call is over.
    """
    over, seen = threading.Event(), []

    def handle(number: int, frame: object) -> None:
        seen.append(number)
        if len(seen) == 3:
            raise KeyboardInterrupt

    def press() -> None:
        while not over.wait(0.005):
            _thread.interrupt_main()

    pressing = threading.Thread(target=press)
    before = signal.signal(signal.SIGINT, handle)
    try:
        pressing.start()
        try:
            return call()
        finally:
            over.set()
            pressing.join()
    finally:
        signal.signal(signal.SIGINT, before)
