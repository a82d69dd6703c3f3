"""What arithmetic reads and sets; it can run commands: bash evaluates the text of a variable, `a[$(cmd)]` too."""

from __future__ import annotations

import re

from architect.commands.state import ShellState

_SET = re.compile(r"(?<![\w$])([A-Za-z_]\w*)\s*(?:\+\+|--|(?:[-+*/%&|^]|<<|>>)?=(?!=))|(?:\+\+|--)([A-Za-z_]\w*)")
_READ = re.compile(r"(?<![\w-])[A-Za-z_]\w*")
_QUOTES = re.compile(r"['\\]")
"""Quotes are taken away before arithmetic is evaluated, and what was quoted runs then."""
_INDEXED_NAME = re.compile(r"\w\[.*(?:\$\(|`)", re.DOTALL)
_NAMED_TEST = re.compile(r"\s-[vR]\s+(?![\"']?[A-Za-z_]\w*(?:\[[\d@*]+\])?[\"']?(?:\s|\]|$))")
_PROCESS = re.compile(r"[<>]\(")
_COMPARISON = re.compile(r"\s-(?:eq|ne|lt|le|gt|ge|v)\s")


def names_set(source: str) -> set[str]:
    """Return the names that an arithmetic text assigns."""
    return {match[1] or match[2] for match in _SET.finditer(source)}


def can_run_commands(source: str, state: ShellState) -> bool:
    """Say whether an arithmetic text reads a variable whose text came from outside, or hides a command in quotes."""
    names = _READ.findall(source)
    return any(not state.is_number(name) for name in names) or _QUOTES.search(source) is not None


def compares_numbers(test: str) -> bool:
    """Say whether a test evaluates arithmetic: `[[ … -eq … ]]`, but not `[ … -eq … ]`."""
    return test.startswith("[[") and _COMPARISON.search(test) is not None


def hides_process(source: str) -> bool:
    """Say whether a text holds what is a process substitution in some places and plain text in others."""
    return _PROCESS.search(source) is not None


def hides_command(test: str) -> bool:
    """Say whether a test asks about a name (`-v`) in which a command can hide."""
    return _INDEXED_NAME.search(test) is not None or _NAMED_TEST.search(test) is not None
