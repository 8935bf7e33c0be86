"""What the rig holds against itself when a scenario failed on the wall clock: frames that nobody can have broken."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import pytest

from hil.errors import RigFault
from hil.evidence.documents import Event, Kind
from hil.rig.recorder import Recorder
from hil.rig.rig import Rig
from hil.scenario.integrity_checks import wire_in_doubt


def frame(t: float, direction: str, **more: str) -> Event:
    return Event(Kind.FRAME, t, "socket-link", {"direction": direction, "message": "-", "bytes": "00", **more})


Suspect = tuple[Rig, Recorder, str]


def suspect(*events: Event, setup: str = "socket under test", lockstep: bool = False) -> Suspect:
    """Return what is asked whether the wire may be to blame, after these events."""
    rig, recorder = SimpleNamespace(lockstep=lockstep), SimpleNamespace(events=list(events))
    return cast("Rig", rig), cast("Recorder", recorder), setup


BROKEN = frame(12.5, "to cable", error="BAD_CRC: the check sum does not fit")


def test_a_failure_with_broken_frames_of_the_device_is_not_proven() -> None:
    with pytest.raises(RigFault, match=r"1 of 2 frames cannot be read, the first one at 12\.500 s") as caught:
        wire_in_doubt(*suspect(frame(1.0, "to socket"), BROKEN))
    assert caught.value.place == "line socket-link"
    assert "loop-back plug" in str(caught.value.remedy)


def test_in_a_pair_both_directions_are_a_devices() -> None:
    with pytest.raises(RigFault, match="it may be the line or the device"):
        wire_in_doubt(*suspect(frame(2.0, "to socket", error="BAD_CRC"), setup="pair"))


@pytest.mark.parametrize(
    "harmless",
    [
        suspect(frame(1.0, "to cable")),
        suspect(frame(1.0, "to socket", error="BAD_CRC")),
        suspect(Event(Kind.FAULT, 10.0, "link", {"what": "corrupted", "who": "bench"}), BROKEN),
        suspect(BROKEN, lockstep=True),
    ],
    ids=["whole frames", "the rig's own", "asked for", "the far end counts"],
)
def test_what_the_rig_can_explain_is_no_doubt(harmless: Suspect) -> None:
    wire_in_doubt(*harmless)
