"""What the bench takes away from the device under test in the middle of a session: supply and link."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hil.errors import AuthorError
from hil.links.faults import DIRECTIONS
from hil.scenario.plan import SUPPLY

if TYPE_CHECKING:
    from hil.scenario.scenario import ScenarioRun


def interrupt_supply(scenario: ScenarioRun, device: str, seconds: float) -> None:
    """Take the supply of a device under test away for a while; raises AuthorError for one that the bench plays."""
    if device not in scenario.observer.devices_under_test():
        raise AuthorError(f"the {device} is not under test: the bench plays it, and its supply cannot fail")
    relay = SUPPLY[device]
    scenario.rig.strategy.switch(relay, closed=False)
    scenario.observer.sleep(seconds)
    scenario.rig.strategy.switch(relay, closed=True)


def interrupt_link(scenario: ScenarioRun, seconds: float) -> None:
    """Let no byte through between the devices for a while, in either direction."""
    scenario.tap().interrupt(DIRECTIONS, seconds)
    scenario.observer.sleep(seconds)
