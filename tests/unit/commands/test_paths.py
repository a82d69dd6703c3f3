"""Paths: scratch, secrets, devices, and the rest."""

from __future__ import annotations

import pytest

from architect.commands.model import Effect
from architect.commands.paths import plain_path, shows_secret, writing
from architect.commands.words import literal


@pytest.mark.parametrize(
    "path",
    [
        ".env",
        "app/.env.production",
        "~/.aws/credentials",
        "/home/app/.ssh/id_ed25519",
        "~/.kube/config",
        "/etc/shadow",
        "/proc/1/environ",
        "/proc/self/environ",
        "tls/server.key",
        "server.pem",
        "secrets.yaml",
        "db-password.txt",
        "/run/secrets/token",
        "//proc//1//environ",
        "terraform.tfstate",
        ".pgpass",
    ],
)
def test_files_that_look_secret_are_known(path: str) -> None:
    assert shows_secret(literal(path, 0, 0))


@pytest.mark.parametrize(
    "path",
    [
        "notes.txt",
        ".env.example",
        "/etc/passwd",
        "/etc/hosts",
        "ca.pem",
        "fullchain.pem",
        "~/.ssh/known_hosts",
        "id_rsa.pub",
        "/proc/cpuinfo",
        "keys.md",
    ],
)
def test_ordinary_files_are_not_secret(path: str) -> None:
    assert not shows_secret(literal(path, 0, 0))


@pytest.mark.parametrize(
    ("path", "plain"),
    [
        ("a.txt", "a.txt"),
        ("./a.txt", "a.txt"),
        ("out/a.txt", "out/a.txt"),
        ("/a", None),
        ("../a", None),
        ("a/../b", None),
        ("~/a", None),
        ("-a", None),
        ("a//b", None),
        ("", None),
        (".", None),
    ],
)
def test_only_plain_relative_names_are_scratch(path: str, plain: str | None) -> None:
    assert plain_path(literal(path, 0, 0)) == plain


@pytest.mark.parametrize(
    ("path", "appends", "effect"),
    [
        ("new.txt", False, Effect.READ),
        ("made.txt", False, Effect.WRITE),
        ("made.txt", True, Effect.WRITE),
        ("/dev/null", False, Effect.READ),
        ("/dev/sda", False, Effect.DESTRUCTIVE),
        ("/dev/nvme0n1", True, Effect.DESTRUCTIVE),
        ("/dev/tcp/10.0.0.1/80", False, Effect.UNKNOWN),
        ("/etc/hosts", False, Effect.DISRUPTIVE),
        ("/etc/hosts", True, Effect.WRITE),
        ("/tmp/x", False, Effect.WRITE),
        ("/tmp/../etc/hosts", False, Effect.UNKNOWN),
        ("~/.ssh/authorized_keys", True, Effect.EXPOSES),
    ],
)
def test_where_a_file_is_written_decides(path: str, appends: bool, effect: Effect) -> None:
    found, _ = writing(literal(path, 0, 0), in_scratch=True, made=frozenset({"made.txt"}), appends=appends)
    assert found is effect


def test_outside_of_the_runs_folder_no_name_is_scratch() -> None:
    assert writing(literal("new.txt", 0, 0), in_scratch=False, made=frozenset(), appends=False)[0] is Effect.WRITE
