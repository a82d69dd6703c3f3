"""Directives: what an author adds in HTML comments, `<!-- architect: timeout="2m" -->`, which renderers hide."""

from __future__ import annotations

import re
from dataclasses import dataclass

from architect.runbooks.facts import seconds_in
from architect.runbooks.markdown import Leaf
from architect.runbooks.model import Bounds, Expectation, ExpectationSource, NodeKind, Problem, ProblemCode, Span

_DIRECTIVE = re.compile(r"<!--\s*architect:(?P<body>.*?)-->", re.DOTALL)
_SETTING = re.compile(r"(?P<name>[a-z][\w-]*)\s*=\s*(?:\"(?P<double>[^\"]*)\"|'(?P<single>[^']*)'|(?P<bare>[^\s\"']+))")
_RETRY = re.compile(r"(?P<count>\d+)\s*(?:x\s*(?P<delay>.+))?\Z")
_BYTES = re.compile(r"(?P<number>\d+(?:\.\d+)?)\s*(?P<unit>[KMG]?)i?B?\Z", re.IGNORECASE)
_UNITS = {"": 1, "k": 1000, "m": 1000**2, "g": 1000**3}
KNOWN = frozenset({"expect", "retry", "timeout", "output", "trigger", "owner", "review", "severity", "sla"})
"""What a directive may set; docs/guide/writing-runbooks.md says what each means."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Directive:
    """The settings of one comment, by name."""

    settings: dict[str, str]
    span: Span

    @property
    def bounds(self) -> Bounds:
        """The limits it sets."""
        retry = _RETRY.match(self.settings.get("retry", ""))
        delay = seconds_in(retry["delay"]) if retry and retry["delay"] else None
        timeout = seconds_in(self.settings.get("timeout", ""))
        return Bounds(
            timeout_s=None if timeout is None else float(timeout),
            retry_count=int(retry["count"]) if retry else None,
            retry_delay_s=None if delay is None else float(delay),
            output_bytes=_bytes(self.settings.get("output", "")),
        )

    @property
    def expectations(self) -> tuple[Expectation, ...]:
        """What it says one should see."""
        text = self.settings.get("expect")
        return (Expectation(text=text, source=ExpectationSource.DIRECTIVE, span=self.span),) if text else ()


def directive_of(leaf: Leaf) -> Directive | None:
    """Return the directive that an HTML leaf holds, None for any other leaf."""
    match = _DIRECTIVE.search(leaf.text) if leaf.kind is NodeKind.HTML else None
    if match is None:
        return None
    settings = {
        found["name"]: found["double"] or found["single"] or found["bare"] or ""
        for found in _SETTING.finditer(match["body"])
    }
    return Directive(settings=settings, span=leaf.span)


def problems_of(directive: Directive) -> tuple[Problem, ...]:
    """Return what is wrong with a directive: names that mean nothing, values that cannot be read."""
    found = [f"`{name}` is no setting of a directive" for name in directive.settings if name not in KNOWN]
    bounds = directive.bounds
    if "timeout" in directive.settings and bounds.timeout_s is None:
        found.append("`timeout` must be a duration such as 90s or 2m")
    if "retry" in directive.settings and bounds.retry_count is None:
        found.append("`retry` must be a count and a pause such as `10 x 5s`")
    if "output" in directive.settings and bounds.output_bytes is None:
        found.append("`output` must be a size such as 10MB")
    return tuple(Problem(code=ProblemCode.DIRECTIVE, message=message, span=directive.span) for message in found)


def _bytes(text: str) -> int | None:
    match = _BYTES.match(text.strip())
    return round(float(match["number"]) * _UNITS[match["unit"].lower()]) if match else None
