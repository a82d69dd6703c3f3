"""Files that commands write: mode 0600, whole or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable
from pathlib import Path

from architect.kernel.errors import UsageError


def write_lines(path: Path, lines: Iterable[str]) -> None:
    """Write lines to `path`, in the place of a file that was there. Raises UsageError where that cannot be done."""
    try:
        if path.exists() and not path.is_file():
            with open(path, "w", encoding="utf-8") as device:
                device.writelines(f"{line}\n" for line in lines)
            return
        place = path.resolve()
        with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=place.parent, prefix=".", delete=False) as file:
            try:
                file.writelines(f"{line}\n" for line in lines)
                file.flush()
                os.fsync(file.fileno())
                Path(file.name).replace(place)
            except BaseException:
                Path(file.name).unlink()
                raise
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}") from error
