"""Which Host headers are answered, and what every answer carries."""

import base64
import hashlib

import pytest

from gossamer.app.web.guard import host_of, is_loopback, security_headers


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.10", "::1", "localhost", "LOCALHOST"])
def test_loopback(host):
    assert is_loopback(host)


@pytest.mark.parametrize(
    "host", ["", "0.0.0.0", "::", "example.org", "localhost.example.org", "127.0.0.1.nip.io", "10.0.0.1", "2130706433"]
)
def test_not_loopback(host):
    assert not is_loopback(host)


@pytest.mark.parametrize(
    ("header", "host"),
    [("localhost", "localhost"), ("localhost:8765", "localhost"), ("[::1]:80", "::1"), ("evil.org:80", "evil.org"),
     ("127.0.0.1:80@evil.org", "127.0.0.1"), ("", ""), ("[::1", "::1")],
)  # fmt: skip
def test_host_of(header, host):
    assert host_of(header) == host


def test_only_the_style_given_may_run():
    headers = dict(security_headers("p { color: red }"))
    policy = headers[b"content-security-policy"].decode()
    digest = base64.b64encode(hashlib.sha256(b"p { color: red }").digest()).decode()
    assert f"style-src 'sha256-{digest}'" in policy
    assert "default-src 'none'" in policy
    assert "script" not in policy
    assert "unsafe" not in policy
