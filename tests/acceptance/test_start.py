"""How the command line starts: under either name, and paying only for what the command needs."""

from __future__ import annotations

import subprocess
import sys

from command_line import CommandLine


def test_the_package_can_be_called_as_a_module(command_line: CommandLine) -> None:
    words = [sys.executable, "-m", "architect"]
    version = subprocess.run([*words, "--version"], capture_output=True, text=True, check=True)
    assert version.stdout.startswith("architect, version ")
    wrong = subprocess.run([*words, "shwo"], capture_output=True, text=True, check=False)
    assert (wrong.returncode, wrong.stderr) == (2, command_line.call("shwo").err)
