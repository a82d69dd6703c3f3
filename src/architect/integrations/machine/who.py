"""Who sits at this machine: an operating-system user, under sudo the one who invoked it."""

from __future__ import annotations

import os
import pwd
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from architect.access.people import Identity, Proof
from architect.kernel.ids import PersonId

_LOGIN_USER = Path("/proc/self/loginuid")
_NOBODY_LOGGED_IN = 0xFFFFFFFF
_ROOT = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What the machine says of this process: user numbers.

    `login` is who logged in, which the kernel keeps and nobody can change; `sudo` is what sudo left in the environment,
    which anybody can write.
    """

    effective: int
    login: int | None = None
    sudo: int | None = None


def identity_of(facts: Facts, name_of: Callable[[int], PersonId]) -> Identity:
    """Return who acts. Nobody gets another name, or sheds one, by what they write into their environment.

    Whoever logged in stays who they are under sudo and su. Where nobody did (a container, a service), root is asked
    whom it acts for; from anybody else sudo's word only adds a name, so that one human never counts as two.
    """
    person, other = facts.effective, facts.sudo
    if facts.login is not None:
        person, other = facts.login, facts.effective
    elif facts.effective == _ROOT and facts.sudo is not None:
        person, other = facts.sudo, _ROOT
    also = frozenset({name_of(other)}) if other is not None and other != person else frozenset[PersonId]()
    return Identity(person=name_of(person), proof=Proof.OS_USER, also=also)


def who_is_here(environment: Mapping[str, str]) -> Identity:
    """Return who runs this process."""
    return identity_of(facts_of(environment, _login_user()), user_name)


def facts_of(environment: Mapping[str, str], login_user: str) -> Facts:
    """Return what there is to know of this process, given the text of the kernel's login user."""
    login = _number(login_user)
    return Facts(
        effective=os.geteuid(),
        login=None if login == _NOBODY_LOGGED_IN else login,
        sudo=_number(environment.get("SUDO_UID", "")),
    )


def user_name(uid: int) -> PersonId:
    """Return the name of a user, `uid-1234` for one without an entry."""
    try:
        return PersonId(pwd.getpwuid(uid).pw_name)
    except (KeyError, OverflowError):
        return PersonId(f"uid-{uid}")


def _login_user() -> str:
    try:
        return _LOGIN_USER.read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return ""


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= len(str(_NOBODY_LOGGED_IN)) else None
