"""Documents named on the command line: `FILE` or `FILE#RUNBOOK`."""

from __future__ import annotations

import codecs
import difflib
from dataclasses import dataclass
from pathlib import Path

from architect.kernel.errors import UsageError
from architect.runbooks.model import Document, ProblemCode, Runbook
from architect.runbooks.reading import read

MAX_BYTES = 16_000_000


@dataclass(frozen=True, slots=True)
class Reference:
    """A file, and the runbook in it that is meant, if one is named."""

    path: Path
    runbook: str | None


def parse_reference(text: str) -> Reference:
    """Split `FILE#RUNBOOK`; a file whose own name holds a `#` is meant where it exists."""
    if "#" not in text or Path(text).exists():
        return Reference(Path(text), None)
    path, _, runbook = text.rpartition("#")
    return Reference(Path(path), runbook or None)


def load(path: Path) -> Document:
    """Read and return the document at `path`; UsageError says why it cannot be one."""
    data = read_bytes(path)
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise UsageError(f"{path} is UTF-16 text", hint="save it as UTF-8")
    document = read(data, str(path))
    if any(problem.code is ProblemCode.BINARY for problem in document.problems):
        raise UsageError(f"{path} is binary, not Markdown", hint="name a text file")
    return document


def require_utf8(document: Document, runbook: Runbook) -> None:
    """Refuse to run a runbook that holds bytes which are no text; UsageError names the first line of them."""
    for problem in document.problems:
        if problem.code is ProblemCode.INVALID_UTF8 and runbook.span.start <= problem.span.start < runbook.span.end:
            line = document.place(problem.span.start).line
            raise UsageError(
                f"{document.path}, line {line}: what #{runbook.id} says here is not UTF-8",
                hint="save the file as UTF-8",
            )


def read_bytes(path: Path) -> bytes:
    """Return the bytes of a file that may be a document; UsageError says which file and what is wrong."""
    try:
        if path.is_dir():
            raise UsageError(f"{path} is a directory, not a Markdown file", hint="name one file in it")
        if not path.is_file() and path.exists():
            raise UsageError(f"{path} is not a regular file", hint="name a Markdown file")
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except FileNotFoundError as error:
        raise UsageError(f"{path} does not exist", hint=_similar_files(path)) from error
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "it is no legal path"
        raise UsageError(f"{path} cannot be read: {reason}") from error
    if len(data) > MAX_BYTES:
        limit = f"{MAX_BYTES // 1_000_000} MB"
        raise UsageError(f"{path} is larger than {limit}, the most a document may have", hint="split it")
    if not data.strip():
        raise UsageError(f"{path} is empty", hint="a document has at least a heading and something to do")
    return data


def find_runbook(document: Document, name: str) -> Runbook:
    """Return the runbook with the id `name`; UsageError lists what is like it."""
    for runbook in document.runbooks:
        if runbook.id == name:
            return runbook
    ids = [runbook.id for runbook in document.runbooks]
    close = difflib.get_close_matches(name.lower(), ids, n=3, cutoff=0.5) or [one for one in ids if name.lower() in one]
    if close:
        hint = f"did you mean {' or '.join(f'#{one}' for one in close[:3])}?"
    elif ids:
        shown = ", ".join(f"#{one}" for one in ids[:8])
        hint = f"it has {shown}{' …' if len(ids) > 8 else ''}"
    else:
        hint = "it has no runbook: nothing in it can be done step by step"
    raise UsageError(f"{document.path} has no runbook `{name[:80]}`", hint=hint)


def only_runbook(document: Document) -> Runbook:
    """Return the runbook of a document that has one; UsageError lists them where there are several."""
    if len(document.runbooks) == 1:
        return document.runbooks[0]
    shown = ", ".join(f"#{runbook.id}" for runbook in document.runbooks[:8])
    more = " …" if len(document.runbooks) > 8 else ""
    raise UsageError(
        f"{document.path} has {len(document.runbooks) or 'no'} runbooks",
        hint=f"name one: {shown}{more}" if shown else "nothing in it can be done step by step",
    )


def _similar_files(path: Path) -> str:
    parent = path.parent
    if not parent.is_dir():
        return f"the folder {parent} does not exist either"
    names = [entry.name for entry in parent.iterdir() if entry.is_file()][:1000]
    close = difflib.get_close_matches(path.name, names, n=1)
    return f"did you mean {parent / close[0]}?" if close else "check the path"
