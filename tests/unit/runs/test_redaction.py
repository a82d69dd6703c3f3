from __future__ import annotations

import base64
import json
import shlex
from itertools import pairwise
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from architect.runs.redaction import MASK, Redactor, SecretForms, redact

SECRET = "hunter2$ecr'et\"x&y"
PEM = "-----BEGIN RSA PRIVATE KEY-----\nMIIEowIBAAKCAQEA\nqwertyuiop\n-----END RSA PRIVATE KEY-----"
SHAPED = {
    "AKIAABCDEFGHIJKLMNOP": "ABCDEFGHIJKLMNOP",
    "ghp_" + "a1B2c3D4" * 5: "a1B2c3D4",
    "xoxb-123456789012-abcdefghij": "123456789012",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJl": "eyJzdWIi",
    "Authorization: Bearer abcdef0123456789": "abcdef0123456789",
    "postgres://app:pa55word@db:5432/x": "pa55word",
    PEM: "MIIEowIBAAKCAQEA",
}


def cut_everywhere(text: bytes, forms: SecretForms) -> list[bytes]:
    found = []
    for place in range(len(text) + 1):
        redactor = Redactor(forms)
        found.append(redactor.feed(text[:place]) + redactor.feed(text[place:]) + redactor.flush())
    return found


def spellings(secret: str) -> list[str]:
    raw = secret.encode()
    encoded = [base64.b64encode(before + raw + b"tail").decode() for before in (b"", b"a", b"ab", b"abc")]
    return [
        secret,
        raw.hex(),
        raw.hex().upper(),
        json.dumps(secret),
        quote(secret, safe=""),
        quote_plus(secret),
        shlex.quote(secret),
        *encoded,
    ]


@pytest.mark.parametrize("spelling", spellings(SECRET))
def test_no_half_of_a_secret_is_left_wherever_a_chunk_is_cut(spelling: str) -> None:
    whole = redact(f"before {spelling} after", SecretForms([SECRET]))
    assert MASK.decode() in whole
    assert SECRET[:6] not in whole
    for output in cut_everywhere(f"before {spelling} after".encode(), SecretForms([SECRET])):
        assert output.decode() == whole


@pytest.mark.parametrize(("text", "secret"), SHAPED.items())
def test_well_known_shapes_are_hidden_wherever_a_chunk_is_cut(text: str, secret: str) -> None:
    for output in cut_everywhere(f"before {text} after".encode(), SecretForms()):
        assert secret.encode() not in output
        assert output.startswith(b"before ")
        assert output.endswith(b" after")


@pytest.mark.parametrize(("text", "secret"), SHAPED.items())
def test_well_known_shapes_are_hidden_when_each_byte_comes_alone(text: str, secret: str) -> None:
    redactor = Redactor(SecretForms())
    output = b"".join(redactor.feed(bytes([byte])) for byte in text.encode()) + redactor.flush()
    assert secret.encode() not in output


def test_each_line_of_a_secret_is_hidden_by_itself() -> None:
    forms = SecretForms(["first line\nsecond line\nx"])
    assert redact("> second line <", forms) == "> [redacted] <"


def test_values_shorter_than_six_characters_are_left_alone() -> None:
    assert redact("ok 12345", SecretForms(["12345"])) == "ok 12345"


def test_a_secret_that_overlaps_itself_leaves_no_rest() -> None:
    assert redact("abcabcabc", SecretForms(["abcabc"])) == "[redacted]"


def test_two_streams_do_not_mix() -> None:
    forms = SecretForms([SECRET])
    out, err = Redactor(forms), Redactor(forms)
    raw = SECRET.encode()
    seen = out.feed(raw[:5]) + err.feed(b"noise\n") + out.feed(raw[5:]) + out.flush() + err.flush()
    assert seen == b"noise\n" + MASK


def test_the_beginning_of_a_secret_at_the_end_of_a_killed_stream_stays_hidden() -> None:
    redactor = Redactor(SecretForms([SECRET]))
    output = redactor.feed(b"value " + SECRET.encode()[:-1]) + redactor.flush()
    assert SECRET[:-1].encode() not in output


def test_plain_output_is_passed_on_at_once() -> None:
    assert Redactor(SecretForms([SECRET])).feed(b"nothing to see\n") == b"nothing to see\n"


@given(st.binary(max_size=200), st.lists(st.integers(0, 200), max_size=5))
def test_output_without_secrets_is_unchanged_however_it_is_cut(data: bytes, places: list[int]) -> None:
    data = data.replace(b"://", b"").replace(b"earer ", b"")
    redactor = Redactor(SecretForms([SECRET]))
    edges = [0, *sorted(place for place in places if place < len(data)), len(data)]
    pieces = [redactor.feed(data[start:end]) for start, end in pairwise(edges)]
    assert b"".join(pieces) + redactor.flush() == data


@given(st.text(min_size=6, max_size=30), st.integers(0, 80))
def test_any_secret_disappears_wherever_it_is_cut(secret: str, place: int) -> None:
    text = f"<<{secret}>>".encode(errors="surrogateescape")
    redactor = Redactor(SecretForms([secret]))
    output = redactor.feed(text[:place]) + redactor.feed(text[place:]) + redactor.flush()
    assert output == b"<<" + MASK + b">>" or secret.encode() not in output
