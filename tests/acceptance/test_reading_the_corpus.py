"""Runbooks that other teams wrote: each is read whole, and what is read stays sensible over all of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest

from architect.runbooks.encoding import decode
from architect.runbooks.model import Action, ActionKind, BlockKind, Document, Runbook
from architect.runbooks.reading import read

FILES = 829
PROGRAMS = frozenset({BlockKind.SHELL, BlockKind.TRANSCRIPT, BlockKind.SQL, BlockKind.PSQL, BlockKind.PROMQL})
DATA = frozenset({BlockKind.OUTPUT, BlockKind.CONFIG, BlockKind.DIAGRAM, BlockKind.TEXT, BlockKind.CODE})
RUN = frozenset({ActionKind.SHELL, ActionKind.SQL, ActionKind.PROMQL})


@pytest.fixture(scope="module")
def corpus(shared_folder: Path) -> Mapping[Path, Document]:
    folder = shared_folder / "corpus" / "files"
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path: read(path.read_bytes(), str(path.relative_to(folder))) for path in files}


def runbooks(corpus: Mapping[Path, Document]) -> Iterable[Runbook]:
    return (runbook for document in corpus.values() for runbook in document.runbooks)


def actions(corpus: Mapping[Path, Document]) -> list[Action]:
    return [action for runbook in runbooks(corpus) for action in runbook.actions]


def share(part: int, whole: int) -> float:
    return part / whole


def test_every_file_is_read_and_every_code_point_is_in_exactly_one_node(corpus: Mapping[Path, Document]) -> None:
    assert len(corpus) == FILES
    for path, document in corpus.items():
        assert document.text == decode(path.read_bytes())
        ends = [0, *(node.span.end for node in document.nodes)]
        assert [node.span.start for node in document.nodes] == ends[:-1], path
        assert ends[-1] == len(document.text), path


def test_blocks_and_actions_slice_back_from_the_text(corpus: Mapping[Path, Document]) -> None:
    for path, document in corpus.items():
        for block in document.blocks:
            for segment in block.segments:
                own = block.text[segment.at : segment.at + segment.length]
                place = segment.document
                assert document.text[place : place + len(own.rstrip("\n"))] == own.rstrip("\n"), path
        for action in (each for runbook in document.runbooks for each in runbook.actions):
            if action.block is not None and action.kind in RUN:
                end = action.offset + len(action.text)
                assert action.block.text[action.offset : end] == action.text, path


def test_nothing_that_was_printed_or_configures_is_run(corpus: Mapping[Path, Document]) -> None:
    run = [action for action in actions(corpus) if action.kind in RUN]
    assert run
    assert [action.text for action in run if action.block is None or action.block.kind in DATA] == []


def test_no_runbook_is_empty_and_steps_are_numbered(corpus: Mapping[Path, Document]) -> None:
    for runbook in runbooks(corpus):
        assert runbook.actions, runbook.title
        assert [step.number for step in runbook.steps] == list(range(1, len(runbook.steps) + 1))
        assert all(step.actions for step in runbook.steps), runbook.title


def test_most_files_hold_a_runbook(corpus: Mapping[Path, Document]) -> None:
    assert 0.8 < share(sum(bool(document.runbooks) for document in corpus.values()), FILES) < 0.9


def test_files_hold_few_runbooks_and_runbooks_few_steps(corpus: Mapping[Path, Document]) -> None:
    found = list(runbooks(corpus))
    steps = sorted(len(runbook.steps) for runbook in found)
    assert 1200 < len(found) < 1450
    assert steps[len(steps) // 2] <= 3
    assert steps[-1] < 60


def test_nearly_every_program_that_stands_in_a_file_is_an_action(corpus: Mapping[Path, Document]) -> None:
    used = {
        (path, action.block.span)
        for path, document in corpus.items()
        for runbook in document.runbooks
        for action in runbook.actions
        if action.block is not None
    }
    programs = [
        (path, block.span) for path, document in corpus.items() for block in document.blocks if block.kind in PROGRAMS
    ]
    assert share(sum(place in used for place in programs), len(programs)) > 0.94


def test_all_kinds_of_runbooks_and_most_phases_occur(corpus: Mapping[Path, Document]) -> None:
    kinds = Counter(runbook.kind for runbook in runbooks(corpus))
    phases = Counter(step.phase for runbook in runbooks(corpus) for step in runbook.steps)
    assert min(kinds.values()) > 10
    assert len(kinds) == 4
    assert len(phases) == 10
    assert (
        share(sum(count for phase, count in phases.items() if phase in ("diagnose", "mitigate")), sum(phases.values()))
        > 0.9
    )


def test_few_files_have_anything_wrong_with_them(corpus: Mapping[Path, Document]) -> None:
    noticed = Counter(problem.code for document in corpus.values() for problem in document.problems)
    files = sum(bool(document.problems) for document in corpus.values())
    assert share(files, FILES) < 0.1, noticed
