"""The supervisor: brings the servers up, takes orders on a socket, and takes everything down with itself.

Started by the guard. It tells on standard output, one JSON object a line, how far it is.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from architect.kernel.errors import ArchitectError
from architect.sandbox import postgres, servers
from architect.sandbox.deployment import Deployment, read_deployment
from architect.sandbox.environment import write_files
from architect.sandbox.faults.running import FaultBench
from architect.sandbox.gateway.starting import start_gateway
from architect.sandbox.orders import open_door, serve_orders
from architect.sandbox.processes import ServerUser, free_server_user, identify
from architect.sandbox.programs import postgres_programs, valkey_server
from architect.sandbox.toolbox import fill_toolbox
from architect.sandbox.world import FORMAT, Ports, Walls, World, free_ports, remove_traces, write_world

STOPPED = 143


@dataclass(slots=True, kw_only=True)
class Build:
    """A world that is being brought up."""

    folder: Path
    deployment: Deployment
    ports: Ports
    user: ServerUser | None
    started_at: float = field(default_factory=time.monotonic)
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def log(self, name: str) -> Path:
        """Return where a server's output goes."""
        return self.folder / "logs" / f"{name}.log"

    def room(self, name: str) -> Path:
        """Make a folder for a server, its user's own."""
        folder = self.folder / name
        folder.mkdir(mode=0o700)
        if self.user is not None:
            os.chown(folder, self.user.uid, self.user.gid)
        return folder

    def describe(self, walls: Walls, *, system_identifier: str) -> World:
        """Return the description of the world."""
        return World(
            format=FORMAT,
            folder=self.folder,
            guard=identify(os.getppid()),
            ports=self.ports,
            deployment=self.deployment,
            walls=walls,
            database_identity=f"{system_identifier}/{self.deployment.database}",
            started_s=round(time.monotonic() - self.started_at, 2),
        )


def main() -> None:
    """Bring the world up, serve orders until told to stop."""
    parser = argparse.ArgumentParser(prog="architect.sandbox.supervisor")
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--description", type=Path, required=True)
    parser.add_argument("--writable", type=Path, action="append", default=[])
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, _stop)
    build = Build(folder=arguments.folder, deployment=read_deployment(), ports=free_ports(), user=free_server_user())
    try:
        world = bring_up(build, writable=arguments.writable)
        write_world(world, arguments.description)
        with open_door(world) as door:
            _tell(ready=str(arguments.description))
            serve_orders(door, FaultBench(world=world))
    except ArchitectError as error:
        _tell(failed=error.message, hint=error.hint)
        sys.exit(1)
    finally:
        _take_down(build)
        remove_traces(arguments.folder, arguments.description)


def bring_up(build: Build, *, writable: list[Path]) -> World:
    """Start all servers, those that take long first, and return the world that they make."""
    for name in ("logs", "home", "control"):
        (build.folder / name).mkdir(mode=0o700)
    ports, processes = build.ports, build.processes
    copies = build.folder / "programs"
    cluster = _cluster(build, copies)
    processes["aws"] = servers.start_aws(port=ports.aws, log=build.log("aws"))
    cache_program = valkey_server(build.user, copies)
    processes["cache"] = servers.start_cache(
        cache_program, port=ports.cache, folder=build.room("cache"), user=build.user, log=build.log("cache")
    )
    _tell(starting="primary")
    processes["primary"] = postgres.start_primary(cluster, log=build.log("primary"))
    identifier = postgres.system_identifier(cluster)
    draft = build.describe(Walls(), system_identifier=identifier)
    processes["service"] = servers.start_service(draft, log=build.log("service"))
    processes["gateway"], walls = start_gateway(draft, writable=writable, log=build.log("gateway"))
    _tell(starting="replica")
    processes["replica"] = postgres.start_replica(cluster, log=build.log("replica"))
    _await_the_rest(build)
    world = build.describe(walls, system_identifier=identifier)
    fill_toolbox(world, cluster.programs)
    write_files(world)
    return world


def _cluster(build: Build, copies: Path) -> postgres.Cluster:
    passwords = postgres.new_passwords(build.deployment)
    postgres.write_password_files(passwords, build.folder / "passwords")
    return postgres.Cluster(
        programs=postgres_programs(build.user, copies),
        folder=build.room("postgres"),
        user=build.user,
        deployment=build.deployment,
        passwords=passwords,
        primary_port=build.ports.primary,
        replica_port=build.ports.replica,
    )


def _await_the_rest(build: Build) -> None:
    ports = servers.addresses(build.ports)
    for name in ("cache", "aws", "service"):
        _tell(starting=name)
        servers.wait_until_listening(build.processes[name], ports[name], what=f"the {name}", log=build.log(name))
    servers.fill_cache(build.ports.cache, build.deployment.cached_keys)
    servers.make_bucket(build.ports.aws, build.deployment.bucket)


def _take_down(build: Build) -> None:
    """End the servers; the data goes with the folder, so nothing needs to be saved."""
    for name, process in build.processes.items():
        process.send_signal(signal.SIGQUIT if name in ("primary", "replica") else signal.SIGKILL)
    for process in build.processes.values():
        process.wait(timeout=10)


def _stop(number: int, frame: FrameType | None) -> None:
    del number, frame
    sys.exit(STOPPED)


def _tell(**facts: str) -> None:
    """Print one line; nobody may be listening any more."""
    try:
        print(json.dumps(facts), flush=True)  # noqa: T201
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    main()
