"""Takes secrets out of a stream of bytes, also where one is cut by the border of two chunks. Pure.

A known secret is found in each form in which programs print it. Well-known shapes (cloud keys, tokens, private keys,
passwords in URLs) are found without being known. What could still become a secret is held back until the next chunk.
"""

from __future__ import annotations

import base64
import json
import re
import shlex
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import NamedTuple
from urllib.parse import quote, quote_plus

MASK = b"[redacted]"
MIN_LENGTH = 6
"""Shorter values are not looked for: they would hide half of the output and no secret."""

_BACKSLASHED = re.compile(r"([^A-Za-z0-9_.,:/@%+=-])")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """A kind of secret that is known by how it looks.

    `anchor` must occur for `pattern` to be tried; group `secret` of `pattern`, or all of it, is masked. `partial`
    matches what, at the end of a chunk, could become the secret. When a match reaches the end, the bytes of `rest`
    that follow belong to it, unless its group `end` says that it is complete.
    """

    anchor: bytes
    pattern: re.Pattern[bytes]
    partial: re.Pattern[bytes]
    rest: bytes

    def spans(self, data: bytes) -> Iterator[Span]:
        """Yield where the shape stands."""
        if self.anchor not in data:
            return
        for match in self.pattern.finditer(data):
            group = "secret" if "secret" in match.re.groupindex else 0
            is_open = match.end(group) == len(data) and not match.groupdict().get("end")
            yield Span(*match.span(group), self if is_open else None)


class Span(NamedTuple):
    """A secret's place; `open_shape` where it reaches the end of the data and may go on."""

    start: int
    end: int
    open_shape: Shape | None = None


def _token(anchor: bytes, head: Iterable[bytes], characters: bytes, *, least: int) -> Shape:
    """Return the shape of a token: the atoms of its head, then at least so many of the characters."""
    atoms = list(head)
    body = b"".join(atoms) + b"[" + characters + b"]"
    beginnings = [b"".join(atoms[:end]) for end in range(len(atoms) - 1, 0, -1)]
    partial = b"|".join((body + b"{0,%d}" % (least - 1), b"".join(atoms), *beginnings))
    return Shape(
        anchor=anchor,
        pattern=re.compile(body + b"{%d,}" % least),
        partial=re.compile(b"(?:" + partial + rb")\Z"),
        rest=_all_of(characters),
    )


def _all_of(characters: bytes) -> bytes:
    """Return every byte of a character class, for `lstrip`."""
    return b"".join(re.findall(b"[" + characters + b"]", bytes(range(256)), re.DOTALL))


def _letters(word: str) -> list[bytes]:
    return [re.escape(letter.encode()) for letter in word]


_PEM_BODY = rb"A-Za-z0-9+/=\s\\"
_PEM = Shape(
    anchor=b"-----BEGIN ",
    pattern=re.compile(
        rb"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY-----(?:\s*(?:[A-Za-z-]{1,40}: [^\n]{0,200}\n)*)"
        rb"[" + _PEM_BODY + rb"]*(?P<end>-----END [A-Z0-9 ]{0,60}-----)?"
    ),
    partial=re.compile(rb"(?:-{1,5}|-----B(?:E(?:G(?:I(?:N(?: [A-Z0-9 ]{0,60}-{0,4})?)?)?)?)?)\Z"),
    rest=_all_of(_PEM_BODY),
)
_URL_PASSWORD = Shape(
    anchor=b"://",
    pattern=re.compile(rb"://[^\s/:@\"'<>]{0,256}:(?P<secret>[^\s/@\"'<>]{1,1024})@"),
    partial=re.compile(rb"(?:://[^\s/:@\"'<>]{0,256}(?::[^\s/@\"'<>]{0,1024})?|:/?)\Z"),
    rest=b"",
)
SHAPES = (
    _token(b"AKIA", _letters("AKIA"), rb"A-Z0-9", least=16),
    _token(b"ASIA", _letters("ASIA"), rb"A-Z0-9", least=16),
    *(_token(f"gh{kind}_".encode(), _letters(f"gh{kind}_"), rb"A-Za-z0-9", least=30) for kind in "pousr"),
    _token(b"github_pat_", _letters("github_pat_"), rb"A-Za-z0-9_", least=30),
    _token(b"glpat-", _letters("glpat-"), rb"A-Za-z0-9_-", least=20),
    _token(b"xox", [*_letters("xox"), b"[a-z]", b"-"], rb"A-Za-z0-9-", least=10),
    _token(b"eyJ", _letters("eyJ"), rb"A-Za-z0-9._=-", least=30),
    _token(b"earer ", [b"[Bb]", *_letters("earer ")], rb"A-Za-z0-9._~+/=-", least=8),
    _URL_PASSWORD,
    _PEM,
)
_TAIL = 2048
"""No shape needs more of the end of a chunk to see that it may go on."""


def forms_of(secret: str) -> frozenset[bytes]:
    """Return every form in which programs print a secret, its lines each by itself too."""
    lines = [line for line in secret.splitlines() if len(line) >= MIN_LENGTH] if "\n" in secret else []
    found = (form for text in (secret, *lines) for form in _forms(text))
    return frozenset(form for form in found if len(form) >= MIN_LENGTH)


def _forms(text: str) -> Iterator[bytes]:
    raw = text.encode(errors="surrogateescape")
    if len(raw) < MIN_LENGTH:
        return
    yield raw
    yield from _base64_forms(raw)
    yield from (raw.hex().encode(), raw.hex().upper().encode())
    yield from (
        json.dumps(text)[1:-1].encode(),
        json.dumps(text, ensure_ascii=False)[1:-1].encode(errors="surrogateescape"),
    )
    for escaped in (quote(raw, safe=""), quote(raw), quote_plus(raw)):
        yield escaped.encode()
        yield re.sub(r"%[0-9A-F]{2}", lambda match: match[0].lower(), escaped).encode()
    quoted = (shlex.quote(text), _BACKSLASHED.sub(r"\\\1", text), re.sub(r'([\\"$`])', r"\\\1", text))
    yield from (form.encode(errors="surrogateescape") for form in (text.replace("'", "'\\''"), *quoted))


def _base64_forms(raw: bytes) -> Iterator[bytes]:
    """Yield what every base64 text that holds `raw` has in common, at each of the three places where it may begin."""
    for offset in range(3):
        bits = (offset + len(raw)) * 8
        encoded = base64.b64encode(bytes(offset) + raw)[-(-offset * 8 // 6) : bits // 6]
        yield encoded
        yield encoded.translate(bytes.maketrans(b"+/", b"-_"))


class SecretForms:
    """The known secrets of a run, shared by its streams."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._secrets: set[str] = set()
        self.forms: tuple[bytes, ...] = ()
        for secret in secrets:
            self.add(secret)

    def add(self, secret: str) -> None:
        """Know one more; short ones are ignored."""
        if len(secret) < MIN_LENGTH or secret in self._secrets:
            return
        self._secrets.add(secret)
        merged = {*self.forms, *forms_of(secret)}
        self.forms = tuple(sorted(merged, key=len, reverse=True))


class Redactor:
    """Redacts one stream. What it returns never holds a known secret, whole or cut."""

    def __init__(self, secrets: SecretForms) -> None:
        self._secrets = secrets
        self._held = b""
        self._swallowing = b""
        self.count = 0

    def feed(self, data: bytes) -> bytes:
        """Return what of the stream is certain after more data."""
        data = self._swallow(data)
        return self._redact(self._held + data, is_last=False) if data else b""

    def flush(self) -> bytes:
        """Return the rest, at the end of the stream; an unfinished form of a known secret stays hidden."""
        return self._redact(self._held, is_last=True)

    def _swallow(self, data: bytes) -> bytes:
        if not self._swallowing:
            return data
        rest = data.lstrip(self._swallowing)
        if rest:
            self._swallowing = b""
        return rest

    def _redact(self, data: bytes, *, is_last: bool) -> bytes:
        forms = self._secrets.forms
        found = chain(_found(data, forms), _unfinished(data, forms)) if is_last else _found(data, forms)
        spans = _merged(found)
        cut = len(data) if is_last else _hold_from(data, forms)
        kept = [span for span in spans if span.end <= cut]
        cut = min([cut, *(span.start for span in spans if span.start < cut < span.end)])
        kept = [span for span in kept if span.end <= cut]
        self._held = data[cut:]
        self.count += len(kept)
        if kept and kept[-1].open_shape is not None and kept[-1].end == len(data):
            self._swallowing = kept[-1].open_shape.rest
        return _masked(data[:cut], kept)


def redact(text: str, secrets: SecretForms) -> str:
    """Return a whole text redacted."""
    redactor = Redactor(secrets)
    raw = text.encode(errors="surrogateescape")
    return (redactor.feed(raw) + redactor.flush()).decode(errors="surrogateescape")


def _found(data: bytes, forms: Iterable[bytes]) -> Iterator[Span]:
    for form in forms:
        start = data.find(form)
        while start >= 0:
            yield Span(start, start + len(form))
            start = data.find(form, start + 1)
    for shape in SHAPES:
        yield from shape.spans(data)


def _unfinished(data: bytes, forms: Iterable[bytes]) -> Iterator[Span]:
    """Yield the beginnings of secrets at the end of a stream that was cut there."""
    for form in forms:
        start = _beginning_of(form, data)
        if len(data) - start >= MIN_LENGTH:
            yield Span(start, len(data))


def _merged(spans: Iterable[Span]) -> list[Span]:
    merged: list[Span] = []
    for span in sorted(spans, key=lambda span: (span.start, span.end)):
        if merged and span.start < merged[-1].end:
            last = merged[-1]
            further = span if span.end >= last.end else last
            merged[-1] = Span(last.start, further.end, further.open_shape or last.open_shape)
        else:
            merged.append(span)
    return merged


def _masked(data: bytes, spans: Iterable[Span]) -> bytes:
    pieces: list[bytes] = []
    place = 0
    for span in spans:
        pieces += (data[place : span.start], MASK)
        place = span.end
    pieces.append(data[place:])
    return b"".join(pieces)


def _hold_from(data: bytes, forms: Iterable[bytes]) -> int:
    """Return from where the end of the data could be the beginning of a secret."""
    cut = len(data)
    for form in forms:
        cut = min(cut, _beginning_of(form, data))
    tail_from = max(0, len(data) - _TAIL)
    tail = data[tail_from:]
    for shape in SHAPES:
        if (match := shape.partial.search(tail)) is not None:
            cut = min(cut, tail_from + match.start())
    return cut


def _beginning_of(form: bytes, data: bytes) -> int:
    """Return where a suffix of `data` begins that is a true beginning of `form`."""
    start = data.find(form[:1], max(0, len(data) - len(form) + 1))
    while start >= 0:
        if form.startswith(data[start:]):
            return start
        start = data.find(form[:1], start + 1)
    return len(data)
