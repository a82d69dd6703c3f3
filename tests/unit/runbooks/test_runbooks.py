"""Which headings are runbooks, and what each is: kind, severity, trigger, symptoms, owner."""

from __future__ import annotations

import pytest

from architect.runbooks.model import Document, Kind
from builders.documents import document, runbook, titles


def names(found: Document) -> list[str]:
    """Return the titles of the runbooks."""
    return [each.title for each in found.runbooks]


def test_parts_of_a_procedure_are_steps_of_one_runbook() -> None:
    found = document(
        """
        # Disk full on the build host

        ## Diagnosis

        ```bash
        df -h
        ```

        ## Mitigation

        ```bash
        docker system prune
        ```

        ## Verification

        ```bash
        df -h
        ```
        """
    )
    assert names(found) == ["Disk full on the build host"]
    assert titles(found.runbooks[0]) == ["Diagnosis", "Mitigation", "Verification"]


def test_procedures_below_one_title_are_runbooks_each() -> None:
    found = document(
        """
        # Build hosts

        ## Disk is full

        1. Look: `df -h`
        2. Clean: `docker system prune`

        ## Host does not answer

        1. Reset it in the console
        2. Check: `ping -c 3 build-1`
        """
    )
    assert names(found) == ["Disk is full", "Host does not answer"]
    assert [each.id for each in found.runbooks] == ["disk-is-full", "host-does-not-answer"]
    assert found.runbooks[0].sections == ("Build hosts",)


def test_headings_with_step_numbers_are_steps() -> None:
    found = runbook(
        """
        # Rotate the signing key

        ## Step 1: Make a key

        ```bash
        openssl genrsa -out new.pem 4096
        ```

        ## Step 2: Publish it

        Upload the public half to the portal.

        ## Step 3: Retire the old one

        ```bash
        shred -u old.pem
        ```
        """
    )
    assert titles(found) == ["Make a key", "Publish it", "Retire the old one"]


def test_numbered_bold_lines_are_steps() -> None:
    found = runbook(
        """
        # Empty the queue

        **1. Stop the producers**

        ```bash
        systemctl stop producer
        ```

        **2. Drop what is left**

        ```bash
        queuectl purge
        ```
        """
    )
    assert titles(found) == ["Stop the producers", "Drop what is left"]


def test_a_document_without_headings_is_named_after_its_file() -> None:
    found = document("1. Log in\n2. Run `uptime`\n")
    assert names(found) == ["test"]


def test_prose_is_no_runbook() -> None:
    found = document(
        """
        # How the queue works

        Producers write, consumers read. Messages stay for a week.

        ## History

        It was built in 2019.
        """
    )
    assert found.runbooks == ()


@pytest.mark.parametrize("title", ["Contacts", "References", "See also", "Architecture", "Prerequisites", "Changelog"])
def test_background_is_no_runbook(title: str) -> None:
    found = document(
        f"""
        # Operations

        ## Restart the shop

        ```bash
        systemctl restart shop
        ```

        ## {title}

        - Kim Example: kim@example.org
        - [the wiki](https://wiki.example.org)
        """
    )
    assert names(found) == ["Restart the shop"]


def test_a_runbook_ends_before_the_next_heading_of_its_level() -> None:
    found = document(
        """
        # All

        ## One

        1. Run `uptime`

        ## Two

        1. Run `date`
        """
    )
    one, two = found.runbooks
    assert one.span.of(found.text).strip() == "## One\n\n1. Run `uptime`"
    assert two.span.of(found.text).startswith("## Two")


def test_equal_titles_get_ids_of_their_own_and_a_word_about_it() -> None:
    found = document(
        """
        # Web

        ## Restart

        ```bash
        systemctl restart web
        ```

        # Mail

        ## Restart

        ```bash
        systemctl restart mail
        ```
        """
    )
    assert [each.id for each in found.runbooks] == ["restart", "restart-1"]
    assert [problem.code.value for problem in found.problems] == ["duplicate-title"]


@pytest.mark.parametrize(
    ("title", "severity"),
    [
        ("P1: Shop down", "P1"),
        ("[P2] Queue grows", "P2"),
        ("SEV1 - Data centre lost", "SEV1"),
        ("Shop down (P3)", "P3"),
        ("Shop down", None),
        ("P1000 printers", None),
    ],
)
def test_a_severity_stands_in_the_title(title: str, severity: str | None) -> None:
    assert runbook(f"# {title}\n\n1. Look: `uptime`\n2. Fix it\n").severity == severity


@pytest.mark.parametrize(
    ("line", "severity"),
    [
        ("**Severity**: P2", "P2"),
        ("**Severity:** Critical", "Critical"),
        ("Severity: SEV-2", "SEV2"),
        ("- **Priority**: P3", "P3"),
        ('<!-- architect: severity="P1" -->', "P1"),
    ],
)
def test_a_severity_is_stated_below_the_title(line: str, severity: str) -> None:
    found = runbook(f"# Queue grows\n\n{line}\n\n## Fix\n\n```bash\nqueuectl flush\n```\n")
    assert (found.severity or "").lower() == severity.lower()


def test_a_heading_may_state_a_fact() -> None:
    found = runbook(
        """
        # Queue grows

        ## Severity

        P2

        ## Trigger

        More than 1000 messages wait.

        ## Fix

        ```bash
        queuectl flush
        ```
        """
    )
    assert found.severity == "P2"
    assert found.trigger == "More than 1000 messages wait."
    assert titles(found) == ["Fix"]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("# P1: Shop down\n\n## Mitigation\n\n```bash\nsystemctl restart shop\n```\n", Kind.INCIDENT),
        ("# QueueGrows\n\n## Meaning\n\nToo many.\n\n## Mitigation\n\n```bash\nqueuectl flush\n```\n", Kind.INCIDENT),
        ("# Add a printer\n\n1. Plug it in\n2. Run `lpadmin -p new`\n", Kind.TASK),
        ("# Deploy the shop\n\n```bash\nmake deploy\n```\n", Kind.TASK),
        (
            (
                "# Help\n\n## Troubleshooting\n\n### Pages load slowly\n\n#### Symptoms\n\nSlow.\n\n"
                "#### Check\n\n```bash\ntop -b -n1\n```\n"
            ),
            Kind.TROUBLESHOOTING,
        ),
        (
            "# Emergency procedures\n\n## Data centre lost\n\n1. Run `./failover.sh`\n2. Tell everybody\n",
            Kind.EMERGENCY,
        ),
    ],
)
def test_what_a_runbook_is_for(text: str, kind: Kind) -> None:
    assert runbook(text).kind is kind


def test_symptoms_are_kept_and_are_no_steps() -> None:
    found = runbook(
        """
        # Queue grows

        **Symptoms**:
        - orders arrive late
        - `queuectl` prints thousands

        **Fix**:
        ```bash
        queuectl flush
        ```
        """
    )
    assert found.symptoms == ("orders arrive late", "queuectl prints thousands")
    assert titles(found) == ["Fix"]


def test_owner_and_review_come_from_labels_and_directives() -> None:
    found = runbook(
        """
        # Queue grows

        **Owner**: storage team
        **Next review**: 2030-01-31

        ## Fix

        ```bash
        queuectl flush
        ```
        """
    )
    assert (found.owner, found.review_by) == ("storage team", "2030-01-31")
    directed = runbook('# Q\n\n<!-- architect: owner="mail team" review=2031-02-01 -->\n\n```bash\nuptime\n```\n')
    assert (directed.owner, directed.review_by) == ("mail team", "2031-02-01")


def test_front_matter_states_facts_of_the_only_runbook() -> None:
    found = document(
        """
        ---
        title: Queue grows
        severity: P2
        owner: storage team
        version: 1.4
        ---

        ## Fix

        ```bash
        queuectl flush
        ```
        """
    )
    (only,) = found.runbooks
    assert (only.severity, only.owner, found.version) == ("P2", "storage team", "1.4")


def test_version_and_date_of_the_document_are_read_from_labels() -> None:
    found = document(
        """
        # Queue grows

        ```bash
        queuectl flush
        ```

        **Version**: 2.1.0
        **Last Updated**: 4 May 2030
        """
    )
    assert (found.version, found.updated) == ("2.1.0", "4 May 2030")
