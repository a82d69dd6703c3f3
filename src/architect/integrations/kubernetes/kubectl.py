"""Asking kubectl, with the run's environment and nothing else."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from typing import Any

from architect.kernel.errors import OutsideError

TIMEOUT_S = 10


class ClusterUnreachableError(OutsideError):
    """The cluster does not answer, or kubectl is not there."""

    code = "cluster-unreachable"


def ask(words: Sequence[str], environment: Mapping[str, str]) -> str:
    """Return what kubectl prints. Raises ClusterUnreachableError with its own words."""
    tool = shutil.which("kubectl", path=environment.get("PATH", ""))
    if tool is None:
        raise ClusterUnreachableError("kubectl is not installed here", hint="see `architect doctor`")
    try:
        done = subprocess.run(
            [tool, f"--request-timeout={TIMEOUT_S}s", *words],
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=TIMEOUT_S + 2,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise ClusterUnreachableError(f"kubectl gave no answer within {TIMEOUT_S} s") from error
    if done.returncode != 0:
        reason = " ".join(done.stderr.decode("utf-8", "replace").split())[:300]
        raise ClusterUnreachableError(f"kubectl: {reason or f'exit status {done.returncode}'}")
    return done.stdout.decode("utf-8", "replace")


def get(kind: str, name: str, namespace: str, *, environment: Mapping[str, str]) -> Mapping[str, Any]:
    """Return one object as it is now."""
    where = ["--namespace", namespace] if namespace else []
    text = ask(["get", f"{kind}/{name}", *where, "--output", "json"], environment)
    try:
        content = json.loads(text)
    except ValueError as error:
        raise ClusterUnreachableError("kubectl's answer is not JSON") from error
    if not isinstance(content, dict):
        raise ClusterUnreachableError("kubectl's answer is not an object")
    return content


def context(environment: Mapping[str, str]) -> str:
    """Return the name of the current context."""
    return ask(["config", "current-context"], environment).strip()


def identity(environment: Mapping[str, str]) -> str:
    """Return which cluster the current context leads to: the UID of its first namespace, else its server's address."""
    try:
        return str(get("namespace", "kube-system", "", environment=environment)["metadata"]["uid"])
    except (ClusterUnreachableError, KeyError, TypeError):
        return ask(["config", "view", "--minify", "--output", "jsonpath={.clusters[0].cluster.server}"], environment)
