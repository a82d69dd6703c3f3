"""The script around an action's text. Pure: values in, shell text out."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from architect.integrations.shell.carried import dump_commands
from architect.runs.model import ToolPath

GO_FD, SCRIPT_FD, TEXT_FD, DUMP_FD = 9, 240, 241, 242
"""The descriptors of a waiting bash: the word to go, the script, the action's own text, the report at the end.

The last three are files in memory: nothing of an action, values and secrets least of all, lies on a disk.
"""

_ASSIGNS_SECRET = re.compile(
    r"\b(?P<name>[A-Za-z_][A-Za-z0-9_]*(?:TOKEN|SECRET|PASSWORD|PASSWD|KEY)|TOKEN|SECRET|PASSWORD|PASSWD|KEY)\+?=",
    re.IGNORECASE,
)
_READS_SECRET = re.compile(
    r"\b(?:read|printf\s+-v|mapfile|readarray|for)\b[^\n;|&]*?"
    r"\b(?P<name>[A-Za-z_0-9]*(?:TOKEN|SECRET|PASSWORD|PASSWD|KEY))\b",
    re.IGNORECASE,
)


WAITING = (
    f"IFS= builtin read -r -u {GO_FD} __architect_go || builtin exit 125; "
    f"exec {GO_FD}<&-; builtin . /dev/fd/{SCRIPT_FD}"
)
"""What a waiting bash runs: the word to go is one line; a cut line runs nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretPipes:
    """The pipes by which a shell tells the secrets that it sets, in a folder that only the run's user can read."""

    folder: Path

    @property
    def told(self) -> Path:
        """The pipe on which the shell tells secrets as soon as it has set them."""
        return self.folder / "told"

    @property
    def heard(self) -> Path:
        """The pipe on which the worker says that it has heard them."""
        return self.folder / "heard"


def secret_names(text: str) -> tuple[str, ...]:
    """Return the variables named like secrets that the text sets."""
    found = [match["name"] for pattern in (_ASSIGNS_SECRET, _READS_SECRET) for match in pattern.finditer(text)]
    return tuple(dict.fromkeys(found))


def action_text(text: str) -> str:
    """Return the action's text, followed by the line that keeps the statuses of its last pipeline.

    The empty line between ends a text whose last character continues the line.
    """
    return f'{text}\n\n__architect_status=$? __architect_pipe="${{PIPESTATUS[*]}}"\n'


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """Where and with what the action's text runs."""

    directory: Path
    environment: Mapping[str, str]
    state: Path | None = None
    tools: Sequence[ToolPath] = ()
    told: Sequence[str] = ()


def script_text(setting: Setting, pipes: SecretPipes | None = None) -> str:
    """Return the script that sets the scene, restores what is carried, runs the text, and reports."""
    lines = [f"exec {SCRIPT_FD}<&-", f"builtin cd -- {shlex.quote(str(setting.directory))} || builtin exit 125"]
    lines += [f"export {name}={shlex.quote(value)}" for name, value in setting.environment.items()]
    if setting.state is not None:
        lines.append(f"builtin . {shlex.quote(str(setting.state))} 2>/dev/null")
    lines += [f"builtin hash -p {shlex.quote(tool.path)} {shlex.quote(tool.name)}" for tool in setting.tools]
    lines += [
        "__architect_report() {",
        "  __architect_code=$?",
        "  builtin unset -f __architect_report __architect_tell",
        f"  {dump_commands(DUMP_FD)}",
        "}",
        "builtin trap __architect_report EXIT",
        *(_telling(pipes, setting.told) if pipes else ()),
        "set -o pipefail",
        f"builtin . /dev/fd/{TEXT_FD}",
        '__architect_status="${__architect_status-$?}"',
        'builtin exit "$__architect_status"',
    ]
    return "\n".join(lines) + "\n"


def _telling(pipes: SecretPipes, names: Sequence[str]) -> list[str]:
    """Return the lines by which a secret is told, and heard, before the next command can print it."""
    lines = ["__architect_tell() {"]
    for name in names:
        known = f"__architect_known_{name}"
        lines += [
            f'  if [[ -n "${{{name}-}}" && "${{{name}-}}" != "${{{known}-}}" ]]; then',
            f'    {known}="${name}"',
            f'    builtin printf "%s\\0" "${name}" >{shlex.quote(str(pipes.told))}',
            f"    IFS= builtin read -r __architect_heard <{shlex.quote(str(pipes.heard))}",
            "  fi",
        ]
    return [*lines, "}", "set -o functrace", "builtin trap __architect_tell DEBUG"]
