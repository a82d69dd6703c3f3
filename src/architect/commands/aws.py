"""What a call of the AWS command line does."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from architect.commands.athena import judge_athena
from architect.commands.aws_effects import judge_operation
from architect.commands.aws_s3 import judge_s3
from architect.commands.aws_table import Access, Operation, Takes, is_service, is_waiter, operation
from architect.commands.calls import Call, Certainty, Word
from architect.commands.environment import is_secret_name
from architect.commands.known import WRITES, Known
from architect.commands.model import CommandEffect, Effect, Flag, Target
from architect.commands.paths import plain_path, shows_secret, writing
from architect.commands.targets import shown

_GLOBAL = {
    **dict.fromkeys(
        (
            "debug",
            "no-verify-ssl",
            "no-paginate",
            "no-sign-request",
            "no-cli-pager",
            "cli-auto-prompt",
            "no-cli-auto-prompt",
            "version",
            "v2-debug",
        ),
        Takes.NOTHING,
    ),
    **dict.fromkeys(
        (
            "endpoint-url",
            "output",
            "query",
            "profile",
            "region",
            "color",
            "ca-bundle",
            "cli-read-timeout",
            "cli-connect-timeout",
            "cli-binary-format",
        ),
        Takes.VALUE,
    ),
}
_SECRET_VARIABLE = re.compile(r"secret|token|password", re.IGNORECASE)
_NAMING = re.compile(r"(?:^|-)(?:names?|identifiers?|ids?|arns?|url)$|^(?:bucket|cluster|service|table|task|target)$")
_ANY_KIND = frozenset(("", "name", "names", "id", "ids", "identifier", "arn", "arns", "url", "resource", "resources"))
"""Options that name whatever the operation is about."""

_PLACES = ("profile", "region", "cluster", "cluster-name")


@dataclass(slots=True)
class _Arguments:
    """The words of a call, told apart."""

    plain: list[Word] = field(default_factory=list)
    options: dict[str, list[Word]] = field(default_factory=dict)
    operation: Operation | None = None
    problem: str = ""

    @property
    def literals(self) -> dict[str, str | None]:
        """The options' values as text; None where one of them cannot be told."""
        values: dict[str, str | None] = {}
        for name, words in self.options.items():
            known = [word.value for word in words if word.value is not None]
            values[name] = " ".join(known) if len(known) == len(words) else None
        return values


def judge_aws_call(call: Call) -> tuple[CommandEffect, ...]:
    """Judge `aws …`; nothing raises, and an operation or option that the table lacks is unknown."""
    arguments = _read(call.words)
    known = _judge(arguments)
    if arguments.problem and known.effect.rank < Effect.UNKNOWN.rank:
        known = Known(Effect.UNKNOWN, arguments.problem)
    return (_command_effect(call, arguments, known),)


def _read(words: Sequence[Word]) -> _Arguments:
    found = _Arguments()
    at = 0
    while at < len(words):
        word = words[at]
        at += 1
        if word.prefix.startswith("--") and word.value != "--":
            at = _option(found, words, at)
        elif word.value != "--":
            if word.certainty is Certainty.OPAQUE and not _is_listing(found, word):
                found.problem = found.problem or f"{word.text} can be any word"
            found.plain.append(word)
            _descend(found)
    return found


def _is_listing(found: _Arguments, word: Word) -> bool:
    """Say whether `word` is a bucket to be listed, where more words could only list more."""
    return [known.value for known in found.plain] == ["s3", "ls"] and word.prefix.startswith("s3://")


def _descend(found: _Arguments) -> None:
    """Look the operation up as soon as service and operation are there."""
    if len(found.plain) == 2 and found.operation is None:
        service, name = (word.value or "" for word in found.plain)
        found.operation = operation(service, name)


def _option(found: _Arguments, words: Sequence[Word], at: int) -> int:
    """Read the option before `at` with its values; return where to go on."""
    word = words[at - 1]
    name, sign, value = word.prefix.removeprefix("--").partition("=")
    own = found.operation.options if found.operation is not None else {}
    takes = own.get(name, _GLOBAL.get(name))
    values = found.options.setdefault(name, [])
    if takes is None:
        if name != "help" and [word.value for word in found.plain[1:2]] != ["wait"]:
            found.problem = found.problem or f"the option --{name} is not known here"
        takes = Takes.VALUE if at < len(words) and not words[at].prefix.startswith("--") else Takes.NOTHING
    if sign or word.value is None:
        values.append(_tail(word, len(name) + 3, value))
        return at
    if takes is Takes.NOTHING:
        return at
    count = 0
    while at < len(words) and not words[at].prefix.startswith("--") and (takes is Takes.VALUES or count == 0):
        values.append(words[at])
        at, count = at + 1, count + 1
    return at


def _tail(word: Word, at: int, value: str) -> Word:
    known = word.value[at:] if word.value is not None else None
    certainty = word.certainty if known is None else Certainty.LITERAL
    return replace(word, value=known, certainty=certainty, prefix=value, shape=value)


def _judge(found: _Arguments) -> Known:
    words = [word.value for word in found.plain]
    if _is_help(found, words):
        return Known(Effect.READ, "shows help")
    if len(words) < 2 or words[0] is None or words[1] is None:
        return _bare(words)
    if "generate-cli-skeleton" in found.options:
        return Known(Effect.READ, "prints a skeleton of the input")
    endpoint = found.options.get("endpoint-url", [])
    if any(word.value is None for word in endpoint):
        return Known(Effect.UNKNOWN, "the endpoint is a value that the text does not tell")
    if words[1] == "wait":
        return _wait(words)
    if found.operation is None:
        return Known(Effect.UNKNOWN, f"aws {words[0]} {words[1]} is not in the table of operations")
    candidates = _candidates(found, found.operation)
    highest = max(candidates, key=lambda known: known.effect.rank)
    writes = next((known.writes for known in candidates if known.writes), "")
    return highest._replace(flags=frozenset().union(*(known.flags for known in candidates)), writes=writes)


def _is_help(found: _Arguments, words: Sequence[str | None]) -> bool:
    """Say whether the call only prints something: `help` behind the command, or `--version` without one."""
    if words[-1:] == ["help"] and len(words) <= 3:
        return found.options.keys() <= _GLOBAL.keys()
    return (not words and "version" in found.options) or list(found.options)[-1:] == ["help"]


def _bare(words: Sequence[str | None]) -> Known:
    if words == ["configure"]:
        return Known(Effect.WRITE, "changes this machine's configuration", frozenset((Flag.INTERACTIVE,)))
    if words and words[0] is not None and not is_service(words[0]):
        return Known(Effect.UNKNOWN, f"aws {words[0]} is not known")
    return Known(Effect.UNKNOWN, "service and operation cannot be told")


def _wait(words: Sequence[str | None]) -> Known:
    waits = len(words) > 2 and is_waiter(words[0] or "", words[2] or "")
    if waits:
        return Known(Effect.READ, f"waits until {words[2]}", frozenset((Flag.WAITS,)))
    return Known(Effect.UNKNOWN, "what it waits for is not known")


def _candidates(found: _Arguments, chosen: Operation) -> list[Known]:
    place = (chosen.service, chosen.name)
    given = found.literals
    positionals = found.plain[2:]
    candidates = [_dry_run(chosen, given) or _single(place, found, chosen)]
    for word in [word for words in found.options.values() for word in words]:
        candidates += _local_file(word)
    if chosen.access is not Access.CUSTOM and chosen.positionals:
        candidates += [_output_file(word) for word in positionals]
    elif chosen.access is not Access.CUSTOM and positionals:
        candidates.append(Known(Effect.UNKNOWN, f"{positionals[0].text} is one word too many"))
    return candidates


def _single(place: tuple[str, str], found: _Arguments, chosen: Operation) -> Known:
    given = found.literals
    if place[0] == "s3":
        return judge_s3(place[1], tuple(found.plain[2:]), given)
    if place == ("athena", "start-query-execution"):
        return judge_athena(given.get("query-string"))
    if place == ("configure", "get"):
        return _configure_get(found.plain[2:])
    if place == ("logs", "tail") and "follow" in given:
        return Known(Effect.READ, "follows log events", frozenset((Flag.NEVER_ENDS,)))
    return judge_operation(chosen, given)


def _configure_get(names: Sequence[Word]) -> Known:
    name = names[0].value if names else ""
    if name is None or _SECRET_VARIABLE.search(name) or (is_secret_name(name) and "access_key_id" not in name):
        return Known(Effect.EXPOSES, "shows a secret of this machine's configuration", frozenset((Flag.READS_SECRET,)))
    return Known(Effect.READ, "shows a setting")


def _dry_run(chosen: Operation, given: dict[str, str | None]) -> Known | None:
    if chosen.options.get("dry-run") is Takes.NOTHING and "dry-run" in given and "no-dry-run" not in given:
        return Known(Effect.READ, "checks without making the change (--dry-run)")
    return None


def _local_file(word: Word) -> list[Known]:
    """Judge a value that names a local file to be sent (`file://…`, `fileb://…`)."""
    scheme, sign, path = word.prefix.partition("://")
    if not sign or scheme not in ("file", "fileb"):
        return []
    value = None if word.value is None else path
    if shows_secret(Word(text=path, start=0, end=0, value=value, prefix=path, shape=path, variables=word.variables)):
        return [Known(Effect.EXPOSES, f"sends the file {path}", frozenset((Flag.READS_SECRET,)))]
    return []


def _output_file(word: Word) -> Known:
    if plain_path(word) is not None:
        return Known(Effect.READ, "", frozenset((Flag.WRITES_FILE,)), writes=word.shape)
    effect, reason = writing(word, in_scratch=True, made=frozenset(), appends=False)
    return Known(effect, reason, frozenset((Flag.WRITES_FILE,)))


def _command_effect(call: Call, found: _Arguments, known: Known) -> CommandEffect:
    service = found.plain[0].value if found.plain else None
    system = f"aws-{'s3' if service == 's3api' else service}" if service else "aws"
    dry_run = _dry_run_text(call, found) if known.effect is not Effect.READ else None
    flags = known.flags | {Flag.NETWORK} | ({Flag.HAS_DRY_RUN} if dry_run else set())
    if service in ("configure", "history", "help"):
        flags = flags - {Flag.NETWORK}
    return CommandEffect(
        text=call.text,
        start=call.start,
        end=call.end,
        effect=known.effect,
        reason=known.reason,
        tool="aws",
        system=system,
        target=_target(system, found),
        flags=flags,
        dry_run=dry_run,
        parameters=((WRITES, known.writes),) if known.writes else (),
    )


def _dry_run_text(call: Call, found: _Arguments) -> str | None:
    chosen = found.operation
    if chosen is None:
        return None
    for option in ("dry-run", "dryrun"):
        if chosen.options.get(option) is Takes.NOTHING:
            return f"{call.text} --{option}"
    return None


def _target(system: str, found: _Arguments) -> Target | None:
    """Return what the call acts on: the option that names what the operation's own name says, else the first name."""
    chosen = found.operation
    if chosen is None:
        return None
    if system == "aws-s3":
        scope = " ".join(_texts(found, "profile", "region"))
        return Target(system=system, kind="bucket", name=_object_name(found), scope=scope)
    noun = re.sub(r"(?<!s)s$", "", chosen.name.partition("-")[2])
    named = {name: _kind_of(name) for name in found.options if name in chosen.options and _NAMING.search(name)}
    own = [name for name, kind in named.items() if kind and noun.startswith(kind)]
    best = max(own, key=len) if own else next(iter(named), "")
    kind = named.get(best, "")
    return Target(
        system=system,
        kind=noun if kind in _ANY_KIND else kind,
        name=" ".join(_texts(found, best)),
        scope=" ".join(_texts(found, *(name for name in _PLACES if name != best))),
    )


def _object_name(found: _Arguments) -> str:
    """Return bucket and key, whether they stand in one address or in two options."""
    addresses = [word.prefix for word in found.plain[2:] if word.prefix.startswith("s3://")]
    return (addresses or [""])[-1].removeprefix("s3://") or "/".join(_texts(found, "bucket", "key"))


def _texts(found: _Arguments, *names: str) -> list[str]:
    words = [word for name in names for word in found.options.get(name, [])]
    return [word.value if word.value is not None else shown(word) for word in words]


def _kind_of(option: str) -> str:
    """Return what an option names: `db-instance` of `--db-instance-identifier`."""
    return "security-group" if option.startswith("group-id") else _NAMING.sub("", option) or option
