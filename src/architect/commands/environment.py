"""Which environment variables change what a command means, and which names hold secrets."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache

_EVERYTHING = re.compile(
    r"PATH|BASH_ENV|ENV|IFS|LD_.*|DYLD_.*|SHELLOPTS|BASHOPTS|BASH_FUNC_.*|PS4|PROMPT_COMMAND|HOME|SHELL|XDG_CONFIG_.*"
    r"|GLOBIGNORE|CDPATH|EXECIGNORE|FIGNORE|GCONV_PATH|LOCPATH|NLSPATH|MALLOC_.*|GLIBC_TUNABLES|HOSTALIASES|RES_OPTIONS"
    r"|TERMINFO(?:_DIRS)?|TERMCAP"
)
_KUBERNETES = ("kubernetes", "helm", "eks", "istio", "linkerd", "cilium", "calico", "flux", "argocd")
_LANGUAGES = (
    r"PYTHON.*|PERL5?.*|RUBY.*|NODE_.*|NPM_.*|npm_.*|YARN_.*|JAVA_.*|JDK_.*|_JAVA_OPTIONS|CARGO.*|RUST.*"
    r"|GO(?!OGLE|AL|OD)[A-Z0-9]*"
)
_HOST_TOOLS = (
    r"SYSTEMD_.*|GREP_.*|TAR_OPTIONS|GZIP|BZIP2?|XZ_.*|ZSTD_.*|ZIPOPT|ZIP|UNZIP|LESS.*|PAGER|MANPAGER|EDITOR|VISUAL"
    r"|LS_OPTIONS|POSIXLY_CORRECT|RIPGREP_CONFIG_PATH|FZF_.*|AWK(?:LIB)?PATH|TMPDIR|OPENSSL_.*|SYSSTAT.*|S_.*"
    r"|GNUPGHOME|PS_.*|BAT_.*|FD_.*|JQ_.*|RSYNC_.*|SSH_.*"
)
_ENGINES = (
    r"DOCKER_(?:HOST|CONFIG|CONTEXT|CERT_.*|TLS.*|API_.*|BUILDKIT|DEFAULT_.*|CONTENT_.*|CLI_.*|HIDE_.*|CUSTOM_.*|AUTH_.*)"
    r"|CONTAINER_(?:HOST|SSHKEY|CONNECTION|PROXY|PASSPHRASE|RUNTIME_ENDPOINT)|IMAGE_SERVICE_ENDPOINT|CONTAINERS_.*"
    r"|COMPOSE_.*|CONTAINERD_.*|BUILDKIT_.*|BUILDX_.*|PODMAN_.*|REGISTRY_AUTH_FILE"
)
_CLOUDS = ("aws", "gc", "az", "bigquery", "terraform", "storage", "http", "prometheus", "pager", "git", "registry")
_TOUCHES: tuple[tuple[re.Pattern[str], tuple[str, ...]], ...] = tuple(
    (re.compile(pattern), systems)
    for pattern, systems in (
        (r"KUBECONFIG|KUBECTL_.*|KUBE_(?:EDITOR|CONFIG.*|LOG.*)|KUBERNETES_.*|KUBECACHEDIR", _KUBERNETES),
        (r"HELM_.*|OPENSHIFT_.*", _KUBERNETES),
        (r"PG[A-Z]+|PG_(?:COLORS?|CLUSTER.*|TEST.*)|PSQL.*", ("postgres",)),
        (r"AWS_.*|BOTO_.*", ("aws", "terraform", "storage", *_KUBERNETES)),
        (r"GIT_.*|SSH_ASKPASS|GH_.*|GITHUB_.*|GITLAB_.*|GLAB_.*", ("git",)),
        (_ENGINES, ("docker", "podman", "contain", "registry")),
        (r"CLOUDSDK_.*|GOOGLE_.*|GCLOUD_.*", ("gc", "google", "bigquery", "terraform", *_KUBERNETES)),
        (r"AZURE_.*|ARM_.*", ("az", "terraform", *_KUBERNETES)),
        (r"TF_.*|TERRAFORM_.*", ("terraform",)),
        (r"REDISCLI_.*|VALKEYCLI_.*", ("redis",)),
        (r"MYSQL_(?:HOST|PWD|TCP_PORT|UNIX_PORT|HOME|GROUP_SUFFIX|HIST.*|PS1|TEST_.*)|MARIADB_.*", ("mysql",)),
        (r"VAULT_.*|CONSUL_.*|NOMAD_.*|ETCDCTL_.*", ("vault", "consul", "nomad", "etcd")),
        (r"CURL_.*|WGETRC|SYSTEM_WGETRC|HTTPIE_.*|SSL_CERT_.*|SSLKEYLOGFILE", ("http", "prometheus", "pager", "aws")),
        (r"(?:https?|ftp|all|no)_proxy|(?:HTTPS?|FTP|ALL|NO)_PROXY", (*_CLOUDS, "docker", *_KUBERNETES)),
        (
            r"ANSIBLE_.*|CEPH_.*|RABBITMQ_.*|KAFKA_.*|CASSANDRA_.*",
            ("ansible", "ceph", "rabbitmq", "kafka", "cassandra"),
        ),
        (r"RESTIC_.*|RCLONE_.*|BORG_.*|MC_.*", ("storage",)),
        (_HOST_TOOLS, ("host", "git", "ssh")),
        (_LANGUAGES, ("host", "package", "npm", "python", "kafka", "cassandra", "rust")),
    )
)
_FULLY_KNOWN = frozenset(("docker", "mysql", "mariadb", "kubectl", "oc", "crictl", "podman"))
"""Tools whose variables are all listed above; others of the same beginning are the document's own."""
_SECRET_NAME = re.compile(
    r"(?:^|_)(?:PASS|PASSWD|PASSWORD|PASSPHRASE|PGPASSWORD|SECRETS?|TOKENS?|API_?KEYS?|APIKEYS?|PRIVATE_?KEYS?"
    r"|(?:ACCESS|ACCOUNT|AUTH|ENCRYPTION|MASTER|ROUTING|SERVICE|SIGNING|SECRET|SSH)_?KEYS?|CREDENTIALS?|CREDS?|AUTH)$"
    r"|PASSWORD$|PASSWD$|SECRET$|TOKEN$|_KEY$",
    re.IGNORECASE,
)


def touches_everything(name: str) -> bool:
    """Say whether setting `name` can change what any later command means."""
    return _EVERYTHING.fullmatch(name) is not None


@cache
def is_sensitive(name: str) -> bool:
    """Say whether setting `name` can change what some later command means."""
    return touches_everything(name) or any(pattern.fullmatch(name) for pattern, _ in _TOUCHES)


def touching(names: Iterable[str], tool: str, system: str) -> str | None:
    """Return the first of `names` whose setting can change what `tool`, which acts on `system`, does.

    Most tools read variables that begin with their own name, whether a manual says so or not.
    """
    own = "" if tool in _FULLY_KNOWN else re.sub(r"\W", "_", tool).upper() + "_"
    for name in names:
        if touches_everything(name) or (len(own) > 1 and name.startswith(own)):
            return name
        for pattern, systems in _TOUCHES:
            if pattern.fullmatch(name) and any(part in system for part in systems):
                return name
    return None


def is_secret_name(name: str) -> bool:
    """Say whether a variable of this name holds a secret by its name."""
    return _SECRET_NAME.search(name) is not None
