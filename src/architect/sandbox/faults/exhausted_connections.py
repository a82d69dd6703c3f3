"""Connections that are taken and never given back, until the server has none left for the service.

Most sessions do nothing, as a leak leaves them; a few (`busy`) go on working, as clients do that must not be ended.
Ready when a further client is refused and the idle ones have been idle for `idle_s` seconds.
"""

from __future__ import annotations

import json
import signal
import sys
import threading
import time
from dataclasses import dataclass, field

import psycopg

LEAKING = "checkout-worker"
WORKING = "invoice-worker"

_WORK = "SELECT count(*) FROM orders WHERE status = 'paid'"
_END_OTHERS = """
SELECT pg_terminate_backend(pid, 1000) FROM pg_stat_activity
WHERE usename = current_user AND application_name NOT IN (%s, %s)
"""
_PAUSE_S = 0.25


@dataclass(slots=True, kw_only=True)
class Leak:
    """The sessions that are held."""

    url: str
    password_file: str
    held: list[psycopg.Connection] = field(default_factory=list)

    def connect(self, application: str) -> psycopg.Connection:
        """Open one session that has done something."""
        session = psycopg.connect(
            self.url, passfile=self.password_file, application_name=application, autocommit=True, connect_timeout=5
        )
        session.execute("SELECT 1")
        return session

    def fill(self) -> str:
        """Open sessions until the server refuses one; return its words."""
        while True:
            try:
                self.held.append(self.connect(LEAKING))
            except psycopg.OperationalError as refusal:
                return str(refusal).strip()


def main() -> None:
    """Take all connections, say so, and hold them until killed."""
    options = json.loads(sys.argv[1])
    leak = Leak(url=options["url"], password_file=options["password_file"])
    busy = [leak.connect(WORKING) for _ in range(int(options["busy"]))]
    for session in busy:
        threading.Thread(target=work, args=(session,), daemon=True).start()
    leak.fill()
    # Sessions that the service still has in its pool would hide the fault from it: it loses them, as in a restart.
    leak.held[0].execute(_END_OTHERS, (LEAKING, WORKING))
    refusal = leak.fill()
    time.sleep(options["idle_s"])
    print(json.dumps({"held": len(leak.held), "busy": len(busy), "refusal": refusal}), flush=True)  # noqa: T201
    signal.pause()


def work(session: psycopg.Connection) -> None:
    """Do something every now and then, until the session is ended."""
    while not session.closed:
        try:
            session.execute(_WORK)
        except psycopg.OperationalError:
            return
        time.sleep(_PAUSE_S)


if __name__ == "__main__":
    main()
