"""The storage of a device whose program runs in the bench: the reference's own FileStorage, on a medium that can fail.

The medium keeps its files as long as the model lives. Its faults are those of a real one: it is full, it is read-only,
a file is torn.
"""

from __future__ import annotations

import errno
import itertools
import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

from hil.devices.storage.file_storage import FileStorage
from hil.devices.storage.journal import PLACE

if TYPE_CHECKING:
    from collections.abc import Callable

FULL: Final = "full"
READ_ONLY: Final = "read-only"
NEWEST: Final = "torn in its newest file"
EVERY: Final = "torn in every file"
STORAGE_FAULTS: Final = (FULL, READ_ONLY, NEWEST, EVERY)
"""In what ways a storage can fail. The first two last until it is mended; what is torn stays torn."""

SLOW: Final = "slow"
"""Another one: each write takes some time until it is mended. It keeps no program from its records."""


class Medium:
    """Implements :class:`hil.devices.storage.folder.Folder` in memory; what is done survives a power cut at once."""

    def __init__(self) -> None:
        self.fault = ""
        """FULL, READ_ONLY, or empty: it works."""
        self._files: dict[str, bytearray] = {}
        """In the order in which they were written last."""
        self._open: dict[int, str] = {}
        self._numbers = itertools.count(3)

    def tear(self, what: str) -> list[str]:
        """Cut the newest file, or every file, off in its middle, as a write that was cut does; return their names."""
        torn = [name for name, data in self._files.items() if data]
        torn = torn[-1:] if what == NEWEST else torn
        for name in torn:
            data = self._files[name]
            del data[len(data) // 2 :]
        return torn

    def lock(self, name: str) -> None:
        """Write the lock file, if it is not there; the device is the only one that uses its storage."""
        if name not in self._files:
            self._changes()
            self._files[name] = bytearray()

    def release(self) -> None:
        """Close what is open."""
        self._open.clear()

    def names(self) -> list[str]:
        """Return the names of all files."""
        return list(self._files)

    def read(self, name: str) -> bytes | None:
        """Return what is in the file; None if there is none."""
        data = self._files.get(name)
        return None if data is None else bytes(data)

    def create(self, name: str) -> int:
        """Open a new file for writing; FileExistsError if there is one."""
        self._changes()
        if name in self._files:
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))
        self._files[name] = bytearray()
        number = next(self._numbers)
        self._open[number] = name
        return number

    def write(self, file: int, data: bytes) -> int:
        """Write all of ``data``; OSError (ENOSPC) if the medium is full."""
        self._changes()
        if self.fault == FULL:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self._files[self._open[file]] += data
        return len(data)

    def sync(self, file: int) -> None:
        """Nothing is left to be flushed."""

    def close(self, file: int) -> None:
        """Close the file."""
        del self._open[file]

    def rename(self, old: str, new: str) -> None:
        """Give the file another name, in place of the file that had it."""
        self._changes()
        data = self._taken(old)
        self._files.pop(new, None)
        self._files[new] = data

    def remove(self, name: str) -> None:
        """Remove the file; FileNotFoundError if there is none."""
        self._changes()
        self._taken(name)

    def sync_names(self) -> None:
        """Nothing is left to be flushed."""

    def _taken(self, name: str) -> bytearray:
        if name not in self._files:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
        return self._files.pop(name)

    def _changes(self) -> None:
        if self.fault == READ_ONLY:
            raise OSError(errno.EROFS, os.strerror(errno.EROFS))


class DeviceStorage:
    """Implements :class:`hil.devices.board.Storage`; opened by the first use after each power-on.

    :param takes: told how many seconds of the device's time a write takes that is slow.
    """

    def __init__(self, takes: Callable[[float], None] = lambda seconds: None) -> None:
        self._takes = takes
        self._write_s = 0.0
        self.out_of_order = False
        """Whether a fault was seeded that may have stopped the program that runs now."""
        self._medium = Medium()
        self._torn = False
        self._records: FileStorage | None = None

    def fail(self, fault: str) -> None:
        """Let it fail in one of ``STORAGE_FAULTS``."""
        if fault in (NEWEST, EVERY):
            self._medium.tear(fault)
            self._torn = True
        else:
            self._medium.fault = fault
        self.out_of_order = True

    def slow_down(self, seconds: float) -> None:
        """Let each write take so long."""
        self._write_s = seconds

    def mend(self) -> None:
        """Let it be written again. What is torn stays torn, and a program that has stopped stays so until power-on."""
        self._medium.fault = ""
        self._write_s = 0.0

    def restart(self) -> None:
        """The device gets power: its program opens the storage anew."""
        self._records = None
        self.out_of_order = self._torn or bool(self._medium.fault)

    def read(self, name: str) -> bytes | None:
        """Return the record of that name, None if there is none; raises as FileStorage does."""
        return self._opened().read(name)

    def write(self, name: str, record: bytes) -> None:
        """Store a record, which replaces one of that name; raises as FileStorage does."""
        self._opened().write(name, record)
        if self._write_s:
            self._takes(self._write_s)

    def _opened(self) -> FileStorage:
        if self._records is None:
            self._medium.release()
            self._records = FileStorage(Path(), self._medium, place=PLACE)
        return self._records
