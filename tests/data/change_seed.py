"""Changes names, numbers, ports and the order of a document, so that what is read from it must change accordingly.

The words that are changed are those of the document given; the product knows none of them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

NAMES = (
    ("architect-production", "ledger-prod"),
    ("architect-api", "ledger-web"),
    ("api.example.com", "ledger.example.org"),
    ("prometheus:9090", "metrics:9191"),
    ("localhost:6060", "localhost:6161"),
    ("s3://backups/architect/", "s3://vault/ledger/"),
    ("DATABASE_URL", "LEDGER_URL"),
    ("YOUR_ROUTING_KEY", "YOUR_PAGER_KEY"),
    ("pod-name", "pod-title"),
)
"""Names and ports, the longer before what they contain."""

NUMBERS = (
    ("--replicas=15", "--replicas=17"),
    ("--replicas=20", "--replicas=23"),
    ("> 0.1%", "> 0.7%"),
    ("P95 > 300ms", "P95 > 450ms"),
    ("CPU > 80%", "CPU > 65%"),
    ("**Response SLA**: 5 minutes", "**Response SLA**: 7 minutes"),
    ("interval '10 minutes'", "interval '25 minutes'"),
)

VALUES = {0.001: 0.007, 0.3: 0.45, 0.8: 0.65, 300.0: 420.0}
"""What the numbers come to in base units: ratios, seconds."""


SCOPES = {"prometheus": "metrics"}
"""Hosts that a target lies in, without their ports; elsewhere the same word names a kind of system."""


def changed_text(text: str) -> str:
    """Return the document with other names, numbers and ports."""
    for old, new in (*NAMES, *NUMBERS):
        if old not in text:
            raise ValueError(f"the document does not hold {old!r}")
        if new in text:
            raise ValueError(f"the document holds {new!r} already")
        text = text.replace(old, new)
    return text


def reordered(text: str) -> str:
    """Return the document with the procedures of its second level turned round, each section by itself."""
    sections = re.split(r"(?m)^(?=## )", text)
    return "".join(_turned(section) for section in sections)


def _turned(section: str) -> str:
    head, *procedures = re.split(r"(?m)^(?=### )", section)
    if len(procedures) < 2:
        return section
    last = procedures[-1]
    tail = "\n\n" if not last.endswith("\n\n") else ""
    return head + "".join(reversed([*procedures[:-1], last + tail]))


def expected(facts: object) -> object:
    """Return what facts read from the document must be when they are read from the changed one."""
    if isinstance(facts, str):
        return _words(facts)
    if isinstance(facts, float | int) and not isinstance(facts, bool):
        return VALUES.get(float(facts), facts)
    if isinstance(facts, dict):
        return {
            key: SCOPES.get(value, expected(value)) if key == "scope" else expected(value)
            for key, value in facts.items()
        }
    if isinstance(facts, Sequence):
        return [expected(value) for value in facts]
    return facts


def _words(text: str) -> str:
    whole = {"15": "17", "20": "23"}
    if text in whole:
        return whole[text]
    in_names = (("pod_name", "pod_title"), ("backups/architect", "vault/ledger"), ("bucket/backups", "bucket/vault"))
    for old, new in (*NAMES, *NUMBERS, *in_names):
        text = text.replace(old, new)
    for old, new in (
        ("0.001", "0.007"),
        ("0.3s", "0.45s"),
        ("in prometheus", "in metrics"),
        (" 10 minutes", " 25 minutes"),
    ):
        text = text.replace(old, new)
    return text
