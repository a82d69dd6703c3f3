"""Where in a command a word stands: what the tool will take it for.

Decides whether a value may go there at all. This is about where *text of another language* and *choices* lie in a
command line, not about effects, which `commands` judges.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import PurePosixPath

from architect.commands import tables


class Role(StrEnum):
    """What a word is to its tool."""

    ARGUMENT = "argument"
    OPTION_VALUE = "option-value"
    TOOL = "tool"
    SUBCOMMAND = "subcommand"
    PROGRAM = "program"
    SQL = "sql"
    ADDRESS = "address"
    FORM = "form"
    ENCODED_FORM = "encoded-form"
    HEADER = "header"


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """The role of one word. `language` names what parses a PROGRAM; `forbidden` beginnings are read as no value."""

    role: Role
    tool: str = ""
    language: str = ""
    forbidden: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Interpreter:
    """Where a tool expects text of another language.

    `options` take it as their value; `first` says that the first positional is it (unless an option gave it);
    `rest_after` says that everything after that many positionals is; `script` that the first positional is a file that
    will be executed. `valued` are other options that take a value.
    """

    language: str
    options: frozenset[str] = frozenset()
    first: bool = False
    rest_after: int | None = None
    script: bool = False
    valued: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wrapper:
    """A tool that runs the command in its arguments: options with a value, and positionals of its own before it."""

    valued: frozenset[str] = frozenset()
    positionals: int = 0


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_SHELL = _Interpreter(language="shell", options=_words("-c"), script=True, valued=_words("-o -O --rcfile --init-file"))
_PYTHON = _Interpreter(language="python", options=_words("-c -m"), script=True, valued=_words("-W -X"))
_AWK = _Interpreter(
    language="awk", first=True, options=_words("-e --source -v --assign -f --file"), valued=_words("-F")
)

_INTERPRETERS = {
    **dict.fromkeys(("sh", "bash", "dash", "zsh", "ksh", "ash", "fish"), _SHELL),
    **dict.fromkeys(("python", "python3", "python2"), _PYTHON),
    **dict.fromkeys(("awk", "gawk", "mawk", "nawk"), _AWK),
    **dict.fromkeys(
        ("perl", "ruby", "php", "node"),
        _Interpreter(language="a program", options=_words("-e -E -r --eval -p --print"), script=True),
    ),
    "sed": _Interpreter(language="sed", first=True, options=_words("-e --expression -f --file")),
    "jq": _Interpreter(language="jq", first=True, options=_words("-f --from-file -L")),
    "yq": _Interpreter(language="yq", first=True, options=_words("--from-file")),
    "ssh": _Interpreter(
        language="the remote shell",
        rest_after=1,
        options=_words("-o -F -J -w -W -E -S"),
        valued=_words("-b -c -D -e -i -I -l -L -m -p -Q -R -B"),
    ),
    "watch": _Interpreter(language="shell", rest_after=0, valued=_words("-n --interval")),
    "su": _Interpreter(language="shell", options=_words("-c --command"), valued=_words("-s -g")),
    "eval": _Interpreter(language="shell", rest_after=0),
    "trap": _Interpreter(language="shell", first=True),
    "let": _Interpreter(language="arithmetic", rest_after=0),
    "bc": _Interpreter(language="bc", rest_after=0),
    "printf": _Interpreter(language="a printf format", first=True, options=_words("-v")),
    "source": _Interpreter(language="shell", script=True),
    ".": _Interpreter(language="shell", script=True),
    "mysql": _Interpreter(language="SQL", options=_words("-e --execute --init-command")),
    "mariadb": _Interpreter(language="SQL", options=_words("-e --execute --init-command")),
    "sqlite3": _Interpreter(language="SQL", rest_after=1, options=_words("-cmd")),
    "cqlsh": _Interpreter(language="CQL", options=_words("-e --execute")),
    "clickhouse-client": _Interpreter(language="SQL", options=_words("-q --query")),
    "mongosh": _Interpreter(language="JavaScript", options=_words("--eval")),
    "mongo": _Interpreter(language="JavaScript", options=_words("--eval")),
    "promtool": _Interpreter(language="PromQL", rest_after=0),
    "rsync": _Interpreter(language="shell", options=_words("-e --rsh --rsync-path")),
    "scp": _Interpreter(language="ssh options", options=_words("-o -F -S -J")),
    "tar": _Interpreter(language="shell", options=_words("-I --use-compress-program --to-command --checkpoint-action")),
    "sort": _Interpreter(language="shell", options=_words("--compress-program")),
    "git": _Interpreter(language="git settings", options=_words("-c --exec --upload-pack --receive-pack --config-env")),
    "go": _Interpreter(language="go flags", options=_words("-exec -toolexec")),
}

_WRAPPERS = {
    "sudo": _Wrapper(valued=_words("-u -g -h -p -C -D -R -T --user --group --host --prompt --chdir")),
    "doas": _Wrapper(valued=_words("-u -C")),
    "env": _Wrapper(valued=_words("-u --unset -C --chdir -S --split-string")),
    "timeout": _Wrapper(valued=_words("-s --signal -k --kill-after"), positionals=1),
    "nice": _Wrapper(valued=_words("-n --adjustment")),
    "ionice": _Wrapper(valued=_words("-c -n -p")),
    "stdbuf": _Wrapper(valued=_words("-i -o -e")),
    "xargs": _Wrapper(valued=_words("-a -d -E -I -L -n -P -s --arg-file --delimiter --max-args --max-procs --replace")),
    **dict.fromkeys(("nohup", "time", "command", "exec", "setsid", "builtin"), _Wrapper()),
}

_CONTAINER_TOOLS = frozenset(("kubectl", "oc", "docker", "podman", "nerdctl", "crictl"))
_CONTAINER_VALUED = _words(
    "-n --namespace -c --container --context --cluster --user -e --env -u -w --workdir --env-file --detach-keys"
)
_ENTERING = frozenset(("exec", "run", "rsh", "debug"))
_FETCHERS = frozenset(("curl", "wget", "http", "https", "xh"))
_FORM_OPTIONS = _words("-d --data --data-raw --data-ascii --data-binary --json --post-data --body-data")
_HEADER_OPTIONS = _words("-H --header -A --user-agent -e --referer -b --cookie")
_DECIDING_FETCH_OPTIONS = _words(
    "-X --request --method -K --config -x --proxy --preproxy --resolve --connect-to --unix-socket "
    "-F --form -E --cert --key"
)
_FORBIDDEN = {"curl": ("@", "<"), "aws": ("file://", "fileb://"), "git": ("ext::", "fd::"), "http": ("@",)}
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=")


def position(words: Sequence[str], index: int) -> Position:
    """Return the position of `words[index]` in a command whose words are given without their quotes.

    A word whose value is not known holds any word in its place; only where it stands is looked at.
    """
    tool = PurePosixPath(words[0]).name if words else ""
    if index == 0:
        return Position(role=Role.TOOL, tool=tool)
    if tool in _WRAPPERS:
        return _inside_wrapper(tool, words, index)
    if (start := _entered(tool, words)) is not None and index >= start:
        return position(words[start:], index - start)
    if tool == "psql":
        return _psql(words, index)
    if tool in _FETCHERS:
        return _fetcher(tool, words, index)
    if tool in ("redis-cli", "valkey-cli") and words[index - 1].lower() in ("eval", "eval_ro", "load"):
        return Position(role=Role.PROGRAM, tool=tool, language="Lua")
    if tool in _INTERPRETERS and (found := _interpreted(tool, words, index)) is not None:
        return found
    return _argument(tool, words, index)


def _inside_wrapper(tool: str, words: Sequence[str], index: int) -> Position:
    wrapper = _WRAPPERS[tool]
    start, positionals = 1, wrapper.positionals
    while start < len(words):
        word = words[start]
        if word in wrapper.valued:
            start += 2
        elif word.startswith("-") or (tool in ("env", "sudo") and _ASSIGNMENT.match(word)):
            start += 1
        elif positionals:
            positionals -= 1
            start += 1
        else:
            break
    if index >= start:
        return position(words[start:], index - start)
    if words[index - 1] in ("-S", "--split-string"):
        return Position(role=Role.PROGRAM, tool=tool, language="shell")
    return Position(role=Role.OPTION_VALUE if words[index - 1] in wrapper.valued else Role.ARGUMENT, tool=tool)


def _entered(tool: str, words: Sequence[str]) -> int | None:
    """Return where the command begins that a container tool runs inside."""
    if tool not in _CONTAINER_TOOLS or not _ENTERING.intersection(words):
        return None
    if "--" in words:
        return words.index("--") + 1
    if tool in ("kubectl", "oc"):
        return None
    at = min(words.index(verb) for verb in _ENTERING if verb in words) + 1
    while at < len(words) and words[at].startswith("-"):
        at += 2 if words[at] in _CONTAINER_VALUED else 1
    return at + 1


def _psql(words: Sequence[str], index: int) -> Position:
    word = words[index]
    if _is_value_of(words, index, ("-c", "--command")) or word.startswith(("-c", "--command=")):
        return Position(role=Role.SQL, tool="psql")
    return _argument("psql", words, index)


def _fetcher(tool: str, words: Sequence[str], index: int) -> Position:
    forbidden = _FORBIDDEN.get(tool, ())
    option = _option_of(tool, words, index)
    if option in _DECIDING_FETCH_OPTIONS:
        return Position(role=Role.PROGRAM, tool=tool, language=f"{tool} {option}")
    if option in _FORM_OPTIONS:
        return Position(role=Role.FORM, tool=tool, forbidden=forbidden)
    if option in _HEADER_OPTIONS:
        return Position(role=Role.HEADER, tool=tool, forbidden=forbidden)
    if option in ("--data-urlencode", "--url-query"):
        return Position(role=Role.ENCODED_FORM, tool=tool, forbidden=forbidden)
    if option == "--url" or "://" in words[index] or (not option and not words[index].startswith("-")):
        return Position(role=Role.ADDRESS, tool=tool)
    return Position(role=Role.OPTION_VALUE if option else Role.ARGUMENT, tool=tool, forbidden=forbidden)


def _option_of(tool: str, words: Sequence[str], index: int) -> str:
    """Return the option whose value the word is or holds; empty where it is a positional."""
    word, before = words[index], words[index - 1]
    if word.startswith("--") and "=" in word:
        return word.partition("=")[0]
    if word.startswith("-") and not word.startswith("--") and len(word) > 2:
        return word[:2]
    if not before.startswith("-") or "=" in before or _is_flag(tool, before):
        return ""
    return before if before.startswith("--") else f"-{before[-1]}"


def _is_flag(tool: str, option: str) -> bool:
    """Say whether an option, or each of a cluster of short ones, takes no value, as the tool's table says."""
    flags = _flags(tool)
    if option.startswith("--"):
        return option in flags
    return all(f"-{letter}" in flags for letter in option[1:])


@cache
def _flags(tool: str) -> frozenset[str]:
    table = tables.find(tool)
    return frozenset(name for name, option in table.options.items() if option.takes == "flag") if table else frozenset()


def _interpreted(tool: str, words: Sequence[str], index: int) -> Position | None:
    """Return the role of a word that the tool parses or executes; None for a plain argument."""
    rule = _INTERPRETERS[tool]
    program = Position(role=Role.PROGRAM, tool=tool, language=rule.language)
    if _is_value_of(words, index, tuple(rule.options)) or _holds_program(rule, words[index]):
        return program
    if words[index].startswith("-") or _is_value_of(words, index, tuple(rule.valued)):
        return None
    place = _positional_number(rule, words, index)
    given_by_option = any(_opens_program(rule, word) for word in words[1:])
    if rule.rest_after is not None and place >= rule.rest_after:
        return program
    if rule.first and place == 0 and not given_by_option:
        return program
    if rule.script and place == 0 and not given_by_option:
        return Position(role=Role.TOOL, tool=tool)
    return None


def _is_value_of(words: Sequence[str], index: int, options: tuple[str, ...]) -> bool:
    """Say whether the word before is one of `options`, alone or as the end of a cluster (`-lc`)."""
    before = words[index - 1]
    if before in options:
        return index > 1 or before != words[0]
    cluster = re.fullmatch(r"-[A-Za-z]*([A-Za-z])", before)
    return cluster is not None and f"-{cluster[1]}" in options


def _holds_program(rule: _Interpreter, word: str) -> bool:
    if word.startswith("--"):
        return word.partition("=")[0] in rule.options
    return any(len(option) == 2 and word.startswith(option) and len(word) > 2 for option in rule.options)


def _opens_program(rule: _Interpreter, word: str) -> bool:
    return word in rule.options or _holds_program(rule, word) or _is_value_of(("", word, ""), 2, tuple(rule.options))


def _positional_number(rule: _Interpreter, words: Sequence[str], index: int) -> int:
    valued = (*rule.valued, *rule.options)
    return sum(not words[at].startswith("-") and not _is_value_of(words, at, tuple(valued)) for at in range(1, index))


def _argument(tool: str, words: Sequence[str], index: int) -> Position:
    forbidden = _FORBIDDEN.get(tool, ())
    if _chooses(tool, words, index):
        return Position(role=Role.SUBCOMMAND, tool=tool)
    attached = words[index].startswith("--") and "=" in words[index]
    return Position(role=Role.OPTION_VALUE if attached else Role.ARGUMENT, tool=tool, forbidden=forbidden)


def _chooses(tool: str, words: Sequence[str], index: int) -> bool:
    """Say whether the word stands where the tool's table expects a subcommand."""
    table = tables.find(tool)
    if table is None:
        return False
    node: tables.Node | None = table
    at = 1
    while node is not None and node.commands and at < len(words):
        word = words[at]
        if word.startswith("-"):
            option = node.options.get(word) or table.options.get(word)
            at += 2 if option is not None and option.takes == "value" else 1
            continue
        if at == index:
            return True
        node = node.commands.get(word)
        at += 1
    return False
