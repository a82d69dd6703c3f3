"""What a shell carries from action to action: read from what the shell itself printed, written back as shell text.

Pure: text in, text out. bash quotes what `declare -p`, `declare -f`, `alias -p`, `shopt -p` and `set +o` print, so that
its own text restores exactly the same values and nothing in it is ever evaluated.
"""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

SECRET_NAME = re.compile(r"(?:TOKEN|SECRET|PASSWORD|PASSWD|KEY)$", re.IGNORECASE)
"""Names of variables whose values are secrets from the moment they are set."""

_ENGINE_PREFIX = "__architect_"
_OWN_TO_EACH_SHELL = re.compile(
    r"BASH.*|COMP_.*|EPOCH.*|HIST.*|SHELLOPTS|EUID|UID|PPID|GROUPS|DIRSTACK|FUNCNAME|LINENO|PIPESTATUS|RANDOM|SRANDOM"
    r"|SECONDS|HOSTTYPE|MACHTYPE|OSTYPE|OPTERR|OPTIND|PS4|SHLVL|PWD|COLUMNS|LINES|_|ARCHITECT_STEP|"
    + _ENGINE_PREFIX
    + ".*"
)
_DECLARATION = re.compile(
    r"declare -(?P<flags>[A-Za-z-]+) (?P<name>[A-Za-z_][A-Za-z0-9_]*)(?:=(?P<value>.*))?\Z", re.DOTALL
)
_DOUBLE_QUOTED_ESCAPE = re.compile(r'\\([\\"$`])')
PARTS = 6
"""Variables, functions, exported functions, shell options, set options, aliases; then the directory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Declaration:
    """One variable as `declare -p` printed it; `value` is None for arrays and for names without a value."""

    name: str
    flags: str
    line: str
    value: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ShellState:
    """What one action left behind: text that restores it, the directory, and the secrets among the variables."""

    restore: str
    directory: str
    secrets: tuple[str, ...]


def dump_commands(target: int) -> str:
    """Return shell text, without subshells, that reports statuses and state to a descriptor."""
    statuses = '"${__architect_status-$__architect_code}" "${__architect_pipe-}"'
    printers = ("declare -p", "declare -f", "declare -F", "shopt -p", "set +o", "alias -p")
    printed = "; ".join(f"builtin {printer}; builtin printf '\\0'" for printer in printers)
    report = f"builtin printf '%s\\0%s\\0' {statuses}; {printed}; builtin printf '%s\\0' \"$PWD\""
    return f"{{ {report}; }} >&{target} 2>/dev/null"


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What the script said at its end; `state` is None when it was cut before it had said it all."""

    status: int
    pipe: tuple[int, ...]
    state: ShellState | None


def read_report(dump: str, *, given: Mapping[str, str]) -> Report | None:
    """Return what a script reported; None when it ended before it could."""
    parts = dump.split("\0")
    if len(parts) < 3 or not parts[0].isdecimal():
        return None
    pipe = tuple(int(number) for number in re.findall(r"[0-9]+", parts[1]))
    return Report(status=int(parts[0]), pipe=pipe, state=_state(parts[2:], given))


def _state(parts: Sequence[str], given: Mapping[str, str]) -> ShellState | None:
    """Return the carried state.

    Variables that still have the value that they were `given` are left out: they are given again, secrets from their
    references.
    """
    if len(parts) != PARTS + 2:
        return None
    variables, functions, exported, shopts, options, aliases, directory, _ = parts
    kept = [found for found in declarations(variables) if not _is_given(found, given)]
    restore = "\n".join(
        (
            *(found.line for found in kept),
            functions,
            *(line for line in exported.splitlines() if line.startswith("declare -fx ")),
            aliases,
            f"builtin cd -- {shlex.quote(directory)}",
            shopts,
            options.replace("set -o functrace\n", ""),
        )
    )
    secrets = tuple(found.value for found in kept if found.value and SECRET_NAME.search(found.name))
    return ShellState(restore=restore + "\n", directory=directory, secrets=secrets)


def declarations(text: str) -> Iterator[Declaration]:
    """Yield what `declare -p` printed, without what each shell has of its own."""
    for line in re.split(r"\n(?=declare -)", text.rstrip("\n")):
        match = _DECLARATION.match(line)
        if match is None or _OWN_TO_EACH_SHELL.fullmatch(match["name"]):
            continue
        yield Declaration(name=match["name"], flags=match["flags"], line=line, value=_value(match["value"]))


def _is_given(found: Declaration, given: Mapping[str, str]) -> bool:
    return found.value is not None and found.flags == "x" and given.get(found.name) == found.value


def _value(text: str | None) -> str | None:
    if text is None or text.startswith("("):
        return None
    if text.startswith("$'"):
        return _ansi_c(text[2:-1])
    return _DOUBLE_QUOTED_ESCAPE.sub(r"\1", text[1:-1])


def _ansi_c(text: str) -> str:
    """Return what stands between `$'` and `'`: bash prints the escapes that Python has, and `\\E`."""
    literal = "'" + text.replace(r"\E", r"\x1b") + "'"
    raw: bytes = (
        ast.literal_eval("b" + literal) if literal.isascii() else literal[1:-1].encode(errors="surrogateescape")
    )
    return raw.decode(errors="surrogateescape")
