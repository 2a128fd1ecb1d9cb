"""Packed files: each kind unpacks to what went in; damage and bombs end in one reason."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import random
import shutil
import sys
from importlib.util import find_spec

import pytest
from hypothesis import given, settings, strategies as st

from gossamer.errors import Unreadable
from gossamer.text.readers import packed
from gossamer.text.readers.packed import unpack

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd


def _zstandard(data):
    return zstd.compress(data, options={zstd.CompressionParameter.checksum_flag: 1})


PACKERS = {".gz": gzip.compress, ".bz2": bz2.compress, ".xz": lzma.compress, ".zst": _zstandard}


def unpacked(data, path="file"):
    content, name = unpack(io.BufferedReader(io.BytesIO(data)), path)
    return content.read(), name


@pytest.mark.parametrize("ending", PACKERS)
@given(data=st.binary(max_size=500), times=st.integers(1, 3), padding=st.integers(0, 2), repeat=st.integers(1, 500))
@settings(max_examples=30, deadline=None)
def test_what_was_packed_comes_back(ending, data, times, padding, repeat):
    whole = PACKERS[ending](data * repeat) * times + b"\0" * 4 * padding
    assert unpacked(whole, f"notes.txt{ending.upper()}") == (data * repeat * times, "notes.txt")


def test_large_content_comes_back_from_every_packer():
    data = random.Random(3).randbytes(300_000) + b"wing" * 300_000
    for compress in PACKERS.values():
        assert unpacked(compress(data))[0] == data


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("a.tgz", "a.tar"),
        ("a.TBZ2", "a.tar"),
        ("a.tar.xz", "a.tar"),
        ("a.txt", "a.txt"),
        ("gz", "gz"),
        ("a.gz.b", "a.gz.b"),
    ],
)
def test_the_name_that_is_left_tells_the_format(path, name):
    assert unpacked(gzip.compress(b"x"), path) == (b"x", name)


def test_what_is_not_packed_stays_as_it_is():
    for data in (b"", b"BZh9 is how a sentence may start", b"\x1f\x8b", b"text"):
        assert unpacked(data, "a.gz") == (data, "a.gz")


@pytest.mark.parametrize(("ending", "kind"), [(".gz", "gzip"), (".bz2", "bzip2"), (".xz", "xz"), (".zst", "Zstandard")])
@given(cut=st.integers(12, 400), flip=st.integers(0, 400), bit=st.integers(0, 7))
@settings(max_examples=60, deadline=None)
def test_damaged_data_give_a_reason_or_the_content(ending, kind, cut, flip, bit):
    data = random.Random(1).randbytes(300)
    whole = PACKERS[ending](data)
    if cut < len(whole):
        with pytest.raises(Unreadable, match=f"damaged {kind} data after .*the end is missing"):
            unpacked(whole[:cut])
    broken = bytearray(whole)
    broken[flip % len(whole)] ^= 1 << bit
    reason, content = "", b""
    try:
        content, _ = unpacked(bytes(broken))
    except Unreadable as error:
        reason = error.reason
    # A bit of the header may not matter, or make it something else than packed data.
    assert reason.startswith(f"damaged {kind} data after") or content in (data, bytes(broken))


@pytest.mark.parametrize("ending", PACKERS)
def test_a_bomb_is_refused_soon_after_the_free_bytes(ending, monkeypatch):
    monkeypatch.setattr(packed, "FREE_BYTES", 1 << 20)
    bomb = PACKERS[ending](b"\0" * (8 << 20))
    content, _ = unpack(io.BufferedReader(io.BytesIO(bomb)), "bomb")
    out = io.BytesIO()
    with pytest.raises(Unreadable, match="unpack to more than 200 times their size"):
        shutil.copyfileobj(content, out)
    assert out.tell() <= max(1 << 20, 200 * len(bomb)) + (1 << 17)


def test_xz_that_asks_for_more_memory_than_is_allowed_is_refused(monkeypatch):
    monkeypatch.setattr(packed, "_MAX_WINDOW", 1 << 20)
    assert unpacked(lzma.compress(b"wing", preset=0))[0] == b"wing"
    with pytest.raises(Unreadable, match=r"damaged xz data after 0 bytes .*[Mm]emory"):
        unpacked(lzma.compress(b"wing", preset=9))


def test_zstandard_without_its_library_names_the_extra(monkeypatch):
    name = "compression.zstd" if find_spec("compression") else "backports.zstd"
    monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(Unreadable, match=r"pip install gossamer\[formats\]"):
        unpacked(zstd.compress(b"wing"))
