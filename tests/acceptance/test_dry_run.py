"""`architect run --dry-run` changes nothing: files, database, cache and bucket are the same before and after."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from importlib.resources import files as resources
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from click.testing import CliRunner, Result

from architect.cli.run import command
from architect.runbooks.reading import read
from architect.storage.stores import FILE_NAME
from inside import Inside

EVENTS = json.loads(resources("architect.cli").joinpath("schemas", "events.json").read_text(encoding="utf-8"))
OWN = sorted((Path(__file__).resolve().parents[2] / "runbooks").glob("*.md"))


def dry_run(inside: Inside, home: Path, reference: str, *more: str) -> Result:
    """Call the command as a user whose home and working directory are `home`."""
    environment = {"ARCHITECT_STATE": str(inside.state), "HOME": str(home), "COLUMNS": "120"}
    return CliRunner().invoke(command, [reference, "--profile", "sandbox", "--dry-run", *more], env=environment)


def files(folder: Path) -> Mapping[str, str]:
    """Return the digest of every file below a folder; of the record's own file, and what servers write, nothing."""
    found: dict[str, str] = {}
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        if path.is_file() and not name.startswith((FILE_NAME, "sandbox/", ".git/", ".hypothesis", ".pytest_cache")):
            found[name] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found


def database(inside: Inside) -> Mapping[str, Any]:
    """Return the rows of the service's tables, and what there is beside them."""
    with inside.connect(role="postgres") as connection:
        queries = {
            "databases": "SELECT datname FROM pg_database ORDER BY 1",
            "relations": "SELECT oid::regclass::text, relkind FROM pg_class WHERE relnamespace = 2200 ORDER BY 1",
            "roles": "SELECT rolname, rolconnlimit FROM pg_roles ORDER BY 1",
            "settings": "SELECT name, setting FROM pg_settings WHERE source <> 'default' ORDER BY 1",
            "slots": "SELECT slot_name FROM pg_replication_slots ORDER BY 1",
        }
        rows = {name: connection.execute(query.encode()).fetchall() for name, query in queries.items()}
    return {"rows": inside.digest(), **rows}


def cache(inside: Inside) -> Mapping[bytes, bytes]:
    """Return every key of the cache with what it holds."""
    client = inside.cache()
    try:
        return {key: client.dump(key) for key in sorted(client.scan_iter())}  # type: ignore[misc]
    finally:
        client.close()


def bucket(inside: Inside) -> str:
    """Return every bucket, and every object of the one for backups with its digest."""
    objects = "aws s3api list-objects-v2 --bucket backups --query 'Contents[].[Key,ETag]'"
    done = inside.run(f"aws s3 ls && {objects} && aws ec2 describe-security-groups --output text")
    assert done.returncode == 0, done.stderr
    return done.stdout


def world(inside: Inside, home: Path, repository: Path) -> Mapping[str, Any]:
    """Return everything that a dry run could have touched."""
    return {
        "home": files(home),
        "state": files(inside.state),
        "repository": files(repository),
        "database": database(inside),
        "cache": cache(inside),
        "bucket": bucket(inside),
    }


def runbooks_of(document: Path) -> Iterator[str]:
    """Yield a reference to every runbook of a document."""
    for runbook in read(document.read_bytes(), str(document)).runbooks:
        yield f"{document}#{runbook.id}"


def assert_untouched(inside: Inside, home: Path, document: Path) -> None:
    """Try every runbook of a document, and compare the world with what it was."""
    before = world(inside, home, document.parent)
    tried = 0
    for reference in runbooks_of(document):
        done = dry_run(inside, home, reference)
        assert done.exit_code == 0, (reference, done.output, done.exception)
        assert done.stdout.endswith("\nNothing was changed.\n")
        tried += 1
    assert tried
    assert world(inside, home, document.parent) == before


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home of a user, which is the working directory too."""
    folder = tmp_path / "home"
    folder.mkdir()
    (folder / "notes").write_text("mine\n")
    monkeypatch.chdir(folder)
    return folder


@pytest.mark.parametrize("document", OWN, ids=lambda document: document.stem)
def test_a_dry_run_of_an_own_runbook_changes_nothing(sandbox: Inside, home: Path, document: Path) -> None:
    assert_untouched(sandbox, home, document)


def test_a_dry_run_of_the_users_document_changes_nothing(sandbox: Inside, home: Path, shared_folder: Path) -> None:
    assert_untouched(sandbox, home, shared_folder / "seed" / "runbooks.md")


TRIED = """\
# Try what can be tried

## 1. Change

```bash
aws s3 rm s3://backups/nothing.sql.gz
```

```sql
UPDATE orders SET status = 'lost' WHERE id = 1
```

```bash
psql "$DATABASE_URL" -c "DELETE FROM orders"
redis-cli FLUSHALL
```
"""


def test_what_the_tools_own_dry_runs_say_is_shown_and_nothing_else_is_tried(sandbox: Inside, home: Path) -> None:
    document = home / "try.md"
    document.write_text(TRIED)
    before = world(sandbox, home, home)
    done = dry_run(sandbox, home, str(document))
    assert done.exit_code == 0, done.output
    assert "1.1  tried as  aws s3 rm s3://backups/nothing.sql.gz --dryrun" in done.stdout
    assert "(dryrun) delete: s3://backups/nothing.sql.gz" in done.stdout
    assert "tried as  EXPLAIN UPDATE orders" in done.stdout
    assert "Update on orders" in done.stdout
    assert "tried as  redis" not in done.stdout
    assert done.stdout.count("tried as") == 2
    assert done.stdout.count("no dry run exists") == 2
    assert world(sandbox, home, home) == before


def test_a_dry_run_that_ec2_answers_with_an_error_of_its_own_is_told_as_what_it_means(
    sandbox: Inside, home: Path
) -> None:
    document = home / "address.md"
    document.write_text("# A new address\n\n## 1. Get one\n\n```bash\naws ec2 allocate-address\n```\n")
    done = dry_run(sandbox, home, str(document))
    assert "tried as  aws ec2 allocate-address --dry-run" in done.stdout
    assert "succeeded: the request would be carried out" in done.stdout


def test_a_dry_run_for_machines_is_the_plan_and_what_was_tried(sandbox: Inside, home: Path) -> None:
    document = home / "try.md"
    document.write_text(TRIED)
    done = dry_run(sandbox, home, str(document), "--format", "jsonl")
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line["kind"] for line in lines] == ["plan", "tried", "tried"]
    for line in lines:
        jsonschema.validate(line, EVENTS)
