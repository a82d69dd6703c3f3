"""From a runbook, a profile and values to a plan: every action in order, judged, bounded, bound, gated. Pure.

What must be looked up outside (where tools lie, what files hold, who the systems are) is handed in as `Surroundings`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol, assert_never

import msgspec
import rfc8785

from architect.commands.model import Carried, CommandEffect, Effect, Flag, Judgement, highest
from architect.commands.procedures import file_within, first_line, joined, language_of
from architect.grammars import placeholders
from architect.grammars.placeholders import Language
from architect.kernel.errors import UsageError
from architect.runbooks.model import (
    Action,
    ActionKind,
    Document,
    OptionGroup,
    Runbook,
    SessionKind,
    Step,
    Variable,
)
from architect.runs import safeguards
from architect.runs.conditions import conditions_of
from architect.runs.connections import without_passwords
from architect.runs.defaults import defaults_of
from architect.runs.dry_run import closest_dry_run
from architect.runs.getting import how_to_get
from architect.runs.model import (
    PLAN_VERSION,
    Binding,
    Executor,
    GateKind,
    Limits,
    Plan,
    PlannedAction,
    ToolPath,
    UndoPlan,
)
from architect.runs.profiles import (
    SECRET_HINT,
    Profile,
    SecretReference,
    is_secret_name,
    is_surely_secret,
    parse_environment_value,
)
from architect.runs.quoting import Bound, bind_promql, bind_shell, bind_sql
from architect.runs.undo import undo_plan
from architect.runs.values import is_reserved, refusals, require_text
from architect.work.leases import UNRESOLVED

TIMEOUT_S = 600.0
NEVER_ENDING_S = 10.0
OUTPUT_BYTES = 256 * 1024 * 1024

_EXECUTORS = {
    "shell": Executor.SHELL,
    "sql": Executor.SQL,
    "psql": Executor.SQL,
    "promql": Executor.PROMQL,
    "redis": Executor.REDIS,
}


class Judge(Protocol):
    """Says what a text does; `architect.commands.judging.judge`."""

    def __call__(
        self,
        text: str,
        *,
        language: str = "shell",
        carried: Carried | None = None,
        declared: Mapping[str, Effect] | None = None,
    ) -> Judgement:
        """Judge `text`, given what earlier actions left behind and the effects declared for scripts."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What was looked up outside.

    `identities` maps systems to what they turned out to be; `replicas` targets to live counts; `tools` names to
    absolute paths, None where nobody looked; `files` paths of the repository to digests; `declared` scripts to effects
    that trusted settings declare for these very digests; `environment` holds the variables the caller has. `systems`
    are those that a sandbox has, None outside one; `own_store` are the spellings of Architect's own store, which no run
    may change.
    """

    identities: Mapping[str, str] = field(default_factory=dict)
    replicas: Mapping[str, int] = field(default_factory=dict)
    tools: Mapping[str, str] | None = None
    files: Mapping[str, str] = field(default_factory=dict)
    declared: Mapping[str, Effect] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    systems: frozenset[str] | None = None
    own_store: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What a person asked for: values by variable, and the option of each group by its id."""

    values: Mapping[str, str] = field(default_factory=dict)
    choices: Mapping[str, int] = field(default_factory=dict)


def make_plan(
    document: Document,
    runbook: Runbook,
    *,
    profile: Profile,
    judge: Judge,
    request: Request | None = None,
    surroundings: Surroundings | None = None,
) -> Plan:
    """Return the plan of a run. Raises UsageError for a value or a choice that the runbook has no place for."""
    request = request or Request()
    surroundings = surroundings or Surroundings()
    _check_request(runbook, request)
    bindings = _bindings(runbook, profile, request, surroundings)
    planner = _Planner(
        document=document,
        runbook=runbook,
        profile=profile,
        judge=judge,
        request=request,
        surroundings=surroundings,
        bindings={binding.name: binding for binding in bindings},
    )
    actions = planner.actions()
    conditions, checks = conditions_of(document, runbook, actions, profile=profile)
    actions = tuple(replace(action, checks=checks.get(action.id, ())) for action in actions)
    plan = Plan(
        version=PLAN_VERSION,
        document=document.path,
        document_sha256=document.sha256,
        runbook=runbook.id,
        title=runbook.title,
        kind=runbook.kind,
        severity=runbook.severity,
        sla_s=runbook.sla.seconds if runbook.sla else None,
        profile=profile.name,
        profile_kind=profile.kind,
        profile_digest=profile.digest,
        actions=actions,
        conditions=conditions,
        bindings=bindings,
        systems=tuple(profile.systems.expected.items()),
        people=profile.people,
    )
    return replace(plan, digest=plan_digest(plan))


def plan_digest(plan: Plan) -> str:
    """Return the SHA-256 of the plan's canonical form without its digest."""
    builtins = msgspec.to_builtins(replace(plan, digest=""), order="sorted")
    return hashlib.sha256(rfc8785.dumps(builtins)).hexdigest()


def gate_of(effect: Effect) -> GateKind:
    """Return the gate before a command of this effect."""
    match effect:
        case Effect.READ:
            return GateKind.NONE
        case Effect.WRITE:
            return GateKind.CONFIRM
        case Effect.DISRUPTIVE:
            return GateKind.CONFIRM_TARGET
        case Effect.UNKNOWN | Effect.EXPOSES | Effect.DESTRUCTIVE:
            return GateKind.TWO_PEOPLE
    assert_never(effect)


def _check_request(runbook: Runbook, request: Request) -> None:
    known = {variable.name: variable for variable in runbook.variables}
    for name in request.values:
        if name in known and is_reserved(name) and _is_shell_variable(known[name]):
            raise UsageError(
                f"{name} steers the shell or a tool; no value can be given for it", hint="set it in the profile"
            )
        if name not in known:
            places = ", ".join(sorted(known)) or "none"
            raise UsageError(f"the runbook `{runbook.id}` has no variable {name}", hint=f"its variables: {places}")
    groups = {item.id: item for step in runbook.steps for item in step.items if isinstance(item, OptionGroup)}
    for group, number in request.choices.items():
        if group not in groups:
            raise UsageError(f"no option group {group}", hint=f"groups: {', '.join(sorted(groups)) or 'none'}")
        numbers = [option.number for option in groups[group].options]
        if number not in numbers:
            raise UsageError(f"group {group} has no option {number}", hint=f"options: {', '.join(map(str, numbers))}")


def _is_shell_variable(variable: Variable) -> bool:
    """Say whether a text names the variable as the shell does, `$NAME`, so that its value needs that very name."""
    return any(item.style is placeholders.PlaceholderStyle.DOLLAR for item in variable.placeholders)


def _bindings(runbook: Runbook, profile: Profile, request: Request, surroundings: Surroundings) -> tuple[Binding, ...]:
    """Bind what a person gave, what the profile holds, what it passes on, what the document says; else leave open."""
    found: list[Binding] = []
    named = profile.passing(variable.name for variable in runbook.variables) if profile.name == "local" else profile
    for variable in runbook.variables:
        name = variable.name
        is_secret = variable.is_secret or is_secret_name(name)
        if name in request.values:
            found.append(_given(name, request.values[name], is_secret=is_secret))
        elif (held := profile.environment.get(name)) is not None:
            is_reference = isinstance(held, SecretReference)
            found.append(
                Binding(
                    name=name,
                    value=None if is_reference else str(held),
                    reference=str(held) if is_reference else None,
                    origin=f"profile {profile.name}",
                    is_secret=is_secret or is_reference,
                )
            )
        elif variable.default is not None and is_reserved(name):
            continue
        elif name in surroundings.environment and named.passes_on(name):
            found.append(_of_environment(name, surroundings.environment[name], is_secret=is_secret))
        elif variable.default is not None and not is_secret:
            found.append(Binding(name=name, value=variable.default, origin="the document's default"))
    return tuple(found)


def _given(name: str, value: str, *, is_secret: bool) -> Binding:
    """Bind what a person gave: of a secret only the reference, so that it is in no command line and no record."""
    require_text(name, value)
    if is_secret and isinstance(parse_environment_value(value), SecretReference):
        return Binding(name=name, reference=value, origin="given", is_secret=True)
    if is_surely_secret(name):
        raise UsageError(f"{name} is a secret; {SECRET_HINT}", hint="its value itself would be in the record")
    return Binding(name=name, value=value, origin="given", is_secret=is_secret)


def _of_environment(name: str, value: str, *, is_secret: bool) -> Binding:
    """Bind what the caller's environment holds: a secret by its reference, anything else by what it is now."""
    if is_secret or without_passwords({name: value}).secrets:
        return Binding(name=name, reference=f"env:{name}", origin="environment", is_secret=is_secret)
    require_text(name, value)
    return Binding(name=name, value=value, origin="environment")


@dataclass(slots=True, kw_only=True)
class _Planner:
    """Goes through a runbook in order and carries what the shell would."""

    document: Document
    runbook: Runbook
    profile: Profile
    judge: Judge
    request: Request
    surroundings: Surroundings
    bindings: Mapping[str, Binding]
    carried: Carried = field(default_factory=Carried)
    connection: str | None = None
    planned: list[PlannedAction] = field(default_factory=list)

    def actions(self) -> tuple[PlannedAction, ...]:
        for step in self.runbook.steps:
            for item in step.items:
                if isinstance(item, Action):
                    self._add(step, item)
                else:
                    self._add_group(step, item)
        return tuple(self.planned)

    def _add_group(self, step: Step, group: OptionGroup) -> None:
        """Add the options of a group, each as if the others were not there; then what any of them may leave behind."""
        chosen = self.request.choices.get(group.id)
        before = self.carried
        after: list[Carried] = []
        for option in group.options:
            if chosen is not None and option.number != chosen:
                continue
            self.carried = before
            for action in option.actions:
                self._add(step, action)
                self.planned[-1] = replace(
                    self.planned[-1],
                    group=group.id if chosen is None else None,
                    option=option.number,
                    option_title=option.title,
                )
            after.append(self.carried)
        self.carried = joined(after)

    def _add(self, step: Step, action: Action) -> None:
        match action.kind:
            case ActionKind.SHELL | ActionKind.SQL | ActionKind.PROMQL:
                planned = self._executable(step, action)
            case ActionKind.FILE:
                planned = self._file(step, action)
            case ActionKind.MESSAGE | ActionKind.MANUAL:
                planned = self._for_person(step, action)
            case _:
                assert_never(action.kind)
        self.planned.append(planned)

    def _for_person(self, step: Step, action: Action) -> PlannedAction:
        executor = Executor.MESSAGE if action.kind is ActionKind.MESSAGE else Executor.MANUAL
        return replace(
            self._frame(step, action, executor),
            effect=Effect.WRITE,
            reason="a person does this",
            gate=GateKind.PERSON,
            notes=self._reference_notes(action),
        )

    def _file(self, step: Step, action: Action) -> PlannedAction:
        """Write a file that the document shows; a person writes one that lies elsewhere or has blanks to fill."""
        name = file_within(action)
        if name is None:
            person = self._for_person(step, action)
            return replace(person, title=f"Write {action.file_name or 'the file'}")
        self.carried = replace(self.carried, scratch_files=self.carried.scratch_files | {name})
        return replace(
            self._frame(step, action, Executor.FILE),
            title=action.title or f"Write {name}",
            effect=Effect.READ,
            reason=f"writes {name} in the run's own folder",
            gate=GateKind.NONE,
            file_name=name,
        )

    def _executable(self, step: Step, action: Action) -> PlannedAction:
        language, executor = _language(action)
        frame = self._frame(step, action, executor)
        judgement = self.judge(
            action.text, language=language, carried=self.carried, declared=self.surroundings.declared
        )
        if executor is Executor.MANUAL:
            return _inside_session(frame, action)
        if executor is Executor.SHELL:
            self.carried = judgement.carried
            self.connection = _connection_of(judgement.commands) or self.connection
        commands = tuple(self._corrected(command) for command in judgement.commands)
        effect = _effect_of(judgement, commands)
        bound = self._bound(action, language)
        frame = replace(
            frame,
            executed=safeguards.bounded_text(bound.text, commands),
            slots=bound.slots,
            effect=effect,
            reason=next((command.reason for command in commands if command.effect is effect), judgement.reason),
            gate=gate_of(effect),
            commands=commands,
            targets=safeguards.targets_of(commands, self._identities(action, commands)),
            limits=_limits(action, commands),
            undo=_way_back(commands),
            tools=self._tools(commands),
            files=safeguards.files_of(action.text, self.surroundings.files),
            dry_run=closest_dry_run(commands, action.text, executor=executor),
        )
        if (command := safeguards.needs_terminal(commands)) and executor is Executor.SHELL:
            return _at_terminal(frame, command)
        return self._completed(frame, action, bound)

    def _identities(self, action: Action, commands: Sequence[CommandEffect]) -> Mapping[str, str]:
        """Return who the systems are that an action speaks to; of a database, by the connection that it uses."""
        identities = self.surroundings.identities
        if action.session is not None and action.session.kind is SessionKind.REDIS:
            key = safeguards.connection_key("redis", action.session.opener)
            return {**identities, "redis": identities.get(key, UNRESOLVED)}
        used = safeguards.connections_of(commands, "postgresql")
        connection = action.connection or (self.connection if action.kind is ActionKind.SQL else None)
        used = used or ({connection} if connection else set())
        if not used:
            return identities
        known = {identities.get(safeguards.connection_key("postgresql", each), UNRESOLVED) for each in used}
        return {**identities, "postgresql": known.pop() if len(known) == 1 else UNRESOLVED}

    def _completed(self, frame: PlannedAction, action: Action, bound: Bound) -> PlannedAction:
        """Add what depends on values and on the profile: open variables, connection, refusals, notes."""
        used = {slot.variable for slot in bound.slots}
        literal = {name: binding.value for name, binding in self.bindings.items() if binding.value is not None}
        refused = [*bound.refused, *refusals(bound.slots, literal)]
        refused += safeguards.refusals(
            frame, profile=self.profile, systems=self.surroundings.systems, own_store=self.surroundings.own_store
        )
        connection, connection_notes = self._connection(action, frame.executor)
        frame = replace(
            frame,
            variables=tuple(dict.fromkeys((*action.variables, *sorted(used)))),
            open_variables=tuple(
                name for name in dict.fromkeys(slot.variable for slot in bound.slots) if name not in self.bindings
            ),
            refused="; ".join(refused),
            connection=connection,
            notes=(
                *connection_notes,
                *safeguards.notes(frame),
                *self._tool_notes(frame),
                *self._reference_notes(action),
            ),
        )
        return replace(frame, defaults=defaults_of(frame, tuple(self.planned)))

    def _frame(self, step: Step, action: Action, executor: Executor) -> PlannedAction:
        return PlannedAction(
            id=action.id,
            step=step.number,
            step_title=step.title,
            phase=step.phase,
            title=_title(step, action),
            executor=executor,
            text=action.text,
            executed=action.text,
            effect=Effect.UNKNOWN,
            reason="",
            gate=GateKind.TWO_PEOPLE,
            variables=action.variables,
            line=self.document.place(action.span.start).line,
        )

    def _bound(self, action: Action, language: str) -> Bound:
        kinds = {"sql": Language.SQL, "psql": Language.SQL, "promql": Language.PROMQL}
        found = placeholders.find(action.text, kinds.get(language, Language.SHELL))
        wanted = [item for item in found if self._is_wanted(item, action)]
        line = self.document.place(action.span.start).line
        if language in ("sql", "psql"):
            return bind_sql(action.text, wanted, first_line=line)
        if language == "promql":
            return bind_promql(action.text, wanted, first_line=line)
        return bind_shell(action.text, wanted, hosts=tuple(self.profile.hosts), first_line=line)

    def _is_wanted(self, item: placeholders.Placeholder, action: Action) -> bool:
        """Leave alone what the shell itself has set by then, and what steers it and has a default."""
        if item.style is not placeholders.PlaceholderStyle.DOLLAR:
            return True
        if item.default is not None and is_reserved(item.name) and item.name not in self.bindings:
            return False
        carried = {name for name, _ in self.carried.variables}
        return item.name in action.variables and (item.name in self.bindings or item.name not in carried)

    def _corrected(self, command: CommandEffect) -> CommandEffect:
        command = safeguards.lowered_by_live_count(command, self.surroundings.replicas)
        return safeguards.raised_by_unnamed_host(command, self.profile)

    def _connection(self, action: Action, executor: Executor) -> tuple[str | None, tuple[str, ...]]:
        if executor is Executor.REDIS and action.session is not None:
            return action.session.opener, ()
        if executor is not Executor.SQL:
            return action.connection, ()
        if action.connection:
            self.connection = action.connection
            return action.connection, ()
        if self.connection:
            return self.connection, (f"no connection is written here: it runs through `{self.connection}`, as before",)
        expected = self.profile.systems.database or "the profile's database"
        return None, (f"no connection is written here: it runs on {expected}",)

    def _tools(self, commands: Sequence[CommandEffect]) -> tuple[ToolPath, ...]:
        names = dict.fromkeys(command.tool for command in commands if command.tool)
        return tuple(ToolPath(name=name, path=path) for name in names if (path := self._path_of(name)))

    def _path_of(self, name: str) -> str | None:
        found = self.profile.tools.get(name)
        if found is None and self.surroundings.tools is not None:
            found = self.surroundings.tools.get(name)
        return found

    def _tool_notes(self, frame: PlannedAction) -> tuple[str, ...]:
        if frame.executor is not Executor.SHELL or self.surroundings.tools is None:
            return ()
        found = {tool.name for tool in frame.tools}
        missing = dict.fromkeys(
            command.tool
            for command in frame.commands
            if command.tool and command.tool not in found and "/" not in command.tool
        )
        return tuple(f"`{name}` is not installed here: {how_to_get(name)}" for name in missing)

    def _reference_notes(self, action: Action) -> tuple[str, ...]:
        """Say what a step that points to another runbook means."""
        if action.reference is None:
            return ()
        other = next((runbook for runbook in self.document.runbooks if runbook.id == action.reference), None)
        if other is None:
            return ()
        texts = [first_line(found.text) for found in other.actions if found.kind is ActionKind.SHELL]
        return (f"see `#{other.id}`: {'; '.join(texts[:4])}" if texts else f"see `#{other.id}`",)


def _way_back(commands: Sequence[CommandEffect]) -> UndoPlan | None:
    """Return how a change is undone; what it does elsewhere than where the environment leads is not read there."""
    plan = undo_plan(commands)
    changes = [command for command in commands if command.effect is not Effect.READ]
    if plan is None or plan.impossible or not any(safeguards.speaks_elsewhere(each, commands) for each in changes):
        return plan
    return UndoPlan(impossible="it names another place than the profile's, and what was there is not read")


def _language(action: Action) -> tuple[str, Executor]:
    """Return the language an action is judged in and what carries it out."""
    session = action.session
    language = language_of(action)
    if session is not None and session.kind in (SessionKind.SSH, SessionKind.EXEC, SessionKind.SHELL):
        return "shell", Executor.MANUAL
    return language, _EXECUTORS[language]


def _inside_session(frame: PlannedAction, action: Action) -> PlannedAction:
    opener = action.session.opener if action.session else ""
    return replace(
        frame,
        effect=Effect.UNKNOWN,
        reason=f"meant for inside `{first_line(opener)}`, where a person types it",
        gate=GateKind.PERSON,
        notes=("open the session in your own terminal; nothing of this runs by itself",),
    )


def _at_terminal(frame: PlannedAction, command: str) -> PlannedAction:
    return replace(
        frame,
        executor=Executor.MANUAL,
        executed=frame.text,
        gate=GateKind.PERSON,
        slots=(),
        notes=(f"`{first_line(command)}` needs a terminal: run it in your own, then say what you saw",),
    )


def _effect_of(judgement: Judgement, commands: Sequence[CommandEffect]) -> Effect:
    """Return the action's effect: the highest of its commands, never below what was judged but for live counts."""
    corrected = highest(command.effect for command in commands)
    of_commands = highest(command.effect for command in judgement.commands)
    return corrected if judgement.effect is of_commands else highest((judgement.effect, corrected))


def _limits(action: Action, commands: Sequence[CommandEffect]) -> Limits:
    never_ends = any(Flag.NEVER_ENDS in command.flags for command in commands)
    bounds = action.bounds
    return Limits(
        timeout_s=bounds.timeout_s or (NEVER_ENDING_S if never_ends else TIMEOUT_S),
        output_bytes=bounds.output_bytes or OUTPUT_BYTES,
        never_ends=never_ends,
        retry_count=bounds.retry_count or 0,
        retry_delay_s=bounds.retry_delay_s or 0.0,
    )


def _connection_of(commands: Sequence[CommandEffect]) -> str | None:
    """Return the psql connection that a shell action used, as written."""
    for command in reversed(commands):
        for name, value in command.parameters:
            if name == "connection" and value:
                return value
    return None


def _title(step: Step, action: Action) -> str:
    """Return the action's own title; its first line where it has none that says more than the step's."""
    says_more = bool(action.title) and action.title.casefold() != step.title.casefold()
    return action.title if says_more else first_line(action.text)
