"""Places where a naive importer goes wrong: ten that real documents hold, and more shapes that they take."""

from __future__ import annotations

from architect.runbooks.model import ActionKind, BlockKind, NodeKind, Phase, ProblemCode, SessionKind
from builders.documents import action, commands, document, groups, options, runbook, texts, titles


def test_a_fence_that_is_never_closed_does_not_swallow_the_heading_after_it() -> None:
    found = document(
        """
        # Queue stalls

        ## Diagnosis

        ```sh
        queuectl status

        ## Mitigation

        Restart it:

        ```sh
        queuectl restart
        ```
        """
    )
    assert ProblemCode.UNCLOSED_FENCE in {problem.code for problem in found.problems}
    (only,) = found.runbooks
    assert commands(only) == ["queuectl status", "queuectl restart"]
    assert [step.phase for step in only.steps] == [Phase.DIAGNOSE, Phase.MITIGATE]


def test_a_root_prompt_is_a_command_and_no_comment() -> None:
    found = runbook(
        """
        # Restart the mail relay

        ```sh
        # systemctl restart postfix
        ```

        ```sh
        # Whoever knows the command: write it here
        ```
        """
    )
    assert commands(found) == ["systemctl restart postfix"]


def test_a_comment_above_a_command_is_its_title() -> None:
    found = action(
        """
        # Restart the mail relay

        ```sh
        # reload the tables
        postfix reload
        ```
        """
    )
    assert found.text == "postfix reload"
    assert found.title == "reload the tables"


def test_a_block_after_an_exec_is_meant_for_inside_the_container() -> None:
    found = runbook(
        """
        # Copy the uploads

        Open a shell in the pod:

        ```bash
        kubectl exec -it uploads-0 -n files -- /bin/sh
        ```

        Then, inside:

        ```bash
        apk add rsync
        rsync -a /data/ /backup/
        ```
        """
    )
    opener, *inside = found.actions
    assert opener.session is None
    assert [each.text for each in inside] == ["apk add rsync", "rsync -a /data/ /backup/"]
    assert all(each.session and each.session.kind is SessionKind.EXEC for each in inside)


def test_a_list_that_numbers_every_item_1_is_one_list() -> None:
    found = runbook(
        """
        # Renew the certificate

        1. Make a request

        ```bash
        openssl req -new -key site.key -out site.csr
        ```

        1. Send it to the authority

        1. Install the answer

        ```bash
        cp site.crt /etc/ssl/site.crt
        ```
        """
    )
    assert titles(found) == ["Make a request", "Send it to the authority", "Install the answer"]
    assert [len(step.actions) for step in found.steps] == [1, 1, 1]


def test_a_list_cut_by_a_block_goes_on_with_its_numbers() -> None:
    found = runbook(
        """
        # Move the volume

        1. Stop the writer

        ```bash
        systemctl stop writer
        ```

        2. Copy the data

        ```bash
        cp -a /data /mnt/new
        ```

        3. Start the writer
        """
    )
    assert titles(found) == ["Stop the writer", "Copy the data", "Start the writer"]


def test_a_fence_indented_by_four_blanks_is_a_fence() -> None:
    found = document(
        """
        # Unlock the vault

        Run this:

            ```bash
            vault operator unseal
            ```
        """
    )
    assert ProblemCode.INDENTED_FENCE in {problem.code for problem in found.problems}
    assert commands(found.runbooks[0]) == ["vault operator unseal"]


def test_a_tip_is_prose_and_option_lines_of_a_code_block_are_none_of_its_text() -> None:
    found = document(
        """
        # Prepare the event

        ```{tip}
        Talk to the speakers first.
        ```

        ```{code-block} bash
        :name: scale-up
        kubectl scale deployment/talks --replicas=4
        ```
        """
    )
    kinds = [block.kind for block in found.blocks]
    assert kinds == [BlockKind.TEXT, BlockKind.SHELL]
    assert commands(found.runbooks[0]) == ["kubectl scale deployment/talks --replicas=4"]


def test_a_wrong_tag_does_not_make_a_block_something_else() -> None:
    found = document(
        """
        # Rebuild the replica

        ```sql
        pg_dump -h old -d shop > shop.sql
        ```

        ```bash
        Error: UPGRADE FAILED: timed out waiting for the condition
        ```
        """
    )
    assert [block.kind for block in found.blocks] == [BlockKind.SHELL, BlockKind.OUTPUT]


def test_capitals_at_the_place_of_a_value_are_a_variable() -> None:
    found = runbook(
        """
        # Find the lag

        ```bash
        kubectl get pods -n NAMESPACE
        NODE_NAME=<instance label from alert>
        ssh $NODE_NAME uptime
        ```
        """
    )
    assert {"NAMESPACE", "instance_label_from_alert"} <= {variable.name for variable in found.variables}


def test_a_placeholder_in_a_table_is_kept() -> None:
    found = document(
        """
        # Reset a database

        | What | Command |
        |------|---------|
        | drop | `dropdb <user>-db` |
        | make | `createdb <user>-db` |
        """
    )
    table = next(node for node in found.nodes if node.kind is NodeKind.TABLE)
    assert "<user>-db" in table.span.of(found.text)
    assert commands(found.runbooks[0]) == ["dropdb <user>-db", "createdb <user>-db"]


def test_a_variable_set_once_is_no_question_later() -> None:
    found = runbook(
        """
        # Move a hub

        ```bash
        export HUB=prod
        ```

        ```bash
        kubectl -n $HUB get pvc
        kubectl -n $OTHER get pvc
        ```
        """
    )
    assert [variable.name for variable in found.variables] == ["OTHER"]


def test_blocks_after_a_login_alternate_without_an_exit() -> None:
    found = runbook(
        """
        # Rotate the logs of a web server

        1. Log in
           ```bash
           ssh web-1
           ```
        2. Look at the size
           ```bash
           du -sh /var/log/nginx
           ```
        3. Back on your laptop, tell the balancer
           ```bash
           kubectl annotate ingress web drained=true
           ```
        """
    )
    _, inside, outside = found.actions
    assert inside.session is not None
    assert inside.session.kind is SessionKind.SSH
    assert outside.session is None


def test_sessions_nest() -> None:
    found = runbook(
        """
        # Look into the cache of a host

        ```bash
        ssh cache-1
        ```

        ```bash
        sudo -u postgres psql shop
        ```

        ```sql
        SELECT count(*) FROM carts;
        ```

        ```
        \\q
        ```

        ```bash
        df -h
        ```
        """
    )
    kinds = [each.session.kind if each.session else None for each in found.actions]
    by_text = dict(zip(texts(found), kinds, strict=True))
    assert by_text["SELECT count(*) FROM carts;"] is SessionKind.PSQL
    assert by_text["df -h"] is SessionKind.SSH


def test_the_body_of_a_file_is_a_file_to_write() -> None:
    found = runbook(
        """
        # Add a network rule

        1. Save this as `allow-dns.yaml`:

           ```yaml
           kind: NetworkPolicy
           metadata:
             name: allow-dns
           ```

        2. Apply it:

           ```bash
           kubectl apply -f allow-dns.yaml
           ```
        """
    )
    written, applied = found.actions
    assert (written.kind, written.file_name) == (ActionKind.FILE, "allow-dns.yaml")
    assert applied.text == "kubectl apply -f allow-dns.yaml"


def test_commands_may_be_code_in_list_items() -> None:
    found = runbook(
        """
        # Free the disk

        - `df -h /var`
        - `journalctl --vacuum-size=200M`
        """
    )
    assert commands(found) == ["df -h /var", "journalctl --vacuum-size=200M"]


def test_two_opposite_examples_in_one_block_are_a_choice() -> None:
    found = runbook(
        """
        # Size the worker pool

        ```bash
        # Increase workers
        kubectl scale deployment/worker --replicas=8
        # Decrease workers
        kubectl scale deployment/worker --replicas=2
        ```
        """
    )
    (group,) = groups(found)
    assert list(options(group)) == ["Increase workers", "Decrease workers"]


def test_an_alternative_in_the_middle_of_a_block_is_a_choice() -> None:
    found = runbook(
        """
        # Bring the search back

        ```bash
        systemctl restart search
        # OR
        systemctl start search-standby
        ```
        """
    )
    (group,) = groups(found)
    assert [list(each) for each in options(group).values()] == [
        ["systemctl restart search"],
        ["systemctl start search-standby"],
    ]


def test_a_table_of_contents_is_no_procedure() -> None:
    found = document(
        """
        # Mail runbooks

        ## Contents

        1. [Queue is full](#queue-is-full)
        2. [Relay is down](#relay-is-down)

        ## Queue is full

        1. Look: `postqueue -p`
        2. Flush: `postqueue -f`

        ## Relay is down

        1. Restart: `systemctl restart postfix`
        """
    )
    assert [each.title for each in found.runbooks] == ["Queue is full", "Relay is down"]


def test_a_table_that_routes_between_sections_holds_no_commands() -> None:
    found = document(
        """
        # Printer trouble

        | Symptom | Go to |
        |---------|-------|
        | nothing prints | [1. Restart the spooler](#1-restart-the-spooler) |
        | wrong tray | [2. Set the tray](#2-set-the-tray) |

        ## 1. Restart the spooler

        ```bash
        systemctl restart cups
        ```

        ## 2. Set the tray

        ```bash
        lpadmin -p office -o media-source=tray2
        ```
        """
    )
    all_commands = [text for each in found.runbooks for text in commands(each)]
    assert all_commands == ["systemctl restart cups", "lpadmin -p office -o media-source=tray2"]


def test_a_sheet_of_keys_and_values_is_no_procedure() -> None:
    found = document(
        """
        # Deployment details

        ## Restart policy

        - **Cluster**: north-1
        - **Namespace**: shop
        - **Owner**: storage team
        """
    )
    assert found.runbooks == ()


def test_a_file_says_which_shell_it_is_for_whatever_its_tag() -> None:
    found = document(
        """
        # Restart the agent on Windows

        ```sh
        Get-Service agent | Restart-Service
        ```
        """
    )
    assert found.blocks[0].kind is not BlockKind.OUTPUT
    assert "Get-Service agent | Restart-Service" in found.blocks[0].text


def test_a_variable_has_the_default_that_every_place_gives_it() -> None:
    found = runbook(
        """
        # Move the parcels

        ```bash
        echo "${DEPOT:-north}" ${LIMIT:-20} ${LANE-a} ${TOKEN:-none} ${NOTE:-} ${OTHER:-$(date)}
        echo "${DEPOT:-north}" ${LIMIT:-30} "${CARRIER:?say who}"
        ```
        """
    )
    assert {variable.name: variable.default for variable in found.variables} == {
        "DEPOT": "north",
        "LIMIT": None,
        "LANE": "a",
        "TOKEN": None,
        "CARRIER": None,
    }
