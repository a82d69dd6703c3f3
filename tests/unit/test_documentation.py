"""The documents say what the product has, and nothing that it has not."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

from architect.cli.main import COMMANDS
from architect.kernel import errors

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


def read(name: str) -> str:
    """Return the text of a file of the project."""
    return (ROOT / name).read_text(encoding="utf-8")


def test_every_dependency_says_why_it_is_here() -> None:
    project = tomllib.loads(read("pyproject.toml"))
    wanted = [*project["project"]["dependencies"], *project["dependency-groups"]["dev"]]
    for extra in project["project"]["optional-dependencies"].values():
        wanted.extend(extra)
    rows = "\n".join(line.split("|")[1] for line in read("docs/dependencies.md").splitlines() if line.startswith("| "))
    missing = [name for name in (re.split(r"[<>=; \[]", item)[0] for item in wanted) if name not in rows]
    assert missing == []


def test_every_command_has_its_section_in_the_reference() -> None:
    page = read("docs/reference/cli.md")
    assert [name for name in COMMANDS if f"## architect {name}" not in page] == []


def test_every_error_code_is_documented() -> None:
    page = read("docs/reference/errors.md")
    codes = [family.code for family in errors.ArchitectError.__subclasses__()]
    assert codes
    assert [code for code in codes if f"| `{code}` |" not in page] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text(encoding="utf-8"))
    local = [link for link in links if "://" not in link and not link.startswith("mailto:")]
    assert [link for link in local if not (page.parent / link).exists()] == []


def test_the_readme_names_the_two_commands() -> None:
    text = read("README.md")
    assert "make run" in text
    assert "make test" in text


def test_decisions_are_numbered_without_a_gap() -> None:
    numbers = sorted(int(page.name[:4]) for page in (ROOT / "docs" / "adr").glob("[0-9]*.md"))
    assert numbers == list(range(1, len(numbers) + 1))


def test_the_rooms_import_downwards_only() -> None:
    answer = subprocess.run(["lint-imports"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stdout
