"""Faults seeded in a virtual bench: to see that the rig finds them, and what the devices make of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hil.errors import AuthorError
from hil.evidence.documents import Kind

if TYPE_CHECKING:
    from hil.evidence.documents import Event
    from hil.rig.recorder import Recorder
    from hil.rig.rig import Rig
    from hil.rig.virtual.client import VirtualBenchClient
    from hil.scenario.scenario import ScenarioRun

SELF_TEST = "self-test of the bench"

LOOK_EVERY_S = 0.1

PLACES = {"lab meter": "meter"}
"""Parts that errors name by another word."""


RELAY_FAULTS = {"welds shut": "welded", "ignores its coil": "ignores its coil"}
"""What a scenario calls the ways in which a relay fails."""


def seed(scenario: ScenarioRun, part: str, fault: str, amount: float = 0.0) -> None:
    """Let a part of the virtual bench fail from now on; AuthorError before the devices are switched on.

    :param amount: of a drift, as a fraction of the reading; of bouncing and of a slow storage, in seconds.
    """
    scenario.tap()
    virtual_bench(scenario.rig).seed_fault(part, fault, amount)
    scenario.recorder.observe(Kind.FAULT, SELF_TEST, {"what": f"{part} {fault}", "who": "bench"})


def let_storage_work(scenario: ScenarioRun, device: str) -> None:
    """Let a device's storage be written again; raises AuthorError before the devices are switched on."""
    scenario.tap()
    virtual_bench(scenario.rig).seed_fault(f"{device} storage", "works again")


def move_calendar(scenario: ScenarioRun, device: str, seconds: float) -> None:
    """Set the calendar of a device forward by so many seconds, back if negative; raises AuthorError if it has none."""
    scenario.tap()
    if device not in scenario.plan.calendars:
        raise AuthorError(
            f"nothing was said of the calendar of the {device}",
            remedy=f"Given the {device} has a calendar that can be set",
        )
    virtual_bench(scenario.rig).move_calendar(device, seconds)
    scenario.recorder.observe(Kind.FAULT, "calendar", {"what": f"{device}: {seconds:+g} s", "who": "bench"})


def seeded_faults(recorder: Recorder) -> list[Event]:
    """Return the faults that were seeded in this scenario; raises AuthorError if none was."""
    seeded = [each for each in recorder.events if each.kind is Kind.FAULT and each.source == SELF_TEST]
    if not seeded:
        raise AuthorError("no fault of the bench was seeded", remedy="When the lab meter freezes, as a seeded fault")
    return seeded


def virtual_bench(rig: Rig) -> VirtualBenchClient:
    """Return the virtual bench; raises AuthorError on a physical one."""
    if rig.bench is None:
        raise AuthorError("faults can be seeded in a virtual bench only")
    return rig.bench
