"""Whether a rollout is done."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from architect.integrations.kubernetes.kubectl import get
from architect.kernel.errors import ArchitectError
from architect.runs.measuring import Rollout, cannot_tell, of_rollout
from architect.runs.model import Condition
from architect.runs.ports import ConditionAsker, Measurement, RunContext


class RolloutConditions(ConditionAsker):
    """Asks ROLLOUT conditions: `subject` is `kind/name`, `expected` the namespace."""

    def ask(self, condition: Condition, context: RunContext) -> Measurement:
        """Look once at what the workload says of itself."""
        kind, _, name = condition.subject.partition("/")
        try:
            workload = get(kind, name, condition.expected or "", environment=context.environment)
        except ArchitectError as error:
            return cannot_tell(error.message)
        return of_rollout(rollout_of(workload))


def rollout_of(workload: Mapping[str, Any]) -> Rollout:
    """Return the counts of a Deployment, StatefulSet or DaemonSet; what is absent counts as zero."""
    spec, status = workload.get("spec", {}), workload.get("status", {})
    is_daemon = workload.get("kind") == "DaemonSet"
    return Rollout(
        wanted=int(status.get("desiredNumberScheduled", 0) if is_daemon else spec.get("replicas", 1)),
        updated=int(status.get("updatedNumberScheduled" if is_daemon else "updatedReplicas", 0)),
        available=int(status.get("numberAvailable" if is_daemon else "availableReplicas", 0)),
        generation=int(workload.get("metadata", {}).get("generation", 0)),
        observed_generation=int(status.get("observedGeneration", 0)),
    )
