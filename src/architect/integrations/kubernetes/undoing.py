"""What a workload was before a change, and the commands that bring it back."""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from architect.integrations.kubernetes.kubectl import get
from architect.kernel.errors import OutsideError
from architect.runs.model import PlannedAction, UndoPlan
from architect.runs.ports import Captured, RunContext, UndoReader
from architect.runs.undo import KUBERNETES_REPLICAS, KUBERNETES_REVISION

_REVISION = "deployment.kubernetes.io/revision"
_OF_THE_SERVER = ("resourceVersion", "uid", "creationTimestamp", "generation", "managedFields", "selfLink")


class KubernetesUndo(UndoReader):
    """Reads replicas, revision or the whole object before a change."""

    def capture(self, action: PlannedAction, undo: UndoPlan, context: RunContext) -> Captured:
        """Return the way back; raises OutsideError where the object cannot be read."""
        where = dict(undo.arguments)
        kind, name, namespace = where["kind"], where["name"], where.get("namespace", "")
        workload = get(kind, name, namespace, environment=context.environment)
        options = f" --namespace {shlex.quote(namespace)}" if namespace else ""
        label = f"{shlex.quote(kind)}/{shlex.quote(name)}{options}"
        if undo.capture == KUBERNETES_REPLICAS:
            return _replicas(workload, label)
        if undo.capture == KUBERNETES_REVISION:
            return _revision(workload, label)
        return _whole(workload, label, action, context.folder)


def _replicas(workload: Mapping[str, Any], label: str) -> Captured:
    count = int(workload.get("spec", {}).get("replicas", 1))
    return Captured(
        text=f"{label} back to {count} replicas",
        values=(("replicas", str(count)),),
        commands=(f"kubectl scale {label} --replicas={count}",),
    )


def _revision(workload: Mapping[str, Any], label: str) -> Captured:
    revision = str(workload.get("metadata", {}).get("annotations", {}).get(_REVISION, ""))
    if not revision.isdecimal():
        raise OutsideError(f"{label} has no revision to go back to")
    return Captured(
        text=f"{label} back to revision {revision}",
        values=(("revision", revision),),
        commands=(f"kubectl rollout undo {label} --to-revision={revision}",),
    )


def _whole(workload: Mapping[str, Any], label: str, action: PlannedAction, folder: Path) -> Captured:
    """Keep the object in the run's folder, without what only the server may set."""
    metadata = {key: value for key, value in workload.get("metadata", {}).items() if key not in _OF_THE_SERVER}
    kept = {**{key: value for key, value in workload.items() if key != "status"}, "metadata": metadata}
    path = folder / f"undo-{action.id}.json"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
    with open(descriptor, "w", encoding="utf-8") as file:
        json.dump(kept, file)
    is_gone_after = any("delete" in command.text.split() for command in action.commands)
    verb = "create" if is_gone_after else "replace"
    return Captured(
        text=f"{label} as it was",
        values=(("file", path.name),),
        commands=(f"kubectl {verb} --filename {shlex.quote(str(path))}",),
    )
