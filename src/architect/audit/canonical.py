"""The canonical form of an event and its hash: RFC 8785 and SHA-256."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import rfc8785

from architect.audit.model import FORMAT_VERSION, Draft, Event, Json
from architect.kernel.errors import IntegrityError
from architect.kernel.ids import StreamId

_MAX_INTEGER = 2**53 - 1
_MAX_DIGITS = 10**21
"""From here on a double is spelled with an exponent."""


def canonical(value: Json) -> bytes:
    """Return `value` in its one canonical spelling.

    Raises IntegrityError for what JSON cannot say the same everywhere: NaN, integers that a double would spell
    otherwise, half surrogates.
    """
    plain: Any = value
    try:
        try:
            return rfc8785.dumps(plain)
        except rfc8785.IntegerDomainError:
            return rfc8785.dumps(_with_doubles(plain))
    except rfc8785.CanonicalizationError as error:
        raise IntegrityError(f"this cannot be recorded as it stands: {error}") from error


def _with_doubles(value: Any) -> Any:
    """Return the value with large integers as the doubles that they are: `1e17` comes back from JSON as an integer."""
    match value:
        case dict():
            return {key: _with_doubles(inner) for key, inner in value.items()}
        case list() | tuple():
            return [_with_doubles(inner) for inner in value]
        case int() if _MAX_INTEGER < abs(value) < _MAX_DIGITS and rfc8785.dumps(float(value)) == str(value).encode():
            return float(value)
        case _:
            return value


def moment_text(moment: datetime) -> str:
    """Return a moment as the record spells it: UTC, always with microseconds."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def parse_moment(text: str) -> datetime:
    """Return the moment that `moment_text` spelled. Raises ValueError for another spelling."""
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)


def as_json(event: Event) -> Mapping[str, Json]:
    """Return all that an event says, its hash too, under the names that the export has."""
    return {
        "version": event.version,
        "stream": event.stream,
        "seq": event.seq,
        "at": moment_text(event.at),
        "actor": event.actor,
        "kind": event.kind,
        "data": event.data,
        "prev": event.prev,
        "hash": event.hash,
    }


def digest_of(event: Event) -> str:
    """Return the hash that the event must have: of the canonical form of all of it but the hash."""
    return _digest(event, canonical(event.data))


def _digest(event: Event, data: bytes) -> str:
    """Return the hash, given the canonical form of the data; the other members stand in canonical order around it."""
    pieces = (
        b'{"actor":' + canonical(event.actor),
        b'"at":' + canonical(moment_text(event.at)),
        b'"data":' + data,
        b'"kind":' + canonical(event.kind),
        b'"prev":' + canonical(event.prev),
        b'"seq":' + canonical(event.seq),
        b'"stream":' + canonical(event.stream),
        b'"version":' + canonical(event.version) + b"}",
    )
    return hashlib.sha256(b",".join(pieces)).hexdigest()


def link(stream: StreamId, draft: Draft, *, seq: int, at: datetime, prev: str) -> tuple[Event, str]:
    """Return the draft as the event with this number, chained to the hash before it, and its data's canonical form."""
    data = canonical(draft.data)
    event = Event(
        stream=stream,
        seq=seq,
        at=at,
        actor=draft.actor,
        kind=draft.kind,
        data=draft.data,
        version=FORMAT_VERSION,
        prev=prev,
        hash="",
    )
    return replace(event, hash=_digest(event, data)), data.decode()
