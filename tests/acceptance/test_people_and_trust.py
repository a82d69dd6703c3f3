"""People and trusted files over a real store: by the command line, at a terminal, by an edit in the database."""

from __future__ import annotations

import hashlib
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from architect.access.people import Identity, Proof
from architect.access.secrets import matches
from architect.commands.model import Effect
from architect.kernel.errors import ConflictError, IntegrityError, RefusedError
from architect.kernel.ids import PersonId, RunId
from architect.runs.service import RunService
from architect.runs.state import RunState
from architect.runs.voting import VotingRules
from architect.storage.stores import Stores
from record_world import Record, advance
from runs_world import DANA, gate_of, plan, shell

SECRET = "correct horse battery"
DROP = shell("1.1", "false", Effect.DESTRUCTIVE, targets=("database x",))


@pytest.fixture
def record(store_url: str, tmp_path: Path) -> Record:
    return Record.of_new(tmp_path / "state", store_url)


@pytest.fixture
def file_record(tmp_path: Path) -> Record:
    return Record.of_new(tmp_path / "state", "sqlite")


# People


def test_people_come_and_go_and_come_back(record: Record) -> None:
    assert record.call("person", "add", "eli", stdin=f"{SECRET}\n").out == "eli may approve with a secret.\n"
    assert record.call("person", "add", "dana", "--no-secret", "--account", "dsmith").code == 0
    said = record.call("person", "add", "eli", stdin=f"{SECRET}\n")
    assert (said.code, "eli is registered already" in said.err) == (2, True)
    assert record.call("person", "remove", "eli").out == "eli may no longer approve.\n"
    assert record.call("person", "remove", "eli").code == 2
    people = record.call("person", "list", "--format", "json").json["people"]
    assert [(each["name"], each["accounts"], bool(each["removed_at"])) for each in people] == [
        ("dana", ["dsmith"], False),
        ("eli", [], True),
    ]
    record.call("person", "add", "eli", stdin="another secret\n")
    people = record.call("person", "list", "--format", "json").json["people"]
    assert [bool(each["removed_at"]) for each in people] == [False, False]
    assert record.verify().code == 0


@pytest.mark.parametrize("ending", ["\n", "\r\n", ""])
def test_a_secret_is_one_line_of_standard_input(file_record: Record, ending: str) -> None:
    file_record.call("person", "add", "eli", stdin=f"{SECRET}{ending}")
    with file_record.open() as stores:
        assert matches(SECRET, stores.people.verifier(PersonId("eli")))
        assert not matches(f"{SECRET}\r", stores.people.verifier(PersonId("eli")))


@pytest.mark.parametrize("stdin", ["", "\n", "short\n"])
def test_no_secret_and_a_short_one_are_refused_before_anything_is_made(file_record: Record, stdin: str) -> None:
    said = file_record.call("person", "add", "eli", stdin=stdin)
    assert (said.code, "at least 8 characters" in said.err) == (2, True)
    assert not file_record.file.exists()


def typed(record: Record, *lines: str) -> tuple[int, str]:
    """Add a person at a terminal, typing lines whenever something is asked; return the exit code and all it showed."""
    terminal, inner = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "architect.cli.main", "person", "add", "eli"],
        env={**os.environ, "ARCHITECT_STATE": str(record.folder), "TERM": "dumb"},
        stdin=inner,
        stdout=inner,
        stderr=inner,
        start_new_session=True,
    )
    os.close(inner)
    shown = ""
    for line in lines:
        shown += read_until(terminal, ": ")
        os.write(terminal, f"{line}\n".encode())
    shown += read_until(terminal, "")
    os.close(terminal)
    return process.wait(timeout=30), shown


def read_until(terminal: int, ending: str) -> str:
    """Read what a terminal shows until it ends so, or until nobody is there any more."""
    shown = ""
    while not (ending and shown.endswith(ending)):
        try:
            data = os.read(terminal, 4096)
        except OSError:
            break
        shown += data.decode()
    return shown


def test_at_a_terminal_a_secret_is_typed_twice_and_never_shown(file_record: Record) -> None:
    code, shown = typed(file_record, SECRET, SECRET)
    assert code == 0, shown
    assert "Secret of eli" in shown
    assert "eli may approve with a secret." in shown
    assert SECRET not in shown


def test_two_different_secrets_are_asked_for_again(file_record: Record) -> None:
    code, shown = typed(file_record, SECRET, "something else", SECRET, SECRET)
    assert code == 0, shown
    assert "do not match" in shown
    assert SECRET not in shown


def test_a_row_put_in_by_hand_makes_nobody_a_person(record: Record) -> None:
    record.call("person", "add", "eli", "--no-secret", "--account", "x")
    with record.hand() as hand:
        (eli,) = hand.entries("people")
        hand.put(eli._replace(seq=2, data=eli.data.replace('"eli"', '"mallory"')))
        hand.sql("UPDATE streams SET seq = 2 WHERE stream = 'people'")
    said = record.call("person", "list")
    assert (said.code, "of people" in said.err, "mallory" in said.out) == (1, True, False)


def test_a_secret_put_in_by_hand_is_not_taken(record: Record) -> None:
    record.call("person", "add", "eli", stdin=f"{SECRET}\n")
    with record.hand() as hand:
        hand.sql("UPDATE person_secrets SET verifier = verifier || 'A'")
    with record.open() as stores, pytest.raises(IntegrityError, match="is not the one that was recorded"):
        stores.people.verifier(PersonId("eli"))


def test_a_secret_of_somebody_removed_is_forgotten(record: Record) -> None:
    record.call("person", "add", "eli", stdin=f"{SECRET}\n")
    record.call("person", "remove", "eli")
    with record.hand() as hand:
        assert hand.sql("SELECT count(*) FROM person_secrets") == [(0,)]
    with record.open() as stores:
        assert stores.people.verifier(PersonId("eli")) == ""


# Votes


class Voting:
    """One run that waits for two people, over a real store."""

    def __init__(self, stores: Stores, folder: Path) -> None:
        self.stores = stores
        rules = VotingRules(people=stores.people.list)
        self.service = RunService(events=stores.events, index=stores.index, clock=stores.clock, rules=rules)
        self.run: RunId = self.service.create(plan(DROP), DANA)
        advance(stores, self.run, folder)

    def approve(self, name: str, *also: str) -> RunState:
        who = Identity(person=PersonId(name), proof=Proof.OS_USER, also=frozenset(map(PersonId, also)))
        return self.service.approve(self.run, gate_of(self.service.state(self.run)), who)

    def add(self, name: str, *accounts: str) -> None:
        self.stores.people.add(PersonId(name), accounts=accounts, verifier="", by="person:root")

    def remove(self, name: str) -> None:
        self.stores.people.remove(PersonId(name), by="person:root")


def test_the_vote_of_a_removed_person_stays_void_when_they_are_registered_again(record: Record) -> None:
    with record.open() as stores:
        voting = Voting(stores, record.folder / "runs")
        voting.add("eli")
        assert voting.approve("eli").open_gate is not None
        voting.remove("eli")
        with pytest.raises(RefusedError, match="eli may no longer approve"):
            voting.approve("eli")
        voting.add("eli")
        assert voting.approve("dana").open_gate is not None
        assert voting.approve("eli").open_gate is None


def test_a_vote_by_an_account_of_a_removed_person_is_void(record: Record) -> None:
    with record.open() as stores:
        voting = Voting(stores, record.folder / "runs")
        voting.add("eli", "eli-admin")
        voting.approve("eli-admin")
        voting.remove("eli")
        assert voting.approve("dana").open_gate is not None
        with pytest.raises(RefusedError):
            voting.approve("eli-admin")


def test_two_accounts_of_one_human_are_one_person_also_under_sudo(record: Record) -> None:
    with record.open() as stores:
        voting = Voting(stores, record.folder / "runs")
        voting.add("dana", "dsmith")
        voting.approve("dana")
        for name, also in (("dsmith", ()), ("root", ("dana",)), ("eli", ("dsmith",))):
            with pytest.raises(ConflictError, match="another person"):
                voting.approve(name, *also)
        assert voting.approve("eli").open_gate is None


def test_somebody_who_was_registered_after_having_voted_has_voted(record: Record) -> None:
    with record.open() as stores:
        voting = Voting(stores, record.folder / "runs")
        voting.approve("eli")
        voting.add("eli")
        assert voting.approve("dana").open_gate is None


# Trust

SETTINGS = """
[people]
count = 3

[profiles.staging]
kind = "live"
pass = ["PATH"]
hosts = {api = "127.0.0.1:80"}
tools = {kubectl = "/opt/kubectl"}
repository = "."
people = ["ana", "ben"]
environment = {DATABASE_URL = "postgresql://ops:correct-horse@db/shop", TOKEN = "env:SHOP_TOKEN"}
systems = {context = "shop-eu", database = "shop", account = "123456789012"}

[scripts."deploy.sh"]
effect = "read"
sha256 = "%s"

[audit]
copies = ["syslog:"]
""" % ("a" * 64)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "architect.toml").write_text(SETTINGS)
    monkeypatch.chdir(folder)
    return folder


def counts(record: Record) -> bool:
    """Say whether the project's settings count: they ask for three people."""
    return "One person" not in record.call("person", "list").out


def test_a_file_counts_from_when_it_is_trusted_until_one_byte_changes(record: Record, project: Path) -> None:
    assert not counts(record)
    said = record.call("trust", "--yes")
    assert said.code == 0, said
    digest = hashlib.sha256(SETTINGS.encode()).hexdigest()
    assert said.out == f"{project}/architect.toml is trusted: SHA-256 {digest}\n"
    assert counts(record)
    (project / "architect.toml").write_text(SETTINGS + " ")
    assert not counts(record)
    (project / "architect.toml").write_text(SETTINGS)
    assert counts(record)
    record.call("trust", "--revoke")
    assert not counts(record)
    assert record.call("trust", "--list").out == "Nothing is trusted.\n"


def test_what_a_file_would_change_is_shown_before_it_is_trusted(file_record: Record, project: Path) -> None:
    said = file_record.call("trust", stdin="n\n")
    assert said.code == 1
    for words in (
        "script deploy.sh is read",
        "profile staging is live",
        "passes PATH",
        "DATABASE_URL is postgresql://ops:[redacted]@db/shop",
        "TOKEN is env:SHOP_TOKEN",
        f"reads files of {project}",
        "expects the context shop-eu",
        "expects the database shop",
        "expects the account 123456789012",
        "only ana, ben may approve",
        "host api is 127.0.0.1:80",
        "kubectl is /opt/kubectl",
        "3 people",
        "checkpoints are copied to syslog:",
    ):
        assert words in said.err
    assert "correct-horse" not in said.err
    assert not counts(file_record)


def test_a_copy_and_another_path_are_not_trusted(
    file_record: Record, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file_record.call("trust", "--yes")
    other = project.parent / "other"
    other.mkdir()
    (other / "architect.toml").write_text(SETTINGS)
    monkeypatch.chdir(other)
    assert not counts(file_record)


def test_a_link_is_the_file_that_it_names(file_record: Record, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = project.parent / "other"
    other.mkdir()
    (other / "architect.toml").symlink_to(project / "architect.toml")
    monkeypatch.chdir(other)
    assert not counts(file_record)
    assert file_record.call("trust", "--yes").out.startswith(f"{project}/architect.toml is trusted")
    assert counts(file_record)
    (project / "mallory.toml").write_text(SETTINGS)
    (other / "architect.toml").unlink()
    (other / "architect.toml").symlink_to(project / "mallory.toml")
    assert not counts(file_record)


@pytest.mark.parametrize(
    "text", ["trusted = true", "[trust]\nfiles = ['*']", "people = 3", "[people]\ncount = 0", "x = ["]
)
def test_a_file_cannot_trust_itself_and_a_wrong_one_cannot_be_trusted(
    file_record: Record, project: Path, text: str
) -> None:
    (project / "architect.toml").write_text(text)
    said = file_record.call("trust", "--yes")
    assert said.code == 2
    assert "architect.toml" in said.err
    assert file_record.call("trust", "--list").out == "Nothing is trusted.\n"


@pytest.mark.parametrize(
    "line",
    [
        "architect trust architect.toml --yes",
        "architect person add mallory --no-secret --account x",
        "architect person remove eli",
        "architect runs approve RUN-1 G1",
        "architect db restore /tmp/x",
        "python -m architect.cli.main trust --yes",
    ],
)
def test_a_command_of_a_document_that_would_trust_or_approve_needs_two_people(file_record: Record, line: str) -> None:
    said = file_record.call("effects", "-", "--format", "jsonl", stdin=f'{{"id": "1", "text": "{line}"}}\n')
    assert said.json["effect"] == "unknown"


def test_a_row_put_in_by_hand_trusts_nothing(record: Record, project: Path) -> None:
    record.call("trust", "--yes")
    (project / "architect.toml").write_text(SETTINGS + "# more\n")
    digest = hashlib.sha256((SETTINGS + "# more\n").encode()).hexdigest()
    with record.hand() as hand:
        (entry,) = hand.entries("trust")
        old = hashlib.sha256(SETTINGS.encode()).hexdigest()
        hand.sql("UPDATE events SET data = ? WHERE stream = 'trust'", entry.data.replace(old, digest))
    said = record.call("person", "list")
    assert (said.code, "event 1 of trust" in said.err) == (1, True)
