"""A store on PostgreSQL: servers that go away and come back, foreign databases, passwords that stay unsaid."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from architect.audit.model import Draft
from architect.kernel.errors import ArchitectError, IntegrityError, SettingsError
from architect.kernel.ids import StreamId
from architect.runs.events import GateReason
from architect.runs.service import RunService
from architect.runs.voting import VotingRules
from architect.storage.failures import StoreError
from architect.storage.stores import Stores, open_stores
from chaos import Chaos, counting
from inside import eventually
from record_world import Record
from runs_world import DANA, plan, reason_of
from store_server import StoreServer

DRAFT = Draft(kind="noted", actor="person:dana", data={"x": 1})
NOTES = StreamId("notes")


@pytest.fixture(scope="module")
def server() -> Iterator[StoreServer]:
    """A server that the tests of this file may stop."""
    with StoreServer.of_new_cluster() as server:
        yield server


@pytest.fixture
def url(server: StoreServer) -> str:
    return server.database()


@pytest.fixture
def record(url: str, tmp_path: Path) -> Record:
    return Record.of_new(tmp_path / "state", url)


def tables(url: str) -> set[str]:
    with psycopg.connect(url) as connection:
        query = "SELECT schemaname || '.' || tablename FROM pg_tables WHERE schemaname NOT LIKE '%\\_%'"
        return {name for (name,) in connection.execute(query.encode())}


# The server goes away


def append(stores: Stores) -> int:
    return stores.events.append(NOTES, [DRAFT], expected_seq=len(stores.events.read(NOTES)))[0].seq


def works(stores: Stores) -> bool:
    """Append once; a connection that was made before the server went away fails once more."""
    try:
        return append(stores) == 3
    except StoreError:
        return False


def test_appends_fail_while_the_server_is_gone_and_work_when_it_is_back(server: StoreServer, url: str) -> None:
    with open_stores(url) as stores:
        assert append(stores) == 1
        assert append(stores) == 2
        server.stop()
        try:
            for _ in range(3):
                with pytest.raises(StoreError) as caught:
                    stores.events.append(NOTES, [DRAFT], expected_seq=2)
                assert server.password not in str(caught.value)
            with pytest.raises(StoreError):
                stores.events.read(NOTES)
        finally:
            server.start()
        assert eventually(lambda: works(stores))
        assert append(stores) == 4


def test_the_command_line_says_that_the_server_is_gone(server: StoreServer, record: Record) -> None:
    assert record.call("runs", "list").code == 0
    server.stop()
    try:
        said = record.call("runs", "list")
    finally:
        server.start()
    assert said.code == 2
    assert "the store cannot be reached: connection failed" in said.err
    assert "runs stay as they are" in said.err
    assert server.password not in said.err
    assert "***@127.0.0.1" in said.err


def test_a_step_under_way_when_the_store_goes_away_has_an_unknown_outcome(
    server: StoreServer, url: str, tmp_path: Path
) -> None:
    chaos = Chaos(url, tmp_path)
    ready, go = tmp_path / "ready", tmp_path / "go"
    os.mkfifo(ready)
    os.mkfifo(go)
    run = chaos.service.create(plan(counting("1.1", tmp_path / "RUN-1.count", after=f"echo > {ready}; cat {go}")), DANA)
    chaos.stores.close()
    worker = chaos.worker(run)
    ready.read_text()
    server.stop()
    threading.Timer(0.2, lambda: go.write_text("go")).start()
    assert worker.wait(timeout=60) != 0
    server.start()
    assert chaos.worker(run).wait(timeout=60) == 0
    with open_stores(url) as stores:
        service = RunService(events=stores.events, index=stores.index, clock=stores.clock, rules=VotingRules())
        assert reason_of(service.state(run)) is GateReason.UNKNOWN_OUTCOME
        chaos.stores = stores
        assert chaos.done(run) == ["1.1"]
        assert chaos.left_alive(run) == []


# Who may not, and what is not ours


def test_a_wrong_password_is_said_without_any_password(server: StoreServer, record: Record) -> None:
    wrong = "ge#heim@/?%"
    record.url = server.url("postgres").replace(server.password, "ge%23heim%40%2F%3F%25")
    said = record.call("runs", "list")
    assert said.code == 2
    assert "the store cannot be reached: connection failed" in said.err
    assert "password authentication failed" in said.err
    for part in (wrong, "geheim", "heim", "ge%23"):
        assert part not in said.err


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://u:geheim@127.0.0.1:1/d",
        "postgresql://u:geheim@no-such-host.invalid/d",
        "postgresql://u:ge@heim@127.0.0.1/d",
        "postgresql://u:ge/heim@127.0.0.1/d",
        "postgresql://u:1/heim@127.0.0.1/d",
        "postgresql://u:ge#heim@127.0.0.1:1/d",
        "postgresql://u:ge?heim@127.0.0.1:1/d",
        "postgresql://u@127.0.0.1:1/d?password=geheim",
        "postgresql://u:geheim@127.0.0.1:1/d?nonsense=geheim",
        "postgresql://u:geheim@127.0.0.1:geheim/d",
        "postgresql://u:geheim@[::1/d",
        "postgres://:geheim@127.0.0.1:1",
        "mysql://u:geheim@127.0.0.1/d",
        "sqlite:///geheim",
        "geheim",
    ],
)
def test_no_address_lets_its_password_slip(tmp_path: Path, address: str) -> None:
    record = Record.of_new(tmp_path / "state", "sqlite")
    said = record.call("runs", "list", ARCHITECT_DATABASE_URL=address)
    assert said.code == 2, said
    assert "heim" not in said.err
    assert said.err.count("\n") == 1


def test_a_database_that_does_not_exist_says_so(server: StoreServer, record: Record) -> None:
    record.url = server.url("nowhere")
    said = record.call("runs", "list")
    assert (said.code, 'database "nowhere" does not exist' in said.err) == (2, True)


@pytest.mark.parametrize(
    "what",
    [
        "CREATE TABLE accounts (id int)",
        "CREATE VIEW v AS SELECT 1",
        "CREATE SCHEMA app; CREATE TABLE app.accounts (id int)",
        "CREATE TABLE alembic_version (version_num text); CREATE TABLE installation (store text)",
    ],
)
def test_a_database_of_somebody_elses_is_refused_and_not_touched(record: Record, url: str, what: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(what.encode())
    before = tables(url)
    for words in (("runs", "list"), ("audit", "verify"), ("db", "upgrade")):
        said = record.call(*words)
        assert said.code == 1, said
        assert "this database is neither empty nor Architect's" in said.err
    assert tables(url) == before


def test_what_an_extension_brings_along_is_nobodys(record: Record, url: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE EXTENSION pg_stat_statements")
    assert record.call("runs", "list").code == 0
    assert "public.events" in tables(url)


def test_a_store_of_a_newer_version_is_refused_and_not_touched(record: Record, url: str) -> None:
    record.add("notes", {"x": 1})
    with record.hand() as hand:
        hand.sql("UPDATE alembic_version SET version_num = '9999'")
    before = tables(url)
    with pytest.raises(SettingsError, match="newer version"):
        open_stores(url)
    assert tables(url) == before


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("SELECT 1", "permission denied for schema public"),
        ("REVOKE ALL ON SCHEMA public FROM PUBLIC", "no schema has been selected to create in"),
    ],
)
def test_a_user_who_may_not_make_tables_is_told_what_to_do(
    server: StoreServer, record: Record, url: str, change: str, words: str
) -> None:
    name = url.rpartition("/")[2]
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("DROP ROLE IF EXISTS guest")
        connection.execute("CREATE ROLE guest LOGIN PASSWORD 'guest-password'")
        connection.execute(change.encode())
    record.url = f"postgresql://guest:guest-password@127.0.0.1:{server.port}/{name}"
    said = record.call("runs", "list")
    assert said.code == 2
    assert f"the store may not be used: {words}" in said.err
    assert "(give it a database of its own)" in said.err


def test_a_read_only_database_refuses_what_would_write(record: Record, url: str) -> None:
    record.add("notes", {"x": 1})
    with record.hand() as hand:
        hand.sql(f'ALTER DATABASE "{url.rpartition("/")[2]}" SET default_transaction_read_only = on')
    assert record.call("runs", "list").code == 0
    said = record.call("person", "add", "eli", "--no-secret", "--account", "x")
    assert (said.code, "the log cannot be written: the database is read-only" in said.err) == (2, True)


def test_backup_and_restore_point_to_the_servers_own_tools(record: Record, tmp_path: Path) -> None:
    for words in (("backup", str(tmp_path / "x")), ("restore", str(tmp_path / "x"))):
        said = record.call("db", *words)
        assert (said.code, "use pg_dump and pg_restore" in said.err) == (2, True)


# Several at once


def test_many_processes_that_open_an_empty_database_at_once_make_one_store(record: Record) -> None:
    processes = [record.process("runs", "list") for _ in range(5)]
    for process in processes:
        _, err = process.communicate(timeout=60)
        assert process.returncode == 0, err
    with record.hand() as hand:
        assert hand.sql("SELECT count(*) FROM installation") == [(1,)]


def test_an_append_reads_no_more_when_there_is_more(url: str) -> None:
    with open_stores(url) as stores:
        for number in range(400):
            stores.events.append(NOTES, [DRAFT], expected_seq=number)
    query = "SELECT seq_tup_read, n_tup_ins FROM pg_stat_user_tables WHERE relname = 'events'"
    with psycopg.connect(url, autocommit=True) as connection:

        def is_counted() -> bool:
            connection.execute("SELECT pg_stat_clear_snapshot()")
            return counted()[1] >= 400

        def counted() -> tuple[int, int]:
            row = connection.execute(query).fetchone()
            assert row is not None
            return row

        assert eventually(is_counted)
        assert counted()[0] < 4 * 400


def test_many_threads_append_without_an_error(url: str) -> None:
    errors: list[ArchitectError] = []
    with open_stores(url) as stores:

        def add(number: int) -> None:
            for seq in range(30):
                try:
                    stores.events.append(StreamId(f"s{number}"), [DRAFT], expected_seq=seq)
                except ArchitectError as error:
                    errors.append(error)

        threads = [threading.Thread(target=add, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert errors == []
        assert sum(head.seq for head in stores.events.heads()) == 240


def test_a_stream_whose_end_was_cut_off_is_read_by_nobody(record: Record) -> None:
    record.add("notes", {"x": 1}, {"x": 2})
    with record.hand() as hand:
        hand.sql("DELETE FROM events WHERE stream = 'notes' AND seq = 2")
    with record.open() as stores, pytest.raises(IntegrityError, match="the store says that it goes to 2"):
        stores.events.read(NOTES)
