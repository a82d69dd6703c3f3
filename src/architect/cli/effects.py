"""`architect effects`: what commands do to their targets, for people and for machines."""

from __future__ import annotations

import json
import re
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from architect.cli.terminal.lines import Line, Piece, has_colour, line, rendered, width_of, wrapped
from architect.cli.terminal.palette import EFFECT_STYLES, EFFECT_WIDTH
from architect.commands.judging import judge
from architect.commands.model import Carried, CommandEffect, Judgement
from architect.grammars.shell import statements
from architect.kernel.errors import UsageError
from architect.kernel.text import visible

_LANGUAGES = ("shell", "sql", "psql", "promql", "redis")
_LIST_ITEM = re.compile(r"\s*(?:[-*+]|\d+[.)])\s")
_INLINE_CODE = re.compile(r"`([^`\n]+)`")
_INDENT = 6 + EFFECT_WIDTH + 2
_MARKDOWN = (".md", ".markdown", ".mdown")


@click.command()
@click.argument("file", default="-")
@click.option(
    "--format", "output", type=click.Choice(["text", "json", "jsonl"]), default="text", help="jsonl: one object a line."
)
@click.option("--language", type=click.Choice(_LANGUAGES), default="shell", help="What FILE holds.")
def command(file: str, output: str, language: str) -> None:
    """Say what commands do to their targets, without running anything.

    FILE (or `-`, standard input) holds shell text or another language. With `--format jsonl` each line is an object
    with `id`, `text` and perhaps `language`, and each line of the answer one with `id`, `effect`, `reason`, `system`,
    `target` and `commands`.
    """
    text = _read(file)
    match output:
        case "jsonl":
            for answer in _answers(text, file, language):
                click.echo(json.dumps(answer, ensure_ascii=False))
        case "json":
            click.echo(json.dumps(as_json(judge(text, language=language)), ensure_ascii=False, indent=2))
        case _:
            _print_table(text, language)


def _read(file: str) -> str:
    if file.lower().endswith(_MARKDOWN):
        raise UsageError(f"{file} is a Markdown document, not commands", hint=f"architect show {shlex.quote(file)}")
    try:
        data = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    except OSError as error:
        raise UsageError(
            f"cannot read {file!r}: {error.strerror}", hint="name a readable file, or - for standard input"
        ) from error
    return data.decode("utf-8", "surrogateescape").encode("utf-8", "replace").decode("utf-8")


def _answers(text: str, file: str, language: str) -> Iterator[dict[str, Any]]:
    for number, each in enumerate(text.splitlines(), start=1):
        if each.strip():
            asked = _asked(each, f"{file}:{number}")
            judgement = judge_text_or_item(asked["text"], str(asked.get("language") or language))
            yield {"id": asked.get("id"), **as_json(judgement)}


def _asked(line: str, place: str) -> dict[str, Any]:
    try:
        asked = json.loads(line)
    except ValueError as error:
        raise UsageError(f"not JSON: {error}", place=place, hint='expected {"id": …, "text": "…"}') from error
    if not isinstance(asked, dict) or not isinstance(asked.get("text"), str):
        raise UsageError("the line has no `text`", place=place, hint='expected {"id": …, "text": "…"}')
    return asked


def judge_text_or_item(text: str, language: str) -> Judgement:
    """Judge a text; of a Markdown list item, which no shell would run, the commands in its inline code."""
    codes = _INLINE_CODE.findall(text) if language == "shell" and _LIST_ITEM.match(text) else []
    return judge("\n".join(codes) if codes else text, language=language)


def as_json(judgement: Judgement) -> dict[str, Any]:
    """Return a judgement as the published schema has it."""
    decisive = judgement.decisive
    return {
        "effect": judgement.effect.value,
        "reason": judgement.reason,
        "system": decisive.system if decisive else "",
        "target": _target(decisive) if decisive else None,
        "commands": [_command(entry) for entry in judgement.commands],
    }


def _target(entry: CommandEffect) -> dict[str, str] | None:
    target = entry.target
    if target is None:
        return None
    return {"system": target.system, "kind": target.kind, "name": target.name, "scope": target.scope}


def _command(entry: CommandEffect) -> dict[str, Any]:
    return {
        "text": entry.text,
        "start": entry.start,
        "end": entry.end,
        "effect": entry.effect.value,
        "reason": entry.reason,
        "language": entry.language,
        "tool": entry.tool,
        "system": entry.system,
        "target": _target(entry),
        "flags": sorted(flag.value for flag in entry.flags),
        "dry_run": entry.dry_run,
    }


def _print_table(text: str, language: str) -> None:
    width, is_coloured = width_of(sys.stdout), has_colour(sys.stdout)
    commands = list(_judged(text, language))
    if not commands:
        click.echo("no commands")
    for at, entry in commands:
        for each in _lines(at, entry, width):
            click.echo(rendered(each, width, is_coloured=is_coloured), color=is_coloured)


def _judged(text: str, language: str) -> Iterator[tuple[int, CommandEffect]]:
    """Yield the commands of `text` with their lines; state is carried from statement to statement."""
    if language != "shell":
        yield from ((text.count("\n", 0, entry.start) + 1, entry) for entry in judge(text, language=language).commands)
        return
    carried = Carried()
    for statement in statements(text):
        judgement = judge(text[statement.start : statement.end], carried=carried)
        carried = judgement.carried
        for entry in judgement.commands:
            yield text.count("\n", 0, statement.start + entry.start) + 1, entry


def _lines(at: int, entry: CommandEffect, width: int) -> Iterator[Line]:
    """Yield what is shown of a command: where it stands and what it does, then why, to what, and how."""
    effect = Piece(f"{entry.effect:<{EFFECT_WIDTH}}", EFFECT_STYLES[entry.effect])
    yield line(f"{at:>4}  ", effect, f"  {_in_one_line(entry.text)}")
    target = str(entry.target or "")
    about = [entry.reason, f"target: {target}" if target else "", ", ".join(sorted(entry.flags))]
    for paragraph in filter(None, about):
        for part in wrapped(_in_one_line(paragraph), width - _INDENT):
            yield line(" " * _INDENT + part)


def _in_one_line(text: str) -> str:
    """Return `text` in one line with control characters made visible, so that it cannot write over what is shown."""
    return visible(" ".join(text.split()))
