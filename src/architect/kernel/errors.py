"""The error tree: one root, families by who must act."""

from __future__ import annotations


class ArchitectError(Exception):
    """The root of every error that Architect raises on purpose.

    `code` is stable and documented in docs/reference/errors.md; `hint` says what to do; `place` says where
    (`file:line:column`, a setting, a step). Messages never hold a secret.
    """

    code = "architect"
    retryable = False

    def __init__(self, message: str, *, hint: str = "", place: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.place = place

    def __str__(self) -> str:
        """Join place, message and hint in one line."""
        where = f"{self.place}: " if self.place else ""
        advice = f" ({self.hint})" if self.hint else ""
        return f"{where}{self.message}{advice}"


class UsageError(ArchitectError):
    """Wrong use or unreadable input: the person at the keyboard must act (exit code 2)."""

    code = "usage"


class DocumentError(ArchitectError):
    """The document cannot be run as it stands: its author must act (exit code 2)."""

    code = "document"


class SettingsError(ArchitectError):
    """Settings are wrong or untrusted: the operator of the installation must act (exit code 2)."""

    code = "settings"


class RefusedError(ArchitectError):
    """A safety rule forbids it (exit code 1)."""

    code = "refused"


class IntegrityError(ArchitectError):
    """The record does not verify, or the store is not ours (exit code 1)."""

    code = "integrity"


class ConflictError(ArchitectError):
    """Another worker, run or version was there first."""

    code = "conflict"
    retryable = True


class OutsideError(ArchitectError):
    """Another system failed or cannot be reached."""

    code = "outside"
    retryable = True
