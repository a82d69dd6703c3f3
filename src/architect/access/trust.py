"""Trusted files: which settings count, by digest."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from architect.audit.model import Draft, Event
from architect.kernel.ids import StreamId


@dataclass(frozen=True, slots=True, kw_only=True)
class Trusted:
    """A file whose content a person has trusted. `path` is absolute, with links resolved."""

    path: str
    sha256: str
    at: datetime
    by: str


def is_trusted(path: str, digest: str, trusted: Sequence[Trusted]) -> bool:
    """Say whether exactly the content with this digest was trusted at exactly this path."""
    return any(entry.path == path and entry.sha256 == digest for entry in trusted)


TRUST = StreamId("trust")
"""The stream in which files are trusted and no longer trusted."""

_GIVEN, _REVOKED = "trust.given", "trust.revoked"


def given(path: str, sha256: str, *, by: str) -> Draft:
    """Return the event that trusts a content."""
    return Draft(kind=_GIVEN, actor=by, data={"path": path, "sha256": sha256, "by": by})


def revoked(path: str, *, by: str) -> Draft:
    """Return the event that ends the trust in a path."""
    return Draft(kind=_REVOKED, actor=by, data={"path": path, "by": by})


def trusted_after(events: Iterable[Event]) -> Mapping[str, Trusted]:
    """Return what is trusted after all events of the stream `trust`, by path."""
    found: dict[str, Trusted] = {}
    for event in events:
        path = str(event.data["path"])
        found.pop(path, None)
        if event.kind == _GIVEN:
            found[path] = Trusted(path=path, sha256=str(event.data["sha256"]), at=event.at, by=str(event.data["by"]))
    return dict(sorted(found.items()))


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
