"""Which blocks are meant for inside a session that an earlier one opened."""

from __future__ import annotations

import re
from dataclasses import replace

from architect.runbooks.actions import opened_session, with_session
from architect.runbooks.model import Action, ActionKind, Session, SessionKind
from architect.runbooks.programs import ORCHESTRATORS, program_of

_LEAVES = re.compile(r"\s*(?:exit|logout|quit|\\q|\^D|ctrl[+-]d)\s*;?\s*\Z", re.IGNORECASE)
_REMOTE = frozenset({"ssh", "scp", "rsync", "sftp", "mosh"})
_MAX_NESTED = 8


class Sessions:
    """Follows the actions of one runbook, in order, and says which session each is meant for.

    Documents seldom write `exit`: a command that makes sense outside only (another `ssh`, `kubectl` after an `exec`, a
    shell command after `psql`) ends what was open.
    """

    def __init__(self) -> None:
        self._open: list[Session] = []
        self._connection: str | None = None

    def place(self, action: Action) -> Action:
        """Return the action with its session, and SQL with the connection it uses."""
        if action.kind is ActionKind.SQL:
            return self._place_sql(action)
        if action.kind is not ActionKind.SHELL:
            return action
        if _LEAVES.match(action.text) and self._open:
            return with_session(action, self._open.pop())
        self._end_contradicted(action)
        placed = with_session(action, self._open[-1] if self._open else None)
        session = opened_session(action)
        if session is not None:
            self._open = [*self._open[-_MAX_NESTED:], session]
        return placed

    def leave_part(self) -> None:
        """End what a new part of the runbook cannot be meant for: clients; logins on other hosts stay."""
        self._open = [session for session in self._open if session.kind is SessionKind.SSH]

    def _place_sql(self, action: Action) -> Action:
        if action.connection is not None:
            self._connection = action.connection
            return action
        inner = self._open[-1] if self._open and self._open[-1].kind is SessionKind.PSQL else None
        placed = with_session(action, inner or (self._open[-1] if self._open else None))
        if placed.connection is None and self._connection is not None and inner is None:
            placed = replace(placed, connection=self._connection)
        self._connection = placed.connection or self._connection
        return placed

    def _end_contradicted(self, action: Action) -> None:
        program = program_of(action.text)
        while self._open and self._contradicts(self._open[-1], program):
            self._open.pop()

    @staticmethod
    def _contradicts(session: Session, program: str) -> bool:
        match session.kind:
            case SessionKind.PSQL | SessionKind.REDIS:
                return True
            case SessionKind.EXEC:
                return program in ORCHESTRATORS or program in _REMOTE or program == program_of(session.opener)
            case SessionKind.SSH:
                return program in {"scp", "sftp"} or (program == "ssh" and program == program_of(session.opener))
            case SessionKind.SHELL:
                return False
