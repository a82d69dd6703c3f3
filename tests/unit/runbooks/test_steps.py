"""Steps and their phases, the actions in them, and what of prose is an action."""

from __future__ import annotations

import pytest

from architect.runbooks.model import ActionKind, ExpectationSource, Phase
from builders.documents import action, commands, document, runbook, texts, titles


@pytest.mark.parametrize(
    ("title", "phase"),
    [
        ("Declare the incident", Phase.DECLARE),
        ("Open an incident", Phase.DECLARE),
        ("Page the on-call engineer", Phase.PAGE),
        ("Assess the impact", Phase.ASSESS),
        ("Triage", Phase.ASSESS),
        ("Check the logs", Phase.DIAGNOSE),
        ("Investigation", Phase.DIAGNOSE),
        ("Mitigation", Phase.MITIGATE),
        ("Restart the service", Phase.MITIGATE),
        ("Fix", Phase.MITIGATE),
        ("Verify recovery", Phase.VERIFY),
        ("Confirm that orders flow", Phase.VERIFY),
        ("Rollback", Phase.UNDO),
        ("Undo the change", Phase.UNDO),
        ("Notify the customers", Phase.COMMUNICATE),
        ("Update the status page", Phase.COMMUNICATE),
        ("Escalate to the storage team", Phase.ESCALATE),
        ("Prevention", Phase.PREVENT),
        ("Post-incident review", Phase.PREVENT),
    ],
)
def test_the_title_of_a_step_tells_its_phase(title: str, phase: Phase) -> None:
    found = runbook(
        f"# Replace the shop\n\n1. **Stop it**\n   ```bash\n   shopctl one\n   ```\n"
        f"2. **{title}**\n   ```bash\n   shopctl two\n   ```\n"
    )
    assert found.steps[1].phase is phase


def test_parts_that_name_phases_are_steps_of_one_fault() -> None:
    found = runbook(
        """
        # Shop is down

        ## Check the workers

        ```bash
        shopctl workers
        ```

        ## Restart it

        ```bash
        shopctl restart
        ```

        ## Confirm that orders flow

        ```bash
        shopctl orders
        ```
        """
    )
    assert [step.phase for step in found.steps] == [Phase.DIAGNOSE, Phase.MITIGATE, Phase.VERIFY]


def test_page_loads_are_no_pages_to_people() -> None:
    found = runbook(
        "# Shop slow\n\n## Page load is slow\n\n```bash\ncurl -s shop\n```\n\n## Fix\n\n```bash\nmake x\n```\n"
    )
    assert found.steps[0].phase is not Phase.PAGE


def test_a_step_takes_the_phase_of_the_part_it_stands_in() -> None:
    found = runbook(
        """
        # Queue grows

        ## Diagnosis

        1. Consumers
           ```bash
           queuectl consumers
           ```
        2. Messages
           ```bash
           queuectl messages
           ```

        ## Mitigation

        1. Consumers
           ```bash
           queuectl restart
           ```
        """
    )
    assert [step.phase for step in found.steps] == [Phase.DIAGNOSE, Phase.DIAGNOSE, Phase.MITIGATE]
    assert [step.number for step in found.steps] == [1, 2, 3]


def test_actions_are_numbered_by_step_and_place() -> None:
    found = runbook(
        """
        # Look at the host

        1. Load
           ```bash
           uptime
           free -m
           ```
        2. Disk
           ```bash
           df -h
           ```
        """
    )
    assert [each.id for each in found.actions] == ["1.1", "1.2", "2.1"]


def test_commands_of_one_block_are_actions_each() -> None:
    found = runbook(
        """
        # Look at the host

        ```bash
        # Load
        uptime

        # Disk
        df -h | tail -1
        du -sh /var \\
          --max-depth=1
        ```
        """
    )
    assert commands(found) == ["uptime", "df -h | tail -1", "du -sh /var \\\n  --max-depth=1"]
    assert [each.title for each in found.actions][:2] == ["Load", "Disk"]


@pytest.mark.parametrize(
    "text",
    [
        "for host in a b; do\n  ssh $host uptime\ndone",
        "if systemctl is-active shop; then\n  systemctl stop shop\nfi",
        "cat > /tmp/x <<EOF\nrm -rf /\nEOF",
        "a && \\\n  b",
        "kubectl get pods |\n  grep shop",
    ],
)
def test_a_compound_command_is_one_action(text: str) -> None:
    found = runbook(f"# Do it\n\n```bash\n{text}\nuptime\n```\n")
    assert commands(found) == [text, "uptime"]


@pytest.mark.parametrize(
    "text", ["clean() {\n  rm -f /tmp/x\n}", "cd /srv/shop", "export MODE=safe", "set -e", "HOST=web-1"]
)
def test_what_only_sets_the_state_of_the_shell_joins_what_follows(text: str) -> None:
    found = runbook(f"# Do it\n\n```bash\n{text}\nuptime\ndate\n```\n")
    assert commands(found) == [f"{text}\nuptime", "date"]


def test_statements_of_one_block_are_actions_each() -> None:
    found = runbook("# Look\n\n```sql\nSELECT 1;\nSELECT ';';\n-- sizes\nSELECT 2\nFROM t;\n```\n")
    assert texts(found) == ["SELECT 1;", "SELECT ';';", "SELECT 2\nFROM t;"]
    assert found.actions[-1].title == "sizes"
    assert all(each.kind is ActionKind.SQL for each in found.actions)


def test_statements_in_a_shell_fence_after_psql_use_its_connection() -> None:
    found = runbook("# Look\n\n```bash\npsql $DATABASE_URL\n\n# sizes\nSELECT 1;\nSELECT 2;\n```\n")
    assert [(each.kind, each.connection) for each in found.actions] == [(ActionKind.SQL, "$DATABASE_URL")] * 2


def test_queries_parted_by_blank_lines_are_actions_each() -> None:
    found = runbook("# Look\n\n```promql\n# errors\nrate(errors_total[5m])\n\nup == 0\n```\n")
    assert texts(found) == ["rate(errors_total[5m])", "up == 0"]
    assert found.actions[0].kind is ActionKind.PROMQL


@pytest.mark.parametrize(
    "sentence",
    [
        "Restart the printer",
        "Ask the vendor for a new key",
        "If it is full, delete old jobs",
        "Then, if needed, move the queue to the standby",
        "You should inform the team",
        "Please unplug the scanner",
    ],
)
def test_a_list_item_that_tells_to_do_something_is_done_by_a_person(sentence: str) -> None:
    found = runbook(f"# Printer is stuck\n\n## Fix\n\n1. {sentence}\n2. Run `lpstat -p`\n")
    assert found.actions[0].kind is ActionKind.MANUAL
    assert found.actions[0].text == sentence


@pytest.mark.parametrize("sentence", ["The printer restarts", "It was full last week", "All jobs are kept"])
def test_a_statement_is_no_action(sentence: str) -> None:
    found = runbook(f"# Printer is stuck\n\n## Fix\n\n{sentence}.\n\n```bash\nlpstat -p\n```\n")
    assert texts(found) == ["lpstat -p"]


def test_a_message_is_an_action_of_its_own_kind() -> None:
    found = runbook("# Shop down\n\n1. **Tell everybody**\n   ```\n   Slack: @here the shop is down\n   ```\n2. Wait\n")
    assert found.actions[0].kind is ActionKind.MESSAGE


def test_a_code_span_that_is_a_command_is_run() -> None:
    found = runbook("# Queue grows\n\n1. Look with `queuectl status --all`\n2. Then run `queuectl flush`\n")
    assert commands(found) == ["queuectl status --all", "queuectl flush"]


def test_a_code_span_that_is_a_word_is_none() -> None:
    found = runbook(
        "# Queue grows\n\n1. Set `max_jobs` to `20` in `queue.conf`\n2. Restart it: `systemctl restart queue`\n"
    )
    assert texts(found) == ["Set max_jobs to 20 in queue.conf", "systemctl restart queue"]
    assert [each.kind for each in found.actions] == [ActionKind.MANUAL, ActionKind.SHELL]


def test_a_link_to_click_is_done_by_a_person() -> None:
    found = runbook("# Queue grows\n\n1. Open the [dashboard](https://dash.example.org/q)\n2. Run `queuectl flush`\n")
    assert found.actions[0].kind is ActionKind.MANUAL


def test_introductions_are_no_steps() -> None:
    found = runbook(
        """
        # Queue grows

        This procedure empties the queue. Read all of it first, it takes ten minutes.

        ## Fix

        ```bash
        queuectl flush
        ```
        """
    )
    assert titles(found) == ["Fix"]
    assert texts(found) == ["queuectl flush"]


def test_expectations_come_from_lines_comments_and_directives() -> None:
    found = runbook(
        """
        # Queue grows

        1. Look
           ```bash
           queuectl status
           ```
           Expected: all consumers are connected
        2. Flush
           ```bash
           # should print 0
           queuectl length
           ```
        3. Wait
           <!-- architect: expect="empty" -->
           ```bash
           queuectl state
           ```
        """
    )
    seen = [(each.text, each.source) for one in found.actions for each in one.expectations]
    assert seen == [
        ("all consumers are connected", ExpectationSource.LINE),
        ("0", ExpectationSource.COMMENT),
        ("empty", ExpectationSource.DIRECTIVE),
    ]


def test_a_bold_label_states_an_expectation_too() -> None:
    found = action("# Look\n\n```bash\nqueuectl status\n```\n\n**Expected output**: `state: ready`\n")
    assert [each.text for each in found.expectations] == ["`state: ready`"]


def test_a_directive_bounds_the_action_below_it() -> None:
    found = action(
        '# Wait\n\n<!-- architect: timeout="2m" retry="10 x 5s" output=10MB -->\n```bash\nqueuectl state\n```\n'
    )
    bounds = found.bounds
    assert (bounds.timeout_s, bounds.retry_count, bounds.retry_delay_s) == (120, 10, 5)
    assert bounds.output_bytes == 10_000_000


def test_a_directive_that_cannot_be_read_is_a_problem_with_its_line() -> None:
    found = document("# Wait\n\n<!-- architect: timeout=soon colour=red -->\n```bash\nuptime\n```\n")
    messages = [problem.message for problem in found.problems]
    assert messages == [
        "`colour` is no setting of a directive",
        "`timeout` must be a duration such as 90s or 2m",
    ]
    assert {found.place(problem.span.start).line for problem in found.problems} == {3}


def test_a_step_with_nothing_to_do_is_none() -> None:
    found = runbook(
        """
        # Queue grows

        ## Impact

        Orders arrive late.

        ## Fix

        ```bash
        queuectl flush
        ```
        """
    )
    assert titles(found) == ["Fix"]


def test_spans_of_steps_begin_at_their_titles() -> None:
    text = "# Queue grows\n\n## Look\n\n```bash\nuptime\n```\n\n## Fix\n\n```bash\nqueuectl flush\n```\n"
    found = document(text)
    starts = [step.span.of(found.text).splitlines()[0] for step in found.runbooks[0].steps]
    assert starts == ["## Look", "## Fix"]
