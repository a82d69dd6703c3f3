from __future__ import annotations

import base64
import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from architect.access.secrets import MIN_CHARACTERS, fingerprint, matches, verifier
from architect.kernel.errors import IntegrityError, UsageError

SECRET = "correct horse battery"


@settings(max_examples=8, deadline=None)
@given(st.text(min_size=MIN_CHARACTERS, max_size=40), st.text(max_size=40))
def test_a_verifier_matches_its_secret_and_no_other(secret: str, other: str) -> None:
    kept = verifier(secret)
    assert matches(secret, kept)
    assert not matches(f"{secret}{other}x", kept)
    assert secret not in kept


def test_two_verifiers_of_one_secret_differ() -> None:
    assert verifier(SECRET) != verifier(SECRET)


def test_a_verifier_is_scrypt_as_the_standard_library_makes_it() -> None:
    name, n, r, p, salt, digest = verifier(SECRET).split("$")
    assert (name, int(n) * int(r) * int(p)) == ("scrypt", (1 << 15) * 8 * 3)
    expected = hashlib.scrypt(
        SECRET.encode(), salt=base64.b64decode(salt), n=int(n), r=int(r), p=int(p), maxmem=64 << 20, dklen=32
    )
    assert base64.b64decode(digest) == expected


def test_a_verifier_with_other_costs_still_counts() -> None:
    salt = b"0123456789abcdef"
    digest = hashlib.scrypt(SECRET.encode(), salt=salt, n=1 << 14, r=8, p=1, maxmem=64 << 20, dklen=32)
    kept = f"scrypt$16384$8$1${base64.b64encode(salt).decode()}${base64.b64encode(digest).decode()}"
    assert matches(SECRET, kept)
    assert not matches(SECRET + "x", kept)


def test_a_letter_is_the_same_however_it_is_composed() -> None:
    assert matches("cafe\u0301 noir", verifier("caf\u00e9 noir"))


def test_bytes_that_are_no_text_make_a_secret_too() -> None:
    secret = b"\xff\xfe12345678".decode("utf-8", "surrogateescape")
    assert matches(secret, verifier(secret))


@pytest.mark.parametrize("secret", ["", "1234567"])
def test_a_short_secret_is_refused(secret: str) -> None:
    with pytest.raises(UsageError, match="at least 8 characters"):
        verifier(secret)


def test_nothing_matches_where_nothing_is_kept() -> None:
    assert not matches("", "")
    assert not matches(SECRET, "")


@pytest.mark.parametrize("kept", ["x", "scrypt$1$2$3$4", "md5$16384$8$1$AAAA$AAAA", "scrypt$-1$8$1$AAAA$AAAA"])
def test_a_verifier_that_is_none_is_no_silent_no(kept: str) -> None:
    with pytest.raises(IntegrityError):
        matches(SECRET, kept)


@pytest.mark.parametrize("kept", ["scrypt$3$8$1$AAAA$AAAA", "scrypt$1073741824$8$1$AAAA$AAAA", "scrypt$16384$8$1$A$A"])
def test_a_verifier_with_impossible_costs_is_none(kept: str) -> None:
    with pytest.raises(IntegrityError):
        matches(SECRET, kept)


def test_the_log_gets_a_fingerprint_from_which_no_secret_can_be_tried_without_the_verifier() -> None:
    kept = verifier(SECRET)
    assert fingerprint(kept) == hashlib.sha256(kept.encode()).hexdigest()
    assert fingerprint("") == ""
