"""What the proxy makes of a request."""

from __future__ import annotations

import asyncio
import ssl

import pytest

from architect.sandbox.gateway.proxy import Proxy
from architect.sandbox.gateway.routes import Routes


async def answer(request: bytes) -> bytes:
    """Send a request to a proxy in front of a server that repeats what it gets."""

    async def repeat(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n" + head)
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(repeat, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    routes = Routes(ports={"service": port}, hosts={"shop.test": "service"})
    proxy = Proxy(routes=routes, tls=ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER))
    front = await asyncio.start_server(proxy.handle, "127.0.0.1", 0)
    async with server, front:
        reader, writer = await asyncio.open_connection(*front.sockets[0].getsockname())
        writer.write(request.replace(b"PORT", str(port).encode()))
        writer.write_eof()
        found = await reader.read()
        writer.close()
        await writer.wait_closed()
        return found


def ask(request: bytes) -> bytes:
    """Run `answer`."""
    return asyncio.run(answer(request))


def test_a_request_for_a_name_of_the_world_arrives_in_origin_form_without_the_proxys_headers() -> None:
    request = b"GET http://shop.test/a?b=c HTTP/1.1\r\nHost: shop.test\r\nProxy-Authorization: x\r\n\r\n"
    found = ask(request)
    assert found.startswith(b"HTTP/1.1 200 OK\r\n\r\nGET /a?b=c HTTP/1.1\r\nHost: shop.test\r\nConnection: close")
    assert b"Proxy-Authorization" not in found


def test_a_tunnel_to_a_port_of_the_world_is_plain() -> None:
    found = ask(b"CONNECT 127.0.0.1:PORT HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\n\r\n")
    assert found.endswith(b"GET / HTTP/1.1\r\n\r\n")


@pytest.mark.parametrize(
    "request_line",
    [
        b"GET http://outside.test/",
        b"CONNECT outside.test:443",
        b"GET http://127.0.0.1:1/",
        b"CONNECT 127.0.0.1:22",
        b"GET http://shop.test@outside.test/",
    ],
)
def test_what_is_not_of_the_world_is_refused(request_line: bytes) -> None:
    found = ask(request_line + b" HTTP/1.1\r\n\r\n")
    assert found.startswith(b"HTTP/1.1 403")
    assert b"not part of the sandbox" in found


@pytest.mark.parametrize(
    "request_",
    [
        b"",
        b"GET\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET ftp://shop.test/ HTTP/1.1\r\n\r\n",
        b"CONNECT shop.test:x HTTP/1.1\r\n\r\n",
    ],
)
def test_what_is_no_request_to_a_proxy_is_a_bad_request(request_: bytes) -> None:
    assert ask(request_).startswith(b"HTTP/1.1 400")
