"""Copies of checkpoints outside the store: a file, the machine's log, a bucket; and what a failing place does."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from architect.integrations.copies.places import (
    BucketCopies,
    CopyFailedError,
    FileCopies,
    SyslogCopies,
    copies_of,
)
from architect.kernel.errors import SettingsError
from inside import eventually
from record_world import Record

LINE = '{"commitment":"%s","key":"k","made_at":"m","number":12,"signature":"s","store":"01-ab"}' % ("c" * 64)


# A file


def test_lines_are_appended_once_each_in_a_private_file(tmp_path: Path) -> None:
    place = FileCopies(tmp_path / "copies")
    for line in (LINE, LINE, LINE.replace("12", "13")):
        place.put(line)
    assert place.path.read_text() == f"{LINE}\n{LINE.replace('12', '13')}\n"
    assert place.path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("path", ["/dev/full", "/no/such/folder/x", "/", "/proc/version"])
def test_a_file_that_cannot_be_written_fails_with_the_reason(path: str) -> None:
    with pytest.raises(CopyFailedError) as caught:
        FileCopies(Path(path)).put(LINE)
    assert caught.value.message


def test_a_line_that_does_not_fit_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "copies"
    FileCopies(path).put(LINE)
    code = (
        "import resource, sys, pathlib; from architect.integrations.copies.places import *\n"
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({len(LINE) + 20}, {len(LINE) + 20}))\n"
        "import signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "try: FileCopies(pathlib.Path(sys.argv[1])).put(sys.argv[2])\n"
        "except CopyFailedError as error: print(error.message)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(path), LINE * 2], capture_output=True, text=True, check=True)
    assert "File too large" in done.stdout
    assert path.read_text() == f"{LINE}\n"


# The machine's log


@pytest.fixture
def log(tmp_path: Path) -> Iterator[tuple[Path, socket.socket]]:
    path = tmp_path / "log"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as daemon:
        daemon.bind(str(path))
        daemon.settimeout(10)
        yield path, daemon


def test_the_log_gets_one_datagram_a_line_as_rfc_3164_asks(log: tuple[Path, socket.socket]) -> None:
    path, daemon = log
    SyslogCopies(path).put(LINE)
    assert daemon.recv(4096).decode() == f"<37>architect[{os.getpid()}]: checkpoint {LINE}"


def test_what_the_log_took_proves_the_record(tmp_path: Path, log: tuple[Path, socket.socket]) -> None:
    path, daemon = log
    record = Record.of_new(tmp_path / "state", "sqlite")
    record.add("notes", {"x": 1})
    record.checkpoint()
    SyslogCopies(path).put(record.copies.read_text().strip())
    logged = daemon.recv(4096).decode().removeprefix("<37>")
    assert record.verify("--against", f"Jan  2 03:04:05 host {logged}").code == 0


def test_a_machine_without_a_log_says_so(tmp_path: Path) -> None:
    with pytest.raises(CopyFailedError, match="nobody keeps a log at"):
        SyslogCopies(tmp_path / "log").put(LINE)


def test_a_log_whose_daemon_is_gone_says_so(tmp_path: Path) -> None:
    path = tmp_path / "log"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as daemon:
        daemon.bind(str(path))
    with pytest.raises(CopyFailedError, match="Connection refused"):
        SyslogCopies(path).put(LINE)


# A bucket


@pytest.fixture(scope="module")
def bucket_environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, str]]:
    """A server that speaks S3, with a bucket, and what the AWS command line needs to reach it."""
    if shutil.which("aws") is None:
        pytest.skip("the AWS command line is not installed")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    argv = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    log = (tmp_path_factory.mktemp("moto") / "log").open("wb")
    server = subprocess.Popen(argv, stdout=log, stderr=log)
    try:
        assert eventually(lambda: answers(port), within_s=30)
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": "/nonexistent",
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test-secret-key",
            "AWS_DEFAULT_REGION": "us-east-1",
        }
        aws(environment, "create-bucket", "--bucket", "copies")
        yield environment
    finally:
        server.kill()
        server.wait()
        log.close()


def answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/moto-api/", timeout=1):
            return True
    except OSError:
        return False


def aws(environment: Mapping[str, str], *words: str) -> Any:
    argv = ["aws", "s3api", *words, "--output", "json"]
    done = subprocess.run(argv, env=dict(environment), capture_output=True, text=True, check=True)
    return json.loads(done.stdout) if done.stdout.strip() else None


def keys(environment: Mapping[str, str]) -> list[str]:
    found = aws(environment, "list-objects-v2", "--bucket", "copies")
    return [each["Key"] for each in (found or {}).get("Contents", [])]


def test_a_bucket_gets_one_object_a_checkpoint_and_none_is_overwritten(
    bucket_environment: Mapping[str, str], tmp_path: Path
) -> None:
    place = BucketCopies("s3://copies/some/prefix/", bucket_environment)
    other = LINE.replace("c" * 64, "d" * 64)
    for line in (LINE, other, LINE):
        place.put(line)
    found = [key for key in keys(bucket_environment) if key.startswith("some/prefix")]
    assert found == [f"some/prefix/01-ab/000000000012-{letter * 64}.json" for letter in "cd"]
    target = tmp_path / "object"
    aws(bucket_environment, "get-object", "--bucket", "copies", "--key", found[0], str(target))
    assert target.read_text() == f"{LINE}\n"


@pytest.mark.parametrize("url", ["s3://no-such-bucket/x", "s3://UPPER_case!/x"])
def test_a_bucket_that_does_not_take_it_says_why(bucket_environment: Mapping[str, str], url: str) -> None:
    with pytest.raises(CopyFailedError) as caught:
        BucketCopies(url, bucket_environment).put(LINE)
    assert "bucket" in caught.value.message.lower()
    assert "test-secret-key" not in caught.value.message


def test_without_the_command_line_of_aws_it_says_so(tmp_path: Path) -> None:
    with pytest.raises(CopyFailedError, match="aws is not installed here"):
        BucketCopies("s3://copies", {"PATH": str(tmp_path)}).put(LINE)


def test_a_tool_that_cannot_be_started_is_no_crash(tmp_path: Path) -> None:
    (tmp_path / "aws").write_text("no program")
    (tmp_path / "aws").chmod(0o700)
    with pytest.raises(CopyFailedError):
        BucketCopies("s3://copies", {"PATH": str(tmp_path)}).put(LINE)


# Settings, and what a failing place does


@pytest.mark.parametrize("text", ["", "file:", "file:relative", "syslog", "s3://", "http://x", "/tmp/x"])
def test_what_is_no_place_is_refused(text: str) -> None:
    with pytest.raises(SettingsError, match="is no place for copies"):
        copies_of([text], {})


@pytest.fixture
def record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Record:
    """A state folder, and a trusted project whose settings copy checkpoints to a good place and a bad one."""
    record = Record.of_new(tmp_path / "state", "sqlite")
    project = tmp_path / "project"
    project.mkdir()
    (project / "good").mkdir()
    places = [f"file:{project}/bad/copies", f"file:{project}/good/copies"]
    (project / "architect.toml").write_text(f"[audit]\ncopies = {json.dumps(places)}\n")
    (project / "look.md").write_text("# Look\n\n```bash\necho seen\n```\n")
    monkeypatch.chdir(project)
    assert record.call("trust", "--yes").code == 0
    return record


def test_a_failing_place_is_told_the_others_get_theirs_and_the_run_keeps_its_exit_code(record: Record) -> None:
    said = record.call("run", "look.md#look", "--approve", "place")
    assert said.code == 0, said
    assert "the checkpoint could not be copied to" in said.err
    assert "bad/copies: No such file or directory" in said.err
    assert Path("good/copies").read_text() == record.copies.read_text()
    assert record.verify("--against", "good/copies").code == 0


def test_a_checkpoint_by_hand_fails_until_every_place_has_it(record: Record) -> None:
    record.add("notes", {"x": 1})
    for _ in range(2):
        said = record.call("audit", "checkpoint")
        assert said.code == 1
        assert "architect: no copy at" in said.err
        assert said.out.startswith("1:")
    Path("bad").mkdir()
    assert record.call("audit", "checkpoint").code == 0
    assert Path("bad/copies").read_text() == Path("good/copies").read_text() == record.copies.read_text()
    assert record.verify().code == 0


def test_where_even_the_own_copies_cannot_be_written_the_checkpoint_is_made_and_copied_later(record: Record) -> None:
    Path("bad").mkdir()
    record.copies.mkdir()
    record.add("notes", {"x": 1})
    said = record.call("audit", "checkpoint")
    assert (said.code, "checkpoints.jsonl: Is a directory" in said.err) == (1, True)
    assert Path("good/copies").read_text().count("\n") == 1
    record.copies.rmdir()
    record.add("notes", {"x": 2})
    assert record.call("audit", "checkpoint").code == 0
    assert record.copies.read_text() == Path("good/copies").read_text()
    assert record.verify().code == 0
