"""What calls of the AWS command line do."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from architect.commands.aws import judge_aws_call
from architect.commands.aws_table import Takes, is_waiter, operation
from architect.commands.calls import Call, Certainty, Word
from architect.commands.model import CommandEffect, Effect, Flag
from architect.commands.words import literal

ADDITIONS = [
    "--debug",
    "--region",
    "eu-west-1",
    "--dry-run",
    "--frobnicate",
    "--query",
    "x",
    "help",
    "blue",
    "--delete",
]


def words_of(text: str) -> tuple[Word, ...]:
    return tuple(literal(word, 0, 0) for word in text.split())


def judged(text: str) -> CommandEffect:
    (command,) = judge_aws_call(Call(tool="aws", words=words_of(text), text=f"aws {text}"))
    return command


def test_options_of_an_operation_come_from_the_command_line_itself() -> None:
    found = operation("ec2", "describe-instances")
    assert found is not None
    assert found.options["dry-run"] is Takes.NOTHING
    assert found.options["instance-ids"] is Takes.VALUES
    assert operation("ec2", "frobnicate") is None
    assert operation("VERSIONS", "awscli") is None
    assert is_waiter("ec2", "instance-running")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("cloudwatch get-metric-data --metric-data-queries file://q.json --start-time a --end-time b", Effect.READ),
        ("logs start-query --log-group-name a --start-time 0 --end-time 1 --query-string x", Effect.READ),
        ("apigateway get-api-keys", Effect.READ),
        ("eks list-clusters", Effect.READ),
        ("sns publish --topic-arn a --message b", Effect.WRITE),
        ("ec2 create-snapshot --volume-id v", Effect.WRITE),
        ("ec2 create-tags --resources i --tags Key=a,Value=b", Effect.WRITE),
        ("ec2 stop-instances --instance-ids i", Effect.DISRUPTIVE),
        ("wafv2 associate-web-acl --resource-arn a --web-acl-arn b", Effect.DISRUPTIVE),
        ("rds failover-db-cluster --db-cluster-identifier a", Effect.DISRUPTIVE),
        ("iam detach-role-policy --role-name a --policy-arn b", Effect.DISRUPTIVE),
        ("sqs receive-message --queue-url a", Effect.DISRUPTIVE),
        ("ssm send-command --document-name a", Effect.UNKNOWN),
        ("stepfunctions start-execution --state-machine-arn a", Effect.UNKNOWN),
        ("cloudformation update-stack --stack-name a", Effect.UNKNOWN),
        ("apigateway get-api-keys --include-values", Effect.EXPOSES),
        ("sts assume-role --role-arn a --role-session-name b", Effect.EXPOSES),
        ("ecr get-login-password", Effect.EXPOSES),
        ("rds generate-db-auth-token --hostname a --port 1 --username b", Effect.EXPOSES),
        ("lambda add-permission --function-name a --statement-id b --action c --principal d", Effect.EXPOSES),
        ("dynamodb delete-table --table-name a", Effect.DESTRUCTIVE),
        ("kms schedule-key-deletion --key-id a", Effect.DESTRUCTIVE),
        ("ecr batch-delete-image --repository-name a --image-ids b", Effect.DESTRUCTIVE),
    ],
)
def test_operations_have_their_effect(text: str, expected: Effect) -> None:
    assert judged(text).effect is expected


def test_an_option_named_like_a_global_one_is_the_operations_own() -> None:
    assert judged("route53 delete-traffic-policy --id a --traffic-policy-version 1").effect is Effect.DESTRUCTIVE
    assert judged("iam delete-policy-version --policy-arn a --version-id v1 --version").effect is not Effect.READ


def test_system_target_and_dry_run_are_told() -> None:
    command = judged("ec2 terminate-instances --instance-ids i-1 i-2 --region eu-west-1")
    assert command.system == "aws-ec2"
    assert str(command.target) == "instance/i-1 i-2 in eu-west-1"
    assert command.dry_run == "aws ec2 terminate-instances --instance-ids i-1 i-2 --region eu-west-1 --dry-run"
    assert {Flag.NETWORK, Flag.HAS_DRY_RUN} <= command.flags


def test_a_word_that_can_be_anything_is_unknown() -> None:
    opaque = Word(text="$(cat ids)", start=0, end=0, value=None, certainty=Certainty.OPAQUE)
    (command,) = judge_aws_call(Call(tool="aws", words=(*words_of("ec2"), opaque), text="aws"))
    assert command.effect is Effect.UNKNOWN


@given(
    st.sampled_from(
        [
            "s3 rm s3://widgets --recursive",
            "s3 sync . s3://widgets --delete",
            "iam create-access-key --user-name a",
            "rds delete-db-instance --db-instance-identifier a",
            "ssm get-parameter --name a --with-decryption",
            "lambda invoke --function-name a",
        ]
    ),
    st.lists(st.sampled_from(ADDITIONS), max_size=4),
)
def test_further_words_make_no_change_a_read(text: str, added: list[str]) -> None:
    command = judged(" ".join((text, *added)))
    refused = command.effect is Effect.UNKNOWN
    assert command.effect is not Effect.READ or "--dry-run" in added or added[-1:] == ["help"] or refused


@given(st.lists(st.text(max_size=12), max_size=6))
def test_nothing_raises(words: list[str]) -> None:
    call = Call(tool="aws", words=tuple(literal(word, 0, 0) for word in words), text=" ".join(words))
    assert len(judge_aws_call(call)) == 1
