"""The record while it is written, copied, exported and grows: no false alarm, nothing lost, memory bounded."""

from __future__ import annotations

import base64
import json
import os
import random
import sqlite3
import stat
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import zstandard

from architect.audit.canonical import link
from architect.audit.keys import signing_key
from architect.audit.model import GENESIS, Draft, Entry, Head
from architect.kernel.ids import StreamId
from architect.storage.schema import metadata
from independent import commitments, short_form, wrong_lines
from record_world import Record
from runs_world import shell
from store_server import StoreServer

FULL = Path("/dev/full")


@pytest.fixture
def record(store_url: str, tmp_path: Path) -> Record:
    """An empty record on SQLite and on PostgreSQL."""
    return Record.of_new(tmp_path / "state", store_url)


@pytest.fixture
def file_record(tmp_path: Path) -> Record:
    """An empty record in a file."""
    return Record.of_new(tmp_path / "state", "sqlite")


# Export


def test_an_export_is_verified_by_an_implementation_that_knows_the_guide_only(record: Record) -> None:
    record.run(shell("1.1", "printf 'é\\n\\0\\x1b[31m'"), shell("1.2", "false"))
    record.add("notes", {"x": 1e30, "y": [0.1, -0.0, 1e-7], "\U0001f600": "\u2028", "\ufb33": "\x7f"})
    kept = short_form(record.checkpoint())
    record.add("notes", {"x": "newer"})
    record.checkpoint()
    lines = record.call("audit", "export").out.removesuffix("\n").split("\n")
    assert wrong_lines(lines) == []
    assert kept in commitments(lines)
    edited = [line.replace('"newer"', '"older"') for line in lines]
    assert wrong_lines(edited) == ["notes 2 is not covered by its hash"]
    assert wrong_lines(line for line in lines if '"newer"' not in line) == []


def test_exported_lines_are_the_events_exactly(record: Record) -> None:
    record.add("notes", {"text": "a\tb\r\n\x1b]0;x\x07\u202e=cmd()|'|\"\\", "nested": {"b": [None, True], "a": {}}})
    (line,) = record.call("audit", "export").out.removesuffix("\n").split("\n")
    event = json.loads(line)
    assert event["data"] == {
        "text": "a\tb\r\n\x1b]0;x\x07\u202e=cmd()|'|\"\\",
        "nested": {"b": [None, True], "a": {}},
    }
    assert list(event) == sorted(event)


def test_a_file_of_an_export_is_private_and_takes_the_place_of_the_one_before(
    file_record: Record, tmp_path: Path
) -> None:
    file_record.add("notes", {"text": "x"})
    target = tmp_path / "export.jsonl"
    target.write_text("before")
    target.chmod(0o644)
    assert file_record.call("audit", "export", "--file", str(target)).code == 0
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert len(target.read_text().splitlines()) == 1
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_an_export_that_cannot_be_written_says_so_and_leaves_the_file_before(
    file_record: Record, tmp_path: Path
) -> None:
    file_record.add("notes", {"text": "x"})
    said = file_record.call("audit", "export", "--file", str(tmp_path / "none" / "x"))
    assert (said.code, "No such file or directory" in said.err) == (2, True)
    said = file_record.call("audit", "export", "--file", str(FULL))
    assert (said.code, "No space left on device" in said.err) == (2, True)


def test_an_export_through_a_link_writes_the_file_that_it_names(file_record: Record, tmp_path: Path) -> None:
    file_record.add("notes", {"text": "x"})
    target, linked = tmp_path / "target", tmp_path / "linked"
    target.write_text("before")
    linked.symlink_to(target)
    file_record.call("audit", "export", "--file", str(linked))
    assert linked.is_symlink()
    assert json.loads(target.read_text())["stream"] == "notes"


def test_a_report_or_an_export_of_a_run_that_is_none_is_wrong_use(file_record: Record) -> None:
    for words in (("--run", "RUN-9"), ("--run", "RUN-9", "--format", "jsonl"), ("--run", "\x1b[31m")):
        said = file_record.call("audit", "export", *words)
        assert (said.code, "there is no run" in said.err, "\x1b" in said.err) == (2, True, False)
    assert file_record.call("audit", "export", "--format", "markdown").code == 2


# Secrets

CANARY = "canary-5up3r-s3cret-98"
DOCUMENT = '# Token\n\n1. Print it\n\n```bash\necho "token is $API_TOKEN" && echo "$API_TOKEN" | base64 >&2\n```\n'
SPELLINGS = (CANARY, base64.b64encode(CANARY.encode()).decode()[:20], CANARY.encode().hex())


def test_no_secret_of_a_run_is_in_the_database_or_in_any_file(record: Record, tmp_path: Path) -> None:
    document, backup, export = tmp_path / "token.md", tmp_path / "backup", tmp_path / "export"
    document.write_text(DOCUMENT)
    record.environment["API_TOKEN"] = CANARY
    assert record.call("run", str(document), "--approve", "place").code == 3
    gate = ("G1", "--reason", "the test", "--target", "Print it")
    assert record.call("runs", "approve", "RUN-1", *gate).code == 0
    assert "token is [redacted]" in record.call("runs", "resume", "RUN-1").out
    assert record.call("runs", "output", "RUN-1", "1.1").out.startswith("token is ")
    said = [record.call(*words).out for words in SAYING]
    record.call("db", "backup", str(backup))
    record.call("audit", "export", "--file", str(export))
    with record.open():
        texts = [path.read_bytes().decode("latin-1") for path in everything(record, backup, export)]
    for text in (*said, *texts, *rows(record)):
        assert not [spelling for spelling in SPELLINGS if spelling in text]


SAYING = (
    ("runs", "show", "RUN-1", "--format", "jsonl"),
    ("runs", "output", "RUN-1", "1.1"),
    ("audit", "export", "--run", "RUN-1"),
)


def everything(record: Record, *more: Path) -> Iterator[Path]:
    """Yield every file that was made, those of the run too."""
    yield from (path for path in (*record.folder.rglob("*"), *more) if path.is_file())


def rows(record: Record) -> Iterator[str]:
    """Yield every row of every table as text, output decompressed."""
    with record.hand() as hand:
        for table in metadata.tables:
            yield from map(repr, hand.sql(f"SELECT * FROM {table}"))
        for (data,) in hand.sql("SELECT data FROM outputs"):
            yield zstandard.decompress(data).decode()


# Verification and checkpoints while others write


@pytest.fixture
def busy(record: Record) -> Iterator[Callable[[], int]]:
    """Others that append and make checkpoints all the time; says how often they did."""
    done, counts = threading.Event(), [0, 0]

    def append(number: int) -> None:
        with record.open() as stores:
            stream, seq = StreamId(f"busy-{number}"), 0
            while not done.is_set():
                draft = Draft(kind="noted", actor="a", data={"n": seq})
                seq = stores.events.append(stream, [draft], expected_seq=seq)[-1].seq
                counts[number] = seq

    threads = [threading.Thread(target=append, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    yield lambda: sum(counts)
    done.set()
    for thread in threads:
        thread.join()


def test_verification_while_others_write_gives_no_false_alarm(record: Record, busy: Callable[[], int]) -> None:
    checkpoints = [record.process("audit", "checkpoint") for _ in range(3)]
    before = busy()
    for _ in range(15):
        said = record.verify()
        assert said.code == 0, said
    assert busy() > before
    for each in checkpoints:
        out, err = each.communicate(timeout=60)
        assert each.returncode == 0, err
        assert short_form(out)[0] >= 1
    assert record.verify().code == 0


def test_checkpoints_made_by_many_at_once_follow_each_other(record: Record, busy: Callable[[], int]) -> None:
    made: list[tuple[int, str]] = []

    def make() -> None:
        made.extend(short_form(record.checkpoint()) for _ in range(5))

    record.checkpoint()
    makers = [record.process("audit", "checkpoint") for _ in range(3)]
    make()
    for maker in makers:
        out, err = maker.communicate(timeout=60)
        assert maker.returncode == 0, err
        made.append(short_form(out))
    verified = record.verify("--format", "json")
    assert verified.code == 0, verified
    said = verified.json
    assert said["checkpoints"] >= len({number for number, _ in made})
    assert len(record.copies.read_text().splitlines()) == said["checkpoints"]


def test_two_servers_with_keys_of_their_own_prove_one_store(store_server: StoreServer, tmp_path: Path) -> None:
    url = store_server.database()
    one, other = (Record.of_new(tmp_path / name, url) for name in ("one", "other"))
    one.add("notes", {"text": "x"})
    one.checkpoint()
    other.add("notes", {"text": "y"})
    other.checkpoint()
    said = other.verify()
    assert "checkpoint 1 is signed with the key" in said.out
    for source, target in ((one, other), (other, one)):
        for key in (source.folder / "keys").glob("*.pub"):
            (target.folder / "keys" / key.name).write_bytes(key.read_bytes())
    one.add("notes", {"text": "z"})
    one.checkpoint()
    for each in (one, other):
        assert each.verify().code == 0, each.verify()
    assert len(one.copies.read_text().splitlines()) == 2
    assert len(other.copies.read_text().splitlines()) == 1


def test_a_copy_that_a_crash_kept_from_being_written_is_written_with_the_next_checkpoint(record: Record) -> None:
    record.add("notes", {"text": "x"})
    record.checkpoint()
    record.add("notes", {"text": "y"})
    with record.open() as stores:
        stores.checkpoints.make(signing_key(record.folder / "keys"), actor="person:dana")
    said = record.verify()
    assert "no copy of checkpoint 2: a line was taken out, or never written" in said.out
    record.checkpoint()
    assert record.verify().code == 0
    assert len(record.copies.read_text().splitlines()) == 2


def test_a_half_written_line_is_replaced(record: Record) -> None:
    record.add("notes", {"text": "x"})
    record.checkpoint()
    whole = record.copies.read_text()
    record.add("notes", {"text": "y"})
    record.copies.write_text(whole + '{"commitment":"12')
    record.checkpoint()
    assert record.verify().code == 0
    assert record.copies.read_text().startswith(whole)


KILLS = int(os.environ.get("ARCHITECT_CHAOS_KILLS", "8"))

WRITING = """
import os, sys
from pathlib import Path
from architect.audit.model import Draft
from architect.wiring.installation import make_checkpoint, open_installation

with open_installation(None) as installation:
    events, name = installation.stores.events, f"writer-{os.getpid()}"
    print(1, flush=True)
    for seq in range(10_000):
        drafts = [Draft(kind="noted", actor="a", data={"n": seq})] * (seq % 3 + 1)
        events.append(name, drafts, expected_seq=len(events.read(name)))
        if seq % 3 == 0:
            make_checkpoint(installation)
"""


def test_writers_that_are_killed_at_any_moment_leave_a_whole_record(record: Record) -> None:
    chance = random.Random(11)
    for _ in range(KILLS):
        writers = [record.script(WRITING) for _ in range(2)]
        for writer in writers:
            assert writer.stdout is not None
            writer.stdout.readline()
        for writer in writers:
            time.sleep(chance.uniform(0.0, 0.15))
            writer.kill()
        for writer in writers:
            writer.communicate()
        kinds = {fault["kind"] for fault in record.verify("--format", "json").json["faults"]}
        assert kinds <= {"copy"}
    record.add("notes", {"text": "after"})
    record.checkpoint()
    said = record.verify("--format", "json").json
    assert said["whole"], said
    assert said["events"] > KILLS


def test_nothing_new_makes_no_checkpoint(record: Record) -> None:
    assert record.call("audit", "checkpoint").out == "Nothing is recorded yet.\n"
    record.add("notes", {"text": "x"})
    assert record.checkpoint() == record.checkpoint()
    assert record.verify("--format", "json").json["checkpoints"] == 1


# Size


def grown(record: Record, events: int) -> None:
    """Put many events into a store in a file, as if they had been appended."""
    record.add("first", {"x": 1})
    rows: list[Entry] = []
    heads: list[Head] = []
    at = datetime.now(UTC)
    for number in range(events // 500):
        head = Head(stream=StreamId(f"many-{number}"), seq=0, hash=GENESIS)
        for step in range(500):
            at += timedelta(milliseconds=1)
            draft = Draft(kind="noted", actor="person:dana", data={"step": step, "text": "x" * 200})
            event, entry = link(head, draft, at=at)
            head = Head(stream=event.stream, seq=event.seq, hash=event.hash)
            rows.append(entry)
        heads.append(head)
    with closing(sqlite3.connect(record.file)) as connection, connection:
        connection.executemany(f"INSERT INTO events VALUES ({', '.join('?' * len(Entry._fields))})", rows)
        connection.executemany(
            "INSERT INTO streams (stream, seq, hash) VALUES (?, ?, ?)",
            [(head.stream, head.seq, head.hash) for head in heads],
        )


def peak_mb(record: Record) -> int:
    """Verify in a process of its own and return how much memory that took at the most."""
    script = (
        "from architect.cli.main import command\n"
        "try: command(['audit', 'verify'])\n"
        "except SystemExit as end: print(end.code, *[line for line in open('/proc/self/status') if 'VmHWM' in line])"
    )
    done = record.script(script)
    out, err = done.communicate(timeout=120)
    code, _, peak_kb, _ = out.strip().splitlines()[-1].split()
    assert code == "0", out + err
    return int(peak_kb) // 1024


@pytest.mark.parametrize("events", [20_000, pytest.param(200_000, marks=pytest.mark.soak)])
def test_verification_needs_no_more_memory_for_more_events(file_record: Record, tmp_path: Path, events: int) -> None:
    small = Record.of_new(tmp_path / "small", "sqlite")
    grown(small, 1_000)
    grown(file_record, events)
    file_record.checkpoint()
    small.checkpoint()
    assert peak_mb(file_record) < peak_mb(small) + 15
