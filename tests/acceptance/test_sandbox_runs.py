"""What a document may not do in a sandbox is refused when its run is planned, and is not run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from architect.runs.model import PlannedAction
from inside import Inside
from rehearsing import Rehearsal

DOCUMENT = """\
# Look around

## 1. Look

```bash
redis-cli PING
docker ps
ssh build.invalid uptime
kubectl get pods
systemctl status nginx
curl -s http://outside.invalid/
curl -s http://127.0.0.1:22/
```
"""


@pytest.fixture
def rehearsal(sandbox: Inside) -> Iterator[Rehearsal]:
    """An engine in front of the world of all tests."""
    with Rehearsal.of(sandbox) as found:
        yield found


@pytest.fixture
def document(tmp_path: Path) -> Path:
    """A document that tries to reach other systems."""
    path = tmp_path / "look.md"
    path.write_text(DOCUMENT, encoding="utf-8")
    return path


def test_commands_on_systems_that_the_sandbox_lacks_are_refused_and_the_others_run(
    rehearsal: Rehearsal, document: Path
) -> None:
    plan = rehearsal.plan(document, "look-around")
    allowed = [action.text for action in plan.actions if not action.refused]
    assert allowed == ["redis-cli PING"]

    state = rehearsal.play(rehearsal.start(document, "look-around"))

    ran = [action.text for action in plan.actions if state.step(action.id).has_run]
    assert ran == allowed
    assert rehearsal.output(state, "redis-cli") == "PONG\n"


def test_a_refusal_names_the_place_that_is_not_in_the_sandbox(rehearsal: Rehearsal, document: Path) -> None:
    def refusal(word: str) -> str:
        found: PlannedAction = next(
            each for each in rehearsal.plan(document, "look-around").actions if word in each.text
        )
        return found.refused

    assert "outside.invalid" in refusal("outside")
    assert "127.0.0.1:22" in refusal(":22")
    assert "kubernetes" in refusal("kubectl")
