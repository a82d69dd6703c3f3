"""Whom a statement would end: the read that shows the sessions before `pg_terminate_backend` ends them. Pure."""

from __future__ import annotations

import re

_ENDS = re.compile(
    r"\A\s*select\s+(?:pid\s*,\s*)?pg_(?:terminate|cancel)_backend\s*\(\s*(?P<pid>(?:\w+\.)?pid)\s*\)(?:\s+(?:as\s+)?\w+)?"
    r"\s+(?P<rest>from\s+(?:pg_catalog\.)?pg_stat_activity\b[^;]*?)\s*;?\s*\Z",
    re.IGNORECASE | re.DOTALL,
)
_COMMENT = re.compile(r"\A(?:\s*--[^\n]*\n)+")
_CALL = re.compile(r"pg_(?:terminate|cancel)_backend", re.IGNORECASE)


def victims_query(statement: str) -> str | None:
    """Return the read that lists the sessions a statement would end: pid and a line for people.

    None for anything but `SELECT pg_terminate_backend(pid) FROM pg_stat_activity …`, whose other parts stay as written.
    """
    found = _ENDS.match(_COMMENT.sub("", statement))
    if found is None or _CALL.search(found["rest"]):
        return None
    pid = found["pid"]
    line = (
        f"concat_ws(' ', {pid}, usename, datname, client_addr, state, 'since ' || date_trunc('second', state_change))"
    )
    return f"SELECT {pid}::text, {line} {found['rest']}"
