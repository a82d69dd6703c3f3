"""The signing key: Ed25519, in a file of mode 0600 outside the database, and the public keys that count here."""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
import tempfile
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from architect.kernel.errors import SettingsError

KEY_FILE = "checkpoint.key"
PUBLIC_SUFFIX = ".pub"
_RAW_BYTES = 32


class SigningKey:
    """Signs checkpoints."""

    def __init__(self, private: Ed25519PrivateKey) -> None:
        self._private = private
        self.public = private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)

    @property
    def key(self) -> str:
        """The name of the key."""
        return key_name(self.public)

    def sign(self, statement: bytes) -> bytes:
        """Return the signature."""
        return self._private.sign(statement)


class PublicKeys:
    """The public keys of a folder, by name."""

    def __init__(self, keys: dict[str, bytes]) -> None:
        self._keys = keys

    def verify(self, key: str, statement: bytes, signature: bytes) -> bool | None:
        """Say whether the signature is the key's; None when the key is not here."""
        raw = self._keys.get(key)
        if raw is None:
            return None
        try:
            Ed25519PublicKey.from_public_bytes(raw).verify(signature, statement)
        except InvalidSignature:
            return False
        return True


def key_name(public: bytes) -> str:
    """Return the name by which a public key is known."""
    return hashlib.sha256(public).hexdigest()[:16]


def signing_key(folder: Path) -> SigningKey:
    """Return the signing key of `folder`, made where there is none; its public half lies beside it.

    Raises SettingsError for a key that others may read, or that is none.
    """
    path = folder / KEY_FILE
    if not path.exists():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _keep(path, Ed25519PrivateKey.generate().private_bytes_raw())
    key = _read_key(path)
    public = folder / f"{key.key}{PUBLIC_SUFFIX}"
    if not public.exists():
        _keep(public, f"{key.public.hex()}\n".encode())
    return key


def own_key(folder: Path) -> str | None:
    """Return the name of the signing key of `folder`; None where there is none."""
    path = folder / KEY_FILE
    return _read_key(path).key if path.exists() else None


def public_keys(folder: Path) -> PublicKeys:
    """Return the public keys of `folder`: its own, and those of other servers that were laid beside it."""
    found = {}
    for path in sorted(folder.glob(f"*{PUBLIC_SUFFIX}")):
        try:
            raw = bytes.fromhex(_read(path).decode("ascii").strip())
            Ed25519PublicKey.from_public_bytes(raw)
        except ValueError as error:
            raise SettingsError(
                "this is no public key", place=str(path), hint="expected 64 hexadecimal digits"
            ) from error
        found[key_name(raw)] = raw
    return PublicKeys(found)


def _read_key(path: Path) -> SigningKey:
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        raise SettingsError(f"others may read the signing key (mode {mode:04o})", place=str(path), hint="chmod 600 it")
    raw = _read(path)
    if len(raw) != _RAW_BYTES:
        raise SettingsError(
            "this is no signing key", place=str(path), hint="expected 32 bytes; restore it from a backup"
        )
    return SigningKey(Ed25519PrivateKey.from_private_bytes(raw))


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise SettingsError(f"the key cannot be read: {error.strerror}", place=str(path)) from error


def _keep(path: Path, data: bytes) -> None:
    """Make a file of mode 0600 with these bytes, whole or not at all; of two processes that try, one wins."""
    try:
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
            with contextlib.suppress(FileExistsError):
                os.link(file.name, path)
    except OSError as error:
        raise SettingsError(f"the key cannot be kept: {error.strerror}", place=str(path)) from error
