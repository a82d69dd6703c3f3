"""The state of what the service depends on, asked for real and answered soon."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

ANSWER_WITHIN_S = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Dependency:
    """One thing the service cannot work without. `ask` raises one of `failures` when it does not answer."""

    name: str
    ask: Callable[[], Awaitable[object]]
    failures: tuple[type[Exception], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """What every dependency answered: `ok`, or the kind of failure without its words, which may name secrets."""

    dependencies: Mapping[str, str]

    @property
    def is_healthy(self) -> bool:
        """Say whether everything answered."""
        return all(state == "ok" for state in self.dependencies.values())


async def ask_all(dependencies: tuple[Dependency, ...]) -> Health:
    """Ask all dependencies at once."""
    states = await asyncio.gather(*(_state(dependency) for dependency in dependencies))
    return Health(dependencies=dict(zip((dependency.name for dependency in dependencies), states, strict=True)))


async def _state(dependency: Dependency) -> str:
    try:
        async with asyncio.timeout(ANSWER_WITHIN_S):
            await dependency.ask()
    except TimeoutError:
        return "timeout"
    except dependency.failures as failure:
        return type(failure).__name__
    return "ok"
