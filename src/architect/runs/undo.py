"""The way back of a change: what is to be read before it, decided from what the command does. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from architect.commands.model import CommandEffect, Effect, Flag
from architect.runs.model import UndoPlan

KUBERNETES_REPLICAS = "kubernetes-replicas"
KUBERNETES_REVISION = "kubernetes-revision"
KUBERNETES_SPEC = "kubernetes-spec"
AWS_WEB_ACL = "aws-web-acl"
AWS_INGRESS = "aws-ingress"
POSTGRES_SETTING = "postgres-setting"
POSTGRES_VICTIMS = "postgres-victims"
REDIS_SETTING = "redis-setting"

_NO_WAY_BACK: tuple[tuple[str, str, str], ...] = (
    ("postgresql", r"\b(?:drop|truncate|delete|update)\b", "the rows are gone; only a backup brings them back"),
    ("postgresql", r"\bpg_restore\b|\bpsql\b", "what was there before is overwritten; only a backup brings it back"),
    ("redis", r"\b(?:flushdb|flushall|del|unlink)\b", "removed keys do not come back; a cache fills itself again"),
    ("redis", r"\bclient\s+kill\b", "ended connections do not come back; clients reconnect"),
    ("pager", r"", "a page that was sent cannot be taken back"),
    ("slack", r"", "a message that was sent cannot be taken back"),
    ("kubernetes", r"\bdelete\s+pods?\b", "the pod is gone; its controller makes another"),
    ("kubernetes", r"\b(?:drain|evict)\b", "evicted pods do not come back; `uncordon` lets the node take new ones"),
)


def undo_plan(commands: Sequence[CommandEffect]) -> UndoPlan | None:
    """Return the way back of an action's changes; None where nothing is changed.

    Several changes have one way back each that is known: of the last one, since it is undone first. A change
    without any comes out as impossible, with the reason.
    """
    changes = [command for command in commands if command.effect.rank > Effect.READ.rank]
    if not changes:
        return None
    plans = [_of_command(command) for command in changes]
    captured = [plan for plan in plans if plan.capture]
    if len(captured) == len(plans) == 1:
        return captured[0]
    lost = next((plan for plan in plans if plan.impossible), None)
    return lost or captured[-1]


def _of_command(command: CommandEffect) -> UndoPlan:
    system = command.system.partition("-")[0]
    known = _KNOWN.get(system)
    plan = known(command) if known is not None else None
    if plan is not None:
        return plan
    text = command.text.lower()
    if system == "postgresql" and re.search(r"pg_(?:terminate|cancel)_backend", text):
        reason = "ended sessions do not come back; clients reconnect"
        return UndoPlan(capture=POSTGRES_VICTIMS, text="who would be ended is read first", impossible=reason)
    for place, pattern, reason in _NO_WAY_BACK:
        if system == place and re.search(pattern, text):
            return UndoPlan(impossible=reason)
    if Flag.PAGES_PEOPLE in command.flags:
        return UndoPlan(impossible="a page that was sent cannot be taken back")
    return UndoPlan(impossible="no way back is known")


def _kubernetes(command: CommandEffect) -> UndoPlan | None:
    target = command.target
    if target is None or not target.name or not target.kind:
        return None
    words = command.text.split()
    name, *others = target.name.split()
    if any("=" not in other and not other.endswith("-") for other in others):
        return UndoPlan(impossible="several objects change at once")
    where = (("kind", target.kind), ("name", name), ("namespace", target.scope))
    label = f"{target.kind}/{name}"
    if "scale" in words:
        return UndoPlan(capture=KUBERNETES_REPLICAS, arguments=where, text=f"the present number of replicas of {label}")
    if "rollout" in words and ("undo" in words or "restart" in words):
        return UndoPlan(capture=KUBERNETES_REVISION, arguments=where, text=f"the present revision of {label}")
    if {"patch", "apply", "replace", "set", "edit", "delete", "annotate", "label"}.intersection(words):
        if target.kind.rstrip("s") in ("pod", "po"):
            return None
        return UndoPlan(capture=KUBERNETES_SPEC, arguments=where, text=f"{label} as it is now")
    return None


def _aws(command: CommandEffect) -> UndoPlan | None:
    text = command.text
    if re.search(r"\bwafv2\s+(?:dis)?associate-web-acl\b", text):
        arn = _option(text, "--resource-arn")
        return UndoPlan(capture=AWS_WEB_ACL, arguments=(("resource", arn),), text="the web ACL attached now")
    found = re.search(r"\bec2\s+(authorize|revoke)-security-group-ingress\b(.*)", text, re.DOTALL)
    if found:
        arguments = (("verb", found[1]), ("options", found[2].strip()))
        return UndoPlan(
            capture=AWS_INGRESS, arguments=arguments, text="the rules of the security group as they are now"
        )
    if re.search(r"\bs3\s+(?:cp|sync)\b.*\bs3://", text, re.DOTALL):
        return UndoPlan(impossible="an uploaded object stays; where its name was taken, versioning decides")
    return None


def _option(text: str, name: str) -> str:
    found = re.search(rf"{re.escape(name)}[ =]+(\S+)", text)
    return found[1] if found else ""


def _postgresql(command: CommandEffect) -> UndoPlan | None:
    found = re.search(r"\balter\s+system\s+(?:set\s+(\w+)|reset\s+(\w+))", command.text, re.IGNORECASE)
    if not found:
        return None
    name = (found[1] or found[2]).lower()
    return UndoPlan(capture=POSTGRES_SETTING, arguments=(("name", name),), text=f"the present value of {name}")


def _redis(command: CommandEffect) -> UndoPlan | None:
    found = re.search(r"\bconfig\s+set\s+([\w-]+)", command.text, re.IGNORECASE)
    if not found:
        return None
    return UndoPlan(capture=REDIS_SETTING, arguments=(("name", found[1]),), text=f"the present value of {found[1]}")


_KNOWN: dict[str, Callable[[CommandEffect], UndoPlan | None]] = {
    "kubernetes": _kubernetes,
    "aws": _aws,
    "postgresql": _postgresql,
    "redis": _redis,
}
