"""Runs shell actions: prepares everything, waits for the word to go, streams, bounds, and reads the end."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import secrets
import select
import shutil
import stat
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from architect.integrations.shell.carried import ShellState, read_report
from architect.integrations.shell.guarding import GuardLostError, GuardProcess, boot_id, host_name
from architect.integrations.shell.script import (
    DUMP_FD,
    GO_FD,
    SCRIPT_FD,
    TEXT_FD,
    WAITING,
    SecretPipes,
    Setting,
    action_text,
    script_text,
    secret_names,
)
from architect.integrations.shell.statuses import read_statuses
from architect.integrations.shell.survivors import STEP_VARIABLE
from architect.integrations.shell.tools import ToolMissingError
from architect.kernel.errors import OutsideError
from architect.runs.context import SECRETS_FILE
from architect.runs.events import Outcome, ProcessMark
from architect.runs.getting import how_to_get
from architect.runs.ports import ActionOutcome, ActionRequest, OutputSink, Stream
from architect.runs.values import environment as slot_environment
from architect.runs.values import is_reserved

PIPE_BYTES = 1 << 20
STATE_FILE = "state"
WAITING_SHELLS = 2
"""How many shells are kept ready: starting one takes about as long as recording a short step."""
_DROPPED = re.compile(r"BASH_ENV|BASH_FUNC_.*|BASHOPTS|SHELLOPTS|PS4|PROMPT_COMMAND|CDPATH|GLOBIGNORE", re.DOTALL)
"""Variables by which an environment would change what a script means."""


class ShellRunner:
    """Carries shell actions out under one guard process, one at a time; for one worker thread.

    While an action is recorded, the bash of the next ones already starts, so that a step costs little more than bash.
    """

    def __init__(self, *, bash: str = "") -> None:
        self._bash = bash or shutil.which("bash") or "/bin/bash"
        self._guard: GuardProcess | None = None
        self._waiting: deque[_Waiting] = deque()
        self._boot, self._host = boot_id(), host_name()

    def prepare(self, request: ActionRequest) -> ShellAction:
        """Make the action ready; bash is up and waits for the word to go.

        Raises ToolMissingError when a tool is gone from where it was when the plan was made, OutsideError when the
        shell cannot be started, RefusedError when a value may not go where it stands.
        """
        _require_tools(request)
        carrier = Carrier.of(request.folder, _environment(request))
        told = _secret_pipes(request)
        guard, (waiting, pid, started) = self._running_guard(), self._take()
        waiting.pipes.write(request, carrier, told)
        mark = ProcessMark(
            pid=pid, started=started, host=self._host, boot=self._boot, guard=guard.pid, cookie=waiting.cookie
        )
        return ShellAction(
            request, guard=guard, pipes=waiting.pipes, mark=mark, told=told, carrier=carrier, when_ended=self._warm_up
        )

    def close(self) -> None:
        """End the guard with whatever it still has."""
        while self._waiting:
            self._waiting.popleft().pipes.close()
        if self._guard is not None:
            self._guard.close()
            self._guard = None

    def _running_guard(self) -> GuardProcess:
        if self._guard is not None and self._guard.is_gone:
            self.close()
        if self._guard is None:
            self._guard = GuardProcess()
        return self._guard

    def _take(self) -> tuple[_Waiting, int, int]:
        """Return a waiting bash, with its number and start time."""
        if not self._waiting:
            self._ask_for_shell()
        waiting = self._waiting.popleft()
        try:
            pid, started = self._running_guard().spawned()
        except OutsideError:
            waiting.pipes.close()
            raise
        return waiting, pid, started

    def _warm_up(self) -> None:
        """Let the next shells start; a guard that is gone is noticed by whoever needs one."""
        with contextlib.suppress(GuardLostError):
            while len(self._waiting) < WAITING_SHELLS:
                self._ask_for_shell()

    def _ask_for_shell(self) -> None:
        pipes = _Pipes.open()
        cookie = secrets.token_hex(16)
        argv = [self._bash, "--noprofile", "--norc", "-c", WAITING, "architect"]
        try:
            self._running_guard().spawn(argv, environment={STEP_VARIABLE: cookie}, fds=pipes.theirs)
        except GuardLostError:
            pipes.close()
            raise
        finally:
            pipes.close_theirs()
        self._waiting.append(_Waiting(pipes=pipes, cookie=cookie))


@dataclass(frozen=True, slots=True, kw_only=True)
class Carrier:
    """Where a run's shell state lies: `state` and `secrets` in the run's folder, `scratch/` to work in."""

    folder: Path
    given: Mapping[str, str]
    before: str | None = None

    @classmethod
    def of(cls, folder: Path, given: Mapping[str, str]) -> Carrier:
        """Return the carrier of a run's folder, with the state that the action before left."""
        scratch = folder / "scratch"
        if not scratch.is_dir():
            scratch.mkdir(mode=0o700)
        state = folder / STATE_FILE
        before = state.read_text(errors="surrogateescape") if state.exists() else None
        return cls(folder=folder, given=given, before=before)

    @property
    def state(self) -> Path:
        """Shell text that restores what the actions before left behind."""
        return self.folder / STATE_FILE

    @property
    def scratch(self) -> Path:
        """The run's own working directory."""
        return self.folder / "scratch"

    def keep(self, state: ShellState) -> None:
        """Replace the carried state, whole or not at all."""
        if state.restore == self.before:
            return
        new = self.folder / "state.new"
        write_private(new, state.restore)
        new.replace(self.state)
        if state.secrets:
            write_private(self.folder / SECRETS_FILE, "\0".join(state.secrets))


@dataclass(slots=True, kw_only=True)
class _Pipes:
    """Our ends of an action's pipes and its files in memory, and what the child gets, by the child's own numbers."""

    out: int
    err: int
    go: int
    wake: int
    waker: int
    script: int
    text: int
    dump: int
    theirs: dict[int, int]
    ours: set[int] = field(default_factory=set)

    @classmethod
    def open(cls) -> _Pipes:
        out, their_out = os.pipe()
        err, their_err = os.pipe()
        their_go, go = os.pipe()
        wake, waker = os.pipe()
        script, text, dump = (os.memfd_create(name) for name in ("script", "action", "report"))
        with contextlib.suppress(OSError):
            fcntl.fcntl(out, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
        return cls(
            out=out,
            err=err,
            go=go,
            wake=wake,
            waker=waker,
            script=script,
            text=text,
            dump=dump,
            theirs={SCRIPT_FD: script, TEXT_FD: text, DUMP_FD: dump, 1: their_out, 2: their_err, GO_FD: their_go},
            ours={out, err, go, wake, waker, script, text, dump},
        )

    def write(self, request: ActionRequest, carrier: Carrier, told: SecretPipes | None) -> None:
        """Write what the waiting bash will run."""
        action = request.action
        setting = Setting(
            directory=carrier.scratch,
            environment={name: value for name, value in carrier.given.items() if name.isidentifier()},
            state=carrier.state if carrier.before is not None else None,
            tools=action.tools,
            told=secret_names(action.executed) if told else (),
        )
        _write_all(self.text, action_text(action.executed))
        _write_all(self.script, script_text(setting, told))

    def close_theirs(self) -> None:
        for fd in set(self.theirs.values()) - self.ours:
            os.close(fd)

    def close_one(self, fd: int) -> None:
        if fd in self.ours:
            self.ours.discard(fd)
            os.close(fd)

    def close(self) -> None:
        for fd in tuple(self.ours):
            self.close_one(fd)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Waiting:
    """A bash that has been asked for and belongs to no action yet."""

    pipes: _Pipes
    cookie: str


class ShellAction:
    """One prepared shell action."""

    def __init__(
        self,
        request: ActionRequest,
        *,
        guard: GuardProcess,
        pipes: _Pipes,
        mark: ProcessMark,
        told: SecretPipes | None,
        carrier: Carrier,
        when_ended: Callable[[], None],
    ) -> None:
        self._request = request
        self._guard = guard
        self._pipes = pipes
        self._mark = mark
        self._secret_pipes = told
        self._carrier = carrier
        self._when_ended = when_ended
        self._is_late = False
        self._is_stopped = False
        self._told: dict[int, bytes] = {}
        self._heard = -1
        self._ended: dict[str, int] | None = None
        self._dumped = ""

    @property
    def process(self) -> ProcessMark | None:
        """The bash that waits for the word to go."""
        return self._mark

    def stop(self) -> None:
        """Ask the action to end; safe in a signal handler."""
        self._is_stopped = True
        self._poke(b"s")

    def kill(self) -> None:
        """Kill the action and all its descendants."""
        self._is_stopped = True
        self._poke(b"k")

    def discard(self) -> None:
        """Drop it: bash ends when the pipe of the word to go is closed."""
        self._pipes.close()

    def run(self, sink: OutputSink) -> ActionOutcome:
        """Let it go, stream its output into the sink, and return how it ended."""
        try:
            self._guard.begin(self._mark.pid)
            with contextlib.suppress(BrokenPipeError):
                os.write(self._pipes.go, b"go\n")
            self._stream(sink)
            self._dumped = _read_all(self._pipes.dump)
        except BaseException:
            self._guard.kill()
            self._await_end()
            raise
        finally:
            self._pipes.close()
        self._when_ended()
        return self._outcome(sink)

    def _poke(self, command: bytes) -> None:
        if self._pipes.waker in self._pipes.ours:
            os.write(self._pipes.waker, command)

    def _stream(self, sink: OutputSink) -> None:
        pipes = self._pipes
        deadline = time.monotonic() + self._request.action.limits.timeout_s
        poller = select.poll()
        open_outputs = {pipes.out: Stream.STDOUT, pipes.err: Stream.STDERR}
        told = self._open_told()
        for fd in (*open_outputs, pipes.wake, self._guard.fileno(), *told):
            poller.register(fd, select.POLLIN)
        while open_outputs or self._ended is None:
            ready = poller.poll(self._pause_ms(deadline))
            for fd, _ in ready:
                if fd in told:
                    self._hear(fd, sink)
            for fd, _ in ready:
                if fd in open_outputs and not self._read(fd, open_outputs[fd], sink):
                    poller.unregister(fd)
                    del open_outputs[fd]
                elif fd == pipes.wake:
                    self._obey()
                elif fd == self._guard.fileno():
                    self._guard.listen()
                    self._ended = self._guard.ended() or self._ended
            if not self._is_late and time.monotonic() >= deadline:
                self._is_late = True
                self._guard.stop()

    def _pause_ms(self, deadline: float) -> float | None:
        return None if self._is_late else max(0.0, deadline - time.monotonic()) * 1000

    def _read(self, fd: int, stream: Stream, sink: OutputSink) -> bool:
        data = os.read(fd, PIPE_BYTES)
        if data:
            sink.write(stream, data)
        return bool(data)

    def _obey(self) -> None:
        if b"k" in os.read(self._pipes.wake, 16):
            self._guard.kill()
        else:
            self._guard.stop()

    def _open_told(self) -> tuple[int, ...]:
        if self._secret_pipes is None:
            return ()
        told = os.open(self._secret_pipes.told, os.O_RDWR | os.O_CLOEXEC)
        heard = os.open(self._secret_pipes.heard, os.O_RDWR | os.O_CLOEXEC)
        self._pipes.ours |= {told, heard}
        self._told[told] = b""
        self._heard = heard
        return (told,)

    def _hear(self, fd: int, sink: OutputSink) -> None:
        *values, self._told[fd] = (self._told[fd] + os.read(fd, 1 << 16)).split(b"\0")
        for value in values:
            sink.add_secret(value.decode(errors="surrogateescape"))
            os.write(self._heard, b"\n")

    def _await_end(self) -> None:
        with contextlib.suppress(GuardLostError):
            while (ended := self._guard.ended()) is None:
                self._guard.listen()
            self._ended = ended

    def _outcome(self, sink: OutputSink) -> ActionOutcome:
        if self._ended is None:
            raise GuardLostError("the guard ended before the action did")
        status, pipe = self._report(self._ended["status"], sink)
        reading = read_statuses(status, pipe, self._request.action.commands)
        outcome, reason = reading.outcome, reading.reason
        limits = self._request.action.limits
        if self._is_late:
            outcome = Outcome.BOUNDED if limits.never_ends else Outcome.TIMED_OUT
            reason = f"stopped after {limits.timeout_s:g} s"
        elif self._is_stopped:
            outcome, reason = Outcome.STOPPED, "stopped by a person"
        count = self._ended["leftovers"]
        return ActionOutcome(
            outcome=outcome,
            exit_status=status,
            pipe_status=pipe,
            signal=status - 128 if status > 128 else None,
            reason=reason,
            leftovers=count,
            notes=(f"{count} processes were still running when the action ended, and were ended",) if count else (),
        )

    def _report(self, wait_status: int, sink: OutputSink) -> tuple[int, tuple[int, ...]]:
        """Keep what the shell carries on, and return its status and those of its last pipeline."""
        code = os.waitstatus_to_exitcode(wait_status)
        status = 128 - code if code < 0 else code
        report = read_report(self._dumped, given=self._carrier.given)
        if report is None:
            return status, ()
        if report.state is not None:
            self._carrier.keep(report.state)
            for secret in report.state.secrets:
                sink.add_secret(secret)
        return status, report.pipe if report.status == status else ()


def write_private(path: Path, text: str) -> None:
    """Write a file that only this user can read."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, stat.S_IRUSR | stat.S_IWUSR)
    with open(descriptor, "w", errors="surrogateescape") as file:
        file.write(text)


def _environment(request: ActionRequest) -> dict[str, str]:
    """Return what bash gets: the profile's allow-listed variables, then the values by their own names and markers."""
    named = {name: value for name, value in request.values.items() if name.isidentifier() and not is_reserved(name)}
    given = {**request.environment, **named, **slot_environment(request.action.slots, request.values)}
    return {name: value for name, value in given.items() if not _DROPPED.fullmatch(name)}


def _require_tools(request: ActionRequest) -> None:
    for tool in request.action.tools:
        if not os.access(tool.path, os.X_OK):
            raise ToolMissingError(f"{tool.name} is not installed at {tool.path}", hint=how_to_get(tool.name))


def _secret_pipes(request: ActionRequest) -> SecretPipes | None:
    """Make the pipes by which an action tells secrets, where it sets any."""
    if not secret_names(request.action.executed):
        return None
    key = request.key
    pipes = SecretPipes(folder=request.folder / "steps" / f"{key.action}-{key.attempt}")
    for folder in (pipes.folder.parent, pipes.folder):
        folder.mkdir(mode=0o700, exist_ok=True)
    for path in (pipes.told, pipes.heard):
        path.unlink(missing_ok=True)
        os.mkfifo(path, 0o600)
    return pipes


def _write_all(descriptor: int, text: str) -> None:
    data = memoryview(text.encode("utf-8", "surrogateescape"))
    while data:
        data = data[os.write(descriptor, data) :]


def _read_all(descriptor: int) -> str:
    size = os.fstat(descriptor).st_size
    return os.pread(descriptor, size, 0).decode("utf-8", "surrogateescape")
