"""A reference leads to its secret or to a message that names the reference, never the value."""

from __future__ import annotations

from pathlib import Path

import pytest

from architect.integrations.secrets.sources import Secrets, SecretUnavailableError

CANARY = "c4n4ry-of-the-shop"


def fake_kubectl(folder: Path, script: str) -> dict[str, str]:
    """Return an environment in which kubectl is this script."""
    tool = folder / "kubectl"
    tool.write_text(f"#!/bin/sh\n{script}\n")
    tool.chmod(0o755)
    return {"PATH": f"{folder}:/usr/bin:/bin"}


def test_a_variable_is_read() -> None:
    assert Secrets({"KEY": CANARY}).resolve("env:KEY") == CANARY


def test_a_file_gives_its_first_line(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text(f"{CANARY}\r\nsecond line\n")
    file.chmod(0o600)
    assert Secrets({}).resolve(f"file:{file}") == CANARY


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604])
def test_a_file_that_others_may_read_is_refused(tmp_path: Path, mode: int) -> None:
    file = tmp_path / "secret"
    file.write_text(CANARY)
    file.chmod(mode)
    with pytest.raises(SecretUnavailableError, match="others may read") as caught:
        Secrets({}).resolve(f"file:{file}")
    assert CANARY not in str(caught.value)


def test_a_kubernetes_secret_is_decoded(tmp_path: Path) -> None:
    script = '[ "$3 $4 $5 $6" = "secret shop-db --namespace shop" ] && printf YzRuNHJ5LW9mLXRoZS1zaG9w'
    assert Secrets(fake_kubectl(tmp_path, script)).resolve("kubernetes:shop/shop-db/password") == CANARY


@pytest.mark.parametrize("script", ["echo denied >&2; exit 1", "printf '%%%'", "true", f"printf {CANARY}"])
def test_what_the_cluster_says_otherwise_is_no_secret(tmp_path: Path, script: str) -> None:
    with pytest.raises(SecretUnavailableError, match="kubernetes:shop/shop-db/password") as caught:
        Secrets(fake_kubectl(tmp_path, script)).resolve("kubernetes:shop/shop-db/password")
    assert CANARY not in str(caught.value)


@pytest.mark.parametrize(
    ("reference", "words"),
    [
        ("env:MISSING", "the secret env:MISSING: the variable is not set"),
        ("file:/nowhere/at/all", "the secret file:/nowhere/at/all: No such file"),
        ("kubernetes:a/b/c", "kubectl is not installed here"),
        ("plain words", "not a reference"),
    ],
)
def test_a_reference_that_leads_nowhere_is_named(reference: str, words: str) -> None:
    with pytest.raises(SecretUnavailableError, match=words):
        Secrets({"PATH": "/nowhere"}).resolve(reference)
