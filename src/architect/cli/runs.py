"""`architect runs`: list, show, resume, abort and undo runs."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import click

from architect.cli.run import approve_option
from architect.cli.run import form_option as events_option
from architect.kernel.errors import UsageError
from architect.kernel.ids import ActionId, RunId

if TYPE_CHECKING:
    from architect.audit.model import Event
    from architect.runs.ports import RunSummary
    from architect.runs.service import Word
    from architect.runs.state import RunState
    from architect.wiring.engines import Workplace

FORMATS = click.Choice(["text", "json"])
ANSWERS = ("choose", "set-value", "done", "retry", "skip", "refuse", "recovered", "not-recovered")
"""What `answer` may say; approving, undoing and aborting have commands of their own."""

ValueT = TypeVar("ValueT")

state_option = click.option("--state", metavar="FOLDER", help="The state folder; default: the user's own.")
format_option = click.option("--format", "form", type=FORMATS, default="text", show_default=True)
run_argument = click.argument("name", metavar="RUN")


@click.group()
def command() -> None:
    """List, show, resume, abort and undo runs; approve and answer what they wait for."""


@command.command("list")
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1), help="How many, newest first.")
@state_option
@format_option
@click.pass_context
def list_runs(ctx: click.Context, limit: int, state: str | None, form: str) -> None:
    """Show the newest runs, and what each waits for."""
    lines = _place(ctx, state).service.list(limit=limit)
    if form == "json":
        click.echo(_json({"runs": [_line(line) for line in lines]}))
        return
    for line in lines:
        click.echo(_text_line(line))
    if not lines:
        click.echo("No runs yet. `architect run FILE#RUNBOOK` starts one.")


@command.command()
@run_argument
@state_option
@click.option("--format", "form", type=click.Choice(["text", "json", "jsonl"]), default="text", show_default=True)
@click.pass_context
def show(ctx: click.Context, name: str, state: str | None, form: str) -> None:
    """Show everything that happened in a run; jsonl gives its events."""
    place = _place(ctx, state)
    run = place.service.state(RunId(name))
    if form == "json":
        click.echo(_json(_state(run)))
    elif form == "jsonl":
        for event in place.service.events(run.run):
            click.echo(json.dumps(_event(event), ensure_ascii=False))
    else:
        click.echo("\n".join(_story(run)))


@command.command()
@run_argument
@click.argument("action", metavar="ACTION")
@click.option("--attempt", type=click.IntRange(1), help="Which attempt; default: the last one.")
@state_option
@click.pass_context
def output(ctx: click.Context, name: str, action: str, attempt: int | None, state: str | None) -> None:
    """Print all that a step printed, redacted as it is stored; on a terminal, escape sequences made visible."""
    from architect.runs.output import read_output
    from architect.runs.ports import OutputKey
    from architect.runs.values import visible

    place = _place(ctx, state)
    run = place.service.state(RunId(name))
    step = run.steps.get(ActionId(action))
    if step is None or not step.attempts:
        known = ", ".join(found for found, each in run.steps.items() if each.attempts)
        raise UsageError(f"{name} has no output of {action}", hint=f"steps that ran: {known or 'none'}")
    key = OutputKey(run=run.run, action=ActionId(action), attempt=attempt or step.attempts)
    is_terminal = sys.stdout.isatty()
    for _, data in read_output(place.outputs, key):
        click.echo(visible(data.decode("utf-8", "replace")) if is_terminal else data, nl=False)


@command.command()
@run_argument
@approve_option
@state_option
@events_option
@click.pass_context
def resume(ctx: click.Context, name: str, approved: Sequence[str], state: str | None, form: str) -> None:
    """Carry a run on until it waits or ends, asking whoever is at the terminal. Exit codes as of `architect run`."""
    place = _place(ctx, state)
    place.service.resume(RunId(name), place.identity)
    _carry_on(ctx, place, RunId(name), approved=approved, form=form)


@command.command()
@run_argument
@click.argument("gate", metavar="GATE")
@click.option("--reason", default="", help="Why; needed where you stand in for a second person.")
@click.option("--target", default="", help="The name of the target, where an installation has a single person.")
@click.option("--break-glass", is_flag=True, help="Nobody else answers; needs a reason and stands out.")
@state_option
@click.pass_context
def approve(
    ctx: click.Context, *, name: str, gate: str, reason: str, target: str, break_glass: bool, state: str | None
) -> None:
    """Approve what waits at GATE (`G3`, or the action's name); the run goes on with `resume`."""
    from architect.runs.service import Word

    place = _place(ctx, state)
    word = Word(reason=reason, typed_target=target, break_glass=break_glass)
    run = place.service.approve(RunId(name), gate, place.identity, word=word)
    found = next(each for each in run.gates.values() if gate in (each.opened.gate, each.opened.action))
    is_open = found.is_open
    click.echo("A second person is still needed." if is_open else f"Approved. `architect runs resume {name}` goes on.")


@command.command()
@run_argument
@click.argument("gate", metavar="GATE")
@click.argument("answer", type=click.Choice(ANSWERS))
@click.option("--option", type=click.IntRange(1), help="With `choose`: which option.")
@click.option("--value", help="With `set-value`: the value.")
@click.option("--reference", help="With `set-value`: where the secret is, as env:NAME or file:PATH.")
@click.option("--reason", default="", help="Why; `skip` needs it.")
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
    """Answer what a run asks at GATE; the run goes on with `resume`."""
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


@command.command()
@run_argument
@click.option("--reason", default="", help="Why; it goes into the record.")
@state_option
@format_option
@click.pass_context
def abort(ctx: click.Context, name: str, reason: str, state: str | None, form: str) -> None:
    """Give a run up: nothing more is started, open approvals are void."""
    place = _place(ctx, state)
    place.service.abort(RunId(name), place.identity, reason=reason)
    run = place.worker(RunId(name)).advance(RunId(name))
    click.echo(_json(_state(run)) if form == "json" else "\n".join(_story(run)[-1:]))


@command.command()
@run_argument
@approve_option
@state_option
@events_option
@click.pass_context
def undo(ctx: click.Context, name: str, approved: Sequence[str], state: str | None, form: str) -> None:
    """Go the way back: newest change first, each behind its own gate."""
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
    from architect.wiring.engines import open_workplace

    return ctx.with_resource(open_workplace(state))


def _carry_on(ctx: click.Context, place: Workplace, name: RunId, *, approved: Sequence[str], form: str) -> None:
    from architect.cli.carrying import Manner, carry_on

    is_interactive = sys.stdin.isatty() and sys.stdout.isatty()
    manner = Manner(approved=tuple(approved), form=form, is_interactive=is_interactive)
    ctx.exit(carry_on(place, name, manner=manner))


def _needed(value: ValueT | None, option: str) -> ValueT:
    if value is None:
        raise UsageError(f"this answer needs {option}")
    return value


def _story(run: RunState) -> list[str]:
    """Return a run as lines for people."""
    return [
        f"{run.run}  {run.plan.title}  ({run.plan.document}, profile {run.plan.profile})",
        f"asked for by {run.requested_by} at {run.created_at:%Y-%m-%d %H:%M:%S} UTC",
        *_steps(run),
        *_measurements(run),
        _ending(run),
    ]


def _steps(run: RunState) -> Iterator[str]:
    from architect.runs.values import visible

    for action in (*run.plan.actions, *(run.actions if run.is_undoing else ())):
        step = run.step(action.id)
        why = step.skipped_because or (step.ended.reason if step.ended else "")
        took = f"  {step.ended.duration_s:.1f} s" if step.ended else ""
        note = f"  {why}" if why else ""
        yield visible(f"  {action.id:<8} {step.status:<10} {action.effect:<11} {action.title}{took}{note}")


def _measurements(run: RunState) -> Iterator[str]:
    from architect.runs.values import visible

    titles = {condition.id: condition.title for condition in run.plan.conditions}
    for found in run.measured:
        event = found.event
        title = titles.get(event.condition, event.condition)
        yield visible(f"  {event.occasion:<12} {title}: {event.truth} ({event.detail})")


def _ending(run: RunState) -> str:
    from architect.runs.values import visible

    if run.ended is not None:
        return visible(f"{run.ended.verdict}: {run.ended.summary}")
    if run.is_interrupted:
        return f"interrupted; `architect runs resume {run.run}` carries it on, `undo` goes back"
    if run.busy is not None:
        return f"waits for {', '.join(run.busy.holders)}"
    gate = run.open_gate
    return visible(f"waits: {gate.opened.question}") if gate is not None else "not finished"


def _text_line(line: RunSummary) -> str:
    from architect.runs.values import visible

    what = line.verdict or line.waiting_for
    return visible(f"{line.run:<9} {line.created_at:%Y-%m-%d %H:%M}  {line.status:<12} {line.title}  {what}".rstrip())


def _line(line: RunSummary) -> dict[str, Any]:
    import msgspec

    found: dict[str, Any] = msgspec.to_builtins(line)
    return found


def _event(event: Event) -> dict[str, Any]:
    return {
        "seq": event.seq,
        "at": event.at.isoformat(),
        "actor": event.actor,
        "kind": event.kind,
        "data": event.data,
        "hash": event.hash,
    }


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
