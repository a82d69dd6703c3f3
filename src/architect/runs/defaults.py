"""Which earlier output can propose a value, and what it proposes. Pure; a person confirms every proposal."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

from architect.commands.model import Effect
from architect.runs.model import DefaultFrom, Executor, PlannedAction

NEWEST_OBJECT = "newest object of the listing"
ONLY_COLUMN = "the only value of the column"
ONLY_NAME = "the only name of the listing"
_WITHOUT = ", without "

_LISTING = re.compile(r"\baws\s+s3\s+ls\b")
_LISTED = re.compile(r"^(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)\s+(\d+)\s+(.+?)\s*$", re.MULTILINE)
_IS_NEWEST = re.compile(r"latest|newest|last|recent|backup|dump|snapshot|archive", re.IGNORECASE)
_IS_PROCESS = re.compile(r"\bpid\b|process_id|backend", re.IGNORECASE)
_KINDS = ("pod", "node", "deployment", "service", "job", "pvc", "namespace")


def defaults_of(action: PlannedAction, earlier: Sequence[PlannedAction]) -> tuple[DefaultFrom, ...]:
    """Return, for each open variable, the nearest earlier read whose output plainly gives it."""
    found: list[DefaultFrom] = []
    for variable in action.open_variables:
        for source in reversed(earlier):
            how = _how(variable, source)
            if how and source.effect is Effect.READ and not source.refused:
                found.append(DefaultFrom(variable=variable, action=source.id, how=how + _suffix(variable, action.text)))
                break
    return tuple(found)


def _suffix(variable: str, text: str) -> str:
    """Return what is to be cut off a file name because the document writes it after the placeholder (`.sql.gz`)."""
    spelling = variable.replace("_", r"\W?_?")
    found = re.search(rf"{spelling}\W{{0,2}}?((?:\.[A-Za-z]\w*)+)", text)
    return f"{_WITHOUT}{found[1]}" if found else ""


def _how(variable: str, source: PlannedAction) -> str:
    words = variable.lower().replace("_", " ")
    if _LISTING.search(source.text) and _IS_NEWEST.search(words):
        return NEWEST_OBJECT
    is_query = source.executor is Executor.SQL or "psql" in source.text
    if is_query and _IS_PROCESS.search(words) and re.search(r"\bselect\b[^;]*\bpid\b", source.text, re.IGNORECASE):
        return ONLY_COLUMN
    for kind in _KINDS:
        if kind in words and re.search(rf"\bkubectl\s+get\s+{kind}s?\b", source.text):
            return ONLY_NAME
    return ""


def proposal(default: DefaultFrom, output: str) -> str | None:
    """Return the value that earlier output gives; None when it gives none or several."""
    how, _, suffix = default.how.partition(_WITHOUT)
    value: str | None = None
    if how == NEWEST_OBJECT:
        value = _newest(output)
    elif how == ONLY_COLUMN:
        value = _only(_column(output, "pid"))
    elif how == ONLY_NAME:
        value = _only(_column(output, "name"))
    return value.removesuffix(suffix) if value is not None else None


def _newest(output: str) -> str | None:
    """Return the newest object with content; two of the same second are no answer."""
    objects = [
        (datetime.fromisoformat(moment).isoformat(), name)
        for moment, size, name in _LISTED.findall(output)
        if int(size) > 0
    ]
    if not objects:
        return None
    newest = max(moment for moment, _ in objects)
    return _only([name for moment, name in objects if moment == newest])


def _column(output: str, name: str) -> list[str]:
    """Return the values below a heading of a table that psql or kubectl printed."""
    lines = [line for line in output.splitlines() if line.strip()]
    for number, line in enumerate(lines):
        separator = r"\s*\|\s*" if "|" in line else r"\s{2,}|\t"
        heads = [head.strip().lower() for head in re.split(separator, line.strip())]
        if name in heads:
            at = heads.index(name)
            rows = [re.split(separator, row.strip()) for row in lines[number + 1 :] if not _is_rule(row)]
            return [row[at].strip() for row in rows if len(row) == len(heads)]
    return []


def _is_rule(line: str) -> bool:
    return re.fullmatch(r"[-+|\s]+|\(\d+ rows?\)", line.strip()) is not None


def _only(values: Sequence[str]) -> str | None:
    distinct = list(dict.fromkeys(value for value in values if value))
    return distinct[0] if len(distinct) == 1 else None
