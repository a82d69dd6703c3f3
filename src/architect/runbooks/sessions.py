"""Which blocks are meant for inside a session that an earlier one opened."""

from __future__ import annotations

import re
from dataclasses import replace

from architect.grammars.placeholders import mask
from architect.runbooks.blocks import psql_opener
from architect.runbooks.model import Action, ActionKind, Session, SessionKind
from architect.runbooks.programs import ORCHESTRATORS, program_of

_LEAVES = re.compile(r"\s*(?:exit|logout|quit|\\q|\^D|ctrl[+-]d)\s*;?\s*\Z", re.IGNORECASE)
_LEAVING = re.compile(
    r"\b(?:exit|leave|quit|close|log ?out(?: of| from)?|disconnect from|detach(?:ed)? from) (?:the |your |this |"
    r"that )?"
    r"(?:\w+ )?(?:pod|container|session|shell|host|server|node|console|prompt|psql|terminal|screen|machine|instance|"
    r"vm)\b",
    re.IGNORECASE,
)
_BACK_HOME = re.compile(
    r"\b(?:back on|from|on|return to) (?:your|the) (?:own )?(?:local )?(?:laptop|workstation|local machine|"
    r"local host|local terminal|own machine|computer)\b"
    r"|\b(?:back )?on your machine\b|\bin (?:a|another) (?:new |second |separate )?(?:local )?terminal\b",
    re.IGNORECASE,
)
_REMOTE = frozenset({"ssh", "scp", "rsync", "sftp", "mosh"})
_INSTALLS = re.compile(
    r"\b(?:apk add|(?:apt|apt-get|yum|dnf|microdnf|zypper|tdnf|pip3?|npm|gem) (?:-\S+ )*(?:install|i|in))\s+"
    r"(?P<names>[^;&|\n]+)"
)
_MAX_NESTED = 8
_LONGEST_OPENER = 2_000
_MAY_OPEN = re.compile(
    r"ssh|mosh|start-session|exec|rsh|debug|attach|\brun\b|\bsu\b|sudo -|chroot|\b(?:ba)?sh\b|psql|pgcli|cli\b|"
    r"mysql|mariadb|mongo|sqlite|cqlsh|client|"
    r"console|irb|iex|python|node\b|ftp|telnet|screen|tmux"
)
_SSH = re.compile(r"(?:ssh|mosh|gcloud\s+compute\s+ssh|tsh\s+ssh|aws\s+ssm\s+start-session)\b")
_SSH_OPTION_WITH_VALUE = re.compile(r"-[bcDEeFIiJLlmOopQRSWw]$")
_EXEC = re.compile(
    r"(?:kubectl|oc|k|docker|podman|docker-compose|docker compose|nerdctl|crictl)\b[^\n|;&]*?\s(?:exec|rsh|run|"
    r"debug|attach)\b[^\n|;&]*"
)
_INNER_SHELL = re.compile(r"(?:--\s*|\s)(?:/(?:usr/)?bin/)?(?:ba|z|a|da)?sh\s*(?:-[il]+)?\s*$")
_INTERACTIVE = re.compile(r"\s(?:-[a-z]*[it][a-z]*|--stdin|--tty|--interactive)(?:[\s=]|$)")
_SHELL_OPENER = re.compile(
    r"(?:sudo\s+(?:-i|-s|-u\s+\S+\s+-[is]|su\b[^\n;|&]*)|su\s+-?\s*\w*|chroot\s+\S+|bash|sh)\s*$"
)
_CLIENT = re.compile(
    r"(?:sudo\s+)?(?:mysql|mariadb|mongosh?|sqlite3|cqlsh|clickhouse-client|gitlab-rails c(?:onsole)?|"
    r"(?:bundle exec |bin/)?rails c(?:onsole)?|"
    r"rails dbconsole|irb|iex|ipython|python3?|node|sftp|ftp|telnet|screen|tmux(?: new.*)?)(?P<rest>(?:\s+[^\n|"
    r"<>;&]*)?)"
)
_CLIENT_RUNS = re.compile(r"\s(?:-e|-c|-m|--eval|--execute|--query|-q|\S+\.(?:py|js|rb|sql))(?:[\s=]|$)")
_INNER_CLIENT = re.compile(
    r"\s(?:psql|mysql|redis-cli|valkey-cli|mongosh?|cqlsh|rails c(?:onsole)?|python3?)\b(?!.*\s-(?:c|e|f)\b)"
)
_REDIS_COMMANDS_LIST = """
    auth bgrewriteaof bgsave client cluster config dbsize debug decr del echo exists expire flushall flushdb get
    hget hgetall hkeys hlen incr info keys lastsave latency llen lrange memory monitor mget object ping publish
    replicaof role scan scard select set slaveof slowlog smembers ttl type unlink wait xinfo xlen zcard zrange
    zscore
"""
_REDIS_COMMANDS = frozenset(_REDIS_COMMANDS_LIST.split())
_REDIS = re.compile(r"(?:redis-cli|valkey-cli)(?:\s+-(?:h|p|a|n|u)\s+\S+|\s+--(?:tls|askpass))*\s*$")


class Sessions:
    """Follows the actions of one runbook, in order, and says which session each is meant for.

    Documents seldom write `exit`: a command that makes sense outside only (`ssh` to the next host, `kubectl` after an
    `exec`, a shell command after `psql`) ends what was open, and so do words such as `back on your machine`. An `ssh`
    right after another one goes on from that host.
    """

    def __init__(self) -> None:
        self._open: list[Session] = []
        self._outside: set[str] = set()
        self._installed: set[str] = set()
        self._is_fresh = False
        self._connection: str | None = None

    def place(self, action: Action) -> Action:
        """Return the action with its session, and SQL with the connection it uses."""
        if action.kind is ActionKind.SQL:
            return self._place_sql(action)
        if action.kind is not ActionKind.SHELL:
            return action
        if _LEAVES.match(action.text) and self._open:
            return with_session(action, self._open.pop())
        program = program_of(action.text)
        self._end_contradicted(program)
        if self._open:
            self._installed.update(name for match in _INSTALLS.finditer(action.text) for name in match["names"].split())
        else:
            self._outside.add(program)
            self._installed.clear()
        placed = with_session(action, self._open[-1] if self._open else None)
        session = opened_session(action)
        self._is_fresh = session is not None
        if session is not None:
            self._open = [*self._open[-_MAX_NESTED:], session]
        return placed

    @property
    def kind(self) -> SessionKind | None:
        """What the innermost open session is, None outside all."""
        return self._open[-1].kind if self._open else None

    def takes(self, text: str) -> bool:
        """Say whether text that no shell would run is meant for the client that is open."""
        return self.kind is SessionKind.REDIS and program_of(text).lower() in _REDIS_COMMANDS

    def hear(self, words: str) -> None:
        """End what prose says is left: the innermost session, or all of them."""
        if self._open and _BACK_HOME.search(words):
            self._open = []
        elif self._open and _LEAVING.search(words):
            self._open.pop()

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

    def _end_contradicted(self, program: str) -> None:
        while self._open and self._contradicts(self._open[-1], program):
            self._open.pop()

    def _contradicts(self, session: Session, program: str) -> bool:
        match session.kind:
            case SessionKind.PSQL:
                return True
            case SessionKind.REDIS:
                return program.lower() not in _REDIS_COMMANDS
            case SessionKind.EXEC:
                is_remote = program in _REMOTE and program not in self._installed
                return program in ORCHESTRATORS or is_remote or program == program_of(session.opener)
            case SessionKind.SSH:
                is_from_outside = program in ORCHESTRATORS and program in self._outside
                is_next_host = program == "ssh" == program_of(session.opener) and not self._is_fresh
                return is_from_outside or is_next_host or program in {"scp", "sftp"}
            case SessionKind.SHELL:
                return False


def opened_session(action: Action) -> Session | None:
    """Return the session that an action opens for what follows, None where it ends by itself."""
    if action.kind is not ActionKind.SHELL or not _MAY_OPEN.search(action.text):
        return None
    text = action.text.strip()
    line = text.replace("\\\n", "  ").rpartition("\n")[2].strip()
    kind = _session_kind(mask(line)) if 0 < len(line) <= _LONGEST_OPENER else None
    opener = text if "\\\n" in text else text.rpartition("\n")[2].strip()
    return Session(kind=kind, opener=opener, span=action.span) if kind else None


def _session_kind(line: str) -> SessionKind | None:
    body = re.sub(r"^sudo\s+(?!-|su\b)", "", line)
    if psql_opener(line) is not None:
        return SessionKind.PSQL
    if _SSH.match(body) and _is_login(body):
        return SessionKind.SSH
    if _EXEC.match(body):
        return SessionKind.EXEC if _is_entered(body) else None
    if _SHELL_OPENER.fullmatch(line):
        return SessionKind.SHELL
    if _REDIS.fullmatch(body):
        return SessionKind.REDIS
    client = _CLIENT.fullmatch(line)
    return SessionKind.SHELL if client and not _CLIENT_RUNS.search(client["rest"]) else None


def _is_entered(line: str) -> bool:
    """Say whether an exec call opens a shell or a client inside, rather than to run one command there."""
    if re.search(r"\s(?:rsh|attach)\s", line) and " -- " not in line:
        return True
    if re.search(r"\sdebug\s", line) and " -- " not in line and "=" not in line.rpartition(" ")[2]:
        return True
    return bool(_INTERACTIVE.search(line) and (_INNER_SHELL.search(line) or _INNER_CLIENT.search(line)))


def _is_login(line: str) -> bool:
    """Say whether an ssh call names a host and no command to run there."""
    if re.search(r"[|;&<>]", line) or re.search(r"\s-[A-Za-z]*N", line):
        return False
    if not re.match(r"(?:ssh|mosh)\b", line):
        return "--command" not in line and " -- " not in line
    words = line.split()[1:]
    positional = 0
    skip = False
    for word in words:
        if skip:
            skip = False
        elif word.startswith("-"):
            skip = bool(_SSH_OPTION_WITH_VALUE.search(word)) and len(word) == 2
        else:
            positional += 1
    return positional == 1


def with_session(action: Action, session: Session | None) -> Action:
    """Return the action, meant for inside `session`; a psql session lends its connection to SQL."""
    connection = action.connection
    if session is not None and session.kind is SessionKind.PSQL and connection is None:
        connection = psql_opener(session.opener) or None
    if session is action.session and connection == action.connection:
        return action
    return replace(action, session=session, connection=connection)
