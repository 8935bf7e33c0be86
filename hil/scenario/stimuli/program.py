"""Watches the program of a device under test: what it takes of the machine that it runs on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hil.errors import AuthorError
from hil.evidence.documents import Kind

if TYPE_CHECKING:
    from hil.evidence.documents import Json
    from hil.scenario.scenario import ScenarioRun

LOOK_EVERY_S = 60.0
"""Of the bench's time."""

KIB_PER_MIB = 1024


def source(device: str) -> str:
    """Return the source of the readings about a device's program."""
    return f"{device} program"


def watch(scenario: ScenarioRun, device: str) -> None:
    """Record its memory, descriptors and threads now, and then once a minute in whatever wait that falls.

    Raises AuthorError if it does not run.
    """
    look(scenario, device)
    clock = scenario.clock

    def again() -> None:
        if device in scenario.rig.resources():  # it may be without supply for a while
            look(scenario, device)
        clock.call_at(clock.now() + LOOK_EVERY_S, again)

    clock.call_at(clock.now() + LOOK_EVERY_S, again)


def look(scenario: ScenarioRun, device: str) -> None:
    """Record what the program takes now."""
    told = scenario.rig.resources().get(device)
    if told is None:
        raise AuthorError(f"the program of the {device} does not run", remedy="Watch it when its device has power.")
    data: dict[str, Json] = {
        "memory_MiB": round(told["memory_kib"] / KIB_PER_MIB, 3),
        "descriptors_count": told["descriptors"],
        "threads_count": told["threads"],
    }
    scenario.recorder.observe(Kind.READING, source(device), data, host={"pid": told["pid"]})
