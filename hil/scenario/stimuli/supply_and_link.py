"""What the bench takes away from the device under test in the middle of a session: supply, firmware, link."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from hil.errors import AuthorError
from hil.evidence.documents import Kind
from hil.links.faults import DIRECTIONS
from hil.rig.description import record_programs
from hil.scenario.plan import SUPPLY
from hil.scenario.stimuli.bench import virtual_bench

if TYPE_CHECKING:
    from collections.abc import Callable

    from hil.scenario.scenario import ScenarioRun

CHANGE_S: Final = 3.0
"""Seconds without a supply while the firmware is changed; a device writes nothing down meanwhile."""


def interrupt_supply(scenario: ScenarioRun, device: str, seconds: float) -> None:
    """Take the supply of a device under test away for a while; raises AuthorError for one that the bench plays."""
    _without_supply(scenario, device, seconds, lambda: None)


def change_firmware(scenario: ScenarioRun, device: str, *, other: bool) -> None:
    """Take the supply of a device under test away, have its other firmware or its first one again, and switch it on.

    What the program says that it is goes into the evidence before it ends. Raises AuthorError for a device that the
    bench plays.
    """
    bench = virtual_bench(scenario.rig)
    what = f"{device} gets its {'other' if other else 'first'} firmware"

    def change() -> None:
        record_programs(scenario.rig, scenario.recorder, device)
        scenario.recorder.observe(Kind.FAULT, "firmware", {"what": what, "who": "bench"})
        bench.install(device, other=other)

    _without_supply(scenario, device, CHANGE_S, change)


def interrupt_link(scenario: ScenarioRun, seconds: float) -> None:
    """Let no byte through between the devices for a while, in either direction."""
    scenario.tap().interrupt(DIRECTIONS, seconds)
    scenario.observer.sleep(seconds)


def _without_supply(scenario: ScenarioRun, device: str, seconds: float, act: Callable[[], None]) -> None:
    if device not in scenario.observer.devices_under_test():
        raise AuthorError(f"the {device} is not under test: the bench plays it, and its supply cannot fail")
    relay = SUPPLY[device]
    scenario.rig.strategy.switch(relay, closed=False)
    scenario.observer.sleep(seconds)
    act()
    scenario.rig.strategy.switch(relay, closed=True)
