"""Judges one invocation: a function, a builtin, a tool with a table, a wrapper around another command."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from architect.commands.calls import INHERITED, Call, Certainty, Given, Stdin, StdinKind, Word
from architect.commands.known import WRITES
from architect.commands.languages import judge_call, judge_text
from architect.commands.masking import masked
from architect.commands.model import CommandEffect, Effect, Flag, Target, highest
from architect.commands.options import Carries, Parsed, parse
from architect.commands.state import MAX_DEPTH, ShellState
from architect.commands.tables import Inner, find
from architect.commands.weighing import Weighed, runs_stdin, weigh, weigh_redirection, works_in
from architect.commands.words import literal, opaque

_TOOL_FOLDERS = frozenset(
    ["/bin", "/usr/bin", "/usr/local/bin", "/sbin", "/usr/sbin", "/usr/local/sbin", "/snap/bin", "/opt/homebrew/bin"]
)


_HIDDEN_COMMAND = re.compile(r"\w\[.*(?:\$\(|`)", re.DOTALL)
_MAX_WORDS_LEFT_OUT = 12
_MAX_WORDS_BEFORE = 6
_ONLY_FILES = frozenset(("sed", "awk"))
"""Languages whose programs change nothing but the files they write."""
NOTHING = Stdin(kind=StdinKind.TEXT, text="")


class ShellJudge(Protocol):
    """Judges shell text; given by the walk, so that this module does not know trees."""

    def __call__(self, text: str, state: ShellState) -> list[CommandEffect]:
        """Return the commands of `text`, offsets in it."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Invocation:
    """A tool's name and its words, with where they stand in the judged text."""

    words: tuple[Word, ...]
    text: str
    start: int
    end: int
    stdin: Stdin = INHERITED

    @property
    def tool(self) -> str:
        """The tool's name without its folder; the path where it is no folder of tools."""
        name = self.words[0].value or ""
        folder, slash, base = name.rpartition("/")
        return base if slash and folder in _TOOL_FOLDERS else name

    @property
    def arguments(self) -> tuple[Word, ...]:
        """The words after the tool's name."""
        return self.words[1:]

    def about(self, effect: Effect, reason: str, *flags: Flag) -> CommandEffect:
        """Return this invocation as a command with that effect."""
        return CommandEffect(
            text=self.text,
            start=self.start,
            end=self.end,
            effect=effect,
            reason=reason,
            tool=self.tool,
            flags=frozenset(flags),
        )

    def inside(self, words: Sequence[Word], stdin: Stdin) -> Invocation:
        """Return the command that `words` of this invocation make."""
        start, end = words[0].start, max(word.end for word in words)
        offset = self.start
        is_slice = self.start <= start and end <= self.end
        text = self.text[start - offset : end - offset] if is_slice else " ".join(word.text for word in words)
        return Invocation(words=tuple(words), text=text, start=start, end=end, stdin=stdin)


def judge_tool(call: Invocation, state: ShellState, shell: ShellJudge) -> list[CommandEffect]:
    """Judge an invocation of a program by its table; without one it is unknown."""
    table = find(call.tool)
    if table is None:
        return [_without_table(call, state), *_perhaps_wrapped(call, state, shell)]
    parsed = parse(table, call.arguments)
    weighed = weigh(parsed, state, call.stdin)
    inner = [] if parsed.is_help else _carried(parsed, call, state, shell)
    here = works_in(parsed, state)
    own = [with_files(command, here) for command in _interpreted(parsed, weighed, call)]
    if weighed.target is not None and _is_elsewhere(parsed):
        inner = [_inside(command, weighed.target) for command in inner]
    if inner and highest(command.effect for command in inner) is Effect.UNKNOWN:
        own = [_at_least(command, parsed.node.effect, _first_reason(inner)) for command in own]
    doubt = state.doubt(call.tool, weighed.system) or _doubtful_assignments(parsed, state, weighed.system)
    if doubt:
        own = [_at_least(command, Effect.UNKNOWN, doubt) for command in own]
        inner = [_at_least(command, Effect.UNKNOWN, doubt) for command in inner]
    if inner and parsed.node.transparent and highest(command.effect for command in own) is Effect.READ:
        return [replace(command, flags=command.flags | weighed.flags) for command in inner]
    return own + inner


def _is_elsewhere(parsed: Parsed) -> bool:
    spec = parsed.node.stdin
    return any(carries.inner.elsewhere for carries in parsed.carries) or (spec is not None and spec.elsewhere)


def _inside(command: CommandEffect, place: Target) -> CommandEffect:
    """Return a command of a host with the place where it runs: another machine, a container."""
    if command.system not in ("", "host"):
        return command
    if command.target is None:
        return replace(command, target=place)
    return command if command.target.scope else replace(command, target=replace(command.target, scope=str(place)))


def _first_reason(commands: Sequence[CommandEffect]) -> str:
    return next(command.reason for command in commands if command.effect is Effect.UNKNOWN)


def _without_table(call: Invocation, state: ShellState) -> CommandEffect:
    path = call.words[0].value or ""
    declared = state.declared.get(path.removeprefix("./")) if "/" in path else None
    if declared is not None:
        doubt = state.doubt(call.tool, "")
        command = call.about(declared, "declared in trusted settings for exactly this file", Flag.OPAQUE)
        return _at_least(command, Effect.UNKNOWN, doubt) if doubt else command
    if "/" in path:
        return call.about(Effect.UNKNOWN, f"{path} is a program or script whose effect nobody declared", Flag.OPAQUE)
    return call.about(Effect.UNKNOWN, f"the tool {path or call.words[0].text!r} is not known", Flag.OPAQUE)


def _perhaps_wrapped(call: Invocation, state: ShellState, shell: ShellJudge) -> list[CommandEffect]:
    """Return what is worse than unknown in a command that an unknown tool may run."""
    for at, word in enumerate(call.arguments[:_MAX_WORDS_BEFORE]):
        if word.value is not None and find(word.value) is not None and state.depth <= MAX_DEPTH:
            scope = state.inner(elsewhere=False)
            return _worse(judge_words(call.inside(call.arguments[at:], call.stdin), scope, shell))
    return []


def _at_least(command: CommandEffect, effect: Effect, reason: str) -> CommandEffect:
    if command.effect.rank >= effect.rank:
        return command
    return replace(command, effect=effect, reason=reason)


def _doubtful_assignments(parsed: Parsed, state: ShellState, system: str) -> str:
    if not parsed.assignments:
        return ""
    scope = state.inner(elsewhere=False)
    for word in parsed.assignments:
        scope.assign(word.prefix.partition("=")[0], Certainty.OPAQUE)
    return scope.tainted or scope.doubt(parsed.table.tool, system)


def _interpreted(parsed: Parsed, weighed: Weighed, call: Invocation) -> list[CommandEffect]:
    """Return the command itself, as its table and, where it has one, its interpreter see it."""
    own = _own(parsed, weighed, call)
    interpreter = parsed.node.interpreter or parsed.table.interpreter
    if not interpreter or parsed.is_help:
        return [own]
    found = list(judge_call(interpreter, _as_call(parsed, call)))
    if highest(command.effect for command in found) is Effect.UNKNOWN:
        found += _worse_without_a_word(interpreter, parsed, call)
    return [_merged(own, command) for command in found]


def _worse_without_a_word(interpreter: str, parsed: Parsed, call: Invocation) -> list[CommandEffect]:
    """Return what is worse than unknown once a word is left out: a word too many makes nothing more harmless."""
    found: list[CommandEffect] = []
    words = call.arguments
    for at in range(min(len(words), _MAX_WORDS_LEFT_OUT)):
        shorter = replace(call, words=(call.words[0], *words[:at], *words[at + 1 :]))
        found += _worse(judge_call(interpreter, _as_call(parse(parsed.table, shorter.arguments), shorter)))
    return found[:1]


def _merged(own: CommandEffect, found: CommandEffect) -> CommandEffect:
    """Return what the interpreter found, never below what the table says."""
    is_raised = own.effect.rank > found.effect.rank
    return replace(
        found,
        tool=found.tool or own.tool,
        effect=own.effect if is_raised else found.effect,
        reason=own.reason if is_raised else found.reason,
        system=found.system or own.system,
        target=found.target or own.target,
        flags=found.flags | own.flags,
        dry_run=found.dry_run or own.dry_run,
        parameters=found.parameters + own.parameters,
    )


def _own(parsed: Parsed, weighed: Weighed, call: Invocation) -> CommandEffect:
    flags = set(weighed.flags)
    if call.stdin.kind is not StdinKind.INHERITED or parsed.carries:
        flags.discard(Flag.INTERACTIVE)
    dry_run = _dry_run(parsed, call) if weighed.effect is not Effect.READ else None
    if dry_run is not None:
        flags.add(Flag.HAS_DRY_RUN)
    return CommandEffect(
        text=call.text,
        start=call.start,
        end=call.end,
        effect=weighed.effect,
        reason=weighed.reason,
        tool=parsed.table.tool,
        system=weighed.system,
        target=weighed.target,
        flags=frozenset(flags),
        dry_run=dry_run,
        parameters=weighed.parameters,
    )


def _dry_run(parsed: Parsed, call: Invocation) -> str | None:
    """Return the command with the tool's own dry run, placed behind the subcommand."""
    option = parsed.node.dry_run
    if not option or parsed.problems:
        return None
    at = (parsed.path_end or call.words[0].end) - call.start
    if not 0 < at <= len(call.text):
        return None
    return f"{call.text[:at]} {option}{call.text[at:]}"


def _as_call(parsed: Parsed, call: Invocation) -> Call:
    return Call(
        tool=parsed.table.tool,
        path=tuple(parsed.path),
        options=tuple(Given(option=given.option.canonical, value=given.value) for given in parsed.options),
        positionals=tuple(word for _, word in parsed.positionals),
        words=call.arguments,
        stdin=call.stdin,
        text=call.text,
        start=call.start,
        end=call.end,
    )


def _carried(parsed: Parsed, call: Invocation, state: ShellState, shell: ShellJudge) -> list[CommandEffect]:
    """Return the commands inside this one: of options and positionals, and of standard input."""
    found: list[CommandEffect] = []
    state = works_in(parsed, state)
    for carries in parsed.carries:
        found += _inner(carries, parsed, call, state, shell)
    return found + _stdin_program(parsed, call, state, shell)


def _inner(
    carries: Carries, parsed: Parsed, call: Invocation, state: ShellState, shell: ShellJudge
) -> list[CommandEffect]:
    inner = carries.inner
    scope = state.inner(elsewhere=inner.elsewhere)
    for word in parsed.assignments:
        scope.assign(word.prefix.partition("=")[0], Certainty.OPAQUE)
    if inner.directory:
        scope.leave("")
    words = _with_outside_words(inner, parsed, carries.words, call.stdin)
    if not words:
        return []
    if inner.appends:
        scope.stdin = NOTHING
    elif call.stdin.kind is not StdinKind.INHERITED:
        scope.stdin = call.stdin
    if scope.depth > MAX_DEPTH:
        return [call.about(Effect.UNKNOWN, "commands are nested too deeply")]
    if inner.language == "command" and not inner.joins:
        return judge_words(call.inside(words, scope.stdin), scope, shell)
    return _inner_text(inner, words, call, scope, shell)


def _with_outside_words(inner: Inner, parsed: Parsed, words: Sequence[Word], stdin: Stdin) -> list[Word]:
    """Return the inner words, with marks replaced and appended words added."""
    secret = stdin.names_secret if inner.appends else ""
    marks = inner.marks
    for given in parsed.options:
        if not set(inner.marks_options).isdisjoint(given.option.names):
            marks = (given.value.value or "") if given.value is not None else "{}"
    if marks:
        return [_unmarked(word, marks, secret, is_path=inner.mark_is_path) for word in words]
    if inner.appends and words:
        return [*words, replace(opaque("…", words[-1].end, words[-1].end), shape=secret)]
    return list(words)


def _unmarked(word: Word, mark: str, secret: str, *, is_path: bool) -> Word:
    if mark not in word.shape:
        return word
    if word.value == mark:
        return replace(opaque(word.text, word.start, word.end, is_path=is_path), shape=secret)
    prefix = word.prefix.partition(mark)[0]
    certainty = Certainty.TOKEN if prefix else Certainty.OPAQUE
    return replace(word, value=None, prefix=prefix, shape=prefix, certainty=certainty)


def _inner_text(
    inner: Inner, words: Sequence[Word], call: Invocation, scope: ShellState, shell: ShellJudge
) -> list[CommandEffect]:
    if any(word.value is None for word in words):
        where = call.inside(words, Stdin())
        unknown = where.about(Effect.UNKNOWN, f"{where.text} is only known when it runs, and decides what happens")
        return [unknown, *_worse_inside(inner, words, scope, shell)]
    text = " ".join(word.value or "" for word in words)
    exact = _exact_offset(words, call)
    found = _judge_in(inner.language, text, scope, shell)
    return [with_files(_placed(command, exact, words[0].start, words[-1].end), scope) for command in found]


def _worse_inside(inner: Inner, words: Sequence[Word], scope: ShellState, shell: ShellJudge) -> list[CommandEffect]:
    """Return what is worse than unknown in a text of which only parts are known."""
    text = " ".join(word.value if word.value is not None else word.prefix + "$_" for word in words)
    worse = _worse(_judge_in(inner.language, text, scope, shell))
    return [_placed(command, None, words[0].start, words[-1].end) for command in worse]


def _worse(commands: Iterable[CommandEffect]) -> list[CommandEffect]:
    return [command for command in commands if command.effect.rank > Effect.UNKNOWN.rank]


def with_files(command: CommandEffect, state: ShellState) -> CommandEffect:
    """Return a command of another language with what the files that it writes come to here."""
    names = [value for name, value in command.parameters if name == WRITES]
    if not names:
        return command
    effect = Effect.READ if command.language in _ONLY_FILES else command.effect
    reason, flags = command.reason, command.flags
    for name in names:
        found, why, more = weigh_redirection(literal(name, 0, 0), state, appends=False)
        flags |= more
        if found.rank > effect.rank or effect is Effect.READ:
            effect, reason = found, why or reason
    parameters = tuple(pair for pair in command.parameters if pair[0] != WRITES)
    return replace(command, effect=effect, reason=reason, flags=flags, parameters=parameters)


def _judge_in(language: str, text: str, scope: ShellState, shell: ShellJudge) -> list[CommandEffect]:
    if language in ("shell", "command"):
        return shell(masked(text), scope)
    return list(judge_text(language, text))


def _exact_offset(words: Sequence[Word], call: Invocation) -> int | None:
    """Return where the inner text stands, when it stands there to the letter."""
    if len(words) != 1 or words[0].value is None:
        return None
    word, quote = words[0], 1 if words[0].text[:1] in "'\"" else 0
    is_same = word.text[quote : quote + len(word.value or "")] == word.value
    return word.start + quote if is_same and call.start <= word.start else None


def _placed(command: CommandEffect, exact: int | None, start: int, end: int) -> CommandEffect:
    if exact is not None:
        return replace(command, start=command.start + exact, end=command.end + exact)
    return replace(command, start=start, end=end)


def _stdin_program(parsed: Parsed, call: Invocation, state: ShellState, shell: ShellJudge) -> list[CommandEffect]:
    """Judge standard input where the tool reads its program from there."""
    spec = parsed.node.stdin
    if spec is None or call.stdin.kind is StdinKind.INHERITED:
        return []
    is_run = runs_stdin(parsed, call.stdin)
    if not is_run and not (parsed.problems or parsed.positionals):
        return []
    if is_run and call.stdin.text is None:
        reason = spec.reason or f"{parsed.table.tool} runs whatever it is fed"
        command = call.about(spec.effect, reason, *spec.flags)
        return [replace(command, system=parsed.node.system or parsed.table.system)]
    scope = state.inner(elsewhere=spec.elsewhere)
    if scope.depth > MAX_DEPTH:
        return [call.about(Effect.UNKNOWN, "commands are nested too deeply")]
    found = _judge_in(spec.language, call.stdin.text or "", scope, shell)
    counted = found if is_run else _doubtful(found, parsed)
    return [with_files(_placed(command, call.stdin.start, 0, 0), scope) for command in counted]


def _doubtful(found: list[CommandEffect], parsed: Parsed) -> list[CommandEffect]:
    """Return what counts of an input that is no program as far as the words tell: the worst, where they tell little."""
    runs_script = any(spec is not None and spec.file == "script" for spec, _ in parsed.positionals)
    is_vague = bool(parsed.problems) or runs_script or bool(parsed.table.interpreter)
    return _worse(found) if is_vague else []


def judge_words(call: Invocation, state: ShellState, shell: ShellJudge) -> list[CommandEffect]:
    """Judge an invocation of whatever its first word names."""
    from architect.commands.builtins import BUILTINS  # builtins run commands, and so need this module

    first = call.words[0]
    if first.value is None or first.variables or first.is_glob:
        return _unnamed(call, state, shell)
    if first.value in state.functions:
        return _called(call, state, shell)
    builtin = BUILTINS.get(first.value)
    if builtin is not None or first.value in ("test", "["):
        found = builtin(call, state, shell) if builtin is not None else judge_tool(call, state, shell)
        if any(_HIDDEN_COMMAND.search(word.value or "") for word in call.arguments):
            found.append(call.about(Effect.UNKNOWN, "a command hides in the index of a name"))
        doubt = state.doubt(first.value, "")
        return [_at_least(command, Effect.UNKNOWN, doubt) for command in found] if doubt else found
    return judge_tool(call, state, shell)


def _unnamed(call: Invocation, state: ShellState, shell: ShellJudge) -> list[CommandEffect]:
    """Judge a command whose name is a variable: unknown, or worse where the value is known to be worse."""
    first = call.words[0]
    unknown = call.about(Effect.UNKNOWN, f"what {first.text} runs is only known when it runs", Flag.OPAQUE)
    if first.value is None:
        return [unknown]
    named = replace(call, words=(replace(first, variables=(), is_glob=False), *call.arguments))
    return [unknown, *judge_words(named, state, shell)]


def _called(call: Invocation, state: ShellState, shell: ShellJudge) -> list[CommandEffect]:
    """Judge the call of a function by its body; one that hides a tool is never less than the tool, nor than unknown."""
    name = call.tool
    body = state.functions[name]
    if body is None or name in state.called or len(state.called) > MAX_DEPTH:
        found = [call.about(Effect.UNKNOWN, f"{name} is a function defined before, whose text is not at hand")]
        found += _perhaps_wrapped(call, state, shell)
    else:
        scope = state.inner(elsewhere=False)
        scope.called = (*state.called, name)
        scope.stdin = call.stdin
        inside = shell(body, scope)
        state.absorb(scope)
        effect = highest(command.effect for command in inside)
        reason = next((command.reason for command in inside if command.effect is effect), "does nothing")
        found = [call.about(effect, f"the function {name}: {reason}")]
    return found + _hidden(call, state, shell)


def _hidden(call: Invocation, state: ShellState, shell: ShellJudge) -> list[CommandEffect]:
    from architect.commands.builtins import BUILTINS

    builtin = BUILTINS.get(call.tool)
    if builtin is None and find(call.tool) is None:
        return []
    hidden = judge_tool(call, state, shell) if builtin is None else builtin(call, state, shell)
    return [_at_least(command, Effect.UNKNOWN, f"a function hides the tool {call.tool}") for command in hidden]


def top(commands: Iterable[CommandEffect]) -> CommandEffect | None:
    """Return the first command with the highest effect."""
    return max(commands, key=lambda command: command.effect.rank, default=None)
