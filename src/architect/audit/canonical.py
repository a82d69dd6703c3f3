"""The canonical form of an event and its hash: RFC 8785 and SHA-256."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from json.encoder import encode_basestring as _quoted
from typing import Any

import msgspec
import rfc8785

from architect.audit.model import FORMAT_VERSION, Draft, Entry, Event, Head, Json
from architect.kernel.errors import IntegrityError

_MAX_INTEGER = 2**53 - 1
_MAX_DIGITS = 10**21
"""From here on a double is spelled with an exponent."""

_TYPES = [str, int, str, str, str, str, int, str, str]


def canonical(value: Json) -> bytes:
    """Return `value` in its one canonical spelling.

    Raises IntegrityError for what JSON cannot say the same everywhere: NaN, integers that a double would spell
    otherwise, half surrogates; and for what is nested too deeply.
    """
    plain: Any = value
    try:
        try:
            return rfc8785.dumps(plain)
        except rfc8785.IntegerDomainError:
            return rfc8785.dumps(_with_doubles(plain))
    except (ValueError, RecursionError) as error:
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
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def parse_moment(text: str) -> datetime:
    """Return the moment that `moment_text` spelled. Raises ValueError for any other spelling."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None or moment_text(moment) != text:
        raise ValueError(f"{text[:40]!r} is no moment of the record")
    return moment


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


def line_of(event: Event) -> str:
    """Return the event as one line of an export: its canonical form, the hash among the other members."""
    return canonical(as_json(event)).decode()


def digest_of(entry: Entry) -> str:
    """Return the hash that the entry must have: of the canonical form of all of it but the hash.

    Raises IntegrityError for an entry that has no canonical form.
    """
    line = (
        f'{{"actor":{_quoted(entry.actor)},"at":{_quoted(entry.at)},"data":{entry.data},"kind":{_quoted(entry.kind)},'
        f'"prev":{_quoted(entry.prev)},"seq":{entry.seq:d},"stream":{_quoted(entry.stream)},"version":{entry.version:d}}}'
    )
    try:
        return hashlib.sha256(line.encode()).hexdigest()
    except UnicodeEncodeError as error:
        raise IntegrityError(f"this cannot be recorded as it stands: {error}") from error


def link(head: Head, draft: Draft, *, at: datetime) -> tuple[Event, Entry]:
    """Return the draft as the event that follows `head`, and the entry that is stored of it."""
    entry = Entry(
        stream=head.stream,
        seq=head.seq + 1,
        at=moment_text(at),
        actor=draft.actor,
        kind=draft.kind,
        data=canonical(draft.data).decode(),
        version=FORMAT_VERSION,
        prev=head.hash,
        hash="",
    )
    entry = entry._replace(hash=digest_of(entry))
    return _event(entry, at=at.astimezone(UTC), data=draft.data), entry


def event_of(entry: Entry) -> Event:
    """Return the event that an entry holds. Raises IntegrityError for one that holds none."""
    if [type(part) for part in entry] != _TYPES:  # SQLite keeps whatever it is given
        raise IntegrityError(f"event {entry.seq} of {entry.stream} is none: a column holds a value of another kind")
    try:
        return _event(entry, at=parse_moment(entry.at), data=msgspec.json.decode(entry.data, type=dict[str, Any]))
    except (ValueError, RecursionError) as error:
        raise IntegrityError(f"event {entry.seq} of {entry.stream} is none: {str(error)[:200]}") from error


def _event(entry: Entry, *, at: datetime, data: Mapping[str, Json]) -> Event:
    return Event(
        stream=entry.stream,
        seq=entry.seq,
        at=at,
        actor=entry.actor,
        kind=entry.kind,
        data=data,
        version=entry.version,
        prev=entry.prev,
        hash=entry.hash,
    )
