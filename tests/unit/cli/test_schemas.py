"""Published schemas are what the types say, and every line that is printed for machines follows them."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from types import ModuleType

import jsonschema
import pytest

ROOT = Path(__file__).resolve().parents[3]
SCHEMAS = ROOT / "src" / "architect" / "cli" / "schemas"


def generator() -> ModuleType:
    """Return the script that writes the schema of events."""
    spec = importlib.util.spec_from_file_location("generate_event_schema", ROOT / "scripts/generate_event_schema.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_schema_of_events_is_what_their_types_say() -> None:
    assert (SCHEMAS / "events.json").read_text(encoding="utf-8") == generator().text()


@pytest.mark.parametrize("path", sorted(SCHEMAS.glob("*.json")), ids=lambda path: path.stem)
def test_a_published_schema_is_one(path: Path) -> None:
    jsonschema.Draft202012Validator.check_schema(json.loads(path.read_text(encoding="utf-8")))
