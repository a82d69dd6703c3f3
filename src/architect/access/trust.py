"""Trusted files: which settings count, by digest."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Trusted:
    """A file whose content a person has trusted. `path` is absolute, with links resolved."""

    path: str
    sha256: str
    at: datetime
    by: str


def content_digest(content: bytes) -> str:
    """Return the digest by which a file's content is trusted."""
    return hashlib.sha256(content).hexdigest()


def is_trusted(path: str, content: bytes, trusted: Sequence[Trusted]) -> bool:
    """Say whether exactly this content was trusted at exactly this path."""
    digest = content_digest(content)
    return any(entry.path == path and entry.sha256 == digest for entry in trusted)


class TrustStore(Protocol):
    """Keeps what was trusted. Each path has at most one trusted content."""

    def trust(self, path: str, sha256: str, *, by: str) -> Trusted:
        """Trust the content with this digest at `path`, instead of what was trusted there before."""
        ...

    def revoke(self, path: str, *, by: str) -> bool:
        """Stop trusting `path`; False when it was not trusted."""
        ...

    def list(self) -> Sequence[Trusted]:
        """Return everything that is trusted, by path."""
        ...
