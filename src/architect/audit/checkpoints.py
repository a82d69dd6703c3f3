"""Checkpoints: signed statements about the heads of all streams, by which a tail that was cut off shows. Pure.

A checkpoint is an event of the stream `checkpoints`. It names the heads that moved since the one before, and a
commitment that chains these lists, so that one short line, kept elsewhere, covers everything recorded before it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import msgspec

from architect.audit.canonical import canonical, moment_text, parse_moment
from architect.audit.model import GENESIS, Draft, Event, Head, Json
from architect.kernel.errors import IntegrityError, UsageError
from architect.kernel.ids import StreamId

CHECKPOINTS = StreamId("checkpoints")
KIND = "checkpoint.made"
_PURPOSE = "architect checkpoint 1"
_SHORT = re.compile(r"(?P<number>[1-9][0-9]{0,17}):(?P<commitment>[0-9a-f]{64})")


class Signer(Protocol):
    """Signs statements; `key` names the public key, hex SHA-256 of its raw bytes, shortened to 16 characters."""

    @property
    def key(self) -> str:
        """The name of the key."""
        ...

    def sign(self, statement: bytes) -> bytes:
        """Return the signature."""
        ...


class Keyring(Protocol):
    """The public keys that count here."""

    def verify(self, key: str, statement: bytes, signature: bytes) -> bool | None:
        """Say whether the signature is the key's; None when the key is not here."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """What was recorded up to a moment. `changed` are the heads that moved since the checkpoint before."""

    store: str
    number: int
    made_at: datetime
    changed: tuple[Head, ...]
    commitment: str
    key: str
    signature: str

    @property
    def short(self) -> str:
        """Return the line to keep elsewhere: `12:9f3c…`."""
        return f"{self.number}:{self.commitment}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """A checkpoint as it is kept outside the store; `signature` is None in the short spelling."""

    number: int
    commitment: str
    store: str = ""
    made_at: str = ""
    key: str = ""
    signature: str | None = None


class CheckpointCopies(Protocol):
    """A place outside the store where copies of checkpoints are kept."""

    @property
    def name(self) -> str:
        """How people call the place."""
        ...

    def put(self, line: str) -> None:
        """Keep one line. Raises OutsideError when it cannot be kept."""
        ...


def commitment_of(before: str, changed: Sequence[Head]) -> str:
    """Return the commitment after `changed`, given the one before (GENESIS for the first)."""
    heads: Json = [[head.stream, head.seq, head.hash] for head in changed]
    return hashlib.sha256(canonical({"before": before, "heads": heads})).hexdigest()


def statement_of(*, store: str, number: int, made_at: str, commitment: str) -> bytes:
    """Return the bytes that are signed."""
    facts: Json = {
        "purpose": _PURPOSE,
        "store": store,
        "number": number,
        "made_at": made_at,
        "commitment": commitment,
    }
    return canonical(facts)


def next_checkpoint(
    before: Checkpoint | None, changed: Sequence[Head], *, store: str, made_at: datetime, signer: Signer
) -> Checkpoint:
    """Return the signed checkpoint over `changed`, after the one before."""
    number = before.number + 1 if before else 1
    ordered = tuple(sorted(changed, key=lambda head: head.stream))
    commitment = commitment_of(before.commitment if before else GENESIS, ordered)
    statement = statement_of(store=store, number=number, made_at=moment_text(made_at), commitment=commitment)
    return Checkpoint(
        store=store,
        number=number,
        made_at=made_at,
        changed=ordered,
        commitment=commitment,
        key=signer.key,
        signature=signer.sign(statement).hex(),
    )


def draft_of(checkpoint: Checkpoint, *, actor: str) -> Draft:
    """Return the checkpoint as a draft for the stream `checkpoints`."""
    data: Mapping[str, Json] = {
        "store": checkpoint.store,
        "number": checkpoint.number,
        "made_at": moment_text(checkpoint.made_at),
        "heads": [[head.stream, head.seq, head.hash] for head in checkpoint.changed],
        "commitment": checkpoint.commitment,
        "key": checkpoint.key,
        "signature": checkpoint.signature,
    }
    return Draft(kind=KIND, actor=actor, data=data)


class _Data(msgspec.Struct, frozen=True, kw_only=True):
    store: str
    number: int
    made_at: str
    heads: list[tuple[str, int, str]]
    commitment: str
    key: str
    signature: str


def parse_checkpoint(event: Event) -> Checkpoint:
    """Return the checkpoint that an event holds. Raises IntegrityError when it holds none."""
    try:
        data = msgspec.convert(event.data, _Data)
        return Checkpoint(
            store=data.store,
            number=data.number,
            made_at=parse_moment(data.made_at),
            changed=tuple(Head(stream=StreamId(name), seq=seq, hash=digest) for name, seq, digest in data.heads),
            commitment=data.commitment,
            key=data.key,
            signature=data.signature,
        )
    except (msgspec.ValidationError, ValueError) as error:
        raise IntegrityError(f"event {event.seq} of {CHECKPOINTS} holds no checkpoint: {error}") from error


def line_of(checkpoint: Checkpoint) -> str:
    """Return the signed line that is copied outside the store: JSON without the heads."""
    facts: Json = {
        "store": checkpoint.store,
        "number": checkpoint.number,
        "made_at": moment_text(checkpoint.made_at),
        "commitment": checkpoint.commitment,
        "key": checkpoint.key,
        "signature": checkpoint.signature,
    }
    return canonical(facts).decode()


def parse_copies(text: str) -> tuple[Copy, ...]:
    """Return the copies in a text, one a line: `12:9f3c…` or signed JSON, whatever a log put before it.

    Raises UsageError where a line holds none, and where there is none at all.
    """
    lines = [(number, line.strip()) for number, line in enumerate(text.split("\n"), start=1) if line.strip()]
    if not lines:
        raise UsageError("there is no checkpoint in it", hint=_EXPECTED)
    return tuple(_parse_copy(line, number) for number, line in lines)


def _parse_copy(line: str, number: int) -> Copy:
    begin = line.find("{")
    short = _SHORT.search(line) if begin < 0 else None
    if short is not None:
        return Copy(number=int(short["number"]), commitment=short["commitment"])
    try:
        return parse_line(line[begin:])
    except (ValueError, RecursionError) as error:
        raise UsageError(f"line {number} is no checkpoint: {line[:60]!r}", hint=_EXPECTED) from error


_EXPECTED = "expected NUMBER:COMMITMENT, or a line that was copied"


def parse_line(line: str) -> Copy:
    """Return the copy that a line made by `line_of` holds. Raises ValueError or RecursionError for any other."""
    return msgspec.json.decode(line, type=Copy)


def is_signed(checkpoint: Checkpoint | Copy, keyring: Keyring) -> bool | None:
    """Say whether the signature holds; None when its key is not here. A short copy is not signed: False."""
    made_at = checkpoint.made_at if isinstance(checkpoint.made_at, str) else moment_text(checkpoint.made_at)
    statement = statement_of(
        store=checkpoint.store, number=checkpoint.number, made_at=made_at, commitment=checkpoint.commitment
    )
    try:
        signature = bytes.fromhex(checkpoint.signature or "")
    except ValueError:
        return False
    return keyring.verify(checkpoint.key, statement, signature)
