"""PostgreSQL: a primary with the service's data, and a replica that streams from it."""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import signal
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from architect.sandbox.deployment import Deployment
from architect.sandbox.processes import ServerUser, known_server_user, run_as, start
from architect.sandbox.waiting import wait_for
from architect.sandbox.world import LOOPBACK, SandboxError

ADMINISTRATOR = "postgres"
SLOT = "replica"

# The data of a rehearsal need not survive the machine: no fsync, so that it is up in a second.
_SETTINGS: Mapping[str, str] = {
    "listen_addresses": LOOPBACK,
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "shared_preload_libraries": "pg_stat_statements",
    "superuser_reserved_connections": "3",
    "wal_level": "replica",
    "wal_receiver_status_interval": "1s",
    "log_min_messages": "warning",
    "timezone": "UTC",
    # In the data folder, which goes with the world, instead of /dev/shm, where it would outlive a kill.
    "dynamic_shared_memory_type": "mmap",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """Where the two servers live, and as whom they run."""

    programs: Path
    folder: Path
    user: ServerUser | None
    deployment: Deployment
    passwords: Mapping[str, str]
    primary_port: int
    replica_port: int

    def data(self, name: str) -> Path:
        """Return the data folder of `primary` or `replica`."""
        return self.folder / name


def new_passwords(deployment: Deployment) -> dict[str, str]:
    """Return fresh passwords for every role."""
    roles = (ADMINISTRATOR, deployment.service_role, deployment.operator_role, deployment.replication_role)
    return {role: secrets.token_urlsafe(18) for role in roles}


def write_password_files(passwords: Mapping[str, str], folder: Path) -> None:
    """Write one password file for each role, for the loopback address, any port and database."""
    folder.mkdir(mode=0o700)
    for role, password in passwords.items():
        place = folder / f"{role}.pgpass"
        place.touch(mode=0o600)
        place.write_text(f"{LOOPBACK}:*:*:{role}:{password}\n", encoding="utf-8")


def start_primary(cluster: Cluster, *, log: Path) -> subprocess.Popen[bytes]:
    """Make a new cluster, start it, and fill it with roles and data."""
    _initialise(cluster)
    process = _start_server(cluster, "primary", cluster.primary_port, log)
    wait_for(lambda: _is_ready(cluster, cluster.primary_port), process, what="the primary", log=log)
    _fill(cluster)
    return process


def start_replica(cluster: Cluster, *, log: Path) -> subprocess.Popen[bytes]:
    """Copy the primary while it runs, and stream from it."""
    replica = cluster.data("replica")
    replica.mkdir(mode=0o700)
    _give(replica, cluster.user)
    role = cluster.deployment.replication_role
    password = cluster.passwords[role]
    source = f"host={LOOPBACK} port={cluster.primary_port} user={role} password={password} application_name={SLOT}"
    options = ["-X", "stream", "-R", "-c", "fast", "--no-sync", "-C", "-S", SLOT]
    _run([cluster.programs / "pg_basebackup", "-d", source, "-D", replica, *options], user=cluster.user)
    process = _start_server(cluster, "replica", cluster.replica_port, log)
    wait_for(lambda: _is_ready(cluster, cluster.replica_port), process, what="the replica", log=log)
    return process


def system_identifier(cluster: Cluster) -> str:
    """Return the number that tells this cluster from every other one."""
    return _psql(cluster, "SELECT system_identifier FROM pg_control_system();").strip()


def require_known_user(uid: int) -> None:
    """Raise SandboxError for a user without an entry in the user database, as in some containers: initdb wants one."""
    try:
        pwd.getpwuid(uid)
    except KeyError as error:
        raise SandboxError(
            f"the user {uid} has no entry in /etc/passwd, and PostgreSQL starts for nobody without one",
            hint="run as a user who has one, or add it",
        ) from error


def _initialise(cluster: Cluster) -> None:
    """Run initdb, which wants a user with an entry in the user database, then hand the folder to the servers' user."""
    data = cluster.data("primary")
    maker = known_server_user()
    if maker is None:
        require_known_user(os.geteuid())
    password_file = cluster.folder / "initial-password"
    password_file.touch(mode=0o600)
    password_file.write_text(cluster.passwords[ADMINISTRATOR], encoding="utf-8")
    data.mkdir(mode=0o700)
    for path in (cluster.folder, password_file, data):
        _give(path, maker)
    options = ["-U", ADMINISTRATOR, "-A", "scram-sha-256", "-E", "UTF8", "--locale=C", "-N", "--no-instructions"]
    _run([cluster.programs / "initdb", "-D", data, f"--pwfile={password_file}", *options], user=maker)
    password_file.unlink()
    for path in (cluster.folder, data, *data.rglob("*")):
        _give(path, cluster.user)


def _start_server(cluster: Cluster, name: str, port: int, log: Path) -> subprocess.Popen[bytes]:
    own = {
        "port": str(port),
        "unix_socket_directories": str(cluster.folder),
        "max_connections": str(cluster.deployment.max_connections),
        "reserved_connections": str(cluster.deployment.reserved_connections),
        "cluster_name": name,
    }
    settings = [f"--{key}={value}" for key, value in {**_SETTINGS, **own}.items()]
    argv: list[str | Path] = [cluster.programs / "postgres", "-D", cluster.data(name), *settings]
    # SIGQUIT is PostgreSQL's immediate shutdown: it ends its own children and gives its shared memory back.
    return start(argv, log=log, user=cluster.user, death=signal.SIGQUIT)


def _is_ready(cluster: Cluster, port: int) -> bool:
    argv: list[str | Path] = [cluster.programs / "pg_isready", "-q", "-h", LOOPBACK, "-p", str(port)]
    return subprocess.run(argv, check=False, stdin=subprocess.DEVNULL).returncode == 0


def _fill(cluster: Cluster) -> None:
    deployment = cluster.deployment
    variables = {
        "database": deployment.database,
        "service_role": deployment.service_role,
        "operator_role": deployment.operator_role,
        "replication_role": deployment.replication_role,
        "service_password": cluster.passwords[deployment.service_role],
        "operator_password": cluster.passwords[deployment.operator_role],
        "replication_password": cluster.passwords[deployment.replication_role],
    }
    data = files("architect.sandbox").joinpath("data")
    settings = "".join(f"\\set {name} '{value}'\n" for name, value in variables.items())
    script = settings + data.joinpath("roles.sql").read_text("utf-8") + data.joinpath("shop.sql").read_text("utf-8")
    _psql(cluster, script)


def _psql(cluster: Cluster, script: str) -> str:
    """Run a script on the primary as the administrator; return what it printed, without headings."""
    environment = {**os.environ, "PGPASSWORD": cluster.passwords[ADMINISTRATOR]}
    connection = ["-h", LOOPBACK, "-p", str(cluster.primary_port), "-U", ADMINISTRATOR, "-d", "postgres"]
    argv: list[str | Path] = [cluster.programs / "psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", *connection]
    return _run(argv, script=script, environment=environment)


def _run(
    argv: list[str | Path],
    *,
    user: ServerUser | None = None,
    script: str = "",
    environment: Mapping[str, str] | None = None,
) -> str:
    done: subprocess.CompletedProcess[str] = subprocess.run(
        [str(word) for word in argv],
        input=script,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
        cwd="/",
        env=environment,
        **run_as(user),
    )
    if done.returncode:
        tool = Path(argv[0]).name
        raise SandboxError(f"{tool} failed: {done.stderr.strip()[-500:]}")
    return done.stdout


def _give(path: Path, user: ServerUser | None) -> None:
    if user is not None:
        shutil.chown(path, user.uid, user.gid)
