"""The web ACL and the rules that were there before a change."""

from __future__ import annotations

import json
import shlex
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from typing import Any

from architect.kernel.errors import OutsideError
from architect.runs.connections import expanded_words
from architect.runs.model import PlannedAction, UndoPlan
from architect.runs.ports import Captured, RunContext, UndoReader
from architect.runs.undo import AWS_WEB_ACL

TIMEOUT_S = 20
_OPPOSITES = {"authorize": "revoke", "revoke": "authorize"}


class AccountUnreachableError(OutsideError):
    """The account does not answer, or the command line is not there."""

    code = "account-unreachable"


class AwsUndo(UndoReader):
    """Reads web ACL associations; an ingress rule's opposite is its own command with the opposite verb."""

    def capture(self, action: PlannedAction, undo: UndoPlan, context: RunContext) -> Captured:
        """Return the way back; raises OutsideError where the state cannot be read."""
        del action
        given = dict(undo.arguments)
        variables = {**context.environment, **context.values}
        if undo.capture == AWS_WEB_ACL:
            return _web_acl(" ".join(expanded_words(given["resource"], variables)), context.environment)
        verb = _OPPOSITES[given["verb"]]
        words = expanded_words(given["options"].replace("\\\n", " "), variables)
        command = f"aws ec2 {verb}-security-group-ingress {shlex.join(words)}"
        return Captured(text=f"the opposite: {verb} the same rule", values=(("verb", verb),), commands=(command,))


def _web_acl(resource: str, environment: Mapping[str, str]) -> Captured:
    answer = ask(["wafv2", "get-web-acl-for-resource", "--resource-arn", resource], environment)
    before = str(answer.get("WebACL", {}).get("ARN", ""))
    quoted = shlex.quote(resource)
    if not before:
        command = f"aws wafv2 disassociate-web-acl --resource-arn {quoted}"
        return Captured(text="no web ACL was attached", values=(("web_acl", ""),), commands=(command,))
    command = f"aws wafv2 associate-web-acl --resource-arn {quoted} --web-acl-arn {shlex.quote(before)}"
    return Captured(text=f"{before} attached again", values=(("web_acl", before),), commands=(command,))


def account(environment: Mapping[str, str]) -> str:
    """Return the number of the account that the credentials belong to."""
    return str(ask(["sts", "get-caller-identity"], environment).get("Account", ""))


def ask(words: Sequence[str], environment: Mapping[str, str]) -> Mapping[str, Any]:
    """Return what the command line prints as JSON. Raises AccountUnreachableError with its own words."""
    tool = shutil.which("aws", path=environment.get("PATH", ""))
    if tool is None:
        raise AccountUnreachableError("aws is not installed here", hint="see `architect doctor`")
    try:
        done = subprocess.run(
            [tool, "--output", "json", *words],
            env={**environment, "AWS_PAGER": ""},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise AccountUnreachableError(f"aws gave no answer within {TIMEOUT_S} s") from error
    if done.returncode != 0:
        raise AccountUnreachableError(" ".join(done.stderr.decode("utf-8", "replace").split())[:300])
    try:
        content = json.loads(done.stdout or b"{}")
    except ValueError as error:
        raise AccountUnreachableError("the answer of aws is not JSON") from error
    return content if isinstance(content, dict) else {}
