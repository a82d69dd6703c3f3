"""Environment variables: which change what commands mean, and which hold secrets."""

from __future__ import annotations

import pytest

from architect.commands.environment import is_secret_name, touches_everything, touching


@pytest.mark.parametrize(
    "name", ["PATH", "IFS", "BASH_ENV", "LD_PRELOAD", "LD_LIBRARY_PATH", "HOME", "PS4", "SHELLOPTS"]
)
def test_some_variables_touch_everything(name: str) -> None:
    assert touches_everything(name)
    assert touching([name], "frobnicate", "whatever") == name


@pytest.mark.parametrize(
    ("name", "system"),
    [
        ("KUBECONFIG", "kubernetes"),
        ("PGHOST", "postgresql"),
        ("AWS_PROFILE", "aws-s3"),
        ("GIT_DIR", "git"),
        ("https_proxy", "http"),
    ],
)
def test_others_touch_their_own_system(name: str, system: str) -> None:
    assert touching(["LANG", name], "frobnicate", system) == name
    assert touching([name], "frobnicate", "mail") is None


def test_a_variable_named_after_a_tool_touches_it() -> None:
    assert touching(["MC_HOST_BACKUPS"], "mc", "backups") == "MC_HOST_BACKUPS"
    assert touching(["PG_AMCHECK_X"], "pg_amcheck", "") == "PG_AMCHECK_X"
    assert touching(["MC_HOST_BACKUPS"], "df", "host") is None


@pytest.mark.parametrize("name", ["LANG", "NAMESPACE", "POD", "TZ", "LC_ALL", "DATABASE_URL"])
def test_ordinary_variables_touch_nothing(name: str) -> None:
    assert touching([name], "kubectl", "kubernetes") is None


@pytest.mark.parametrize(
    "name", ["DB_PASSWORD", "API_TOKEN", "SECRET", "AWS_SECRET_ACCESS_KEY", "ROUTING_KEY", "apiKey", "PGPASSWORD"]
)
def test_names_of_secrets_are_known(name: str) -> None:
    assert is_secret_name(name)


@pytest.mark.parametrize("name", ["PATH", "POD", "KEYSPACE", "TOKENIZER", "MONKEY", "AUTHOR", "PASSENGERS"])
def test_other_names_are_no_secrets(name: str) -> None:
    assert not is_secret_name(name)
