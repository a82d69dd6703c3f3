"""Bytes to text: UTF-8 with surrogate escapes, and what is odd about it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from architect.runbooks.model import Problem, ProblemCode, Span

_SUSPICIOUS = re.compile(
    r"[\u00c2\u00c3\u00c5\u00e2\u00f0\u0192][\u0080-\u00bf\u0152-\u0178\u0192\u02c6\u02dc\u2013-\u203a\u20ac\u2122]"
)
_ESCAPED = re.compile(r"[\udc80-\udcff]+")
_MAX_REPORTED = 20
_MAX_ROUNDS = 3


def _letters() -> Iterator[tuple[str, int]]:
    """Yield what each byte above ASCII becomes when it is read as Windows-1252, or Latin-1 where that has a gap."""
    for byte in range(0x80, 0x100):
        yield chr(byte), byte
        yield bytes([byte]).decode("cp1252", "ignore") or chr(byte), byte


_BYTES = dict(_letters())
_NEXT = "[" + re.escape("".join(letter for letter, byte in _BYTES.items() if byte < 0xC0)) + "]"
_MISREAD = re.compile(
    rf"[\u00c2\u00c3\u00c5](?![\u2013\u2014\u2018-\u201d\u2026\u203a](?!\w)){_NEXT}"
    rf"|[\u00e2\u00ef]{_NEXT}{{2}}|\u00f0{_NEXT}{{3}}"
)
"""UTF-8 sequences read as Windows-1252; a letter before a closing quote, dash or ellipsis is none."""


def decode(data: bytes) -> str:
    """Return the text of `data`; bytes that are no UTF-8 become lone surrogates and can be turned back."""
    return data.decode("utf-8", "surrogateescape").removeprefix("\ufeff")


def repaired(text: str) -> str:
    """Return text whose mojibake is undone; text without suspicious characters comes back as it is."""
    for _ in range(_MAX_ROUNDS):
        if not _SUSPICIOUS.search(text):
            return text
        before, text = text, _MISREAD.sub(_read_again, text)
        if text == before:
            break
    else:
        return text
    from ftfy import fix_encoding

    return "\n".join(fix_encoding(line) for line in text.split("\n"))


def _read_again(match: re.Match[str]) -> str:
    try:
        return bytes(_BYTES[letter] for letter in match.group()).decode("utf-8")
    except UnicodeDecodeError:
        return match.group()


def problems_in(text: str) -> Iterator[Problem]:
    """Yield what is odd about the characters of a text: no text at all, binary, no UTF-8, mojibake."""
    whole = Span(0, len(text))
    if not text.strip():
        yield Problem(code=ProblemCode.EMPTY, message="the document is empty", span=whole)
    elif "\0" in text[:100_000] or text.count("\0"):
        yield Problem(code=ProblemCode.BINARY, message="the document holds NUL bytes: it is no Markdown", span=whole)
    if text.isascii():
        return
    for index, match in enumerate(_ESCAPED.finditer(text)):
        if index == _MAX_REPORTED:
            break
        shown = " ".join(f"0x{ord(letter) - 0xDC00:02x}" for letter in match.group()[:4])
        yield Problem(
            code=ProblemCode.INVALID_UTF8,
            message=f"these bytes are no UTF-8: {shown} (save the file as UTF-8)",
            span=Span(*match.span()),
        )
    yield from _mojibake(text)


def _mojibake(text: str) -> Iterator[Problem]:
    last_end = reported = 0
    for match in _SUSPICIOUS.finditer(text):
        if match.start() < last_end or reported == _MAX_REPORTED:
            continue
        start = text.rfind("\n", 0, match.start()) + 1
        end = text.find("\n", match.end())
        last_end = len(text) if end < 0 else end
        line = text[start : min(last_end, start + 500)]
        fixed = repaired(line)
        if fixed != line:
            reported += 1
            message = f"decoded twice; it should read: {fixed.strip()[:80]}"
            yield Problem(code=ProblemCode.MOJIBAKE, message=message, span=Span(start, last_end))
