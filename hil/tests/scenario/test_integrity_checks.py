"""What the rig holds against itself when a scenario failed on the wall clock: frames that nobody can have broken."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from hil.errors import RigFault
from hil.evidence.documents import Event, Kind
from hil.scenario.integrity_checks import wire_in_doubt
from hil.scenario.scenario import Trial


def frame(t: float, direction: str, **more: str) -> Event:
    return Event(Kind.FRAME, t, "socket-link", {"direction": direction, "message": "-", "bytes": "00", **more})


def trial(*events: Event, setup: str = "socket under test", lockstep: bool = False) -> Trial:
    parts: Any = SimpleNamespace(
        rig=SimpleNamespace(lockstep=lockstep),
        plan=SimpleNamespace(setup=setup),
        recorder=SimpleNamespace(events=list(events)),
    )
    return cast("Trial", parts)


BROKEN = frame(12.5, "to cable", error="BAD_CRC: the check sum does not fit")


def test_a_failure_with_broken_frames_of_the_device_is_not_proven() -> None:
    with pytest.raises(RigFault, match=r"1 of 2 frames cannot be read, the first one at 12\.500 s") as caught:
        wire_in_doubt(trial(frame(1.0, "to socket"), BROKEN))
    assert caught.value.place == "line socket-link"
    assert "loop-back plug" in str(caught.value.remedy)


def test_in_a_pair_both_directions_are_a_devices() -> None:
    with pytest.raises(RigFault, match="it may be the line or the device"):
        wire_in_doubt(trial(frame(2.0, "to socket", error="BAD_CRC"), setup="pair"))


@pytest.mark.parametrize(
    "harmless",
    [
        trial(frame(1.0, "to cable")),
        trial(frame(1.0, "to socket", error="BAD_CRC")),
        trial(Event(Kind.FAULT, 10.0, "link", {"what": "corrupted", "who": "bench"}), BROKEN),
        trial(BROKEN, lockstep=True),
    ],
    ids=["whole frames", "the rig's own", "asked for", "the far end counts"],
)
def test_what_the_rig_can_explain_is_no_doubt(harmless: Trial) -> None:
    wire_in_doubt(harmless)
