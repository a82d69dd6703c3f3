"""What the guide and the reference say of the record is so."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest

from architect.audit.chain import FaultKind
from architect.storage.schema import metadata
from conftest import REPOSITORY
from record_world import Record
from runs_world import shell

GUIDE = (REPOSITORY / "docs/guide/record.md").read_text(encoding="utf-8")
STORAGE = (REPOSITORY / "docs/reference/storage.md").read_text(encoding="utf-8")
SCHEMAS = REPOSITORY / "src/architect/cli/schemas"


@pytest.fixture
def record(tmp_path: Path) -> Record:
    record = Record.of_new(tmp_path / "state", "sqlite")
    record.run(shell("1.1", "printf 'é\u2028\\n'"), shell("1.2", "false"))
    record.add("notes", {"number": 1e-7, "text": "\u2028\x85"})
    record.checkpoint()
    return record


def verifier() -> str:
    """Return the script that the guide prints."""
    found = re.search(r"^```python\n(.*?)^```", GUIDE, re.MULTILINE | re.DOTALL)
    assert found is not None
    return found[1]


def verified(export: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", verifier()], input=export, capture_output=True, text=True, check=False, encoding="utf-8"
    )


def test_the_script_of_the_guide_verifies_an_export(record: Record) -> None:
    done = verified(record.call("audit", "export").out)
    assert (done.returncode, done.stdout) == (0, "3 streams are whole\n")


def test_the_script_of_the_guide_names_what_was_edited(record: Record) -> None:
    export = record.call("audit", "export").out
    done = verified(export.replace('"exit_status":1', '"exit_status":0'))
    assert (done.returncode, done.stderr) == (1, "event 6 of run:RUN-1 is not what was written\n")
    without = "\n".join(line for line in export.split("\n") if '"seq":3,"stream":"run:RUN-1"' not in line)
    assert "event 4 of run:RUN-1 does not follow event 2" in verified(without).stderr


def test_the_reference_names_every_table_and_no_other() -> None:
    section = STORAGE.partition("## Tables")[2].partition("## Streams")[0]
    named = set(re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE))
    assert named == {*metadata.tables, "alembic_version"}


def test_the_reference_names_every_stream_that_is_no_runs(record: Record) -> None:
    record.call("person", "add", "eli", "--no-secret", "--account", "x")
    backup = record.folder.parent / "backup"
    record.call("db", "backup", str(backup))
    record.call("db", "restore", str(backup))
    with record.hand() as hand:
        streams = {name for name, _ in hand.streams() if not name.startswith("run:")} - {"notes"}
        kinds = {kind for (kind,) in hand.sql("SELECT DISTINCT kind FROM events WHERE stream NOT LIKE 'run:%'")}
    assert streams == {"checkpoints", "people", "store"}
    for name in streams | kinds - {"noted"}:
        assert f"`{name}`" in STORAGE


def test_an_auditor_with_public_keys_only_proves_a_backup(record: Record, tmp_path: Path) -> None:
    backup = tmp_path / "backup"
    record.call("db", "backup", str(backup))
    auditor = Record.of_new(tmp_path / "auditor", "sqlite")
    auditor.call("db", "restore", str(backup))
    (auditor.folder / "keys").mkdir()
    for key in (record.folder / "keys").glob("*.pub"):
        (auditor.folder / "keys" / key.name).write_bytes(key.read_bytes())
    assert auditor.verify("--against", str(record.copies)).code == 0


def test_json_follows_its_schemas(record: Record) -> None:
    schema = json.loads((SCHEMAS / "audit.json").read_text())
    jsonschema.validate(record.verify("--format", "json").json, schema)
    with record.hand() as hand:
        hand.sql("UPDATE events SET actor = 'x' WHERE seq = 1")
    said = record.verify("--format", "json").json
    jsonschema.validate(said, schema)
    assert not said["whole"]
    assert schema["properties"]["faults"]["items"]["properties"]["kind"]["enum"] == list(FaultKind)
    empty = Record.of_new(record.folder.parent / "empty", "sqlite")
    jsonschema.validate(empty.verify("--format", "json").json, schema)
    for words, name in ((("person", "list"), "person.json"), (("trust", "--list"), "trust.json")):
        said = empty.call(*words, "--format", "json").json
        jsonschema.validate(said, json.loads((SCHEMAS / name).read_text()))
