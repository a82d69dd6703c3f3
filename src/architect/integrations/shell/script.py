"""The script around an action's text. Pure: values in, shell text out."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from architect.integrations.shell.carried import dump_commands
from architect.integrations.shell.guard import GO_FD
from architect.runs.model import ToolPath

_ASSIGNS_SECRET = re.compile(
    r"\b(?P<name>[A-Za-z_][A-Za-z0-9_]*(?:TOKEN|SECRET|PASSWORD|PASSWD|KEY)|TOKEN|SECRET|PASSWORD|PASSWD|KEY)\+?=",
    re.IGNORECASE,
)
_READS_SECRET = re.compile(
    r"\b(?:read|printf\s+-v|mapfile|readarray|for)\b[^\n;|&]*?\b(?P<name>[A-Za-z_0-9]*(?:TOKEN|SECRET|PASSWORD|PASSWD|KEY))\b",
    re.IGNORECASE,
)


WAITING = (
    f'IFS= builtin read -r -u {GO_FD} __architect_go || builtin exit 125; exec {GO_FD}<&-; builtin . "$__architect_go"'
)
"""What a waiting bash runs: the word to go is one line, the path of the script; a cut line runs nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepFiles:
    """The files of one attempt, in a folder of its own that only the run's user can read."""

    folder: Path

    @property
    def script(self) -> Path:
        """The script around the action; it holds the values and is removed when it has run."""
        return self.folder / "script"

    @property
    def text(self) -> Path:
        """The action's own text, as the script sources it; error messages of bash name this file."""
        return self.folder / "action"

    @property
    def dump(self) -> Path:
        """Where the script reports: its status, those of the last pipeline, and what the shell carries on."""
        return self.folder / "dump"

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


def script_text(files: StepFiles, setting: Setting) -> str:
    """Return the script that sets the scene, restores what is carried, runs the text, and reports."""
    lines = [f"builtin cd -- {shlex.quote(str(setting.directory))} || builtin exit 125"]
    lines += [f"export {name}={shlex.quote(value)}" for name, value in setting.environment.items()]
    if setting.state is not None:
        lines.append(f"builtin . {shlex.quote(str(setting.state))} 2>/dev/null")
    lines += [f"builtin hash -p {shlex.quote(tool.path)} {shlex.quote(tool.name)}" for tool in setting.tools]
    lines += [
        "__architect_report() {",
        "  __architect_code=$?",
        "  builtin unset -f __architect_report __architect_tell",
        f"  {dump_commands(str(files.dump))}",
        "}",
        "builtin trap __architect_report EXIT",
        *_telling(files, setting.told),
        "set -o pipefail",
        f"builtin . {shlex.quote(str(files.text))}",
        '__architect_status="${__architect_status-$?}"',
        'builtin exit "$__architect_status"',
    ]
    return "\n".join(lines) + "\n"


def _telling(files: StepFiles, names: Sequence[str]) -> list[str]:
    """Return the lines by which a secret is told, and heard, before the next command can print it."""
    if not names:
        return []
    lines = ["__architect_tell() {"]
    for name in names:
        known = f"__architect_known_{name}"
        lines += [
            f'  if [[ -n "${{{name}-}}" && "${{{name}-}}" != "${{{known}-}}" ]]; then',
            f'    {known}="${name}"',
            f'    builtin printf "%s\\0" "${name}" >{shlex.quote(str(files.told))}',
            f"    IFS= builtin read -r __architect_heard <{shlex.quote(str(files.heard))}",
            "  fi",
        ]
    return [*lines, "}", "set -o functrace", "builtin trap __architect_tell DEBUG"]
