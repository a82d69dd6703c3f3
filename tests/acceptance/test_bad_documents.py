"""Documents that cannot be read, or only in part: each says what is wrong, where, and what to do; nothing is lost."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from command_line import CommandLine, Done

GOOD = "# Shop\n\n## Restart the API\n\n```bash\nls /\n```\n"
SHOW, DRY_RUN = ("show",), ("run", "--dry-run")
MANY = 10_000


def write(command_line: CommandLine, data: bytes, name: str = "ops.md") -> str:
    (command_line.repository / name).write_bytes(data)
    return name


def read_back(command_line: CommandLine, *words: str) -> dict[str, object]:
    """Return a document as `show` gives it to machines."""
    done = command_line.call("show", "--format", "json", *words)
    assert done.code == 0, done.err
    found: dict[str, object] = json.loads(done.out)
    return found


def refused(done: Done, message: str) -> bool:
    return (done.code, done.out, done.err) == (2, "", f"architect: {message}\n")


@pytest.mark.parametrize("words", [SHOW, DRY_RUN])
@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "ops.md is empty (a document has at least a heading and something to do)"),
        (b" \r\n\t\n", "ops.md is empty (a document has at least a heading and something to do)"),
        (bytes(range(256)) * 40, "ops.md is binary, not Markdown (name a text file)"),
        (GOOD.encode() + b"\0", "ops.md is binary, not Markdown (name a text file)"),
        (GOOD.encode("utf-16"), "ops.md is UTF-16 text (save it as UTF-8)"),
    ],
)
def test_what_is_no_text_is_refused(
    command_line: CommandLine, words: tuple[str, ...], data: bytes, message: str
) -> None:
    assert refused(command_line.call(*words, write(command_line, data)), message)


@pytest.mark.parametrize("words", [SHOW, DRY_RUN])
def test_a_file_of_50_mb_is_refused_without_reading_it_all(command_line: CommandLine, words: tuple[str, ...]) -> None:
    with (command_line.repository / "ops.md").open("wb") as file:
        file.truncate(50_000_000)
    message = "ops.md is larger than 16 MB, the most a document may have (split it)"
    assert refused(command_line.call(*words, "ops.md"), message)


@pytest.mark.parametrize("words", [SHOW, DRY_RUN])
@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("osp.md", "osp.md does not exist (did you mean ops.md?)"),
        ("docs/ops.md", "docs/ops.md does not exist (the folder docs does not exist either)"),
        (".", ". is a directory, not a Markdown file (name one file in it)"),
        ("pipe", "pipe is not a regular file (name a Markdown file)"),
        ("/dev/zero", "/dev/zero is not a regular file (name a Markdown file)"),
        ("ops.md#restart-teh-api", "ops.md has no runbook `restart-teh-api` (did you mean #restart-the-api?)"),
        ("ops.md#zzz", "ops.md has no runbook `zzz` (it has #restart-the-api)"),
        ("loop.md", "loop.md cannot be read: Too many levels of symbolic links"),
    ],
)
def test_what_is_not_there_is_named_with_what_is_like_it(
    command_line: CommandLine, words: tuple[str, ...], name: str, message: str
) -> None:
    write(command_line, GOOD.encode())
    os.mkfifo(command_line.repository / "pipe")
    (command_line.repository / "loop.md").symlink_to("loop.md")
    assert refused(command_line.call(*words, name), message)


@pytest.mark.parametrize("words", [SHOW, DRY_RUN])
@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_refused(command_line: CommandLine, words: tuple[str, ...]) -> None:
    path = command_line.document(GOOD)
    path.chmod(0)
    assert refused(command_line.call(*words, "ops.md"), "ops.md cannot be read: Permission denied")


def test_a_document_without_a_runbook_is_shown_and_cannot_be_run(command_line: CommandLine) -> None:
    name = write(command_line, b"# Notes\n\nOnly words.\n")
    shown = command_line.call("show", name)
    assert (shown.code, shown.err) == (0, "")
    assert "Nothing in it can be done step by step." in shown.out
    message = "ops.md has no runbooks (nothing in it can be done step by step)"
    assert refused(command_line.call("run", "--dry-run", name), message)
    message = "ops.md has no runbook `x` (it has no runbook: nothing in it can be done step by step)"
    assert refused(command_line.call("show", f"{name}#x"), message)


@pytest.mark.parametrize(
    "nested",
    [
        "- " * MANY + "x\n",
        "".join(f"{'  ' * depth}- a\n" for depth in range(300)),
        "> " * MANY + "x\n",
    ],
)
def test_nesting_without_end_is_kept_as_prose_and_told(command_line: CommandLine, nested: str) -> None:
    text = f"# Shop\n\n## Notes\n\n{nested}\n## Restart the API\n\n```bash\nls /\n```\n"
    name = write(command_line, text.encode())
    shown = command_line.call("show", name)
    assert (shown.code, shown.err) == (0, "")
    assert "nested too deeply here" in " ".join(shown.out.split())
    assert read_back(command_line, name)["characters"] == len(text)
    assert command_line.call("run", "--dry-run", f"{name}#restart-the-api").code == 0


def test_bytes_that_are_no_utf8_are_told_and_not_run(command_line: CommandLine) -> None:
    data = b"# Shop\n\nCaf\xe9\n\n## Restart the API\n\n```bash\nls /\n```\n\n## Greet\n\n```bash\nprintf '\xe9'\n```\n"
    name = write(command_line, data)
    shown = command_line.call("show", name)
    assert (shown.code, shown.err) == (0, "")
    assert "line 3 and 1 more" in shown.out
    assert "these bytes are no UTF-8: 0xe9 (save the file as UTF-8)" in " ".join(shown.out.split())
    assert command_line.call("run", "--dry-run", f"{name}#restart-the-api").code == 0
    message = "ops.md, line 14: what #greet says here is not UTF-8 (save the file as UTF-8)"
    assert refused(command_line.call("run", "--dry-run", f"{name}#greet"), message)


def test_text_that_was_decoded_twice_is_told_and_stays_as_it_is(command_line: CommandLine) -> None:
    twice = "It\u2019s down".encode().decode("cp1252")
    name = write(command_line, f'# Shop\n\n## Restart\n\n```bash\necho "{twice}"\n```\n'.encode())
    shown = command_line.call("show", name)
    assert 'decoded twice; it should read: echo "It\u2019s down"' in " ".join(shown.out.split())
    dry = command_line.call("run", "--dry-run", name)
    assert (dry.code, twice in dry.out) == (0, True)


def test_line_endings_of_windows_change_no_command(command_line: CommandLine) -> None:
    text = "# Shop\n\n## Restart\n\n```bash\nls / \\\n  /tmp\nls /\n```\n"
    plans = []
    for ending in ("\n", "\r\n"):
        name = write(command_line, text.replace("\n", ending).encode())
        dry = command_line.call("run", "--dry-run", name)
        assert dry.code == 0, dry.err
        plans.append(dry.out)
    assert plans[0] == plans[1]
    assert "ls / " in plans[0]


def test_a_fence_that_is_never_closed_ends_above_the_next_heading(command_line: CommandLine) -> None:
    name = write(command_line, b"# Shop\n\n## Restart\n\n```bash\nls /\n\n### Verify\n\nCheck that it works.\n")
    shown = command_line.call("show", name)
    assert "line 5" in shown.out
    assert "this fence is never closed: it is taken to end above the next heading" in " ".join(shown.out.split())
    dry = command_line.call("run", "--dry-run", name)
    assert (dry.code, "Check that it works" in dry.out) == (0, True)


def test_titles_that_stand_twice_have_names_of_their_own(command_line: CommandLine) -> None:
    name = write(command_line, b"# Shop\n\n## Restart\n\n```bash\nls /\n```\n\n## Restart\n\n```bash\nls /tmp\n```\n")
    shown = command_line.call("show", name)
    assert "`Restart` stands here again: this one is `#restart-1`" in " ".join(shown.out.split())
    message = "ops.md has 2 runbooks (name one: #restart, #restart-1)"
    assert refused(command_line.call("run", "--dry-run", name), message)
    second = command_line.call("run", "--dry-run", f"{name}#restart-1")
    assert (second.code, "ls /tmp" in second.out) == (0, True)


def test_a_document_through_a_link_is_the_file_it_names(command_line: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "real.md").write_text(GOOD, encoding="utf-8")
    (command_line.repository / "link.md").symlink_to(tmp_path / "real.md")
    assert command_line.call("show", "link.md").code == 0
