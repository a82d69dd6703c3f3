"""What somebody can make of entries who knows how hashes are made, and has everything but the key."""

from __future__ import annotations

from collections.abc import Sequence

from architect.audit.canonical import digest_of
from architect.audit.model import GENESIS, Entry


def rehashed(entries: Sequence[Entry], *, begin: int = 1) -> list[Entry]:
    """Return the entries numbered and chained anew from `begin` on, each hash right."""
    done = list(entries[: begin - 1])
    for entry in entries[begin - 1 :]:
        prev = done[-1].hash if done else GENESIS
        moved = entry._replace(seq=len(done) + 1, prev=prev)
        done.append(moved._replace(hash=digest_of(moved)))
    return done


def renumbered(entries: Sequence[Entry]) -> list[Entry]:
    """Return the entries with numbers without a gap, and nothing else changed."""
    return [entry._replace(seq=number) for number, entry in enumerate(entries, start=1)]
