"""The catalog of faults."""

from __future__ import annotations

import importlib

import pytest

from architect.kernel.errors import UsageError
from architect.sandbox.faults.catalog import EXHAUSTED_CONNECTIONS, FAULTS, find_fault, read_options


@pytest.mark.parametrize("name", FAULTS)
def test_every_fault_says_what_it_does_how_it_shows_and_when_it_is_repaired(name: str) -> None:
    fault = find_fault(name)
    assert all((fault.does, fault.shows, fault.repaired_when))
    assert callable(importlib.import_module(fault.module).main)


def test_an_unknown_fault_is_answered_with_the_nearest_name() -> None:
    with pytest.raises(UsageError, match="did you mean `exhausted-connections`"):
        find_fault("exhausted-connection")


def test_options_have_defaults_and_are_numbers() -> None:
    assert read_options(EXHAUSTED_CONNECTIONS, {"idle_s": "1.5"}) == {"idle_s": 1.5, "busy": 2.0}
    with pytest.raises(UsageError, match="no option `colour`"):
        read_options(EXHAUSTED_CONNECTIONS, {"colour": "1"})
    with pytest.raises(UsageError, match="is a number"):
        read_options(EXHAUSTED_CONNECTIONS, {"busy": "many"})
