"""Programs where the servers' user can reach them."""

from __future__ import annotations

from pathlib import Path

import pytest

from architect.sandbox.processes import ServerUser
from architect.sandbox.programs import reachable

SOMEBODY = ServerUser(uid=61184, gid=61184)


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A package with libraries beside it, below a folder that only its owner may enter."""
    hidden = tmp_path / "hidden"
    (hidden / "wheel").mkdir(parents=True)
    (hidden / "wheel" / "program").write_text("x", encoding="utf-8")
    (hidden / "wheel.libs").mkdir()
    hidden.chmod(0o700)
    return hidden / "wheel"


def test_without_another_user_a_package_is_used_where_it_is(package: Path, tmp_path: Path) -> None:
    assert reachable(package, None, tmp_path / "copies") == package


def test_a_package_that_the_servers_user_cannot_reach_is_copied_with_its_libraries(
    package: Path, tmp_path: Path
) -> None:
    copies = tmp_path / "copies"
    found = reachable(package, SOMEBODY, copies)
    assert found == copies / "wheel"
    assert (found / "program").read_text(encoding="utf-8") == "x"
    assert (copies / "wheel.libs").is_dir()
    assert reachable(package, SOMEBODY, copies) == found
