"""Tools that are missing."""

from __future__ import annotations

from architect.kernel.errors import OutsideError


class ToolMissingError(OutsideError):
    """A tool that an action needs is not on this machine."""

    code = "tool-missing"
    retryable = False
