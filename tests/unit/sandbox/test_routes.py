"""Where the proxy lets a request go."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from architect.sandbox.gateway.routes import Routes, split_authority

ROUTES = Routes(ports={"service": 8001, "primary": 8002}, hosts={"shop.test": "service", "metrics:9090": "primary"})


@pytest.mark.parametrize(
    ("host", "port", "server"),
    [
        ("shop.test", 443, 8001),
        ("SHOP.test.", 80, 8001),
        ("metrics", 9090, 8002),
        ("metrics", 80, None),
        ("127.0.0.1", 8002, 8002),
        ("localhost", 8001, 8001),
        ("127.0.0.1", 22, None),
        ("127.1", 8001, None),
        ("0.0.0.0", 8001, None),
        ("::1", 8001, None),
        ("shop.test.evil.test", 443, None),
        ("", 443, None),
    ],
)
def test_only_names_and_ports_of_the_world_lead_anywhere(host: str, port: int, server: int | None) -> None:
    assert ROUTES.find(host, port) == server


@given(host=st.text(), port=st.integers(1, 65535))
def test_whatever_is_asked_leads_to_a_server_of_the_world_or_nowhere(host: str, port: int) -> None:
    assert ROUTES.find(host, port) in (None, 8001, 8002)


@pytest.mark.parametrize(
    ("authority", "expected"),
    [
        ("shop.test", ("shop.test", 443)),
        ("shop.test:80", ("shop.test", 80)),
        ("[::1]:80", ("::1", 80)),
        ("[::1]", ("[::1]", 443)),
    ],
)
def test_an_authority_is_a_host_and_a_port(authority: str, expected: tuple[str, int]) -> None:
    assert split_authority(authority, 443) == expected


@pytest.mark.parametrize("authority", ["", "user@shop.test", "shop.test:x", "shop.test:0", "shop.test:70000"])
def test_what_is_no_authority_is_refused(authority: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        split_authority(authority, 443)
