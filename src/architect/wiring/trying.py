"""What the tools themselves say of a plan's changes: their own dry runs, and PostgreSQL's EXPLAIN.

Only what is judged to read is tried, in a folder of its own beside those of runs, the only place in which the walls of
a sandbox let it write. It is deleted after.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from architect.commands.judging import judge
from architect.commands.model import Effect
from architect.grammars import placeholders
from architect.grammars.placeholders import Language
from architect.kernel.errors import ArchitectError
from architect.kernel.ids import ActionId, RunId
from architect.kernel.text import visible
from architect.runs.context import Contexts, Surroundings
from architect.runs.model import Executor, Plan, PlannedAction
from architect.runs.output import OutputRecorder
from architect.runs.ports import OutputChunk, OutputKey, OutputStore
from architect.runs.quoting import Bound, bind_shell, bind_sql
from architect.runs.state import RunState
from architect.wiring.engines import runners_at
from architect.wiring.sites import Site

_RUN = RunId("dry-run")
_LIMIT_BYTES = 1 << 16
_SHOWN_LINES = 12
_TIMEOUT_S = 20.0
_EC2_WOULD_SUCCEED = "An error occurred (DryRunOperation) "
"""EC2 answers a dry run that would succeed with this error, and one that would not with another."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """What came of one dry run: the command, how it ended, the last lines of what it said."""

    action: ActionId
    command: str
    outcome: str
    lines: Sequence[str] = ()


class _Dropped(OutputStore):
    """Keeps nothing."""

    def append(self, key: OutputKey, chunks: Sequence[OutputChunk]) -> None:
        """Drop the chunks."""
        del key, chunks

    def read(self, key: OutputKey, *, after: int = -1) -> Sequence[OutputChunk]:
        """Return nothing."""
        del key, after
        return ()


def try_dry_runs(site: Site, plan: Plan) -> Iterator[Tried]:
    """Try the dry run of every change that has one, and yield what it said."""
    for action in plan.actions:
        if action.dry_run and not action.refused and action.effect is not Effect.READ:
            yield _try(site, plan, action, action.dry_run)


def _try(site: Site, plan: Plan, action: PlannedAction, command: str) -> Tried:
    language = "sql" if action.executor is Executor.SQL else "shell"
    if action.open_variables:
        return Tried(action=action.id, command=command, outcome=f"not tried: no value for {action.open_variables[0]}")
    judgement = judge(command, language=language)
    bound = _bound(command, action, language, hosts=tuple(site.profile.hosts))
    if bound.refused:
        return Tried(action=action.id, command=command, outcome=f"not tried: {bound.refused[0]}")
    if judgement.effect is not Effect.READ:
        return Tried(action=action.id, command=command, outcome=f"not tried: {judgement.reason}")
    runs = site.installation.runs_folder
    runs.mkdir(mode=0o700, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="dry-run-", dir=runs) as folder:
        try:
            return _run(site, plan, _action(action, bound), folder=Path(folder), command=command)
        except ArchitectError as error:
            return Tried(action=action.id, command=command, outcome=f"not tried: {error.message}")


def _bound(command: str, action: PlannedAction, language: str, *, hosts: tuple[str, ...]) -> Bound:
    """Return the dry run with the places in it for the values of the change."""
    is_sql = language == "sql"
    found = placeholders.find(command, Language.SQL if is_sql else Language.SHELL)
    wanted = [item for item in found if item.name in action.variables]
    return bind_sql(command, wanted) if is_sql else bind_shell(command, wanted, hosts=hosts)


def _action(action: PlannedAction, bound: Bound) -> PlannedAction:
    """Return the dry run as an action; a shell stops at a variable that nobody set, instead of leaving a word out."""
    text = bound.text if action.executor is Executor.SQL else f"set -u; {bound.text}"
    limits = replace(action.limits, timeout_s=_TIMEOUT_S, output_bytes=_LIMIT_BYTES)
    return replace(action, executed=text, slots=bound.slots, limits=limits, files=())


def _run(site: Site, plan: Plan, action: PlannedAction, *, folder: Path, command: str) -> Tried:
    contexts = Contexts(
        root=folder,
        secrets=site.installation.secrets,
        surroundings=lambda _: Surroundings(environment=site.environment, secret_names=site.secret_names),
    )
    state = _state(site, plan)
    request = contexts.request(state, action, 1)
    recorder = OutputRecorder(request.key, store=_Dropped(), secrets=contexts.forms(state), limit=_LIMIT_BYTES)
    with runners_at(site) as runners:
        outcome = runners[action.executor].prepare(request).run(recorder)
    lines = visible(recorder.finish().tail).rstrip().splitlines()[-_SHOWN_LINES:]
    words = f"{outcome.outcome}: {recorder.clean(outcome.reason)}" if outcome.reason else str(outcome.outcome)
    if any(_EC2_WOULD_SUCCEED in line for line in lines):
        words = "succeeded: the request would be carried out"
    return Tried(action=action.id, command=command, outcome=words, lines=lines)


def _state(site: Site, plan: Plan) -> RunState:
    now = site.installation.stores.clock.now()
    return RunState(
        run=_RUN,
        plan=plan,
        plan_digest=plan.digest,
        requested_by=site.installation.identity.actor,
        is_verified=True,
        created_at=now,
        seq=0,
        last_at=now,
        actions=plan.actions,
    )
