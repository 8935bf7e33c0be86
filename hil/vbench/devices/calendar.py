"""The calendar of a device that is a program: the machine's date, and a difference to it that the bench sets."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from hil import faketime

if TYPE_CHECKING:
    from pathlib import Path

    from hil.devices.lockstep.command import DeviceCommand


class Calendar:
    """Begins at the machine's date, and keeps what it was set to over power cuts, as one with a battery does.

    :param file: does not exist yet; removed by ``discard``. Not in the storage: only programs see what is there.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._ahead_s = 0.0
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.move(0.0)

    def seen_by(self, command: DeviceCommand) -> DeviceCommand:
        """Return the command that runs a program so that it reads this calendar."""
        return dataclasses.replace(command, variables={**command.variables, **faketime.variables(self._file)})

    def move(self, seconds: float) -> None:
        """Set it forward by so many seconds from where it is; back, if negative."""
        self._ahead_s += seconds
        new = self._file.with_suffix(".new")
        new.write_text(faketime.difference(self._ahead_s), encoding="ascii")
        new.replace(self._file)  # the program may read it at any instant

    def discard(self) -> None:
        """Remove the file; the program has ended."""
        self._file.unlink(missing_ok=True)
