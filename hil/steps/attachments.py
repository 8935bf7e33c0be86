"""Files of the laboratory as evidence: what no instrument of the rig records."""

from __future__ import annotations

from hil.testing import ScenarioRun, at_any_time, given, sensible, when


def _no_file(path: str) -> str:
    return "" if path.strip() else "no file is named"


@given("the bench attaches {string}")
@when("the bench attaches {string}")
@at_any_time
@sensible(_no_file)
def attach(path: str, /, scenario: ScenarioRun) -> None:
    """Adds a file to the evidence as it is now, e.g. a photo or the log of a device. Paths count from the laboratory's
    folder. The run folder keeps a copy, which the evidence digest covers; at most 100 MiB.
    """
    scenario.recorder.attach(path)
