"""What reading or writing a path means: the run's scratch folder, secrets, devices, and everything else."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase

from architect.commands.calls import Certainty, Word
from architect.commands.model import Effect

_NO_FILE = re.compile(r"/dev/(?:null|zero|full|stdin|stdout|stderr|tty|random|urandom|fd/\d+)|-")
_BLOCK_DEVICE = re.compile(r"/dev/(?:sd|hd|vd|xvd|nvme|mmcblk|dm-|md|loop|mapper/|disk|rdisk|ram|sr)")
_SYSTEM = re.compile(r"/(?:etc|usr|bin|sbin|lib|lib64|boot|sys|proc|root|var/lib|var/spool|System|Library)(?:/|$)")
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
_SECRET_NAMES = (".env", ".netrc", ".pgpass", ".npmrc", "id_rsa", "id_ed25519", "server.key", "secrets.yaml")
_PLAIN = re.compile(r"(?:\./)?[^/~$`\x00-\x1f\ue000-\uf8ff][^~$`\x00-\x1f\ue000-\uf8ff]*")
_REMOVABLE = re.compile(r"/(?:tmp|var/tmp)/")


def shows_secret(word: Word) -> bool:
    """Say whether the file that `word` names looks as if it held a secret."""
    path = word.value if word.value is not None else word.prefix
    if not path or (word.value is None and not path.startswith(("/proc/", "~", "/"))):
        return bool(word.variables) and _looks_secret(word.text)
    if word.is_glob:
        name = path.rpartition("/")[2]
        if name.startswith((".", "id_")) and any(fnmatchcase(secret, name) for secret in _SECRET_NAMES):
            return True
    return _looks_secret(path)


def _looks_secret(path: str) -> bool:
    path = re.sub(r"/(?:\./|/)+", "/", path.strip("\"'"))
    if _SECRET.search(path):
        return True
    return _PEM.search(path) is not None and _PUBLIC_PEM.search(path) is None


def is_no_file(word: Word) -> bool:
    """Say whether `word` names a stream or sink of the process itself."""
    return word.value is not None and _NO_FILE.fullmatch(word.value) is not None


def plain_path(word: Word) -> str | None:
    """Return the normalised path of a plain relative file name without `..`; None for all others."""
    if word.certainty not in (Certainty.LITERAL, Certainty.PLAIN) or word.is_glob:
        return None
    path = word.shape
    if not _PLAIN.fullmatch(path) or path.startswith("-") or "" in path.split("/"):
        return None
    parts = [part for part in path.split("/") if part != "."]
    return None if ".." in parts or not parts else "/".join(parts)


def writing(word: Word, *, in_scratch: bool, made: frozenset[str] | set[str], appends: bool) -> tuple[Effect, str]:
    """Return what writing the file `word` comes to, and why."""
    if is_no_file(word):
        return Effect.READ, ""
    path = plain_path(word)
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
    if _SYSTEM.match(path) and not appends:
        return Effect.DISRUPTIVE, f"replaces the system's file {path}"
    verb = "appends to" if appends else "writes"
    return Effect.WRITE, f"{verb} {path}, outside of the run's folder"
