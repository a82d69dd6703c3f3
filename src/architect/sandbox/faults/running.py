"""Putting faults in and taking them out: each is a child of the supervisor that tells when it has taken hold."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from architect.kernel.errors import UsageError
from architect.sandbox.faults.catalog import Fault, find_fault, read_options
from architect.sandbox.processes import start
from architect.sandbox.world import SandboxError, World


@dataclass(slots=True, kw_only=True)
class FaultBench:
    """The faults that are in a world now."""

    world: World
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def put_in(self, name: str, options: Mapping[str, str]) -> Mapping[str, Any]:
        """Put a fault in and return what it did, once it has taken hold."""
        fault = find_fault(name)
        if name in self.running and self.running[name].poll() is None:
            raise UsageError(f"the fault {name} is in the world already", hint="clear it first")
        process = self._start(fault, read_options(fault, options))
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line:
            process.wait()
            raise SandboxError(f"the fault {name} did not take hold", hint=f"see {self.world.folder}/logs/{name}.log")
        self.running[name] = process
        facts: dict[str, Any] = json.loads(line)
        return facts

    def take_out(self, name: str) -> Mapping[str, Any]:
        """End the process that keeps a fault up."""
        find_fault(name)
        process = self.running.pop(name, None)
        if process is None:
            return {"cleared": False}
        process.kill()
        process.wait()
        return {"cleared": True}

    def _start(self, fault: Fault, options: Mapping[str, float]) -> subprocess.Popen[bytes]:
        world = self.world
        role = world.deployment.service_role
        facts = {"url": world.database_url(role), "password_file": str(world.passwords(role)), **options}
        argv = [sys.executable, "-m", fault.module, json.dumps(facts)]
        log = world.folder / "logs" / f"{fault.name}.log"
        return start(argv, log=log, stdout=subprocess.PIPE)
