"""The client: resolves once, judges what it got, connects to exactly that address, and does so for every redirect."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit, urlunsplit

from architect.integrations.http.addresses import is_inner
from architect.kernel.errors import OutsideError, RefusedError
from architect.runs.ports import HttpAnswer, WebClient

if TYPE_CHECKING:
    import httpx

MAX_BODY_BYTES = 1 << 20
MAX_REDIRECTS = 5
_REDIRECTS = frozenset((301, 302, 303, 307, 308))
_PORTS = {"http": 80, "https": 443}

Resolver = Callable[[str, int], Sequence[str]]
"""Returns the addresses of a host."""


class AddressRefusedError(RefusedError):
    """An outside text names an address that may not be spoken to."""

    code = "address-refused"


class HostUnreachableError(OutsideError):
    """Nothing answers, or not in time."""

    code = "host-unreachable"


def resolve(host: str, port: int) -> Sequence[str]:
    """Return the addresses of a host as the system resolves it."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise HostUnreachableError(f"{host} has no address") from error
    return tuple(dict.fromkeys(str(entry[4][0]) for entry in found))


class GuardedWebClient(WebClient):
    """Speaks to the open net and to the hosts that a profile names.

    `hosts` maps names, or `name:port`, to `address:port`; an empty address means what the name resolves to. A named
    host may be an inner address. With a proxy in the environment the connection is the proxy's, and only named hosts
    are asked through it.
    """

    def __init__(self, hosts: Mapping[str, str], *, resolver: Resolver = resolve) -> None:
        self._hosts = {name.lower(): address for name, address in hosts.items()}
        self._resolver = resolver

    def send(
        self, method: str, url: str, *, environment: Mapping[str, str], body: bytes = b"", timeout_s: float = 5.0
    ) -> HttpAnswer:
        """Return the answer after redirects; a redirect is followed with GET and without the body."""
        for _ in range(MAX_REDIRECTS + 1):
            answer, location = self._once(method, url, environment=environment, body=body, timeout_s=timeout_s)
            if location is None:
                return answer
            url, body = urljoin(url, location), b""
            method = method if method == "HEAD" else "GET"
        raise HostUnreachableError(f"more than {MAX_REDIRECTS} redirects")

    def _once(
        self, method: str, url: str, *, environment: Mapping[str, str], body: bytes, timeout_s: float
    ) -> tuple[HttpAnswer, str | None]:
        import httpx

        proxy = self._proxy(url, environment)
        target, headers, extensions = (url, {}, {}) if proxy else self._pinned(url)
        headers |= {"user-agent": "architect", "accept": "*/*"}
        if body:
            headers["content-type"] = "application/x-www-form-urlencoded"
        try:
            with (
                httpx.Client(proxy=proxy, verify=_verification(_authority(environment)), trust_env=False) as client,
                client.stream(
                    method, target, headers=headers, content=body, extensions=extensions, timeout=timeout_s
                ) as answer,
            ):
                location = answer.headers.get("location") if answer.status_code in _REDIRECTS else None
                return HttpAnswer(status=answer.status_code, body=_read(answer), url=url), location
        except (httpx.HTTPError, httpx.InvalidURL, ssl.SSLError) as error:
            raise HostUnreachableError(f"{_origin(url)} does not answer: {_reason(error)}") from error

    def _proxy(self, url: str, environment: Mapping[str, str]) -> str | None:
        """Return the proxy of the environment; through one, only named hosts are asked."""
        scheme, host, port = _parts(url)
        proxy = environment.get(f"{scheme}_proxy") or environment.get(f"{scheme.upper()}_PROXY")
        if not proxy:
            return None
        if self._named(host, port) is None:
            raise AddressRefusedError(f"the profile does not name {host}")
        return proxy

    def _named(self, host: str, port: int) -> str | None:
        """Return where a named host is, empty where its name is enough; None for a host that is not named."""
        key = f"{host}:{port}"
        if key in self._hosts:
            return self._hosts[key]
        return self._hosts.get(host)

    def _pinned(self, url: str) -> tuple[str, dict[str, str], dict[str, str]]:
        """Return the URL with the judged address in it, and what keeps the name for the server and its certificate."""
        scheme, host, port = _parts(url)
        named = self._named(host, port)
        address_host, address_port = host, port
        if named:
            address_host, _, text = named.rpartition(":")
            address_port = int(text)
        addresses = self._resolver(address_host.strip("[]"), address_port)
        if named is None:
            inner = next((address for address in addresses if is_inner(address)), None)
            if inner is not None or not addresses:
                raise AddressRefusedError(
                    f"{host} is the inner address {inner}", hint="name it under `hosts` in the profile to allow it"
                )
        address = addresses[0]
        place = f"[{address}]" if ":" in address else address
        parts = urlsplit(url)
        target = urlunsplit((scheme, f"{place}:{address_port}", parts.path or "/", parts.query, ""))
        shown = f"[{host}]" if ":" in host else host
        name = shown if port == _PORTS[scheme] else f"{shown}:{port}"
        return target, {"host": name}, {"sni_hostname": host}


def _parts(url: str) -> tuple[str, str, int]:
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise AddressRefusedError("not a URL") from error
    if parts.scheme not in _PORTS or not host or parts.username is not None or any(ord(sign) <= 0x20 for sign in url):
        raise AddressRefusedError("only http and https URLs without a user are asked")
    return parts.scheme, host.rstrip("."), port or _PORTS[parts.scheme]


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _authority(environment: Mapping[str, str]) -> str:
    return environment.get("SSL_CERT_FILE") or environment.get("CURL_CA_BUNDLE") or ""


@lru_cache(maxsize=4)
def _verification(authority: str) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=authority or None)


def _read(answer: httpx.Response) -> bytes:
    parts: list[bytes] = []
    size = 0
    for part in answer.iter_bytes():
        parts.append(part)
        size += len(part)
        if size >= MAX_BODY_BYTES:
            break
    return b"".join(parts)[:MAX_BODY_BYTES]


def _reason(error: Exception) -> str:
    text = " ".join(str(error).split())
    return text[:200] or type(error).__name__
