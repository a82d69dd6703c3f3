"""What a run sees of the world: its whole environment, and the profile that hands it out."""

from __future__ import annotations

from architect.runs.profiles import Profile, ProfileKind, Systems
from architect.sandbox.toolbox import entrance
from architect.sandbox.world import LOOPBACK, World

PROFILE = "sandbox"
SYSTEMS = frozenset(("postgresql", "redis", "aws", "http"))
"""The systems that the sandbox has; a command on any other one is refused when the plan is made."""

_NOWHERE = "https://kubernetes.sandbox.invalid"


def environment(world: World) -> dict[str, str]:
    """Return the complete environment of a run. It holds no password: those lie in the file PGPASSFILE names."""
    return {
        "PATH": str(world.tools),
        "HOME": str(world.home),
        "LANG": "C.UTF-8",
        "TZ": "UTC",
        "TERM": "dumb",
        **_database(world),
        **_cache(world),
        **_aws(world),
        **_web(world),
        **_nowhere(world),
    }


def profile(world: World) -> Profile:
    """Return the environment profile of a world: nothing of the caller's environment passes."""
    service = f"{LOOPBACK}:{world.ports.service}"
    named = {name: service for name, server in world.deployment.hosts.items() if server == "service"}
    reachable = [f"{host}:{port}" for port in _ports(world) for host in (LOOPBACK, "localhost")]
    return Profile(
        name=PROFILE,
        kind=ProfileKind.SANDBOX,
        environment=environment(world),
        passes=(),
        hosts={**named, **{address: address for address in reachable}},
        tools=_tools(world),
        systems=Systems(database=world.database_identity),
    )


def write_files(world: World) -> None:
    """Write the files that the environment names."""
    (world.home / "tmp").mkdir(mode=0o700, exist_ok=True)
    (world.home / "aws-config").write_text("", encoding="utf-8")
    (world.home / "aws-credentials").write_text("", encoding="utf-8")
    cluster = f"{{name: none, cluster: {{server: '{_NOWHERE}'}}}}"
    context = "{name: none, context: {cluster: none, user: none}}"
    kubeconfig = f"apiVersion: v1\nkind: Config\ncurrent-context: none\nclusters: [{cluster}]\ncontexts: [{context}]\n"
    (world.home / "kubeconfig").write_text(kubeconfig, encoding="utf-8")


def _database(world: World) -> dict[str, str]:
    role = world.deployment.operator_role
    return {
        "DATABASE_URL": world.database_url(role),
        "REPLICA_DATABASE_URL": world.database_url(role, port=world.ports.replica),
        "NEW_DATABASE_URL": world.database_url(role, database=f"{world.deployment.database}_restored"),
        "MAINTENANCE_DATABASE_URL": world.database_url(role, database="postgres"),
        "PGHOST": LOOPBACK,
        "PGPORT": str(world.ports.primary),
        "PGUSER": role,
        "PGDATABASE": world.deployment.database,
        "PGPASSFILE": str(world.passwords(role)),
        "PGCONNECT_TIMEOUT": "10",
    }


def _cache(world: World) -> dict[str, str]:
    port = str(world.ports.cache)
    return {"REDIS_URL": f"redis://{LOOPBACK}:{port}/0", "REDIS_HOST": LOOPBACK, "REDIS_PORT": port}


def _aws(world: World) -> dict[str, str]:
    return {
        "AWS_ENDPOINT_URL": f"http://{LOOPBACK}:{world.ports.aws}",
        "AWS_ACCESS_KEY_ID": "sandbox",
        "AWS_SECRET_ACCESS_KEY": "sandbox",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_CONFIG_FILE": str(world.home / "aws-config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(world.home / "aws-credentials"),
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_PAGER": "",
        "BACKUP_BUCKET": world.deployment.bucket,
    }


def _web(world: World) -> dict[str, str]:
    proxy, authority = f"http://{LOOPBACK}:{world.ports.proxy}", str(world.authority)
    proxies = dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"), proxy)
    trust = dict.fromkeys(("CURL_CA_BUNDLE", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "AWS_CA_BUNDLE"), authority)
    return {
        **proxies,
        **trust,
        "NO_PROXY": "",
        "no_proxy": "",
        "SERVICE_URL": f"http://{LOOPBACK}:{world.ports.service}",
    }


def _nowhere(world: World) -> dict[str, str]:
    """Point what the sandbox does not have at nothing, so that nothing of this machine is found instead."""
    return {
        "KUBECONFIG": str(world.home / "kubeconfig"),
        "DOCKER_HOST": f"unix://{world.home}/no-docker",
        "CURL_HOME": str(world.home),
        "XDG_CONFIG_HOME": str(world.home / "config"),
        "TMPDIR": str(world.home / "tmp"),
    }


def _tools(world: World) -> dict[str, str]:
    tools = {place.name: str(place) for place in sorted(world.tools.iterdir())}
    return {**tools, "bash": str(entrance(world))}


def _ports(world: World) -> tuple[int, ...]:
    ports = world.ports
    return (ports.primary, ports.replica, ports.cache, ports.aws, ports.service)
