"""Shapes that documents of many teams share, each on a text of our own."""

from __future__ import annotations

import pytest

from architect.runbooks.model import ActionKind, BlockKind, Kind, OptionGroup, Phase
from builders.documents import action, commands, document, groups, options, runbook, texts, titles


def test_a_check_box_is_no_test_of_the_shell() -> None:
    found = runbook(
        """
        # Prepare the maintenance

        ## Checklist

        - [ ] Announce the window
        - [ ] `kubectl get nodes`
        - [ ] kubectl get pods -n shop
        - [x] The backup was tested
        """
    )
    assert [(each.kind, each.text) for each in found.actions] == [
        (ActionKind.MANUAL, "Announce the window"),
        (ActionKind.SHELL, "kubectl get nodes"),
        (ActionKind.SHELL, "kubectl get pods -n shop"),
    ]


@pytest.mark.parametrize("address", ["https://example.org/board", "s3://backups/orders/2026.dump", "ftp://files/x"])
def test_an_address_by_itself_is_nothing_that_a_shell_runs(address: str) -> None:
    found = runbook(f"# Restore orders\n\n```bash\nuptime\n\n# Kept there\n{address}\n```\n")
    assert [each.kind for each in found.actions] == [ActionKind.SHELL, ActionKind.MANUAL]


@pytest.mark.parametrize(
    "line", ["0 2 * * 1 /usr/local/bin/drill.sh", "*/5 * * * * root flush-queue", "@daily tidy -q"]
)
def test_a_line_of_a_crontab_is_configuration(line: str) -> None:
    assert [block.kind for block in document(f"# Drill\n\n```bash\n{line}\n```\n").blocks] == [BlockKind.CONFIG]


def test_a_manifest_with_gaps_is_configuration_and_no_message() -> None:
    text = "kind: Ingress\nmetadata:\n  name: <name>\n  namespace: <namespace>\n"
    found = document(f"# Communication\n\nSend this example:\n\n```\napiVersion: v1\n{text}```\n")
    assert [block.kind for block in found.blocks] == [BlockKind.CONFIG]


@pytest.mark.parametrize(
    "words", ["You will get an output similar to:", "You should now see lines such as:", "We'll see something like:"]
)
def test_what_one_will_see_is_expected_and_not_done(words: str) -> None:
    found = action(f"# Look\n\n```bash\nuptime\n```\n\n{words}\n\n```\nup 3 days\n```\n")
    assert (found.text, "up 3 days" in {each.text for each in found.expectations}) == ("uptime", True)


def test_a_question_or_a_dash_leads_to_a_command() -> None:
    found = runbook(
        """
        # Checkout is slow

        1. **Look**
           - Slow queries? `kubectl logs -n shop deploy/api | grep slow`
           - Processor — `kubectl top pods -n shop`
        2. **Help**
           - Restart the pod
        """
    )
    assert titles(found) == ["Look", "Help"]
    assert commands(found) == ["kubectl logs -n shop deploy/api | grep slow", "kubectl top pods -n shop"]


def test_a_tool_of_ones_own_on_a_line_of_its_own_below_a_colon_is_run() -> None:
    found = runbook(
        """
        # Processor slow

        1. Look at the board
        2. If one processor is slow, disable it:
           `payctl processor disable acme`
        3. Name the channel: `needs triage`
        """
    )
    assert commands(found) == ["payctl processor disable acme"]
    assert titles(found)[1] == "If one processor is slow, disable it"


def test_remedies_by_cause_in_a_numbered_step_are_a_choice() -> None:
    found = runbook(
        """
        # Checkout is slow

        1. **Look**
           ```bash
           uptime
           ```
        2. **Fix**
           - Disk: Clean up old orders
           - Memory: Restart the pod
        """
    )
    assert options(groups(found)[0]) == {"Disk": ["Disk: Clean up old orders"], "Memory": ["Memory: Restart the pod"]}


def test_causes_are_nothing_to_do_and_their_checks_diagnose() -> None:
    found = runbook(
        """
        # Checkout is slow

        1. **Look**
           ```bash
           uptime
           ```
        2. **Common causes**
           - A slow disk
           - Too many orders
        3. **Possible causes**
           - Disk full: Check the volume
        """
    )
    assert [(step.title, step.phase, texts(step)) for step in found.steps] == [
        ("Look", Phase.DIAGNOSE, ["uptime"]),
        ("Possible causes", Phase.DIAGNOSE, ["Disk full: Check the volume"]),
    ]


def test_a_label_in_a_numbered_step_names_its_commands() -> None:
    found = runbook(
        """
        # Open the ports

        ## Step 1: Enable peering

        **On the gateway:**

        ```bash
        gatectl peer on
        ```

        **On the node:**

        ```bash
        nodectl peer on
        ```

        ## Step 2: Check

        **Verify:**

        ```bash
        gatectl peers
        ```
        """
    )
    assert titles(found) == ["Enable peering", "Verify"]
    assert [each.title for each in found.steps[0].actions] == ["On the gateway", "On the node"]


def test_a_numbered_heading_with_nothing_below_it_is_done_by_a_person() -> None:
    found = runbook(
        """
        # Swap the node

        ## 1. Cordon it

        ```bash
        kubectl cordon web-1
        ```

        ## 2. Wait for the queue to drain

        ## 3. Overview

        ## 4. Uncordon it

        ### By hand

        ```bash
        kubectl uncordon web-1
        ```

        ## 5. Tell the team
        """
    )
    assert texts(found) == [
        "kubectl cordon web-1",
        "Wait for the queue to drain",
        "kubectl uncordon web-1",
        "Tell the team",
    ]


def test_configuration_below_an_instruction_belongs_to_its_step() -> None:
    text = "# Swap\n\n1. Enable the new controller with\n   ```yaml\n   enabled: true\n   ```\n2. Restart the old one\n"
    found = document(text)
    step = found.runbooks[0].steps[0]
    assert step.span.start < found.blocks[0].span.start < step.span.end


def test_a_list_that_names_things_is_no_list_of_steps() -> None:
    found = runbook(
        """
        # Renew the certificate

        ```bash
        certctl renew
        ```

        There are two places where traffic ends:

        1. The balancer
        2. The edge

        Restart these in this order:

        1. The balancer
        2. The edge
        """
    )
    assert texts(found) == ["certctl renew", "The balancer", "The edge"]


def test_options_below_a_part_do_not_make_the_part_a_runbook() -> None:
    found = runbook(
        """
        # Gateway down

        ## Triage

        1. Look at the board

        ## Mitigation

        ### Option A: Roll back

        ```bash
        helm rollback gateway 7
        ```

        ### Option B: Shift traffic

        ```bash
        edgectl shift standby
        ```
        """
    )
    assert [len(group.options) for group in groups(found)] == [2]


def test_what_must_hold_in_a_verification_is_checked_by_a_person() -> None:
    found = runbook(
        """
        # Gateway down

        ## Fix

        ```bash
        helm rollback gateway 7
        ```

        ## Verification

        - The error rate is below 0.5% for 10 minutes
        - `helm status gateway`
        """
    )
    assert [(each.kind, each.text) for each in found.steps[1].actions] == [
        (ActionKind.MANUAL, "The error rate is below 0.5% for 10 minutes"),
        (ActionKind.SHELL, "helm status gateway"),
    ]


def test_steps_of_an_undo_undo() -> None:
    found = runbook(
        """
        # Rotate the key

        ## Procedure

        1. Restart the signer

        ## Rollback

        1. Set the old version
        2. Restart the signer
        """
    )
    assert [step.phase for step in found.steps] == [Phase.MITIGATE, Phase.UNDO, Phase.UNDO]


def test_a_part_that_says_there_is_nothing_has_no_step() -> None:
    found = runbook("# Rotate the key\n\n## Procedure\n\n1. Restart the signer\n\n## Rollback\n\nThere is none.\n")
    assert titles(found) == ["Restart the signer"]


def test_a_row_names_its_command_and_says_what_one_should_see() -> None:
    found = action(
        """
        # Rotate the key

        ## Procedure

        | # | Expected | Step | Command |
        |---|----------|------|---------|
        | 1 | active | Restart the signer | `systemctl restart signer` |
        """
    )
    assert (found.title, [each.text for each in found.expectations]) == ("Restart the signer", ["active"])


def test_labels_of_runbooks_in_a_handbook_are_no_contacts() -> None:
    found = document(
        """
        # On-call handbook

        ## Queue grows

        **When:** `queue_depth > 10000` for 5m

        1. Scale the consumers

        ## Who to call

        - Primary: the pager
        - Database: @maria
        """
    )
    assert [(contact.role, contact.value) for contact in found.contacts] == [
        ("Primary", "the pager"),
        ("Database", "@maria"),
    ]
    only = found.runbooks[0]
    assert (only.kind, only.trigger) == (Kind.INCIDENT, "queue_depth > 10000 for 5m")
    assert [(bound.comparison.value, bound.value) for bound in only.thresholds] == [(">", 10000)]


def test_a_trigger_states_its_bound_once() -> None:
    found = runbook("# Disk full\n\nTrigger: bytes below 10 % for 15 minutes\n\n## Step 1: Look\n\n```\ndf -h\n```\n")
    assert [bound.value for bound in found.thresholds] == pytest.approx([0.1])


def test_options_after_an_explanation_stand_in_a_step_of_the_runbook() -> None:
    found = runbook(
        """
        # Restore old logs

        ## What does this mean

        Old logs are cold.

        ## Option 1: With the console

        1. Find the index
        2. Move it

        ## Option 2: With the pipeline

        1. Start the pipeline
        """
    )
    group = found.steps[0].items[0]
    assert titles(found) == ["Restore old logs"]
    assert isinstance(group, OptionGroup)
    assert [len(option.actions) for option in group.options] == [2, 1]


def test_a_step_that_updates_something_holds_no_message() -> None:
    found = document("# Upgrade\n\n## Step 1: Update the image\n\nUpdate it to:\n\n```\nregistry/api:7\n```\n")
    assert found.templates == ()


def test_a_part_of_status_updates_holds_messages() -> None:
    found = document("# Outage\n\n## Status updates\n\n```\nWe look into slow payments.\n```\n")
    assert len(found.templates) == 1


def test_cases_side_by_side_in_a_part_that_mends_are_a_choice() -> None:
    found = runbook(
        """
        # Alert: BusPartitionsBehind (critical)

        ## Diagnosis

        1. Check the brokers

        ## Resolution

        **If a broker is down:**

        ```bash
        kubectl delete pod bus-0
        ```

        **If the disk is full:**

        1. Reduce the retention
        2. Wait ten minutes

        **If neither applies:** page the lead.
        """
    )
    assert found.trigger == "BusPartitionsBehind"
    assert options(groups(found)[0]) == {
        "If a broker is down": ["kubectl delete pod bus-0"],
        "If the disk is full": ["Reduce the retention", "Wait ten minutes"],
        "If neither applies": ["If neither applies: page the lead."],
    }


def test_plain_words_before_a_colon_open_a_part_too() -> None:
    found = runbook(
        """
        # Rolling restart

        Prerequisites:

        - Get an approval
        - Check that nobody deploys

        Steps:

        1. Restart one broker
        2. Restart the others
        """
    )
    assert texts(found) == ["Restart one broker", "Restart the others"]


def test_numbers_of_parts_are_no_part_of_their_titles() -> None:
    found = runbook(
        """
        # Failover

        ## 1. Confirm

        1.1 Check the instance:

            pg_isready -h prod-main

            Expected output: one row

        ## 2a. Force it

            kubectl rollout restart deploy/db
        """
    )
    assert titles(found) == ["Confirm", "Force it"]
    first = found.actions[0]
    assert (first.title, [each.text for each in first.expectations]) == ("Check the instance", ["one row"])
    assert len(found.actions) == 2


def test_what_leads_to_a_message_is_the_message() -> None:
    found = runbook(
        """
        # Failover

        ## 1. Force it

        ```bash
        dbctl failover prod-main
        ```

        ## 2. Communicate

        Post to the channel:

        ```text
        Failover done at {{time}}. Lost: [none or minutes].
        ```
        """
    )
    assert [each.kind for each in found.actions] == [ActionKind.SHELL, ActionKind.MESSAGE]


def test_a_section_for_a_case_and_the_symptoms_are_parts_of_one_runbook() -> None:
    found = runbook(
        """
        # Runbook: mail queue stuck

        ## Symptoms

        - `MailQueueLength` > 5000

        ## Quick fix

        Restart the relay:
        `ssh relay-1 sudo systemctl restart postfix`

        ## If the quick fix does not help

        ### Look at the queue

        ```bash
        mailq
        ```

        ### Undo

        Lost mail cannot be had back.
        """
    )
    assert titles(found) == ["Quick fix", "Look at the queue", "Undo"]
    assert found.symptoms == ("MailQueueLength > 5000",)


def test_several_labels_in_a_row_are_facts_each() -> None:
    found = runbook(
        """
        # 🔥 Index is red

        🚨 **Severity:** P1 | ⏱ **SLA:** 5m | 👤 **Owner:** index-team

        ## 🔎 1. Diagnose

        ```bash
        indexctl health
        ```

        ## 🛠 2. Fix

        Choose **one** of the following:

        **Option 1 — retry**

        ```bash
        indexctl retry
        ```

        **Option 2**: restore it

        ```bash
        indexctl restore
        ```
        """
    )
    assert (found.severity, found.sla.seconds if found.sla else None, found.owner) == ("P1", 300, "index-team")
    assert titles(found) == ["Diagnose", "Fix"]
    assert options(groups(found)[0]) == {"Retry": ["indexctl retry"], "Restore it": ["indexctl restore"]}
    assert len(found.steps[1].actions) == 2


def test_a_part_of_causes_has_no_step_even_where_it_is_numbered() -> None:
    found = runbook(
        """
        # Errors 503

        ## Possible causes

        1. The pods are not ready
        2. The breaker is open

        ## How to check

        - Pods: `kubectl get pods`
        """
    )
    assert titles(found) == ["How to check"]


def test_a_section_whose_sentences_tell_to_run_commands_is_a_runbook() -> None:
    found = runbook(
        """
        # Guide

        ## Renew the certificate

        After they confirm, run `kubectl rollout restart deploy/edge`, then verify with `curl -sS https://edge.example`.

        ## How it works

        The edge ends all connections; `kubectl` is not needed here.
        """
    )
    assert (found.title, len(found.actions)) == ("Renew the certificate", 2)


def test_numbered_sections_that_state_facts_each_are_runbooks_each() -> None:
    found = document(
        """
        # Database playbook

        ## 1. Vacuum a table

        When: bloat > 40% on any table

        ```sql
        VACUUM orders;
        ```

        ## 2. Add a replica

        Owner: database team

        1. Create the machine
        2. Start the server
        """
    )
    assert [each.title for each in found.runbooks] == ["1. Vacuum a table", "2. Add a replica"]
    assert [bound.subject for bound in found.runbooks[0].thresholds] == ["bloat"]


def test_a_command_is_named_by_the_sentence_that_leads_to_it() -> None:
    found = runbook(
        """
        # Index is red

        ```bash
        uptime
        ```

        You should see a load. If it is high, list the programs:

        ```bash
        ps aux
        ```
        """
    )
    assert [each.title for each in found.actions] == ["", "If it is high, list the programs"]


def test_a_question_that_commands_answer_is_a_step() -> None:
    found = runbook(
        """
        # Look at the cache

        ## 1. What does it hold?

        ```bash
        redis-cli INFO memory
        ```

        ## 2. What is slow?

        ```bash
        redis-cli SLOWLOG GET 10
        ```

        ## What does this mean

        Run `redis-cli FLUSHDB` never.
        """
    )
    assert titles(found) == ["What does it hold?", "What is slow?"]


def test_bold_labels_in_one_line_are_several() -> None:
    found = runbook(
        """
        # Empty the post box

        **Owner:** the mail team  **Last reviewed:** 2025-10-01

        ```sh
        mailq
        ```
        """
    )
    assert found.owner == "the mail team"


def test_words_that_lead_to_what_is_printed_are_not_what_is_expected() -> None:
    found = runbook(
        """
        # Look at the post box

        1. Count the letters

           ```sh
           mailq | wc -l
           ```

           Expected output:

           ```
           0
           ```
        """
    )
    assert [each.text.strip() for each in found.actions[0].expectations] == ["0"]


def test_parts_whose_titles_are_verbs_are_one_procedure() -> None:
    found = document(
        """
        # The post box is slow

        ### Diagnose

        ```sh
        mailq
        ```

        ### Mitigate

        ```sh
        systemctl restart postfix
        ```

        ### Tell everybody

        - Post in #mail that it is over
        """
    )
    assert [each.title for each in found.runbooks] == ["The post box is slow"]
    steps = found.runbooks[0].steps
    assert [step.phase for step in steps] == [Phase.DIAGNOSE, Phase.MITIGATE, Phase.COMMUNICATE]


def test_a_quoted_text_below_words_that_tell_to_say_it_is_a_message() -> None:
    found = runbook(
        """
        # The post box is slow

        ## 1. Repair

        The vendor says:

        > It takes a minute.

        ```sh
        systemctl restart postfix
        ```

        ## 2. Tell people

        Post in #mail:

        > Letters arrive again.
        >
        > Nothing was lost, says [your name].
        """
    )
    assert [(each.kind, each.text) for each in found.actions] == [
        (ActionKind.SHELL, "systemctl restart postfix"),
        (ActionKind.MESSAGE, "Letters arrive again.\n\nNothing was lost, says [your name]."),
    ]
    assert found.actions[1].title == "Post in #mail"


def test_cases_one_behind_the_other_are_alternatives() -> None:
    found = runbook(
        """
        # Letters are late

        ## Triage

        1. Is the queue long? `mailq | wc -l`

        ## Fix

        If the queue is long, send it now:

        ```sh
        postqueue -f
        ```

        If the disk is full, make room:

        ```sh
        journalctl --vacuum-size=200M
        ```

        ## Verify

        ```sh
        watch -n 5 "mailq | tail -1"
        ```
        """
    )
    (group,) = groups(found)
    assert [option.title for option in group.options] == [
        "If the queue is long, send it now",
        "If the disk is full, make room",
    ]
    assert titles(found) == ["Is the queue long?", "Fix", "Verify"]
    assert commands(found)[-1] == 'watch -n 5 "mailq | tail -1"'
