"""Secrets of people: kept as scrypt verifiers (RFC 7914), compared in constant time.

A letter counts as the same however a keyboard composes it (NFC).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import re
import unicodedata

from architect.kernel.errors import IntegrityError, UsageError

MIN_CHARACTERS = 8
_N, _R, _P = 1 << 15, 8, 3
"""32 MiB, a tenth of a second: what OWASP asks of scrypt at the least."""
_MAX_MEMORY = 64 << 20
_FORM = re.compile(r"scrypt\$(\d+)\$(\d+)\$(\d+)\$([A-Za-z0-9+/=]+)\$([A-Za-z0-9+/=]+)")


def verifier(secret: str) -> str:
    """Return what is kept of a secret. Raises UsageError for one that is too short."""
    if len(secret) < MIN_CHARACTERS:
        raise UsageError(f"a secret needs at least {MIN_CHARACTERS} characters")
    salt = os.urandom(16)
    digest = _scrypt(secret, salt, n=_N, r=_R, p=_P)
    return f"scrypt${_N}${_R}${_P}${base64.b64encode(salt).decode()}${base64.b64encode(digest).decode()}"


def matches(secret: str, kept: str) -> bool:
    """Say whether `secret` is the one that `kept` was made from; nothing matches an empty verifier.

    Raises IntegrityError for a verifier that is none.
    """
    if not kept:
        return False
    found = _FORM.fullmatch(kept)
    if found is None:
        raise IntegrityError("a verifier of the store is none")
    try:
        n, r, p = (int(found[group]) for group in (1, 2, 3))
        salt, expected = base64.b64decode(found[4]), base64.b64decode(found[5])
        return hmac.compare_digest(_scrypt(secret, salt, n=n, r=r, p=p), expected)
    except ValueError as error:
        raise IntegrityError("a verifier of the store is none") from error


def fingerprint(kept: str) -> str:
    """Return the SHA-256 of a verifier: what the log says of it."""
    return hashlib.sha256(kept.encode()).hexdigest() if kept else ""


def _scrypt(secret: str, salt: bytes, *, n: int, r: int, p: int) -> bytes:
    data = unicodedata.normalize("NFC", secret).encode("utf-8", "surrogateescape")
    return hashlib.scrypt(data, salt=salt, n=n, r=r, p=p, maxmem=_MAX_MEMORY, dklen=32)
