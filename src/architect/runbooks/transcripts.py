"""Transcripts: what was typed after a prompt, apart from what was printed."""

from __future__ import annotations

import re
from dataclasses import dataclass

from architect.runbooks.programs import looks_like_command

_PROMPT = re.compile(
    r"[ \t]*(?:\([\w.-]+\)[ ]*)?(?:"
    r"(?:\[?[\w.-]+@[\w.-]+[^\n$#%>]{0,60}\]?|(?:bash|sh|zsh)(?:-[\d.]+)?|[~/][\w./~-]*|"
    r"[\w.-]+:[~/][\w./~-]*)[ ]*[$#%>][ ]+"
    r"|[$%][ ]+|[❯➜→»λ]+[ ]+|PS[ ]?[A-Z]:[^>\n]{0,80}>[ ]*)(?=\S)"
)
_CLIENT_PROMPT = re.compile(
    r"[ \t]*(?:[\w-]{1,40}(?:=|-|\()[#>][ ]+|(?:mysql|MariaDB \[[^\]]*\]|sqlite|cqlsh(?::\w+)?|redis|"
    r"\d+\.\d+\.\d+\.\d+:\d+)>[ ]*|>>>[ ])(?=\S)"
)
_ROOT_PROMPT = re.compile(r"[ \t]*#[ ]+(?=\S)")
_CONTINUATION = re.compile(r"[ \t]*>[ ]+(?=\S)")
_SQL_CLIENT = re.compile(r"[ \t]*(?:[\w-]{1,40}(?:=|-)[#>]|(?:mysql|MariaDB \[[^\]]*\]|sqlite)>)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Transcript:
    """Stretches of typed text as (start, end) in the block's text, and whether anything was printed between them."""

    typed: tuple[tuple[int, int], ...]
    has_output: bool
    is_sql: bool = False


def read_transcript(text: str) -> Transcript | None:
    """Return the typed parts of `text`, None where no line carries a prompt."""
    lines = _offsets(text)
    client = any(_CLIENT_PROMPT.match(line) for _, line in lines)
    prompt = _CLIENT_PROMPT if client else _PROMPT
    if not any(prompt.match(line) for _, line in lines):
        if not _has_root_prompts([line for _, line in lines]):
            return None
        prompt = _ROOT_PROMPT
    typed, has_output = _typed(lines, prompt)
    is_sql = client and any(_SQL_CLIENT.match(line) for _, line in lines)
    return Transcript(typed=typed, has_output=has_output, is_sql=is_sql)


def _offsets(text: str) -> list[tuple[int, str]]:
    found: list[tuple[int, str]] = []
    position = 0
    for line in text.splitlines(keepends=True):
        found.append((position, line.rstrip("\r\n")))
        position += len(line)
    return found


def _has_root_prompts(lines: list[str]) -> bool:
    """Say whether `# x` lines are commands typed as root: known programs behind a number sign, and nothing else."""
    marked = [line for line in lines if _ROOT_PROMPT.match(line)]
    others = [line for line in lines if line.strip() and not _ROOT_PROMPT.match(line)]
    if not marked or any(looks_like_command(line) for line in others):
        return False
    return all(_is_typed(line) for line in marked)


def _is_typed(line: str) -> bool:
    body = line.strip().lstrip("#").strip()
    words = body.split()
    return looks_like_command(body) and words[0] == words[0].lower() and not body.endswith((".", ":"))


def _typed(lines: list[tuple[int, str]], prompt: re.Pattern[str]) -> tuple[tuple[tuple[int, int], ...], bool]:
    typed: list[tuple[int, int]] = []
    has_output = goes_on = False
    for start, line in lines:
        match = prompt.match(line)
        more = _CONTINUATION.match(line) if goes_on and not match else None
        if match or goes_on:
            begin = start + (match.end() if match else more.end() if more else 0)
            typed.append((begin, start + len(line)))
            goes_on = line.rstrip().endswith("\\")
        elif line.strip():
            is_comment = line.lstrip().startswith("#") and prompt is not _ROOT_PROMPT
            if is_comment:
                typed.append((start, start + len(line)))
            has_output = has_output or not is_comment
    return tuple(typed), has_output
