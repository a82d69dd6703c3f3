"""Another implementation of the record's rules, from docs/guide/record.md alone: json, hashlib and nothing of ours."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable
from typing import Any

GENESIS = "0" * 64


def canonical_text(value: Any) -> str:
    """Return RFC 8785's spelling of a JSON value."""
    if isinstance(value, dict):
        members = sorted(value.items(), key=lambda member: member[0].encode("utf-16-be"))
        return "{" + ",".join(f"{canonical_text(name)}:{canonical_text(inner)}" for name, inner in members) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(canonical_text, value)) + "]"
    if isinstance(value, float):
        return number_text(value)
    return json.dumps(value, ensure_ascii=False)


def number_text(number: float) -> str:
    """Return a double as ECMAScript spells it: shortest digits, an exponent from 1e21 up and below 1e-6."""
    if number == 0:
        return "0"
    sign = "-" if number < 0 else ""
    mantissa, _, exponent = f"{abs(number)!r}".partition("e")
    whole, _, fraction = mantissa.partition(".")
    digits = (whole + ("" if fraction == "0" else fraction)).lstrip("0")
    point = len(whole) + int(exponent or 0)
    if whole == "0":
        point = int(exponent or 0) - (len(fraction) - len(fraction.lstrip("0")))
    digits = digits.rstrip("0") or "0"
    if len(digits) <= point <= 21:
        return sign + digits + "0" * (point - len(digits))
    if 0 < point <= 21:
        return f"{sign}{digits[:point]}.{digits[point:]}"
    if -6 < point <= 0:
        return f"{sign}0.{'0' * -point}{digits}"
    rest = f".{digits[1:]}" if len(digits) > 1 else ""
    return f"{sign}{digits[0]}{rest}e{'+' if point > 0 else '-'}{abs(point - 1)}"


def wrong_lines(lines: Iterable[str]) -> list[str]:
    """Return what is wrong with an export: one complaint a stream."""
    heads: dict[str, tuple[int, str]] = {}
    wrong: dict[str, str] = {}
    for line in lines:
        event = json.loads(line)
        stream, kept = event["stream"], event["hash"]
        seq, before = heads.get(stream, (0, GENESIS))
        covered = line.replace(f'"hash":"{kept}",', "")
        if canonical_text(event) != line:
            wrong.setdefault(stream, f"{stream} {event['seq']} is not spelled canonically")
        if hashlib.sha256(covered.encode()).hexdigest() != kept:
            wrong.setdefault(stream, f"{stream} {event['seq']} is not covered by its hash")
        if (event["seq"], event["prev"]) != (seq + 1, before):
            wrong.setdefault(stream, f"{stream} {event['seq']} does not follow {seq}")
        heads[stream] = event["seq"], kept
    return list(wrong.values())


def commitments(lines: Iterable[str]) -> list[tuple[int, str]]:
    """Return number and commitment of every checkpoint of an export, made anew from the heads that it names.

    Fails where a checkpoint names a head that is not there.
    """
    events = [json.loads(line) for line in lines]
    hashes = {(event["stream"], event["seq"]): event["hash"] for event in events}
    found, before = [], GENESIS
    for event in events:
        if event["stream"] != "checkpoints":
            continue
        heads = event["data"]["heads"]
        assert all(hashes[stream, seq] == head for stream, seq, head in heads)
        before = hashlib.sha256(canonical_text({"before": before, "heads": heads}).encode()).hexdigest()
        found.append((event["data"]["number"], before))
    return found


def short_form(line: str) -> tuple[int, str]:
    """Return number and commitment of `12:9f3c…`."""
    found = re.fullmatch(r"(?:checkpoint )?(\d+):([0-9a-f]{64})", line.strip())
    assert found is not None, line
    return int(found[1]), found[2]
