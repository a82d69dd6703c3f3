"""Tools, files and the environment of a run are looked up where the profile says, and nowhere else."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

import pytest

from architect.commands.judging import judge
from architect.commands.model import Effect
from architect.integrations.machine.looking import (
    RepositoryFiles,
    ToolsOnPath,
    declared_effects,
    repository_of,
    run_environment,
)
from architect.runs.planning import Surroundings, make_plan
from architect.runs.profiles import EnvironmentValue, Profile, ProfileKind, SecretReference, SecretScheme, local_profile
from builders.runbooks import action, document, runbook, step


class KnownSecrets:
    """Gives every reference back with a mark."""

    def resolve(self, reference: str) -> str:
        return f"secret of {reference}"


def profile(environment: Mapping[str, EnvironmentValue], *passes: str, repository: str = "") -> Profile:
    return Profile(
        name="shop",
        kind=ProfileKind.LIVE,
        environment=environment,
        passes=passes,
        hosts={},
        tools={},
        repository=repository,
    )


def test_a_tool_is_found_on_the_runs_own_path(tmp_path: Path) -> None:
    tool = tmp_path / "repair"
    tool.write_text("#!/bin/sh\n")
    tool.chmod(0o755)
    tools = ToolsOnPath(str(tmp_path), {"kubectl": "/opt/kubectl"})
    assert tools["repair"] == str(tool)
    assert tools["kubectl"] == "/opt/kubectl"
    assert tools.get("sh") is None


def test_a_file_of_the_repository_has_its_digest(tmp_path: Path) -> None:
    (tmp_path / "web.yaml").write_text("kind: Deployment\n")
    assert RepositoryFiles(tmp_path).get("web.yaml") == hashlib.sha256(b"kind: Deployment\n").hexdigest()


@pytest.mark.parametrize("path", ["../outside", "/etc/passwd", "link", "folder/../../outside", "folder", "missing"])
def test_nothing_outside_the_repository_is_read(tmp_path: Path, path: str) -> None:
    root = tmp_path / "repository"
    (root / "folder").mkdir(parents=True)
    (tmp_path / "outside").write_text("secret")
    (root / "link").symlink_to(tmp_path / "outside")
    assert RepositoryFiles(root).get(path) is None


def test_without_a_repository_there_are_no_files() -> None:
    assert RepositoryFiles(None).get("web.yaml") is None


def test_the_repository_is_the_documents_git_root_unless_the_profile_names_one(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / "docs").mkdir()
    assert repository_of(tmp_path / "docs" / "run.md", local_profile()) == tmp_path
    assert repository_of(tmp_path / "docs" / "run.md", profile({}, repository="/srv/ops")) == Path("/srv/ops")


def test_a_declared_effect_holds_for_that_digest_only(tmp_path: Path) -> None:
    script = tmp_path / "repair.sh"
    script.write_text("echo 1\n")
    declared = {"./repair.sh": (Effect.WRITE, hashlib.sha256(b"echo 1\n").hexdigest())}
    assert declared_effects(declared, RepositoryFiles(tmp_path)) == {"repair.sh": Effect.WRITE}
    script.write_text("echo 2\n")
    assert declared_effects(declared, RepositoryFiles(tmp_path)) == {}


def test_only_what_is_allowed_reaches_a_run() -> None:
    held: dict[str, EnvironmentValue] = {
        "LEVEL": "debug",
        "URL": SecretReference(scheme=SecretScheme.FILE, location="/run/url"),
        "API_TOKEN": "t",
    }
    caller = {"PATH": "/bin", "LC_ALL": "C", "AWS_SECRET_ACCESS_KEY": "x", "EXTRA": "no", "LD_PRELOAD": "no"}
    environment, secret = run_environment(profile(held, "PATH", "LC_*", "AWS_*"), caller, KnownSecrets())
    assert environment == {
        "PATH": "/bin",
        "LC_ALL": "C",
        "AWS_SECRET_ACCESS_KEY": "x",
        "LEVEL": "debug",
        "URL": "secret of file:/run/url",
        "API_TOKEN": "t",
    }
    assert secret == {"AWS_SECRET_ACCESS_KEY", "URL", "API_TOKEN"}


def test_a_sandbox_starts_empty() -> None:
    where = Profile(name="s", kind=ProfileKind.SANDBOX, environment={}, passes=(), hosts={}, tools={})
    assert run_environment(where, {"PATH": "/bin", "HOME": "/root"}, KnownSecrets())[0] == {}


def test_a_plan_finds_tools_that_are_looked_up_one_by_one(tmp_path: Path) -> None:
    (tmp_path / "mytool").write_text("#!/bin/sh\n")
    (tmp_path / "mytool").chmod(0o755)
    book = runbook(step(1, action("1.1", "mytool list")))
    around = Surroundings(tools=ToolsOnPath(str(tmp_path), {}))
    made = make_plan(document(book), book, profile=local_profile(), judge=judge, surroundings=around)
    assert [(tool.name, tool.path) for tool in made.actions[0].tools] == [("mytool", str(tmp_path / "mytool"))]
    assert made.actions[0].notes == ("its target is not known: nothing else may change this profile meanwhile",)
