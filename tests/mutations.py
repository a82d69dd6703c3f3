"""What can be added to a command line, and the least effect that the whole must have then."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass

from architect.commands.judging import judge
from architect.commands.model import Effect

_DELETES = (
    *("{}; rm -rf x", "{} && rm -rf x", "{} || rm -rf x", "{} | xargs rm", "rm -rf x; {}", "{}\nrm -rf x"),
    *('{} "$(rm -rf x)"', "{} `rm -rf x`", "{} <(rm -rf x)", "X=$(rm -rf x) {}", '{} > "$(rm -rf x)"'),
    *("( {} ); rm -rf x", "if {}; then rm -rf x; fi", "for i in 1; do {}; rm -rf x; done", "{} &\nrm -rf x"),
)
_WRITES = ("{} > /etc/x", "{} 2>/etc/x", "{} &>/srv/x", "{} >> /srv/x", "{} | tee /etc/x")
_UNKNOWNS = (
    *("{} | sh", "{} | frobnicate", "PATH=/tmp:$PATH; {}", "source x; {}", "LD_PRELOAD=./x.so; {}", "LD_PRELOAD=x {}"),
    *("./wrapper {}", "frobnicate {}", "{} | ./x", 'eval "$X"; {}'),
)
_WRAPPERS = (
    *("sudo {}", "sudo -u app nice -n 5 timeout 9 {}", "timeout 5 {}", "nice {}", "env {}", "time {}", "! {}"),
    *("nohup {}", "{} 2>/dev/null", "{} &", "command {}", "{{ {}; }}", "( {} )", "{} | cat", "stdbuf -oL {}"),
)
_WORDS = ("{} zzz", "{} --zzz", "{} -Z", "{} $X", '{} "$(date)"', "{} $(cat f)", "{} zzz=y", "{} -- zzz")


_MEANT = (
    re.compile(r"go env (?!-w)"),  # names what it prints, instead of everything
    re.compile(r"unzip .* -Z", re.DOTALL),  # only lists
    re.compile(r"xargs .* -- zzz"),  # keeps what it appends from being options
    re.compile(r"(?:\./wrapper|frobnicate) (?:echo|history) .*\| "),  # another first command prints something else
    re.compile(r"bash -c zzz=y"),  # gives the option its text
)
"""Additions that a tool documents to make it do less."""


@dataclass(frozen=True, slots=True)
class Lowered:
    """A mutation that made a line look more harmless than it may."""

    line: str
    mutation: str
    text: str
    effect: Effect


def lowered(line: str, *, every: int = 1, first: int = 0) -> Iterator[Lowered]:
    """Yield what is wrong with the mutations of `line`, of every n-th from the `first` on."""
    cases = list(_cases(line))
    for mutation, text, least in cases[first % every :: every]:
        effect = judge(text).effect
        if effect.rank < least.rank and not any(meant.match(text) for meant in _MEANT):
            yield Lowered(line, mutation, text, effect)


def _cases(line: str) -> Iterator[tuple[str, str, Effect]]:
    """Yield name, text and least effect of every mutation."""
    effect = judge(line).effect
    destructive, unknown, write = (_higher(effect, least) for least in _LEAST)
    if not _is_single(line):
        yield "newline", f"{line}\nrm -rf x", destructive
        return
    for mutations, least in ((_DELETES, destructive), (_WRITES, write), (_UNKNOWNS, unknown), (_WORDS, effect)):
        yield from ((mutation, mutation.format(line), least) for mutation in mutations)
    for mutation in _WRAPPERS:
        if not (mutation.startswith(("env ", "command ")) and "=" in line.split()[0]):
            yield mutation, mutation.format(line), effect
    quoted = shlex.quote(line)
    yield "eval", f"eval {quoted}", unknown if effect is not Effect.READ else Effect.READ
    yield "bash -c", f"bash -c {quoted}", effect
    yield "ssh", f"ssh db {quoted}", effect
    yield "here-document", f"bash <<'END'\n{line}\nEND", effect
    yield "function", f"f() {{ {line}; }}\nf", effect
    words = line.split()
    if not any(quote in line for quote in "'\""):
        for at in range(1, len(words)):
            yield "substituted word", " ".join([*words[:at], '"$(rm -rf x)"', *words[at + 1 :]]), Effect.DESTRUCTIVE


_LEAST = (Effect.DESTRUCTIVE, Effect.UNKNOWN, Effect.WRITE)


def _higher(one: Effect, other: Effect) -> Effect:
    return one if one.rank >= other.rank else other


def _is_single(line: str) -> bool:
    """Say whether what is put behind a line becomes a part of it: no comment, no line end, no open quote."""
    is_open = line.count("'") % 2 or line.count('"') % 2
    return not (is_open or "\n" in line or "#" in line or line.endswith("\\"))
