"""A run reaches nothing but its sandbox: each test tries a way out, with the walls of the kernel and without."""

from __future__ import annotations

import os
import socket
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from inside import Inside

REFUSED = 126


class Recorder(socketserver.StreamRequestHandler):
    """Remembers that somebody came."""

    def handle(self) -> None:
        """Note the visit and answer like a cache that says yes."""
        self.server.visits.append(self.rfile.readline())  # type: ignore[attr-defined]
        self.wfile.write(b"+PONG\r\n")


@contextmanager
def host_server(port: int = 0) -> Iterator[tuple[int, list[bytes]]]:
    """Serve on a loopback port of the host, outside the sandbox."""
    with socketserver.ThreadingTCPServer(("127.0.0.1", port), Recorder) as server:
        visits: list[bytes] = []
        server.visits = visits  # type: ignore[attr-defined]
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1], visits
        server.shutdown()


def need_walls(inside: Inside) -> None:
    """Skip where the kernel offers no namespaces."""
    if inside.world.walls.holder is None:
        pytest.skip(inside.world.walls.reason)


@contextmanager
def host_redis() -> Iterator[list[bytes]]:
    """Serve on the port where a bare redis-cli looks."""
    try:
        with host_server(6379) as (_, visits):
            yield visits
    except OSError:
        pytest.skip("something else listens on 6379 here")


def test_a_bare_redis_cli_means_the_sandbox_even_with_a_server_on_6379_of_the_host(sandbox: Inside) -> None:
    with host_redis() as visits, sandbox.cache() as cache:
        for done in (sandbox.run("redis-cli DBSIZE"), sandbox.run_without_walls("redis-cli DBSIZE")):
            assert int(done.stdout) == cache.dbsize() > 0
        assert visits == []


def test_behind_the_walls_port_6379_itself_is_the_sandboxs(sandbox: Inside) -> None:
    need_walls(sandbox)
    with host_redis() as visits:
        done = sandbox.run(
            "exec 3<>/dev/tcp/127.0.0.1/6379; printf 'DBSIZE\\r\\n' >&3; read -r answer <&3; echo $answer"
        )
        assert done.stdout.startswith(":2")
        assert visits == []


@pytest.mark.parametrize("words", ["-h cache.invalid PING", "-p 1 PING", "-u redis://cache.invalid PING", "-s /x PING"])
def test_redis_cli_refuses_another_server(sandbox: Inside, words: str) -> None:
    for done in (sandbox.run(f"redis-cli {words}"), sandbox.run_without_walls(f"redis-cli {words}")):
        assert done.returncode == REFUSED
        assert "refused" in done.stderr


@pytest.mark.parametrize("words", ["-h localhost", "-p 6379", "-u redis://127.0.0.1:6379/0", "-n 0", "-h redis -e"])
def test_redis_cli_takes_the_sandboxs_own_addresses(sandbox: Inside, words: str) -> None:
    assert sandbox.run(f"redis-cli {words} PING").stdout == "PONG\n"


def test_redis_cli_passes_arguments_on_unharmed(sandbox: Inside) -> None:
    value = "a 'b' \"c\" $(d) *"
    done = sandbox.run(
        'redis-cli SET "own:key" "$VALUE" >/dev/null; redis-cli GET own:key; redis-cli DEL own:key', VALUE=value
    )
    assert done.stdout.splitlines()[0] == value


def test_curl_reaches_no_other_loopback_port(sandbox: Inside) -> None:
    with host_server() as (port, visits):
        for done in (
            sandbox.run(f"curl -sS http://127.0.0.1:{port}/"),
            sandbox.run_without_walls(f"curl -sS http://localhost:{port}/"),
        ):
            assert "not part of the sandbox" in done.stdout
        assert visits == []


@pytest.mark.parametrize("address", ["http://outside.invalid/", "http://169.254.169.254/latest/", "http://[::1]:22/"])
def test_curl_reaches_nothing_outside(sandbox: Inside, address: str) -> None:
    for done in (sandbox.run(f"curl -sS -g {address}"), sandbox.run_without_walls(f"curl -sS -g {address}")):
        assert "not part of the sandbox" in done.stdout


def test_curl_gets_no_tunnel_to_the_outside(sandbox: Inside) -> None:
    done = sandbox.run_without_walls("curl -sS https://outside.invalid/")
    assert done.returncode == 56
    assert "403" in done.stderr


def test_names_of_the_sandbox_answer_over_tls_with_its_own_authority(sandbox: Inside) -> None:
    for done in (
        sandbox.run("curl -fsS https://api.example.com/health"),
        sandbox.run_without_walls("curl -fsS https://api.example.com/health"),
    ):
        assert '"status":"ok"' in done.stdout


@pytest.mark.parametrize(
    "way",
    [
        "exec 3<>/dev/tcp/127.0.0.1/{port} && echo PING >&3",
        "curl -sS --noproxy '*' http://127.0.0.1:{port}/",
        "env -u http_proxy -u ALL_PROXY -u all_proxy curl -sS http://127.0.0.1:{port}/",
        "/usr/bin/env -i PATH=/usr/bin:/bin curl -sS http://127.0.0.1:{port}/",
    ],
)
def test_behind_the_walls_no_trick_reaches_a_port_of_the_host(sandbox: Inside, way: str) -> None:
    need_walls(sandbox)
    with host_server() as (port, visits):
        assert sandbox.run(way.format(port=port)).returncode != 0
        assert visits == []


def test_behind_the_walls_no_abstract_socket_of_the_host_is_seen(sandbox: Inside) -> None:
    need_walls(sandbox)
    done = sandbox.run("cat /proc/net/unix /proc/net/tcp | wc -l")
    assert int(done.stdout) < 30


def test_home_is_a_scratch_folder(sandbox: Inside, tmp_path: Path) -> None:
    precious = Path.home() / f".architect-test-{os.getpid()}"
    precious.write_text("precious", encoding="utf-8")
    try:
        for done in (sandbox.run('echo "$HOME"; ls -a ~'), sandbox.run_without_walls('echo "$HOME"; ls -a ~')):
            assert done.stdout.splitlines()[0] == str(sandbox.world.home)
            assert precious.name not in done.stdout
        sandbox.run("touch ~/mine && rm -f ~/mine ~/.architect-test-*")
        assert precious.read_text(encoding="utf-8") == "precious"
    finally:
        precious.unlink()


def test_behind_the_walls_rm_in_the_real_home_fails(sandbox: Inside) -> None:
    need_walls(sandbox)
    precious = Path.home() / f".architect-test-{os.getpid()}"
    precious.write_text("precious", encoding="utf-8")
    try:
        done = sandbox.run('rm -rf "$TARGET"', TARGET=str(precious))
        is_hidden = Path.home().is_relative_to("/tmp")  # behind the walls another folder lies there
        assert is_hidden or "Read-only" in done.stderr
        assert precious.read_text(encoding="utf-8") == "precious"
    finally:
        precious.unlink()


def test_behind_the_walls_a_file_in_tmp_never_reaches_the_host(sandbox: Inside) -> None:
    need_walls(sandbox)
    name = f"/tmp/architect-test-{os.getpid()}"
    assert sandbox.run(f"echo hidden > {name} && cat {name}; rm {name}").stdout == "hidden\n"
    assert not Path(name).exists()


def test_behind_the_walls_the_walls_cannot_be_taken_down(sandbox: Inside) -> None:
    need_walls(sandbox)
    done = sandbox.run("/bin/mount -o remount,bind,rw / || /bin/umount -l / || /usr/bin/nsenter -t 1 -n -m /bin/true")
    assert done.returncode != 0


@pytest.mark.parametrize("tool", ["docker", "ssh", "kubectl", "systemctl", "sudo", "ps", "git", "helm"])
def test_systems_that_the_sandbox_lacks_are_refused(sandbox: Inside, tool: str) -> None:
    for done in (sandbox.run(f"{tool} version"), sandbox.run_without_walls(f"{tool} version")):
        assert done.returncode == REFUSED
        assert f"{tool} reaches what the sandbox does not have" in done.stderr


def test_a_kubeconfig_of_the_host_is_not_seen(sandbox: Inside) -> None:
    done = sandbox.run('grep -c kubernetes.sandbox.invalid "$KUBECONFIG"; ls ~/.kube')
    assert done.stdout == "1\n"
    assert Path(sandbox.environment["KUBECONFIG"]).is_relative_to(sandbox.world.folder)


def test_nothing_of_the_callers_environment_passes(sandbox: Inside, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALLERS_TOKEN", "xyzzy")
    assert "CALLERS_TOKEN" not in sandbox.run("env").stdout
    assert sandbox.profile.passes == ()


def test_no_password_is_in_the_environment_or_in_an_argument(sandbox: Inside) -> None:
    passwords = [
        line.rpartition(":")[2]
        for role in ("operator", "service", "postgres", "replicator")
        for line in sandbox.world.passwords(role).read_text(encoding="utf-8").splitlines()
    ]
    assert len(passwords) == 4
    text = " ".join(sandbox.environment.values()) + (sandbox.state / "sandbox" / "sandbox.json").read_text(
        encoding="utf-8"
    )
    for process in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            text += process.read_bytes().decode(errors="replace")
        except OSError:
            continue
    assert not any(password in text for password in passwords)


def test_a_server_that_is_gone_is_a_bad_gateway(own_sandbox: Inside) -> None:
    own_sandbox.run("redis-cli SHUTDOWN NOSAVE")
    done = own_sandbox.run("curl -s -o /dev/null -w '%{http_code}' \"$SERVICE_URL/health\"")
    assert done.stdout == "503"
    with socket.socket() as client:
        assert client.connect_ex(("127.0.0.1", own_sandbox.world.ports.cache)) != 0
