"""Tool tables: what is known of each tool, declared in `tools/*.yaml`; docs/reference/tool-tables.md is the manual.

Tables are read when a tool is first seen, checked against the structures below, and kept. Reading package data is
the only input this room does.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any, Literal

import msgspec
import yaml

from architect.commands.model import Effect, Flag
from architect.kernel.errors import ArchitectError

LANGUAGES = ("command", "shell", "sql", "psql", "mysql", "promql", "redis", "awk", "sed", "other")
"""What `inner` and `stdin` may name. `command` means the words of one command, the others are texts; `other` is one
that nothing here understands."""

TEXT_LANGUAGES = LANGUAGES[1:]
_NOT_INHERITED = ("tool", "aliases", "summary", "source", "definitions", "examples")
INTERPRETERS = ("http", "aws", "redis")

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_HEAD = re.compile(r"^(tool|aliases):[ \t]*(.+?)[ \t]*$", re.MULTILINE)
_HEAD_CHARACTERS = 4000


class TableError(ArchitectError):
    """A tool table is wrong: its author must act."""

    code = "tool-table"


class _Struct(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The base of all parts of a table: unknown keys are errors."""


class Consequence(_Struct, frozen=True, kw_only=True):
    """What follows when a word, an option or a rule applies.

    `effect` raises. `makes` replaces what the subcommand and its positionals say (`tar -t`, `gzip -c`). `dry_run` also
    silences what other options would change.
    """

    effect: Effect | None = None
    makes: Effect | None = None
    reason: str = ""
    flags: tuple[Flag, ...] = ()
    clears: tuple[Flag, ...] = ()
    dry_run: bool = False


class When(Consequence, frozen=True, kw_only=True):
    """A consequence that depends on the value: a pattern it matches, or one it misses (searched, not anchored).

    `told` says that a value that text cannot tell has no such consequence, because the run checks it.
    """

    matches: str = ""
    misses: str = ""
    told: bool = False


class Inner(_Struct, frozen=True, kw_only=True):
    """A command or a text in another language, carried by an option or by positionals.

    `until` ends the words of an option's command (`find -exec … ;`). `joins` joins the words with blanks into one shell
    text (ssh, watch). `elsewhere` says that it runs on another machine or in a container. `appends` says that words
    from outside are added (xargs). `marks` is replaced by a word from outside (`{}`); `marks_options` names the options
    whose value is such a mark (`xargs -I`). `mark_is_path` says that the word is a path below those given (find).
    `directory` says that it runs in a folder of its own (`find -execdir`).
    """

    language: str
    until: tuple[str, ...] = ()
    joins: bool = False
    elsewhere: bool = False
    appends: bool = False
    marks: str = ""
    marks_options: tuple[str, ...] = ()
    mark_is_path: bool = False
    directory: bool = False

    def __post_init__(self) -> None:
        """Check the language's name."""
        _check_language(self.language)


class Value(Consequence, frozen=True, kw_only=True):
    """What is known of a value, of an option or of a positional.

    `file` says that the value names a file the tool reads or writes; `directory` that the tool works in the folder it
    names (a flag: in one that text does not tell); `target` that it names (part of) what the command acts on;
    `parameter` that plans need it under this name; `shows` that it is printed, so that a variable with the name of a
    secret exposes it.
    """

    when: tuple[When, ...] = ()
    file: Literal["", "read", "write", "append", "script"] = ""
    directory: bool = False
    inner: Inner | None = None
    target: Literal["", "kind", "name", "place", "scope", "kind/name", "[kind/]name"] = ""
    parameter: str = ""
    shows: bool = False


class Option(Value, frozen=True, kw_only=True):
    """One option; `takes` says whether a value follows (`value`), two (`pair`), one attached (`optional`), or none."""

    takes: Literal["flag", "value", "optional", "pair"] = "flag"
    help: bool = False
    names: tuple[str, ...] = ()

    @property
    def canonical(self) -> str:
        """The first long spelling, else the first: what rules, interpreters and messages call it."""
        return next((name for name in self.names if name.startswith("--")), self.names[0])

    @property
    def lowers(self) -> bool:
        """Whether the option can make the command less than its subcommand says."""
        return self.help or self.asks_dry_run or any(part.makes is not None for part in (self, *self.when))

    @property
    def asks_dry_run(self) -> bool:
        """Whether the option can turn the command into a dry run."""
        return any(part.dry_run for part in (self, *self.when))


class Positional(Value, frozen=True, kw_only=True):
    """One positional word, or with `repeats` all that remain; left out where an option of `unless` came before.

    With `needs`, it is there only where one of these options came before.
    """

    name: str = ""
    repeats: bool = False
    unless: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()


class Rule(Consequence, frozen=True, kw_only=True):
    """A consequence that depends on several things at once; all conditions named must hold.

    `given` holds when any of these options is there, `absent` when none is; `values` maps options to patterns;
    `path` is a pattern for the words of the subcommand; `positional` is one that any positional matches,
    `positional_at` restricts it to one place (from 0), `first` is one that the first positional matches as well;
    `at_least` and `at_most` count positionals. `told` says that words that text cannot tell match no pattern.
    """

    given: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()
    values: dict[str, str] = {}
    path: str = ""
    first: str = ""
    positional: str = ""
    positional_at: int | None = None
    at_least: int | None = None
    at_most: int | None = None
    told: bool = False


class Stdin(_Struct, frozen=True, kw_only=True):
    """How standard input is understood: as text in `language`, unless one of these options or a positional is given.

    `effect` is what an input that text cannot show (a file, a pipe) comes to; `makes` replaces the node's own effect
    where text shows it.
    """

    language: str
    unless: tuple[str, ...] = ()
    unless_positionals: int | None = None
    elsewhere: bool = False
    makes: Effect | None = None
    effect: Effect = Effect.UNKNOWN
    reason: str = ""
    flags: tuple[Flag, ...] = ()

    def __post_init__(self) -> None:
        """Check the language's name."""
        _check_language(self.language)


class Node(_Struct, frozen=True, kw_only=True):
    """A tool or one of its subcommands."""

    effect: Effect = Effect.UNKNOWN
    reason: str = ""
    system: str = ""
    kind: str = ""
    flags: tuple[Flag, ...] = ()
    options: dict[str, Option] = {}
    positionals: tuple[Positional, ...] = ()
    max_positionals: int | None = None
    commands: dict[str, Node] = {}
    otherwise: Node | None = None
    rules: tuple[Rule, ...] = ()
    stdin: Stdin | None = None
    after_dashes: Positional | None = None
    dry_run: str = ""
    other_options: Literal["unknown", "harmless"] = "unknown"
    all_options: bool = False
    options_anywhere: bool | None = None
    interpreter: str = ""
    assignments: bool = False
    transparent: bool = False
    prints_token: str = ""

    def __post_init__(self) -> None:
        """Check the interpreter's name."""
        if self.interpreter and self.interpreter not in INTERPRETERS:
            raise ValueError(f"interpreter is one of {', '.join(INTERPRETERS)}, not {self.interpreter!r}")


class Example(_Struct, frozen=True, kw_only=True):
    """What a command line must come to; checked by the tests over all tables."""

    effect: Effect
    target: str | None = None
    system: str | None = None
    flags: tuple[Flag, ...] = ()
    never: tuple[Flag, ...] = ()


class Table(Node, frozen=True, kw_only=True):
    """A whole file: the tool's own node, its names, and how it spells options."""

    tool: str
    aliases: tuple[str, ...] = ()
    summary: str = ""
    source: str = ""
    one_dash: bool = False
    options_first: bool = False
    short_equals: bool = False
    first_word_is_options: bool = False
    kinds: dict[str, str] = {}
    kinds_without: str = ""
    names_without: str = ""
    groups: tuple[str, ...] = ()
    verbs: dict[str, Node] = {}
    definitions: dict[str, Any] = {}
    examples: dict[str, Example] = {}

    def child(self, node: Node, word: str) -> Node | None:
        """Return the subcommand that `word` names at `node`, a verb or a group of the table below groups only."""
        found = node.commands.get(word)
        if found is not None or not self.is_group(node):
            return found
        return self._verb(word) or (GROUP if word in self.groups else None)

    def is_group(self, node: Node) -> bool:
        """Say whether the table's verbs and groups may follow `node`."""
        return bool(self.groups) and (node is self or node is GROUP or bool(node.commands))

    def _verb(self, word: str) -> Node | None:
        exact = self.verbs.get(word)
        if exact is not None:
            return exact
        prefix, dash, _ = word.partition("-")
        return self.verbs.get(f"{prefix}-*") if dash else None


GROUP = Node()
"""A group of subcommands of which a table says no more than its name."""


def _check_language(name: str) -> None:
    if name not in LANGUAGES:
        raise ValueError(f"language is one of {', '.join(LANGUAGES)}, not {name!r}")


def find(tool: str) -> Table | None:
    """Return the table of a tool by its name or alias; None where there is none."""
    file = _index().get(tool)
    return None if file is None else _read(file)


def known_tools() -> tuple[str, ...]:
    """Return the names of all tools, aliases too."""
    return tuple(sorted(_index()))


def all_tables() -> tuple[Table, ...]:
    """Read every table with its examples, in the order of their files."""
    return tuple(load(_text(file), file) for file in sorted(set(_index().values())))


def load(text: str, name: str) -> Table:
    """Return the table that YAML `text` holds; `name` is the file, for messages.

    Raises TableError with the place and what was expected.
    """
    table = _converted(_parsed(text, name), name)
    _check_patterns(table, name)
    return table


def _parsed(text: str, name: str) -> dict[str, Any]:
    try:
        raw = yaml.load(text, Loader=_LOADER)  # noqa: S506 - a safe loader, the fast one where libyaml is there
    except yaml.YAMLError as error:
        raise TableError(f"not YAML: {error}", place=name) from error
    if not isinstance(raw, dict):
        raise TableError("a table is a mapping with the key `tool`", place=name)
    return raw


def _converted(raw: dict[str, Any], name: str) -> Table:
    try:
        return msgspec.convert(_normalised(_inherited(raw, name)), Table)
    except (msgspec.ValidationError, ValueError) as error:
        raise TableError(str(error), place=name) from error


def _inherited(raw: dict[str, Any], name: str) -> dict[str, Any]:
    """Put the node that `extends` names below `raw`: of options, commands and kinds what `raw` itself says wins."""
    if "extends" not in raw:
        return raw
    parent = _node_named(str(raw["extends"]), name)
    own = {key: value for key, value in raw.items() if key != "extends"}
    shared = {key: value for key, value in parent.items() if key not in _NOT_INHERITED}
    mappings = {key: {**parent.get(key, {}), **own.get(key, {})} for key in ("options", "commands", "kinds")}
    return shared | own | {key: value for key, value in mappings.items() if value}


def _node_named(words: str, name: str) -> dict[str, Any]:
    tool, *path = words.split()
    file = _index().get(tool)
    if file is None:
        raise TableError(f"extends {tool!r}, which no table describes", place=name)
    node: Any = _raw(file)
    for word in path:
        node = _by_name(node.get("commands", {})).get(word)
        if not isinstance(node, dict):
            raise TableError(f"extends {words!r}, but {word!r} has no table of its own there", place=name)
    return dict(node)


def _text(file: str) -> str:
    return (_folder() / file).read_text(encoding="utf-8")


def _folder() -> Traversable:
    return files("architect.commands") / "tools"


@cache
def _raw(file: str) -> dict[str, Any]:
    return _parsed(_text(file).partition("\nexamples:")[0], file)


@cache
def _read(file: str) -> Table:
    """Read a table of our own without its examples, which stand last; the tests have checked its patterns."""
    return _converted(_raw(file), file)


def claims() -> dict[str, list[str]]:
    """Map every name and alias to the files that claim it; more than one is a mistake that a test finds."""
    claimed: dict[str, list[str]] = {}
    for entry in sorted(_folder().iterdir(), key=lambda entry: entry.name):
        if entry.name.endswith(".yaml"):
            for name in _names(entry):
                claimed.setdefault(name, []).append(entry.name)
    return claimed


@cache
def _index() -> Mapping[str, str]:
    """Map names and aliases to files, from the heads of the files only."""
    return {name: found[0] for name, found in claims().items()}


def _names(entry: Traversable) -> Iterable[str]:
    with entry.open(encoding="utf-8") as file:
        head = dict(_HEAD.findall(file.read(_HEAD_CHARACTERS)))
    if "tool" not in head:
        raise TableError("the first lines name the tool (`tool: NAME`)", place=entry.name)
    names = [head["tool"], *head.get("aliases", "").strip("[]").split(",")]
    return [name.strip().strip("'\"") for name in names if name.strip()]


def _normalised(raw: dict[str, Any]) -> dict[str, Any]:
    """Spell out the short forms of a node: names in lists, options and commands as words, languages as words."""
    node = dict(raw)
    if isinstance(node.get("options"), dict):
        node["options"] = _options(node["options"])
    if isinstance(node.get("commands"), dict):
        node["commands"] = _by_name({key: _command(value) for key, value in node["commands"].items()})
    if isinstance(node.get("verbs"), dict):
        node["verbs"] = _by_name({key: _command(value) for key, value in node["verbs"].items()})
    if isinstance(node.get("groups"), str):
        node["groups"] = node["groups"].split()
    if isinstance(node.get("positionals"), list):
        node["positionals"] = [_value(entry) for entry in node["positionals"]]
    for key in ("after_dashes",):
        if key in node:
            node[key] = _value(node[key])
    if "otherwise" in node:
        node["otherwise"] = _command(node["otherwise"])
    if isinstance(node.get("stdin"), str):
        node["stdin"] = {"language": node["stdin"]}
    if isinstance(node.get("examples"), dict):
        node["examples"] = {line: _example(value) for line, value in node["examples"].items()}
    return node


def _by_name(entries: dict[Any, Any]) -> dict[str, Any]:
    return {name.strip(): value for names, value in entries.items() for name in str(names).split(", ")}


def _options(entries: dict[Any, Any]) -> dict[str, Any]:
    spelled: dict[str, Any] = {}
    for key, value in entries.items():
        names = tuple(name.strip() for name in str(key).split(", "))
        option = _option(value)
        spelled |= dict.fromkeys(names, {**option, "names": names} if isinstance(option, dict) else option)
    return spelled


def _option(value: Any) -> Any:
    if value == "help":
        return {"help": True}
    if isinstance(value, str):
        return {"takes": value}
    return _value(value)


def _value(value: Any) -> Any:
    if isinstance(value, dict) and isinstance(value.get("inner"), str):
        return {**value, "inner": {"language": value["inner"]}}
    return value


def _command(value: Any) -> Any:
    if isinstance(value, str):
        return {"effect": value}
    return _normalised(value) if isinstance(value, dict) else value


def _example(value: Any) -> Any:
    return {"effect": value} if isinstance(value, str) else value


def _check_patterns(table: Table, name: str) -> None:
    for pattern in _patterns(table):
        try:
            re.compile(pattern)
        except re.error as error:
            raise TableError(f"the pattern {pattern!r} is not a regular expression: {error}", place=name) from error


def _patterns(node: Node) -> Iterable[str]:
    values: list[Value] = [*node.options.values(), *node.positionals]
    values += [] if node.after_dashes is None else [node.after_dashes]
    for value in values:
        for when in value.when:
            yield from (when.matches, when.misses)
    for rule in node.rules:
        yield from (rule.path, rule.first, rule.positional, *rule.values.values())
    yield node.prints_token
    yield from (node.kinds_without, node.names_without) if isinstance(node, Table) else ()
    verbs = node.verbs.values() if isinstance(node, Table) else ()
    for child in (*node.commands.values(), *verbs, *(() if node.otherwise is None else (node.otherwise,))):
        yield from _patterns(child)
