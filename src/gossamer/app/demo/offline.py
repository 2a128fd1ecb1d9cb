"""No network: once blocked, a process cannot reach anything but its own machine, and fails when it tries."""

from __future__ import annotations

import ipaddress
import socket
import sys
from typing import Any

from gossamer.errors import GossamerError

_TO_ADDRESS = ("socket.connect", "socket.bind", "socket.sendto")
_LOOK_UP = ("socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr")
_NOBODY = ("192.0.2.1", 9)  # kept for documentation (RFC 5737)


class NetworkUsed(GossamerError):
    """Something tried to leave the machine."""


def block_network() -> None:
    """From now on every socket of this process that is not loopback raises `NetworkUsed`. This cannot be undone."""
    sys.addaudithook(_refuse)


def is_blocked() -> bool:
    """Whether this process is kept from the network; found out by trying."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:  # connecting a datagram socket sends nothing
        try:
            probe.connect(_NOBODY)
        except NetworkUsed:
            return True
        except OSError:  # there is no network, but nothing keeps us from it
            return False
    return False


def _refuse(event: str, arguments: tuple[Any, ...]) -> None:
    if event in _TO_ADDRESS and isinstance(arguments[1], tuple):  # a path names a Unix socket
        host = arguments[1][0]
    elif event in _LOOK_UP:
        host = arguments[0]
    else:
        return
    if not _is_here(host):
        raise NetworkUsed(f"{event} {host!r}: the demo uses no network")


def _is_here(host: object) -> bool:
    name = host.decode("ascii", "replace") if isinstance(host, bytes) else str(host or "localhost")
    try:
        return name == "localhost" or ipaddress.ip_address(name.partition("%")[0]).is_loopback
    except ValueError:
        return False
