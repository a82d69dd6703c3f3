"""The documents say what the product has, and nothing that it has not."""

from __future__ import annotations

import importlib
import json
import pkgutil
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

import architect
from architect.cli.main import COMMANDS, LazyGroup
from architect.kernel.errors import ArchitectError

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])

UNIMPORTABLE = re.compile(r"\.__main__\Z|\.migrations\.|\.sandbox\.shims\.")
"""Programs of their own, which act when they are imported."""


def read(name: str) -> str:
    """Return the text of a file of the project."""
    return (ROOT / name).read_text(encoding="utf-8")


def errors_below(family: type[ArchitectError]) -> Iterator[type[ArchitectError]]:
    """Yield an error and all that inherit from it."""
    yield family
    for child in family.__subclasses__():
        yield from errors_below(child)


def every_code() -> set[str]:
    """Return the codes of all errors of the package, after importing all of it."""
    for module in pkgutil.walk_packages(architect.__path__, "architect."):
        if not UNIMPORTABLE.search(module.name):
            importlib.import_module(module.name)
    found = set(errors_below(ArchitectError))
    return {error.code for error in found if error.__module__.startswith("architect.")}


def commands_of(command: click.Command, name: str) -> Iterator[tuple[str, click.Command]]:
    """Yield a command and those below it, under their full names."""
    yield name, command
    if isinstance(command, click.Group):
        with click.Context(command) as context:
            for child in command.list_commands(context):
                found = command.get_command(context, child)
                assert found is not None
                yield from commands_of(found, f"{name} {child}")


EVERY_COMMAND = dict(commands_of(LazyGroup(), "architect"))


def section(page: str, heading: str) -> str:
    """Return the text below a heading, with its sub-sections."""
    level = heading.partition(" ")[0]
    _, _, below = page.partition(f"\n{heading}\n")
    return re.split(rf"\n#{{1,{len(level)}}} ", below)[0]


def test_every_dependency_says_why_it_is_here() -> None:
    project = tomllib.loads(read("pyproject.toml"))
    wanted = [*project["project"]["dependencies"]]
    for group in (project["project"]["optional-dependencies"], project["dependency-groups"]):
        for items in group.values():
            wanted.extend(items)
    names = {re.split(r"[<>=; \[]", item)[0] for item in wanted}
    rows = [line.split("|") for line in read("docs/dependencies.md").splitlines() if line.startswith("| ")]
    said = {re.sub(r"\[.*", "", name).strip() for row in rows for name in row[1].split(",") if row[2].strip()}
    assert said - {"library"} == names


def test_every_command_has_its_section_in_the_reference() -> None:
    page = read("docs/reference/cli.md")
    named = re.findall(r"^## architect (\S+)$", page, re.MULTILINE)
    assert sorted(named) == sorted(COMMANDS)


@pytest.mark.parametrize("name", [name for name in EVERY_COMMAND if name != "architect"])
def test_the_reference_names_every_option_of_a_command(name: str) -> None:
    page = read("docs/reference/cli.md")
    text = section(page, f"## {' '.join(name.split()[:2])}")
    assert f"{name} " in text or f"`{name}`" in text or f"{name}\n" in text or f"## {name}" in page
    options = [
        option
        for parameter in EVERY_COMMAND[name].params
        if isinstance(parameter, click.Option)
        for option in (*parameter.opts, *parameter.secondary_opts)
    ]
    assert [option for option in options if option not in text] == []


def test_the_reference_names_no_option_that_there_is_not() -> None:
    known = {
        option
        for command in EVERY_COMMAND.values()
        for parameter in command.params
        for option in (*parameter.opts, *parameter.secondary_opts)
    }
    named = set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", read("docs/reference/cli.md")))
    assert named - known == {"--help", "--version"}


def calls_in(page: Path) -> Iterator[str]:
    """Yield what a page shows of the command line, in blocks and in the text: all that follows `architect`."""
    text = page.read_text(encoding="utf-8")
    typed = re.findall(r"^(?:\$ |.*\| |[ \t]*)architect ([^\n]*)", "\n".join(blocks_of(text)), re.MULTILINE)
    inline = re.findall(r"`architect ([^`\n]+)`", text)
    for call in (*typed, *inline):
        yield re.split(r"\s(?:&&|\||#)\s", call)[0]


def blocks_of(text: str) -> list[str]:
    """Return the fenced blocks of a page that show a terminal."""
    return re.findall(r"^```(?:console|bash|)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_call_that_a_page_shows_is_one(page: Path) -> None:
    wrong = []
    for call in calls_in(page):
        words = call.split()
        name = "architect"
        while words and f"{name} {words[0]}" in EVERY_COMMAND:
            name = f"{name} {words.pop(0)}"
        known = {option for each in EVERY_COMMAND[name].params for option in (*each.opts, *each.secondary_opts)}
        named = {word.partition("=")[0] for word in re.findall(r"(?<!\S)\[?(--[a-z][a-z-]*)", " ".join(words))}
        is_of_a_command = name != "architect" or bool(words and (words[0].startswith("-") or words[0].isupper()))
        if not is_of_a_command or named - known - {"--help", "--version"}:
            wrong.append(call)
    assert wrong == []


def words_of(schema: object) -> Iterator[str]:
    """Yield the names of all members of a schema, and the words that they may hold."""
    if isinstance(schema, dict):
        yield from schema.get("properties", {})
        yield from (word for word in schema.get("enum", ()) if isinstance(word, str))
        for part in schema.values():
            yield from words_of(part)
    elif isinstance(schema, list):
        for part in schema:
            yield from words_of(part)


def test_every_member_of_a_document_is_described() -> None:
    schema = json.loads(read("src/architect/cli/schemas/document.json"))
    described = set(re.findall(r"`([^`\n]+)`", read("docs/reference/document.md")))
    assert set(words_of(schema)) - described == set()


def test_every_error_code_is_documented_and_no_other() -> None:
    rows = re.findall(
        r"^\| `([a-z-]+)` \|[^|]+\|[^|]*\|$", section(read("docs/reference/errors.md"), "## Codes"), re.MULTILINE
    )
    assert rows == sorted(every_code())


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)\s]+)\)", without_code(page.read_text(encoding="utf-8")))
    local = [link for link in links if "://" not in link and not link.startswith("mailto:")]
    assert [link for link in local if not leads_somewhere(page, link)] == []


def leads_somewhere(page: Path, link: str) -> bool:
    """Say whether a link of a page names a file or folder, and a heading in it where it names one."""
    name, _, anchor = link.partition("#")
    target = (page.parent / name).resolve() if name else page
    if not anchor:
        return target.exists()
    return target.is_file() and anchor in anchors(target.read_text(encoding="utf-8"))


def anchors(text: str) -> set[str]:
    """Return the anchors that code hosts give to the headings of a page."""
    headings = re.findall(r"^#{1,6} (.+)$", text, re.MULTILINE)
    plain = (re.sub(r"[`*]", "", heading).strip().lower() for heading in headings)
    return {re.sub(r"[^\w\- ]", "", heading).replace(" ", "-") for heading in plain}


def without_code(text: str) -> str:
    """Return a page without its fenced blocks and inline code."""
    prose = re.sub(r"^(`{3,}|~{3,}).*?^\1[`~]*$", "", text, flags=re.MULTILINE | re.DOTALL)
    return re.sub(r"`[^`\n]*`", "", prose)


def test_the_readme_names_the_two_commands() -> None:
    text = read("README.md")
    assert "make run" in text
    assert "make test" in text


def test_decisions_are_numbered_without_a_gap() -> None:
    numbers = sorted(int(page.name[:4]) for page in (ROOT / "docs" / "adr").glob("[0-9]*.md"))
    assert numbers == list(range(1, len(numbers) + 1))


@pytest.mark.parametrize("page", sorted((ROOT / "docs" / "adr").glob("[0-9]*.md")), ids=lambda page: page.stem)
def test_a_decision_says_why_it_was_taken_and_what_it_costs(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert text.startswith(f"# {int(page.name[:4])}. ")
    assert re.search(r"^Date: \d{4}-\d\d-\d\d\. Status: (?:accepted|superseded by \d+)\.$", text, re.MULTILINE)
    headings = re.findall(r"^## (.+)$", text, re.MULTILINE)
    assert headings[:3] == ["Context", "Decision", "Consequences"]
    assert headings[3:] in ([], ["Alternatives"])


def test_the_rooms_import_downwards_only() -> None:
    program = Path(sys.executable).parent / "lint-imports"
    answer = subprocess.run([program, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stdout + answer.stderr
