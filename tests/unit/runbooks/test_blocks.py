"""A block is what its text is; its tag and the sentence above it decide only where the text does not."""

from __future__ import annotations

import pytest

from architect.runbooks.blocks import classify, psql_opener
from architect.runbooks.model import Block, BlockKind
from architect.runbooks.tags import tag_of
from builders.documents import commands, document, runbook

SHELL, SQL, PSQL, PROMQL = BlockKind.SHELL, BlockKind.SQL, BlockKind.PSQL, BlockKind.PROMQL
CONFIG, OUTPUT, CODE, TEXT = BlockKind.CONFIG, BlockKind.OUTPUT, BlockKind.CODE, BlockKind.TEXT

CASES = [
    ("bash", "kubectl get pods -n shop", SHELL),
    ("Bash", "df -h", SHELL),
    ("cmd", "df -h", SHELL),
    ("console", "df -h", SHELL),
    ("", "systemctl status nginx", SHELL),
    ("", "for host in a b; do ping -c1 $host; done", SHELL),
    ("text", "curl -s localhost:8080/health", SHELL),
    ("bash", "# only a remark", SHELL),
    ("sql", "SELECT * FROM orders;", SQL),
    ("SQL", "select count(*) from orders", SQL),
    ("", "UPDATE jobs SET state = 'new' WHERE state = 'stuck';", SQL),
    ("bash", "DELETE FROM sessions WHERE expired;", SQL),
    ("postgresql", "VACUUM ANALYZE orders;", SQL),
    ("sql", "pg_dump shop > shop.sql", SHELL),
    ("sql", "\\dt+ orders", PSQL),
    ("bash", "psql $DATABASE_URL\nSELECT 1;", PSQL),
    ("promql", "rate(http_requests_total[5m])", PROMQL),
    ("", 'sum by (job) (rate(errors_total{job="shop"}[5m]))', PROMQL),
    ("promql", "up == 0", PROMQL),
    ("yaml", "apiVersion: v1\nkind: Pod", CONFIG),
    ("json", '{"a": 1}', CONFIG),
    ("toml", 'name = "x"', CONFIG),
    ("", "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: shop", CONFIG),
    ("bash", "Error: INSTALLATION FAILED: timed out", OUTPUT),
    ("", "NAME      READY   STATUS    RESTARTS   AGE\nshop-1    1/1     Running   0          5d", OUTPUT),
    ("", "2024-05-01T10:00:00Z ERROR queue is full", OUTPUT),
    ("", " count \n-------\n    12\n(1 row)", OUTPUT),
    ("python", "import os\nprint(os.getpid())", CODE),
    ("go", "func main() {}", CODE),
    ("mermaid", "graph TD; A-->B", BlockKind.DIAGRAM),
    ("", "client -> proxy\n  |\n  v\nserver", BlockKind.DIAGRAM),
    ("", "", TEXT),
    ("text", "Ask the owner of the printer before you move it.", TEXT),
]


@pytest.mark.parametrize(("tag", "text", "kind"), CASES)
def test_a_block_is_what_its_text_is(tag: str, text: str, kind: BlockKind) -> None:
    assert classify(tag_of(tag), text) is kind


@pytest.mark.parametrize("tag", ["bash", "sh", "shell", "zsh", "console", "", "text", "sql", "command"])
def test_a_command_line_is_shell_under_any_tag(tag: str) -> None:
    assert classify(tag, "kubectl rollout restart deployment/shop -n web") is SHELL


@pytest.mark.parametrize("tag", ["bash", "sh", "", "text", "sql", "psql"])
def test_a_statement_is_sql_under_any_tag(tag: str) -> None:
    assert classify(tag, "SELECT pid, state FROM pg_stat_activity WHERE state = 'idle';") is SQL


def only_block(text: str) -> Block:
    """Return the only block of a document."""
    (block,) = document(text).blocks
    return block


def test_what_is_typed_is_told_apart_from_what_is_printed() -> None:
    block = only_block(
        """
        ```
        $ uptime
         10:00  up 5 days
        $ df -h /
        Filesystem  Size
        /dev/sda1   10G
        ```
        """
    )
    assert block.kind is BlockKind.TRANSCRIPT
    assert [line for line in block.text.splitlines() if line.strip()] == ["uptime", "df -h /"]


def test_prompts_are_no_part_of_commands() -> None:
    found = runbook(
        """
        # Look at the host

        ```console
        $ uptime
        $ df -h
        ```
        """
    )
    assert commands(found) == ["uptime", "df -h"]


def test_a_prompt_with_user_and_host_is_a_prompt() -> None:
    found = runbook(
        """
        # Look at the host

        ```
        ops@web-1:~$ systemctl status nginx
        ```
        """
    )
    assert commands(found) == ["systemctl status nginx"]


def test_a_block_announced_as_output_is_output() -> None:
    found = document(
        """
        # Check the relay

        ```bash
        postqueue -p
        ```

        The output looks like this:

        ```
        Mail queue is empty
        ```
        """
    )
    assert [block.kind for block in found.blocks] == [SHELL, OUTPUT]
    assert commands(found.runbooks[0]) == ["postqueue -p"]


def test_a_message_to_post_is_a_message() -> None:
    found = document(
        """
        # Announce the outage

        Post in the channel:

        ```
        @here The shop is down, we are looking into it. Updates every 15 minutes.
        ```
        """
    )
    assert found.blocks[0].kind is BlockKind.MESSAGE


def test_output_pasted_below_a_command_is_cut_off() -> None:
    found = runbook(
        """
        # Look at the nodes

        ```bash
        kubectl get nodes
        NAME     STATUS   ROLES   AGE   VERSION
        node-1   Ready    agent   10d   v1.29.1
        ```
        """
    )
    assert commands(found) == ["kubectl get nodes"]


@pytest.mark.parametrize(
    ("line", "arguments"),
    [
        ("psql", ""),
        ("psql $DATABASE_URL", "$DATABASE_URL"),
        ("sudo -u postgres psql shop", "shop"),
        ("psql -h db -U ops shop", "-h db -U ops shop"),
        ("psql -c 'SELECT 1'", None),
        ("psql -f fix.sql", None),
        ("psql shop < dump.sql", None),
        ("psql$X", None),
        ("echo psql", None),
    ],
)
def test_a_call_of_psql_without_a_command_opens_a_session(line: str, arguments: str | None) -> None:
    assert psql_opener(line) == arguments


def test_a_block_knows_its_line_and_the_place_of_each_character() -> None:
    found = document(
        """
        # Drain

        1. First
           ```bash
           kubectl drain node-1 \\
             --force
           ```
        """
    )
    (block,) = found.blocks
    assert block.line == 4
    assert block.text == "kubectl drain node-1 \\\n  --force\n"
    at = block.text.index("--force")
    assert found.text[block.locate(at) :].startswith("--force")
    assert found.place(block.locate(at)).line == 6


def test_a_block_in_a_quote_is_without_its_marks() -> None:
    block = only_block(
        """
        > Try this:
        >
        > ```sh
        > uptime
        > df -h
        > ```
        """
    )
    assert block.text == "uptime\ndf -h\n"
