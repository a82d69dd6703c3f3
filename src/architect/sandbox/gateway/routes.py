"""Where a request may go: decided from its target alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

_LOOPBACK_NAMES = frozenset(("127.0.0.1", "localhost"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Routes:
    """The world's servers by name and the names that they answer to. Whatever is not here is not in the sandbox."""

    ports: Mapping[str, int]
    hosts: Mapping[str, str]

    def find(self, host: str, port: int) -> int | None:
        """Return the loopback port of the server that answers to `host:port`; None: nobody does."""
        name = host.lower().rstrip(".")
        server = self.hosts.get(f"{name}:{port}") or self.hosts.get(name)
        if server is not None:
            return self.ports[server]
        if name in _LOOPBACK_NAMES and port in self.ports.values():
            return port
        return None


def split_authority(authority: str, default_port: int) -> tuple[str, int]:
    """Split `host:port` (`[::1]:80` too). Raises ValueError for what is neither."""
    if "@" in authority or not authority:
        raise ValueError("not a host and a port")
    host, separator, port = authority.rpartition(":")
    if not separator or authority.endswith("]"):
        return authority, default_port
    number = int(port)
    if not 0 < number < 65536:
        raise ValueError("not a port")
    return host.strip("[]"), number
