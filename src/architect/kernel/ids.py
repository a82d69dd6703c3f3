"""Identifiers as types, so that a run is never passed for a stream."""

from __future__ import annotations

import os
import time
import uuid
from typing import NewType

StreamId = NewType("StreamId", str)
"""Names one event stream: `run:RUN-87`, `person:dana`, `checkpoints`."""

RunId = NewType("RunId", str)
"""Names one run for people: `RUN-87`."""

RunbookId = NewType("RunbookId", str)
"""The slug of a runbook inside its document."""

ActionId = NewType("ActionId", str)
"""Names one action of a plan: `2.3` is the third action of step 2."""

PersonId = NewType("PersonId", str)
"""Names one person."""


def uuid7() -> uuid.UUID:
    """Return a version 7 UUID: 48 bits of Unix milliseconds, then 74 random bits (RFC 9562)."""
    milliseconds = time.time_ns() // 1_000_000
    random = int.from_bytes(os.urandom(10), "big")
    value = (milliseconds & ((1 << 48) - 1)) << 80
    value |= 0x7 << 76 | ((random >> 62) & 0xFFF) << 64
    value |= 0b10 << 62 | (random & ((1 << 62) - 1))
    return uuid.UUID(int=value)
