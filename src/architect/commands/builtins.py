"""The shell's own commands: those that change what later commands mean, and those that run others."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TypeAlias

from architect.commands.arithmetic import can_run_commands
from architect.commands.calls import Certainty, Word
from architect.commands.environment import is_secret_name, is_sensitive
from architect.commands.invocations import Invocation, ShellJudge, judge_tool, judge_words
from architect.commands.model import CommandEffect, Effect, Flag
from architect.commands.paths import plain_path
from architect.commands.state import MAX_DEPTH, ShellState

Builtin: TypeAlias = Callable[[Invocation, ShellState, ShellJudge], list[CommandEffect]]

_NAME = re.compile(r"[A-Za-z_]\w*")
_CALLBACK = re.compile(r"-[A-Za-z]*[cC]")
_LIVE = re.compile(r"[$`]|[<>]\(")
_HARMLESS_SET = re.compile(r"[-+](?:[abefhmnuvxBCEHPT]+|[abefhmnuvxBCEHPT]*o)")
_HARMLESS_SHOPT = frozenset(
    (
        "autocd",
        "cdspell",
        "checkwinsize",
        "cmdhist",
        "dotglob",
        "failglob",
        "globstar",
        "histappend",
        "inherit_errexit",
        "lastpipe",
        "lithist",
        "nocaseglob",
        "nocasematch",
        "nullglob",
        "xpg_echo",
        "huponexit",
    )
)
_HARMLESS_OPTIONS = frozenset(
    (
        "allexport",
        "errexit",
        "errtrace",
        "functrace",
        "hashall",
        "ignoreeof",
        "monitor",
        "noclobber",
        "noexec",
        "noglob",
        "nounset",
        "pipefail",
        "physical",
        "posix",
        "verbose",
        "xtrace",
        "vi",
        "emacs",
        "history",
        "histexpand",
        "nolog",
        "notify",
        "interactive-comments",
        "braceexpand",
    )
)
_READ_ONLY = frozenset(
    (
        ":",
        "true",
        "false",
        "type",
        "exit",
        "return",
        "break",
        "continue",
        "shift",
        "times",
        "dirs",
        "logout",
        "disown",
        "bg",
        "fg",
        "caller",
        "help",
        "umask",
        "ulimit",
    )
)


def _read_only(call: Invocation, state: ShellState, shell: ShellJudge) -> list[CommandEffect]:
    del state, shell
    return [call.about(Effect.READ, f"{call.tool} changes nothing outside of the shell")]


def _change_directory(call: Invocation, state: ShellState, shell: ShellJudge) -> list[CommandEffect]:
    del shell
    places = [word for word in call.arguments if word.prefix[:1] != "-" or word.value == "-"]
    if not places or any(plain_path(word) is None for word in places):
        state.leave(_folder(places, state))
    elif state.folder:
        state.leave(f"{state.folder}/{places[0].value}" if places[0].value else "")
    return [call.about(Effect.READ, "changes the working directory")]


def _folder(places: list[Word], state: ShellState) -> str:
    """Return the folder that `cd` goes to, empty where text cannot tell."""
    if not places:
        return "~"
    path = places[0].value or ""
    if path[:1] in ("/", "~"):
        return path
    return f"{state.folder}/{path}" if state.folder and path not in ("", "-") else ""


def _set(call: Invocation, state: ShellState, shell: ShellJudge) -> list[CommandEffect]:
    del shell
    words = [word.value for word in call.arguments]
    if not words:
        return [call.about(Effect.EXPOSES, "prints every variable, secrets too", Flag.READS_SECRET)]
    for word in words:
        if word in ("--", "-") or (word is not None and not word.startswith(("-", "+")) and not _is_option_name(word)):
            break
        if word is None or not (_HARMLESS_SET.fullmatch(word) or word in _HARMLESS_OPTIONS):
            state.taint(f"{call.text} changed how the shell reads commands")
            return [call.about(Effect.UNKNOWN, f"what {call.text} changes is not known")]
    return [call.about(Effect.READ, "sets options of the shell")]


def _is_option_name(word: str) -> bool:
    return word in _HARMLESS_OPTIONS or word in ("keyword", "privileged", "onecmd")


def _shopt(call: Invocation, state: ShellState, shell: ShellJudge) -> list[CommandEffect]:
    del shell
    names = [word.value for word in call.arguments if word.prefix[:1] != "-"]
    if all(name in _HARMLESS_SHOPT or name in _HARMLESS_OPTIONS for name in names):
        return [call.about(Effect.READ, "sets options of the shell")]
    state.taint(f"{call.text} changed how the shell reads commands")
    return [call.about(Effect.UNKNOWN, f"{call.text} changes how the shell reads commands")]


def _alias(call: Invocation, state: ShellState, shell: ShellJudge) -> list[CommandEffect]:
    del shell
    for word in call.arguments:
        name, sign, _ = word.prefix.partition("=")
        if sign:
            state.aliases.add(name)
        elif word.value is None:
            state.taint(f"{call.text} made an alias")
    return [call.about(Effect.READ, "sets or prints aliases")]


def _source(call: Invocation, state: ShellState, shell: ShellJudge) -> list[CommandEffect]:
    del shell
    state.taint(f"{call.text} ran before")
    return [call.about(Effect.UNKNOWN, "runs a file in this shell", Flag.OPAQUE)]


def _eval(call: Invocation, state: ShellState, shell: ShellJudge) -> list[CommandEffect]:
    found = [call.about(Effect.UNKNOWN, "eval runs text made at run time", Flag.OPAQUE)]
    if call.arguments and all(word.value is not None for word in call.arguments):
        scope = state.inner(elsewhere=False)
        scope.stdin = call.stdin
        found += shell(" ".join(word.value or "" for word in call.arguments), scope) if scope.depth <= MAX_DEPTH else []
    state.taint("eval ran before")
    return found


def _exec(call: Invocation, state: ShellState, shell: ShellJudge) -> list[CommandEffect]:
    if not call.arguments:
        state.stdin = call.stdin
        return [call.about(Effect.READ, "redirects what follows")]
    return _rest(call, call.arguments, state, shell)


def _rest(call: Invocation, words: tuple[Word, ...], state: ShellState, shell: ShellJudge) -> list[CommandEffect]:
    if words and words[0].value == "--":
        words = words[1:]
    if not words:
        return [call.about(Effect.READ, f"{call.tool} without a command does nothing")]
    if words[0].prefix.startswith("-"):
        return [call.about(Effect.UNKNOWN, f"the option {words[0].text} of {call.tool} is not known")]
    if state.depth > MAX_DEPTH:
        return [call.about(Effect.UNKNOWN, "commands are nested too deeply")]
    state.depth += 1
    try:
        return judge_words(call.inside(words, call.stdin), state, shell)
    finally:
        state.depth -= 1


def _command(call: Invocation, state: ShellState, shell: ShellJudge) -> list[CommandEffect]:
    words = call.arguments
    if words and words[0].value in ("-v", "-V", "-pv", "-pV"):
        return [call.about(Effect.READ, "says what a name means")]
    if words and words[0].value == "-p":
        words = words[1:]
    return _rest(call, words, state, shell)


def _simple_wrapper(call: Invocation, state: ShellState, shell: ShellJudge) -> list[CommandEffect]:
    return _rest(call, call.arguments, state, shell)


def _time(call: Invocation, state: ShellState, shell: ShellJudge) -> list[CommandEffect]:
    words = call.arguments
    return _rest(call, words[1:] if words and words[0].value == "-p" else words, state, shell)


def _trap(call: Invocation, state: ShellState, shell: ShellJudge) -> list[CommandEffect]:
    words = call.arguments
    if words and words[0].value == "--":
        words = words[1:]
    if len(words) < 2 or words[0].value in ("", "-", "-p", "-l"):
        return [call.about(Effect.READ, "prints or removes handlers")]
    text = words[0].value
    if text is None:
        return [call.about(Effect.UNKNOWN, "the handler is only known when it runs")]
    scope = state.inner(elsewhere=False)
    inside = shell(text, scope) if scope.depth <= MAX_DEPTH else []
    state.absorb(scope)
    return [call.about(Effect.READ, "sets a handler"), *inside]


def _untrusted(call: Invocation, state: ShellState, shell: ShellJudge) -> list[CommandEffect]:
    del shell
    state.taint(f"{call.text} ran before")
    return [call.about(Effect.UNKNOWN, f"{call.tool} changes what later commands mean")]


def _assigning(call: Invocation, state: ShellState, shell: ShellJudge) -> list[CommandEffect]:
    """Judge `read`, `mapfile`, `getopts`: every name they may fill is unknown from here on."""
    del shell
    for word in call.arguments:
        if word.value is None or (call.tool in ("mapfile", "readarray") and _CALLBACK.match(word.value)):
            state.taint(f"{call.text} filled a variable that the text does not tell")
            return [call.about(Effect.UNKNOWN, f"what {call.text} sets or runs is not known")]
        if _NAME.fullmatch(word.value):
            state.assign(word.value, Certainty.OPAQUE)
    state.assign("REPLY" if call.tool == "read" else "MAPFILE", Certainty.OPAQUE)
    return [call.about(Effect.READ, "fills variables from its input")]


def _printf(call: Invocation, state: ShellState, shell: ShellJudge) -> list[CommandEffect]:
    words = call.arguments
    if not words or not words[0].prefix.startswith("-v"):
        return judge_tool(call, state, shell)
    name = words[1].value if len(words) > 1 else None
    if name is None or not _NAME.fullmatch(name):
        state.taint(f"{call.text} set a variable that the text does not tell")
    else:
        state.assign(name, Certainty.OPAQUE)
    return [call.about(Effect.READ, "fills a variable")]


def _let(call: Invocation, state: ShellState, shell: ShellJudge) -> list[CommandEffect]:
    del shell
    texts = [word.value for word in call.arguments]
    is_told = not any(text is None or "[" in text or can_run_commands(text, state) for text in texts)
    for word in call.arguments:
        for name in _NAME.findall(word.prefix):
            state.assign(name, Certainty.OPAQUE)
    if not is_told:
        return [call.about(Effect.UNKNOWN, "arithmetic over text that is only known when it runs can run commands")]
    return [call.about(Effect.READ, "calculates")]


def _unset(call: Invocation, state: ShellState, shell: ShellJudge) -> list[CommandEffect]:
    del shell
    for word in call.arguments:
        if word.value is None:
            state.taint(f"{call.text} removed a variable that the text does not tell")
        elif not word.value.startswith("-"):
            state.assign(word.value, Certainty.OPAQUE)
    return [call.about(Effect.READ, "removes variables of the shell")]


def _declare(call: Invocation, state: ShellState, shell: ShellJudge) -> list[CommandEffect]:
    """Judge `export`, `declare`, `local`, `readonly`, `typeset`: assignments, or a listing of values."""
    del shell
    options = [word for word in call.arguments if word.prefix[:1] in ("-", "+")]
    names = [word for word in call.arguments if word not in options]
    letters = "".join(word.prefix[1:] for word in options)
    if "A" in letters:
        state.maps.update(word.prefix.partition("=")[0] for word in names)
    if call.tool == "local" and not names:
        return [call.about(Effect.READ, "prints local variables")]
    if "p" in letters or not names:
        return [_listing(call, names, letters)]
    doubt = _why_doubtful(names, letters, state)
    for word in names:
        name, sign, value = word.prefix.partition("=")
        if not _NAME.fullmatch(name.rstrip("+")) or "n" in letters:
            state.taint(f"{call.text} set a variable that the text does not tell")
        elif sign:
            is_known = word.value is not None and not name.endswith("+") and "i" not in letters
            state.assign(name.rstrip("+"), value if is_known else word.certainty)
        elif is_sensitive(name) and name in state.variables:
            state.assign(name, Certainty.OPAQUE)
    if doubt:
        return [call.about(Effect.UNKNOWN, doubt)]
    return [call.about(Effect.READ, "sets variables of the shell")]


def _why_doubtful(names: list[Word], letters: str, state: ShellState) -> str:
    """Return why the values of a declaration may run commands: calculated, or expanded a second time as an array."""
    is_calculated = "i" in letters
    for word in names:
        name, _, value = word.prefix.partition("=")
        if is_calculated:
            state.integers.add(name)
        if (is_calculated or name in state.integers) and (word.value is None or can_run_commands(value, state)):
            return "calculates with text that is only known when it runs, which can run commands"
        if value.startswith("(") and (word.value is None or _LIVE.search(value)):
            return "expands the elements of an array that a text holds, which can run commands"
    return ""


def _listing(call: Invocation, names: list[Word], letters: str) -> CommandEffect:
    if "f" in letters or "F" in letters:
        return call.about(Effect.READ, "prints functions")
    if names and not any(word.value is None or is_secret_name(word.value) for word in names):
        return call.about(Effect.READ, "prints variables")
    return call.about(Effect.EXPOSES, "prints variables, secrets too", Flag.READS_SECRET)


def _history(call: Invocation, state: ShellState, shell: ShellJudge) -> list[CommandEffect]:
    del state, shell
    if any(word.prefix[:1] == "-" for word in call.arguments):
        return [call.about(Effect.UNKNOWN, "changes or runs the history")]
    return [call.about(Effect.EXPOSES, "prints what was typed before, secrets too", Flag.READS_SECRET)]


def _jobs(call: Invocation, state: ShellState, shell: ShellJudge) -> list[CommandEffect]:
    words = call.arguments
    if words and words[0].value == "-x":
        return _rest(call, words[1:], state, shell)
    return _read_only(call, state, shell)


def _wait(call: Invocation, state: ShellState, shell: ShellJudge) -> list[CommandEffect]:
    for word in call.arguments:
        if word.value is not None and _NAME.fullmatch(word.value):
            state.assign(word.value, Certainty.PLAIN)
    return _read_only(call, state, shell)


BUILTINS: Mapping[str, Builtin] = {
    **dict.fromkeys(_READ_ONLY, _read_only),
    **dict.fromkeys(("cd", "pushd", "popd"), _change_directory),
    **dict.fromkeys(("source", "."), _source),
    **dict.fromkeys(("read", "mapfile", "readarray", "getopts"), _assigning),
    **dict.fromkeys(("export", "declare", "typeset", "local", "readonly"), _declare),
    **dict.fromkeys(("enable", "hash"), _untrusted),
    **dict.fromkeys(("builtin", "coproc", "!"), _simple_wrapper),
    "jobs": _jobs,
    "wait": _wait,
    "set": _set,
    "shopt": _shopt,
    "alias": _alias,
    "unalias": _read_only,
    "eval": _eval,
    "exec": _exec,
    "command": _command,
    "trap": _trap,
    "let": _let,
    "printf": _printf,
    "time": _time,
    "unset": _unset,
    "history": _history,
}
