"""The proxy: passes requests for names of the sandbox on, and refuses all others with a reason."""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import dataclass
from urllib.parse import urlsplit

from architect.sandbox.gateway.routes import Routes, split_authority

_HEAD_LIMIT = 64 * 1024
_PIECE = 64 * 1024
_HTTP, _HTTPS = 80, 443
_LOOPBACK = "127.0.0.1"
_HOP_HEADERS = (b"connection:", b"proxy-connection:", b"proxy-authorization:", b"keep-alive:")


@dataclass(frozen=True, slots=True, kw_only=True)
class Proxy:
    """One proxy. `tls` speaks for the names of the sandbox with a certificate of its own authority."""

    routes: Routes
    tls: ssl.SSLContext

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection of a client: one request, or one tunnel."""
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            method, target, _ = head.split(b"\r\n", 1)[0].decode("latin-1").split(" ", 2)
            if method == "CONNECT":
                await self._tunnel(target, reader, writer)
            else:
                await self._forward(target, head, reader, writer)
        except (ValueError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            writer.write(_answer(400, "not a request to a proxy"))
        except OSError as error:
            writer.write(_answer(502, f"the sandbox's server does not answer: {error.strerror}"))
        finally:
            await close(writer)

    async def _tunnel(self, target: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        host, port = split_authority(target, _HTTPS)
        server = self.routes.find(host, port)
        if server is None:
            writer.write(refusal(host, port))
            return
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        await writer.drain()
        # A plain server of the sandbox is reached as it is; a name on 443 gets the sandbox's certificate.
        if port not in self.routes.ports.values():
            await writer.start_tls(self.tls)
        await relay(server, reader, writer)

    async def _forward(
        self, target: str, head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        url = urlsplit(target)
        if url.scheme != "http":
            raise ValueError("not an absolute http address")
        host, port = split_authority(url.netloc.rpartition("@")[2], _HTTP)
        server = self.routes.find(host, port)
        if server is None:
            writer.write(refusal(host, port))
            return
        path = (url.path or "/") + (f"?{url.query}" if url.query else "")
        await relay(server, reader, writer, first=_origin_form(head, path))


async def relay(port: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, first: bytes = b"") -> None:
    """Join a client with a server of the sandbox until both are done."""
    server_reader, server_writer = await asyncio.open_connection(_LOOPBACK, port)
    try:
        server_writer.write(first)
        async with asyncio.TaskGroup() as both:
            both.create_task(_pump(reader, server_writer))
            both.create_task(_pump(server_reader, writer))
    finally:
        await close(server_writer)


async def close(writer: asyncio.StreamWriter) -> None:
    """Close a connection, whatever the other side does."""
    writer.close()
    try:
        await writer.wait_closed()
    except (OSError, ssl.SSLError):
        return


def refusal(host: str, port: int) -> bytes:
    """Return the answer for what is not part of the sandbox."""
    return _answer(403, f"{host}:{port} is not part of the sandbox; refused")


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while piece := await reader.read(_PIECE):
            writer.write(piece)
            await writer.drain()
        if writer.can_write_eof():
            writer.write_eof()
    except (ConnectionError, ssl.SSLError):
        writer.close()


def _origin_form(head: bytes, path: str) -> bytes:
    """Rewrite a request for a proxy as one for the server, and ask for the connection to end with it."""
    first, *fields = head.rstrip(b"\r\n").split(b"\r\n")
    method, _, version = first.split(b" ", 2)
    kept = [field for field in fields if not field.lower().startswith(_HOP_HEADERS)]
    line = b" ".join((method, path.encode("latin-1"), version))
    return b"\r\n".join((line, *kept, b"Connection: close", b"", b""))


def _answer(status: int, text: str) -> bytes:
    reason = {400: "Bad Request", 403: "Forbidden", 502: "Bad Gateway"}[status]
    body = f"architect sandbox: {text}\n".encode("utf-8", "replace")
    head = f"HTTP/1.1 {status} {reason}\r\nContent-Type: text/plain\r\nContent-Length: {len(body)}\r\n"
    return head.encode() + b"Connection: close\r\n\r\n" + body
