"""A plan holds every action in order, with what it does, what it may not do, and what is still open."""

from __future__ import annotations

import msgspec
import pytest

from architect.commands.judging import judge
from architect.commands.model import Effect
from architect.kernel.errors import UsageError
from architect.runbooks.model import ActionKind, Bounds, Phase, Runbook, Session, SessionKind, Span
from architect.runs.model import Executor, GateKind, Plan, PlannedAction
from architect.runs.planning import Request, Surroundings, make_plan, plan_digest
from architect.runs.profiles import Profile, ProfileKind, SecretReference, SecretScheme, Systems, local_profile
from builders.runbooks import action, document, group, runbook, step

SANDBOX_SYSTEMS = frozenset(("postgresql", "redis", "aws", "http"))


def profile(kind: ProfileKind = ProfileKind.LIVE, **hosts: str) -> Profile:
    return Profile(
        name="shop",
        kind=kind,
        environment={"ORDERS_URL": SecretReference(scheme=SecretScheme.ENVIRONMENT, location="ORDERS_URL")},
        passes=("PATH",),
        hosts={name.replace("_", "."): address for name, address in hosts.items()},
        tools={},
    )


def plan(
    book: Runbook, *, where: Profile | None = None, request: Request | None = None, around: Surroundings | None = None
) -> Plan:
    return make_plan(
        document(book), book, profile=where or local_profile(), judge=judge, request=request, surroundings=around
    )


def only(text: str, *, where: Profile | None = None, around: Surroundings | None = None) -> PlannedAction:
    return plan(runbook(step(1, action("1.1", text))), where=where, around=around).actions[0]


def test_actions_come_in_the_documents_order() -> None:
    book = runbook(step(1, action("1.1", "ls"), action("1.2", "date")), step(2, action("2.1", "uptime")))
    assert [each.id for each in plan(book).actions] == ["1.1", "1.2", "2.1"]


@pytest.mark.parametrize(
    ("text", "effect", "gate"),
    [
        ("kubectl get pods -n shop", Effect.READ, GateKind.NONE),
        ("kubectl rollout restart deployment/web -n shop", Effect.DISRUPTIVE, GateKind.CONFIRM_TARGET),
        ("kubectl delete namespace shop", Effect.DESTRUCTIVE, GateKind.TWO_PEOPLE),
        ("./repair.sh", Effect.UNKNOWN, GateKind.TWO_PEOPLE),
    ],
)
def test_each_effect_has_its_gate(text: str, effect: Effect, gate: GateKind) -> None:
    planned = only(text)
    assert (planned.effect, planned.gate) == (effect, gate)


def test_effects_are_judged_with_what_was_carried_so_far() -> None:
    book = runbook(step(1, action("1.1", "ls() { rm -rf /srv; }"), action("1.2", "ls")))
    assert plan(book).actions[1].effect is not Effect.READ


def test_what_only_one_option_carries_counts_after_the_group() -> None:
    book = runbook(
        step(1, group("1", [action("1.1", "PATH=/tmp/x:$PATH")], [action("1.2", "date")])), step(2, action("2.1", "ls"))
    )
    assert plan(book).actions[-1].effect is Effect.UNKNOWN
    assert plan(book, request=Request(choices={"1": 2})).actions[-1].effect is Effect.READ


def test_one_option_is_not_judged_by_what_another_would_leave_behind() -> None:
    book = runbook(step(1, group("1", [action("1.1", "PATH=/tmp/x:$PATH")], [action("1.2", "ls")])))
    assert plan(book).actions[1].effect is Effect.READ


def test_options_stay_one_choice_until_somebody_chooses() -> None:
    book = runbook(step(4, group("4", [action("4.1", "date")], [action("4.2", "uptime")])))
    assert [(each.group, each.option) for each in plan(book).actions] == [("4", 1), ("4", 2)]
    chosen = plan(book, request=Request(choices={"4": 2}))
    assert [(each.id, each.group, each.option) for each in chosen.actions] == [("4.2", None, 2)]


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        (Request(choices={"9": 1}), "no option group 9"),
        (Request(choices={"4": 7}), "group 4 has no option 7"),
        (Request(values={"nothing": "x"}), "has no variable nothing"),
    ],
)
def test_a_choice_or_value_without_a_place_is_wrong_use(request_: Request, words: str) -> None:
    book = runbook(step(4, group("4", [action("4.1", "date")], [action("4.2", "uptime")])))
    with pytest.raises(UsageError, match=words):
        plan(book, request=request_)


def test_no_value_is_taken_for_what_steers_the_shell() -> None:
    book = runbook(step(1, action("1.1", "$EDITOR <file>"), action("1.2", "ls $LD_PRELOAD")))
    with pytest.raises(UsageError, match="LD_PRELOAD steers"):
        plan(book, request=Request(values={"LD_PRELOAD": "/tmp/x.so"}))


def test_a_placeholder_may_be_called_what_it_is() -> None:
    book = runbook(step(1, action("1.1", "kubectl drain <node-name>"), action("1.2", 'ls "<PATH>"')))
    made = plan(book, request=Request(values={"node_name": "node-7", "PATH": "/srv"}))
    assert [each.refused for each in made.actions] == ["", ""]
    assert [each.open_variables for each in made.actions] == [(), ()]


def test_values_come_from_the_person_then_the_profile_then_the_environment() -> None:
    book = runbook(step(1, action("1.1", "psql $ORDERS_URL -c 'SELECT 1' && echo <pod-name> $REGION")))
    around = Surroundings(environment={"ORDERS_URL": "postgresql://app:hunter22@db/orders", "REGION": "eu"})
    made = plan(book, where=profile(), request=Request(values={"pod_name": "web-1"}), around=around)
    found = {binding.name: (binding.value, binding.reference) for binding in made.bindings}
    assert found == {"ORDERS_URL": (None, "env:ORDERS_URL"), "pod_name": ("web-1", None)}
    assert made.actions[0].open_variables == ("REGION",)


def test_the_profile_local_passes_what_the_document_names() -> None:
    book = runbook(step(1, action("1.1", "echo $REGION $API_TOKEN $CACHE_URL")))
    given = {"REGION": "eu", "API_TOKEN": "abc", "CACHE_URL": "redis://:secret@cache/0", "OTHER": "x"}
    made = plan(book, around=Surroundings(environment=given))
    assert {each.name: (each.value, each.reference) for each in made.bindings} == {
        "REGION": ("eu", None),
        "API_TOKEN": (None, "env:API_TOKEN"),
        "CACHE_URL": (None, "env:CACHE_URL"),
    }


@pytest.mark.parametrize(
    ("given", "environment", "expected"),
    [
        ({}, {}, ("5", "the document's default")),
        ({}, {"COUNT": "6"}, ("6", "environment")),
        ({"COUNT": "7"}, {"COUNT": "6"}, ("7", "given")),
    ],
)
def test_the_documents_default_counts_where_nobody_says_anything_else(
    given: dict[str, str], environment: dict[str, str], expected: tuple[str, str]
) -> None:
    book = runbook(step(1, action("1.1", "kubectl scale deployment web --replicas=${COUNT:-5}")))
    made = plan(book, request=Request(values=given), around=Surroundings(environment=environment))
    assert [(each.value, each.origin) for each in made.bindings] == [expected]
    assert made.actions[0].open_variables == ()
    assert [slot.variable for slot in made.actions[0].slots] == ["COUNT"]


def test_a_name_that_steers_a_tool_keeps_its_default_and_takes_no_other_value() -> None:
    book = runbook(step(1, action("1.1", "ls ${CDPATH:-/srv}")))
    made = plan(book, around=Surroundings(environment={"CDPATH": "/etc"}))
    assert (made.bindings, made.actions[0].refused, made.actions[0].open_variables) == ((), "", ())
    with pytest.raises(UsageError, match="steers the shell"):
        plan(book, request=Request(values={"CDPATH": "/etc"}))


def test_a_value_that_may_not_stand_there_refuses_the_action_with_its_place() -> None:
    book = runbook(step(1, action("1.1", "kubectl describe pod <pod-name>")))
    made = plan(book, request=Request(values={"pod_name": "web 1; rm -rf /"}))
    assert made.actions[0].refused.startswith("line 1, column 22: pod_name holds a blank")
    assert "rm" not in made.actions[0].executed


def test_no_value_is_part_of_the_executed_text() -> None:
    book = runbook(step(1, action("1.1", "kubectl describe pod <pod-name>")))
    made = plan(book, request=Request(values={"pod_name": "web-1"}))
    assert "web-1" not in made.actions[0].executed
    assert made.actions[0].text == "kubectl describe pod <pod-name>"


def test_a_host_that_the_profile_does_not_name_makes_a_read_unknown() -> None:
    assert only("curl https://shop.example/health").effect is Effect.UNKNOWN
    assert "does not name" in only("curl https://shop.example/health").reason
    assert only("curl https://shop.example/health", where=profile(shop_example="")).effect is Effect.READ


def test_a_scaling_is_disruptive_until_the_live_count_proves_a_raise() -> None:
    text = "kubectl scale deployment web --replicas=8 -n shop"
    target = "deployment/web in shop"
    assert only(text).effect is Effect.DISRUPTIVE
    raised = only(text, around=Surroundings(replicas={target: 3}))
    assert (raised.effect, raised.gate) == (Effect.WRITE, GateKind.CONFIRM)
    assert only(text, around=Surroundings(replicas={target: 12})).effect is Effect.DISRUPTIVE


def test_a_target_is_system_identity_and_object() -> None:
    around = Surroundings(identities={"kubernetes": "shop-eu"})
    planned = only("kubectl rollout restart deployment/web -n shop", around=around)
    assert planned.targets == ("kubernetes@shop-eu: deployment/web in shop",)


def test_a_change_without_a_known_target_has_none_so_that_everything_is_locked() -> None:
    planned = only("./repair.sh")
    assert planned.targets == ()
    assert any("its target is not known" in note for note in planned.notes)


def test_what_never_ends_is_bounded_and_says_so() -> None:
    planned = only("kubectl get pods --watch")
    assert planned.limits.never_ends
    assert planned.limits.timeout_s == 10
    assert any("runs for 10 s" in note for note in planned.notes)


def test_bounds_of_the_author_win() -> None:
    book = runbook(
        step(1, action("1.1", "kubectl get pods", bounds=Bounds(timeout_s=42, retry_count=3, retry_delay_s=5)))
    )
    limits = plan(book).actions[0].limits
    assert (limits.timeout_s, limits.retry_count, limits.retry_delay_s) == (42, 3, 5)


def test_a_tool_with_a_form_for_one_look_is_run_in_it_and_the_text_is_kept() -> None:
    planned = only("top")
    assert (planned.text, planned.executed) == ("top", "top -b -n 1")


def test_what_needs_a_terminal_is_offered_to_the_operator() -> None:
    planned = only("vi /etc/hosts")
    assert (planned.executor, planned.gate) == (Executor.MANUAL, GateKind.PERSON)


@pytest.mark.parametrize("kind", [SessionKind.SSH, SessionKind.EXEC])
def test_what_is_meant_for_inside_a_session_is_typed_by_a_person(kind: SessionKind) -> None:
    session = Session(kind=kind, opener="ssh web1", span=Span(0, 0))
    book = runbook(step(1, action("1.1", "uptime", session=session)))
    planned = plan(book).actions[0]
    assert (planned.executor, planned.gate, planned.effect) == (Executor.MANUAL, GateKind.PERSON, Effect.UNKNOWN)


@pytest.mark.parametrize(
    ("kind", "executor"), [(ActionKind.MESSAGE, Executor.MESSAGE), (ActionKind.MANUAL, Executor.MANUAL)]
)
def test_messages_and_manual_steps_are_confirmed_by_a_person(kind: ActionKind, executor: Executor) -> None:
    planned = plan(runbook(step(1, action("1.1", "Tell the team", kind=kind)))).actions[0]
    assert (planned.executor, planned.gate) == (executor, GateKind.PERSON)


def test_sql_without_a_connection_uses_the_last_one_and_says_so() -> None:
    book = runbook(
        step(1, action("1.1", "SELECT 1", kind=ActionKind.SQL, connection="psql $ORDERS_URL")),
        step(2, action("2.1", "SELECT count(*) FROM orders", kind=ActionKind.SQL)),
    )
    second = plan(book).actions[1]
    assert second.connection == "psql $ORDERS_URL"
    assert "it runs through `psql $ORDERS_URL`" in second.notes[0]


def test_sql_without_any_connection_uses_the_profiles_database_and_says_so() -> None:
    where = Profile(
        name="shop",
        kind=ProfileKind.LIVE,
        environment={},
        passes=(),
        hosts={},
        tools={},
        systems=Systems(database="orders"),
    )
    planned = plan(runbook(step(1, action("1.1", "SELECT 1", kind=ActionKind.SQL))), where=where).actions[0]
    assert planned.connection is None
    assert "it runs on orders" in planned.notes[0]


def test_the_systems_of_a_profile_are_asserted_first() -> None:
    where = Profile(
        name="shop", kind=ProfileKind.LIVE, environment={}, passes=(), hosts={}, tools={},
        systems=Systems(context="shop-eu", account="123"),
    )  # fmt: skip
    assert plan(runbook(step(1, action("1.1", "date"))), where=where).systems == (
        ("kubernetes", "shop-eu"),
        ("aws", "123"),
    )


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("docker ps", "no docker"),
        ("ssh web1 uptime", "no "),
        ("kubectl get pods", "no kubernetes"),
        ("iostat -x 1", "no host of its own"),
        ("kill 4242", "no host of its own"),
        ("/sbin/reboot", "no host of its own"),
        ("curl https://elsewhere.example/", "elsewhere.example is not in the sandbox"),
    ],
)
def test_a_sandbox_refuses_what_it_does_not_have(text: str, why: str) -> None:
    planned = only(
        text, where=profile(ProfileKind.SANDBOX, shop_example=""), around=Surroundings(systems=SANDBOX_SYSTEMS)
    )
    assert why in planned.refused


@pytest.mark.parametrize(
    "text", ["curl https://shop.example/health", "ls", "aws s3 ls s3://shop/", "echo hello | grep h"]
)
def test_a_sandbox_runs_what_it_has(text: str) -> None:
    where = profile(ProfileKind.SANDBOX, shop_example="")
    assert only(text, where=where, around=Surroundings(systems=SANDBOX_SYSTEMS)).refused == ""


def test_a_change_of_our_own_store_is_refused_and_a_read_is_not() -> None:
    around = Surroundings(own_store=frozenset(("/var/lib/own/architect.db",)))
    assert "own store" in only("rm /var/lib/own/architect.db", around=around).refused
    assert only("ls /var/lib/own/architect.db", around=around).refused == ""


def test_tools_are_resolved_when_the_plan_is_made() -> None:
    planned = only("kubectl get pods | jq .", around=Surroundings(tools={"kubectl": "/opt/bin/kubectl"}))
    assert [(tool.name, tool.path) for tool in planned.tools] == [("kubectl", "/opt/bin/kubectl")]
    assert any("`jq` is not installed here" in note for note in planned.notes)


def test_files_of_the_repository_are_part_of_the_plan() -> None:
    around = Surroundings(files={"deploy/web.yaml": "ab" * 32, "bin/repair.sh": "cd" * 32})
    planned = only("kubectl apply -f deploy/web.yaml && ./bin/repair.sh /deploy/web.yaml", around=around)
    assert [file.path for file in planned.files] == ["deploy/web.yaml", "bin/repair.sh"]


@pytest.mark.parametrize("change", ["text", "value", "tool", "file", "host"])
def test_the_digest_changes_with_whatever_an_approval_covers(change: str) -> None:
    def made(*, changed: bool) -> str:
        text = "kubectl get pods -l app=<label> -f web.yaml" + (" -A" if changed and change == "text" else "")
        value = "b" if changed and change == "value" else "a"
        tools = {"kubectl": "/evil" if changed and change == "tool" else "/bin/kubectl"}
        files = {"web.yaml": ("cd" if changed and change == "file" else "ab") * 32}
        where = profile(shop_example="10.0.0.1:80" if changed and change == "host" else "")
        book = runbook(step(1, action("1.1", text)))
        request = Request(values={"label": value})
        return plan(book, where=where, request=request, around=Surroundings(tools=tools, files=files)).digest

    assert made(changed=False) == made(changed=False)
    assert made(changed=False) != made(changed=True)


def test_a_plan_survives_being_stored() -> None:
    book = runbook(
        step(1, action("1.1", "kubectl get pods")),
        step(2, group("2", [action("2.1", "kubectl scale deployment web --replicas=<n>")]), phase=Phase.MITIGATE),
    )
    made = plan(book)
    again = msgspec.json.decode(msgspec.json.encode(made), type=Plan)
    assert again == made
    assert plan_digest(again) == made.digest


def test_a_reference_says_what_it_points_to() -> None:
    other = runbook(step(1, action("1.1", "kubectl rollout restart deployment/web")), name="restart-the-web")
    book = runbook(step(1, action("1.1", "Or restart", kind=ActionKind.MANUAL, reference="restart-the-web")))
    made = make_plan(document(book, other), book, profile=local_profile(), judge=judge)
    assert made.actions[0].notes == ("see `#restart-the-web`: kubectl rollout restart deployment/web",)
