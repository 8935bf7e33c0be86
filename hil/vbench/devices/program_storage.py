"""The storage of a device that is a program: a folder that outlives its power cuts and can be made to fail."""

from __future__ import annotations

import dataclasses
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from hil.errors import ConfigurationError
from hil.private_folder import PrivateFolder
from hil.private_folder_holder import STORAGE

if TYPE_CHECKING:
    from hil.devices.lockstep.command import DeviceCommand


class ProgramStorage:
    """Fails as a disk does, whatever the program is written in: full (ENOSPC), read-only (EROFS), torn files.

    On a machine that allows no mount namespace it is a plain folder, which does not fail; ``hil check`` says so before.

    :param folder: of this device and model, which does not exist yet; removed by ``discard``.
    """

    def __init__(self, folder: Path) -> None:
        self.out_of_order = False
        """Whether something was done to it that may have stopped the program that runs now."""
        self.folder = folder
        self._torn = self._failing = self._shared = False
        folder.mkdir(mode=0o700, parents=True)
        self._mounted: PrivateFolder | None = None
        try:
            self._mounted = PrivateFolder(folder)
        except OSError as why:
            self._why_not = str(why)
            (folder / STORAGE).mkdir(mode=0o700)

    @property
    def path(self) -> Path:
        """The folder that the program is told."""
        return self.folder / STORAGE

    def seen_by(self, command: DeviceCommand) -> DeviceCommand:
        """Return the command that runs a program so that it sees this storage."""
        if self._mounted is None:
            return command
        return dataclasses.replace(command, words=self._mounted.joining(command.words, command.folder))

    def fail(self, fault: str) -> None:
        """Let it fail in one of ``STORAGE_FAULTS``; raises RigFault if it cannot just now."""
        self._tell(fault)
        if fault.startswith("torn"):
            self._torn = True
        else:
            self._failing = True
        self.out_of_order = True

    def mend(self) -> None:
        """Let it be written again. What is torn stays torn."""
        self._tell("works again")
        self._failing = False

    def restart(self) -> None:
        """The device gets power."""
        self.out_of_order = self._torn or self._failing or self._shared

    def share(self) -> None:
        """Another version of the program uses it from the next power-on: one that is older may have to stop over it."""
        self._shared = True

    def discard(self) -> None:
        """Remove all that was stored; the program has ended."""
        if self._mounted is not None:
            self._mounted.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _tell(self, word: str) -> None:
        if self._mounted is None:
            raise ConfigurationError(f"the storage cannot be made to fail: {self._why_not}")
        self._mounted.tell(word)


class Scratch:
    """A private folder for the storages of a bench's devices; removed with ``close``."""

    def __init__(self) -> None:
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._models = 0

    def new(self, role: str) -> Path:
        """Return a name in it that was not used before."""
        if self._folder is None:
            self._folder = tempfile.TemporaryDirectory(prefix="hil-devices-", ignore_cleanup_errors=True)
        self._models += 1
        return Path(self._folder.name) / f"{self._models}-{role}"

    def close(self) -> None:
        """Remove the folder and all in it; a second time changes nothing."""
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None
