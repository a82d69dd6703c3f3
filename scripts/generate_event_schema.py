"""Write the JSON schema of the lines that `architect run --format jsonl` prints, from the types themselves.

Run `python scripts/generate_event_schema.py` after a change of events or plans; a test compares the file with it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from architect.audit.model import FORMAT_VERSION
from architect.runs.events import KINDS
from architect.runs.model import Plan
from architect.wiring.trying import Tried

TARGET = Path(__file__).resolve().parents[1] / "src" / "architect" / "cli" / "schemas" / "events.json"
HASH = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
ENVELOPE: Mapping[str, Any] = {
    "version": {"const": FORMAT_VERSION},
    "stream": {"type": "string", "pattern": "^run:RUN-[0-9]+$"},
    "seq": {"type": "integer", "minimum": 1, "description": "counts the events of the stream, without a gap"},
    "at": {"type": "string", "format": "date-time", "description": "UTC, with microseconds"},
    "actor": {"type": "string", "description": "person:NAME, unverified:NAME or worker:HOST/PID"},
    "prev": {**HASH, "description": "the hash of the event before"},
    "hash": {**HASH, "description": "SHA-256 of the canonical form of all the rest"},
}


def schema() -> Mapping[str, Any]:
    """Return the schema: one event of any kind; with --dry-run the plan, and each dry run that was tried."""
    types = [*KINDS.values(), Plan, Tried]
    found, components = msgspec.json.schema_components(types, ref_template="#/$defs/{name}")
    references = dict(zip(types, found, strict=True))
    kinds = [_event(kind, references[event]) for kind, event in KINDS.items()]
    envelope = {"type": "object", "required": sorted(ENVELOPE), "properties": ENVELOPE}
    plan = _line("plan", {"plan": references[Plan]})
    tried = _line("tried", components.pop("Tried")["properties"])
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "a line of architect run --format jsonl, and of architect runs show --format jsonl",
        "description": "Fields may be added; those that are here keep their meaning.",
        "oneOf": [*kinds, plan, tried],
        "$defs": {"Envelope": envelope, **dict(sorted(components.items()))},
    }


def _event(kind: str, data: Mapping[str, Any]) -> Mapping[str, Any]:
    own = {"properties": {"kind": {"const": kind}, "data": data}, "required": ["kind", "data"]}
    return {"allOf": [{"$ref": "#/$defs/Envelope"}, own]}


def _line(kind: str, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    properties = {"kind": {"const": kind}, **fields}
    return {"type": "object", "required": ["kind", *fields], "properties": properties, "not": {"required": ["hash"]}}


def text() -> str:
    """Return the schema as it is committed."""
    return json.dumps(schema(), indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    TARGET.write_text(text(), encoding="utf-8")
