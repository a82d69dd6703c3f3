"""Which environment variables change what a command means, and which names hold secrets."""

from __future__ import annotations

import re
from collections.abc import Iterable

_EVERYTHING = re.compile(
    r"PATH|BASH_ENV|ENV|IFS|LD_.*|DYLD_.*|SHELLOPTS|BASHOPTS|BASH_FUNC_.*|PS4|PROMPT_COMMAND|HOME|SHELL|XDG_CONFIG_.*"
    r"|GLOBIGNORE|CDPATH|EXECIGNORE|FIGNORE|GCONV_PATH|LOCPATH|NLSPATH|MALLOC_.*|GLIBC_TUNABLES|HOSTALIASES|RES_OPTIONS"
)
_KUBERNETES = ("kubernetes", "helm")
_TOUCHES: tuple[tuple[re.Pattern[str], tuple[str, ...]], ...] = tuple(
    (re.compile(pattern), systems)
    for pattern, systems in (
        (r"KUBE.*|KUBECONFIG|HELM_.*|OPENSHIFT_.*", _KUBERNETES),
        (r"PG.*|PSQL.*", ("postgres",)),
        (r"AWS_.*|BOTO_.*", ("aws", "terraform", "kubernetes")),
        (r"GIT_.*|SSH_ASKPASS", ("git",)),
        (r"GH_.*|GITHUB_.*", ("git",)),
        (r"DOCKER_.*|CONTAINER_.*|COMPOSE_.*|CONTAINERD_.*|BUILDKIT_.*|PODMAN_.*", ("docker", "podman", "contain")),
        (r"CLOUDSDK_.*|GOOGLE_.*|GCLOUD_.*|CLOUDSDK.*", ("gcp", "gcloud", "google", "terraform", "kubernetes")),
        (r"AZURE_.*|ARM_.*", ("az", "terraform", "kubernetes")),
        (r"TF_.*|TERRAFORM_.*", ("terraform",)),
        (r"REDIS.*", ("redis",)),
        (r"MYSQL_.*|MARIADB_.*", ("mysql", "mariadb")),
        (r"VAULT_.*|CONSUL_.*|NOMAD_.*|ETCDCTL_.*", ("vault", "consul", "nomad", "etcd")),
        (r"CURL_.*|WGETRC|.*_proxy|.*_PROXY|SSL_CERT_.*|SSLKEYLOGFILE", ("http", "prometheus", "pagerduty", "aws")),
        (r"ANSIBLE_.*", ("ansible",)),
        (r"SYSTEMD_.*", ("systemd", "host")),
        (
            r"GREP_.*|TAR_OPTIONS|GZIP|BZIP2?|XZ_.*|ZIPOPT|ZIP|UNZIP|LESS.*|PAGER|MANPAGER|EDITOR|VISUAL|LS_OPTIONS",
            ("host", "git"),
        ),
        (
            r"POSIXLY_CORRECT|RIPGREP_CONFIG_PATH|FZF_.*|AWK(?:LIB)?PATH|TMPDIR|OPENSSL_.*|SYSSTAT.*|S_.*|TOP.*",
            ("host",),
        ),
        (r"PYTHON.*|PERL5?.*|RUBY.*|NODE_.*|NPM_.*|JAVA_.*|JDK_.*|GO.*|PS_.*|BAT_.*|FD_.*|JQ_.*", ("host", "package")),
        (
            r"RSYNC_.*|SSH_.*",
            ("host", "git", "ssh"),
        ),
    )
)
_SECRET_NAME = re.compile(
    r"(?:^|_)(?:PASS|PASSWD|PASSWORD|PASSPHRASE|PGPASSWORD|SECRETS?|TOKENS?|API_?KEYS?|APIKEYS?|PRIVATE_?KEYS?"
    r"|(?:ACCESS|ACCOUNT|AUTH|ENCRYPTION|MASTER|ROUTING|SERVICE|SIGNING|SECRET|SSH)_?KEYS?|CREDENTIALS?|CREDS?|AUTH)$"
    r"|PASSWORD$|PASSWD$|SECRET$|TOKEN$|_KEY$",
    re.IGNORECASE,
)


def touches_everything(name: str) -> bool:
    """Say whether setting `name` can change what any later command means."""
    return _EVERYTHING.fullmatch(name) is not None


def is_sensitive(name: str) -> bool:
    """Say whether setting `name` can change what some later command means."""
    return touches_everything(name) or any(pattern.fullmatch(name) for pattern, _ in _TOUCHES)


def touching(names: Iterable[str], system: str) -> str | None:
    """Return the first of `names` whose setting can change what a tool of `system` does."""
    for name in names:
        if touches_everything(name):
            return name
        for pattern, systems in _TOUCHES:
            if pattern.fullmatch(name) and any(part in system for part in systems):
                return name
    return None


def is_secret_name(name: str) -> bool:
    """Say whether a variable of this name holds a secret by its name."""
    return _SECRET_NAME.search(name) is not None
