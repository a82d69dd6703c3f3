"""What Redis commands do, by the server's own table of commands and by hand where that says too little."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from functools import cache

from architect.commands.calls import Call, Word
from architect.commands.generated import word_lists
from architect.commands.known import Known
from architect.commands.model import CommandEffect, Effect, Flag, Target

SYSTEM = "redis"

_WORD = re.compile(r"\"(?:[^\"\\]|\\.)*+\"|'(?:[^'\\]|\\.)*+'|[^\s\"']+")
_SECRET_SETTINGS = ("requirepass", "masterauth", "primaryauth", "tls-key-file-pass", "tls-client-key-file-pass")
_SECRET = frozenset((Flag.READS_SECRET,))
_ENDLESS = frozenset((Flag.NEVER_ENDS,))

_READS = """
    acl|cat acl|dryrun acl|genpass acl|help acl|log acl|users acl|whoami asking auth client|caching client|capa
    client|getname client|getredir client|help client|id client|info client|list client|no-touch client|reply
    client|setinfo client|setname client|tracking client|trackinginfo cluster|count-failure-reports
    cluster|countkeysinslot cluster|getkeysinslot cluster|getslotmigrations cluster|help cluster|info cluster|keyslot
    cluster|links cluster|myid cluster|myshardid cluster|nodes cluster|replicas cluster|shards cluster|slaves
    cluster|slot-stats cluster|slots command command|count command|docs command|getkeys command|getkeysandflags
    command|help command|info command|list commandlog|get commandlog|help commandlog|len config|help discard echo exec
    function|dump function|help function|list function|stats hello info lastsave latency|doctor latency|graph
    latency|help latency|histogram latency|history latency|latest memory|doctor memory|help memory|malloc-stats
    memory|stats module|help module|list multi object|help ping pubsub|channels pubsub|help pubsub|numpat
    pubsub|numsub pubsub|shardchannels pubsub|shardnumsub punsubscribe quit readonly readwrite reset role
    script|exists script|help script|show select sentinel|ckquorum sentinel|get-master-addr-by-name sentinel|help
    sentinel|info-cache sentinel|master sentinel|masters sentinel|myid sentinel|primaries sentinel|primary
    sentinel|replicas sentinel|sentinels sentinel|slaves slowlog|get slowlog|help slowlog|len sunsubscribe time
    unsubscribe unwatch wait waitaof watch xgroup|help xinfo|help exit help
"""
_JUDGED: tuple[tuple[Effect, str, str], ...] = (
    (Effect.DESTRUCTIVE, "deletes every key", "flushdb flushall cluster|flushslot"),
    (
        Effect.DESTRUCTIVE,
        "deletes data",
        """del delifeq unlink hdel hgetdel srem lrem ltrim spop lpop rpop blpop brpop lmpop blmpop zpopmax zpopmin
        bzpopmax bzpopmin zmpop bzmpop getdel xdel xtrim zrem zremrangebylex zremrangebyrank zremrangebyscore
        xgroup|destroy xgroup|delconsumer function|delete function|flush""",
    ),
    (
        Effect.DESTRUCTIVE,
        "throws collected evidence away",
        "slowlog|reset commandlog|reset latency|reset config|resetstat",
    ),
    (
        Effect.DESTRUCTIVE,
        "takes a part of the cluster away",
        (
            "cluster|reset cluster|forget cluster|delslots cluster|delslotsrange cluster|flushslots sentinel|remove "
            "sentinel|reset acl|deluser"
        ),
    ),
    (Effect.DISRUPTIVE, "ends or holds up clients", "client|kill client|pause client|unpause client|unblock"),
    (Effect.DISRUPTIVE, "fails over", "failover cluster|failover sentinel|failover"),
    (Effect.DISRUPTIVE, "changes the server's settings", "config|set sentinel|set sentinel|config"),
    (Effect.DISRUPTIVE, "blocks the server while it saves", "save"),
    (Effect.DISRUPTIVE, "changes the cluster", "cluster|addslots cluster|addslotsrange cluster|bumpepoch cluster|meet"),
    (
        Effect.DISRUPTIVE,
        "changes the cluster",
        (
            "cluster|replicate cluster|setslot cluster|set-config-epoch cluster|migrateslots sentinel|monitor "
            "cluster|cancelslotmigrations"
        ),
    ),
    (Effect.DISRUPTIVE, "moves or overwrites keys", "rename migrate swapdb move smove"),
    (Effect.DISRUPTIVE, "makes keys end", "expire expireat pexpire pexpireat hexpire hexpireat hpexpire hpexpireat"),
    (Effect.DISRUPTIVE, "ends a running script", "script|kill function|kill"),
    (Effect.DISRUPTIVE, "forgets loaded scripts", "script|flush"),
    (Effect.DISRUPTIVE, "changes how the server treats a client", "client|no-evict client|import-source"),
    (Effect.WRITE, "begins to save in the background", "bgsave bgrewriteaof"),
    (Effect.WRITE, "writes the configuration to its file", "config|rewrite cluster|saveconfig acl|save"),
    (Effect.WRITE, "gives memory back", "memory|purge"),
    (Effect.WRITE, "publishes a message", "publish spublish"),
    (Effect.WRITE, "loads a script", "script|load"),
    (Effect.EXPOSES, "shows users' password hashes", "acl|list acl|getuser"),
    (Effect.EXPOSES, "changes who may log in", "acl|setuser acl|load"),
    (Effect.EXPOSES, "shows everything that the server does", "sync psync replconf cluster|syncslots"),
    (Effect.UNKNOWN, "runs a script", "eval evalsha fcall eval_ro evalsha_ro fcall_ro script|debug"),
    (Effect.UNKNOWN, "loads or unloads code", "module|load module|loadex module|unload function|load function|restore"),
    (Effect.UNKNOWN, "is for the server's own tests", "debug pfdebug pfselftest"),
)
_WITH_FLAGS = {
    "monitor": Known(Effect.EXPOSES, "shows every command with its data", _SECRET | _ENDLESS),
    "subscribe": Known(Effect.READ, "listens to messages", _ENDLESS),
    "psubscribe": Known(Effect.READ, "listens to messages", _ENDLESS),
    "ssubscribe": Known(Effect.READ, "listens to messages", _ENDLESS),
    "wait": Known(Effect.READ, "waits for replicas", frozenset((Flag.WAITS,))),
}
_MODES: tuple[tuple[str, Known], ...] = (
    ("--eval", Known(Effect.UNKNOWN, "runs a script file")),
    ("--ldb", Known(Effect.UNKNOWN, "debugs a script")),
    ("--pipe", Known(Effect.UNKNOWN, "runs whatever it is fed")),
    ("--replica", Known(Effect.EXPOSES, "shows every change with its data", _SECRET | _ENDLESS)),
    ("--lru-test", Known(Effect.DISRUPTIVE, "fills the cache with keys of its own", _ENDLESS)),
    ("--intrinsic-latency", Known(Effect.READ, "measures this machine's latency", frozenset((Flag.WAITS,)))),
    ("--latency", Known(Effect.READ, "measures latency", _ENDLESS)),
    ("--latency-history", Known(Effect.READ, "measures latency", _ENDLESS)),
    ("--latency-dist", Known(Effect.READ, "measures latency", _ENDLESS)),
    ("--stat", Known(Effect.READ, "shows statistics", _ENDLESS)),
    ("--bigkeys", Known(Effect.READ, "scans all keys for the biggest")),
    ("--memkeys", Known(Effect.READ, "scans all keys for their memory")),
    ("--hotkeys", Known(Effect.READ, "scans all keys for the hottest")),
    ("--keystats", Known(Effect.READ, "scans all keys")),
    ("--scan", Known(Effect.READ, "lists keys")),
    ("--rdb", Known(Effect.READ, "dumps the data into a file", frozenset((Flag.WRITES_FILE,)))),
    ("--functions-rdb", Known(Effect.READ, "dumps the functions into a file", frozenset((Flag.WRITES_FILE,)))),
)
_ONLY_KEYS = frozenset(("del", "unlink", "exists", "touch", "mget"))
"""Commands all of whose words are keys."""
_CLUSTER_READS = frozenset(("check", "info", "help"))
_CLUSTER_CHANGES = frozenset(("create", "fix", "reshard", "rebalance", "add-node", "set-timeout", "import", "backup"))


def judge_redis(text: str) -> tuple[CommandEffect, ...]:
    """Judge lines of Redis commands; nothing raises."""
    return tuple(_lines(text))


def judge_redis_call(call: Call) -> tuple[CommandEffect, ...]:
    """Judge a call of redis-cli: one command in its words, or one of its own modes."""
    for option, known in _MODES:
        if call.given(option):
            return (_effect(known, call.text, call.start, call.end, None),)
    cluster = call.given("--cluster")
    if cluster:
        word = cluster[0].value
        return (_effect(_cluster(word.value if word is not None else None), call.text, call.start, call.end, None),)
    if not call.positionals:
        known = Known(Effect.READ, "opens a session", frozenset((Flag.INTERACTIVE,)))
        return (_effect(known, call.text, call.start, call.end, None),)
    words = [_word(word) for word in call.positionals]
    known, target = judge_words(words, has_input=bool(call.given("-x", "-X")))
    if target is not None and target.kind == "database" and not target.name:
        target = replace(target, name=_database(call))
    literal = " ".join(word or "" for word in words) if None not in words else ""
    return (_effect(known, call.text, call.start, call.end, target, command=literal),)


def judge_words(words: Sequence[str | None], *, has_input: bool = False) -> tuple[Known, Target | None]:
    """Return what one command does and its target; None stands for a word that text cannot tell.

    `has_input` says that a further argument comes from standard input.
    """
    if words[0] is None:
        return Known(Effect.UNKNOWN, "the command is a value that the text does not tell"), None
    name = words[0].lower()
    if name in _containers() and len(words) > 1:
        if words[1] is None:
            return Known(Effect.UNKNOWN, f"what {name.upper()} does is a value that the text does not tell"), None
        name = f"{name}|{words[1].lower()}"
    known = _by_arguments(name, words, has_input=has_input) or _table().get(name)
    if known is None:
        return Known(Effect.UNKNOWN, f"{name.replace('|', ' ').upper()} is no known command"), None
    return known, _target(name, words)


def _lines(text: str) -> Iterator[CommandEffect]:
    start = 0
    for line in text.splitlines(keepends=True):
        source = line.strip()
        if source and not source.startswith("#"):
            at = start + line.index(source[0])
            known, target = judge_words(_split(source))
            yield _effect(known, source, at, at + len(source), target, command=source)
        start += len(line)


def _split(line: str) -> list[str | None]:
    """Return the words of a line; one with a quote that does not close is not understood."""
    words: list[str | None] = [word.strip("\"'") if word[0] in "\"'" else word for word in _WORD.findall(line)]
    rest = _WORD.sub("", line)
    if rest.strip():
        return [None]
    if len(words) > 1 and words[0] is not None and words[0].isdigit():
        return words[1:]
    return words or [None]


def _word(word: Word) -> str | None:
    return word.value


@cache
def _table() -> dict[str, Known]:
    lists = word_lists("redis.txt")
    table = {_name(entry): Known(Effect.READ, f"{_title(entry)} only reads") for entry in lists["readonly"]}
    table |= {_name(entry): Known(Effect.WRITE, f"{_title(entry)} changes keys") for entry in lists["write"]}
    table |= {name: Known(Effect.READ, f"{_title(name)} only reads") for name in _READS.split()}
    for effect, reason, names in _JUDGED:
        table |= {name: Known(effect, f"{_title(name)} {reason}") for name in names.split()}
    return table | _WITH_FLAGS


@cache
def _containers() -> frozenset[str]:
    return frozenset(map(_name, word_lists("redis.txt")["containers"])) | {"sentinel"}


@cache
def _first_keys() -> dict[str, int]:
    lists = word_lists("redis.txt")
    entries = (*lists["readonly"], *lists["write"], *lists["other"])
    return {name: int(key) for name, _, key in (entry.rpartition(":") for entry in entries)}


def _name(entry: str) -> str:
    return entry.rpartition(":")[0]


def _title(entry: str) -> str:
    return entry.partition(":")[0].replace("|", " ").upper()


def _by_arguments(name: str, words: Sequence[str | None], *, has_input: bool) -> Known | None:
    """Judge commands whose arguments decide."""
    rest = [None if word is None else word.lower() for word in words[1:]]
    match name:
        case "config|get":
            return _config_get(rest[1:])
        case "config|set":
            return _config_set(rest[1:])
        case "sort":
            stores = "store" in rest or None in rest or has_input
            return None if stores else Known(Effect.READ, "SORT without STORE only reads")
        case "replicaof" | "slaveof":
            if rest == ["no", "one"]:
                return Known(Effect.DISRUPTIVE, "makes the replica a primary")
            return Known(Effect.DESTRUCTIVE, "makes the server a replica, which throws its data away")
        case "shutdown":
            if "nosave" in rest or None in rest:
                return Known(Effect.DESTRUCTIVE, "stops the server without saving")
            return Known(Effect.DISRUPTIVE, "stops the server")
        case "acl|log" if rest[1:] != [] and rest[1:] != ["count"] and not (rest[1] or "").isdigit():
            return Known(Effect.DESTRUCTIVE, "throws the log of refused accesses away")
        case "debug":
            return _debug(rest)
    return None


def _config_get(patterns: Sequence[str | None]) -> Known | None:
    if None in patterns or not patterns:
        return Known(Effect.UNKNOWN, "which settings are shown is a value that the text does not tell")
    globs = [(pattern or "").replace("[^", "[!").replace("\\", "") for pattern in patterns]
    shown = [secret for secret in _SECRET_SETTINGS for glob in globs if fnmatchcase(secret, glob)]
    if shown:
        return Known(Effect.EXPOSES, f"shows the setting {shown[0]}", _SECRET)
    return Known(Effect.READ, "shows settings")


def _config_set(words: Sequence[str | None]) -> Known | None:
    opens = {*_SECRET_SETTINGS, "protected-mode", "bind", "enable-debug-command", "enable-module-command", "dir"}
    if any(word in opens for word in words[::2]) or None in words[::2]:
        return Known(Effect.EXPOSES, "changes who may use the server")
    return None


def _debug(words: Sequence[str | None]) -> Known | None:
    if words[:1] == ["object"]:
        return Known(Effect.READ, "shows how a key is stored")
    if words[:1] == ["sleep"]:
        return Known(Effect.DISRUPTIVE, "blocks the server")
    return None


def _cluster(name: str | None) -> Known:
    if name in _CLUSTER_READS:
        return Known(Effect.READ, "looks at the cluster")
    if name in _CLUSTER_CHANGES:
        return Known(Effect.DISRUPTIVE, "changes the cluster")
    if name == "del-node":
        return Known(Effect.DESTRUCTIVE, "takes a node out of the cluster")
    return Known(Effect.UNKNOWN, "runs something on the nodes of the cluster")


def _target(name: str, words: Sequence[str | None]) -> Target | None:
    if name in ("flushdb", "flushall"):
        return Target(system=SYSTEM, kind="database", name="all" if name == "flushall" else "")
    if name == "keys" and len(words) > 1:
        return Target(system=SYSTEM, kind="key", name=words[1] or "")
    at = _first_keys().get(name, 0)
    if at and at < len(words):
        names = words[at:] if name in _ONLY_KEYS else words[at : at + 1]
        return Target(system=SYSTEM, kind="key", name=" ".join(word or "" for word in names).strip())
    return Target(system=SYSTEM)


def _database(call: Call) -> str:
    """Return the number of the database that a call names, empty where it names none."""
    given = call.given("-n")
    word = given[-1].value if given else None
    return word.value or "" if word is not None else ""


def _effect(
    known: Known, text: str, start: int, end: int, target: Target | None, *, command: str = ""
) -> CommandEffect:
    return CommandEffect(
        text=text,
        start=start,
        end=end,
        effect=known.effect,
        reason=known.reason,
        system=SYSTEM,
        target=target,
        flags=known.flags,
        language="redis",
        parameters=(("command", command),) if command else (),
    )
