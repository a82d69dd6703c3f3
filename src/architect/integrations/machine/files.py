"""Files that a document shows, written into the run's own scratch folder."""

from __future__ import annotations

import os

from architect.runs.events import Outcome
from architect.runs.ports import ActionOutcome, ActionRequest, NativeRunner, OutputSink, Stop, Stream


class FileRunner(NativeRunner):
    """Runs FILE actions: the text becomes a file below `scratch/`, through no link."""

    def start(self, request: ActionRequest, sink: OutputSink, stop: Stop) -> ActionOutcome:
        """Write the file and say how large it is."""
        del stop
        scratch = (request.folder / "scratch").resolve()
        scratch.mkdir(mode=0o700, exist_ok=True)
        path = scratch / (request.action.file_name or "")
        if not path.parent.resolve().is_relative_to(scratch) or path == scratch:
            return ActionOutcome(outcome=Outcome.NOT_STARTED, reason="the file would lie outside the run's own folder")
        data = request.action.executed.encode("utf-8", "surrogateescape")
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
            with open(os.open(path, flags, 0o600), "wb") as file:
                file.write(data)
        except OSError as error:
            return ActionOutcome(outcome=Outcome.FAILED, reason=f"{request.action.file_name}: {error.strerror}")
        sink.write(Stream.STDOUT, f"{request.action.file_name}: {len(data)} bytes\n".encode())
        return ActionOutcome(outcome=Outcome.SUCCEEDED)
