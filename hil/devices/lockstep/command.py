"""The command of a device that is a program: where it is run, and what it learns of its surroundings."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from hil import faketime

PASSED_ON = ("PATH", "HOME", "LANG", "TMPDIR")
"""Variables of the environment that every program of a device gets."""

PORTS = ("{link}", "{console}", "{meter}", "{relay}", "{storage}")
"""What a device's command may ask for, see docs/reference/lockstep-device.md."""


@dataclass(frozen=True)
class DeviceCommand:
    """A device's program: its words (program and arguments), and the folder in which it runs, the rig file's."""

    words: Sequence[str]
    folder: Path
    hosts: bool = False
    """Whether it only runs the program of the device, which speaks the lockstep protocol, on serial ports."""
    trusted: bool = False
    """Whether it gets the bench's whole environment; else it gets what every program needs, and no other word."""
    other: Sequence[str] = ()
    """Program and arguments of another version of it, for the same storage; empty if there is none."""

    variables: Mapping[str, str] = field(default_factory=dict)
    """What it learns beside that."""

    @property
    def other_firmware(self) -> DeviceCommand | None:
        """Return the command of the other version; None if there is none."""
        return replace(self, words=self.other, other=()) if self.other else None

    def environment(self, **more: str) -> dict[str, str]:
        """Return the variables that the program is given, ``more`` among them."""
        # a date that the bench gives to a host of a program is meant for the program
        names = (*PASSED_ON, *faketime.VARIABLES) if faketime.FILE in os.environ else PASSED_ON
        passed_on = os.environ if self.trusted else {name: os.environ[name] for name in names if name in os.environ}
        return {**passed_on, **self.variables, **more}

    @property
    def on_serial_ports(self) -> bool:
        """Whether it has serial ports and an energy meter instead of the lockstep device protocol."""
        return any(port in word for word in self.words for port in PORTS)
