"""What an AWS operation does: AWS's own access level, its verb, and what is known of single operations."""

from __future__ import annotations

import re
from collections.abc import Mapping

from architect.commands.aws_table import Access, Operation
from architect.commands.known import Known
from architect.commands.model import Effect, Flag

_READING = (
    "get list describe head search lookup detect validate query check test count is discover verify scan select "
    "preview resolve simulate estimate filter download view contains compare batch-get batch-describe batch-check "
    "batch-list batch-detect batch-is admin-get admin-list start-query transact-get retrieve decode "
    "evaluate"
)
_READING_VERB = re.compile("(?:" + "|".join(_READING.split()) + ")(?:-|$)")
_PLAIN_READING_VERB = re.compile(r"(?:get|list|describe|head|search|lookup|batch-get|batch-describe)(?:-|$)")
_DESTRUCTIVE_VERB = re.compile(
    r"(?:batch-)?(?:admin-)?(?:delete|terminate|remove|purge|destroy|drop|erase|release|redact|flush|clear"
    r"|schedule-key-deletion|decrease-stream-retention|deprovision)(?:-|$)"
)
_WRITING_VERB = re.compile(
    r"(?:batch-)?(?:admin-)?(?:create|put|tag|start|run|register|add|enable|publish|send|copy|import|request|upload"
    r"|allocate|accept|restore|export|generate|monitor|subscribe|record|post|resume|activate|complete|notify|submit"
    r"|assign|authorize|increase|transact-write|write|confirm|invite|initiate|retry|verify|validate|test|issue|clone|index)(?:-|$)"
)
_RUNS_CODE = re.compile(
    r"invoke|execute|send-command|start-session|start-automation|start-execution|start-sync-execution|start-build"
    r"|start-pipeline|start-job|start-workflow|submit-job|run-job|start-calculation|create-session|poll-for|send-task"
    r"|start-code|run-script|start-query-execution|create-function-and|start-notebook|start-crawler|start-stream"
)
_SHOWS_SECRET = re.compile(
    r"(?:batch-)?(?:get|create|generate|issue|reset|rotate|assume|refresh|retrieve|download)-(?:.*-)?(?:credentials?"
    r"|(?:auth|authorization|authentication|access|session|federation|id|login|web-login|cli|bearer|refresh"
    r"|oauth2|o-auth2|identity|api)-(?:token|key)s?|access-details|secret-value|random-password|presigned-\w+(?:-\w+)?"
    r"|embed-url.*|(?:master-user-)?password|key-pair|default-key-pair|data-key|data-key-pair|login|token"
    r"|service-specific-credential|login-profile|auth-code|keys-and-certificate|access-token.*"
    r"|tokens-from-refresh-token|open-id-token.*)$"
    r"|(?:admin-)?initiate-auth|(?:admin-)?respond-to-auth-challenge|assume-role.*|assume-\w+-role.*|decrypt|decrypt-data|export-certificate|export-key|get-compute-a.*"
)
_SHOWS_NO_SECRET = frozenset(("get-random-password", "get-login-profile", "get-key-pair"))
_OPENS = re.compile(
    r"(?:put|attach|add|create|authorize|enable|set|update|modify|share|grant|associate|accept|register|batch-grant)-"
)
_EVERYBODY = re.compile(r"0\.0\.0\.0/0|::/0|public-read|AllUsers|\"Principal\":\s*(?:\"\*\"|\{\"AWS\":\s*\"\*\")")

SECRETS: Mapping[tuple[str, str], str] = {
    ("secretsmanager", "batch-get-secret-value"): "shows secrets",
    ("ec2", "create-key-pair"): "makes a key and shows it",
    ("appsync", "list-api-keys"): "shows the keys of the API",
    ("cognito-idp", "describe-user-pool-client"): "shows the secret of the client",
    ("cognito-identity", "get-credentials-for-identity"): "shows credentials",
    ("connectparticipant", "get-authentication-url"): "shows a link that logs in",
    ("ivs", "get-stream-key"): "shows the key of a stream",
    ("ivs", "batch-get-stream-key"): "shows the keys of streams",
    ("redshift", "get-cluster-credentials-with-iam"): "shows credentials",
    ("codecommit", "credential-helper"): "shows credentials",
    ("configure", "export-credentials"): "shows credentials",
    ("iot", "create-keys-and-certificate"): "makes a key and shows it",
    ("s3", "presign"): "makes a link that needs no login",
}
SECRET_VALUES: Mapping[tuple[str, str], tuple[str, str]] = {
    ("ec2", "describe-instance-attribute"): ("attribute", "userData"),
}
"""Operations that show a secret only when an option has this value, or one that text cannot tell."""

SECRET_OPTIONS: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("ssm", "get-parameter"): ("with-decryption",),
    ("ssm", "get-parameters"): ("with-decryption",),
    ("ssm", "get-parameters-by-path"): ("with-decryption",),
    ("ssm", "get-parameter-history"): ("with-decryption",),
    ("ec2", "get-password-data"): ("priv-launch-key",),
    ("apigateway", "get-api-key"): ("include-value",),
    ("apigateway", "get-api-keys"): ("include-values",),
}
"""Operations that show a secret only when one of these options is given."""

_SINGLE: Mapping[tuple[str, str], Known] = {
    ("configure", "list"): Known(Effect.READ, "lists the configuration, with keys hidden"),
    ("configure", "list-profiles"): Known(Effect.READ, "lists the profiles"),
    ("configure", "set"): Known(Effect.WRITE, "changes this machine's configuration"),
    ("configure", "add-model"): Known(Effect.WRITE, "changes this machine's configuration"),
    ("configure", "import"): Known(Effect.WRITE, "adds credentials to this machine's configuration"),
    ("configure", "sso"): Known(Effect.WRITE, "changes the configuration", frozenset((Flag.INTERACTIVE,))),
    ("configure", "sso-session"): Known(Effect.WRITE, "changes the configuration", frozenset((Flag.INTERACTIVE,))),
    ("sso", "login"): Known(Effect.WRITE, "logs this machine in", frozenset((Flag.INTERACTIVE,))),
    ("sso", "logout"): Known(Effect.WRITE, "logs this machine out"),
    ("history", "list"): Known(Effect.READ, "lists earlier calls"),
    ("history", "show"): Known(Effect.READ, "shows earlier calls"),
    ("logs", "tail"): Known(Effect.READ, "shows log events"),
    ("logs", "start-live-tail"): Known(Effect.READ, "shows log events", frozenset((Flag.NEVER_ENDS,))),
    ("ddb", "select"): Known(Effect.READ, "reads items"),
    ("ddb", "put"): Known(Effect.WRITE, "writes items"),
    ("eks", "update-kubeconfig"): Known(Effect.WRITE, "changes this machine's kubeconfig"),
    ("eks", "get-token"): Known(Effect.EXPOSES, "shows a token"),
    ("cloudformation", "package"): Known(Effect.WRITE, "uploads artifacts"),
    ("cloudformation", "deploy"): Known(Effect.UNKNOWN, "deploys a template, which may replace or delete resources"),
    ("cloudformation", "update-stack"): Known(Effect.UNKNOWN, "may replace or delete resources of the stack"),
    ("cloudformation", "create-change-set"): Known(Effect.WRITE, "proposes a change without making it"),
    ("cloudtrail", "validate-logs"): Known(Effect.READ, "checks the integrity of logs"),
    ("configservice", "get-status"): Known(Effect.READ, "shows the status of the recorder"),
    ("datapipeline", "list-runs"): Known(Effect.READ, "lists runs"),
    ("emr", "describe-cluster"): Known(Effect.READ, "describes a cluster"),
    ("ecs", "run-task"): Known(Effect.UNKNOWN, "runs a task"),
    ("route53", "change-resource-record-sets"): Known(Effect.DISRUPTIVE, "changes DNS records"),
    ("autoscaling", "set-desired-capacity"): Known(
        Effect.DISRUPTIVE, "changes how many instances run", frozenset((Flag.REPLICAS,))
    ),
    ("s3api", "put-object"): Known(Effect.WRITE, "writes an object, over one of the same name"),
    ("iam", "generate-credential-report"): Known(Effect.READ, "makes a report of users"),
    ("iam", "generate-service-last-accessed-details"): Known(Effect.READ, "makes a report of accesses"),
    ("iot", "test-invoke-authorizer"): Known(Effect.UNKNOWN, "runs a function"),
    ("sts", "decode-authorization-message"): Known(Effect.READ, "decodes a message"),
    ("sqs", "receive-message"): Known(Effect.DISRUPTIVE, "takes messages from their readers for a while"),
    ("elasticache", "test-failover"): Known(Effect.DISRUPTIVE, "fails a cache over"),
    ("sns", "publish"): Known(Effect.WRITE, "sends a notification"),
}


def judge_operation(operation: Operation, given: Mapping[str, str | None]) -> Known:
    """Return what an operation does, given the literal values of its options (None where text cannot tell)."""
    place = (operation.service, operation.name)
    secret = _secret(operation, given)
    if secret is not None:
        return secret
    single = _SINGLE.get(place)
    if single is not None:
        return single
    if _is_read(operation):
        return Known(Effect.READ, f"only reads ({operation.service} {operation.name})")
    if _RUNS_CODE.search(operation.name):
        return Known(Effect.UNKNOWN, f"{operation.name} runs something that the text does not show")
    known = _change(operation)
    if _opens_to_everybody(operation, given):
        return Known(Effect.EXPOSES, "opens access")
    return known


def _secret(operation: Operation, given: Mapping[str, str | None]) -> Known | None:
    place = (operation.service, operation.name)
    options = SECRET_OPTIONS.get(place)
    if options is not None:
        decides = [option for option in options if option in given]
        if "cli-input-json" in given or "cli-input-yaml" in given:
            return Known(Effect.UNKNOWN, "whether secrets are shown stands in the input")
        if decides:
            return Known(Effect.EXPOSES, f"shows secrets (--{decides[0]})", frozenset((Flag.READS_SECRET,)))
        return None
    option, value = SECRET_VALUES.get(place, ("", ""))
    if option in given and given[option] in (value, None):
        return Known(Effect.EXPOSES, f"shows {value}, which holds secrets as a rule", frozenset((Flag.READS_SECRET,)))
    reason = SECRETS.get(place, "")
    if not reason and operation.name not in _SHOWS_NO_SECRET and _SHOWS_SECRET.fullmatch(operation.name):
        reason = "shows or makes credentials"
    return Known(Effect.EXPOSES, reason, frozenset((Flag.READS_SECRET,))) if reason else None


def _is_read(operation: Operation) -> bool:
    """Say whether AWS calls it a read and its verb agrees; where AWS says nothing, whether the verb is a plain one."""
    match operation.access:
        case Access.READ:
            return _READING_VERB.match(operation.name) is not None
        case Access.GETS | Access.POSTS | Access.TAGGING:
            return _PLAIN_READING_VERB.match(operation.name) is not None
        case _:
            return False


def _change(operation: Operation) -> Known:
    name = operation.name
    if _DESTRUCTIVE_VERB.match(name) and operation.access is not Access.TAGGING:
        return Known(Effect.DESTRUCTIVE, f"{name}: what it takes away is gone")
    if operation.access is Access.PERMISSIONS:
        if _OPENS.match(name):
            return Known(Effect.EXPOSES, f"{name}: changes who may do what")
        return Known(Effect.DISRUPTIVE, f"{name}: takes access away")
    if operation.access is Access.TAGGING:
        return Known(Effect.WRITE, f"{name}: changes tags")
    if operation.access in (Access.CUSTOM, Access.READ):
        return Known(Effect.UNKNOWN, f"nothing proves what {operation.service} {name} does")
    if _WRITING_VERB.match(name):
        return Known(Effect.WRITE, f"{name}: makes or sends something")
    if _PLAIN_READING_VERB.match(name):
        return Known(Effect.UNKNOWN, f"AWS lists {name} as a change")
    return Known(Effect.DISRUPTIVE, f"{name}: changes something in use")


def _opens_to_everybody(operation: Operation, given: Mapping[str, str | None]) -> bool:
    """Say whether a change names the whole world, opens a database to it, or is a rule that lets others in."""
    values = [value for value in given.values() if value]
    if "publicly-accessible" in given or any(_EVERYBODY.search(value) for value in values):
        return True
    return operation.name.startswith("authorize-") and "ingress" in operation.name
