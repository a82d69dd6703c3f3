"""Text as people may see it: nothing in it steers a terminal or hides."""

from __future__ import annotations

from collections.abc import Iterator


def visible(text: str) -> str:
    """Return `text` with control characters, escape sequences and direction marks made visible."""
    return "".join(_visible_characters(text))


def _visible_characters(text: str) -> Iterator[str]:
    for character in text:
        code = ord(character)
        if character in "\n\t":
            yield character
        elif code < 0x20 or 0x7F <= code < 0xA0:
            yield f"\\x{code:02x}"
        elif 0x200B <= code <= 0x200F or 0x202A <= code <= 0x202E or 0x2066 <= code <= 0x2069 or code == 0xFEFF:
            yield f"\\u{code:04x}"
        elif 0xD800 <= code <= 0xDFFF:
            yield "\N{REPLACEMENT CHARACTER}"
        else:
            yield character
