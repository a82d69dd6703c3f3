"""A document as JSON, by the published schema: `schemas/document.json`, explained in docs/reference/document.md."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from architect.commands.model import CommandEffect, Flag
from architect.commands.procedures import Deed, deeds_of
from architect.kernel.ids import ActionId
from architect.runbooks.model import (
    Action,
    Block,
    Bounds,
    Document,
    OptionGroup,
    Runbook,
    Session,
    Span,
    Step,
    Variable,
)

FORMAT_VERSION = 1


def as_json(document: Document, runbooks: Sequence[Runbook]) -> str:
    """Return a document with some of its runbooks as JSON. Bytes that are no UTF-8 stand as U+FFFD."""
    return clean(json.dumps(_Writer(document).document(runbooks), ensure_ascii=False, indent=2))


def clean(text: str) -> str:
    """Return text that any encoder takes: lone surrogates are replaced."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")


class _Writer:
    """Turns the parts of one document into JSON values."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._block_numbers = {block.span: number for number, block in enumerate(document.blocks)}

    def document(self, runbooks: Sequence[Runbook]) -> dict[str, Any]:
        document = self._document
        return {
            "format": FORMAT_VERSION,
            "path": document.path,
            "sha256": document.sha256,
            "characters": len(document.text),
            "lines": len(document.line_starts),
            "version": document.version,
            "updated": document.updated,
            "runbooks": [self._runbook(runbook) for runbook in runbooks],
            "escalation": [
                {
                    "number": level.number,
                    "condition": level.condition,
                    "targets": list(level.targets),
                    "actions": list(level.actions),
                    "delay_s": level.delay_s,
                    "on_unacknowledged": level.on_unacknowledged,
                    "on_unresolved": level.on_unresolved,
                    "severities": list(level.severities),
                    "span": self._span(level.span),
                }
                for level in document.escalation
            ],
            "contacts": [
                {"role": contact.role, "value": contact.value, "span": self._span(contact.span)}
                for contact in document.contacts
            ],
            "templates": [
                {
                    "title": template.title,
                    "text": template.text,
                    "fields": [
                        {"name": item.name, "hint": item.hint, "span": self._span(item.span)}
                        for item in template.fields
                    ],
                    "span": self._span(template.span),
                }
                for template in document.templates
            ],
            "blocks": [self._block(block) for block in document.blocks],
            "nodes": [{"kind": node.kind.value, "span": self._span(node.span)} for node in document.nodes],
            "problems": [
                {"code": problem.code.value, "message": problem.message, "span": self._span(problem.span)}
                for problem in document.problems
            ],
        }

    def _span(self, span: Span) -> dict[str, int]:
        place = self._document.place(span.start)
        return {"start": span.start, "end": span.end, "line": place.line, "column": place.column}

    def _runbook(self, runbook: Runbook) -> dict[str, Any]:
        deeds = deeds_of(runbook)
        sla = runbook.sla
        return {
            "id": runbook.id,
            "title": runbook.title,
            "kind": runbook.kind.value,
            "sections": list(runbook.sections),
            "severity": runbook.severity,
            "trigger": runbook.trigger,
            "thresholds": [
                {
                    "subject": bound.subject,
                    "comparison": bound.comparison.value,
                    "value": bound.value,
                    "unit": bound.unit,
                    "quantile": bound.quantile,
                    "span": self._span(bound.span),
                }
                for bound in runbook.thresholds
            ],
            "sla": {"seconds": sla.seconds, "text": sla.text, "span": self._span(sla.span)} if sla else None,
            "symptoms": list(runbook.symptoms),
            "owner": runbook.owner,
            "review_by": runbook.review_by,
            "variables": [self._variable(variable) for variable in runbook.variables],
            "steps": [self._step(step, deeds) for step in runbook.steps],
            "span": self._span(runbook.span),
        }

    def _variable(self, variable: Variable) -> dict[str, Any]:
        return {
            "name": variable.name,
            "written": list(dict.fromkeys(item.written for item in variable.placeholders)),
            "default": variable.default,
            "is_secret": variable.is_secret,
            "same_as": variable.same_as,
            "spans": [self._span(span) for span in variable.spans],
        }

    def _step(self, step: Step, deeds: Mapping[ActionId, Deed]) -> dict[str, Any]:
        return {
            "number": step.number,
            "title": step.title,
            "phase": step.phase.value,
            "items": [
                self._group(item, deeds) if isinstance(item, OptionGroup) else self._action(deeds[item.id])
                for item in step.items
            ],
            "span": self._span(step.span),
        }

    def _group(self, group: OptionGroup, deeds: Mapping[ActionId, Deed]) -> dict[str, Any]:
        return {
            "type": "options",
            "id": group.id,
            "options": [
                {
                    "number": option.number,
                    "title": option.title,
                    "actions": [self._action(deeds[action.id]) for action in option.actions],
                }
                for option in group.options
            ],
            "span": self._span(group.span),
        }

    def _action(self, deed: Deed) -> dict[str, Any]:
        action = deed.action
        return {
            "type": "action",
            "id": action.id,
            "kind": action.kind.value,
            "title": action.title,
            "text": action.text,
            "doer": deed.doer.value,
            "effect": deed.effect.value,
            "reason": deed.reason,
            "commands": [self._command(action, command) for command in deed.commands],
            "variables": list(action.variables),
            "expectations": [
                {"text": expected.text, "source": expected.source.value, "span": self._span(expected.span)}
                for expected in action.expectations
            ],
            "bounds": _bounds(action.bounds),
            "session": self._session(action.session),
            "connection": action.connection,
            "reference": action.reference,
            "file_name": action.file_name,
            "block": self._block_numbers.get(action.block.span) if action.block else None,
            "span": self._span(action.span),
        }

    def _command(self, action: Action, command: CommandEffect) -> dict[str, Any]:
        target = command.target
        return {
            "text": command.text,
            "effect": command.effect.value,
            "reason": command.reason,
            "language": command.language,
            "tool": command.tool,
            "system": command.system,
            "target": (
                {"system": target.system, "kind": target.kind, "name": target.name, "scope": target.scope}
                if target
                else None
            ),
            "flags": [flag.value for flag in Flag if flag in command.flags],
            "span": self._span(_span_in(action, command)),
        }

    def _session(self, session: Session | None) -> dict[str, Any] | None:
        if session is None:
            return None
        return {"kind": session.kind.value, "opener": session.opener, "span": self._span(session.span)}

    def _block(self, block: Block) -> dict[str, Any]:
        return {
            "kind": block.kind.value,
            "tag": block.tag,
            "text": block.text,
            "file_name": block.file_name,
            "session": self._session(block.session),
            "span": self._span(block.span),
        }


def _bounds(bounds: Bounds) -> dict[str, Any]:
    return {
        "timeout_s": bounds.timeout_s,
        "retry_count": bounds.retry_count,
        "retry_delay_s": bounds.retry_delay_s,
        "output_bytes": bounds.output_bytes,
    }


def _span_in(action: Action, command: CommandEffect) -> Span:
    """Return where a command of an action stands in the document."""
    if action.block is None or command.end <= command.start:
        return action.span
    start = action.block.locate(action.offset + command.start)
    return Span(start, action.block.locate(action.offset + command.end - 1) + 1)
