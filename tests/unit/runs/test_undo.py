"""Every change has a way back that is read before it, or says why there is none."""

from __future__ import annotations

import pytest

from architect.commands.judging import judge
from architect.commands.model import CommandEffect, Effect
from architect.runs.undo import undo_plan


@pytest.mark.parametrize(
    ("text", "capture", "words"),
    [
        ("kubectl scale deployment web --replicas=9 -n shop", "kubernetes-replicas", "replicas of deployment/web"),
        ("kubectl rollout restart deployment/web -n shop", "kubernetes-revision", "revision of deployment/web"),
        ("kubectl rollout undo deployment/web -n shop", "kubernetes-revision", "revision of deployment/web"),
        ("kubectl patch deployment web -n shop -p '{}'", "kubernetes-spec", "deployment/web as it is now"),
        ("kubectl delete deployment web -n shop", "kubernetes-spec", "deployment/web as it is now"),
        ("kubectl set env deployment/web A=b -n shop", "kubernetes-spec", "deployment/web as it is now"),
        ("aws wafv2 associate-web-acl --resource-arn $R --web-acl-arn $W", "aws-web-acl", "web ACL"),
        ("aws ec2 authorize-security-group-ingress --group-id $G --cidr 10.0.0.0/8", "aws-ingress", "security group"),
    ],
)
def test_a_change_is_captured_first(text: str, capture: str, words: str) -> None:
    plan = undo_plan(judge(text).commands)
    assert plan is not None
    assert plan.capture == capture
    assert words in plan.text


@pytest.mark.parametrize(
    ("language", "text", "reason"),
    [
        ("sql", "SELECT pg_terminate_backend(pid) FROM pg_stat_activity", "clients reconnect"),
        ("sql", "DELETE FROM orders", "the rows are gone"),
        ("shell", "kubectl delete pod web-1 -n shop", "its controller makes another"),
        ("shell", "./repair.sh", "no way back is known"),
    ],
)
def test_a_change_without_a_way_back_says_why(language: str, text: str, reason: str) -> None:
    plan = undo_plan(judge(text, language=language).commands)
    assert plan is not None
    assert reason in plan.impossible


def test_a_read_has_no_way_back() -> None:
    assert undo_plan(judge("kubectl get pods").commands) is None


def test_two_changes_of_which_one_cannot_be_undone_cannot_be_undone() -> None:
    plan = undo_plan(judge("kubectl scale deployment web --replicas=9; kubectl delete pod web-1").commands)
    assert plan is not None
    assert plan.impossible


def test_a_setting_is_read_before_it_changes() -> None:
    command = CommandEffect(
        text="ALTER SYSTEM SET work_mem = '64MB'", start=0, end=1, effect=Effect.WRITE, reason="", system="postgresql"
    )
    plan = undo_plan([command])
    assert plan is not None
    assert (plan.capture, dict(plan.arguments)) == ("postgres-setting", {"name": "work_mem"})
