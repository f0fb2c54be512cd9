"""Whose address counts, and when somebody has tried too often."""

from __future__ import annotations

from ipaddress import ip_address, ip_network

import pytest
from fastapi import Request

from reviewer.service.visitors import Attempts, Visitors

PROXY, LOCAL = "10.0.0.5", "127.0.0.1"


def request_from(peer: str, **headers: str) -> Request:
    names = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return Request({"type": "http", "client": (peer, 5), "headers": names})


@pytest.mark.parametrize(
    ("peer", "said", "address"),
    [
        (PROXY, "203.0.113.9", "203.0.113.9"),
        (PROXY, "127.0.0.1, 203.0.113.9", "203.0.113.9"),
        (PROXY, "203.0.113.9, 10.0.0.7", "203.0.113.9"),
        (PROXY, "10.0.0.8, 10.0.0.7", "10.0.0.8"),
        (PROXY, "nonsense", PROXY),
        (PROXY, "203.0.113.9, nonsense, 10.0.0.7", "10.0.0.7"),
        (PROXY, "", PROXY),
        (PROXY, ",".join(["10.0.0.7"] * 5000), "10.0.0.7"),
        (PROXY, "2001:db8::1", "2001:db8::1"),
        ("198.51.100.1", "127.0.0.1", "198.51.100.1"),
        ("::ffff:10.0.0.5", "203.0.113.9", "203.0.113.9"),
    ],
)
def test_the_address_behind_a_proxy_of_ours(peer: str, said: str, address: str) -> None:
    visitors = Visitors([ip_network("10.0.0.0/24")])
    assert visitors.address(request_from(peer, x_forwarded_for=said)) == ip_address(address)


@pytest.mark.parametrize(
    ("trusted", "peer", "headers", "local"),
    [
        ("", LOCAL, {}, True),
        ("", LOCAL, {"x_forwarded_for": LOCAL}, False),
        ("127.0.0.0/8", LOCAL, {}, True),
        ("127.0.0.0/8", LOCAL, {"x_forwarded_for": "203.0.113.9"}, False),
        ("127.0.0.0/8", LOCAL, {"x_forwarded_for": "127.0.0.1, 203.0.113.9"}, False),
        ("127.0.0.0/8", LOCAL, {"forwarded": "for=203.0.113.9"}, False),
        ("127.0.0.0/8", LOCAL, {"x_real_ip": "203.0.113.9"}, False),
        ("10.0.0.0/24", PROXY, {"x_forwarded_for": LOCAL}, True),
        ("10.0.0.0/24", "198.51.100.1", {"x_forwarded_for": LOCAL}, False),
    ],
)
def test_who_is_on_this_machine(trusted: str, peer: str, headers: dict[str, str], local: bool) -> None:
    visitors = Visitors([ip_network(trusted)] if trusted else [])
    assert visitors.is_local(request_from(peer, **headers)) is local


class Hands:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_bucket_runs_empty_and_fills_again() -> None:
    clock = Hands()
    attempts = Attempts(3, clock)
    here, there = ip_address("203.0.113.9"), ip_address("203.0.113.10")
    assert [attempts.failed(here) for _ in range(5)] == [False, False, False, True, True]
    assert not attempts.failed(there)
    clock.now = 20.0
    assert [attempts.failed(here) for _ in range(2)] == [False, True]


def test_a_network_of_addresses_is_one() -> None:
    attempts = Attempts(2, Hands())
    tried = [attempts.failed(ip_address(f"2001:db8:1:2::{number}")) for number in range(1, 5)]
    assert tried == [False, False, True, True]


def test_no_bound() -> None:
    attempts = Attempts(0, Hands())
    assert not any(attempts.failed(ip_address("203.0.113.9")) for _ in range(1000))
