"""Whatever part of the bench fails, and however: the run says rig fault and names it; no device is blamed or passed."""

from __future__ import annotations

from concurrent.futures import Future

import pytest

from hil.errors import ExitCode
from hil.evidence.documents import Kind, Verdict
from hil.tests.acceptance.commands import Finished
from hil.tests.acceptance.fault_matrix import CELLS, HEALTHY, LINES, RELAYS, Cell

CULPRITS = {
    **{name: (f"relay {name}",) for name in RELAYS},
    # in lockstep the virtual bench waits for the bytes that were sent to it, and says which line they did not come on
    **{name: (f"line {name}", f"virtual bench: {name}") for name in LINES},
}
"""How the reason begins, or goes on after the safe state's own words."""


@pytest.mark.parametrize("cell", HEALTHY, ids=lambda cell: cell.plan)
def test_a_proxy_that_passes_everything_on_changes_nothing(cell: Cell, started: dict[str, Future[Finished]]) -> None:
    finished = started[cell.plan].result()
    assert finished.code == ExitCode.PASS, finished.said


@pytest.mark.parametrize("cell", CELLS, ids=lambda cell: cell.plan)
def test_a_part_that_fails_in_mid_session_is_a_rig_fault_that_names_it(
    cell: Cell, started: dict[str, Future[Finished]]
) -> None:
    finished = started[cell.plan].result()
    assert finished.code == ExitCode.RIG_FAULT, finished.said
    (scenario,) = finished.record.scenarios
    frames = list(scenario.of(Kind.FRAME))
    assert len(frames) > 6, "the session had begun"
    stop = next(scenario.of(Kind.STOP))
    assert stop.data["verdict"] == Verdict.RIG_FAULT
    reason = str(stop.data["reason"])
    assert any(name in reason for name in CULPRITS.get(cell.part, (cell.part,))), reason
