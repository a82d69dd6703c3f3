"""Who sits at this machine: an operating-system user, under sudo the one who invoked it."""

from __future__ import annotations

import os
import pwd
from collections.abc import Mapping
from pathlib import Path

from architect.access.people import Identity, Proof
from architect.kernel.ids import PersonId

_LOGIN_USER = Path("/proc/self/loginuid")
_NOBODY_LOGGED_IN = 0xFFFFFFFF


def who_is_here(environment: Mapping[str, str]) -> Identity:
    """Return who acts. Only root is asked whom it acts for: the kernel's login user, else sudo's own word."""
    uid = os.geteuid()
    if uid != 0:
        return Identity(person=user_name(uid), proof=Proof.OS_USER)
    behind = _login_uid()
    if behind is None and environment.get("SUDO_UID", "").isdecimal():
        behind = int(environment["SUDO_UID"])
    if not behind:
        return Identity(person=user_name(0), proof=Proof.OS_USER)
    return Identity(person=user_name(behind), proof=Proof.OS_USER, also=frozenset({user_name(0)}))


def user_name(uid: int) -> PersonId:
    """Return the name of a user, `uid-1234` for one without an entry."""
    try:
        return PersonId(pwd.getpwuid(uid).pw_name)
    except KeyError:
        return PersonId(f"uid-{uid}")


def _login_uid() -> int | None:
    """Return who logged in, as the kernel keeps it; None where nobody did."""
    try:
        uid = int(_LOGIN_USER.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None
    return None if uid == _NOBODY_LOGGED_IN else uid
