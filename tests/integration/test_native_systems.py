"""Conditions, undo and native actions against the sandbox's real servers."""

from __future__ import annotations

import contextlib
import threading
from contextlib import ExitStack
from pathlib import Path

import psycopg
import pytest

from architect.commands.model import Effect
from architect.grammars.placeholders import Language, find
from architect.integrations.aws.undoing import AwsUndo, account
from architect.integrations.aws.undoing import ask as ask_aws
from architect.integrations.http.asking import HttpConditions
from architect.integrations.http.client import GuardedWebClient
from architect.integrations.postgres.asking import PostgresUndo, SqlConditions, identity
from architect.integrations.postgres.connecting import DatabaseUnreachableError, connect
from architect.integrations.postgres.running import SqlRunner, StatementLostError
from architect.integrations.redis.asking import RedisConditions, RedisRunner, RedisUndo
from architect.runs.conditions import FREE_CONNECTIONS
from architect.runs.connections import ConnectionTextError
from architect.runs.events import Outcome
from architect.runs.model import ConditionKind, Executor, Truth, UndoPlan
from architect.runs.quoting import bind_sql
from builders.requests import Heard, condition, context, planned, request, stopping
from inside import Inside, eventually

HOLDS, DOES_NOT, CANNOT_TELL = Truth.HOLDS, Truth.DOES_NOT, Truth.CANNOT_TELL


def ask_sql(
    sandbox: Inside, statement: str, *, comparison: str = "==", value: float = 1.0, where: str | None = None
) -> Truth:
    asked = condition(
        ConditionKind.SQL_VALUE, statement, comparison=comparison, value=value, connection=where or "psql $DATABASE_URL"
    )
    return SqlConditions().ask(asked, context(sandbox.environment)).truth


def fill(sandbox: Inside, held: ExitStack) -> None:
    """Take connections as the service until it gets no more."""
    with contextlib.suppress(psycopg.OperationalError):
        for _ in range(sandbox.world.deployment.max_connections + 1):
            held.enter_context(sandbox.connect())


def run_sql(sandbox: Inside, text: str, *, effect: Effect = Effect.READ, **values: str) -> tuple[Outcome, str]:
    bound = bind_sql(text, find(text, Language.SQL))
    heard = Heard()
    action = planned(bound.text, effect=effect, connection="psql $DATABASE_URL", slots=bound.slots)
    outcome = SqlRunner().start(request(action, sandbox.environment, values=values), heard, stopping())
    return outcome.outcome, heard.text + outcome.reason


@pytest.mark.parametrize(
    ("statement", "truth"),
    [
        ("SELECT 1", HOLDS),
        ("SELECT 2", DOES_NOT),
        ("SELECT NULL", CANNOT_TELL),
        ("SELECT 1 WHERE false", CANNOT_TELL),
        ("SELECT 'NaN'::float", CANNOT_TELL),
        ("SELECT 'a word'", CANNOT_TELL),
        ("SELECT interval '1 second'", HOLDS),
        ("SELECT nothing FROM nowhere", CANNOT_TELL),
        ("CREATE TABLE checks_never_write (x int)", CANNOT_TELL),
        ("SELECT pg_sleep(20)", CANNOT_TELL),
    ],
)
def test_a_statement_is_asked_read_only_and_bounded(sandbox: Inside, statement: str, truth: Truth) -> None:
    assert ask_sql(sandbox, statement) is truth


def test_a_database_that_does_not_answer_cannot_tell(sandbox: Inside) -> None:
    assert ask_sql(sandbox, "SELECT 1", where="psql -h 127.0.0.1 -p 1 -d nothing") is CANNOT_TELL


def test_free_connections_tell_a_full_database_from_a_healthy_one(own_sandbox: Inside) -> None:
    assert ask_sql(own_sandbox, FREE_CONNECTIONS, comparison=">=") is HOLDS
    with ExitStack() as held:
        fill(own_sandbox, held)
        assert ask_sql(own_sandbox, FREE_CONNECTIONS, comparison=">=") is DOES_NOT
    assert eventually(lambda: ask_sql(own_sandbox, FREE_CONNECTIONS, comparison=">=") is HOLDS)


def test_a_database_says_who_it_is_and_its_replica_is_the_same_system(sandbox: Inside) -> None:
    primary = identity("psql $DATABASE_URL", sandbox.environment)
    replica = identity("psql $REPLICA_DATABASE_URL", sandbox.environment)
    assert primary == replica
    assert primary.endswith(f"/{sandbox.world.deployment.database}")


def test_nothing_of_this_processs_own_environment_names_a_database() -> None:
    with pytest.raises(DatabaseUnreachableError):
        connect(None, {"USER": "nobody", "PGHOST": "127.0.0.1", "PGPORT": "1"}, statement_timeout_s=1)


def test_a_connection_that_only_a_shell_understands_is_refused(sandbox: Inside) -> None:
    with pytest.raises(ConnectionTextError, match="needs a shell"):
        connect("psql $(cat address)", sandbox.environment, statement_timeout_s=1)
    with pytest.raises(ConnectionTextError, match="not psql's"):
        connect("kubectl exec db-0 -- psql", sandbox.environment, statement_timeout_s=1)


def test_statements_run_one_by_one_and_are_shown_as_psql_shows_them(sandbox: Inside) -> None:
    outcome, text = run_sql(sandbox, "SELECT 1 AS one, NULL AS none, true AS yes;\nSELECT 'x' WHERE false;")
    assert outcome is Outcome.SUCCEEDED
    assert (
        text == " one | none | yes\n-----+------+-----\n 1   |      | t\n(1 row)\n\n ?column?\n----------\n(0 rows)\n\n"
    )


@pytest.mark.parametrize(
    "value", ["plain", "it's", "'; DROP TABLE orders; --", "back\\slash", "$(touch x)", "new\nline", "é漢"]
)
def test_a_value_reaches_the_database_as_itself(sandbox: Inside, value: str) -> None:
    outcome, text = run_sql(sandbox, "SELECT encode(convert_to('<value>', 'UTF8'), 'hex') AS found", value=value)
    assert outcome is Outcome.SUCCEEDED
    assert value.encode().hex() in text


def test_the_first_error_ends_an_action(sandbox: Inside) -> None:
    outcome, text = run_sql(sandbox, "SELECT 1; SELECT 1/0; SELECT 2 AS after")
    assert outcome is Outcome.FAILED
    assert "division by zero" in text
    assert "after" not in text


def test_a_stop_cancels_the_statement(sandbox: Inside) -> None:
    stop = threading.Event()
    stop.set()
    action = planned("SELECT pg_sleep(60)", connection="psql $DATABASE_URL")
    outcome = SqlRunner().start(request(action, sandbox.environment), Heard(), stop)
    assert outcome.outcome is Outcome.STOPPED


def test_a_statement_past_its_limit_is_cancelled(sandbox: Inside) -> None:
    action = planned("SELECT pg_sleep(60)", connection="psql $DATABASE_URL", timeout_s=0.2)
    outcome = SqlRunner().start(request(action, sandbox.environment), Heard(), stopping())
    assert outcome.outcome is Outcome.TIMED_OUT


def test_a_change_whose_connection_breaks_has_no_known_end(sandbox: Inside) -> None:
    text = "SELECT pg_terminate_backend(pg_backend_pid())"
    with pytest.raises(StatementLostError):
        run_sql(sandbox, text, effect=Effect.DISRUPTIVE)
    assert run_sql(sandbox, text)[0] is Outcome.FAILED


def test_who_would_be_ended_is_read_before_anybody_is(sandbox: Inside) -> None:
    with sandbox.connect() as victim:
        victim.execute("SET application_name = 'sleepy'")
        text = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'sleepy'"
        action = planned(text, effect=Effect.DISRUPTIVE, connection="psql $DATABASE_URL")
        undo = UndoPlan(capture="postgres-victims", impossible="ended sessions do not come back")
        captured = PostgresUndo().capture(action, undo, context(sandbox.environment))
        assert captured.values == (("pids", str(victim.info.backend_pid)),)
        assert captured.text.startswith("1 sessions would be ended: ")
        assert captured.impossible == "ended sessions do not come back"
        assert victim.execute("SELECT 1").fetchone() == (1,)


def test_a_cache_answers_or_does_not(sandbox: Inside) -> None:
    asked = condition(ConditionKind.REDIS_REPLY, "PING", expected="PONG", connection="redis-cli")
    assert RedisConditions().ask(asked, context(sandbox.environment)).truth is HOLDS
    nowhere = {"REDIS_HOST": "127.0.0.1", "REDIS_PORT": "1"}
    assert RedisConditions().ask(asked, context(nowhere)).truth is DOES_NOT


def test_commands_of_a_cache_are_shown_as_redis_cli_shows_them(sandbox: Inside) -> None:
    heard = Heard()
    action = planned(
        'SET greeting "two words"\nGET greeting\nLRANGE nothing 0 -1\nDEL greeting', executor=Executor.REDIS
    )
    outcome = RedisRunner().start(request(action, sandbox.environment), heard, stopping())
    assert outcome.outcome is Outcome.SUCCEEDED
    assert heard.text == "OK\ntwo words\n(empty array)\n1\n"


def test_a_refused_command_of_a_cache_fails_the_action(sandbox: Inside) -> None:
    action = planned("NOSUCHCOMMAND", executor=Executor.REDIS)
    outcome = RedisRunner().start(request(action, sandbox.environment), Heard(), stopping())
    assert (outcome.outcome, "refuses" in outcome.reason) == (Outcome.FAILED, True)


def test_a_setting_of_a_cache_is_read_before_it_changes(sandbox: Inside) -> None:
    undo = UndoPlan(capture="redis-setting", arguments=(("name", "maxmemory-policy"),))
    action = planned("CONFIG SET maxmemory-policy allkeys-lru", executor=Executor.REDIS)
    captured = RedisUndo().capture(action, undo, context(sandbox.environment))
    assert captured.commands == (f"redis-cli CONFIG SET maxmemory-policy {dict(captured.values)['maxmemory-policy']}",)


def test_health_is_asked_through_the_sandboxs_proxy_by_the_documents_own_name(sandbox: Inside) -> None:
    asker = HttpConditions(GuardedWebClient(sandbox.profile.hosts))
    (name, *_) = (host for host in sandbox.world.deployment.hosts if "." in host)
    asked = condition(ConditionKind.HTTP_HEALTH, f"https://{name}/health", expected="2xx")
    assert asker.ask(asked, context(sandbox.environment)).truth is HOLDS
    elsewhere = condition(ConditionKind.HTTP_STATUS, "https://elsewhere.example/", expected="2xx")
    assert asker.ask(elsewhere, context(sandbox.environment)).truth is CANNOT_TELL


def test_an_account_says_who_it_is(sandbox: Inside) -> None:
    assert account(sandbox.environment).isdecimal()


def test_the_web_acl_that_was_attached_is_the_way_back(sandbox: Inside, tmp_path: Path) -> None:
    seen = "SampledRequestsEnabled=false,CloudWatchMetricsEnabled=false,MetricName=shop"
    created = ask_aws(
        [
            *[
                "wafv2",
                "create-web-acl",
                "--name",
                "shop",
                "--scope",
                "REGIONAL",
                "--default-action",
                "Allow={}",
                "--visibility-config",
            ],
            seen,
        ],
        sandbox.environment,
    )
    balancer = "arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/app/shop/0123456789abcdef"
    undo = UndoPlan(capture="aws-web-acl", arguments=(("resource", '"$BALANCER"'),))
    where = context(sandbox.environment, tmp_path, values={"BALANCER": balancer})
    before = AwsUndo().capture(planned(""), undo, where)
    assert before.commands == (f"aws wafv2 disassociate-web-acl --resource-arn {balancer}",)
    arn = created["Summary"]["ARN"]
    ask_aws(["wafv2", "associate-web-acl", "--resource-arn", balancer, "--web-acl-arn", arn], sandbox.environment)
    after = AwsUndo().capture(planned(""), undo, where)
    assert after.commands == (f"aws wafv2 associate-web-acl --resource-arn {balancer} --web-acl-arn {arn}",)
