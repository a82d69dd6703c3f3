"""Tables made by the scripts in `scripts/` from the tools themselves, and their loader.

docs/reference/generated-tables.md says how each is made and from which version.
"""

from __future__ import annotations

import gzip
from functools import cache
from importlib.resources import files

import msgspec


@cache
def word_lists(name: str) -> dict[str, frozenset[str]]:
    """Read a text file of `[section]` heads, each followed by words; lines with a number sign are remarks."""
    sections: dict[str, list[str]] = {}
    words: list[str] = []
    for line in (files(__name__) / name).read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            words = sections.setdefault(line.strip("[]"), [])
        elif not line.startswith("#"):
            words.extend(line.split())
    return {section: frozenset(found) for section, found in sections.items()}


@cache
def compressed_json(name: str) -> dict[str, msgspec.Raw]:
    """Read a gzipped JSON object whose values are decoded by whoever needs one."""
    return msgspec.json.decode(gzip.decompress((files(__name__) / name).read_bytes()), type=dict[str, msgspec.Raw])
