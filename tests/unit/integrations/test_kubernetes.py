"""What kubectl says becomes counts and ways back; what it does not say cannot be told."""

from __future__ import annotations

import json
import stat
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from architect.commands.model import CommandEffect, Effect
from architect.integrations.kubernetes.asking import RolloutConditions, rollout_of
from architect.integrations.kubernetes.kubectl import ClusterUnreachableError
from architect.integrations.kubernetes.kubectl import context as current_context
from architect.integrations.kubernetes.undoing import KubernetesUndo
from architect.runs.measuring import Rollout
from architect.runs.model import ConditionKind, Truth, UndoPlan
from builders.requests import condition, context, planned

WEB: dict[str, Any] = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {
        "name": "web",
        "namespace": "shop",
        "uid": "1",
        "resourceVersion": "77",
        "generation": 4,
        "annotations": {"deployment.kubernetes.io/revision": "12"},
    },
    "spec": {"replicas": 3},
    "status": {"observedGeneration": 4, "updatedReplicas": 3, "availableReplicas": 3},
}
WHERE = (("kind", "deployment"), ("name", "web"), ("namespace", "shop"))


def kubectl(folder: Path, answer: object = None, *, script: str = "") -> dict[str, str]:
    """Return an environment in which kubectl answers this, and writes down how it was called."""
    (folder / "answer.json").write_text(json.dumps(answer))
    tool = folder / "kubectl"
    tool.write_text(f'#!/bin/sh\necho "$@" >> {folder}/calls\n{script or f"cat {folder}/answer.json"}\n')
    tool.chmod(0o755)
    return {"PATH": f"{folder}:/usr/bin:/bin"}


def test_a_rollout_is_read_in_one_look(tmp_path: Path) -> None:
    asked = condition(ConditionKind.ROLLOUT, "deployment/web", expected="shop")
    assert RolloutConditions().ask(asked, context(kubectl(tmp_path, WEB))).truth is Truth.HOLDS
    assert (tmp_path / "calls").read_text().endswith("get deployment/web --namespace shop --output json\n")


@pytest.mark.parametrize("script", ["echo 'connection refused' >&2; exit 1", "echo nonsense", "echo []"])
def test_a_cluster_that_does_not_answer_cannot_tell(tmp_path: Path, script: str) -> None:
    asked = condition(ConditionKind.ROLLOUT, "deployment/web", expected="shop")
    assert RolloutConditions().ask(asked, context(kubectl(tmp_path, script=script))).truth is Truth.CANNOT_TELL


def test_without_kubectl_nothing_is_told() -> None:
    asked = condition(ConditionKind.ROLLOUT, "deployment/web")
    assert RolloutConditions().ask(asked, context({"PATH": "/nowhere"})).truth is Truth.CANNOT_TELL


def test_a_daemon_set_counts_nodes() -> None:
    status = {"desiredNumberScheduled": 5, "updatedNumberScheduled": 4, "numberAvailable": 3, "observedGeneration": 2}
    found = rollout_of({"kind": "DaemonSet", "metadata": {"generation": 2}, "status": status})
    assert found == Rollout(wanted=5, updated=4, available=3, generation=2, observed_generation=2)


def test_an_empty_object_has_no_replicas_available() -> None:
    assert rollout_of({}) == Rollout(wanted=1, updated=0, available=0, generation=0, observed_generation=0)


def test_replicas_are_the_way_back_of_a_scaling(tmp_path: Path) -> None:
    undo = UndoPlan(capture="kubernetes-replicas", arguments=WHERE)
    captured = KubernetesUndo().capture(planned(""), undo, context(kubectl(tmp_path, WEB), tmp_path))
    assert captured.values == (("replicas", "3"),)
    assert captured.commands == ("kubectl scale deployment/web --namespace shop --replicas=3",)


def test_the_revision_is_the_way_back_of_a_rollout(tmp_path: Path) -> None:
    undo = UndoPlan(capture="kubernetes-revision", arguments=WHERE)
    captured = KubernetesUndo().capture(planned(""), undo, context(kubectl(tmp_path, WEB), tmp_path))
    assert captured.commands == ("kubectl rollout undo deployment/web --namespace shop --to-revision=12",)


@pytest.mark.parametrize(
    ("text", "verb"), [("kubectl patch deployment web", "replace"), ("kubectl delete deployment web", "create")]
)
def test_the_whole_object_is_kept_privately(tmp_path: Path, text: str, verb: str) -> None:
    command = CommandEffect(text=text, start=0, end=len(text), effect=Effect.DISRUPTIVE, reason="")
    action = replace(planned(text), commands=(command,))
    undo = UndoPlan(capture="kubernetes-spec", arguments=WHERE)
    captured = KubernetesUndo().capture(action, undo, context(kubectl(tmp_path, WEB), tmp_path))
    kept = tmp_path / "undo-1.1.json"
    assert captured.commands == (f"kubectl {verb} --filename {kept}",)
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    content = json.loads(kept.read_text())
    assert content["metadata"] == {
        "name": "web",
        "namespace": "shop",
        "annotations": {"deployment.kubernetes.io/revision": "12"},
    }
    assert "status" not in content


def test_a_state_that_cannot_be_read_is_said(tmp_path: Path) -> None:
    undo = UndoPlan(capture="kubernetes-replicas", arguments=WHERE)
    with pytest.raises(ClusterUnreachableError, match="not found"):
        KubernetesUndo().capture(
            planned(""), undo, context(kubectl(tmp_path, script="echo 'web not found' >&2; exit 1"))
        )


def test_the_context_is_asked_of_kubectl_itself(tmp_path: Path) -> None:
    assert current_context(kubectl(tmp_path, script="echo shop-eu")) == "shop-eu"
