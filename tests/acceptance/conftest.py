"""What acceptance tests share: the commands of the user's own document."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def rows(shared_folder: Path) -> Mapping[str, str]:
    """The commands of the document, by the ids they are labelled with."""
    lines = (shared_folder / "seed" / "commands.jsonl").read_text(encoding="utf-8").splitlines()
    return {label["id"]: str(label["text"]) for label in map(json.loads, lines)}
