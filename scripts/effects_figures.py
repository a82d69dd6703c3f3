"""Print docs/effects-figures.md: how the judge of effects compares with commands that other people labelled.

Usage: python scripts/effects_figures.py SHARED > docs/effects-figures.md
SHARED holds `bench/commands.jsonl`, rows of `command` and `read_only`.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from architect.commands.judging import judge
from architect.commands.model import Effect, Flag, Judgement

FAMILIES: Mapping[str, str] = {
    "kubectl": "kubectl oc",
    "helm": "helm",
    "docker": "docker docker-compose podman crictl nerdctl",
    "aws": "aws",
    "gcloud": "gcloud gsutil bq",
    "az": "az",
    "terraform": "terraform tofu",
    "git": "git",
    "gh": "gh",
    "curl": "curl wget",
    "psql": "psql pg_dump pg_restore pg_isready pg_basebackup createdb dropdb",
    "redis-cli": "redis-cli valkey-cli",
    "systemctl": "systemctl",
    "journalctl": "journalctl",
    "ssh": "ssh scp rsync",
    "coreutils": (
        "ls cat head tail wc sort uniq cut tr tee cp mv rm mkdir rmdir ln touch chmod chown du df stat date echo "
        "printf seq sleep test expr basename dirname realpath readlink pwd env printenv id whoami groups who uname "
        "hostname nproc md5sum sha1sum sha256sum base64 od nl tac rev fold fmt comm join paste split csplit shuf "
        "truncate dd sync mktemp timeout nohup nice stdbuf true false yes tsort factor numfmt cksum sum b2sum "
        "sha512sum tty"
    ),
    "find": "find",
    "xargs": "xargs",
    "grep": "grep egrep fgrep zgrep",
    "sed": "sed",
    "awk": "awk gawk mawk",
    "jq": "jq",
    "tar": "tar",
    "gzip": "gzip gunzip zcat",
}
"""What the project calls deep, by the first word of a command."""

EXPLAINED: Mapping[str, str] = {
    "unzip -c archive.zip": "prints what is in an archive",
    "awk '{print > \"/dev/stderr\"}' file.txt": "prints, on the other stream",
    "az group wait --name mygroup --created": "waits until a group is there, and changes nothing",
    "brew services list": "shows which services run on this machine",
    "brew developer": "shows a setting",
    "env sudo ls": "lists files, as another user",
    "git apply --stat patch.diff": "shows what a patch would change",
    "openssl dgst -sha256 file.txt": "prints a checksum",
    "openssl md5 file.txt": "prints a checksum",
    "openssl x509 -text": "prints a certificate",
    "psql -c 'SELECT 1; SELECT 2'": "two plain queries",
    "bash -c ''": "does nothing",
    "uv tool list": "lists what is installed",
    "uv tool dir": "prints a folder",
    "xargs -I {}": "prints its input: xargs without a command is echo",
    "xargs --null": "prints its input: xargs without a command is echo",
    "xargs --": "prints its input: xargs without a command is echo",
    "xargs -0 --": "prints its input: xargs without a command is echo",
    "xxd -r -p file.hex": "prints bytes",
    "fdisk  /dev/sda -l": "lists partitions",
    "sudo fdisk -l /dev/sda": "lists partitions",
    "sh <<EOF\necho hi\nEOF": "prints a word",
    "ruff format --check": "says whether files would be rewritten",
}
"""Labelled as changes by a filter that forbids the whole subcommand, and plainly none."""

PRINCIPLED = (
    "a word that the text does not tell can be an option",
    "runs a program that the configuration names",
    "runs a script file",
    "is only known when it runs",
    "which the text does not tell",
    "another configuration may run programs",
    "makes real infrastructure",
)
"""Reasons for which a labelled read stays unknown here on purpose: what would run is not in the text."""


@dataclass(frozen=True, slots=True)
class Row:
    """One labelled command and what was judged of it."""

    command: str
    is_read: bool
    judgement: Judgement

    @property
    def family(self) -> str:
        """The deep tool that it belongs to; empty for any other."""
        word = self.command.split()[0] if self.command.split() else ""
        return next((name for name, words in FAMILIES.items() if word in words.split()), "")

    @property
    def came_out_read(self) -> bool:
        """Say whether it would run by itself."""
        return self.judgement.effect is Effect.READ


def judged(path: Path) -> list[Row]:
    """Judge every labelled command."""
    lines = path.read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines if line.strip()]
    return [Row(row["command"], bool(row["read_only"]), judge(row["command"])) for row in rows]


def why_no_target(row: Row) -> str:
    """Say why a command that is labelled as a change touches no target system; empty where nobody can say so."""
    if row.command in EXPLAINED:
        return EXPLAINED[row.command]
    flags = {flag for command in row.judgement.commands for flag in command.flags}
    if flags & {Flag.INTERACTIVE, Flag.NEEDS_TERMINAL}:
        return "opens a session in which nothing is said; what is said in it is judged by itself"
    if any("dry run" in command.reason for command in row.judgement.commands):
        return "a dry run that this subcommand honours"
    if Flag.WRITES_FILE in flags or row.judgement.carried.scratch_files:
        return "writes a new file in the run's own scratch folder, and nothing else"
    return ""


def is_our_side(row: Row) -> bool:
    """Say whether a labelled read is kept from running by itself for a reason that safety gives."""
    is_known = row.judgement.effect not in (Effect.READ, Effect.UNKNOWN)
    return is_known or any(reason in row.judgement.reason for reason in PRINCIPLED)


def families(rows: Sequence[Row]) -> Iterator[tuple[str, int, int, int, int]]:
    """Yield each deep tool: labelled reads, those that came out read, labelled changes, those that came out read."""
    for name in FAMILIES:
        own = [row for row in rows if row.family == name]
        reads, changes = [row for row in own if row.is_read], [row for row in own if not row.is_read]
        yield (
            name,
            len(reads),
            sum(row.came_out_read for row in reads),
            len(changes),
            sum(r.came_out_read for r in changes),
        )


def quoted(command: str) -> str:
    """Return a command for a cell of a table."""
    text = command.replace("\n", " ⏎ ").replace("|", "\\|")
    return f"`` {text if len(text) < 90 else text[:88] + '…'} ``"


def print_tools(rows: Sequence[Row]) -> None:
    """Print the table of deep tools."""
    print("| tool | labelled reads | come out read | share | labelled changes | come out read |")
    print("|---|---|---|---|---|---|")
    for name, reads, right, changes, wrong in families(rows):
        share = f"{right / reads:.1%}" if reads else "–"
        print(f"| {name} | {reads} | {right} | {share} | {changes} | {wrong} |")
    reads = [row for row in rows if row.is_read]
    others = [row for row in reads if not row.family]
    right = sum(row.came_out_read for row in others)
    print(f"| all others | {len(others)} | {right} | {right / len(others):.1%} | | |")
    print(f"| together | {len(reads)} | {sum(row.came_out_read for row in reads)} | | | |")


def print_disagreements(rows: Sequence[Row]) -> None:
    """Print what is labelled as a change and comes out as a read, then the labelled reads of deep tools that do not."""
    print("\n## Labelled as a change, and read here\n")
    print("| command | why it touches no target system |\n|---|---|")
    for row in (row for row in rows if not row.is_read and row.came_out_read):
        print(f"| {quoted(row.command)} | {why_no_target(row)} |")
    print("\n## Labelled as a read, and not read here: deep tools\n")
    print("| command | here | because it |\n|---|---|---|")
    for row in (row for row in rows if row.is_read and not row.came_out_read and row.family):
        print(
            f"| {quoted(row.command)} | {row.judgement.effect} | {row.judgement.reason.replace('|', chr(92) + '|')} |"
        )
    print("\n## Labelled as a read, and not read here: other tools\n")
    counts: dict[str, int] = {}
    for row in (row for row in rows if row.is_read and not row.came_out_read and not row.family):
        counts[row.command.split()[0]] = counts.get(row.command.split()[0], 0) + 1
    print(", ".join(f"`{name}` {count}" for name, count in sorted(counts.items(), key=lambda pair: -pair[1])) + ".")


INTRODUCTION = """# Effects: the figures

Made by `python scripts/effects_figures.py` on {date}, from {count} shell commands that other people labelled
read-only or not (test data of three open-source command filters). Their authors' policies differ from ours in a few
places; where we disagree, we keep our side, and say why. `tests/acceptance/test_effects_figures.py` holds the claims:
**no command that is labelled as a change and touches a target system comes out as `read`**, and of each deep tool at
least 95 % of the labelled reads do, those left out that show secrets, change something after all, or run what the
text does not show.

## By tool

A tool is the first word of the command.
"""

SIDES = """
The rows below are all disagreements with deep tools. We take our own side in each:

- A file written under a relative name lies in the run's scratch folder, which safety allows a read to do.
- A session that is opened without a statement does nothing; what the document means for inside is judged by itself.
- A dry run is a read where that subcommand really honours it, also on a server.
- What shows secrets (`terraform output`, `az keyvault secret show`, `env`) is no read here, whoever may look at them:
  it waits for two people and its output is redacted.
- What changes files, state or which state later commands use is no read, however small the change.
- What runs a program that the text does not show (`difftool`, a script file, an option that comes from standard input)
  is unknown.
"""


def main() -> None:
    """Print the page."""
    rows = judged(Path(sys.argv[1]) / "bench" / "commands.jsonl")
    print(INTRODUCTION.format(date=f"{datetime.now(UTC):%Y-%m-%d}", count=f"{len(rows):,}"))
    print_tools(rows)
    print(SIDES.rstrip())
    print_disagreements(rows)


if __name__ == "__main__":
    main()
