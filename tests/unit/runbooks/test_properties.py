"""Reading is total and loses nothing: what holds for any bytes at all."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import example, given, settings
from hypothesis import strategies as st

from architect.runbooks.encoding import decode
from architect.runbooks.markdown import shape
from architect.runbooks.model import Document, Span
from architect.runbooks.reading import read

LINES = st.sampled_from(
    [
        "# Restore the queue",
        "## Diagnosis",
        "### Step 2: Drain",
        "1. Look at `systemctl status queue`",
        "1. Drain it:",
        "4) Wait",
        "- Memory full: delete `/tmp/x`",
        "   - nested",
        "> quoted",
        "> > deeper",
        "```bash",
        "   ```sh",
        "    ```",
        "~~~~ sql",
        "```",
        "````",
        "kubectl get pods -n <namespace>",
        "$ uptime",
        "# a comment, or a title",
        "psql $DATABASE_URL",
        "SELECT 1;",
        "ssh web-1",
        "exit",
        "OR",
        "**Expected:** all pods run",
        "**Severity**: P2",
        "| Level | Who |",
        "|-------|-----|",
        "| 1 | on call |",
        "<details>",
        "</details>",
        "<!-- architect: timeout=2m expect=ok -->",
        "<!-- never closed",
        "---",
        "===",
        "[link]: https://example.org",
        "Cafe\u0301 \U0001f6a8 \u2028 text",
        "\ttabbed",
        "    four blanks",
        "",
        "",
        "\udc80\udcff",
        "\0",
        "\r",
        "trailing  ",
    ]
)
TEXTS = st.lists(LINES, max_size=30).map("\n".join)
MARKDOWN = st.one_of(TEXTS, st.text(alphabet="#->*`|~_\n \t1.:ab<$[]()!\\=", max_size=300))
PATIENT = settings(deadline=None)
BYTES = st.one_of(st.binary(max_size=300), MARKDOWN.map(lambda text: text.encode("utf-8", "surrogateescape")))


def spans_of(document: Document) -> list[Span]:
    """Return every span that a document holds."""
    found = [block.span for block in document.blocks] + [problem.span for problem in document.problems]
    found += [level.span for level in document.escalation] + [contact.span for contact in document.contacts]
    found += [template.span for template in document.templates]
    found += [field.span for template in document.templates for field in template.fields]
    found += [block.session.span for block in document.blocks if block.session]
    for runbook in document.runbooks:
        found.append(runbook.span)
        found += [bound.span for bound in runbook.thresholds]
        found += [span for variable in runbook.variables for span in variable.spans]
        if runbook.sla:
            found.append(runbook.sla.span)
        for step in runbook.steps:
            found.append(step.span)
            found += [item.span for item in step.items]
            found += [expected.span for action in step.actions for expected in action.expectations]
            found += [action.span for action in step.actions]
    return found


@PATIENT
@given(BYTES)
@example(b"")
@example(b"\xef\xbb\xbf# bom")
@example(b"a\r\nb\r\n")
@example(b"- \n\t```\n\tx")
def test_any_bytes_are_a_document_and_every_code_point_is_in_exactly_one_node(data: bytes) -> None:
    document = read(data, "any.md")
    ends = [0, *(node.span.end for node in document.nodes)]
    assert [node.span.start for node in document.nodes] == ends[:-1]
    assert ends[-1] == len(document.text)
    assert all(node.span.start < node.span.end for node in document.nodes)
    assert "".join(node.span.of(document.text) for node in document.nodes) == document.text


@PATIENT
@given(BYTES)
def test_the_bytes_can_be_had_back(data: bytes) -> None:
    text = read(data, "any.md").text
    assert text == decode(data)
    assert text.encode("utf-8", "surrogateescape") == data.removeprefix(b"\xef\xbb\xbf")


@PATIENT
@given(BYTES)
def test_every_span_lies_in_the_text(data: bytes) -> None:
    document = read(data, "any.md")
    length = len(document.text)
    assert all(0 <= span.start <= span.end <= length for span in spans_of(document))


@PATIENT
@given(BYTES)
def test_reading_the_same_twice_gives_the_same(data: bytes) -> None:
    first = read(data, "any.md")
    assert read(data, "any.md") == first
    assert read(first.text.encode("utf-8", "surrogateescape"), "any.md").runbooks == first.runbooks


@PATIENT
@given(BYTES)
def test_each_character_of_a_block_lies_where_the_block_says(data: bytes) -> None:
    document = read(data, "any.md")
    for block in document.blocks:
        places = [block.locate(offset) for offset in range(len(block.text))]
        assert all(before <= after for before, after in pairwise(places))
        for offset, place in enumerate(places):
            if not block.text[offset].isspace():
                assert document.text[place] in (block.text[offset], "\0"), (block.text, offset)


@PATIENT
@given(BYTES)
def test_the_text_of_an_action_lies_in_its_block(data: bytes) -> None:
    document = read(data, "any.md")
    for runbook in document.runbooks:
        for action in runbook.actions:
            if action.block is not None:
                end = action.offset + len(action.text)
                assert action.block.text[action.offset : end] == action.text


@PATIENT
@given(BYTES)
def test_ids_of_runbooks_and_of_actions_are_unique(data: bytes) -> None:
    document = read(data, "any.md")
    ids = [runbook.id for runbook in document.runbooks]
    assert len(ids) == len(set(ids))
    for runbook in document.runbooks:
        actions = [action.id for action in runbook.actions]
        assert len(actions) == len(set(actions))
        assert [step.number for step in runbook.steps] == list(range(1, len(runbook.steps) + 1))


@PATIENT
@given(BYTES)
def test_runbooks_do_not_overlap(data: bytes) -> None:
    spans = [runbook.span for runbook in read(data, "any.md").runbooks]
    assert all(before.end <= after.start for before, after in pairwise(spans))


@PATIENT
@given(BYTES)
def test_what_a_variable_spans_holds_how_it_is_written(data: bytes) -> None:
    document = read(data, "any.md")
    for runbook in document.runbooks:
        for variable in runbook.variables:
            for placeholder, span in zip(variable.placeholders, variable.spans, strict=True):
                shown = span.of(document.text)
                assert all(part in shown for part in placeholder.written.split()), variable


@PATIENT
@given(MARKDOWN)
def test_a_line_more_at_the_end_changes_no_place_of_a_line(text: str) -> None:
    starts = shape(text).line_starts
    longer = shape(text + "\n\nmore").line_starts
    assert longer[: len(starts)] == starts
