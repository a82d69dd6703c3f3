"""What is deployed in the sandbox: the names of our own service's database, roles, bucket and hosts, read from data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files

import msgspec


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """Names inside the sandbox. `hosts` maps a name, or `name:port`, to the server that answers to it."""

    database: str
    service_role: str
    operator_role: str
    replication_role: str
    bucket: str
    max_connections: int
    reserved_connections: int
    hosts: Mapping[str, str]
    cached_keys: int


def read_deployment() -> Deployment:
    """Return the deployment that comes with the package."""
    text = files("architect.sandbox").joinpath("data", "deployment.toml").read_text(encoding="utf-8")
    return msgspec.toml.decode(text, type=Deployment)
