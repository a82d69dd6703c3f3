"""Where a run happens: the place that is confirmed, profiles that are trusted, systems that must be the right ones."""

from __future__ import annotations

import kubectl_stand_in as kubectl
from command_line import CommandLine

SETTINGS = """\
[profiles.test]
kind = "live"
pass = ["PATH", "HOME", "KUBE_CONTEXT"]

[profiles.test.systems]
context = "shop-test"
"""


def with_settings(command_line: CommandLine, text: str = SETTINGS) -> None:
    """Write the project's settings and trust them."""
    (command_line.repository / "architect.toml").write_text(text)
    done = command_line.call("trust", "--yes")
    assert done.code == 0, done.err


def test_not_even_a_read_runs_before_the_place_is_confirmed(command_line: CommandLine) -> None:
    kubectl.install(command_line)
    done = command_line.call("run", kubectl.document(command_line))
    assert (done.code, done.out) == (3, "")
    assert "kubernetes  context shop-test" in done.err
    assert "Nothing was run, not even a read" in done.err
    assert "--approve place" in done.err
    assert set(kubectl.log(command_line)) == {"--request-timeout=10s config current-context"}
    assert command_line.runs() == []


def test_a_confirmed_place_is_shown_and_run_at(command_line: CommandLine) -> None:
    kubectl.install(command_line)
    done = command_line.call("run", kubectl.document(command_line), "--approve", "place", "--approve", "2.1")
    assert "kubernetes  context shop-test" in done.err
    assert kubectl.replicas(command_line) == 1
    assert "target  kubernetes@uid-of-shop-test: deployment/web in shop" in done.out


def test_a_dry_run_of_an_unconfirmed_place_asks_nobody_and_says_so(command_line: CommandLine) -> None:
    kubectl.install(command_line)
    done = command_line.call("run", kubectl.document(command_line), "--dry-run")
    assert done.code == 0
    assert "kubernetes@?: deployment/web in shop" in done.out
    assert done.out.endswith("\nNothing was asked, tried or changed.\n")
    assert set(kubectl.log(command_line)) == {"--request-timeout=10s config current-context"}


def test_a_dry_run_tries_the_tools_own_dry_run_and_shows_it(command_line: CommandLine) -> None:
    kubectl.install(command_line)
    done = command_line.call("run", kubectl.document(command_line), "--dry-run", "--approve", "place")
    assert "2.1  tried as  kubectl scale --dry-run=server deployment web --replicas=1 -n shop" in done.out
    assert "deployment.apps/web scaled (server dry run)" in done.out
    assert done.out.endswith("\nNothing was changed.\n")
    assert kubectl.replicas(command_line) == 3
    assert not any(line.startswith("scale deployment") for line in kubectl.log(command_line))


def test_a_raise_that_the_live_count_proves_is_a_write(command_line: CommandLine) -> None:
    kubectl.install(command_line)
    words = ("run", kubectl.document(command_line, count=5), "--dry-run", "--approve", "place")
    assert "raises the replicas from 3 to 5" in command_line.call(*words).out


def test_the_count_of_another_cluster_proves_nothing(command_line: CommandLine) -> None:
    kubectl.install(command_line)
    text = kubectl.SCALE.replace("{count}", "5").replace("scale deployment", "--context other scale deployment")
    done = command_line.call("run", command_line.document(text), "--dry-run", "--approve", "place")
    assert "2.1   disruptive" in done.out
    assert "kubernetes@?: deployment/web in shop" in done.out
    assert "names another place than the profile's" in done.out
    assert "kubernetes  --context other" in done.err


def test_settings_that_nobody_trusts_are_ignored_with_a_notice(command_line: CommandLine) -> None:
    kubectl.install(command_line)
    (command_line.repository / "architect.toml").write_text(SETTINGS)
    done = command_line.call("run", kubectl.document(command_line), "--profile", "test")
    assert done.code == 2
    assert "architect.toml" in done.err
    assert "architect trust" in done.err
    assert "no profile `test`" in done.err


def test_trusted_settings_count_and_assert_the_place_themselves(command_line: CommandLine) -> None:
    kubectl.install(command_line)
    with_settings(command_line)
    done = command_line.call("run", kubectl.document(command_line), "--profile", "test", "--approve", "2.1")
    assert done.err == ""
    assert "only on  kubernetes shop-test" in done.out
    assert kubectl.replicas(command_line) == 1


def test_a_changed_settings_file_counts_no_more(command_line: CommandLine) -> None:
    kubectl.install(command_line)
    with_settings(command_line)
    path = command_line.repository / "architect.toml"
    path.write_text(path.read_text().replace("shop-test", "shop-live"))
    done = command_line.call("run", kubectl.document(command_line), "--profile", "test")
    assert (done.code, "no profile `test`" in done.err) == (2, True)


def test_an_unknown_profile_is_named_with_those_there_are(command_line: CommandLine) -> None:
    with_settings(command_line)
    done = command_line.call("run", kubectl.document(command_line), "--profile", "tset")
    assert done.code == 2
    assert "no profile `tset`" in done.err
    assert "test" in done.err.partition("tset")[2]


def test_a_profile_that_expects_another_system_runs_nothing(command_line: CommandLine) -> None:
    kubectl.install(command_line)
    with_settings(command_line)
    done = command_line.call(
        "run",
        kubectl.document(command_line),
        "--profile",
        "test",
        "--approve",
        "2.1",
        environment={"KUBE_CONTEXT": "shop-live"},
    )
    assert done.code == 1
    assert "kubernetes is shop-live; the profile test expects shop-test" in done.err
    assert "RUN-1 stays as it is, `architect runs resume RUN-1`" in done.err
    assert kubectl.replicas(command_line) == 3
    assert "get deployment web -n shop" not in kubectl.log(command_line)


def test_the_place_is_asked_again_when_a_run_is_resumed(command_line: CommandLine) -> None:
    kubectl.install(command_line)
    with_settings(command_line)
    command_line.call("run", kubectl.document(command_line), "--profile", "test")
    elsewhere = {"KUBE_CONTEXT": "shop-live"}
    done = command_line.call("runs", "resume", "RUN-1", "--approve", "2.1", environment=elsewhere)
    assert (done.code, "expects shop-test" in done.err) == (1, True)
    assert kubectl.replicas(command_line) == 3


def test_a_profile_that_changed_is_not_the_one_that_was_approved(command_line: CommandLine) -> None:
    kubectl.install(command_line)
    with_settings(command_line)
    command_line.call("run", kubectl.document(command_line), "--profile", "test")
    with_settings(command_line, SETTINGS.replace("KUBE_CONTEXT", "OTHER"))
    done = command_line.call("runs", "resume", "RUN-1", "--approve", "2.1")
    assert (done.code, "the profile test has changed since the plan was made" in done.err) == (1, True)
    assert kubectl.replicas(command_line) == 3


def test_a_run_can_be_given_up_when_its_profile_is_gone(command_line: CommandLine) -> None:
    kubectl.install(command_line)
    with_settings(command_line)
    command_line.call("run", kubectl.document(command_line), "--profile", "test")
    (command_line.repository / "architect.toml").unlink()
    assert command_line.call("runs", "resume", "RUN-1").code == 2
    assert command_line.call("runs", "abort", "RUN-1").out == "RUN-1 aborted: given up\n"


def test_the_way_back_is_gone_behind_a_gate_of_its_own(command_line: CommandLine) -> None:
    kubectl.install(command_line)
    command_line.call("run", kubectl.document(command_line), "--approve", "place", "--approve", "2.1")
    assert kubectl.replicas(command_line) == 1
    done = command_line.call("runs", "undo", "RUN-1")
    assert done.code == 3
    assert "the way back: 1 action" in done.out
    assert "undo.2.1" in done.out
    assert kubectl.replicas(command_line) == 1
    done = command_line.call("runs", "resume", "RUN-1", "--approve", "undo.2.1")
    assert done.code == 0, done.out
    assert "undone: the way back was gone" in done.out
    assert kubectl.replicas(command_line) == 3


def test_the_way_back_can_be_gone_after_the_run_was_given_up(command_line: CommandLine) -> None:
    kubectl.install(command_line)
    command_line.call("run", kubectl.document(command_line), "--approve", "place", "--approve", "2.1")
    command_line.call("runs", "abort", "RUN-1")
    done = command_line.call("runs", "undo", "RUN-1", "--approve", "undo.2.1")
    assert done.code == 0, done.out
    assert kubectl.replicas(command_line) == 3


def test_what_has_no_way_back_is_refused_by_name(command_line: CommandLine) -> None:
    document = command_line.document("# Mark\n\n## 1. Mark\n\n```bash\n# Mark it\ntouch {world}/x\n```\n")
    command_line.call("run", document, "--approve", "1.1")
    done = command_line.call("runs", "undo", "RUN-1")
    assert done.code == 1
    assert "1.1 Mark it: no way back is known" in done.err
