"""Who the systems of a plan are, and where a run would go: asked of a real database, and of stand-ins of tools."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

import kubectl_stand_in as kubectl
from architect.access.people import Identity, Proof
from architect.kernel.errors import RefusedError
from architect.kernel.ids import PersonId, RunId
from architect.runbooks.reading import read
from architect.runs.model import Plan
from architect.runs.planning import Request
from architect.runs.profiles import Profile, ProfileKind, Systems, local_profile
from architect.settings import Settings
from architect.storage.stores import open_stores, store_place
from architect.wiring.installation import Installation
from architect.wiring.places import places_of, reached_from
from architect.wiring.sites import Site, identities_of, open_site, plan_for, require_systems
from architect.work.leases import EVERYTHING, TargetLock, is_conflict
from command_line import CommandLine
from inside import Inside
from runs_world import World

AWS = """\
echo "$*" >> {world}/aws.log
case "$*" in
  "--output json sts get-caller-identity") echo '{"Account": "123456789012"}' ;;
  *) echo "the stand-in does not know: $*" >&2; exit 64 ;;
esac
"""


@pytest.fixture
def installation(command_line: CommandLine) -> Iterator[Installation]:
    """An installation with the environment of the user at the command line."""
    command_line.state.mkdir(mode=0o700)
    with open_stores(store_place(command_line.state)) as stores:
        yield Installation(
            folder=command_line.state,
            stores=stores,
            settings=Settings(),
            identity=Identity(person=PersonId("dana"), proof=Proof.OS_USER),
            environment=dict(command_line.environment),
        )


def site_of(
    installation: Installation, *environment: Mapping[str, str], profile: Profile | None = None, **more: str
) -> Site:
    """Return a site with the caller's environment and more."""
    caller = dict(installation.environment)
    for each in (*environment, more):
        caller.update(each)
    settings = Settings(profiles={"local": local_profile(), **({profile.name: profile} if profile else {})})
    around = replace(installation, environment=caller, settings=settings)
    return open_site(around, profile.name if profile else "local")


def plan(site: Site, *commands: str, values: Mapping[str, str] | None = None, is_looking: bool = True) -> Plan:
    """Return the plan of a document of commands, each in a block of its own."""
    blocks = "".join(f"```bash\n{command}\n```\n\n" for command in commands)
    document = read(f"# Do it\n\n## 1. Do\n\n{blocks}".encode(), str(site.installation.folder / "ops.md"))
    (runbook,) = document.runbooks
    return plan_for(site, document, runbook, Request(values=values or {}), is_looking=is_looking)


def targets(found: Plan) -> list[str]:
    """Return the targets of a plan's changes."""
    return [target for action in found.actions for target in action.targets]


def url(inside: Inside, *, host: str = "127.0.0.1", query: str = "") -> str:
    """Return the address of the sandbox's database for its superuser, in a spelling."""
    port, database = inside.world.ports.primary, inside.world.deployment.database
    return f"postgresql://postgres@{host}:{port}/{database}{query}"


@pytest.fixture
def passwords(sandbox: Inside) -> dict[str, str]:
    """The environment with the superuser's password."""
    (line, *_) = sandbox.world.passwords("postgres").read_text(encoding="utf-8").splitlines()
    return {"PGPASSWORD": line.rpartition(":")[2]}


def test_every_spelling_of_one_database_is_the_same_one(
    installation: Installation, sandbox: Inside, passwords: Mapping[str, str]
) -> None:
    port, database = sandbox.world.ports.primary, sandbox.world.deployment.database
    spellings = (
        f'psql "{url(sandbox)}" -c "DELETE FROM orders"',
        f"psql '{url(sandbox, host='localhost')}' -c 'DELETE FROM orders'",
        f'psql "{url(sandbox, query="?application_name=ops")}" -c "DELETE FROM orders"',
        f'psql "host=127.0.0.1 port={port} user=postgres dbname={database}" -c "DELETE FROM orders"',
        f'psql "{url(sandbox).replace("postgresql:", "postgres:")}" -c "DELETE FROM orders"',
    )
    site = site_of(installation, passwords)
    found = {target for spelling in spellings for target in targets(plan(site, spelling))}
    assert len({target.partition(":")[0] for target in found}) == 1
    assert {target.partition(": ")[2] for target in found} == {EVERYTHING, "table/orders"}
    assert not any("@?" in target for target in found)


def test_a_variable_and_the_environment_lead_to_the_same_database(
    installation: Installation, sandbox: Inside, passwords: Mapping[str, str]
) -> None:
    places = {
        "PGHOST": "127.0.0.1",
        "PGPORT": str(sandbox.world.ports.primary),
        "PGUSER": "postgres",
        "PGDATABASE": sandbox.world.deployment.database,
    }
    by_value = plan(
        site_of(installation, passwords),
        'psql "$DATABASE_URL" -c "DELETE FROM orders"',
        values={"DATABASE_URL": url(sandbox)},
    )
    by_environment = plan(site_of(installation, passwords, places), 'psql -c "DELETE FROM orders"')
    assert targets(by_value)[-1] == targets(by_environment)[-1]
    assert "@?" not in targets(by_value)[-1]


def test_another_database_of_the_same_server_is_another_one(
    installation: Installation, sandbox: Inside, passwords: Mapping[str, str]
) -> None:
    site = site_of(installation, passwords)
    other = url(sandbox).rpartition("/")[0] + "/postgres"
    found = targets(plan(site, f"psql '{url(sandbox)}' -c 'DELETE FROM t'", f"psql '{other}' -c 'DELETE FROM t'"))
    identities = {target.partition("@")[2].partition(":")[0] for target in found}
    assert len(identities) == 2
    assert len({identity.partition("/")[0] for identity in identities}) == 1


def test_what_does_not_answer_may_be_any_of_its_kind(
    installation: Installation, sandbox: Inside, passwords: Mapping[str, str]
) -> None:
    site = site_of(installation, passwords)
    silent = targets(plan(site, "psql postgresql://postgres@127.0.0.1:1/shop -c 'DELETE FROM orders'"))[-1]
    known = targets(plan(site, f"psql '{url(sandbox)}' -c 'DELETE FROM orders'"))[-1]
    assert silent == "postgresql@?: table/orders"
    held = TargetLock(profile="other", target=silent, run=RunId("RUN-1"), since=datetime.now(UTC))
    assert is_conflict(held, RunId("RUN-2"), profile="local", target=known)


def test_a_restore_is_in_the_way_of_every_change_of_its_database_and_of_no_other(
    installation: Installation, sandbox: Inside, passwords: Mapping[str, str]
) -> None:
    site = site_of(installation, passwords)
    other = url(sandbox).rpartition("/")[0] + "/postgres"
    (restore,) = targets(plan(site, f"pg_restore -d '{url(sandbox)}' shop.dump"))
    held = TargetLock(profile="other", target=restore, run=RunId("RUN-1"), since=datetime.now(UTC))
    for address, is_in_the_way in ((url(sandbox), True), (other, False)):
        change = targets(plan(site, f"psql '{address}' -c 'DELETE FROM orders'"))[-1]
        assert is_conflict(held, RunId("RUN-2"), profile="local", target=change) == is_in_the_way


@pytest.mark.parametrize("client", ["psql {} -c 'DELETE FROM orders'", "createdb {} other"])
def test_a_database_named_by_options_is_asked_who_it_is(
    installation: Installation, sandbox: Inside, passwords: Mapping[str, str], client: str
) -> None:
    place = f"-h 127.0.0.1 -p {sandbox.world.ports.primary} -U postgres"
    site = site_of(installation, passwords, PGDATABASE="postgres", PGHOST="db.invalid")
    (target,) = targets(plan(site, client.format(place)))
    assert target.partition("@")[2].partition(":")[0].endswith("/postgres")


def test_two_names_of_one_cache_are_the_same_one(installation: Installation) -> None:
    first = identities_of(*with_plan(site_of(installation), "redis-cli DEL x"))["redis"]
    assert first.endswith(":6379")
    assert "127.0.0.1" not in first


def with_plan(site: Site, *commands: str) -> tuple[Site, Plan]:
    """Return a site and a plan at it for which nobody was asked."""
    return site, plan(site, *commands, is_looking=False)


def test_a_cache_is_the_local_one_whatever_the_environment_says_where_the_command_names_none(
    installation: Installation,
) -> None:
    site, found = with_plan(site_of(installation), "redis-cli DEL x", 'redis-cli -u "$REDIS_URL" DEL y')
    found = plan(
        site, "redis-cli DEL x", 'redis-cli -u "$REDIS_URL" DEL y', values={"REDIS_URL": "redis://cache.test:1"}
    )
    assert [place.name for place in places_of(site, found)] == ["127.0.0.1:6379", "cache.test:1"]


def test_clusters_and_accounts_are_asked_by_their_own_tools(
    installation: Installation, command_line: CommandLine
) -> None:
    kubectl.install(command_line)
    command_line.tool("aws", AWS)
    site = site_of(installation)
    found = plan(site, "kubectl rollout restart deployment/web -n shop", "aws s3 rm s3://backups/old.sql")
    assert targets(found) == [
        "kubernetes@uid-of-shop-test: deployment/web in shop",
        "aws-s3@123456789012: bucket/backups/old.sql",
    ]
    assert (command_line.world / "aws.log").read_text() == "--output json sts get-caller-identity\n"


def test_a_tool_that_fails_leaves_its_system_unresolved(installation: Installation, command_line: CommandLine) -> None:
    for name in ("kubectl", "aws"):
        command_line.tool(name, "echo 'no credentials' >&2; exit 1")
    found = plan(site_of(installation), "kubectl delete pod web -n shop", "aws s3 rm s3://backups/old.sql")
    assert [target.partition(":")[0] for target in targets(found)] == ["kubernetes@?", "aws-s3@?"]


def test_places_are_told_as_the_commands_name_them(installation: Installation, command_line: CommandLine) -> None:
    kubectl.install(command_line)
    site, found = with_plan(
        site_of(installation, AWS_PROFILE="ops", AWS_REGION="eu-west-1", PGHOST="db.test", PGUSER="dana"),
        "kubectl get pods -n shop",
        "kubectl --context other get pods -n shop",
        "aws s3 ls",
        "psql -c 'SELECT 1'",
        "psql -h db2.test -p 5433 -U ops -d shop -c 'SELECT 1'",
        "mysql -h db3.test -e 'SELECT 1'",
        "gcloud compute instances list",
        "ls /",
    )
    assert [(place.system, place.name) for place in places_of(site, found)] == [
        ("aws", "ops in eu-west-1"),
        ("gcloud", "wherever `gcloud` is configured to go"),
        ("kubernetes", "context shop-test"),
        ("kubernetes", "--context other"),
        ("mysql", "db3.test"),
        ("postgresql", "db.test/dana as dana"),
        ("postgresql", "db2.test:5433/shop as ops"),
    ]


@pytest.mark.parametrize(
    "connection",
    [
        "postgresql://ana:hunter2hunter2@db.test/shop",
        "postgresql://ana:hunter2hunter2@db.test/shop?options=$(date)",
        "host=db.test password=hunter2hunter2 dbname=shop",
        "postgresql://ana:hunter2hunter2@[broken/shop",
    ],
)
def test_a_place_never_shows_a_password(installation: Installation, connection: str) -> None:
    site, found = with_plan(site_of(installation), f'psql "{connection}" -c "SELECT 1"')
    shown = repr(places_of(site, found))
    assert "postgresql" in shown
    assert "hunter2" not in shown


def test_a_password_in_the_environment_is_not_shown_either(installation: Installation) -> None:
    secret = {"DATABASE_URL": "postgresql://ana:hunter2hunter2@db.test/shop", "PGPASSWORD": "hunter2hunter2"}
    site, found = with_plan(site_of(installation, secret), 'psql "$DATABASE_URL" -c "SELECT 1"')
    assert [place.name for place in places_of(site, found)] == ["db.test/shop as ana"]
    assert "hunter2" not in repr(list(reached_from(site)))


def test_a_service_of_the_users_own_file_is_named_as_such(installation: Installation) -> None:
    site, found = with_plan(site_of(installation, PGSERVICE="prod"), "psql -c 'SELECT 1'")
    assert [place.name for place in places_of(site, found)] == ["the service `prod` of the user's own service file"]


def asserting(**systems: str) -> Profile:
    """Return a profile that says what its systems must be."""
    return Profile(
        name="test",
        kind=ProfileKind.LIVE,
        environment={},
        passes=("*",),
        hosts={},
        tools={},
        systems=Systems(**systems),
    )


def state_of(found: Plan, folder: Path) -> object:
    """Return a run of a plan."""
    world = World(folder=folder)
    try:
        return world.service.state(world.service.create(found, Identity(person=PersonId("d"), proof=Proof.OS_USER)))
    finally:
        world.close()


def expected(sandbox: Inside, passwords: Mapping[str, str], installation: Installation) -> str:
    """Return who the sandbox's database is."""
    target = targets(plan(site_of(installation, passwords), f"psql '{url(sandbox)}' -c 'DELETE FROM orders'"))[-1]
    return target.partition("@")[2].partition(":")[0]


def require(site: Site, found: Plan, folder: Path) -> None:
    """Require the systems of a plan, as a worker does before the first action."""
    require_systems(site, state_of(found, folder))  # type: ignore[arg-type]


def test_the_database_that_is_expected_is_let_through_by_its_name_or_in_full(
    installation: Installation, sandbox: Inside, passwords: Mapping[str, str], tmp_path: Path
) -> None:
    full = expected(sandbox, passwords, installation)
    for wanted in (full, full.rpartition("/")[2]):
        site = site_of(installation, passwords, profile=asserting(database=wanted))
        require(site, plan(site, f"psql '{url(sandbox)}' -c 'SELECT 1'"), tmp_path)


def test_another_database_is_refused_with_both_names(
    installation: Installation, sandbox: Inside, passwords: Mapping[str, str], tmp_path: Path
) -> None:
    site = site_of(installation, passwords, profile=asserting(database="shop"))
    with pytest.raises(RefusedError, match=r"postgresql is \d+/architect; the profile test expects shop"):
        require(site, plan(site, f"psql '{url(sandbox)}' -c 'SELECT 1'"), tmp_path)


def test_every_database_of_a_run_must_be_of_the_expected_server(
    installation: Installation, sandbox: Inside, passwords: Mapping[str, str], tmp_path: Path
) -> None:
    name = expected(sandbox, passwords, installation).rpartition("/")[2]
    site = site_of(installation, passwords, profile=asserting(database=f"4711/{name}"))
    silent_first = plan(
        site, "psql postgresql://postgres@127.0.0.1:1/shop -c 'SELECT 1'", f"psql '{url(sandbox)}' -c 'SELECT 1'"
    )
    with pytest.raises(RefusedError, match="expects 4711/"):
        require(site, silent_first, tmp_path)


def test_a_connection_that_nobody_can_follow_is_refused_where_one_is_expected(
    installation: Installation, tmp_path: Path
) -> None:
    site = site_of(installation, profile=asserting(database="shop"))
    with pytest.raises(RefusedError, match="needs a shell"):
        require(site, plan(site, 'psql "$(cat /run/url)" -c "SELECT 1"'), tmp_path)


def test_the_wrong_cluster_or_account_is_refused(
    installation: Installation, command_line: CommandLine, tmp_path: Path
) -> None:
    kubectl.install(command_line)
    command_line.tool("aws", AWS)
    site = site_of(installation, profile=asserting(context="shop-live", account="1"))
    with pytest.raises(RefusedError, match="kubernetes is shop-test; the profile test expects shop-live"):
        require(site, plan(site, "kubectl get pods -n shop"), tmp_path)
    with pytest.raises(RefusedError, match="aws is 123456789012; the profile test expects 1"):
        require(site, plan(site, "aws s3 ls"), tmp_path)
    require(site, plan(site, "ls /"), tmp_path)


def test_reached_systems_say_who_they_are_and_silent_ones_why(
    installation: Installation, command_line: CommandLine, sandbox: Inside, passwords: Mapping[str, str]
) -> None:
    kubectl.install(command_line)
    command_line.tool("aws", "echo 'no credentials' >&2; exit 1")
    places = {
        "PGHOST": "127.0.0.1",
        "PGPORT": str(sandbox.world.ports.primary),
        "PGUSER": "postgres",
        "PGDATABASE": "architect",
    }
    found = {place.system: place for place in reached_from(site_of(installation, passwords, places))}
    assert found["kubernetes"].name == "context shop-test, cluster uid-of-shop-test"
    assert found["postgresql"].name.endswith(f"at 127.0.0.1:{sandbox.world.ports.primary}/architect as postgres")
    assert (found["aws"].is_reached, found["aws"].name) == (False, "no credentials")
