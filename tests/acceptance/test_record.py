"""The record is edited by hand in every way we can think of; `architect audit verify` says so and names the place."""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from architect.audit.model import Entry
from architect.runs.events import stream_of
from architect.runs.state import begin
from architect.runs.summaries import summary_of
from forging import rehashed, renumbered
from record_world import Hand, Record
from runs_world import shell
from store_server import StoreServer

RANGE = re.compile(r"\bevents (?P<first>\d+) to (?P<last>\d+) of ")
EXAMPLES = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


def fill(record: Record) -> Record:
    """Let some runs, people and notes be recorded, with three checkpoints; the last events are in none."""
    record.run(shell("1.1", "echo one"), shell("1.2", "seq 100"))
    record.add("notes", {"text": "alpha"}, {"text": "beta"}, {"text": "gamma"})
    record.checkpoint()
    record.call("person", "add", "eli", stdin="correct horse battery\n")
    record.run(shell("1.1", "echo two"))
    record.add("notes", {"text": "delta"}, {"text": "epsilon"})
    record.checkpoint()
    record.add("notes", {"text": "zeta"})
    record.checkpoint()
    record.add("notes", {"text": "eta"}, {"text": "theta"})
    return record


TABLES = ("installation", "events", "streams", "runs", "outputs", "person_secrets")


@dataclass
class Originals:
    """A filled record of each kind, and fresh copies of it; on PostgreSQL the copy before is gone with the next."""

    record: Record

    def __post_init__(self) -> None:
        if self.record.url is not None:
            with self.record.hand() as hand:
                hand.sql("CREATE SCHEMA original")
                for table in TABLES:
                    hand.sql(f"CREATE TABLE original.{table} AS TABLE {table}")

    def copy(self) -> Record:
        folder = Path(tempfile.mkdtemp(dir=self.record.folder.parent)) / "state"
        shutil.copytree(self.record.folder, folder)
        copy = Record(folder, self.record.url)
        if copy.url is not None:
            with copy.hand() as hand:
                hand.sql(f"TRUNCATE {', '.join(TABLES)}")
                for table in TABLES:
                    hand.sql(f"INSERT INTO {table} SELECT * FROM original.{table}")
        return copy


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def originals(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Originals:
    server: StoreServer | None = request.getfixturevalue("store_server") if request.param == "postgresql" else None
    url = server.database() if server is not None else "sqlite"
    return Originals(fill(Record.of_new(tmp_path_factory.mktemp("record") / "original", url)))


@pytest.fixture
def record(originals: Originals) -> Record:
    """A filled record of the test's own."""
    return originals.copy()


def named(record: Record) -> tuple[str, int, int]:
    """Return the stream and the range of events that verification names first, in words and in JSON."""
    said, found = record.verify(), record.verify("--format", "json")
    assert (said.code, found.code) == (1, 1), said
    first = found.json["faults"][0]
    message, stream, seq = first["message"], first["stream"], first["seq"]
    assert said.out.splitlines()[-len(found.json["faults"][:10])] == f"WRONG: {message}"
    several = RANGE.search(message)
    if several is not None:
        assert f"of {stream}" in message
        assert int(several["first"]) == seq
        return stream, seq, int(several["last"])
    assert f"event {seq} of {stream}" in message or f"checkpoint {seq}, of which" in message
    return stream, seq, seq


def edit_stream(record: Record, stream: str, change: Callable[[list[Entry]], Sequence[Entry]]) -> None:
    with record.hand() as hand:
        hand.replace_stream(stream, change(hand.entries(stream)))


def places(hand: Hand) -> list[tuple[str, int]]:
    return [(stream, seq) for stream, length in hand.streams() for seq in range(1, length + 1)]


# What is whole


def test_a_whole_record_exits_with_zero(record: Record) -> None:
    said = record.verify()
    assert said.code == 0, said
    assert "The record is whole." in said.out
    assert "2 events are newer than the last checkpoint" in said.out
    assert said.out.splitlines()[-1].startswith("checkpoint 3:")


def test_json_says_the_same(record: Record) -> None:
    said = record.verify("--format", "json").json
    assert said["whole"] is True
    assert (said["checkpoints"], said["copies"], said["uncovered"], said["faults"]) == (3, 3, 2, [])


# Single fields of single events


EDITS = st.sampled_from(["at", "actor", "kind", "data", "version", "prev", "hash", "seq", "stream"])


@EXAMPLES
@given(data=st.data())
def test_an_edit_of_any_field_of_any_event_is_named(originals: Originals, data: st.DataObject) -> None:
    record = originals.copy()
    with record.hand() as hand:
        stream, seq = data.draw(st.sampled_from(places(hand)))
        column = data.draw(EDITS)
        entry = hand.entries(stream)[seq - 1]
        hand.sql(
            f"UPDATE events SET {column} = ? WHERE stream = ? AND seq = ?", edited(entry, column, data), *entry[:2]
        )
    found = named(record)
    assert found[:2] == (stream, seq) or found[:2] == (f"{stream}x", 1)


def edited(entry: Entry, column: str, data: st.DataObject) -> str | int:
    """Return another value for a column, one that makes as little noise as possible."""
    old = getattr(entry, column)
    match column:
        case "seq":
            return int(old) + 1000
        case "version":
            return data.draw(st.sampled_from([0, 2, 10**6]))
        case "stream":
            return f"{old}x"
        case "data":
            return str(old)[:-1] + ',"zz":1}'
        case "at":
            return str(old)[:-2] + ("0Z" if old[-2] != "0" else "1Z")
        case _:
            place = data.draw(st.integers(0, len(old) - 1))
            return f"{old[:place]}{'0' if old[place] != '0' else '1'}{old[place + 1 :]}"


@pytest.mark.parametrize(
    "spelling",
    [
        pytest.param(lambda text: text.replace(":", ": ", 1), id="a blank"),
        pytest.param(lambda text: '{"text":"beta","text":"alpha"}', id="a member twice"),
        pytest.param(lambda text: text.replace("alpha", "\\u0061lpha"), id="an escape"),
        pytest.param(lambda text: text + " ", id="a blank after"),
    ],
)
@pytest.mark.parametrize("is_rehashed", [False, True])
def test_data_that_say_the_same_in_another_spelling_are_an_edit(
    record: Record, spelling: Callable[[str], str], is_rehashed: bool
) -> None:
    def change(entries: list[Entry]) -> Sequence[Entry]:
        entries[0] = entries[0]._replace(data=spelling(entries[0].data))
        return rehashed(entries) if is_rehashed else entries

    edit_stream(record, "notes", change)
    assert named(record)[:2] == ("notes", 1)


@pytest.mark.parametrize(
    "moment", ["2026-1-02T03:04:05.678901Z", "2026-01-02T03:04:05.6Z", "2026-01-02 03:04:05+00:00", "yesterday", ""]
)
def test_a_time_in_another_spelling_is_an_edit(record: Record, moment: str) -> None:
    edit_stream(record, "notes", lambda entries: [*entries[:-1], *rehashed(entries)[-1:]])
    edit_stream(
        record, "notes", lambda entries: rehashed([*entries[:-1], entries[-1]._replace(at=moment)], begin=len(entries))
    )
    assert named(record)[:2] == ("notes", 8)


@pytest.mark.parametrize(
    "junk", ["", "null", "[]", "7", "{", "[" * 5000, '{"a":1e999}', '{"a":NaN}', '{"a":"\\ud800"}']
)
def test_data_that_are_no_data_are_named(record: Record, junk: str) -> None:
    def change(entries: list[Entry]) -> Sequence[Entry]:
        entries[3] = entries[3]._replace(data=junk)
        return rehashed(entries)

    edit_stream(record, "notes", change)
    assert named(record)[:2] == ("notes", 4)


# Whole events


@EXAMPLES
@given(data=st.data())
def test_a_deleted_event_is_named(originals: Originals, data: st.DataObject) -> None:
    record = originals.copy()
    with record.hand() as hand:
        stream, seq = data.draw(st.sampled_from([place for place in places(hand) if place != ("notes", 8)]))
        hand.sql("DELETE FROM events WHERE stream = ? AND seq = ?", stream, seq)
        if data.draw(st.booleans(), label="numbers closed up"):
            hand.replace_stream(stream, renumbered(hand.entries(stream)))
    found = named(record)
    assert found[0] == stream
    assert found[1] == seq


@EXAMPLES
@given(data=st.data())
def test_two_swapped_events_are_named(originals: Originals, data: st.DataObject) -> None:
    record = originals.copy()
    with record.hand() as hand:
        stream = data.draw(st.sampled_from([name for name, length in hand.streams() if length > 1]))
        entries = hand.entries(stream)
        one, other = sorted(data.draw(st.permutations(range(len(entries))))[:2])
        entries[one], entries[other] = entries[other]._replace(seq=one + 1), entries[one]._replace(seq=other + 1)
        hand.replace_stream(stream, entries)
    found = named(record)
    assert found[0] == stream
    assert found[1] <= one + 1 <= found[1] + 1


@EXAMPLES
@given(data=st.data())
def test_an_inserted_event_is_named(originals: Originals, data: st.DataObject) -> None:
    record = originals.copy()
    with record.hand() as hand:
        stream = data.draw(st.sampled_from([name for name, _ in hand.streams()]))
        entries = hand.entries(stream)
        place = data.draw(st.integers(0, len(entries) - 1))
        forged = entries[place]._replace(actor="person:mallory")
        if data.draw(st.booleans(), label="with a hash that fits"):
            forged = rehashed([*entries[:place], forged], begin=place + 1)[-1]
        hand.replace_stream(stream, renumbered([*entries[:place], forged, *entries[place:]]))
    found = named(record)
    assert found[0] == stream
    assert found[1] <= place + 1 <= found[2]


@EXAMPLES
@given(data=st.data())
def test_a_duplicated_event_is_named(originals: Originals, data: st.DataObject) -> None:
    record = originals.copy()
    with record.hand() as hand:
        stream = data.draw(st.sampled_from([name for name, _ in hand.streams()]))
        entries = hand.entries(stream)
        place = data.draw(st.integers(0, len(entries) - 1))
        hand.replace_stream(stream, renumbered([*entries[: place + 1], *entries[place:]]))
    found = named(record)
    assert found[0] == stream
    assert found[1] in (place + 1, place + 2)


@EXAMPLES
@given(data=st.data())
def test_a_cut_tail_is_named(originals: Originals, data: st.DataObject) -> None:
    record = originals.copy()
    with record.hand() as hand:
        stream, seq = data.draw(st.sampled_from([(name, seq) for name, seq in places(hand) if seq < 7]))
        is_head_right = data.draw(st.booleans(), label="and the head says so")
        if is_head_right:
            hand.replace_stream(stream, hand.entries(stream)[: seq - 1])
        else:
            hand.sql("DELETE FROM events WHERE stream = ? AND seq >= ?", stream, seq)
    said = record.verify()
    if stream == "checkpoints" and is_head_right:
        assert f"checkpoint {seq}, of which" in said.out, said
        assert said.code == 1
        return
    assert named(record)[:2] == (stream, seq)


@EXAMPLES
@given(data=st.data())
def test_everything_rehashed_after_an_edit_is_named(originals: Originals, data: st.DataObject) -> None:
    record = originals.copy()
    with record.hand() as hand:
        stream, seq = data.draw(
            st.sampled_from([(name, seq) for name, seq in places(hand) if name == "notes" and seq < 7])
        )
        entries = hand.entries(stream)
        entries[seq - 1] = entries[seq - 1]._replace(data='{"text":"forged"}')
        hand.replace_stream(stream, rehashed(entries, begin=seq))
    name, first, last = named(record)
    assert name == stream
    assert first <= seq <= last


def test_what_no_checkpoint_covers_yet_can_be_cut_off_by_who_edits_heads_too(record: Record) -> None:
    assert "2 events are newer than the last checkpoint: only their chain proves them" in record.verify().out
    edit_stream(record, "notes", lambda entries: entries[:7])
    assert record.verify().code == 0
    record.checkpoint()
    edit_stream(record, "notes", lambda entries: entries[:6])
    assert named(record)[:2] == ("notes", 7)


def test_one_event_with_a_right_hash_of_its_own_does_not_fit(record: Record) -> None:
    with record.hand() as hand:
        entries = hand.entries("notes")
        entries[4] = rehashed([*entries[:4], entries[4]._replace(actor="person:mallory")], begin=5)[-1]
        hand.replace_stream("notes", entries)
    stream, first, last = named(record)
    assert stream == "notes"
    assert first <= 5 <= last


def test_a_whole_stream_that_is_gone_is_named(record: Record) -> None:
    with record.hand() as hand:
        hand.replace_stream("notes", [])
    assert named(record)[:2] == ("notes", 1)


def test_a_run_without_events_that_is_still_listed_is_named(record: Record) -> None:
    run = record.run(shell("1.1", "echo never covered"))
    with record.hand() as hand:
        hand.replace_stream(f"run:{run}", [])
    assert named(record)[:2] == (f"run:{run}", 1)


def test_of_two_wrong_streams_the_one_that_went_wrong_first_is_named(record: Record) -> None:
    with record.hand() as hand:
        hand.sql("UPDATE events SET actor = 'x' WHERE stream = 'people' AND seq = 1")
        hand.sql("UPDATE events SET actor = 'x' WHERE stream = 'notes' AND seq = 8")
        hand.sql("UPDATE events SET actor = 'x' WHERE stream = 'run:RUN-1' AND seq = 3")
    said = record.verify("--format", "json").json
    assert [(fault["stream"], fault["seq"]) for fault in said["faults"]] == [
        ("run:RUN-1", 3),
        ("people", 1),
        ("notes", 8),
    ]


# What is kept beside the events


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE streams SET seq = seq + 1 WHERE stream = 'notes'",
        "UPDATE streams SET seq = seq - 1 WHERE stream = 'notes'",
        "UPDATE streams SET hash = (SELECT prev FROM events WHERE stream = 'notes' AND seq = 8) WHERE stream = 'notes'",
        "UPDATE streams SET covered = 8 WHERE stream = 'notes'",
        "UPDATE streams SET covered = 0 WHERE stream = 'notes'",
        "DELETE FROM streams WHERE stream = 'notes'",
        "INSERT INTO streams (stream, seq, hash) VALUES ('notes2', 1, 'x')",
    ],
)
def test_an_edited_head_is_noticed(record: Record, change: str) -> None:
    with record.hand() as hand:
        hand.sql(change)
    said = record.verify()
    assert said.code == 1
    assert "notes" in said.out.split("WRONG: ")[1]


@pytest.mark.parametrize(
    "change",
    [
        """UPDATE runs SET line = replace(line, '"verdict":"read"', '"verdict":"verified"') WHERE number = 1""",
        """UPDATE runs SET line = replace(line, 'person:dana', 'person:mallory') WHERE number = 1""",
        "UPDATE runs SET line = '{' WHERE number = 1",
        "UPDATE runs SET line = NULL WHERE number = 1",
        "DELETE FROM runs WHERE number = 1",
    ],
)
def test_an_edited_list_of_runs_is_noticed_and_can_be_made_again(record: Record, change: str) -> None:
    before = record.call("runs", "list").out
    with record.hand() as hand:
        hand.sql(change)
    said = record.verify()
    assert said.code == 1
    assert "the line of RUN-1 in the list of runs" in said.out
    assert record.call("db", "rebuild").out == "2 runs.\n"
    assert record.verify().code == 0
    assert record.call("runs", "list").out == before


def test_a_line_that_a_killed_worker_left_old_is_no_fault(record: Record) -> None:
    with record.hand() as hand:
        hand.sql("UPDATE runs SET line = (SELECT line FROM runs WHERE number = 1) WHERE number = 2")
        hand.sql("UPDATE runs SET line = replace(line, 'RUN-1', 'RUN-2') WHERE number = 2")
    assert record.verify().code == 1
    record.call("db", "rebuild")
    run = record.run()
    with record.open() as stores:
        stores.index.put(summary_of(begin(stores.events.read(stream_of(run))[0])))
    said = record.verify()
    assert said.code == 0
    assert f"the list of runs is older than the events of {run}" in said.out


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE outputs SET data = (SELECT data FROM outputs WHERE run = 'RUN-2' AND number = 0) WHERE run = 'RUN-1'",
        "UPDATE outputs SET size = size + 1 WHERE run = 'RUN-1' AND action = '1.2'",
        "UPDATE outputs SET stream = 'stderr' WHERE run = 'RUN-1' AND action = '1.2'",
        "UPDATE outputs SET stream = 'nowhere' WHERE run = 'RUN-1' AND action = '1.2'",
        "UPDATE outputs SET number = 7 WHERE run = 'RUN-1' AND action = '1.2' AND number = 0",
        "DELETE FROM outputs WHERE run = 'RUN-1' AND action = '1.2'",
        "INSERT INTO outputs SELECT run, action, attempt, 1, stream, size, data FROM outputs WHERE action = '1.2'",
    ],
)
def test_edited_output_is_named(record: Record, change: str) -> None:
    with record.hand() as hand:
        hand.sql(change)
    said = record.verify()
    assert said.code == 1
    assert "WRONG: the output of RUN-1 1." in said.out
    assert record.verify("--no-output").code == 0


def test_compressed_output_that_was_tampered_with_is_named(record: Record) -> None:
    with record.hand() as hand:
        ((data,),) = hand.sql("SELECT data FROM outputs WHERE run = 'RUN-1' AND action = '1.2'")
        for junk in (b"", b"\x00" * 20, data[:-1], data + b"more", bytes(data[:4]) + b"\xff" * 9):
            hand.sql("UPDATE outputs SET data = ? WHERE run = 'RUN-1' AND action = '1.2'", junk)
            assert "WRONG: the output of RUN-1 1.2 is not what was stored" in record.verify().out


def test_a_replaced_secret_of_a_person_is_noticed(record: Record) -> None:
    with record.hand() as hand:
        hand.sql("UPDATE person_secrets SET verifier = 'scrypt$16384$8$1$AAAA$AAAA'")
    said = record.verify()
    assert said.code == 1
    assert "the stored secret of eli is not the one that was recorded" in said.out


def test_a_store_that_was_renamed_is_noticed(record: Record) -> None:
    with record.hand() as hand:
        hand.sql("UPDATE installation SET store = 'another'")
    assert "checkpoint 1 is of the store" in record.verify().out


# Checkpoints, keys and copies


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda data: {**data, "signature": "0" * 128}, "checkpoint 2 has a signature that does not hold"),
        (lambda data: {**data, "signature": "junk"}, "checkpoint 2 has a signature that does not hold"),
        (lambda data: {**data, "key": "0" * 16}, "checkpoint 2 is signed with the key 0000000000000000"),
        (lambda data: {**data, "number": 3}, "checkpoint 2 calls itself 3"),
        (lambda data: {**data, "heads": data["heads"][1:]}, "checkpoint 2 does not follow the checkpoint before it"),
        (lambda data: {**data, "store": "x"}, "checkpoint 2 is of the store x"),
        (lambda data: {**data, "made_at": "2026-01-01T00:00:00.000000Z"}, "checkpoint 2 has a signature that does not"),
        (lambda data: {"number": 2}, "event 2 of checkpoints holds no checkpoint"),
    ],
)
def test_an_edited_checkpoint_with_right_hashes_is_named(
    record: Record, change: Callable[[dict[str, object]], dict[str, object]], words: str
) -> None:
    def edit(entries: list[Entry]) -> Sequence[Entry]:
        data = json.dumps(change(json.loads(entries[1].data)), sort_keys=True, separators=(",", ":"))
        entries[1] = entries[1]._replace(data=data)
        return rehashed(entries)

    edit_stream(record, "checkpoints", edit)
    said = record.verify()
    assert said.code == 1
    assert f"WRONG: {words}" in said.out


@pytest.mark.parametrize("what", ["no keys folder", "no public key", "another public key under its name"])
def test_missing_or_replaced_keys_are_noticed(record: Record, what: str) -> None:
    keys = record.folder / "keys"
    (public,) = keys.glob("*.pub")
    match what:
        case "no keys folder":
            shutil.rmtree(keys)
        case "no public key":
            public.unlink()
        case _:
            public.write_text("ab" * 32)
    said = record.verify()
    assert said.code == 1
    assert f"checkpoint 1 is signed with the key {public.stem}, which is not here" in said.out


@pytest.mark.parametrize("junk", ["junk", "", "ff", "zz" * 32])
def test_a_public_key_that_is_none_stops_the_proof(record: Record, junk: str) -> None:
    (public,) = (record.folder / "keys").glob("*.pub")
    public.write_text(junk)
    said = record.verify()
    assert said.code == 2
    assert "this is no public key" in said.err


def test_a_signing_key_that_others_may_read_is_refused(record: Record) -> None:
    (record.folder / "keys" / "checkpoint.key").chmod(0o644)
    assert "others may read the signing key (mode 0644)" in record.call("audit", "checkpoint").err


COPY_EDITS: dict[str, tuple[Callable[[list[str]], list[str]], str]] = {
    "emptied": (lambda lines: [], "has no copy of checkpoint 1"),
    "shortened at its end": (lambda lines: lines[:-1], "has no copy of checkpoint 3"),
    "shortened at its beginning": (lambda lines: lines[1:], "has no copy of checkpoint 1"),
    "without a line in the middle": (lambda lines: [lines[0], lines[2]], "has no copy of checkpoint 2"),
    "swapped": (lambda lines: [lines[1], lines[0], lines[2]], "line 2 of"),
    "with a line twice": (lambda lines: [lines[0], *lines], "line 2 of"),
    "with junk": (lambda lines: [lines[0], "junk", *lines[1:]], "line 2 of"),
    "with an empty line": (lambda lines: [lines[0], "", *lines[1:]], "line 2 of"),
    "with an edited commitment": (lambda lines: [lines[0].replace('nt":"', 'nt":"0'), *lines[1:]], "line 1 of"),
    "with an edited signature": (lambda lines: [*lines[:2], lines[2].replace('re":"', 're":"0')], "line 3 of"),
    "with a short form": (
        lambda lines: [f"1:{json.loads(lines[0])['commitment']}", *lines[1:]],
        "line 1 of",
    ),
    "in another spelling": (lambda lines: [lines[0].replace(",", ", "), *lines[1:]], "line 1 of"),
    "with a checkpoint that never was": (
        lambda lines: [*lines, lines[-1].replace('"number":3', '"number":4')],
        "line 4 of",
    ),
}


@pytest.mark.parametrize("name", COPY_EDITS)
def test_edited_copies_beside_the_store_are_named(record: Record, name: str) -> None:
    change, words = COPY_EDITS[name]
    lines = record.copies.read_text().splitlines()
    record.copies.write_text("".join(f"{line}\n" for line in change(lines)))
    said = record.verify()
    assert said.code == 1
    assert words in said.out
    assert "checkpoints.jsonl" in said.out


def test_copies_that_are_gone_are_noticed(record: Record) -> None:
    record.copies.unlink()
    assert "has no copy of checkpoint 1" in record.verify().out


def cut(record: Record, *, after: int) -> None:
    """Cut off what was recorded after a checkpoint, the later checkpoints too, and let every head say so."""
    with record.hand() as hand:
        kept: dict[str, int] = {}
        for entry in hand.entries("checkpoints")[:after]:
            kept |= {name: seq for name, seq, _ in json.loads(entry.data)["heads"]}
        kept["checkpoints"] = after
        for stream, _ in hand.streams():
            hand.replace_stream(stream, hand.entries(stream)[: kept.get(stream, 0)])
            hand.sql("UPDATE streams SET covered = seq WHERE stream = ? AND stream <> 'checkpoints'", stream)
        for (number,) in hand.sql("SELECT number FROM runs"):
            if f"run:RUN-{number}" not in kept:
                hand.sql("DELETE FROM runs WHERE number = ?", number)
        if "people" not in kept:
            hand.sql("DELETE FROM person_secrets")


def test_a_tail_cut_off_with_its_checkpoint_is_noticed_by_the_copy_beside_the_store(record: Record) -> None:
    cut(record, after=1)
    said = record.verify()
    assert said.code == 1
    assert "WRONG: checkpoint 2, of which" in said.out
    assert "is not in the store: the end of the record was cut off" in said.out


def test_who_cuts_the_copies_too_is_noticed_by_a_copy_elsewhere_only(record: Record) -> None:
    lines = record.copies.read_text().splitlines()
    cut(record, after=1)
    record.copies.write_text(lines[0] + "\n")
    assert record.verify().code == 0
    said = record.verify("--against", lines[2])
    assert said.code == 1
    assert "WRONG: checkpoint 3, of which --against has a copy, is not in the store" in said.out


def test_who_holds_key_and_files_can_rewrite_everything_but_a_copy_elsewhere(record: Record) -> None:
    kept = record.verify().out.splitlines()[-1]
    with record.hand() as hand:
        entries = hand.entries("notes")
        entries[1] = entries[1]._replace(data='{"text":"forged"}')
        hand.replace_stream("notes", rehashed(entries))
        hand.replace_stream("checkpoints", [])
        hand.sql("UPDATE streams SET covered = 0")
    record.copies.unlink()
    for _ in range(3):
        record.checkpoint()
        record.add("notes", {"text": "again"})
    assert record.verify().code == 0
    said = record.verify("--against", kept)
    assert said.code == 1
    assert (
        "checkpoint 3, of which --against has a copy, is another one in the store: what it covers was rewrit"
        in said.out
    )


def test_a_key_of_a_forgers_own_is_noticed_by_the_copies(record: Record) -> None:
    lines = record.copies.read_text()
    with record.hand() as hand:
        hand.replace_stream("checkpoints", [])
        hand.sql("UPDATE streams SET covered = 0")
    shutil.rmtree(record.folder / "keys")
    record.copies.unlink()
    record.checkpoint()
    assert record.verify().code == 0
    record.copies.write_text(lines)
    assert record.verify().code == 1


# Copies that were kept elsewhere


def test_against_takes_the_short_form_a_copied_line_a_log_line_and_files(record: Record, tmp_path: Path) -> None:
    line = record.copies.read_text().splitlines()[1]
    short = f"2:{json.loads(line)['commitment']}"
    file = tmp_path / "copies"
    file.write_text(f"checkpoint {short}\n\n{line}\n")
    logged = f"Nov 25 03:04:05 host architect[12]: checkpoint {line}"
    for against in (short, f"checkpoint {short}", line, logged, str(file)):
        said = record.verify("--against", against)
        assert said.code == 0, (against, said)
    assert record.call("audit", "verify", "--against", "-", stdin=f"{short}\n").code == 0
    assert "3 checkpoints, 5 copies" in record.verify("--against", str(file)).out


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda line: f"9:{'0' * 64}", "checkpoint 9, of which --against has a copy, is not in the store"),
        (lambda line: f"2:{'0' * 64}", "checkpoint 2, of which --against has a copy, is another one in the store"),
        (lambda line: line.replace('re":"', 're":"00'), "has a signature there that does not hold"),
        (lambda line: re.sub('"store":"[^"]*"', '"store":"x"', line), "has a signature there that does not hold"),
    ],
)
def test_a_copy_elsewhere_that_does_not_fit_is_named(record: Record, change: Callable[[str], str], words: str) -> None:
    said = record.verify("--against", change(record.copies.read_text().splitlines()[1]))
    assert said.code == 1
    assert words in said.out


def test_a_copy_of_another_store_says_so(record: Record, originals: Originals, tmp_path: Path) -> None:
    other = Record.of_new(tmp_path / "other", "sqlite")
    other.add("notes", {"text": "x"})
    other.checkpoint()
    said = record.verify("--against", other.copies.read_text())
    assert said.code == 1
    assert "is of another store" in said.out


@pytest.mark.parametrize("text", ["", "nonsense", "/no/such/file", "{", "12:abc", "[" * 10_000, "0:" + "0" * 64])
def test_what_is_no_checkpoint_is_wrong_use_and_never_a_proof(record: Record, text: str, tmp_path: Path) -> None:
    file = tmp_path / "given"
    file.write_text(text)
    for against in (text, str(file)):
        said = record.verify("--against", against)
        assert said.code == 2, said
        assert "checkpoint" in said.err
        assert not said.out
