"""`architect runs`: list, show, resume, abort and undo runs."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from architect.cli.run import approve_option, state_option
from architect.cli.run import form_option as events_option
from architect.kernel.errors import UsageError
from architect.kernel.ids import ActionId, RunId

if TYPE_CHECKING:
    from architect.runs.model import PlannedAction
    from architect.runs.ports import RunSummary
    from architect.runs.service import Word
    from architect.runs.state import GateState, RunState
    from architect.wiring.workplace import Workplace

FORMATS = click.Choice(["text", "json"])
ANSWERS = ("choose", "set-value", "done", "retry", "skip", "refuse", "recovered", "not-recovered")
"""What `answer` may say; approving, undoing and aborting have commands of their own."""

ValueT = TypeVar("ValueT")

format_option = click.option(
    "--format", "form", type=FORMATS, default="text", show_default=True, help="For people or machines."
)
run_argument = click.argument("name", metavar="RUN")
gate_argument = click.argument("gate", metavar="GATE")


@click.group(short_help="Look into runs; resume, approve, undo, abort them.")
def command() -> None:
    """Look into runs; resume, approve, undo, abort them.

    RUN is a name such as RUN-12. GATE is where a run waits: `G3`, or the action's number, `2.1`.
    """


@command.command("list", short_help="The newest runs, and what each waits for.")
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1), help="How many, newest first.")
@state_option
@format_option
@click.pass_context
def list_runs(ctx: click.Context, limit: int, state: str | None, form: str) -> None:
    """Show the newest runs, how each stands, and what it waits for. Times are UTC."""
    lines = _place(ctx, state).service.list(limit=limit)
    if form == "json":
        click.echo(_json({"runs": [_line(line) for line in lines]}))
        return
    if not lines:
        click.echo("No runs yet. `architect run FILE#RUNBOOK` starts one.")
        return
    from architect.cli.terminal.overview import print_list
    from architect.cli.terminal.screen import Screen

    print_list(lines, Screen())


@command.command(short_help="How a run stands, step by step; or one ACTION of it in full.")
@run_argument
@click.argument("action", metavar="[ACTION]", required=False)
@state_option
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "jsonl"]),
    default="text",
    show_default=True,
    help="json: how it stands. jsonl: its events.",
)
@click.pass_context
def show(ctx: click.Context, name: str, action: str | None, state: str | None, form: str) -> None:
    """Show how a run stands, step by step; or one ACTION of it in full."""
    from architect.cli.terminal.overview import Overview
    from architect.cli.terminal.screen import Screen

    place = _place(ctx, state)
    run = place.service.state(RunId(name))
    if form == "json":
        click.echo(_json(_state(run)))
    elif form == "jsonl":
        from architect.audit.canonical import as_json

        for event in place.service.events(run.run):
            click.echo(json.dumps(as_json(event), ensure_ascii=False, sort_keys=True))
    elif action is None:
        Overview(run, Screen()).show()
    else:
        Overview(run, Screen()).show_action(_action(run, action))


@command.command(short_help="All that a step printed.")
@run_argument
@click.argument("action", metavar="ACTION")
@click.option("--attempt", type=click.IntRange(1), help="Which attempt; default: the last one.")
@state_option
@click.pass_context
def output(ctx: click.Context, name: str, action: str, attempt: int | None, state: str | None) -> None:
    """Print all that a step printed, as it is stored: without secrets.

    On a terminal escape sequences are made visible; in a pipe every byte is as it was.
    """
    from architect.kernel.text import visible
    from architect.runs.output import read_output
    from architect.runs.ports import OutputKey

    place = _place(ctx, state)
    run = place.service.state(RunId(name))
    step = run.steps.get(ActionId(action))
    if step is None or not step.attempts:
        known = ", ".join(found for found, each in run.steps.items() if each.attempts)
        raise UsageError(f"{name} has no output of {action}", hint=f"steps that ran: {known or 'none'}")
    if attempt is not None and attempt > step.attempts:
        times = "once" if step.attempts == 1 else f"{step.attempts} times"
        raise UsageError(f"{action} has no attempt {attempt}; it ran {times}")
    key = OutputKey(run=run.run, action=ActionId(action), attempt=attempt or step.attempts)
    is_terminal = sys.stdout.isatty()
    for _, data in read_output(place.outputs, key):
        click.echo(visible(data.decode("utf-8", "replace")) if is_terminal else data, nl=False)


@command.command(short_help="Carry a run on until it waits or ends.")
@run_argument
@approve_option
@state_option
@events_option
@click.pass_context
def resume(ctx: click.Context, name: str, approved: Sequence[str], state: str | None, form: str) -> None:
    """Carry a run on until it waits or ends, asking whoever is at the terminal. Exit codes: as of `architect run`."""
    place = _place(ctx, state)
    before = place.service.state(RunId(name))
    _require_known(before, approved)
    run = place.service.resume(RunId(name), place.identity)
    _say_if_changed(run)
    _carry_on(ctx, place, run.run, approved=approved, form=form)


@command.command(short_help="Agree to what waits at a gate.")
@run_argument
@gate_argument
@click.option("--reason", default="", metavar="TEXT", help="Why; needed where you stand in for a second person.")
@click.option("--target", default="", metavar="NAME", help="The target's name, where you are the only person.")
@click.option("--break-glass", is_flag=True, help="Nobody else answers; needs a reason and stands out in the record.")
@state_option
@click.pass_context
def approve(
    ctx: click.Context, *, name: str, gate: str, reason: str, target: str, break_glass: bool, state: str | None
) -> None:
    """Agree to what waits at GATE, as the user you are logged in as.

    What exactly you agree to is printed. The run goes on with `architect runs resume`.
    """
    from architect.runs.service import Word

    place = _place(ctx, state)
    word = Word(reason=reason, typed_target=target, break_glass=break_glass)
    run = place.service.approve(RunId(name), gate, place.identity, word=word)
    found = next(each for each in reversed(tuple(run.gates.values())) if gate in (each.opened.gate, each.opened.action))
    _say_approved(run, found)


@command.command(short_help="Answer another question of a run.")
@run_argument
@gate_argument
@click.argument("answer", metavar="ANSWER", type=click.Choice(ANSWERS))
@click.option("--option", type=click.IntRange(1), metavar="N", help="With `choose`: which option.")
@click.option("--value", metavar="TEXT", help="With `set-value`: the value.")
@click.option("--reference", metavar="WHERE", help="With `set-value`: where a secret is, as env:NAME or file:PATH.")
@click.option("--reason", default="", metavar="TEXT", help="Why; `skip` needs it.")
@state_option
@click.pass_context
def answer(
    ctx: click.Context,
    *,
    name: str,
    gate: str,
    answer: str,
    option: int | None,
    value: str | None,
    reference: str | None,
    reason: str,
    state: str | None,
) -> None:
    """Answer what a run asks at GATE. The run goes on with `architect runs resume`.

    \b
    ANSWER is one of
      choose         take the option --option
      set-value      --value, or --reference of a secret
      done           a step by hand was done; or a change whose end nobody saw took effect
      retry          run a failed step again
      skip, refuse   leave the action out
      recovered, not-recovered
                     the fault is gone, or still there, where no check can tell
    """
    from architect.runs.service import Word

    place = _place(ctx, state)
    word = Word(reason=reason)
    if answer == "choose":
        place.service.choose(RunId(name), gate, _needed(option, "--option"), actor=place.identity, word=word)
    elif answer == "set-value":
        given = reference if reference is not None else _needed(value, "--value")
        is_reference = reference is not None
        place.service.set_value(RunId(name), gate, given, actor=place.identity, is_reference=is_reference, word=word)
    else:
        _close(place, RunId(name), gate, answer=answer, word=word)
    click.echo(f"Answered. `architect runs resume {name}` goes on.")


def _close(place: Workplace, run: RunId, gate: str, *, answer: str, word: Word) -> None:
    """Give an answer that needs nothing but perhaps a reason."""
    service, identity = place.service, place.identity
    match answer:
        case "recovered" | "not-recovered":
            service.recovered(run, gate, actor=identity, is_recovered=answer == "recovered", word=word)
        case "skip":
            service.skip(run, gate, identity, word=word)
        case "refuse":
            service.refuse(run, gate, identity, word=word)
        case "retry":
            service.retry(run, gate, identity, word=word)
        case _:
            service.done(run, gate, identity, word=word)


@command.command(short_help="Give a run up: nothing more is started.")
@run_argument
@click.option("--reason", default="", metavar="TEXT", help="Why; it goes into the record.")
@state_option
@format_option
@click.pass_context
def abort(ctx: click.Context, name: str, reason: str, state: str | None, form: str) -> None:
    """Give a run up: nothing more is started, open approvals are void."""
    place = _place(ctx, state)
    place.service.abort(RunId(name), place.identity, reason=reason)
    run = place.worker(RunId(name)).advance(RunId(name))
    if form == "json":
        click.echo(_json(_state(run)))
        return
    from architect.cli.terminal.overview import ending
    from architect.cli.terminal.screen import Screen

    Screen().say(ending(run), prefix=f"{run.run} ")


@command.command(short_help="Go the way back, newest change first.")
@run_argument
@approve_option
@state_option
@events_option
@click.pass_context
def undo(ctx: click.Context, name: str, approved: Sequence[str], state: str | None, form: str) -> None:
    """Go the way back: newest change first, each behind its own gate. Exit codes: as of `architect run`."""
    place = _place(ctx, state)
    planned = place.service.undo(RunId(name), place.identity)
    for why in planned.undo_impossible:
        click.echo(f"cannot be undone: {why}", err=True)
    _carry_on(ctx, place, RunId(name), approved=approved, form=form)


def _place(ctx: click.Context, state: str | None) -> Workplace:
    """Return what was handed in by the caller, else open the installation."""
    if ctx.obj is not None:
        place: Workplace = ctx.obj
        return place
    from architect.wiring.workplace import open_workplace

    return ctx.with_resource(open_workplace(state))


def _carry_on(ctx: click.Context, place: Workplace, name: RunId, *, approved: Sequence[str], form: str) -> None:
    from architect.cli.carrying import Manner, carry_on, is_somebody_here

    manner = Manner(approved=tuple(approved), form=form, is_interactive=is_somebody_here())
    ctx.exit(carry_on(place, name, manner=manner))


def _needed(value: ValueT | None, option: str) -> ValueT:
    if value is None:
        raise UsageError(f"this answer needs {option}")
    return value


def _action(run: RunState, name: str) -> PlannedAction:
    """Return an action of a run, of its way back too."""
    try:
        return run.action(ActionId(name))
    except StopIteration:
        known = ", ".join(str(action.id) for action in run.plan.actions[:20])
        raise UsageError(f"{run.run} has no action {name[:40]}", hint=f"it has {known}") from None


def _require_known(run: RunState, approved: Sequence[str]) -> None:
    from architect.cli.carrying import require_known

    require_known(approved, (*run.plan.actions, *run.actions))


def _say_if_changed(run: RunState) -> None:
    """Say that the document is no longer the one from which the run was planned: the run is what was shown then."""
    path = Path(run.plan.document)
    try:
        now = hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        click.echo(f"architect: {path} is gone; {run.run} goes on as it was planned", err=True)
        return
    if now != run.plan.document_sha256:
        click.echo(f"architect: {path} has changed since; {run.run} goes on as it was planned", err=True)


def _say_approved(run: RunState, gate: GateState) -> None:
    """Print what was agreed to, and what is still needed."""
    from architect.kernel.text import visible

    action = run.action(gate.opened.action) if gate.opened.action else None
    if action is not None:
        click.echo(f"{action.id} {visible(action.title)}, on {', '.join(action.targets) or 'a target not known'}")
    if gate.is_open:
        click.echo("Approved; a second person is still needed.")
    else:
        click.echo(f"Approved. `architect runs resume {run.run}` goes on.")


def _line(line: RunSummary) -> dict[str, Any]:
    import msgspec

    found: dict[str, Any] = msgspec.to_builtins(line)
    return found


def _state(run: RunState) -> dict[str, Any]:
    import msgspec

    from architect.runs.deciding import exit_code
    from architect.runs.summaries import summary_of

    gate = run.open_gate
    return {
        **_line(summary_of(run)),
        "exit_code": exit_code(run),
        "gate": msgspec.to_builtins(gate.opened) if gate is not None else None,
        "steps": [
            {
                "action": action.id,
                "title": action.title,
                "effect": action.effect,
                "status": run.step(action.id).status,
                "attempts": run.step(action.id).attempts,
                "ended": msgspec.to_builtins(run.step(action.id).ended),
            }
            for action in (*run.plan.actions, *(run.actions if run.is_undoing else ()))
        ],
        "measurements": [{"at": found.at.isoformat(), **msgspec.to_builtins(found.event)} for found in run.measured],
    }


def _json(value: object) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)
