"""What reading or writing a path means: the run's scratch folder, secrets, devices, and everything else."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase

from architect.commands.calls import Certainty, Word
from architect.commands.model import Effect

_NO_FILE = re.compile(r"/dev/(?:null|zero|full|stdin|stdout|stderr|tty|random|urandom|fd/\d+)|-")
_BLOCK_DEVICE = re.compile(r"/dev/(?:sd|hd|vd|xvd|nvme|mmcblk|dm-|md|loop|mapper/|disk|rdisk|ram|sr)")
_SYSTEM = re.compile(r"/(?:etc|usr|bin|sbin|lib|lib64|boot|sys|proc|root|var/lib|var/spool|System|Library)(?:/|$)")
_KEPT = re.compile(r"/var/(?:log|lib|spool|mail|backups)/")
_SECRET = re.compile(
    r"(?:^|/)\.env(?:\.(?!example|sample|template|dist)[\w.-]+)?$|\.env$"
    r"|(?:^|/)\.(?:aws|gnupg|password-store|azure|config/gcloud|config/gh)(?:/|$)"
    r"|(?:^|/)\.ssh/(?!known_hosts|config$|authorized_keys|.*\.pub$)|(?:^|/)\.ssh/?$|(?:^|/)id_(?:rsa|dsa|ecdsa|ed25519)$"
    r"|(?:^|/)\.(?:netrc|pgpass|npmrc|pypirc|git-credentials|my\.cnf|vault-token|s3cfg|boto|htpasswd|dockercfg|terraformrc)$"
    r"|(?:^|/)\.(?:bash|zsh|psql|mysql|python|rediscli|sh)_history$"
    r"|(?:^|/)\.kube(?:/config.*|/?)$|(?:^|/)kubeconfig|kubernetes/(?:admin|super-admin|kubelet)\.conf$|/pki/.*\.key$"
    r"|(?:^|/)\.docker/config\.json$|^/proc/[^/]+/(?:environ|mem|maps|cmdline)$|^/proc/[^/]*[*?$][^/]*/environ"
    r"|^/etc/(?:shadow|gshadow|sudoers|ssh/ssh_host_\w+_key|krb5\.keytab)-?$|^/etc/ssl/private|^/(?:var/)?run/secrets(?:/|$)"
    r"|\.(?:key|p12|pfx|jks|keystore|kdbx|ovpn|ppk|keytab|tfvars|tfstate)(?:\.backup)?$"
    r"|(?:^|/)[^/]*(?:secret|credential|passwd\.|password|private[_-]?key|api[_-]?key|service[_-]?account)[^/]*$"
    r"|(?:^|/)(?:token|tokens?\.(?:txt|json))$",
    re.IGNORECASE,
)
_PEM = re.compile(r"\.pem$", re.IGNORECASE)
_PUBLIC_PEM = re.compile(r"cert|crt|chain|(?:^|[/_.-])ca(?:[_.-]|$)|pub|bundle|csr", re.IGNORECASE)
_SECRET_FILES = (
    *("/etc/shadow", "/etc/gshadow", "/etc/sudoers", "/etc/kubernetes/admin.conf", "/proc/1/environ"),
    *("~/.ssh/id_rsa", "~/.ssh/id_ed25519", "~/.aws/credentials", "~/.kube/config", "~/.docker/config.json"),
    *(".env", ".netrc", ".pgpass", ".npmrc", ".git-credentials", "id_rsa", "id_ed25519", "server.key", "secrets.yaml"),
)
"""What globs are tried on: one file of each kind."""
_PLAIN = re.compile(r"(?:\./)?[^/~$`\x00-\x1f\ue000-\uf8ff][^~$`\x00-\x1f\ue000-\uf8ff]*")
_REMOVABLE = re.compile(r"/(?:tmp|var/tmp)/")
_OPTION_NAME = re.compile(r"-{0,2}[\w-]+=(?=[~/.])")
_HOST = re.compile(r"[\w.@-]+:(?=[~/])")
_GLOB = re.compile(r"[*?\[]")
_ALTERNATIVES = re.compile(r"\{([^{}]*,[^{}]*)\}")
_MAX_ALTERNATIVES = 20
_MAY_NAME_SECRET = re.compile(
    r"[.](?:env|pem|key|p12|pfx|jks|tf|ssh|aws|gnupg|kube|netrc|pgpass|npmrc)|secret|shadow|environ|passw|credential"
    r"|token|id_[rde]|history|private|api[_-]?key|service[_-]?account|sudoers",
    re.IGNORECASE,
)
"""A quick look before words are told apart."""
_OWN_FOLDER = frozenset((".", "./"))


def shows_secret(word: Word, folder: str = "") -> bool:
    """Say whether the file that `word` names looks as if it held a secret; `folder` is the working directory."""
    path = word.value if word.value is not None else word.shape
    if word.variables and looks_secret(word.text):
        return True
    if word.value is None and not path:
        return False
    if folder and path[:1] not in ("", "/", "~", "-"):
        path = f"{folder}/{path}"
    is_glob = word.is_glob or _GLOB.search(path) is not None
    return any(_is_secret(found, is_glob=is_glob) for found in _spelled_out(path))


def _spelled_out(path: str) -> list[str]:
    """Return the paths that braces stand for, as far as a few alternatives go."""
    match = _ALTERNATIVES.search(path)
    if match is None:
        return [path]
    alternatives = match[1].split(",")[:_MAX_ALTERNATIVES]
    return [path[: match.start()] + alternative + path[match.end() :] for alternative in alternatives]


def _is_secret(path: str, *, is_glob: bool) -> bool:
    if looks_secret(path):
        return True
    return is_glob and _matches_secret(path)


def _matches_secret(pattern: str) -> bool:
    """Say whether a glob that begins its last part with a letter or a dot fits a file that holds secrets."""
    folder, slash, name = pattern.rpartition("/")
    if not name or name[0] in "*?[":
        return False
    return any(_fits(secret, folder + slash, name) for secret in _SECRET_FILES)


def _fits(secret: str, folder: str, name: str) -> bool:
    place, slash, file = secret.rpartition("/")
    return fnmatchcase(file, name) and (not slash or fnmatchcase(place + slash, folder))


def looks_secret(path: str) -> bool:
    """Say whether a path is one where secrets are kept."""
    path = _normal(_HOST.sub("", _OPTION_NAME.sub("", path.strip("\"'"), count=1), count=1))
    if _SECRET.search(path):
        return True
    return _PEM.search(path) is not None and _PUBLIC_PEM.search(path) is None


def named_secret(source: str) -> str:
    """Return the first word of a command that names a file which looks like a secret, empty where none does."""
    if _MAY_NAME_SECRET.search(source) is None:
        return ""
    words = (word.strip("\"'*();|&<>{}") for word in source.split())
    return next((word for word in words if not word.startswith("$") and looks_secret(word)), "")


def _normal(path: str) -> str:
    """Return `path` without empty parts, `.` and what `..` takes back."""
    if "//" not in path and "./" not in path:
        return path
    parts: list[str] = []
    for part in path.split("/"):
        if part == ".." and parts and parts[-1] not in ("", "..", "~"):
            parts.pop()
        elif part not in ("", ".") or not parts:
            parts.append(part)
    return "/".join(parts)


def is_no_file(word: Word) -> bool:
    """Say whether `word` names a stream or sink of the process itself."""
    return word.value is not None and _NO_FILE.fullmatch(word.value) is not None


def plain_path(word: Word) -> str | None:
    """Return the normalised path of a plain relative file name without `..`; None for all others."""
    if word.certainty not in (Certainty.LITERAL, Certainty.PLAIN) or word.is_glob:
        return None
    path = word.shape.removesuffix("/")
    if not _PLAIN.fullmatch(path) or path.startswith("-") or "" in path.split("/"):
        return None
    parts = [part for part in path.split("/") if part != "."]
    return None if ".." in parts or not parts else "/".join(parts)


def writing(word: Word, *, in_scratch: bool, made: frozenset[str] | set[str], appends: bool) -> tuple[Effect, str]:
    """Return what writing the file `word` comes to, and why."""
    if is_no_file(word):
        return Effect.READ, ""
    path = plain_path(word)
    if word.value in _OWN_FOLDER and in_scratch:
        return Effect.READ, "writes new files into the run's own folder"
    if path is not None and in_scratch:
        if path in made:
            verb = "appends to" if appends else "replaces"
            return Effect.WRITE, f"{verb} {word.text}, which the run made before"
        return Effect.READ, f"writes the new file {word.text} in the run's own folder"
    if path is None and word.value is None and not word.prefix.startswith(("/tmp/", "/var/tmp/")):  # noqa: S108
        return Effect.UNKNOWN, f"writes a file that the text does not tell ({word.text})"
    return _writing_outside(word.value if word.value is not None else word.prefix, appends=appends)


def _writing_outside(path: str, *, appends: bool) -> tuple[Effect, str]:
    parts = path.split("/")
    if ".." in parts and _REMOVABLE.match(path):
        return Effect.UNKNOWN, f"writes outside of the run's folder ({path})"
    if _BLOCK_DEVICE.match(path):
        return Effect.DESTRUCTIVE, f"overwrites the device {path}"
    if path.startswith("/dev/"):
        return Effect.UNKNOWN, f"writes to {path}"
    if path.endswith("/authorized_keys"):
        return Effect.EXPOSES, "lets further keys log in"
    if _KEPT.match(path) and not appends:
        return Effect.DESTRUCTIVE, f"empties or replaces {path}"
    if _SYSTEM.match(path) and not appends:
        return Effect.DISRUPTIVE, f"replaces the system's file {path}"
    verb = "appends to" if appends else "writes"
    return Effect.WRITE, f"{verb} {path}, outside of the run's folder"
