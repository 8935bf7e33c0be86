"""A lab meter whose numbers are well formed and not true is a rig fault that names it; no device is blamed."""

from __future__ import annotations

from concurrent.futures import Future

import pytest

from hil.errors import ExitCode
from hil.evidence.documents import Verdict
from hil.tests.acceptance.commands import Finished
from hil.tests.acceptance.lying_meters import COMMANDS, LIES, plan_of


@pytest.mark.parametrize("plan", [plan_of(what) for what in (*LIES, *COMMANDS)])
def test_a_meter_that_lies_is_a_rig_fault_that_names_it(plan: str, started: dict[str, Future[Finished]]) -> None:
    finished = started[plan].result()
    assert finished.code == ExitCode.RIG_FAULT, finished.said
    stop = finished.stop_event()
    assert stop.data["verdict"] == Verdict.RIG_FAULT
    assert str(stop.data["reason"]).startswith("meter"), stop.data
