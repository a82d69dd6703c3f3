"""What the service says of its dependencies."""

from __future__ import annotations

import asyncio

import pytest

from architect.service.health import Dependency, Health, ask_all


class GoneError(Exception):
    """A dependency does not answer."""


async def fine() -> None:
    """Answer."""


async def gone() -> None:
    """Fail as a dependency does."""
    raise GoneError("password=hunter2")


def dependency(name: str, *, works: bool) -> Dependency:
    """Make a dependency."""
    return Dependency(name=name, ask=fine if works else gone, failures=(GoneError,))


def ask(*dependencies: Dependency) -> Health:
    """Ask them all."""
    return asyncio.run(ask_all(dependencies))


def test_the_service_is_healthy_when_everything_answers() -> None:
    found = ask(dependency("database", works=True), dependency("cache", works=True))
    assert found.is_healthy
    assert dict(found.dependencies) == {"database": "ok", "cache": "ok"}


def test_one_failing_dependency_is_named_by_its_kind_without_its_words() -> None:
    found = ask(dependency("database", works=True), dependency("cache", works=False))
    assert not found.is_healthy
    assert found.dependencies["cache"] == "GoneError"


def test_a_failure_that_nobody_expected_is_not_hidden() -> None:
    surprising = Dependency(name="cache", ask=gone, failures=(OSError,))
    with pytest.raises(GoneError):
        ask(surprising)
